"""Members of tar and zip archives, read into memory by name; nothing is unpacked to disk."""

from __future__ import annotations

import gzip
import io
import lzma
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from neurogebra.errors import Corrupt

MAX_MEMBERS: Final = 500_000
# What zipfile raises for damaged and strange archives, as found by damaging some.
ZIP_FAULTS: Final = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    ValueError,
    IndexError,
    RuntimeError,
)
_ENCRYPTED = 1
_LINK = 0o120000
_UNSAFE = re.compile(r"^/|^[A-Za-z]:|\\|[\x00-\x1f]|(^|/)\.\.(/|$)")


class Bounded(io.RawIOBase):
    """A stream that may give up to `most` bytes; Corrupt for more and for broken packing."""

    def __init__(self, stream: IO[bytes] | gzip.GzipFile, most: int, source: str) -> None:
        self._stream, self._left, self._most, self._source = stream, most, most, source

    def readable(self) -> bool:
        """It is for reading."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill a buffer with what comes next."""
        try:
            data = self._stream.read(len(buffer))
        except (OSError, EOFError, zlib.error) as e:
            raise Corrupt(f"{self._source} is damaged: {e}") from e
        self._left -= len(data)
        if self._left < 0:
            raise Corrupt(f"{self._source} unpacks to more than {self._most:,} bytes")
        buffer[: len(data)] = data
        return len(data)


def gunzip(path: Path, most: int) -> bytes:
    """The bytes of a gzip file, at most `most` of them."""
    with gzip.open(path) as packed:
        return io.BufferedReader(Bounded(packed, most, path.name), 1 << 20).read()


def gunzip_lines(path: Path, most: int, encoding: str = "utf-8") -> Iterator[str]:
    """The lines of a gzip file, unpacked as they are asked for."""
    with gzip.open(path) as packed:
        raw = io.BufferedReader(Bounded(packed, most, path.name), 1 << 20)
        yield from io.TextIOWrapper(raw, encoding, newline="")


def from_tar(path: Path, pattern: str, most: int) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of the members of a tar.gz whose whole name fits a pattern, in its order.

    Raises Corrupt for an unsafe name, a wanted member that is no plain file, a name that comes
    twice, and where all members together unpack to more than `most` bytes.
    """
    wanted, seen = re.compile(pattern), set[str]()
    with gzip.open(path) as packed:
        stream = io.BufferedReader(Bounded(packed, most, path.name), 1 << 20)
        try:
            with tarfile.open(fileobj=stream, mode="r|") as archive:
                for member in archive:
                    if not _wants(member.name, wanted, path, seen):
                        continue
                    file = archive.extractfile(member) if member.isreg() else None
                    if file is None:
                        raise Corrupt(f"{path.name}: {member.name!r} is not a plain file")
                    yield member.name, file.read()
        except tarfile.TarError as e:
            raise Corrupt(f"{path.name} is not a tar archive that can be read: {e}") from e


def from_zip(path: Path | IO[bytes], pattern: str, most: int) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of the members of a zip whose whole name fits a pattern; see `from_tar`."""
    source = Path(path.name) if isinstance(path, Path) else Path("the inner archive")
    wanted, seen, left = re.compile(pattern), set[str](), most
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                if not _wants(member.filename, wanted, source, seen) or member.is_dir():
                    continue
                if (
                    member.flag_bits & _ENCRYPTED
                    or (member.external_attr >> 16) & 0o170000 == _LINK
                ):
                    raise Corrupt(f"{source.name}: {member.filename!r} is not a plain file")
                with archive.open(member) as file:  # counted, whatever the header says
                    data = file.read(left + 1)
                left -= len(data)
                if left < 0:
                    raise Corrupt(f"{source.name} unpacks to more than {most:,} bytes")
                yield member.filename, data
    except Corrupt:
        raise
    except ZIP_FAULTS as e:
        raise Corrupt(f"{source.name} is not a zip archive that can be read: {e}") from e


def only(members: Iterator[tuple[str, bytes]], name: str) -> bytes:
    """The bytes of the one member that fits; Corrupt where there is none."""
    for _, data in members:
        return data
    raise Corrupt(f"the archive has no member {name!r}")


def _wants(name: str, wanted: re.Pattern[str], path: Path, seen: set[str]) -> bool:
    if _UNSAFE.search(name):
        raise Corrupt(f"{path.name} holds the unsafe name {name[:80]!r}")
    if name in seen and wanted.fullmatch(name):
        raise Corrupt(f"{path.name} holds {name!r} twice")
    seen.add(name)
    if len(seen) > MAX_MEMBERS:
        raise Corrupt(f"{path.name} holds more than {MAX_MEMBERS:,} members")
    return wanted.fullmatch(name) is not None
