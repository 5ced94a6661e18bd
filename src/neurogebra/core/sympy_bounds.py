"""Formulas that SymPy would work on for hours while it merely writes them down."""

from __future__ import annotations

import math
from typing import Any

from neurogebra.core.tree import NUMBER, SYMBOL, Node, in_order
from neurogebra.ops import ALPHABET

# SymPy joins constants exactly: a power or an exponential of numbers becomes a number with all
# its digits, a floor asks for all of them, and digamma(n) becomes a sum of n fractions.
_LARGEST, _SMALLEST, _MOST_POWERS, _MOST_TERMS = 1e4, 1e-60, 128, 1_000
_MOST_EXTREMES = 14  # of which SymPy compares each with each, over and over
_EXTREMES = frozenset({"maximum", "minimum", "relu"})
_PLAIN = frozenset({"neg", "add", "sub", "mul", "div"})
_SUMS = frozenset({"gammaln", "digamma", "polygamma"})


def is_wild(root: Node) -> bool:
    """Say whether SymPy should write a formula down as it is, without joining anything.

    So it is where constants that are not plain arithmetic are huge or tiny, where constant
    exponents stand above each other, and where many maxima meet.
    """
    order = in_order(root)
    if sum(node.op in _EXTREMES for node in order) > _MOST_EXTREMES:
        return True
    values: dict[int, Any] = {}
    powers: dict[int, float] = {}
    plain: set[int] = set()
    for node in order:
        values[id(node)] = _value(node, [values[id(a)] for a in node.args])
        if node.op == NUMBER or (node.op in _PLAIN and all(id(a) in plain for a in node.args)):
            plain.add(id(node))
        below = max((powers[id(a)] for a in node.args), default=1.0)
        powers[id(node)] = below * _exponent(node, values)
        if powers[id(node)] > _MOST_POWERS or _is_wild(node, values, id(node) in plain):
            return True
    return False


def _is_wild(node: Node, values: dict[int, Any], plain: bool) -> bool:
    value = values[id(node)]
    if value is None or not node.args:
        return False
    if node.op in _SUMS and not abs(values[id(node.args[0])]) <= _MOST_TERMS:
        return True
    return not plain and not (value == 0 or _SMALLEST <= abs(value) <= _LARGEST)


def _exponent(node: Node, values: dict[int, Any]) -> float:
    """Return by how much a node may multiply exponents: a constant power, or a constant factor."""
    if node.op == "pow":
        power = values[id(node.args[1])]
        return 1.0 if power is None else max(1.0, abs(power))
    return 1.0


def _value(node: Node, args: list[Any]) -> float | None:
    """Return the number that a constant stands for, infinite where it is none; None for others."""
    if node.op == SYMBOL or any(a is None for a in args):
        return None
    if node.op == NUMBER:
        return float(node.value)
    scalar = ALPHABET[node.op].scalar
    if scalar is None:
        return None
    try:
        found = float(scalar(*args, **dict(node.attrs)))
    except (ArithmeticError, ValueError, TypeError):
        return math.inf
    return math.inf if math.isnan(found) else found
