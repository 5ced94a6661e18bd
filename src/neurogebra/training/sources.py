"""Rows that are not arrays in memory: batches from any iterable, and files mapped into memory."""

from __future__ import annotations

import inspect
import mmap
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from neurogebra.errors import BadValue, DataError, RunError
from neurogebra.spec import ModelSpec, RunSpec, check
from neurogebra.training.data import Batch, Data, epoch_order, prepare


class Source(Protocol):
    """What a session learns from: batches of an epoch, and all rows in their order.

    Arrays are a `Data`, mapped files a `Mapped`, iterables a `Stream`.
    """

    def __len__(self) -> int:
        """How many rows an epoch has; 0 while nobody knows."""

    def batches(self, size: int | None) -> int:
        """Return how many batches an epoch has; 0 while nobody knows."""

    def epoch(self, epoch: int, run: RunSpec, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch from number `start` on."""

    def in_order(self, size: int) -> Iterator[Batch]:
        """Yield all rows in their order, at most `size` at a time where that can be chosen."""


def open_rows(model: ModelSpec, run: RunSpec, x: Any, y: Any, where: str = "", **kw: Any) -> Source:
    """Return rows ready for a run: mapped files are read batch by batch, others made arrays.

    x, y: what `prepare` takes, or the path of a .npy file, which is mapped. kw: what else
    `prepare` takes (sample_weight, class_weight).
    """
    x, y = opened(x), _opened_targets(y)
    if is_mapped(x):
        return Mapped(model, run, x, y, where, **kw)
    return prepare(model, run, x, y, where, **kw)


def opened(values: Any) -> Any:
    """Return the mapped array of a .npy file's path, anything else as it is."""
    if not isinstance(values, (str, Path)):
        return values
    path = Path(values)
    if path.suffix != ".npy":
        raise DataError(f"{path}: expected the path of a .npy file")
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file") from None
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"{path}: not a .npy file that can be mapped: {error}") from None


def _opened_targets(y: Any) -> Any:
    return {head: opened(a) for head, a in y.items()} if isinstance(y, Mapping) else opened(y)


def is_mapped(values: Any) -> bool:
    """Say whether an array lies in a mapped file, also as a part or another view of it."""
    while values is not None and not isinstance(values, (np.memmap, mmap.mmap)):
        values = values.base if isinstance(values, np.ndarray) else None
    return values is not None


