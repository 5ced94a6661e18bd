"""The logs of a run read while it writes them: line by line, through a resume, to its end."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from heapq import merge
from pathlib import Path
from typing import NamedTuple

from neurogebra.errors import Corrupt, RunError, short
from neurogebra.observatory.sinks.ndjson_lines import Record, numbered, parse

_LATEST = 1e11  # seconds since 1970; no calendar goes much further
POLL, QUIET = 0.2, 1.0  # seconds between two looks; without news after the end of a run


class Torn(NamedTuple):
    """A file that ends in an unfinished line of so many bytes."""

    name: str
    size: int


class Tail:
    """A file that grows; what `news` gave once it does not give again.

    A file that was replaced, as by a run that was resumed, is read from its beginning, but for
    the records that were there before.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.torn = b""
        self._at, self._line, self._node = 0, 0, -1
        self._last, self._known = -1.0, -1.0  # times of records: the last given, before a change

    def news(self) -> Iterator[Record]:
        """Yield the whole records that came since the last call; Corrupt for a damaged one."""
        try:
            with self.path.open("rb") as file:
                self._look(os.fstat(file.fileno()))
                file.seek(self._at)
                for raw in file:
                    record = parse(raw, self.path, self._line + 1)
                    if record is None or not raw.endswith(b"\n"):
                        self.torn = raw
                        return
                    self.torn = b""
                    self._at, self._line = self._at + len(raw), self._line + 1
                    if (when := _time(record, self.path)) > self._known:
                        self._last = when
                        yield record
        except FileNotFoundError:
            return  # replaced at this moment, or not begun

    def _look(self, now: os.stat_result) -> None:
        if self._node != -1 and (now.st_ino != self._node or now.st_size < self._at):
            self._at, self._line, self._known = 0, 0, self._last
        self._node = now.st_ino


def stored(paths: Sequence[Path], torn: Callable[[Torn], None]) -> Generator[Record, None, None]:
    """Yield the records of some logs in the order in which they happened.

    `torn` is told of each log that ends in an unfinished line. Raises RunError, Corrupt.
    """
    yield from merge(*(_whole(path, torn) for path in paths), key=_seq)


def followed(
    paths: Sequence[Path],
    torn: Callable[[Torn], None],
    *,
    wait: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Generator[Record, None, None]:
    """Yield the records of some logs as they come, until the run is over or the reader stops.

    The end is the `train_end` of basic.log beside them; what follows it, such as scores, is
    still given. A run that was killed has no end: it is waited for, as it may be resumed.
    """
    ending = Tail(paths[0].parent / "basic.log")
    if not ending.path.exists():
        raise RunError(f"{ending.path}: no such log")
    tails = [Tail(path) for path in paths]
    ended, heard = False, clock()
    try:
        while True:
            for record in merge(*(list(tail.news()) for tail in tails), key=_seq):
                heard = clock()
                yield record
            for record in ending.news():
                ended, heard = _ends(record, ended), clock()
            if ended and clock() - heard >= QUIET:
                return
            wait(POLL)
    finally:
        for tail in tails:
            if tail.torn:
                torn(Torn(tail.path.name, len(tail.torn)))


def _ends(record: Record, before: bool) -> bool:
    kind = record["event_type"]
    return kind == "train_end" or (before and kind != "train_start")


def _whole(path: Path, torn: Callable[[Torn], None]) -> Iterator[Record]:
    for raw, record in numbered(path):
        if record is None:
            torn(Torn(path.name, len(raw)))
        else:
            _time(record, path)
            yield record


def _time(record: Record, path: Path) -> float:
    when = record.get("timestamp")
    if not isinstance(when, (int, float)) or isinstance(when, bool) or not 0 <= when < _LATEST:
        raise Corrupt(f"{path}: an event without its time: {short(record)}")
    return float(when)


def _seq(record: Record) -> int:
    seq = record.get("seq", 0)
    return seq if isinstance(seq, int) else 0
