"""Targets as a loss takes them: numbers, yes and no, signs, classes, boxes, each checked."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurogebra.errors import DataError
from neurogebra.losses import Loss
from neurogebra.losses.record import BINARY, BOXES, CLASSES, COUNTS, POSITIVE, SIGNS
from neurogebra.spec import RunSpec

# How far the shares of a row may be from summing to 1.
SUMS = 1e-3


def targets(
    name: str, y: Any, loss: Loss, shape: tuple[int, ...], rows: int, run: RunSpec
) -> np.ndarray:
    """Return the targets of one head, checked and in the run's dtype: (rows, *shape).

    shape: of the head's output. y: such an array; one unit may go without its axis; classes
    as indices, (rows,) or (rows, steps), or as one-hot rows. Raises DataError that names the
    array, the row and what was expected.
    """
    array = numbers(name, y)
    if len(array) != rows:
        raise DataError(f"{name}: {len(array)} targets for {rows} rows of X")
    _fitting(name, loss, shape)
    array = finite(name, array, run)
    if loss.target == CLASSES:
        return _one_hot(name, array, loss, shape)
    if array.ndim == len(shape) and shape[-1] == 1:
        array = array[..., None]  # one unit: a column, so that nothing broadcasts by accident
    if array.shape[1:] != shape:
        raise DataError(f"{name}: the output has shape (rows, {_sizes(shape)}), got {array.shape}")
    if loss.target == SIGNS:
        return _signs(name, array, loss)
    if loss.target in _BOUNDS:
        low, text = _BOUNDS[loss.target]
        high = 1.0 if loss.target == BINARY else np.inf
        _within(name, array, low, high, f"{loss.name} takes {text}")
    if loss.target == BOXES:
        _within(name, array[..., 2:], _ABOVE_0, np.inf, "a box has a width and a height above 0")
    return array


_ABOVE_0 = float(np.finfo(np.float32).tiny)
_BOUNDS = {
    BINARY: (0.0, "targets from 0 to 1"),
    COUNTS: (0.0, "targets that are not negative"),
    POSITIVE: (_ABOVE_0, "targets above 0"),
}


def _fitting(name: str, loss: Loss, shape: tuple[int, ...]) -> None:
    """Refuse an output that a loss cannot take."""
    if loss.units and shape[-1] != loss.units:
        what = f"an output of {loss.units} units" if loss.units > 1 else "an output of one unit"
        raise DataError(f"{name}: {loss.name} takes {what}, got {shape[-1]}")
    if loss.flat and len(shape) > 1:
        raise DataError(
            f"{name}: {loss.name} takes an output of shape (rows, units), got (rows, "
            f"{_sizes(shape)}); add Flatten"
        )
    if loss.target == CLASSES and shape[-1] < 2:
        raise DataError(
            f"{name}: {loss.name} needs an output of at least 2 units, got {shape[-1]}; "
            "for one unit use binary_crossentropy"
        )


def _signs(name: str, array: np.ndarray, loss: Loss) -> np.ndarray:
    """Return labels of −1 and 1; those of 0 and 1 are taken as well, as Keras does."""
    good = (array == 1) | (array == (0 if not (array < 0).any() else -1))
    if not good.all():
        row = tuple(int(i) for i in np.argwhere(~good)[0])
        raise DataError(
            f"{name}: row {row[0]} is {array[row]:g}; {loss.name} takes targets of -1 or 1 "
            "(or 0 or 1)"
        )
    return np.where(array == 0, array.dtype.type(-1), array)


def _one_hot(name: str, array: np.ndarray, loss: Loss, shape: tuple[int, ...]) -> np.ndarray:
    n = shape[-1]
    if array.shape[1:] == shape:
        _within(name, array, 0.0, 1.0, "one-hot rows hold shares from 0 to 1")
        sums = array.sum(-1)
        off = np.argwhere(np.abs(sums - 1) > SUMS)
        if off.size:
            place = tuple(int(i) for i in off[0])
            raise DataError(
                f"{name}: row {place[0]} sums to {sums[place]:g}, the shares of the {n} classes "
                f"must sum to 1; for answers that do not exclude each other use binary_crossentropy"
            )
        return array
    labels = array[..., 0] if array.ndim > 1 and array.shape[-1] == 1 else array
    if labels.shape[1:] != shape[:-1] and array.shape[1:] != shape[:-1]:
        rows = ", ".join(("rows", *map(str, shape[:-1])))
        raise DataError(
            f"{name}: expected class indices ({rows}) or one-hot rows ({rows}, {n}), "
            f"got {array.shape}"
        )
    labels = labels if labels.shape[1:] == shape[:-1] else array
    bad = np.argwhere((labels != np.floor(labels)) | (labels < 0) | (labels >= n))
    if bad.size:
        place = tuple(int(i) for i in bad[0])
        step = f", step {place[1]}" if len(place) > 1 else ""
        raise DataError(
            f"{name}: row {place[0]}{step} has the class {labels[place]:g}; "
            f"an output of {n} units has the classes 0 to {n - 1}"
        )
    return np.eye(n, dtype=array.dtype)[labels.astype(np.int64)]


def numbers(name: str, values: Any) -> np.ndarray:
    """Return an array of numbers with an axis of rows; DataError for text or a single value."""
    array = np.asarray(values)
    if array.ndim == 0:
        raise DataError(f"{name}: expected rows, got the single value {array.item()!r}")
    if array.dtype.kind not in "biuf":
        raise DataError(f"{name}: expected numbers, got {array.dtype}; encode text first")
    return array


def finite(name: str, array: np.ndarray, run: RunSpec) -> np.ndarray:
    """Return an array in the run's dtype; DataError for what is not finite in it."""
    with np.errstate(over="ignore"):
        cast = np.ascontiguousarray(array, dtype=run.dtype)
    good = np.isfinite(cast)
    if not good.all():
        place = tuple(int(i) for i in np.argwhere(~good)[0])
        column = f", column {place[1]}" if len(place) > 1 else ""
        raise DataError(
            f"{name}: row {place[0]}{column} is {array[place]!s}, which cannot be learned from"
            + ("" if not np.isfinite(array[place]) else f" in {run.dtype}")
        )
    return cast


def _within(name: str, array: np.ndarray, low: float, high: float, why: str) -> None:
    bad = np.argwhere((array < low) | (array > high))
    if bad.size:
        row = tuple(int(i) for i in bad[0])
        raise DataError(f"{name}: row {row[0]} is {array[row]:g}; {why}")


def _sizes(shape: tuple[int, ...]) -> str:
    return ", ".join(map(str, shape))
