"""What must be fetched: the files of a set, where they lie, and the hashes they must have."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class RemoteFile:
    """One file to fetch: its addresses in the order to try, its bytes if known, its hash."""

    name: str
    urls: tuple[str, ...]
    sha256: str
    bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class Remote:
    """The files of one set and the reader (a name in `readers`) that makes arrays of them.

    instead: the id of a bundled set to use where these cannot be had.
    """

    files: tuple[RemoteFile, ...]
    reader: str
    instead: str = ""
