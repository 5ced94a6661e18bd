"""Rows of texts into the columns of a table, a stretch at a time, and tables into arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from neurogebra.datasets.cells import CATEGORICAL, NUMERIC, Cells
from neurogebra.datasets.inputs import ordered
from neurogebra.datasets.record import Dataset
from neurogebra.datasets.table import Table
from neurogebra.errors import Corrupt, DataError, short

STRETCH = 20_000


def build_table(
    record: Dataset, rows: Iterable[Sequence[str]], names: Sequence[str], source: str
) -> Table:
    """The columns of a record from rows whose values stand under `names`; "" is missing.

    Raises Corrupt where a column is not there, a row is ragged, a number is none, or the rows
    are not as many as the record says.
    """
    lost = [c.name for c in record.columns if c.name not in names]
    if lost:
        raise Corrupt(f"{source} has no column {lost[0]!r}; it has {', '.join(names)[:200]}")
    places = [list(names).index(c.name) for c in record.columns]
    kinds = [NUMERIC if c.kind == "numeric" else CATEGORICAL for c in record.columns]
    pieces: list[list[Cells]] = [[] for _ in kinds]
    same: dict[str, str] = {}  # one object for every word, however often it stands
    for stretch in _stretches(rows):
        if any(len(row) != len(names) for row in stretch):
            raise Corrupt(f"{source}: a row does not hold {len(names)} values")
        columns = list(zip(*stretch, strict=True))
        for piece, place, kind in zip(pieces, places, kinds, strict=True):
            piece.append(_cells(columns[place], kind, same, source))
    found = sum(map(len, pieces[0]))
    if found != record.n_samples:
        raise Corrupt(f"{source} holds {found:,} rows, its record says {record.n_samples:,}")
    values = tuple(np.concatenate(piece) for piece in pieces)
    return Table(tuple(c.name for c in record.columns), values, tuple(kinds), source)


def encode(record: Dataset, table: Table) -> tuple[NDArray[np.float32], Cells]:
    """X and y of a table, by the rules of every set: see `arrays.inputs`.

    X: (rows, features) float32, NaN where a number or one of two words is missing, a column of
    0 and 1 for each of more words. y: class indices as int64, or float32. DataError for a class
    that the record does not know.
    """
    blocks = [
        _numbers(table.column(c.name)) if table.kind(c.name) == NUMERIC
        else _words(table.column(c.name))
        for c in record.inputs
    ]  # fmt: skip
    X = np.empty((table.n_rows, sum(b.shape[1] for b in blocks)), np.float32)
    at = 0
    for block in blocks:
        X[:, at : at + block.shape[1]] = block
        at += block.shape[1]
    return X, _answers(record, table)


def class_indices(record: Dataset, names: Sequence[str]) -> NDArray[np.int64]:
    """The index of each name among the classes of a record; DataError for an unknown one."""
    index = {name: i for i, name in enumerate(record.target.categories)}
    unknown = set(names) - index.keys()
    if unknown:
        raise DataError(f"{record.id}: no class called {short(min(unknown))}")
    return np.fromiter(map(index.__getitem__, names), np.int64, len(names))


def _answers(record: Dataset, table: Table) -> Cells:
    values = table.column(record.target.name)
    if not record.target.categories:
        return values.astype(np.float32)
    return class_indices(record, values.tolist())


def _stretches(rows: Iterable[Sequence[str]]) -> Iterator[list[Sequence[str]]]:
    source = iter(rows)
    while stretch := list(islice(source, STRETCH)):
        yield stretch


def _cells(texts: Sequence[str], kind: str, same: dict[str, str], source: str) -> Cells:
    if kind != NUMERIC:
        return np.array([same.setdefault(t, t) for t in texts], dtype=object)
    try:
        return np.fromiter((float(t or "nan") for t in texts), np.float64, len(texts))
    except ValueError as e:
        raise Corrupt(f"{source}: {e}") from None


def _numbers(values: Cells) -> NDArray[np.float32]:
    return values.astype(np.float32)[:, np.newaxis]


def _words(values: Cells) -> NDArray[np.float32]:
    names = ordered(np.array(list(set(values.tolist()) - {""}), dtype=object))
    index = {name: i for i, name in enumerate(names)}
    codes = np.fromiter((index.get(v, -1) for v in values), np.int64, len(values))
    if len(names) == 2:
        return np.array([0, 1, np.nan], np.float32)[codes][:, np.newaxis]
    X = np.zeros((len(values), len(names)), np.float32)
    rows = np.flatnonzero(codes >= 0)
    X[rows, codes[rows]] = 1
    return X
