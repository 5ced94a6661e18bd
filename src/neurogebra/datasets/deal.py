"""What a caller gets of a set: all rows or some, in one piece or as two parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neurogebra.datasets.arrays import Loaded, Rows
from neurogebra.datasets.record import Dataset
from neurogebra.datasets.seeds import Seed, generator
from neurogebra.datasets.split import sample_rows, split_rows
from neurogebra.errors import BadValue, DataError

Split: TypeAlias = float | Literal["default", "official"] | None
Parts: TypeAlias = Rows | tuple[Rows, Rows]
ALL = slice(None)


@dataclass(frozen=True)
class Wish:
    """How the rows are wanted: the options that every loader takes."""

    split: Split = "default"
    seed: Seed = None
    n_samples: int | None = None


def deal(record: Dataset, loaded: Loaded, wish: Wish) -> Parts:
    """The rows of the training and the test part, or of the whole for no split.

    One generator makes every choice: first which `n_samples` rows, then the split of these.
    A series is never shuffled: its last rows are the sample, and the end of these the test.
    """
    split, n = wish.split, len(loaded.y)
    if split == "default":
        split = record.test_fraction if loaded.official is None else "official"
    rng = generator(record.seed if wish.seed is None else wish.seed)
    kept = None if wish.n_samples is None else _sample(record, loaded, wish.n_samples, rng)
    if split is None:
        return ALL if kept is None else kept
    if split == "official":
        if loaded.official is None:
            raise BadValue("split", "a fraction", split, f"{record.id} has no official parts")
        return _official(loaded.official, kept, n)
    if isinstance(split, bool) or not isinstance(split, (int, float)) or not 0 < split < 1:
        raise BadValue("split", 'None, "default", "official" or a fraction in (0, 1)', split)
    if record.form == "series":
        return _in_time(kept, n, split, record.id)
    return _by_chance(record, loaded.y, kept, split, rng)


def chosen(X: NDArray[Any], y: NDArray[Any], rows: Rows) -> tuple[NDArray[Any], NDArray[Any]]:
    """These rows of both; bytes of images become float32."""
    picked = X[rows]
    return (picked.astype(np.float32) if picked.dtype == np.uint8 else picked), y[rows]


def _sample(record: Dataset, loaded: Loaded, wanted: object, rng: np.random.Generator) -> Rows:
    n = len(loaded.y)
    if isinstance(wanted, bool) or not isinstance(wanted, (int, np.integer)):
        raise BadValue("n_samples", "None or a whole number", wanted)
    if not 1 <= wanted <= n:
        raise BadValue("n_samples", f"None or a whole number from 1 to {n:,}", wanted)
    size = int(wanted)
    if record.form == "series":
        return slice(n - size, n)
    labels = loaded.y if record.target.categories else np.zeros(n, np.int64)
    if loaded.official is not None:  # both parts keep their share
        part = np.zeros(n, np.int64)
        part[loaded.official[0]] = 1
        labels = 2 * labels + part
    return sample_rows(labels, size, seed=rng)


def _official(parts: tuple[Rows, Rows], kept: Rows | None, n: int) -> Parts:
    if kept is None:
        return parts
    train, test = parts
    part = np.zeros(n, np.int64)
    part[train], part[test] = 1, 2
    rows = np.arange(n)[kept]
    return rows[part[rows] == 1], rows[part[rows] == 2]


def _in_time(kept: Rows | None, n: int, fraction: float, name: str) -> Parts:
    start = kept.start if isinstance(kept, slice) else 0
    cut = n - round(fraction * (n - start))
    if not start < cut < n:
        raise DataError(f"{n - start} rows of {name} are too few to split at {fraction:g}")
    return slice(start, cut), slice(cut, n)


def _by_chance(
    record: Dataset, y: NDArray[Any], kept: Rows | None, split: float, rng: np.random.Generator
) -> Parts:
    labels = y if kept is None else y[kept]
    classes = bool(record.target.categories)
    shares = (1 - split, split)
    parts = split_rows(labels, shares, seed=rng, stratify=classes, name=record.target.name)
    train, test = parts if kept is None else (np.arange(len(y))[kept][p] for p in parts)
    return train, test
