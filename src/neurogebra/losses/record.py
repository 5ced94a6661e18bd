"""What a loss is: a row that names its formula, and what it takes and means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from neurogebra.errors import BadValue
from neurogebra.registry import near
from neurogebra.repository import FORMULAS
from neurogebra.repository.record import REAL, Interval

# What a loss takes as y: numbers; numbers ≥ 0; numbers > 0; 0 or 1 a unit; a class a row
# (one-hot inside); −1 or 1; boxes (centre x, centre y, width, height).
VALUES, COUNTS, POSITIVE = "values", "counts", "positive"
BINARY, CLASSES, SIGNS, BOXES = "binary", "classes", "signs", "boxes"
# What the terms of a loss's mean are: one a unit, one a row (or a step of a sequence).
UNITS, ROWS = "units", "rows"
SMOOTHING = "label_smoothing"


@dataclass(frozen=True, slots=True)
class Loss:
    """A loss by the name of its formula, whose inputs are y and y_pred.

    end: the activation of a last layer whose values it takes as y_pred; logits: the activation
    that makes probabilities of them, "" where they are probabilities or have none; fused: pairs
    (activation, formula): behind that activation the second formula is computed from the values
    before it, which is the same number without overflow or cancellation; over: what the terms
    of its mean are, "" for a loss that is no mean and takes no weights; units: how many the
    output must have, 0 for any; flat: it takes (rows, units) only, no steps of a sequence;
    smooths: whether it takes `label_smoothing`; limits: parameter → where it may be.
    """

    name: str
    target: str = VALUES
    end: str = "linear"
    over: str = UNITS
    logits: str = ""
    fused: tuple[tuple[str, str], ...] = ()
    units: int = 0
    flat: bool = False
    smooths: bool = False
    limits: tuple[tuple[str, Interval], ...] = ()
    aliases: tuple[str, ...] = ()

    @property
    def formula(self) -> str:
        """The name of its formula in the book."""
        return self.name

    @property
    def options(self) -> dict[str, float]:
        """The parameters of the formula with their defaults, and label smoothing where it is."""
        found = dict(FORMULAS[self.formula].params)
        return {**found, SMOOTHING: 0.0} if self.smooths else found

    def check_options(self, where: str, given: dict[str, Any]) -> None:
        """Refuse an option that the loss does not have, or a value that it cannot take."""
        known = self.options if given else {}
        limits = dict(self.limits)
        for key, value in given.items():
            place = f"{where}.{key}"
            if key not in known:
                raise BadValue(place, f"an option of {self.name}", key, _hint(key, known))
            _check(place, value, limits.get(key, SHARE if key == SMOOTHING else REAL))


# Where parameters may be. Half-open intervals are those of shares that must not be whole.
SHARE = Interval(0.0, 1.0, high_open=True)


def _hint(key: str, known: dict[str, float]) -> str:
    close = near(key, known)
    if close:
        return "did you mean " + " or ".join(repr(c) for c in close) + "?"
    return "there are " + ", ".join(known) if known else "it has none"


def _check(where: str, value: Any, limit: Interval) -> None:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    low = number and (value > limit.low if limit.low_open else value >= limit.low)
    high = number and (value < limit.high if limit.high_open else value <= limit.high)
    if not (low and high and abs(value) < float("inf")):
        raise BadValue(where, _words(limit), value)


def _words(limit: Interval) -> str:
    if limit == REAL:
        return "a finite number"
    left = f"above {limit.low:g}" if limit.low_open else f"≥ {limit.low:g}"
    if limit.high == float("inf"):
        return f"a number {left}"
    right = f"below {limit.high:g}" if limit.high_open else f"at most {limit.high:g}"
    return f"a number {left} and {right}"
