"""A table of named columns, and the reader that makes one from a CSV file."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurogebra.datasets.cells import NUMERIC, Cells, read_cells
from neurogebra.errors import DataError, UnknownName, short
from neurogebra.registry import near

MAX_BYTES = 256 * 2**20
MAX_COLUMNS = 10_000
MAX_CELLS = 20_000_000
DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of one length under one name each.

    columns: float64 with NaN where a number is missing, or object strings with "" where a
    word is missing; kinds: "numeric", "categorical" or "boolean"; lines: the line of the file
    that each row came from (empty where there is no file).
    """

    names: tuple[str, ...]
    columns: tuple[Cells, ...]
    kinds: tuple[str, ...]
    source: str = "the table"
    lines: NDArray[np.int64] | None = None

    @property
    def n_rows(self) -> int:
        """The number of rows."""
        return len(self.columns[0]) if self.columns else 0

    def column(self, name: str) -> Cells:
        """The values of one column; UnknownName with the near names if it is not there."""
        return self.columns[self._index(name)]

    def kind(self, name: str) -> str:
        """The kind of one column."""
        return self.kinds[self._index(name)]

    def take(self, rows: Any) -> Table:
        """The table of these rows: indices, a slice or a mask."""
        lines = None if self.lines is None else self.lines[rows]
        return Table(
            self.names, tuple(c[rows] for c in self.columns), self.kinds, self.source, lines
        )

    def select(self, names: Sequence[str]) -> Table:
        """The table of these columns, in this order."""
        found = [self._index(name) for name in names]
        return Table(
            tuple(names),
            tuple(self.columns[i] for i in found),
            tuple(self.kinds[i] for i in found),
            self.source,
            self.lines,
        )

    def missing(self, name: str) -> NDArray[np.bool_]:
        """Where one column has no value: (n_rows,) of bool."""
        values = self.column(name)
        gaps: NDArray[np.bool_] = np.isnan(values) if self.kind(name) == NUMERIC else values == ""
        return gaps

    def missing_counts(self) -> dict[str, int]:
        """How many values each column lacks; columns that lack none are left out."""
        counts = {name: int(self.missing(name).sum()) for name in self.names}
        return {name: count for name, count in counts.items() if count}

    def place(self, row: int, name: str) -> str:
        """Where a cell stands, in words; rows count from 1, the header is line 1."""
        if self.lines is None:
            return f"{self.source}, row {row + 1}, column {short(name)}"
        return f"{self.source}, row {row + 1} (line {self.lines[row]}), column {short(name)}"

    def _index(self, name: str) -> int:
        if name not in self.names:
            raise UnknownName("column", name, near(name, self.names))
        return self.names.index(name)


def read_csv(path: str | PathLike[str], *, kinds: Mapping[str, str] | None = None) -> Table:
    """Read a CSV or CSV.GZ file: UTF-8, a header, comma, semicolon or tab between the fields.

    kinds: column → "numeric", "categorical" or "boolean" where the kind is not to be guessed.
    Raises DataError with the line and the column; missing values are kept, see `Table.missing`.
    """
    return parse_csv(read_bytes(path), Path(path).name, kinds=kinds)


def read_bytes(path: str | PathLike[str]) -> bytes:
    """The bytes of a file of at most MAX_BYTES, unpacked if it is gzip."""
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise DataError(f"no file {str(path)!r}") from None
    except (OSError, ValueError) as e:  # ValueError: a zero byte in the name
        reason = (e.strerror if isinstance(e, OSError) else "") or str(e)
        raise DataError(f"{str(path)!r} cannot be read: {reason}") from None
    if data[:2] == b"\x1f\x8b":
        data = unpack(data, Path(path).name)
    if len(data) > MAX_BYTES:
        raise DataError(f"{Path(path).name} is larger than {MAX_BYTES >> 20} MiB; take a sample")
    return data