class Mapped:
    """Rows of arrays in mapped files: gathered, cast and checked a batch at a time.

    x: (n, *in_shape), y: what `prepare` takes, a head's targets by name where there are
    several; rows: the numbers of those that count, None for all. The batches are those that
    the same arrays in memory would give. Raises DataError for shapes at once, and for a
    value that cannot be learned from when its batch comes, with its row in the file.
    """

    def __init__(
        self,
        model: ModelSpec,
        run: RunSpec,
        x: np.ndarray,
        y: Any,
        where: str = "",
        *,
        rows: np.ndarray | None = None,
        **kw: Any,
    ) -> None:
        self.model, self.run, self.x, self.y, self.where = model, run, x, y, where
        self.rows, self.kw = rows, dict(kw)
        targets = dict(y) if isinstance(y, Mapping) else {"": y}
        weights = kw.get("sample_weight")
        each = weights if isinstance(weights, Mapping) else {"": weights}
        named = [("y", *pair) for pair in targets.items()]
        named += [("sample_weight", *pair) for pair in each.items() if pair[1] is not None]
        for word, name, part in named:
            if len(part) != len(x):
                what = f"{word}[{name!r}]" if name else word
                raise DataError(f"{what}: {len(part)} rows for {len(x)} rows of X")
        if not (weights is None or isinstance(weights, Mapping) or np.any(weights)):
            raise DataError("sample_weight: all weights are 0, so there is nothing to learn from")
        if not len(x):
            raise DataError(f"{where or 'X'}: there are no rows to learn from")
        self._gather(np.arange(1))

    def __len__(self) -> int:
        return len(self.x) if self.rows is None else len(self.rows)

    def batches(self, size: int | None) -> int:
        """Return how many batches of `size` rows there are; None for all rows at once."""
        return -(-len(self) // (size or len(self)))

    def epoch(self, epoch: int, run: RunSpec, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch from number `start` on, in the epoch's own order."""
        order, size = epoch_order(len(self), epoch, run), run.batch_size or len(self)
        for index in range(start, self.batches(size)):
            yield self._gather(order[index * size : (index + 1) * size], index)

    def in_order(self, size: int) -> Iterator[Batch]:
        """Yield all rows in their order, `size` at a time."""
        for index, start in enumerate(range(0, len(self), size)):
            yield self._gather(np.arange(start, min(start + size, len(self))), index)

    def at(self, rows: np.ndarray) -> Mapped:
        """Return the rows of these numbers, in that order."""
        these = rows if self.rows is None else self.rows[rows]
        return Mapped(
            self.model, self.run, self.x, self.y, self.where, rows=these, **self.kw
        )  # fmt: skip

    def _gather(self, numbers: np.ndarray, index: int = 0) -> Batch:
        rows = numbers if self.rows is None else self.rows[numbers]
        try:
            return self._ready(rows).batch(index, slice(None))
        except DataError:
            for row in rows:
                try:
                    self._ready(row[None])
                except DataError as error:
                    raise DataError(f"row {row} of the file: {error}") from None
            raise

    def _ready(self, rows: np.ndarray) -> Data:
        y = self.y
        some = {h: a[rows] for h, a in y.items()} if isinstance(y, Mapping) else y[rows]
        kw = dict(self.kw)
        weights = kw.get("sample_weight")
        if isinstance(weights, Mapping):
            kw["sample_weight"] = {h: np.asarray(w)[rows] for h, w in weights.items()}
        elif weights is not None:
            kw["sample_weight"] = np.asarray(weights)[rows]
        return prepare(self.model, self.run, self.x[rows], some, self.where, part=True, **kw)


class Feed:
    """An iterable of batches as it was given: a list, a loader, a factory, a generator.

    given: something that can be iterated again and again; a callable that returns an
    iterator, and that is handed the epoch's number where it takes one; or an iterator, which
    can be gone through only once. steps: batches an epoch, None for as many as come.
    """

    def __init__(self, given: Any, steps: int | None = None, where: str = "X") -> None:
        self.where = where
        self.steps = None if steps is None else check.integer(1, 10**9)("steps_per_epoch", steps)
        if not callable(given) and not isinstance(given, Iterable):
            expected = "arrays with y, or an iterable of batches (x, y)"
            raise BadValue(where, expected, type(given).__name__)
        self.once = isinstance(given, Iterator)
        if self.once and steps is None:
            raise BadValue(
                "steps_per_epoch",
                "how many batches make an epoch",
                None,
                "an iterator can be gone through only once; a list, a loader or a function "
                "that returns a new iterator needs none",
            )
        self._given = given
        self._numbered = callable(given) and _takes_a_number(given)

    def __len__(self) -> int:
        """How many batches an epoch has; 0 while nobody knows."""
        if self.steps is not None:
            return self.steps
        try:
            return len(self._given)
        except TypeError:
            return 0

    def open(self, epoch: int) -> Iterator[Any]:
        """Return the batches of an epoch; of an iterator, those that are left."""
        if self.once:
            return self._given  # type: ignore[no-any-return]
        if isinstance(self._given, Iterable):
            return iter(self._given)
        return iter(self._given(epoch) if self._numbered else self._given())

    def in_shape(self) -> tuple[int, ...]:
        """Return the shape of one example, read off the first batch."""
        found = self.open(0)
        first = next(found, None)
        if first is None:
            raise DataError(f"{self.where}: the iterable yields no batches")
        if self.once:
            self._given = chain((first,), found)
        return parted(f"{self.where}: batch 0", first)[0].shape[1:]


def _takes_a_number(function: Callable[..., Any]) -> bool:
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    found = inspect.signature(function).parameters.values()
    return any(p.kind in kinds and p.default is p.empty for p in found)


def parted(where: str, item: Any) -> tuple[np.ndarray, Any, Any]:
    """Return x, y and the weights (or None) of one item of an iterable, tensors as arrays."""
    if not isinstance(item, (tuple, list)) or len(item) not in (2, 3):
        got = f"{len(item)} things" if isinstance(item, (tuple, list)) else type(item).__name__
        raise DataError(f"{where}: expected (x, y) or (x, y, weights), got {got}")
    x, y, weights = (*item, None)[:3]
    y = {h: _array(a) for h, a in y.items()} if isinstance(y, Mapping) else _array(y)
    return np.asarray(_array(x)), y, None if weights is None else _array(weights)


def _array(values: Any) -> Any:
    """Return a tensor's numbers as an array; whatever else as it is."""
    detach = getattr(values, "detach", None)
    return values if detach is None else detach().cpu().numpy()


class Stream:
    """Batches from an iterable, an epoch a pass, or the first `steps` batches of one.

    A run on it can be resumed at any batch where the iterable yields the same batches again;
    what was seen of the epoch is compared by a checksum, and RunError says when it differs.
    Raises DataError for a batch that cannot be learned from, and for one that is missing.
    """

    def __init__(self, model: ModelSpec, run: RunSpec, feed: Feed, **kw: Any) -> None:
        self.model, self.run, self.feed, self.kw = model, run, feed, kw
        self._rows = self._known = self._made = 0
        self._seen = 0  # a checksum over the batches of this epoch so far
        self._expected: int | None = None

    def __len__(self) -> int:
        return self._rows

    def batches(self, size: int | None) -> int:
        """Return how many batches an epoch has, whatever `size`; 0 until an epoch told."""
        return len(self.feed) or self._known

    def epoch(self, epoch: int, run: RunSpec, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch from number `start` on; those before are passed over."""
        first = self._made if self.feed.once and start else 0
        if first > start:
            raise RunError("an iterator cannot be gone through again")
        rows, made, self._seen = 0, first, self._seen if first else 0
        self._expected = self._expected if start else None  # an epoch that begins has no past
        for batch in self._batches(epoch, first):
            if batch.index == start:
                self._compare()
            self._seen, made = _checksum(batch, self._seen), batch.index + 1
            rows += len(batch.x)
            if batch.index >= start:
                self._made = made
                yield batch
        self._compare()
        self._rows, self._known = rows, made

    def in_order(self, size: int) -> Iterator[Batch]:
        """Yield the batches of one pass as they come, whatever their size."""
        yield from self._batches(0, 0)

    def state(self) -> dict[str, Any]:
        """Return what a resumed run compares its batches with, as JSON-able values."""
        return {"seen": self._seen}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Expect the batches of this state before the first one that is yielded."""
        if self.feed.once:
            raise RunError(
                "this run learns from an iterator, which cannot be gone through again; to resume, "
                "give a list of batches or a function that returns a new iterator"
            )
        self._expected = int(state.get("seen", 0))

    def _compare(self) -> None:
        expected, self._expected = self._expected, None
        if expected is not None and expected != self._seen:
            raise RunError(
                "the batches are not those that the run saw before it was stopped, so it cannot "
                "go on exactly; an iterable must yield the same ones again (a function that "
                "takes one argument is handed the epoch's number, to shuffle by)"
            )

    def _batches(self, epoch: int, first: int) -> Iterator[Batch]:
        """Yield the batches of a pass, checked, the first one with the number `first`."""
        found, index, where = self.feed.open(epoch), first, self.feed.where
        while self.feed.steps is None or index < self.feed.steps:
            try:
                item = next(found)
            except StopIteration:
                break
            x, y, weights = parted(f"{where}: batch {index}", item)
            kw = self.kw if weights is None else {**self.kw, "sample_weight": weights}
            place = f"{where}: epoch {epoch}, batch {index}:"
            rows = prepare(self.model, self.run, x, y, place, part=True, **kw)
            yield rows.batch(index, slice(None))
            index += 1
        if index < (self.feed.steps or 1):
            asked = f" of the {self.feed.steps} that steps_per_epoch says" if index else ""
            raise DataError(f"{where}: epoch {epoch} ended after {index} batches{asked}")


def _checksum(batch: Batch, before: int) -> int:
    for array in (batch.x, *batch.y.values()):
        before = zlib.crc32(np.ascontiguousarray(array).data, before)
    return before


def stream(
    model: ModelSpec,
    run: RunSpec,
    given: Any,
    steps: int | None = None,
    where: str = "X",
    **kw: Any,
) -> Stream:
    """Return batches of an iterable ready for a run; kw: what else `prepare` takes."""
    feed = given if isinstance(given, Feed) else Feed(given, steps, where)
    return Stream(model, run, feed, **kw)
