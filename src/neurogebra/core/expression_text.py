"""A formula as text that the parser reads back to the same tree."""

from __future__ import annotations

from collections.abc import Callable

from neurogebra.core.tree import (
    MAX_WRITTEN,
    NUMBER,
    SYMBOL,
    Node,
    in_order,
    require_writable,
    written_size,
)
from neurogebra.ops import ALPHABET

_SIGNS = {
    "add": ("+", 1, 2),
    "sub": ("-", 1, 2),
    "mul": ("*", 2, 3),
    "div": ("/", 2, 3),
    "pow": ("**", 5, 4),
    "greater": (">", 1, 1),
    "greater_equal": (">=", 1, 1),
    "equal": ("==", 1, 1),
}
_TIGHT = {"add": 1, "sub": 1, "mul": 2, "div": 2, "pow": 4}
_NEGATIVE = 3


def text(root: Node) -> str:
    """Return a formula in the grammar of `core.parse`; FormulaError if it fills books."""
    require_writable(root)
    made: dict[int, tuple[str, int]] = {}
    for node in in_order(root):
        made[id(node)] = _text(node, [made[id(a)] for a in node.args])
    return made[id(root)][0]


def shown(root: Node, write: Callable[[Node], str]) -> str:
    """Return the formula written out, or a word for one that is too long for it."""
    size = written_size(root)
    return write(root) if size <= MAX_WRITTEN else f"… ({size:,} signs, too long to write out)"


def _text(node: Node, parts: list[tuple[str, int]]) -> tuple[str, int]:
    if node.op == NUMBER:
        return repr(node.value), 9 if node.value >= 0 else _NEGATIVE
    if node.op == SYMBOL:
        return str(node.value), 9
    if node.op == "neg":
        return f"-{_within(parts[0], _NEGATIVE)}", _NEGATIVE
    if node.op in _SIGNS:
        sign, left, right = _SIGNS[node.op]
        a, b = _within(parts[0], left), _within(parts[1], right)
        return f"{a} {sign} {b}", _TIGHT.get(node.op, 0)
    return f"{node.op}({', '.join([*(p[0] for p in parts), *_numbers(node)])})", 9


def _numbers(node: Node) -> list[str]:
    """Return the whole numbers that follow an operation's arguments, in the order they are read."""
    attrs = dict(node.attrs)
    known = ALPHABET[node.op].attrs if node.op in ALPHABET else ()
    found = [attrs[k] for k in known if attrs.get(k) is not None]
    flat = (n for v in found for n in (v if isinstance(v, tuple) else (v,)))
    return [str(int(n)) for n in flat]


def _within(part: tuple[str, int], least: int) -> str:
    return part[0] if part[1] >= least else f"({part[0]})"
