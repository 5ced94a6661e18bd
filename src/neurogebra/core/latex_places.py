"""How operations with whole numbers are written: x with an index, shapes, orders of derivatives.

Axes go by letters, i the first; the last one is not named. Indices count from 0 and ranges
leave out their end, as in Python.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from neurogebra.core.array_sample import is_number_name
from neurogebra.core.tree import Node, symbols

LETTERS = "ijklpq"
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def axis_letter(axis: int | tuple[int, ...] | None) -> str:
    """Return the letter of an axis where ranks are not known; "" for all and for the last."""
    if isinstance(axis, tuple):
        return "".join(LETTERS[a] if 0 <= a < len(LETTERS) else str(a) for a in axis)
    if axis is None or axis == -1:
        return ""
    if axis == -2:  # of a matrix, as a rule
        return LETTERS[0]
    return LETTERS[axis] if 0 <= axis < len(LETTERS) else str(axis)


def at_axis(axis: int, rank: int | None, index: str, dots: str) -> str:
    """Return an index for one axis among the others: ":, 1:" is the second axis."""
    if rank is not None:
        axis %= rank
    if axis >= 0:
        return ", ".join([":"] * axis + [index])
    behind = [":"] * (-1 - axis)
    return ", ".join([dots, index, *behind])


def span(attrs: dict[str, Any]) -> str:
    """Return a range as Python writes it: 1:-1."""
    start, stop = attrs["start"], attrs.get("stop")
    return f"{start or ''}:{'' if stop is None else stop}"


def sizes(shape: Sequence[int], times: str) -> str:
    """Return a shape; a size that is kept is a colon, one that is inferred is −1."""
    return times.join({0: ":", -1: "-1"}.get(n, str(n)) for n in shape)


def marks(node: Node, rank: int | None) -> list[str]:
    """Return the whole numbers of an operation as words for an index; its axis comes first."""
    attrs = dict(node.attrs)
    axis = attrs.get("axis")
    if axis is None or axis == -1 or rank == 1 or (rank and axis == rank - 1):
        letter = ""
    else:
        letter = axis_letter(axis) if rank is None else LETTERS[axis % rank % len(LETTERS)]
    return [*([letter] if letter else []), *_numbers(node.op, attrs)]


def words(node: Node, rank: int | None) -> list[str]:
    """Return the whole numbers of an operation as words after its arguments."""
    attrs = dict(node.attrs)
    axis = attrs.get("axis")
    named = [] if axis in (None, -1) or rank == 1 else [f"axis={axis}"]
    return _numbers(node.op, attrs) + named


def _numbers(op: str, attrs: dict[str, Any]) -> list[str]:
    if op == "pad":
        return [str(attrs["before"]), str(attrs["after"])]
    if op in ("windows", "unwindow"):
        names = ("stride", "dilation")
        extra = [f"{n} {attrs[n]}" for n in names if attrs.get(n, 1) != 1]
        return [str(attrs["size"]), *extra]
    if op == "permute":
        return [str(a) for a in attrs["axes"]]
    if op in ("part_like", "part_back"):
        return ["last" if attrs.get("last") else "first"]
    if "height" in attrs and not op.startswith("conv2d"):
        return [f"{attrs['height']}×{attrs['width']}"]
    return [span(attrs)] if op == "slice_back" else []


# Whose whole numbers stand below the name of the operation.
MARKED = (
    *("pad", "windows", "unwindow", "permute", "part_like", "part_back", "slice_back"),
    *("positions", "cumsum", "flip", "sort", "argsort", "take_along", "put_along"),
    *("softmax", "log_softmax"),
)


def raised(number: int) -> str:
    """Return the order of a derivative as a Unicode exponent: ⁽²⁾."""
    return f"⁽{str(number).translate(_RAISED)}⁾"


def place(node: Node, rank: int | None, dots: str, new: str) -> str | None:
    """Return the index with which a slice or a new axis is written; None for the rest."""
    attrs = dict(node.attrs)
    if node.op == "slice":
        return at_axis(attrs["axis"], rank, span(attrs), dots)
    if node.op == "expand_dims" and rank is None:
        return at_axis(attrs["axis"], None, new, dots)
    return None


def weight(root: Node) -> int:
    """Return how much of a formula's inputs a part has: numbers 0, the field's constants 1."""
    names = symbols(root)
    return 0 if not names else 1 if all(is_number_name(n) for n in names) else 2


def turned_round(node: Node) -> bool:
    """Say whether a ≥ b reads better as b ≤ a: what is compared stands before what it is with."""
    a, b = map(weight, node.args)
    return node.op != "equal" and a < b
