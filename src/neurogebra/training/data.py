"""Arrays made ready for a run: checked, in the run's dtype, dealt into batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurogebra.errors import DataError
from neurogebra.losses import LOSSES
from neurogebra.losses.table import BINARY, CLASSES, SIGNS
from neurogebra.spec import ModelSpec, RunSpec

# Keeps the shuffling apart from every other stream of the same seed.
SHUFFLE = 0x5EED


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Some rows: index within the epoch, x: (rows, …), y: head → (rows, units)."""

    index: int
    x: np.ndarray
    y: dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Data:
    """Rows of inputs and targets as an engine takes them.

    x: (n, *in_shape), y: head → (n, *out_shape), both in the run's dtype.
    """

    x: np.ndarray
    y: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.x)

    def batches(self, size: int | None) -> int:
        """Return how many batches of `size` rows there are, the last one may be smaller.

        size: None for all rows at once.
        """
        return -(-len(self) // (size or len(self)))

    def epoch(self, epoch: int, run: RunSpec, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch from number `start` on, in the epoch's own order."""
        order = np.arange(len(self))
        if run.shuffle:
            np.random.default_rng([run.seed, SHUFFLE, epoch]).shuffle(order)
        size = run.batch_size or len(self)
        for index in range(start, self.batches(size)):
            rows = order[index * size : (index + 1) * size]
            yield Batch(index, self.x[rows], {h: a[rows] for h, a in self.y.items()})

    def in_order(self, size: int) -> Iterator[Batch]:
        """Yield all rows in their order, `size` at a time."""
        for index, start in enumerate(range(0, len(self), size)):
            rows = slice(start, start + size)
            yield Batch(index, self.x[rows], {h: a[rows] for h, a in self.y.items()})


def prepare(model: ModelSpec, run: RunSpec, x: Any, y: Any, where: str = "") -> Data:
    """Return checked data for a model and a run.

    x: (n, *in_shape). y: (n,), (n, units) or head → such an array; classes as indices or
    one-hot rows. Raises DataError that names the array, the row and the column.
    """
    prefix = f"{where} " if where else ""
    inputs = _inputs(f"{prefix}X", x, model, run)
    given = y if isinstance(y, Mapping) else {h.name: y for h in model.heads}
    missing = [h.name for h in model.heads if h.name not in given]
    if missing:
        raise DataError(f"{prefix}y: no targets for the head {missing[0]!r}")
    targets = {}
    for head in model.heads:
        name = f"{prefix}y" if len(model.heads) == 1 else f"{prefix}y[{head.name!r}]"
        kind = LOSSES[head.loss or run.loss].target
        units = model.out_shape(head.name)
        targets[head.name] = _targets(name, given[head.name], kind, units, len(inputs), run)
    return Data(inputs, targets)


def prepare_inputs(model: ModelSpec, run: RunSpec, x: Any, where: str = "") -> np.ndarray:
    """Return inputs checked and in the run's dtype, as `prepare` does: (n, *in_shape)."""
    return _inputs(f"{where} X" if where else "X", x, model, run)


def _inputs(name: str, x: Any, model: ModelSpec, run: RunSpec) -> np.ndarray:
    array = _numbers(name, x)
    if array.shape[1:] != model.in_shape:
        expected = ", ".join(("rows", *map(str, model.in_shape)))
        raise DataError(
            f"{name}: {model.trunk[0].name} expects shape ({expected}), got {array.shape}"
        )
    if not len(array):
        raise DataError(f"{name}: there are no rows to learn from")
    return _finite(name, array, run)


def _targets(
    name: str, y: Any, kind: str, units: tuple[int, ...], rows: int, run: RunSpec
) -> np.ndarray:
    array = _numbers(name, y)
    if len(array) != rows:
        raise DataError(f"{name}: {len(array)} targets for {rows} rows of X")
    array = _finite(name, array, run)
    if kind == CLASSES:
        return _one_hot(name, array, units)
    if array.ndim == len(units) and units[-1] == 1:
        array = array[..., None]  # one unit: a column, so that nothing broadcasts by accident
    if array.shape[1:] != units:
        raise DataError(f"{name}: the output has shape (rows, {_sizes(units)}), got {array.shape}")
    if kind == BINARY:
        _within(name, array, 0.0, 1.0, "binary_crossentropy takes targets from 0 to 1")
    if kind == SIGNS:
        array = np.where(array == 0, array.dtype.type(-1), array)  # 0/1 labels, as Keras does
        _within(name, array, -1.0, 1.0, "hinge losses take targets of -1 or 1 (or 0 or 1)")
    return array


def _one_hot(name: str, array: np.ndarray, units: tuple[int, ...]) -> np.ndarray:
    n = units[-1]
    if n < 2:
        raise DataError(
            f"{name}: categorical_crossentropy needs an output of at least 2 units, got {n}; "
            "for one unit use binary_crossentropy"
        )
    if array.shape[1:] == units:
        _within(name, array, 0.0, 1.0, "one-hot rows hold shares from 0 to 1")
        return array
    flat = array.reshape(len(array), -1)
    if flat.shape[1] != 1:
        raise DataError(
            f"{name}: expected class indices (rows,) or one-hot rows, got {array.shape}"
        )
    labels = flat[:, 0]
    bad = np.flatnonzero((labels != np.floor(labels)) | (labels < 0) | (labels >= n))
    if bad.size:
        raise DataError(
            f"{name}: row {bad[0]} has the class {labels[bad[0]]:g}; "
            f"an output of {n} units has the classes 0 to {n - 1}"
        )
    return np.eye(n, dtype=array.dtype)[labels.astype(np.int64)]


def _numbers(name: str, values: Any) -> np.ndarray:
    array = np.asarray(values)
    if array.ndim == 0:
        raise DataError(f"{name}: expected rows, got the single value {array.item()!r}")
    if array.dtype.kind not in "biuf":
        raise DataError(f"{name}: expected numbers, got {array.dtype}; encode text first")
    return array


def _finite(name: str, array: np.ndarray, run: RunSpec) -> np.ndarray:
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
