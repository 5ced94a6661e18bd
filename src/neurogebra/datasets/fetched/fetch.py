"""The files of a set in the cache: found there, or fetched, checked and moved into place."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final
from urllib.parse import urlsplit

from neurogebra.datasets.fetched.cache import (
    OFFLINE,
    clear_parts,
    locked,
    make_folder,
    offline,
    open_part,
    root,
)
from neurogebra.datasets.fetched.checks import fault_of
from neurogebra.datasets.fetched.download import Failed, NoRoom, Sink, get, no_room, progress
from neurogebra.datasets.record import Dataset
from neurogebra.datasets.remote import RemoteFile
from neurogebra.errors import DataError, RunError
from neurogebra.files import sync_folder

MAX_UNKNOWN: Final = 512 * 2**20  # bytes of a file whose size nobody has stated


class NotFetched(DataError):
    """A set that cannot be had: what was tried, where the file belongs, what to use instead."""


def stored(record: Dataset) -> dict[str, Path]:
    """The files of a set by name, fetched where the cache lacks them.

    Every file is held against its hash each time; one that differs is fetched again. Raises
    NotFetched, MissingExtra without pooch, RunError where the cache cannot be written.
    """
    remote = record.remote
    if remote is None:
        raise DataError(f"{record.id} is not a set that is fetched")
    if remote.missing:
        raise NotFetched(with_other(record, f"{record.id} cannot be fetched: {remote.missing}"))
    folder = root() / record.id
    odd = {file.name: _odd(folder / file.name, file) for file in remote.files}
    wanted = [file for file in remote.files if odd[file.name]]
    if wanted:
        _announce(record, wanted, odd, folder)
    for file in wanted:
        obtain(record, file, folder)
    return {file.name: folder / file.name for file in remote.files}


def obtain(record: Dataset, file: RemoteFile, folder: Path) -> Path:
    """One file in the cache; of several processes that ask at once, one fetches it."""
    path = make_folder(folder) / file.name
    with locked(path):
        if _odd(path, file):
            clear_parts(path)
            _fetch(record, file, path)
    return path


def size_of(count: int | None) -> str:
    """A number of bytes, for people."""
    if count is None:
        return "size not known"
    return f"{count:,} bytes" if count < 10_000 else f"{count / 1e6:,.2f} MB"


def tell(text: str) -> None:
    """Say a line on stderr."""
    sys.stderr.write(text + "\n")


def with_other(record: Dataset, text: str) -> str:
    """A sentence, and after it the bundled set that can be used instead."""
    other = record.remote.instead if record.remote else ""
    return text + (
        f". Bundled and ready without a download: Datasets.load_{other}()" if other else ""
    )


def _odd(path: Path, file: RemoteFile) -> str:
    try:
        return fault_of(path, file)
    except (FileNotFoundError, NotADirectoryError):
        return "absent"
    except OSError as error:
        raise RunError(f"{path}: cannot be read: {error.strerror}") from error


def _announce(record: Dataset, wanted: list[RemoteFile], odd: dict[str, str], folder: Path) -> None:
    for file in wanted:
        if odd[file.name] != "absent":
            tell(
                f"{record.id}: {folder / file.name} is not the file it should be: "
                f"{odd[file.name]}; it is fetched again"
            )
    if offline():
        names = ", ".join(f"{f.name} ({size_of(f.bytes)})" for f in wanted)
        why = f"{record.id} is not in the cache, and {OFFLINE} forbids to fetch it: {names}"
        raise NotFetched(with_other(record, f"{why} would lie in {folder}"))
    sizes = [f.bytes for f in wanted]
    total = None if None in sizes else sum(s or 0 for s in sizes)
    count = "1 file" if len(wanted) == 1 else f"{len(wanted)} files"
    tell(f"{record.id}: fetching {count} ({size_of(total)}) into {folder}")


def _fetch(record: Dataset, file: RemoteFile, path: Path) -> None:
    """Try the addresses in their order, a single one twice, until a right copy has come."""
    _require_room(record, file, path)
    tried: list[str] = []
    for url in file.urls if len(file.urls) > 1 else file.urls * 2:
        tell(f"  {file.name}, {size_of(file.bytes)}, from {urlsplit(url).netloc}")
        try:
            _once(url, file, path)
        except Failed as failure:
            tried.append(f"{url} ({failure})")
            tell(f"    failed: {failure}")
        except NoRoom as error:
            raise _no_room(record, file, path, str(error)) from error
        else:
            return
    text = f"{record.id}: {file.name} ({size_of(file.bytes)}) could not be fetched; tried "
    belongs = f"; a good copy belongs at {path}"
    raise NotFetched(with_other(record, text + ", ".join(tried) + belongs))


def _once(url: str, file: RemoteFile, path: Path) -> None:
    limit = MAX_UNKNOWN if file.bytes is None else file.bytes
    with _part(path) as (target, part), progress(file.name, file.bytes) as seen:
        sink = Sink(target, limit, seen)
        get(url, sink)
        if fault := sink.tally.fault(file):
            raise Failed(fault)
        try:
            target.flush()
            os.fsync(target.fileno())
            target.close()
            os.chmod(part, 0o644)  # mkstemp made it private
            os.replace(part, path)
            sync_folder(path.parent)
        except OSError as error:
            raise no_room(error) from error


@contextmanager
def _part(path: Path) -> Iterator[tuple[IO[bytes], Path]]:
    target, part = open_part(path)
    try:
        yield target, part
    finally:
        with suppress(OSError):  # a full disk says it again on closing, of a file that goes
            target.close()
        part.unlink(missing_ok=True)


def _require_room(record: Dataset, file: RemoteFile, path: Path) -> None:
    free = shutil.disk_usage(path.parent).free
    if file.bytes is not None and free < file.bytes:
        raise _no_room(record, file, path, f"only {size_of(free)} are free")


def _no_room(record: Dataset, file: RemoteFile, path: Path, why: str) -> RunError:
    return RunError(
        f"{record.id}: {file.name} ({size_of(file.bytes)}) cannot be stored in {path.parent}: "
        f"{why}; make room, or name another folder in the environment variable NEUROGEBRA_DATA"
    )
