"""What is not the same in two runs: their circumstances, their recorded numbers, their arrays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import numpy as np

from neurogebra.observatory.events import BatchEnd, EpochEnd, Evaluated, Stamped, TrainEnd
from neurogebra.observatory.fingerprint import plain

# Which topic a fact belongs to, by how its name begins; the first that fits counts.
_TOPICS = (
    ("random_seed", "seed"),
    ("numpy_seed", "seed"),
    ("dataset_", "data"),
    ("data.", "data"),
    ("code_hash", "code"),
    ("git", "code"),
    ("versions.neurogebra", "code"),
    ("versions.", "libraries"),
    ("blas.threads", "threads"),
    ("blas.in_use", "threads"),
    ("blas.core", "hardware"),
    ("blas.", "libraries"),
    ("hardware.", "hardware"),
    ("os.", "hardware"),
    ("model", "model"),
    ("hyperparameters.", "hyper-parameters"),
)
TOPICS = (*dict.fromkeys(topic for _, topic in _TOPICS), "other")
# Facts that say nothing of how a run came out.
_ASIDE = ("run_id", "timestamp", "applied")
# What only repeats another fact, and is left out where that one is told.
_ECHOES = {
    "numpy_seed": "random_seed",
    "hyperparameters.seed": "random_seed",
    "model_hash": "model_info",
}
# Digests of the rows as a seed deals them: with another seed they differ for the same table.
_DEALT = ("dataset_hash", "data.digest")
_TABLE = "data.columns."
_IN_USE = "blas.in_use"
_BATCH, _EPOCH, _END, _SCORE = range(4)
_RANKS = ("batch", "epoch", "end", "score")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that two runs do not share: both values, None where one has no such thing.

    topic: of a circumstance one of TOPICS; of a recorded number "batch", "epoch", "end" or
    "score"; of an array what holds it. name: a field, a metric, or an element ("d.W[3, 1]").
    epoch (from 0) and step (updates made) say when, None where that has no meaning.
    """

    topic: str
    name: str
    first: Any
    second: Any
    epoch: int | None = None
    step: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as strict JSON values."""
        return dict(plain(asdict(self)))


@dataclass(frozen=True, slots=True)
class Compared:
    """How much was held side by side (what → how many numbers), and what was not equal.

    unequal: how many of the numbers; first: the earliest of them.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    unequal: int = 0
    first: Difference | None = None

    def and_then(self, later: Compared) -> Compared:
        """Return this comparison with one of what came later in the runs."""
        counts = Counter(self.counts)
        counts.update(later.counts)
        return Compared(dict(counts), self.unequal + later.unequal, self.first or later.first)


class _Number(NamedTuple):
    """A recorded value and its place in the order of a run."""

    place: tuple[int, int, bool, str]  # updates made, what kind, not the loss, its name
    epoch: int | None
    value: Any


def compare_circumstances(
    first: Mapping[str, Any], second: Mapping[str, Any]
) -> tuple[Difference, ...]:
    """Return which facts of two fingerprints differ, by topic.

    first, second: `TrainingFingerprint.to_dict`, if known with the record of the data under
    "data". A fact that one of them lacks is None there.
    """
    one, two = dict(_flat(first)), dict(_flat(second))
    names = [n for n in {**one, **two} if not _same(one.get(n), two.get(n))]
    kept = [n for n in names if not _is_echo(n, names, one) and not _is_idle(n, one, two)]
    found = [Difference(topic=_topic(n), name=n, first=one.get(n), second=two.get(n)) for n in kept]
    return tuple(sorted(found, key=lambda d: TOPICS.index(d.topic)))


def compare_events(first: Iterable[Stamped], second: Iterable[Stamped]) -> Compared:
    """Hold the numbers of two logs side by side, bit by bit, update for update.

    Compared are the losses and metrics of batches and epochs, learning rates, how the runs
    ended and their final scores. Times are left out, and so are alerts, which follow from the
    numbers. The logs are read once and not kept.
    """
    counts: Counter[str] = Counter()
    unequal, earliest = 0, None
    for one, two in _side_by_side(_numbers(first), _numbers(second)):
        known = one or two
        if known is None:
            continue
        step, rank, _, name = known.place
        topic = _RANKS[rank]
        counts[f"{topic} numbers"] += 1
        values = (one and one.value, two and two.value)
        if one is not None and two is not None and _same(*values):
            continue
        unequal += 1
        earliest = earliest or Difference(
            topic=topic, name=name, first=values[0], second=values[1], epoch=known.epoch, step=step
        )
    return Compared(dict(counts), unequal, earliest)


