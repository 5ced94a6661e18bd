"""Rows to learn from: bundled, generated and fetched sets, a user's CSV, their preparation."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from neurogebra.datasets.catalog import catalog
from neurogebra.datasets.loaders import Datasets
from neurogebra.datasets.record import Dataset

if TYPE_CHECKING:
    from neurogebra.datasets.prepare import Preparation
    from neurogebra.datasets.source import Source, open_data
    from neurogebra.datasets.split import split_rows
    from neurogebra.datasets.table import Table, read_csv

_HOMES = {
    "Preparation": "prepare",
    "Source": "source",
    "Table": "table",
    "open_data": "source",
    "read_csv": "table",
    "split_rows": "split",
}

__all__ = [
    "Dataset",
    "Datasets",
    "Preparation",
    "Source",
    "Table",
    "catalog",
    "open_data",
    "read_csv",
    "split_rows",
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first asked for, so that listing sets needs no NumPy."""
    if name in _HOMES:
        return getattr(import_module(f"neurogebra.datasets.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
