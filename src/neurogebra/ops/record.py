"""One operation of the alphabet, as a frozen record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# Elementwise operations broadcast; the others change what an index means.
ELEMENTWISE, REDUCTION, SHAPE, LINEAR = "elementwise", "reduction", "shape", "linear"


@dataclass(frozen=True, slots=True)
class Op:
    """An operation, described once for numbers, formulas and engines.

    value: NumPy arrays → NumPy array (attributes by keyword).
    vjp: (g, y, *args, **attrs) → one cotangent an argument, None where there is no derivative.
        It is written in the alphabet itself, so that numbers give numbers and symbols a
        formula. Cotangents of broadcast arguments keep the shape of g: the caller sums them.
    latex: a template in {0}, {1}, …; tight: binding strength of the result (see core.latex).
    scalar: Python numbers → Python number, for evaluation without array overhead.
    lower: (*args, **attrs) → the same in simpler operations, for engines that have no kernel.
    attrs: names of the integer attributes that formula text gives as trailing numbers; the
        first `required` of them must be there, and with `variadic` the last one takes all
        numbers that are left, as a tuple.
    check: (**attrs) → what is wrong with the attributes of a text, "" where nothing is.
    kinks: arguments at which the derivative jumps (the laws keep away from them).
    """

    name: str
    value: Callable[..., Any]
    vjp: Callable[..., tuple[Any, ...]] | None
    latex: str
    arity: int = 1
    kind: str = ELEMENTWISE
    tight: int = 4
    scalar: Callable[..., Any] | None = None
    lower: Callable[..., Any] | None = None
    attrs: tuple[str, ...] = ()
    required: int = 0
    variadic: bool = False
    check: Callable[..., str] | None = None
    kinks: tuple[float, ...] = ()
    aliases: tuple[str, ...] = ()
    domain: tuple[float, float] = (float("-inf"), float("inf"))