def unpack(data: bytes, source: str) -> bytes:
    """Gzip bytes unpacked, at most one byte beyond MAX_BYTES, so that a bomb stays small."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error):
        raise DataError(f"{source} is damaged: its gzip data end early or are broken") from None


def parse_csv(data: bytes, source: str, *, kinds: Mapping[str, str] | None = None) -> Table:
    """Read CSV bytes; see `read_csv`."""
    names, rows, lines = _rows(_decode(data, source), source)
    asked = {} if kinds is None else kinds
    columns: list[Cells] = []
    found: list[str] = []
    for name, texts in zip(names, zip(*rows, strict=True), strict=True):

        def place(row: int, name: str = name) -> str:
            return f"{source}, row {row + 1} (line {lines[row]}), column {short(name)}"

        kind, values = read_cells(texts, place, asked.get(name))
        values.flags.writeable = False
        columns.append(values)
        found.append(kind)
    return Table(names, tuple(columns), tuple(found), source, np.array(lines))


def _decode(data: bytes, source: str) -> str:
    zero = data.find(b"\0")
    try:
        if zero < 0:
            return data.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        zero = e.start
    line = data.count(b"\n", 0, zero) + 1
    raise DataError(
        f"{source}, line {line}: not UTF-8 text (byte 0x{data[zero]:02x}); "
        "save the table as CSV in UTF-8"
    )


def _rows(text: str, source: str) -> tuple[tuple[str, ...], list[list[str]], list[int]]:
    if not text.strip():
        raise DataError(f"{source} is empty; expected a header and rows")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    names: tuple[str, ...] = ()
    rows: list[list[str]] = []
    lines: list[int] = []
    line = 1
    try:
        for row in reader:
            if _is_blank(row):
                pass
            elif not names:
                names = _header(row, source)
            elif len(row) != len(names):
                raise DataError(f"{source}, line {line}: {_ragged(len(row), len(names))}")
            else:
                rows.append(row)
                lines.append(line)
            line = reader.line_num + 1
    except csv.Error as e:
        raise DataError(f"{source}, line {line}: {_csv_problem(str(e))}") from None
    if not rows:
        raise DataError(f"{source} has a header and no rows")
    if len(rows) * len(names) > MAX_CELLS:
        raise DataError(
            f"{source} has {len(rows):,} rows of {len(names):,} columns; at most {MAX_CELLS:,} "
            "values are read: take a sample"
        )
    return names, rows, lines


def _delimiter(text: str) -> str:
    head = text.lstrip("\r\n").split("\n", 1)[0]
    outside = "".join(head.split('"')[::2])  # every second piece stands outside quotes
    return max(DELIMITERS, key=outside.count)


def _is_blank(row: list[str]) -> bool:
    return not row or (len(row) == 1 and not row[0].strip())


def _ragged(got: int, expected: int) -> str:
    fields = "1 field" if got == 1 else f"{got} fields"
    return f"{fields}, but the header names {expected}"


def _csv_problem(problem: str) -> str:
    if "unexpected end" in problem:
        return "a quote that opens here is never closed"
    if "field larger" in problem:
        return f"a field of more than {csv.field_size_limit():,} characters; is a quote left open?"
    return f"{problem} (a quote inside a quoted field is written twice)"


def _header(row: list[str], source: str) -> tuple[str, ...]:
    if len(row) > MAX_COLUMNS:
        raise DataError(
            f"{source} has {len(row):,} columns; at most {MAX_COLUMNS:,} are read: "
            "is it transposed (features as rows)?"
        )
    names = tuple(name.strip() for name in row)
    for i, name in enumerate(names, 1):
        if not name:
            raise DataError(
                f"{source}, line 1: column {i} has no name; name it, or remove it if it "
                "only counts the rows"
            )
        if not name.isprintable():
            raise DataError(f"{source}, line 1: column {i} is named {short(name)}: unprintable")
    if all(_reads_as_number(name) for name in names):
        raise DataError(
            f"{source} has no header: its first line holds numbers ({short(', '.join(names))}); "
            "name the columns there"
        )
    for name, count in Counter(names).items():
        if count > 1:
            raise DataError(f"{source}, line 1: {count} columns are called {short(name)}")
    return names


def _reads_as_number(name: str) -> bool:
    try:
        float(name)
    except ValueError:
        return False
    return True
