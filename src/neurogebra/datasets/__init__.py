"""Rows to learn from: bundled and generated sets, a user's CSV, and their preparation."""

from neurogebra.datasets.catalog import catalog
from neurogebra.datasets.loaders import Datasets
from neurogebra.datasets.prepare import Preparation
from neurogebra.datasets.record import Dataset
from neurogebra.datasets.source import Source, open_data
from neurogebra.datasets.split import split_rows
from neurogebra.datasets.table import Table, read_csv

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
