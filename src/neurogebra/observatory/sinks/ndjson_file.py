"""One append-only file of lines: buffered, counted, mended after a crash, cut at a step."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from neurogebra.errors import RunError
from neurogebra.files import sync_folder
from neurogebra.observatory.sinks.ndjson_lines import Log, numbered, parse, read


class LogFile:
    """A log that grows: `count` records, the last of them numbered `last_seq` (-1: none).

    `torn` holds the bytes of an unfinished last line that was found, and taken off, at first.
    The file is open only while lines are written, so nothing is left behind by a lost object.
    """

    def __init__(self, path: Path, buffer_size: int) -> None:
        self.path, self._most, self._closed = path, buffer_size, False
        self._lines: deque[str] = deque()
        self._writing = threading.RLock()
        self._failure: RunError | None = None
        with _told(path):
            path.touch()
            self.count, self.last_seq, self.torn = _mend(path)

    def append(self, line: str) -> None:
        """Gather one line, and write what is gathered when it is `buffer_size` lines."""
        if self._closed:
            raise RunError(f"{self.path}: closed; open a new TieredStorage to continue it")
        if self._failure is not None:
            raise self._failure
        self._lines.append(line)
        self.count += 1
        if len(self._lines) >= self._most:
            self.flush()

    def flush(self, *, sync: bool = False) -> None:
        """Hand the gathered lines to the operating system in one piece; sync: to the disk."""
        with self._writing:
            if not self._lines and not sync:
                return
            gathered = [self._lines.popleft() for _ in range(len(self._lines))]
            with _told(self.path), self.path.open("ab") as file:
                file.write("".join(f"{line}\n" for line in gathered).encode("ascii"))
                if sync:
                    file.flush()
                    os.fsync(file.fileno())

    def tend(self) -> None:
        """Flush from another thread; what fails is raised by the next `append`."""
        try:
            self.flush()
        except RunError as error:
            self._failure = error

    def close(self) -> None:
        """Write and sync what there is; nothing can be appended after that."""
        if not self._closed:
            self.flush(sync=True)
            self._closed = True

    def read(self) -> Log:
        """Return the records of the file, those still gathered included."""
        self.flush()
        return read(self.path)

    def truncate_after(self, step: int) -> int:
        """Drop the records whose `step` is greater, atomically; return how many they were."""
        self.flush()
        temp = self.path.with_name(f".{self.path.name}.tmp")
        with _told(self.path):
            try:
                dropped = _copy_until(self.path, temp, step)
                if dropped:
                    temp.replace(self.path)
                    sync_folder(self.path.parent)
            finally:
                temp.unlink(missing_ok=True)
        self.count -= dropped
        return dropped


def _copy_until(path: Path, temp: Path, step: int) -> int:
    dropped = 0
    with temp.open("wb") as kept:
        for raw, record in numbered(path):
            if record is not None and record.get("step", 0) > step:
                dropped += 1
            else:
                kept.write(raw)
        kept.flush()
        os.fsync(kept.fileno())
    return dropped


def _mend(path: Path) -> tuple[int, int, bytes]:
    """Make the file end in a whole line; return its count, its last seq, and what was cut."""
    count, before, last = 0, b"", b""
    with path.open("rb") as file:
        for raw in file:
            count, before, last = count + 1, last, raw
    record = parse(last, path, count) if last else {}
    if record is None:
        os.truncate(path, path.stat().st_size - len(last))
        whole = parse(before, path, count - 1) if before else {}
        return count - 1, _seq(whole), last
    if last and not last.endswith(b"\n"):
        with path.open("ab") as file:
            file.write(b"\n")
    return count, _seq(record), b""


def _seq(record: dict[str, object] | None) -> int:
    seq = (record or {}).get("seq", -1)
    return seq if isinstance(seq, int) else -1


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except RunError:
        raise
    except OSError as error:
        raise RunError(f"{path}: cannot be written: {error.strerror or error}") from error
