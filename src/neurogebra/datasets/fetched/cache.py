"""The folder that fetched files are kept in: where it is, and one writer at a time."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from neurogebra.errors import RunError

FOLDER: Final = "NEUROGEBRA_DATA"
OFFLINE: Final = "NEUROGEBRA_OFFLINE"
PAUSE: Final = 0.1
_OFF = ("", "0", "false", "no", "off")


def root() -> Path:
    """The folder: `NEUROGEBRA_DATA`, or `neurogebra` in the platform's folder for caches."""
    chosen = os.environ.get(FOLDER, "")
    if chosen:
        return Path(chosen).expanduser().absolute()
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA", "")
        return (Path(local) if local else Path.home() / "AppData/Local") / "neurogebra/Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library/Caches/neurogebra"
    xdg = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(xdg) if os.path.isabs(xdg) else Path.home() / ".cache") / "neurogebra"


def offline() -> bool:
    """Whether `NEUROGEBRA_OFFLINE` forbids to fetch."""
    return os.environ.get(OFFLINE, "").strip().lower() not in _OFF


def make_folder(folder: Path) -> Path:
    """The folder, made if it is not there; RunError where it cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(
            f"{folder}: the cache folder cannot be made: {error.strerror}; "
            f"name another in the environment variable {FOLDER}"
        ) from error
    return folder


def open_part(path: Path) -> tuple[IO[bytes], Path]:
    """A new file beside `path` to write into before it is moved there."""
    try:
        handle, name = tempfile.mkstemp(prefix=_prefix(path), suffix=".part", dir=path.parent)
    except OSError as error:
        raise RunError(
            f"{path.parent}: the cache folder cannot be written: {error.strerror}; "
            f"name another in the environment variable {FOLDER}"
        ) from error
    return os.fdopen(handle, "wb"), Path(name)


def clear_parts(path: Path) -> None:
    """Remove what killed processes left of `path`; call it with the lock held."""
    for part in path.parent.glob(f"{_prefix(path)}*.part"):
        part.unlink(missing_ok=True)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a file: others wait, in this process and in others.

    The system takes the lock back when a process ends, however it ends.
    """
    lock = path.with_name(f".{path.name}.lock")
    try:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise RunError(f"{lock}: cannot be opened: {error.strerror}") from error
    try:
        while not _taken(handle):
            time.sleep(PAUSE)
        yield
    finally:
        os.close(handle)


def _prefix(path: Path) -> str:
    return f".{path.name}."


def _taken(handle: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # what the two systems say of a lock that is held
        return False
    return True
