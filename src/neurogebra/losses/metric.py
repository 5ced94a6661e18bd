"""What a metric is: a number that people read, from a tally that batches add to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from neurogebra.losses.answers import FLAG, FLAGS, MANY, has_chances, reading
from neurogebra.losses.record import BINARY, CLASSES, SIGNS, Loss
from neurogebra.losses.tally import Tally

# What a metric measures: any classes; one class of many or one yes or no; two classes; one
# class of many; probabilities; numbers.
LABELS, ONE, TWO, MANY_CLASSES = "labels", "one label a row", "two classes", "classes"
CHANCES, NUMBERS = "probabilities", "numbers"


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric: value(tally's state) over all rows it was given.

    better: "higher" or "lower"; needs: what it measures; least: the fewest units it takes.
    Every row counts alike, whatever it weighs in the loss.
    """

    name: str
    tally: Tally
    value: Callable[[np.ndarray], float]
    better: str = "higher"
    needs: str = NUMBERS
    least: int = 1
    aliases: tuple[str, ...] = ()

    def refuses(self, loss: Loss, units: int) -> str:
        """Return why a head of this loss and so many units cannot be measured; "" if it can."""
        kind = reading(loss, units)
        if self.needs == CHANCES and not has_chances(loss):
            return f"{loss.name} has no probabilities"
        if units < self.least:
            return f"of {units} classes it is always 1"
        if self.needs == TWO and (kind == FLAGS or (kind == MANY and units != 2)):
            return f"it is for two classes; for {units} take {self.name}_macro or another mean"
        if self.needs == ONE and kind == FLAGS:
            return "it is for one label a row"
        if self.needs == MANY_CLASSES and kind != MANY:
            return "it is for one class of many"
        return ""

    def suits(self, loss: Loss) -> bool:
        """Say whether it measures what a head of this loss answers: classes, or numbers."""
        classes = loss.target in (BINARY, CLASSES, SIGNS)
        return (self.needs != NUMBERS) == classes or self.needs == NUMBERS


def mean(state: np.ndarray) -> float:
    """Return total / count of a state [total, count]."""
    total, count = state.tolist()
    return float(total / count) if count else np.nan


__all__ = [
    "CHANCES",
    "FLAG",
    "LABELS",
    "MANY_CLASSES",
    "NUMBERS",
    "ONE",
    "TWO",
    "Metric",
    "mean",
]
