"""Variables of a MATLAB 5 file: arrays of numbers, text, and cells of these; nothing else."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neurogebra.errors import Corrupt

HEADER: Final = 128
_I4, _U4, _MATRIX, _COMPRESSED = 5, 6, 14, 15
_CELL, _CHAR, _NUMBERS = 1, 4, range(6, 16)
_COMPLEX, MAX_DEPTH = 0x0800, 3
# data type number → NumPy's name [MATLAB, "MAT-file format", tables 1-1 and 1-3]
_TYPES = {
    1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8",
    16: "u1", 17: "u2",
}  # fmt: skip
_CLASSES = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4",
            14: "i8", 15: "u8"}  # fmt: skip


def read_mat(data: bytes, names: tuple[str, ...], most: int, source: str) -> dict[str, Any]:
    """The variables of these names; others are skipped.

    A variable is an array, a str, or a list of variables in column order (a cell array).
    most: bytes that a variable may unpack to. Raises Corrupt for what is not MATLAB 5, for
    other kinds of variables under a wanted name, and where a name is missing.
    """
    if len(data) < HEADER or data[126:128] not in (b"IM", b"MI"):
        raise Corrupt(f"{source} is not a MATLAB 5 file")
    order = "<" if data[126:128] == b"IM" else ">"
    reader = _Reader(order, source)
    found: dict[str, Any] = {}
    for kind, body in reader.elements(memoryview(data)[HEADER:]):
        if kind == _COMPRESSED:
            kind, body = reader.inflated(body, most)
        if kind == _MATRIX:
            parts = list(reader.elements(body))
            name = _name(parts, source)
            if name in names:
                found[name] = reader.matrix(parts, 0)
    for name in names:
        if name not in found:
            raise Corrupt(f"{source} has no variable {name!r}")
    return found


class _Reader:
    def __init__(self, order: str, source: str) -> None:
        self.order, self.source = order, source

    def elements(self, data: memoryview) -> Iterator[tuple[int, memoryview]]:
        """(kind, body) of the elements that lie one after another."""
        at = 0
        while at + 8 <= len(data):
            kind, size = np.frombuffer(data, f"{self.order}u4", 2, at).tolist()
            if kind >> 16:  # a small element: size and kind share a word, up to 4 bytes follow
                size, kind, start, step = kind >> 16, kind & 0xFFFF, at + 4, 8
            else:
                start, step = at + 8, 8 + size + (-size % 8 if kind != _COMPRESSED else 0)
            if start + size > len(data):
                raise Corrupt(f"{self.source} ends early")
            yield kind, data[start : start + size]
            at += step

    def inflated(self, packed: memoryview, most: int) -> tuple[int, memoryview]:
        """The element inside a compressed one."""
        machine = zlib.decompressobj()
        try:
            data = machine.decompress(packed, most)
        except zlib.error as e:
            raise Corrupt(f"{self.source} is damaged: {e}") from e
        if machine.unconsumed_tail:
            raise Corrupt(f"{self.source} unpacks to more than {most:,} bytes")
        for element in self.elements(memoryview(data)):
            return element
        raise Corrupt(f"{self.source} ends early")

    def matrix(self, parts: list[tuple[int, memoryview]], depth: int) -> Any:
        """The value of a matrix element from its parts: flags, shape, name, content."""
        if len(parts) < 3:
            raise Corrupt(f"{self.source} holds a variable without a head")
        flags = int(self.values(_U4, parts[0][1][:4])[0])
        shape = tuple(self.values(_I4, parts[1][1]).tolist())
        sort, content = flags & 0xFF, parts[3:]
        if sort == _CELL and depth < MAX_DEPTH:
            if len(content) != prod(shape):
                raise Corrupt(f"{self.source}: a cell array has another size than it says")
            return [self.matrix(list(self.elements(body)), depth + 1) for _, body in content]
        if flags & _COMPLEX or not content or (sort != _CHAR and sort not in _NUMBERS):
            raise Corrupt(f"{self.source} holds a variable of a kind that is not read")
        values = self.values(*content[0])
        if values.size != prod(shape) or min(shape) < 0:
            raise Corrupt(f"{self.source}: an array has another size than it says")
        if sort == _CHAR:
            return "".join(map(chr, values.astype(np.uint16).tolist()))
        return values.reshape(shape, order="F").astype(_CLASSES[sort], copy=False)

    def values(self, kind: int, body: memoryview) -> NDArray[Any]:
        """The numbers of a data element."""
        if kind not in _TYPES or not body or len(body) % np.dtype(_TYPES[kind]).itemsize:
            raise Corrupt(f"{self.source} holds numbers of the unknown kind {kind}")
        return np.frombuffer(body, self.order + _TYPES[kind])


def _name(parts: list[tuple[int, memoryview]], source: str) -> str:
    if len(parts) < 3 or len(parts[0][1]) < 8:
        raise Corrupt(f"{source} holds a variable without a head")
    return bytes(parts[2][1]).decode("ascii", "replace")
