"""A fetched set from its record to its rows."""

from __future__ import annotations

from pathlib import Path

from neurogebra.datasets.arrays import Loaded, Rows, rows_of
from neurogebra.datasets.cells import Cells
from neurogebra.datasets.fetched.fetch import stored
from neurogebra.datasets.fetched.made import Opened
from neurogebra.datasets.fetched.openml import READER, located, unknown_set, with_columns
from neurogebra.datasets.fetched.readers import ARRAYS, TABLES, openml
from neurogebra.datasets.fetched.rows import encode
from neurogebra.datasets.record import Dataset
from neurogebra.datasets.table import Table
from neurogebra.errors import Corrupt, DataError


def files(record: Dataset) -> dict[str, Path]:
    """The checked files of a set by name, fetched if need be."""
    remote = record.remote
    at_openml = remote is not None and remote.reader == READER and not remote.missing
    return stored(located(record) if at_openml else record)


def arrays(record: Dataset) -> tuple[Cells, Cells, Rows | None, Rows | None]:
    """See `load_arrays`."""
    if record.form == "table":
        X, y = encode(record, table(record))
    else:
        paths = files(record)
        X, y = ARRAYS[_reader(record)](record, paths)
        shape = record.features[0].shape
        if len(X) != len(y) or len(y) != record.n_samples or X.shape[1:] != shape:
            raise Corrupt(
                f"{record.id}: {len(X):,} rows of {X.shape[1:]} and {len(y):,} answers came; "
                f"its record says {record.n_samples:,} rows of {shape}"
            )
    if record.official is None:
        return X, y, None, None
    return X, y, rows_of(record.official.train), rows_of(record.official.test)


def table(record: Dataset) -> Table:
    """See `load_table`."""
    if record.form != "table":
        raise DataError(f"{record.id} is no table; load it with Datasets.load_{record.id}()")
    paths = files(record)
    return TABLES[_reader(record)](record, paths)


def from_openml(number: int, version: int | None = None, target: str | None = None) -> Opened:
    """Any set at OpenML by its number: its record made from its file, and its rows."""
    record = unknown_set(number, version, target)
    paths = files(record)
    record = with_columns(record, *paths.values())
    return Opened(record, Loaded(*encode(record, openml(record, paths))))


def _reader(record: Dataset) -> str:
    return record.remote.reader if record.remote else ""
