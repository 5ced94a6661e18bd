"""Measured facts of a formula for whoever shows it: domain in words, range, values, cost."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from neurogebra.core.program import program
from neurogebra.core.tree import is_elementwise
from neurogebra.errors import BadValue
from neurogebra.repository.record import Domain, Interval, Rows

if TYPE_CHECKING:
    from neurogebra.core.expression import Expression

# Where a formula of one input is looked at: dense around 0, then over the magnitudes.
_GRID = np.sort(
    np.concatenate([np.linspace(-12, 12, 1201), *(s * np.logspace(1, 6, 60) for s in (-1, 1))])
)
_UNBOUNDED = 1e3
_PROVEN = 100.0  # an upper edge from here on says how far the laws look
_FEW = 200  # points, where one after the other has to be computed


def domain_words(domain: Domain) -> str:
    """Return where an input may lie: "x > 0" without its name, "vector", "matrix of shares"."""
    if isinstance(domain, Rows):
        return _rows(domain)
    if domain == Interval():
        return "any number"
    if domain.low == 0 and domain.high == 1 and domain.whole:
        return "0 or 1"
    kind = "whole number" if domain.whole else "number"
    if _PROVEN <= domain.high < math.inf and math.isfinite(domain.low):
        return f"{_open_ended(domain, kind)}, proven up to {domain.high:g}"
    low = _bound(domain.low, ">" if domain.low_open else "≥")
    high = _bound(domain.high, "<" if domain.high_open else "≤")
    if low and high:
        left, right = ("(" if domain.low_open else "["), (")" if domain.high_open else "]")
        return f"{kind} in {left}{domain.low:g}, {domain.high:g}{right}"
    return f"{kind} {low or high}" if low or high else kind


def _open_ended(domain: Interval, kind: str) -> str:
    """Return a wide box in words: its far edges are how far the laws look, no condition."""
    if domain.low == -domain.high:
        return "any number"
    return f"{kind} {'>' if domain.low_open else '≥'} {domain.low:g}"


def _bound(edge: float, sign: str) -> str:
    return f"{sign} {edge:g}" if math.isfinite(edge) and abs(edge) < 1e8 else ""


def _rows(rows: Rows) -> str:
    kind = ("number", "vector", "matrix")[len(rows.shape)] if len(rows.shape) < 3 else "array"
    size = " × ".join(rows.shape)
    if rows.definite:
        return f"positive definite matrix ({size})"
    if rows.one_hot:
        return f"one-hot {kind} ({size})"
    if rows.simplex:
        return f"{kind} of shares ({size}), each row sums to 1"
    within = domain_words(rows.of)
    box = rows.of.low == -rows.of.high != -1.0  # where the laws look, not a condition
    plain = box or within in ("any number", "number")
    return f"{kind} ({size})" + ("" if plain else f", each a {within}".replace("a 0 or", "0 or"))


def measured_range(expression: Expression) -> tuple[float, float] | None:
    """Return the least and the largest value seen over the domain of a formula of one number.

    ±∞ where it goes on growing; None where one number is not what it takes.
    """
    if len(expression.inputs) != 1:
        return None
    (x,) = expression.inputs
    domain = dict(expression.record.domain).get(x, Interval()) if expression.record else Interval()
    if isinstance(domain, Rows):
        return None
    grid = np.round(_GRID) if domain.whole else _GRID
    inside = (grid > domain.low if domain.low_open else grid >= domain.low) & (
        grid < domain.high if domain.high_open else grid <= domain.high
    )
    found = _values(expression, x, grid[inside])
    if found is None:
        return None
    found = found[~np.isnan(found)]
    if not found.size:
        return None
    low, high = float(found.min()), float(found.max())
    return (-math.inf if low <= -_UNBOUNDED else low), (math.inf if high >= _UNBOUNDED else high)


def _values(expression: Expression, x: str, grid: np.ndarray) -> np.ndarray | None:
    """Return a formula's values on a grid: at once, or one by one where elements are joined."""
    try:
        if is_elementwise(expression.maths.runs):
            return np.broadcast_to(np.asarray(expression.eval(**{x: grid}), float), grid.shape)
        few = grid[:: max(1, grid.size // _FEW)]
        return np.asarray([expression.eval(**{x: float(v)}) for v in few], float)
    except (BadValue, TypeError):  # it takes a vector
        return None


def values_at(
    expression: Expression, points: tuple[float, ...]
) -> list[tuple[float, float]] | None:
    """Return value and slope of a formula of one number at each point; None for any other."""
    if len(expression.inputs) != 1:
        return None
    (x,) = expression.inputs
    slope = expression.gradient(x)
    try:
        return [(float(expression.eval(**{x: p})), float(slope.eval(**{x: p}))) for p in points]
    except (BadValue, TypeError):  # it takes a vector
        return None


def operations(expression: Expression) -> int:
    """Return how many operations one evaluation takes, equal parts computed once."""
    return len(program([expression.maths.runs]).lines)


def given_names(expression: Expression) -> dict[str, Any]:
    """Return each input with its domain in words."""
    domains = dict(expression.record.domain) if expression.record else {}
    return {n: domain_words(domains.get(n, Interval())) for n in expression.inputs}
