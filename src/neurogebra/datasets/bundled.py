"""The files of the package: checked against their hashes, then read column by column."""

from __future__ import annotations

import csv
import hashlib
import io
import lzma
import zlib
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neurogebra.datasets.cells import CATEGORICAL, NUMERIC, Cells
from neurogebra.datasets.record import Column, Dataset, File
from neurogebra.datasets.table import Table
from neurogebra.errors import Corrupt

DATA: Final = Path(__file__).with_name("data")
CHUNK: Final = 1 << 20
_GZIP: Final = 31  # zlib's number for "with a gzip header, 32 KiB window"
Texts: TypeAlias = list[str]


def read_file(file: File) -> bytes:
    """The bytes of a file of the package; Corrupt where they are not those of the record."""
    try:
        data = (DATA / file.name).read_bytes()
    except FileNotFoundError:
        raise Corrupt(f"{file.name} is missing from {DATA}; install the package again") from None
    return check_bytes(data, file.name, file.sha256)


def check_bytes(data: bytes, name: str, sha256: str) -> bytes:
    """The same bytes, or Corrupt if their SHA-256 is another."""
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise Corrupt(
            f"{name} is not the file that was shipped: expected SHA-256 {sha256[:16]}…, "
            f"got {found[:16]}…; install the package again"
        )
    return data


def read_columns(record: Dataset) -> list[Texts]:
    """The texts of every column of a bundled CSV file, in the record's order; "" is missing.

    Raises Corrupt where the header or the number of rows is not the record's.
    """
    file = record.files[0]
    text = zlib.decompress(read_file(file), _GZIP).decode("utf-8")
    width = len(record.columns)
    if '"' in text:
        flat = list(chain.from_iterable(csv.reader(io.StringIO(text, newline=""), strict=True)))
    else:  # no quotes: a comma is always a border, and so is the end of a line
        flat = text.removesuffix("\n").replace("\n", ",").split(",")
    names = [c.name for c in record.columns]
    if flat[:width] != names or len(flat) != width * (record.n_samples + 1):
        raise Corrupt(f"{file.name} does not hold the rows and columns of its record")
    return [flat[width + i :: width] for i in range(width)]


def read_bundled(record: Dataset) -> Table:
    """The table of a bundled CSV file, as it stands: numbers with NaN, words with ""."""
    texts = read_columns(record)
    columns = [_cells(c, t) for c, t in zip(record.columns, texts, strict=True)]
    kinds = tuple(NUMERIC if c.kind == "numeric" else CATEGORICAL for c in record.columns)
    lines = np.arange(2, record.n_samples + 2)
    names = tuple(c.name for c in record.columns)
    return Table(names, tuple(columns), kinds, record.files[0].name, lines)


def _cells(column: Column, texts: Texts) -> Cells:
    values: Cells = (
        numbers(texts, column.n_missing > 0)
        if column.kind == "numeric"
        else np.array(texts, dtype=object)
    )
    values.flags.writeable = False
    return values


def numbers(texts: Sequence[str], gaps: bool) -> NDArray[np.float64]:
    """The numbers that texts name: (rows,); gaps: an empty text is NaN."""
    if gaps:
        texts = [text or "nan" for text in texts]
    return np.fromiter(map(float, texts), np.float64, len(texts))


def read_idx(file: File, out: NDArray[Any]) -> None:
    """Unpack an xz-packed idx file into `out`, of its shape and of any type that holds bytes.

    A little at a time: beside `out`, memory holds the packed bytes and one chunk.
    Raises Corrupt where the header names another shape.
    """
    packed = read_file(file)
    unpacker = lzma.LZMADecompressor()
    header = unpacker.decompress(packed, 4 + 4 * out.ndim)
    shape = tuple(np.frombuffer(header, ">i4", out.ndim, 4).tolist())
    if header[:4] != bytes((0, 0, 8, out.ndim)) or shape != out.shape:
        raise Corrupt(f"{file.name} does not hold {out.shape} bytes as its record says")
    flat, at = out.reshape(-1), 0
    while not unpacker.eof:
        chunk = np.frombuffer(unpacker.decompress(b"", CHUNK), np.uint8)
        flat[at : at + len(chunk)] = chunk
        at += len(chunk)
