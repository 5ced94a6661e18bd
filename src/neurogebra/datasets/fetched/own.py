"""A user's own file as a data set: CSV, Parquet, NPZ, JSON lines, or a folder of images."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Final

import numpy as np

from neurogebra.datasets.arrays import Loaded
from neurogebra.datasets.cells import CATEGORICAL, NUMERIC, Cells
from neurogebra.datasets.deal import Split, Wish, chosen, deal
from neurogebra.datasets.fetched.columns import read_jsonl, read_parquet
from neurogebra.datasets.fetched.folder import open_folder
from neurogebra.datasets.fetched.load import from_openml
from neurogebra.datasets.fetched.made import Opened, classes_of, record_of
from neurogebra.datasets.fetched.npz import open_npz
from neurogebra.datasets.fetched.rows import encode
from neurogebra.datasets.frames import framed, require_frame
from neurogebra.datasets.record import Column
from neurogebra.datasets.seeds import Seed
from neurogebra.datasets.table import Table, read_csv
from neurogebra.datasets.target import REGRESSION, task_of
from neurogebra.errors import BadValue, DataError, short


def open_file(
    path: str | PathLike[str],
    target: str | None = None,
    *,
    text: str | None = None,
    size: tuple[int, int] | None = None,
) -> Opened:
    """Open a CSV, Parquet, NPZ or JSONL file, or a folder with one subfolder a class.

    target: the column to predict, or in an NPZ the array (found under the usual names).
    text: the column of texts to learn from (JSONL, CSV, Parquet), instead of all others.
    size: (height, width) that all images of a folder are brought to; None: they must be alike.
    Raises DataError for what cannot be learned from, MissingExtra for Parquet without pyarrow
    and images without Pillow, BadValue for an option that the kind of file does not have.
    """
    place = Path(fspath(path))
    if place.is_dir():
        _none("target", target, "a folder of images")
        _none("text", text, "a folder of images")
        return open_folder(place, size)
    _none("size", size, "a file")
    ending = "".join(place.suffixes[-2:]).lower() if place.suffix == ".gz" else place.suffix.lower()
    if ending == ".npz":
        _none("text", text, "an NPZ file")
        return open_npz(place, target)
    if ending not in _READERS:
        raise DataError(f"{place.name}: expected a folder, .npz, {', '.join(_READERS)}")
    if not place.is_file():
        raise DataError(f"no file {str(place)!r}")
    if target is None:
        raise BadValue("target", f"the column of {place.name} to predict", None)
    table = _READERS[ending](place)
    table.column(target)
    return _of_texts(place, table, target, text) if text else _of_table(place, table, target)


def load_file(
    path: str | PathLike[str],
    target: str | None = None,
    *,
    text: str | None = None,
    size: tuple[int, int] | None = None,
    split: Split = "default",
    random_state: Seed = None,
    n_samples: int | None = None,
    return_frame: bool = False,
) -> Any:
    """The rows of a user's file, as a loader gives those of a set; see `open_file`."""
    opened = open_file(path, target, text=text, size=size)
    return give(opened, Wish(split, random_state, n_samples), return_frame)


def load_openml(
    number: int,
    version: int | None = None,
    *,
    target: str | None = None,
    split: Split = "default",
    random_state: Seed = None,
    n_samples: int | None = None,
    return_frame: bool = False,
) -> Any:
    """The rows of a set at OpenML, held against the MD5 that OpenML states.

    version: BadValue where the number is another's. target: None takes the one OpenML names.
    """
    opened = from_openml(number, version, target)
    return give(opened, Wish(split, random_state, n_samples), return_frame)


def _none(option: str, value: object, kind: str) -> None:
    if value is not None:
        raise BadValue(option, f"nothing for {kind}", value)


def _of_table(place: Path, table: Table, target: str) -> Opened:
    task = task_of(table, target)
    goal = _goal(table, target, task)
    features = tuple(
        Column(name=n, kind="numeric" if table.kind(n) == NUMERIC else "categorical")
        for n in table.names
        if n != target
    )
    if not features:
        raise DataError(f"{table.source}: no column is left to learn {short(target)} from")
    record = record_of(place, task, table.n_rows, features, goal)
    return Opened(record, Loaded(*encode(record, _with_classes(table, goal))))


def _of_texts(place: Path, table: Table, target: str, text: str) -> Opened:
    values = table.column(text)
    if table.kind(text) == NUMERIC:
        raise BadValue("text", "a column of texts", text)
    task = task_of(table, target)
    goal = _goal(table, target, task)
    kind = "regression" if task == REGRESSION else f"text_{task}"
    record = record_of(place, kind, table.n_rows, (Column(name=text, kind="text"),), goal)
    return Opened(record, Loaded(values, encode(record, _with_classes(table, goal))[1]))


def _goal(table: Table, target: str, task: str) -> Column:
    gaps = int(table.missing(target).sum())
    if gaps:
        raise DataError(f"{table.source}: {short(target)} has no value in {gaps:,} rows")
    if task == REGRESSION:
        return Column(name=target, kind="numeric")
    names = _as_words(table.column(target))
    return classes_of(target, names)


def _as_words(values: Cells) -> Cells:
    if values.dtype == object:
        return values
    return np.array([f"{v:g}" if v % 1 else str(int(v)) for v in values.tolist()], dtype=object)


def _with_classes(table: Table, goal: Column) -> Table:
    """The table with the words of its classes in the place of their numbers."""
    if not goal.categories:
        return table
    at = table.names.index(goal.name)
    columns = (*table.columns[:at], _as_words(table.columns[at]), *table.columns[at + 1 :])
    kinds = (*table.kinds[:at], CATEGORICAL, *table.kinds[at + 1 :])
    return Table(table.names, columns, kinds, table.source, table.lines)


_READERS: Final[dict[str, Callable[[Path], Table]]] = {
    ".csv": read_csv,
    ".csv.gz": read_csv,
    ".parquet": read_parquet,
    ".jsonl": read_jsonl,
}


def give(opened: Opened, wish: Wish, return_frame: bool = False) -> Any:
    """The rows as every loader gives them: one pair or two, as arrays or as frames."""
    record, loaded = opened.record, opened.loaded
    rows = deal(record, loaded, wish)
    if not return_frame:
        return _each(rows, lambda part: chosen(loaded.X, loaded.y, part))
    require_frame(record)
    X, y = framed(record, loaded)
    return _each(rows, lambda part: (X.iloc[part], y.iloc[part]))


def _each(rows: Any, take: Callable[[Any], Any]) -> Any:
    return tuple(map(take, rows)) if isinstance(rows, tuple) else take(rows)
