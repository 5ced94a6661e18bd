"""A formula of the book as a frozen record: text, inputs, domain, words, source, checks."""

from __future__ import annotations

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
    """

    low: float = -1e3
    high: float = 1e3
    low_open: bool = False
    high_open: bool = False


@dataclass(frozen=True, slots=True)
class Rows:
    """Arrays: of `shape` (names of sizes, "n" and "m"), elements within `of`.

    simplex: the last axis sums to 1; positive_definite: symmetric with positive eigenvalues.
    """

    shape: tuple[str, ...] = ("n",)
    of: Interval = Interval(-10.0, 10.0)
    simplex: bool = False
    positive_definite: bool = False
    one_hot: bool = False


Domain = Interval | Rows
REAL = Interval()
POSITIVE = Interval(0.0, 1e3, low_open=True)
PROBABILITY = Interval(0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Value:
    """A published or 50-digit value: at these inputs the formula is `value`."""

    inputs: tuple[tuple[str, float], ...]
    value: float


@dataclass(frozen=True, slots=True)
class Same:
    """Another library's function that is the same: "torch.nn.functional.softplus".

    order: the inputs in that function's order; options: its keyword arguments.
    """

    path: str
    order: tuple[str, ...] = ()
    options: tuple[tuple[str, object], ...] = ()


def at(**inputs: float) -> Callable[[float], Value]:
    """Return a check by value: at(x=0.0)(0.5)."""
    return lambda value: Value(tuple(inputs.items()), value)


@dataclass(frozen=True, slots=True)
class Formula:
    """One formula.

    expr: the definition, shown and differentiated; stable: a text with the same values that
    neither overflows nor cancels, which runs. inputs: names in order; params: names with
    defaults. domain: input → where it is held to its definition (REAL where not named).
    kinks: places where a derivative jumps. ulp: the bound the laws hold it to, in float64.
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
