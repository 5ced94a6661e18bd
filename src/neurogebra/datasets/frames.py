"""Sets as pandas frames: columns under their names, words as they stand in the file."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from neurogebra.datasets.arrays import Loaded, stamps
from neurogebra.datasets.bundled import read_columns
from neurogebra.datasets.record import Column, Dataset
from neurogebra.errors import BadValue, MissingExtra


def pandas() -> Any:
    """The library, or MissingExtra."""
    try:
        return importlib.import_module("pandas")
    except ModuleNotFoundError as e:
        raise MissingExtra("pandas", "data", "return_frame=True") from e


def require_frame(record: Dataset) -> None:
    """Refuse images (BadValue), and everything where pandas is not installed (MissingExtra)."""
    if record.form == "images":
        raise BadValue("return_frame", "False for images", True, "a pixel is not a column")
    pandas()


def read_frames(record: Dataset) -> tuple[Any, Any]:
    """The features of a bundled set as a DataFrame, and its target as a Series.

    Every feature is there, names, texts and dates as well; what follows from the answer is not.
    Numbers are float64, categories and classes are pandas categories, dates are datetime64.
    """
    pd = pandas()
    texts = read_columns(record)
    columns = {c.name: _values(pd, c, t) for c, t in zip(record.columns, texts, strict=True)}
    target = pd.Series(columns[record.target.name], name=record.target.name)
    return pd.DataFrame({c.name: columns[c.name] for c in record.features}), target


def framed(record: Dataset, loaded: Loaded) -> tuple[Any, Any]:
    """Arrays that were made or fetched, as a DataFrame and a Series."""
    pd = pandas()
    X = loaded.X.reshape(len(loaded.X), -1)
    names = [c.name for c in record.features]
    if len(names) != X.shape[1]:  # generated with another number of columns than its record
        names = [f"x{i + 1}" for i in range(X.shape[1])]
    target = pd.Series(loaded.y, name=record.target.name)
    return pd.DataFrame(dict(zip(names, X.T, strict=True))), target


def _values(pd: Any, column: Column, texts: list[str]) -> Any:
    if column.kind in ("numeric", "datetime"):
        return stamps(column, texts)
    words = np.array([text or None for text in texts], dtype=object)
    if column.kind == "text":
        return words
    known = column.categories or sorted(set(texts) - {""})
    return pd.Categorical(words, categories=known)
