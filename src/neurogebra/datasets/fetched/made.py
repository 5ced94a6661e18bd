"""The record of a file that nobody described: made from what it holds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from neurogebra.datasets.arrays import Loaded
from neurogebra.datasets.cells import Cells
from neurogebra.datasets.fetched.rows import class_indices
from neurogebra.datasets.inputs import ordered
from neurogebra.datasets.record import Column, Dataset, Parts
from neurogebra.errors import DataError

MAX_ARRAY: Final = 8 * 2**30  # bytes of one array, or of the pixels of a folder


@dataclass(frozen=True, eq=False)
class Opened:
    """A file of the user: its record, made from what it holds, and its rows."""

    record: Dataset
    loaded: Loaded


def record_of(place: Path, task: str, n: int, features: tuple[Column, ...], y: Column,
            official: Parts | None = None) -> Dataset:  # fmt: skip
    """The record of a file; its origin is "file": nobody here knows it."""
    return Dataset(
        id=place.name,
        title=place.name,
        summary=f"The file {place}.",
        category="file",
        task=task,
        origin="file",
        licence="that of its owner",
        n_samples=n,
        features=features,
        target=y,
        official=official,
    )


def classes_of(name: str, names: Cells) -> Column:
    """A class target from the words of all rows."""
    found = ordered(names)
    counts = tuple(int((names == c).sum()) for c in found)
    return Column(name=name, kind="categorical", categories=found, counts=counts)


def with_classes(
    place: Path, X: Cells, names: Cells, features: tuple[Column, ...], goal: str,
    official: Parts | None = None,
) -> Opened:  # fmt: skip
    """Rows with a word each for their class; DataError where all have the same."""
    target = classes_of(goal, names)
    if len(target.categories) < 2:
        raise DataError(f"{place.name}: all rows are of the class {target.categories[0]!r}")
    task = "binary" if len(target.categories) == 2 else "multiclass"
    record = record_of(place, task, len(X), features, target, official)
    return Opened(record, loaded_of(record, X, class_indices(record, names.tolist())))


def loaded_of(record: Dataset, X: Cells, y: Cells) -> Loaded:
    """The rows with the parts that the record names."""
    if record.official is None:
        return Loaded(X, y)
    train, test = (slice(*part[0]) for part in (record.official.train, record.official.test))
    return Loaded(X, y, (train, test))
