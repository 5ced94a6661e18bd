"""Rows dealt into parts, the same for the same seed, alike in their classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurogebra.datasets.seeds import Seed, generator
from neurogebra.errors import BadValue, DataError, short

Rows: TypeAlias = NDArray[np.int64]
FRACTIONS = (0.64, 0.16, 0.20)


def split_rows(
    y: ArrayLike,
    fractions: Sequence[float] = FRACTIONS,
    *,
    seed: Seed = None,
    stratify: bool = False,
    name: str = "y",
) -> tuple[Rows, ...]:
    """Shuffle the row numbers of `y` and deal them into one part a fraction, every row once.

    stratify: each class is spread over the parts in these fractions, to within one row.
    name: what the target is called in messages. Raises BadValue for fractions that are not a
    partition of 1, DataError for too few rows, for one class only, and where the first part
    would miss a class.
    """
    labels = np.asarray(y)
    sizes = _sizes(len(labels), fractions)
    order = generator(seed).permutation(len(labels))
    if stratify:
        _require_classes(labels, name)
        order = order[_spread(labels[order])]
    parts = tuple(np.split(order, np.cumsum(sizes)[:-1]))
    if stratify:
        _require_every_class(labels, parts[0], name)
    return parts


def sample_rows(labels: ArrayLike, n: int, *, seed: Seed = None) -> Rows:
    """`n` rows in file order, dealt so that each label keeps its share to within one row."""
    codes = np.asarray(labels)
    order = generator(seed).permutation(len(codes))
    chosen: Rows = np.sort(order[_spread(codes[order])[:n]])
    return chosen


def _sizes(n: int, fractions: Sequence[float]) -> list[int]:
    shares = np.array(fractions, dtype=np.float64)
    ok = shares.ndim == 1 and len(shares) > 0 and bool(np.isfinite(shares).all())
    if not ok or shares.min() < 0 or shares[0] <= 0 or abs(shares.sum() - 1) > 1e-9:
        raise BadValue("fractions", "shares ≥ 0 that add up to 1, the first > 0", tuple(fractions))
    ends = np.rint(np.cumsum(shares) * n).astype(int)
    sizes = [int(size) for size in np.diff(ends, prepend=0)]
    if any(share > 0 and not size for share, size in zip(shares, sizes, strict=True)):
        parts = " / ".join(f"{share:g}" for share in fractions)
        raise DataError(f"{n} rows are too few to split {parts}: a part would be empty")
    return sizes


def _spread(labels: NDArray[Any]) -> Rows:
    """An order in which every stretch holds the classes in their overall shares.

    A row's place within its class, as a fraction of that class, is its place overall.
    """
    _, code, counts = np.unique(labels, return_inverse=True, return_counts=True)
    by_class = np.argsort(code, kind="stable")
    rank = np.empty(len(labels))
    rank[by_class] = np.arange(len(labels)) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.argsort((rank + 0.5) / counts[code], kind="stable")


def _require_classes(labels: NDArray[Any], name: str) -> None:
    if (labels == labels[0]).all():
        raise DataError(one_value(name, labels[:1].tolist()[0]))


def _require_every_class(labels: NDArray[Any], first: Rows, name: str) -> None:
    classes, counts = np.unique(labels, return_counts=True)
    for lost in np.flatnonzero(~np.isin(classes, labels[first]))[:1]:
        raise DataError(
            f"{short(name)}: no row of the class {classes[lost].item()!r} "
            f"({counts[lost]} in all) fits into the first part; add rows or drop the class"
        )


def one_value(name: str, value: object) -> str:
    """The sentence for a target that says the same in every row."""
    only = f"the target {short(name)} has only one value, {short(value)}"
    return f"{only}; there is nothing to learn"
