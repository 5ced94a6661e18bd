"""The metrics: numbers that people read, summed over batches and divided at the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from neurogebra.registry import Registry


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric as a sum over rows: total(y, y_pred) / rows is its value.

    y, y_pred: (batch, units), y as the loss takes it (one-hot for classes).
    """

    name: str
    total: Callable[[np.ndarray, np.ndarray], float]
    better: str = "higher"
    aliases: tuple[str, ...] = ()


def hits(y: np.ndarray, y_pred: np.ndarray) -> float:
    """Count the rows whose class is right: argmax of several units, above ½ of one."""
    if y_pred.shape[-1] > 1:
        return float(np.count_nonzero(y_pred.argmax(-1) == y.argmax(-1)))
    return float(np.count_nonzero((y_pred > 0.5) == (y > 0.5)))


def absolute_errors(y: np.ndarray, y_pred: np.ndarray) -> float:
    """Sum |y − y_pred| over rows, its mean over units."""
    return float(np.abs(y - y_pred).mean(-1).sum())


def squared_errors(y: np.ndarray, y_pred: np.ndarray) -> float:
    """Sum (y − y_pred)² over rows, its mean over units."""
    return float(np.square(y - y_pred).mean(-1).sum())


METRICS: Registry[Metric] = Registry(
    "metric",
    (
        Metric("accuracy", hits, aliases=("acc",)),
        Metric("mae", absolute_errors, "lower", ("mean_absolute_error",)),
        Metric("mse", squared_errors, "lower", ("mean_squared_error",)),
    ),
)
