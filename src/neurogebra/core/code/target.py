"""A target of code export as a frozen record: how one library writes each operation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

# How tightly Python's operators bind.
CHOICE, TEST, SUM, PRODUCT, SIGN, POWER, ATOM = range(7)

# What is written for an operation: {0}, {1}, … its arguments, {axis}, … its attributes, {at}
# the axes of a reduction as further arguments.
Template = str | Callable[[Mapping[str, Any]], str]


@dataclass(frozen=True, slots=True)
class Infix:
    """A template that is no call: how tightly it binds, and how tightly its arguments must."""

    template: str
    tight: int
    least: int


Row = Template | Infix


@dataclass(frozen=True, slots=True)
class Target:
    """One library that formulas are written for.

    rows: operation → row; under "sum axis" the row where there is an axis. helpers: name →
    source of a function that is printed above the formula when its text calls it. modules:
    name → the import that brings it. where, truth: a choice ({0} a condition) and a condition
    as a number ({1} what gives the dtype). both: joins conditions; same: an equality.
    beside: operations that take a plain number beside an array. arrays: whether values may be
    arrays; loose: whether plain numbers may stand wherever an array may; exact: whether the
    definition is written rather than the stable form. sizes: whether sizes are Python integers;
    mixes: whether integer arrays (places) mix with floats and keep their digits.
    array: an array parameter, {0} its list and {1} its dtype. note: on what is given.
    """

    name: str
    rows: Mapping[str, Row]
    modules: Mapping[str, str]
    helpers: Mapping[str, str] = field(default_factory=dict)
    where: str = ""
    truth: str = "_float({0}, {1})"
    both: str = " & "
    same: str = "{0} == {1}"
    beside: frozenset[str] = frozenset()
    arrays: bool = True
    loose: bool = False
    exact: bool = False
    sizes: bool = True
    mixes: bool = True
    axes: tuple[str, str] = ("axis", "keepdims")
    array: str = ""
    pi: str = "math.pi"
    note: str = ""


def cut(attrs: Mapping[str, Any]) -> str:
    """Write a slice of one axis as an index: {0}[..., 1:3]."""
    start, stop = attrs["start"], attrs.get("stop")
    span = f"{start or ''}:{'' if stop is None else stop}"
    return f"{{0}}[{_along(attrs['axis'], span)}]"


def _along(axis: int, span: str) -> str:
    if axis >= 0:
        return ", ".join([":"] * axis + [span])
    return ", ".join(["...", span] + [":"] * (-axis - 1))


def spans(axis: int, stride: int, dilation: int) -> str:
    """Write the index that thins windows out: of the axis, and of the new last one."""
    if stride == dilation == 1:
        return ""
    steps = [f"::{n}" if n > 1 else ":" for n in (stride, dilation)]
    if axis >= 0:
        return f"[{', '.join([':'] * axis + [steps[0], '...', steps[1]])}]"
    return f"[{', '.join(['...', steps[0]] + [':'] * (-axis - 1) + [steps[1]])}]"


def sizes(attrs: Mapping[str, Any], size: str) -> str:
    """Write the sizes of a reshape; 0 keeps the axis' own."""
    parts = [size.format(i) if n == 0 else str(n) for i, n in enumerate(attrs["shape"])]
    return f"({', '.join(parts)},)" if len(parts) == 1 else f"({', '.join(parts)})"