def compare_arrays(
    what: str,
    first: Mapping[str, np.ndarray],
    second: Mapping[str, np.ndarray],
    step: int | None = None,
) -> Compared:
    """Hold arrays of one name side by side, bit by bit: NaN equals NaN, and 0 is not -0.

    what: what they are ("weights"); step: the update after which both were kept.
    """
    numbers, unequal, earliest = 0, 0, None
    for name in {**first, **second}:
        one, two = first.get(name), second.get(name)
        numbers += max(0 if a is None else a.size for a in (one, two))
        count, place, values = _unequal(one, two)
        unequal += count
        if count and earliest is None:
            earliest = Difference(
                topic=what, name=name + place, first=values[0], second=values[1], step=step
            )
    return Compared({what: numbers}, unequal, earliest)


def _unequal(one: np.ndarray | None, two: np.ndarray | None) -> tuple[int, str, tuple[Any, Any]]:
    """Return how many elements differ, where the first does, and both values there."""
    if one is None or two is None or (one.dtype, one.shape) != (two.dtype, two.shape):
        told = [None if a is None else f"{a.dtype} {list(a.shape)}" for a in (one, two)]
        return max(1, *(0 if a is None else a.size for a in (one, two))), "", (told[0], told[1])
    raw = [np.ascontiguousarray(a).reshape(-1).view(np.uint8) for a in (one, two)]
    differs = (raw[0] != raw[1]).reshape(one.size, -1).any(axis=1)
    count = int(differs.sum())
    if not count:
        return 0, "", (None, None)
    index = np.unravel_index(int(differs.argmax()), one.shape)
    place = f"[{', '.join(str(int(i)) for i in index)}]" if index else ""
    return count, place, (one[index].item(), two[index].item())


def _numbers(events: Iterable[Stamped]) -> Iterator[_Number]:
    """Yield what a log recorded in the order of the run; at one moment the loss comes first."""
    step = 0
    for _, _, event in events:
        values: dict[str, Any]
        epoch: int | None = None
        match event:
            case BatchEnd():
                rank, step, epoch = _BATCH, event.step, event.epoch
                values = {"loss": event.loss, "rows": event.rows, **event.metrics}
            case EpochEnd():
                rank, step, epoch = _EPOCH, event.step, event.epoch
                values = {"learning_rate": event.learning_rate, **event.metrics}
            case TrainEnd() if event.reason != "interrupted":  # else it went on, or will
                rank, step = _END, event.step
                values = {"reason": event.reason, "best_epoch": event.best_epoch}
            case Evaluated():
                rank = _SCORE
                values = {f"{event.split} {name}": v for name, v in event.metrics.items()}
            case _:
                continue
        for place in sorted((step, rank, name != "loss", name) for name in values):
            yield _Number(place, epoch, values[place[3]])


def _side_by_side(
    first: Iterator[_Number], second: Iterator[_Number]
) -> Iterator[tuple[_Number | None, _Number | None]]:
    """Yield what stands at one place in both, and alone what stands in one only."""
    one, two = next(first, None), next(second, None)
    while one is not None or two is not None:
        if two is None or (one is not None and one.place < two.place):
            yield one, None
            one = next(first, None)
        elif one is None or two.place < one.place:
            yield None, two
            two = next(second, None)
        else:
            yield one, two
            one, two = next(first, None), next(second, None)


def _same(one: Any, two: Any) -> bool:
    if isinstance(one, float) and isinstance(two, float):
        return one.hex() == two.hex()
    return bool(one == two)


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the leaves of nested mappings and lists under dotted names."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if name or key not in _ASIDE:
                yield from _flat(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, (list, tuple)) and any(isinstance(v, Mapping) for v in value):
        for i, inner in enumerate(value):
            yield from _flat(inner, f"{name}[{i}]")
    else:
        yield name, list(value) if isinstance(value, tuple) else value


def _topic(name: str) -> str:
    return next((topic for begin, topic in _TOPICS if name.startswith(begin)), "other")


def _is_idle(name: str, first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    """Say whether a library's threads are known for one run only: the other never loaded it."""
    return name.startswith(_IN_USE) and None in (first.get(name), second.get(name))


def _is_echo(name: str, names: list[str], first: Mapping[str, Any]) -> bool:
    """Say whether a difference only follows from another one that is told anyway."""
    if name in _DEALT:
        known = any(n.startswith(_TABLE) for n in first)
        return known and "random_seed" in names and not any(n.startswith(_TABLE) for n in names)
    origin = _ECHOES.get(name)
    return origin is not None and any(n.startswith(origin) for n in names)
