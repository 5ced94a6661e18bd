"""Whether a file is the one that was asked for, and in words why not."""

from __future__ import annotations

import hashlib
from pathlib import Path

from neurogebra.datasets.remote import RemoteFile

HEAD = 512
_PAGES = (b"<!doctype html", b"<html", b"<head", b"<?xml")


class Tally:
    """The size, the first bytes and the hashes of what went by."""

    def __init__(self) -> None:
        self.size = 0
        self.head = b""
        self._sha256 = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False)

    def add(self, data: bytes) -> None:
        """Count one piece."""
        self.size += len(data)
        if len(self.head) < HEAD:
            self.head += data[: HEAD - len(self.head)]
        self._sha256.update(data)
        self._md5.update(data)

    def fault(self, file: RemoteFile) -> str:
        """What is wrong with it as a copy of `file`; "" where nothing is."""
        proofs = ((file.sha256, self._sha256, "SHA-256"), (file.md5, self._md5, "MD5"))
        wanted = [(want, made.hexdigest(), kind) for want, made, kind in proofs if want]
        if not wanted:
            return "no hash is known that could prove it"
        if all(want == got for want, got, _ in wanted) and file.bytes in (None, self.size):
            return ""
        if is_page(self.head):
            return "a web page came instead of the data"
        if file.bytes is not None and file.bytes != self.size:
            return f"{self.size:,} bytes instead of {file.bytes:,}"
        want, got, kind = next(w for w in wanted if w[0] != w[1])
        return f"{kind} {got[:16]}… instead of {want[:16]}…"


def is_page(head: bytes) -> bool:
    """Whether bytes begin as HTML or XML does."""
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_PAGES)


def fault_of(path: Path, file: RemoteFile) -> str:
    """What is wrong with a stored copy of `file`; "" where nothing is."""
    tally = Tally()
    with path.open("rb") as stored:
        while piece := stored.read(1 << 20):
            tally.add(piece)
    return tally.fault(file)
