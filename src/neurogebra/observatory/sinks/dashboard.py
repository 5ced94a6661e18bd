"""The run as one offline HTML page, written while it goes on and when it is over."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from numbers import Real
from pathlib import Path
from typing import Any, TypeVar

from neurogebra.errors import RunError
from neurogebra.observatory.events import (
    Alert,
    BatchEnd,
    EpochEnd,
    Evaluated,
    Event,
    LayerSeen,
    Level,
    SinkFailed,
    Stamped,
    TrainEnd,
    TrainStart,
    Verdict,
)
from neurogebra.observatory.sinks.dashboard_facts import EpochRow, Facts
from neurogebra.observatory.sinks.dashboard_page import page
from neurogebra.observatory.verbs import LogEvent

__all__ = ["Dashboard", "DashboardExporter", "Facts", "page"]

E_ = TypeVar("E_", bound=Event)


class Dashboard:
    """A sink that keeps `path` a valid page: at most every `every` seconds, and at the end.

    It listens up to `level`; the gradient chart needs EXPERT events, everything else fewer.
    Time is the events' own. Raises RunError when the file cannot be written.
    """

    name = "dashboard"
    hears = Level.EXPERT

    def __init__(
        self, path: str | os.PathLike[str], level: Level = Level.EXPERT, *, every: float = 5.0
    ) -> None:
        self.path, self.level, self.every = Path(path), level, every
        self.facts = Facts()
        self._written: float | None = None  # the time of the event before the last write
        self._stale = False

    def handle(self, stamped: Stamped) -> None:
        """Take one event in, and write the page when it is time."""
        self.recall(stamped)
        if isinstance(stamped.event, TrainEnd) or self._is_time(stamped.time):
            self._write()

    def recall(self, stamped: Stamped) -> None:
        """Take in an event of a run that goes on; the page is not written for it."""
        note(self.facts, stamped.event)
        self.facts.updated = stamped.time
        if self.facts.started is None:
            self.facts.started = stamped.time
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
        return self._written is None or not 0 <= now - self._written < self.every

    def _write(self) -> None:
        write_page(self.path, page(self.facts))
        self._written, self._stale = self.facts.updated, False


class DashboardExporter(Dashboard):
    """The same page as a backend of a TrainingLogger, from the records of its verbs.

    What the records do not say, such as shapes and formulas, the page leaves out. As a sink
    of a run it is a Dashboard.
    """

    def __init__(
        self, path: str | os.PathLike[str], level: Level = Level.EXPERT, *, every: float = 5.0
    ) -> None:
        super().__init__(path, level, every=every)
        self._begun: float | None = None  # when the epoch that goes on began

    def handle_event(self, record: LogEvent) -> None:
        """Take one record in, and write the page when it is time."""
        if self.facts.started is None:
            self.facts.started = record.timestamp
        self._record(record)
        self.facts.updated, self._stale = record.timestamp, True
        if record.event_type == "train_end" or self._is_time(record.timestamp):
            self._write()

    def save(self) -> Path:
        """Write the page and return where."""
        self._write()
        return self.path

    def _record(self, record: LogEvent) -> None:
        facts, data = self.facts, record.data
        match record.event_type:
            case "train_start":
                facts.status = "running"
                facts.planned = int(data.get("total_epochs", data.get("epochs", 0)))
                facts.name = str((data.get("model_info") or data).get("name", facts.name))
            case "epoch_start":
                self._begun = record.timestamp
            case "batch_end":
                loss = (data.get("metrics") or {}).get("loss", data.get("loss"))
                facts.batch(facts.step + 1, loss)
            case "gradient_computed" if "gradient" in data:
                facts.gradient(record.layer_name or "", facts.step, data["gradient"]["norm"])
            case "epoch_end":
                facts.epoch(self._row(record))
            case "health_check":
                facts.alert(_alert(record))
            case "train_end":
                facts.status = str(data.get("reason", "completed"))
                facts.took = record.timestamp - (facts.started or record.timestamp)

    def _row(self, record: LogEvent) -> EpochRow:
        measured = (record.data.get("metrics") or {}).items()
        metrics = {n: float(v) for n, v in measured if isinstance(v, Real)}
        seconds = None if self._begun is None else record.timestamp - self._begun
        epoch = self.facts.epochs if record.epoch is None else record.epoch
        return EpochRow(epoch, metrics, record.data.get("learning_rate"), seconds)


def _alert(record: LogEvent) -> Alert:
    data = record.data
    return Alert(
        rule=str(data.get("check_name", data.get("rule", "health check"))),
        severity=record.severity,
        message=record.message,
        advice=tuple(map(str, data.get("recommendations", data.get("advice", ())))),
        layer=record.layer_name or "",
        epoch=-1 if record.epoch is None else record.epoch,
    )


def note(facts: Facts, event: Event) -> None:
    """Put one event on the record; what the page does not show is passed over."""
    taker = _TAKERS.get(type(event))
    if taker:
        taker(facts, event)


def _layer_seen(facts: Facts, event: LayerSeen) -> None:
    if event.site == "gradient":
        facts.gradient(event.layer, event.step, event.stats.norm)


def _epoch_end(facts: Facts, event: EpochEnd) -> None:
    row = EpochRow(event.epoch, event.metrics, event.learning_rate, event.seconds, event.best)
    facts.step = event.step
    facts.epoch(row)


def _train_end(facts: Facts, event: TrainEnd) -> None:
    facts.status, facts.took, facts.step = event.reason, event.seconds, event.step


def _verdict(facts: Facts, event: Verdict) -> None:
    facts.verdict = (event.status, event.summary, event.causes)


def _sink_failed(facts: Facts, event: SinkFailed) -> None:
    message = f"The listener {event.sink!r} failed and was taken off: {event.error}"
    facts.alert(Alert(rule="sink_failed", severity="warning", message=message))


_TAKERS: dict[type[Event], Callable[[Facts, Any], None]] = {
    TrainStart: Facts.begin,
    BatchEnd: lambda facts, event: facts.batch(event.step, event.loss),
    LayerSeen: _layer_seen,
    EpochEnd: _epoch_end,
    Alert: Facts.alert,
    Evaluated: lambda facts, event: facts.score(event.split, event.rows, event.metrics),
    TrainEnd: _train_end,
    Verdict: _verdict,
    SinkFailed: _sink_failed,
}


def write_page(path: Path, text: str) -> None:
    """Replace the file at `path` in one step, so that a reader never sees half a page."""
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8", newline="\n")
        part.replace(path)
    except OSError as problem:
        raise RunError(f"{path}: the dashboard cannot be written: {problem}") from problem
