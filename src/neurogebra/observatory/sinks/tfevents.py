"""TensorBoard's event files, written by hand: framed records of small protocol buffers."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable
from functools import lru_cache

VERSION = b"brain.Event:2"
# The reversed polynomial of Castagnoli, and what a stored checksum is masked with, so that
# the checksum of data that holds checksums stays a good one [TFRecord format].
_CASTAGNOLI, _MASK = 0x82F63B78, 0xA282EAD8
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_STRING = 7  # DataType.DT_STRING


def _row(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (_CASTAGNOLI if byte & 1 else 0)
    return byte


_TABLE = tuple(_row(byte) for byte in range(256))


def crc32c(data: bytes) -> int:
    """Return the CRC-32C of some bytes [RFC 3720, B.4]."""
    crc, table = 0xFFFFFFFF, _TABLE
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def framed(data: bytes) -> bytes:
    """Return one record of a TFRecord file: length, its checksum, the bytes, their checksum."""
    length = struct.pack("<Q", len(data))
    return b"".join((length, _masked(length), data, _masked(data)))


def first(time: float) -> bytes:
    """Return the event that a file begins with; it names the version of the format."""
    return _time(time) + _bytes(3, VERSION)


def event(time: float, step: int, values: Iterable[bytes]) -> bytes:
    """Return an `Event` with a `Summary` of the values at one step; time: seconds."""
    summary = b"".join(_bytes(1, value) for value in values)
    return _time(time) + _tag(2, _VARINT) + _varint(step) + _bytes(5, summary)


def scalar(tag: str, value: float) -> bytes:
    """Return a number under a tag; what is beyond float32 becomes infinite."""
    try:
        number = struct.pack("<f", value)
    except OverflowError:
        number = struct.pack("<f", math.copysign(math.inf, value))
    return _named(tag) + number


def text(tag: str, words: str) -> bytes:
    """Return words under a tag, for TensorBoard's page of texts, which reads Markdown."""
    shape = _bytes(2, _tag(1, _VARINT) + _varint(1))  # one dimension of size 1
    tensor = _tag(1, _VARINT) + _varint(_STRING) + _bytes(2, shape)
    tensor += _bytes(8, words.encode("utf-8"))
    plugin = _bytes(1, _bytes(1, b"text"))
    return _bytes(1, tag.encode("utf-8")) + _bytes(8, tensor) + _bytes(9, plugin)


@lru_cache(1 << 14)
def _named(tag: str) -> bytes:
    return _bytes(1, tag.encode("utf-8")) + _tag(2, _FIXED32)


def _masked(data: bytes) -> bytes:
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + _MASK) & 0xFFFFFFFF)


def _time(time: float) -> bytes:
    return _tag(1, _FIXED64) + struct.pack("<d", time)


def _bytes(field: int, data: bytes) -> bytes:
    return _tag(field, _BYTES) + _varint(len(data)) + data


def _tag(field: int, wire: int) -> bytes:
    return _varint(field << 3 | wire)


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
