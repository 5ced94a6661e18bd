"""The run as one offline HTML page, written while it goes on and when it is over."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neurogebra import files
from neurogebra.errors import RunError
from neurogebra.observatory.events import Level, Stamped, TrainEnd, TrainStart
from neurogebra.observatory.sinks.dashboard_facts import Facts
from neurogebra.observatory.sinks.dashboard_notes import note, note_record
from neurogebra.observatory.sinks.dashboard_page import page
from neurogebra.observatory.verbs import LogEvent

__all__ = ["Dashboard", "DashboardExporter", "Facts", "page"]

SHARE = 0.01
"""The share of a run's time that writing its page may take."""


class Dashboard:
    """A sink that keeps `path` a valid page: at most every `every` seconds, and at the end.

    It asks for what `level` says and takes whatever others asked for: the maps of the layers
    need EXPERT, their histograms DEBUG, everything else less. A page that takes long to write
    is written less often, so that writing takes at most `SHARE` of the time. Time is the
    events' own. A second run begins a new page. Raises RunError when the file cannot be written.
    """

    name = "dashboard"
    hears = Level.EXPERT

    def __init__(
        self, path: str | os.PathLike[str], level: Level = Level.EXPERT, *, every: float = 5.0
    ) -> None:
        self.path, self.level, self.every = Path(path), level, every
        self.facts = Facts()
        self._written: float | None = None  # the time of the event before the last write
        self._cost = 0.0  # seconds that it took
        self._stale = False

    def handle(self, stamped: Stamped) -> None:
        """Take one event in, and write the page when it is time."""
        self.recall(stamped)
        if isinstance(stamped.event, TrainEnd) or self._is_time(stamped.time):
            self._write()

    def recall(self, stamped: Stamped) -> None:
        """Take in an event of a run that goes on; the page is not written for it."""
        event = stamped.event
        if isinstance(event, TrainStart) and not event.resumed_step:
            self._begin()
        note(self.facts, event)
        self.facts.tick(stamped.time)
        self._stale = True

    def add_fingerprint(self, fingerprint: Mapping[str, Any]) -> None:
        """Show what reproduces the run: plain values, nested as they are."""
        self.facts.fingerprint = dict(fingerprint)
        self._stale = True

    def close(self) -> None:
        """Write what has changed since the last write."""
        if self._stale:
            self._write()

    def _is_time(self, now: float) -> bool:
        pause = max(self.every, self._cost / SHARE)
        return self._written is None or not 0 <= now - self._written < pause

    def _begin(self) -> None:
        if self.facts.status != "waiting":
            self.facts = Facts(fingerprint=self.facts.fingerprint)

    def _write(self) -> None:
        began = time.perf_counter()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"{self.path}: cannot be written: {error.strerror}") from error
        files.write(self.path, page(self.facts))
        self._written, self._stale = self.facts.updated, False
        self._cost = time.perf_counter() - began


class DashboardExporter(Dashboard):
    """The same page as a backend of a TrainingLogger, from the records of its verbs.

    What the records do not say, such as shapes and formulas, the page leaves out. As a sink
    of a run it is a Dashboard.
    """

    def handle_event(self, record: LogEvent) -> None:
        """Take one record in, and write the page when it is time."""
        note_record(self.facts, record)
        self._stale = True
        if record.event_type == "train_end" or self._is_time(record.timestamp):
            self._write()

    def save(self) -> Path:
        """Write the page and return where."""
        self._write()
        return self.path
