"""The latest numbers of a run as a text file that Prometheus reads."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from neurogebra import files
from neurogebra.errors import RunError
from neurogebra.observatory.events import Level
from neurogebra.observatory.render.text import inert
from neurogebra.observatory.sinks.points import Point, PointSink
from neurogebra.observatory.verbs import LogEvent

# Name → kind and meaning; what a user names is in labels, never in a name.
METRICS: Mapping[str, tuple[str, str]] = {
    "neurogebra_updates_total": ("counter", "Updates made so far."),
    "neurogebra_epochs_total": ("counter", "Epochs finished so far."),
    "neurogebra_batch": ("gauge", "What the last batch measured."),
    "neurogebra_epoch": ("gauge", "What the last epoch measured."),
    "neurogebra_score": ("gauge", "What the finished model scored on a part of the data."),
    "neurogebra_layer": ("gauge", "A statistic of an array of a layer, when last looked at."),
    "neurogebra_alerts_total": ("counter", "How often a health rule fired."),
    "neurogebra_ended": ("gauge", "1 when the run is over, and why."),
    "neurogebra_event_seconds": ("gauge", "When the last event came, in seconds since 1970."),
}

_ENDS = ("epoch_end", "train_end", "verdict")
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


class PrometheusFile(PointSink):
    """Keeps `path` a file in Prometheus' text format, whole at every moment.

    It is written at most every `every` seconds, by the events' own time, and when the run
    ends; a node exporter collects it where its name ends in ".prom". Raises RunError when it
    cannot be written.
    """

    name = "Prometheus"

    def __init__(self, path: str | Path, level: Level = Level.BASIC, *, every: float = 5.0) -> None:
        super().__init__(level)
        self.path, self.every = Path(path), every
        self._run = ""
        self._values: dict[str, dict[str, float]] = {}
        self._known: dict[tuple[str, ...], tuple[str, str]] = {}
        self._written = -math.inf
        self._stale = False

    def text(self) -> str:
        """Return the latest values in the text exposition format."""
        lines = []
        for name, (kind, meaning) in METRICS.items():
            if name in self._values:
                lines += [f"# HELP {name} {meaning}", f"# TYPE {name} {kind}"]
                rows = self._values[name].items()
                lines += [f"{name}{labels} {_number(value)}" for labels, value in rows]
        return "".join(f"{line}\n" for line in lines)

    def save(self) -> Path:
        """Write the file and return where."""
        self._stale = False  # what cannot be written is not tried again on the way out
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"{self.path.parent}: cannot be made: {error.strerror}") from error
        return files.write(self.path, self.text())

    def close(self) -> None:
        """Write what came since the last time."""
        if self._stale:
            self.save()

    def _take(self, record: LogEvent, points: list[Point]) -> None:
        kind = record.event_type
        if kind == "train_start":
            self._values.clear()
            self._known.clear()
            told = record.data.get("name") or record.data.get("model_info", {}).get("name")
            self._run = str(told or "")
        for point in points:
            self._note(point)
        self._count(kind, record)
        self._stale = True
        due = not 0 <= record.timestamp - self._written < self.every
        if due or kind in _ENDS[1:]:
            self._written = record.timestamp
            self.save()

    def _note(self, point: Point) -> None:
        place = point[3:7]
        known = self._known.get(place)
        if known is None:
            metric, labels = _place(point)
            known = self._known[place] = metric, self._labels(**labels)
        self._values.setdefault(known[0], {})[known[1]] = point.value

    def _count(self, kind: str, record: LogEvent) -> None:
        self._set("neurogebra_updates_total", self._points.step)
        self._set("neurogebra_event_seconds", record.timestamp)
        if kind == "epoch_end":
            self._set("neurogebra_epochs_total", 1 + (record.epoch or 0))
        elif kind == "train_end":
            self._set("neurogebra_ended", 1, reason=str(record.data.get("reason", "")))
        elif kind == "health_check":
            rule = str(record.data.get("rule") or record.data.get("check_name") or "")
            labels = self._labels(rule=rule, severity=record.severity)
            rows = self._values.setdefault("neurogebra_alerts_total", {})
            rows[labels] = rows.get(labels, 0.0) + 1.0

    def _set(self, metric: str, value: float, **labels: str) -> None:
        self._values.setdefault(metric, {})[self._labels(**labels)] = float(value)

    def _labels(self, **labels: str) -> str:
        named = {"run": self._run, **labels}
        pairs = (f'{name}="{label(value)}"' for name, value in named.items() if value)
        return "{" + ",".join(pairs) + "}" if any(named.values()) else ""


def _place(point: Point) -> tuple[str, dict[str, str]]:
    """Return the metric and the labels of a point."""
    if point.layer:
        words = {"layer": point.layer, "site": point.group, "param": point.param}
        return "neurogebra_layer", {**words, "statistic": point.statistic}
    if point.group in ("batch", "epoch"):
        return f"neurogebra_{point.group}", {"name": point.statistic}
    return "neurogebra_score", {"split": point.group, "name": point.statistic}


def label(value: str) -> str:
    """Return a text as the value of a label, without control characters and escaped."""
    return inert(value, 200).translate(_ESCAPES)


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return repr(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
