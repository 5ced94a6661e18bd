"""What the dashboard remembers of a run: bounded however long the run is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from neurogebra.observatory.events import Alert, LayerInfo, Metrics, TrainStart
from neurogebra.observatory.sinks.dashboard_curve import Curve
from neurogebra.observatory.sinks.dashboard_heat import Looks

BATCH_BUCKETS = 1999  # two points each, and the two ends: at most 4,000
EPOCH_BUCKETS = 400
TABLE_ROWS = 400
MOST_METRICS = 12
MAIN_METRICS = ("loss", "val_loss", "accuracy", "val_accuracy")  # kept whatever else there is
MOST_ALERTS = 100
MOST_MARKS = 60  # moments kept of one alert


@dataclass
class EpochRow:
    """One line of the table of epochs."""

    epoch: int
    metrics: Metrics
    learning_rate: float | None
    seconds: float | None
    best: bool = False


@dataclass
class EpochTable:
    """Every `every`-th epoch, the best and the last one."""

    rows: list[EpochRow] = field(default_factory=list)
    every: int = 1
    seen: int = 0
    best: EpochRow | None = None
    last: EpochRow | None = None
    before: EpochRow | None = None  # the last but one

    def add(self, row: EpochRow) -> None:
        """Append the next epoch; a full table keeps every second of its rows."""
        if self.seen % self.every == 0:
            self.rows.append(row)
        if len(self.rows) > TABLE_ROWS:
            self.rows, self.every = self.rows[::2], self.every * 2
        self.seen += 1
        self.before, self.last = self.last, row
        if row.best:
            self.best = row

    def lines(self) -> list[EpochRow]:
        """Return the rows to show, ordered, each epoch once."""
        shown = {row.epoch: row for row in self.rows}
        shown.update({row.epoch: row for row in (self.best, self.last) if row})
        return [shown[epoch] for epoch in sorted(shown)]


@dataclass
class Finding:
    """One alert and its repetitions: when it fired, and its first numbers."""

    alert: Alert
    times: int = 0
    first: int = 0
    last: int = 0
    marks: list[int] = field(default_factory=list)  # epochs, ordered, each once


@dataclass
class Facts:
    """The internal record that both fronts feed and that `page` shows."""

    name: str = "training run"
    engine: str = ""
    seed: int | None = None
    planned: int = 0  # epochs
    train_rows: int = 0
    val_rows: int = 0
    params: int = 0
    layers: tuple[LayerInfo, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    resumed: int = 0  # the step from which it went on
    status: str = "waiting"
    started: float | None = None  # wall clock
    updated: float | None = None
    took: float | None = None  # seconds, said by the loop
    epoch_began: float | None = None
    step: int = 0
    told: int = 0  # updates that were heard of
    epochs: int = 0  # finished
    learning_rate: float | None = None
    batch_loss: Curve = field(default_factory=lambda: Curve(BATCH_BUCKETS))
    metrics: dict[str, Curve] = field(default_factory=dict)
    seconds: Curve = field(default_factory=lambda: Curve(EPOCH_BUCKETS // 2))
    looks: Looks = field(default_factory=Looks)
    table: EpochTable = field(default_factory=EpochTable)
    findings: dict[tuple[str, str, str], Finding] = field(default_factory=dict)
    scores: dict[str, tuple[int, Metrics]] = field(default_factory=dict)  # split: rows, values
    verdict: tuple[str, str, tuple[str, ...]] | None = None  # status, summary, causes
    fingerprint: dict[str, Any] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)  # what did not fit, counted

    def tick(self, time: float) -> None:
        """Take in the wall-clock time of the latest event."""
        self.updated = time
        if self.started is None:
            self.started = time

    def begin(self, event: TrainStart) -> None:
        """Start the record: who runs, on what, with which layers."""
        self.name, self.engine, self.seed = event.name, event.engine, event.seed
        self.planned, self.params, self.layers = event.epochs, event.params, event.layers
        self.train_rows, self.val_rows = event.train_rows, event.val_rows
        self.settings, self.resumed = dict(event.run), event.resumed_step
        self.step, self.status = event.resumed_step, "running"

    def batch(self, step: int, loss: float | None) -> None:
        """Take in one update."""
        self.step, self.told = step, self.told + 1
        self.batch_loss.add(step, loss)
        self.looks.settle()

    def epoch(self, row: EpochRow) -> None:
        """Take in one finished epoch; a metric that is absent leaves a gap in its curve."""
        for name in row.metrics:
            if name in self.metrics:
                continue
            if len(self.metrics) >= MOST_METRICS and name not in MAIN_METRICS:
                self._leave_out("metrics")
            else:
                self.metrics[name] = Curve(EPOCH_BUCKETS)
        number = row.epoch + 1
        for name, curve in self.metrics.items():
            curve.add(number, row.metrics.get(name))
        self.looks.settle()
        self.seconds.add(number, row.seconds)
        self.epochs = number
        self.learning_rate = row.learning_rate
        self.table.add(row)

    def alert(self, alert: Alert) -> None:
        """Take in one alert; the same rule in the same layer is one finding."""
        key = (alert.rule, alert.layer, alert.severity)
        if key not in self.findings and len(self.findings) >= MOST_ALERTS:
            self._leave_out("alerts")
            return
        epoch = alert.epoch + 1 if alert.epoch >= 0 else self.epochs
        found = self.findings.setdefault(key, Finding(alert, first=epoch))
        found.times, found.last = found.times + 1, epoch
        if not found.marks or found.marks[-1] != epoch:
            found.marks.append(epoch)
        if len(found.marks) > MOST_MARKS:
            found.marks = found.marks[::2]

    def score(self, split: str, rows: int, metrics: Metrics) -> None:
        """Take in the scores of the finished model on one part of the data."""
        if len(self.scores) < MOST_METRICS or split in self.scores:
            self.scores[split] = (rows, dict(metrics))
        else:
            self._leave_out("scores")

    def _leave_out(self, what: str) -> None:
        self.left_out[what] = self.left_out.get(what, 0) + 1
