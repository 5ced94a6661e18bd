"""Columns of a user's Parquet or JSON lines file, held to one kind each."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from neurogebra.datasets.cells import CATEGORICAL, NUMERIC, Cells
from neurogebra.datasets.table import MAX_BYTES, MAX_CELLS, Table
from neurogebra.errors import DataError, MissingExtra, short


def read_parquet(place: Path) -> Table:
    """The table of a Parquet file; MissingExtra without pyarrow."""
    try:
        parquet = importlib.import_module("pyarrow.parquet")
    except ModuleNotFoundError as e:
        raise MissingExtra("pyarrow", "parquet", "reading Parquet files") from e
    try:
        with parquet.ParquetFile(place) as file:
            head = file.metadata
            if head.num_rows * head.num_columns > MAX_CELLS:
                raise DataError(
                    f"{place.name} has {head.num_rows:,} rows of {head.num_columns:,} columns; "
                    f"at most {MAX_CELLS:,} values are read: take a sample"
                )
            held: Mapping[str, list[Any]] = file.read().to_pydict()
    except (OSError, ValueError) as e:  # pyarrow's errors are of these two kinds
        if isinstance(e, DataError):
            raise
        raise DataError(f"{place.name} is not a Parquet file that can be read: {e}") from e
    return _table(place.name, held)


def read_jsonl(place: Path) -> Table:
    """The table of a file with a JSON object a line, all with the same keys."""
    rows = list(_objects(place))
    if not rows:
        raise DataError(f"{place.name} is empty; expected a JSON object a line")
    names = tuple(rows[0])
    for line, row in enumerate(rows, 1):
        if row.keys() != rows[0].keys():
            odd = sorted(row.keys() ^ rows[0].keys())
            raise DataError(
                f"{place.name}, object {line}: its keys differ from the first's: "
                f"{', '.join(map(short, odd[:5]))}"
            )
    return _table(place.name, {n: [row[n] for row in rows] for n in names})


def _objects(place: Path) -> Iterator[Mapping[str, Any]]:
    if place.stat().st_size > MAX_BYTES:
        raise DataError(f"{place.name} is larger than {MAX_BYTES >> 20} MiB; take a sample")
    with place.open("rb") as file:
        for number, raw in enumerate(file, 1):
            if not raw.strip():
                continue
            try:
                row = json.loads(raw.decode("utf-8-sig"))
            except (ValueError, RecursionError) as e:
                raise DataError(f"{place.name}, line {number}: not a line of JSON: {e}") from None
            if not isinstance(row, dict):
                raise DataError(f"{place.name}, line {number}: expected an object in braces")
            yield row


def _table(source: str, held: Mapping[str, list[Any]]) -> Table:
    columns, kinds = [], []
    for name, values in held.items():
        kind, cells = _cells(f"{source}, column {short(name)}", values)
        columns.append(cells)
        kinds.append(kind)
    return Table(tuple(held), tuple(columns), tuple(kinds), source)


def _cells(where: str, values: list[Any]) -> tuple[str, Cells]:
    present = [v for v in values if v is not None]
    if present and all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in present):
        numbers = np.array([np.nan if v is None else v for v in values], np.float64)
        if np.isinf(numbers).any():
            raise DataError(f"{where}: holds a number that is not finite")
        return NUMERIC, numbers
    odd = [v for v in present if not isinstance(v, (str, bool))]
    if odd:
        kind = "numbers and words" if isinstance(odd[0], (int, float)) else type(odd[0]).__name__
        raise DataError(f"{where}: expected numbers or words in every row, got {kind}")
    words = ["" if v is None else str(v).lower() if isinstance(v, bool) else v for v in values]
    return CATEGORICAL, np.array(words, dtype=object)
