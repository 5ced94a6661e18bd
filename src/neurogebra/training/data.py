"""Arrays made ready for a run: checked, in the run's dtype, dealt into batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from neurogebra.errors import DataError
from neurogebra.losses import LOSSES, Loss
from neurogebra.spec import Head, ModelSpec, RunSpec
from neurogebra.training.targets import finite, numbers, targets
from neurogebra.training.weighting import class_weights, product, sample_weights

# Keeps the shuffling apart from every other stream of the same seed.
SHUFFLE = 0x5EED
# Bytes up to which an epoch's rows are put in order once instead of batch by batch.
AT_ONCE = 32 * 2**20


class Batch(NamedTuple):
    """Some rows: index within the epoch, x: (rows, …), y: head → (rows, units).

    weights: head → a weight for each term of its loss's mean, None where all count alike.
    """

    index: int  # type: ignore[assignment]  # tuple.index: nobody searches a batch
    x: np.ndarray
    y: dict[str, np.ndarray]
    weights: dict[str, np.ndarray] | None = None


@dataclass(frozen=True, eq=False)
class Data:
    """Rows of inputs and targets as an engine takes them.

    x: (n, *in_shape), y: head → (n, *out_shape), both in the run's dtype. weights: head → a
    weight for each term of its loss's mean, (n, …), None where all count alike.
    """

    x: np.ndarray
    y: dict[str, np.ndarray]
    weights: dict[str, np.ndarray] | None = None

    def __len__(self) -> int:
        return len(self.x)

    def batches(self, size: int | None) -> int:
        """Return how many batches of `size` rows there are, the last one may be smaller.

        size: None for all rows at once.
        """
        return -(-len(self) // (size or len(self)))

    def epoch(self, epoch: int, run: RunSpec, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch from number `start` on, in the epoch's own order."""
        order = epoch_order(len(self), epoch, run)
        size = run.batch_size or len(self)
        at_once = self.x.nbytes + sum(a.nbytes for a in self.y.values()) <= AT_ONCE
        if not at_once:
            for index in range(start, self.batches(size)):
                yield self.batch(index, order[index * size : (index + 1) * size])
            return
        whole = self.at(order)
        x, y, weights = whole.x, whole.y, whole.weights
        for index in range(start, self.batches(size)):
            rows = slice(index * size, (index + 1) * size)
            weighed = None if weights is None else _rows(weights, rows)
            yield Batch(index, x[rows], {name: a[rows] for name, a in y.items()}, weighed)

    def in_order(self, size: int) -> Iterator[Batch]:
        """Yield all rows in their order, `size` at a time."""
        for index, start in enumerate(range(0, len(self), size)):
            yield self.batch(index, slice(start, start + size))

    def at(self, rows: np.ndarray) -> Data:
        """Return the rows of these numbers, in that order."""
        weights = None if self.weights is None else _taken(self.weights, rows)
        return Data(self.x.take(rows, 0), _taken(self.y, rows), weights)

    def batch(self, index: int, rows: slice | np.ndarray) -> Batch:
        """Return some rows as batch number `index`."""
        return Batch(index, self.x[rows], _rows(self.y, rows), self._weights(rows))

    def _weights(self, rows: slice | np.ndarray) -> dict[str, np.ndarray] | None:
        return None if self.weights is None else _rows(self.weights, rows)


def _rows(arrays: Mapping[str, np.ndarray], rows: slice | np.ndarray) -> dict[str, np.ndarray]:
    return {name: a[rows] for name, a in arrays.items()}


def _taken(arrays: Mapping[str, np.ndarray], rows: np.ndarray) -> dict[str, np.ndarray]:
    return {name: a.take(rows, 0) for name, a in arrays.items()}


def epoch_order(rows: int, epoch: int, run: RunSpec) -> np.ndarray:
    """Return the numbers of the rows in the order of an epoch."""
    order = np.arange(rows)
    if run.shuffle:
        np.random.default_rng([run.seed, SHUFFLE, epoch]).shuffle(order)
    return order


def prepare(
    model: ModelSpec,
    run: RunSpec,
    x: Any,
    y: Any,
    where: str = "",
    *,
    sample_weight: Any = None,
    class_weight: Any = None,
    part: bool = False,
) -> Data:
    """Return checked data for a model and a run.

    x: (n, *in_shape). y: (n,), (n, units) or head → such an array; classes as indices or
    one-hot rows. sample_weight, class_weight: see `weighting`; both together are multiplied.
    part: these are some of many rows, whose weights may all be 0. Raises DataError that names
    the array, the row and the column.
    """
    prefix = f"{where} " if where else ""
    inputs = _inputs(f"{prefix}X", x, model, run)
    given = y if isinstance(y, Mapping) else {h.name: y for h in model.heads}
    missing = [h.name for h in model.heads if h.name not in given]
    if missing:
        raise DataError(f"{prefix}y: no targets for the head {missing[0]!r}")
    unknown = [name for name in given if name not in {h.name for h in model.heads}]
    if unknown:
        there = ", ".join(repr(h.name) for h in model.heads)
        raise DataError(f"{prefix}y: there is no head {unknown[0]!r}; there are {there}")
    found = {}
    for head in model.heads:
        name = f"{prefix}y" if len(model.heads) == 1 else f"{prefix}y[{head.name!r}]"
        loss = LOSSES[head.loss_of(run.loss, run.loss_options)[0]]
        _require_before(loss, model, head)
        shape = model.out_shape(head.name)
        found[head.name] = targets(name, given[head.name], loss, shape, len(inputs), run)
    data = Data(inputs, found)
    if sample_weight is not None:
        weights = sample_weights(model, run, found, sample_weight, where, part=part)
        data = replace(data, weights=weights)
    return data if class_weight is None else with_class_weight(model, run, data, class_weight)


def with_class_weight(model: ModelSpec, run: RunSpec, data: Data, class_weight: Any) -> Data:
    """Return data whose rows also count by their class; see `weighting.class_weights`."""
    more = class_weights(model, run, data.y, class_weight)
    return replace(data, weights=product(data.weights or {}, more))


def _require_before(loss: Loss, model: ModelSpec, head: Head) -> None:
    """Refuse a loss of logits behind the activation that it has inside."""
    activation = model.end(head)
    if loss.logits and activation == loss.logits:
        plain = next((r.name for r in LOSSES.values() if (activation, loss.name) in r.fused), "")
        raise DataError(
            f"{loss.name} takes the values before {activation}, and the last layer applies it: "
            + (f"use the loss {plain!r}, or " if plain else "")
            + "make the last layer linear"
        )


def prepare_inputs(model: ModelSpec, run: RunSpec, x: Any, where: str = "") -> np.ndarray:
    """Return inputs checked and in the run's dtype, as `prepare` does: (n, *in_shape)."""
    return _inputs(f"{where} X" if where else "X", x, model, run)


def _inputs(name: str, x: Any, model: ModelSpec, run: RunSpec) -> np.ndarray:
    array = numbers(name, x)
    if array.shape[1:] != model.in_shape:
        expected = ", ".join(("rows", *map(str, model.in_shape)))
        raise DataError(
            f"{name}: {model.trunk[0].name} expects shape ({expected}), got {array.shape}"
        )
    if not len(array):
        raise DataError(f"{name}: there are no rows to learn from")
    return finite(name, array, run)
