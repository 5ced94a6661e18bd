"""From a record to its arrays: tables, series, images and texts as NumPy holds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neurogebra.datasets.bundled import Texts, numbers, read_columns, read_idx
from neurogebra.datasets.cells import Cells
from neurogebra.datasets.inputs import ordered
from neurogebra.datasets.record import Column, Dataset, File, Ranges

DAY = np.timedelta64(86_400, "s")
Rows: TypeAlias = NDArray[np.int64] | slice


@dataclass(frozen=True, eq=False)
class Loaded:
    """The rows of a set, and those of the (training, test) parts that its source names.

    X: (rows, …), bytes (uint8) where they are still to become float32; y: (rows,).
    """

    X: NDArray[Any]
    y: NDArray[Any]
    official: tuple[Rows, Rows] | None = None


def read_arrays(record: Dataset, *, raw: bool = False) -> Loaded:
    """All rows of a stored set; raw: images as bytes, to choose from before they grow."""
    if record.remote is not None:
        from neurogebra.datasets.fetched import load_arrays  # which stands on this file

        X, y, train, test = load_arrays(record)
        return Loaded(X, y, None if train is None or test is None else (train, test))
    reader = {"series": _series, "text": _texts, "table": _table}.get(record.form)
    X, y = reader(record) if reader else _images(record, np.uint8 if raw else np.float32)
    if record.official is None:
        return Loaded(X, y)
    return Loaded(X, y, (rows_of(record.official.train), rows_of(record.official.test)))


def rows_of(ranges: Ranges) -> Rows:
    """The rows of some ranges: a slice where it is one."""
    if len(ranges) == 1:
        return slice(*ranges[0])
    return np.concatenate([np.arange(start, stop) for start, stop in ranges])


def inputs(record: Dataset, texts: Sequence[Texts]) -> NDArray[np.float32]:
    """The inputs of a set as they stand in its file: (rows, features).

    Numbers with NaN where missing; of words, two categories make one column of 0 and 1 (NaN
    where missing), more make one column each (all 0 where missing).
    """
    columns = [(c, t) for c, t in zip(record.features, texts, strict=False) if c.learnable]
    words = [() if c.kind == "numeric" else _categories(t) for c, t in columns]
    widths = [1 if len(w) in (0, 2) else len(w) for w in words]
    X = np.zeros((record.n_samples, sum(widths)), np.float32)
    at = np.cumsum(widths) - widths
    for (column, values), names, start in zip(columns, words, at.tolist(), strict=True):
        if column.kind == "numeric":
            X[:, start] = numbers(values, column.n_missing > 0)
        else:
            _encode(X, start, values, names)
    return X


def answers(record: Dataset, texts: Texts) -> NDArray[Any]:
    """Class indices in the order of `record.classes`, or the numbers to predict: (rows,)."""
    if not record.classes:
        return numbers(texts, record.target.n_missing > 0).astype(np.float32)
    index = {name: i for i, name in enumerate(record.classes)}
    return np.fromiter(map(index.__getitem__, texts), np.int64, len(texts))


def stamps(column: Column, texts: Texts) -> NDArray[Any]:
    """The times of a series: numbers, or dates as datetime64[s] (a quarter is its first day)."""
    if column.kind == "numeric":
        return numbers(texts, column.n_missing > 0)
    if "Q" in texts[0]:
        texts = [f"{text[:4]}-{3 * int(text[5]) - 2:02}" for text in texts]
    return np.array([text.removesuffix("Z") for text in texts], dtype="datetime64[s]")


def elapsed(times: NDArray[Any]) -> NDArray[np.float32]:
    """Numbers as they are; dates as days since the first: (rows,)."""
    if times.dtype.kind != "M":
        return times.astype(np.float32)
    days: NDArray[np.float64] = (times - times[0]) / DAY
    return days.astype(np.float32)


def _table(record: Dataset) -> tuple[Cells, Cells]:
    texts = read_columns(record)
    return inputs(record, texts), answers(record, texts[-1])


def _series(record: Dataset) -> tuple[Cells, Cells]:
    texts = read_columns(record)
    return elapsed(stamps(record.features[0], texts[0])), answers(record, texts[-1])


def _texts(record: Dataset) -> tuple[Cells, Cells]:
    columns = read_columns(record)
    texts = [t for c, t in zip(record.columns, columns, strict=True) if c.kind == "text"]
    joined = [" ".join(filter(None, row)) for row in zip(*texts, strict=True)]
    return np.array(joined, dtype=object), answers(record, columns[-1])


def _images(record: Dataset, dtype: type) -> tuple[Cells, Cells]:
    X: Cells = np.empty((record.n_samples, *record.features[0].shape), dtype)
    y = np.empty(record.n_samples, np.int64)
    _stack([f for f in record.files if len(f.shape) > 1], X)
    _stack([f for f in record.files if len(f.shape) == 1], y)
    return X, y


def _stack(parts: list[File], out: Cells) -> None:
    at = 0
    for file in parts:
        stop = at + file.shape[0]
        read_idx(file, out[at:stop])
        at = stop


def _categories(texts: Texts) -> tuple[str, ...]:
    return ordered(np.array(list(set(texts) - {""}), dtype=object))


def _encode(X: NDArray[np.float32], start: int, texts: Texts, names: tuple[str, ...]) -> None:
    index = {name: i for i, name in enumerate((*names, ""))}  # "" comes last: missing
    codes = np.fromiter(map(index.__getitem__, texts), np.intp, len(texts))
    if len(names) == 2:
        X[:, start] = np.array([0, 1, np.nan], np.float32)[codes]
        return
    rows = np.flatnonzero(codes < len(names)) if "" in texts else np.arange(len(texts))
    X[rows, start + codes[rows]] = 1
