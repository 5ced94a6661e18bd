"""What must be fetched: the files of a set, where they lie, and the hashes they must have."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class RemoteFile:
    """One file to fetch: its addresses in the order to try, its bytes if known, its hash.

    One of sha256 and md5 is there; what has neither is never used.
    """

    name: str
    urls: tuple[str, ...]
    sha256: str = ""
    bytes: int | None = None
    md5: str = ""


@dataclass(frozen=True, kw_only=True)
class Remote:
    """The files of one set and the reader (a name in `readers`) that makes arrays of them.

    instead: the id of a bundled set to use where these cannot be had. openml, version: the
    number under which OpenML describes the set, where its file and hash come from there.
    missing: why the set cannot be fetched at all; empty where it can.
    """

    files: tuple[RemoteFile, ...]
    reader: str
    instead: str = ""
    openml: int | None = None
    version: int | None = None
    missing: str = ""
