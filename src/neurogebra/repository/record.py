"""A formula of the book as a frozen record: text, inputs, domain, words, source, checks."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

CATEGORIES = (
    "activation",
    "loss",
    "regularizer",
    "algebra",
    "calculus",
    "statistics",
    "linalg",
    "optimization",
    "metric",
    "transform",
)


@dataclass(frozen=True, slots=True)
class Interval:
    """The numbers from low to high at which a formula is held to its definition.

    An open edge is not part of it (the logarithm's 0); a closed one is, with its limit.
    whole: only whole numbers, such as counts and epochs. Arrays of such numbers go as well.
    """

    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Rows:
    """Arrays: of `shape` (names of sizes, "n" and "m"), elements within `of`.

    simplex: the last axis sums to 1; one_hot: it has a single 1. definite: the last two axes
    are a symmetric matrix with positive eigenvalues.
    """

    shape: tuple[str, ...] = ("n",)
    of: Interval = Interval(-10.0, 10.0)
    simplex: bool = False
    one_hot: bool = False
    definite: bool = False


Domain = Interval | Rows
REAL = Interval()
POSITIVE = Interval(0.0, low_open=True)
NON_NEGATIVE = Interval(0.0)
PROBABILITY = Interval(0.0, 1.0)
COUNT = Interval(0.0, 1e9, whole=True)
BINARY = Interval(0.0, 1.0, whole=True)
VECTOR = Rows()
MATRIX = Rows(("n", "m"))
SQUARE = Rows(("n", "n"))
DEFINITE = Rows(("n", "n"), definite=True)
SHARES = Rows(of=PROBABILITY, simplex=True)

Numbers = float | tuple["Numbers", ...]


@dataclass(frozen=True, slots=True)
class Value:
    """A published or 50-digit value: at these inputs the formula is `value`."""

    inputs: tuple[tuple[str, Numbers], ...]
    value: Numbers


@dataclass(frozen=True, slots=True)
class Same:
    """Another library's function that is the same: "torch.nn.functional.softplus".

    order: what it is given, in order (the inputs by default): names of inputs and parameters,
    numbers ("0"), lists of both ("[x,y]"). options: its further keyword arguments. A path that
    ends in "()" is an object made without arguments, then called.
    """

    path: str
    order: tuple[str, ...] = ()
    options: tuple[tuple[str, object], ...] = ()


def at(**inputs: Numbers) -> Callable[[Numbers], Value]:
    """Return a check by value: at(x=0.0)(0.5)."""
    return lambda value: Value(tuple(inputs.items()), value)


@dataclass(frozen=True, slots=True)
class Formula:
    """One formula.

    expr: the definition, shown and differentiated; stable: a text with the same values that
    neither overflows nor cancels, which runs. inputs: names in order; params: names with
    defaults. domain: input → where it is held to its definition (REAL where not named).
    kinks: values of the first input at which its derivative jumps, the parameters at their
    defaults. ulp: the bound the laws hold the result to, in float64 and in float32.
    sensitive: the result moves faster than its inputs (differences, bells, sums of both signs),
    so the bound counts in how far it moves when the last digit of each input does.
    floor: errors up to so many times the dtype's eps count as none (a tail that cancels).
    """

    name: str
    expr: str
    inputs: tuple[str, ...]
    summary: str
    category: str
    params: tuple[tuple[str, float], ...] = ()
    stable: str | None = None
    domain: tuple[tuple[str, Domain], ...] = ()
    kinks: tuple[float, ...] = ()
    usage: str = ""
    pros: tuple[str, ...] = ()
    cons: tuple[str, ...] = ()
    subcategory: str = ""
    source: str = ""
    checks: tuple[Value | Same, ...] = ()
    aliases: tuple[str, ...] = ()
    ulp: float = 4.0
    sensitive: bool = False
    floor: float = 0.0
