"""From a record to its table: read from the package, or drawn."""

from __future__ import annotations

import numpy as np

from neurogebra.datasets.bundled import read_bundled
from neurogebra.datasets.cells import CATEGORICAL, NUMERIC, Cells
from neurogebra.datasets.fetched import load_table
from neurogebra.datasets.record import Dataset
from neurogebra.datasets.seeds import Seed, generator
from neurogebra.datasets.table import Table
from neurogebra.errors import DataError


def table_of(record: Dataset, seed: Seed = None) -> Table:
    """The whole table of a set: read and checked against its hash, or drawn from `seed`.

    Raises DataError for images, Corrupt where the bytes of a file are not those of its record.
    """
    if record.form == "images":
        raise DataError(f"{record.id} holds images, not a table; load it with Datasets.load")
    if record.draw is not None:
        return _drawn(record, *record.draw(generator(seed)))
    if record.remote is not None:
        return load_table(record)
    return read_bundled(record)


def _drawn(record: Dataset, X: Cells, y: Cells) -> Table:
    words = bool(record.target.categories)
    answers: Cells = np.array([str(v) for v in y], dtype=object) if words else y.astype(float)
    numeric = X.dtype != object
    columns = X.astype(np.float64).reshape(len(X), -1).T if numeric else X.reshape(1, -1)
    inputs = tuple(NUMERIC if numeric else CATEGORICAL for _ in record.features)
    kinds = (*inputs, CATEGORICAL if words else NUMERIC)
    names = tuple(c.name for c in record.columns)
    return Table(names, (*columns, answers), kinds, record.id)
