"""The numbers in a log, one a row: which step, which array of which layer, which statistic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from functools import lru_cache
from numbers import Real
from typing import Any, NamedTuple

from neurogebra.observatory.events import Level, Stamped, Stats
from neurogebra.observatory.render.text import inert
from neurogebra.observatory.verbs import LogEvent

STATISTICS = tuple(f.name for f in fields(Stats) if f.name != "size")

_OF_UNITS = ("dead_pct", "saturated_pct")
_LONGEST = 200
_KNOWN = 1 << 14  # names that are kept, as they come again at every step
# What the documented verbs call an array, and where a run looks at the same one.
_SITES = {
    "layer_forward": {"output": "forward", "input": "forward_input"},
    "layer_backward": {"output": "backward", "input": "backward_input"},
    "gradient_computed": {"gradient": "gradient"},
    "weight_updated": {"weight": "weight", "update": "update"},
}


class Point(NamedTuple):
    """One number at one moment.

    step: updates made so far; group: "batch", "epoch", a part of the data, or the site of an
    array ("forward", "gradient", …); layer and param are "" for what belongs to none.
    """

    step: int
    epoch: int | None
    time: float
    group: str
    layer: str
    param: str
    statistic: str
    value: float

    @property
    def parts(self) -> tuple[str, ...]:
        """Its name from the general to the special: layer, site, parameter, statistic."""
        words = (self.layer, self.group, self.param, self.statistic)
        return tuple(word for word in words if word)


class Points:
    """Takes records in their order and gives the points of each.

    A run's own events say which update they belong to. For records of a logger the ends of
    batches are counted; where it keeps none of those, the epochs are.
    """

    def __init__(self) -> None:
        self.step = 0
        self._counted = False

    def of(self, record: LogEvent) -> list[Point]:
        """Return the points of a record, none for one without numbers."""
        kind, data = record.event_type, record.data
        step = self._at(kind, record)
        match kind:
            case "batch_end":
                values = {**_numbers(data.get("metrics")), **_numbers(data, "loss", "seconds")}
                rows = _named("batch", values)
            case "epoch_end":
                around = _numbers(data, "learning_rate", "seconds")
                waited = _numbers(data, "waited") if data.get("waited") else {}
                rows = _named("epoch", {**_numbers(data.get("metrics")), **around, **waited})
            case "evaluated":
                rows = _named(str(data.get("split", "")), _numbers(data.get("metrics")))
            case _:
                rows = _seen(kind, record)
        return [Point(step, record.epoch, record.timestamp, *row) for row in rows]

    def _at(self, kind: str, record: LogEvent) -> int:
        own = record.data.get("step")
        if isinstance(own, int) and own > 0:
            self.step = max(self.step, own)  # an alert may speak of an earlier one
            return own
        if kind == "train_start":
            self.step, self._counted = record.data.get("resumed_step", 0), False
        elif kind == "batch_end":
            self.step, self._counted = self.step + 1, True
        elif kind == "epoch_end" and not self._counted:
            self.step = (record.epoch or 0) + 1
        elif kind in _SITES:  # looked at within the update that its batch will end
            return self.step + 1
        return self.step


class PointSink:
    """A sink of a run, and a backend of a TrainingLogger, that is fed with points.

    It asks for batches, and takes the layers' statistics when they were computed for others
    or `level` asks for them.
    """

    name = "points"
    hears = Level.EXPERT

    def __init__(self, level: Level = Level.DETAILED) -> None:
        self.level = level
        self._points = Points()

    def handle(self, stamped: Stamped) -> None:
        """Take one event of a run."""
        self.handle_event(LogEvent.of(stamped))

    def handle_event(self, record: LogEvent) -> None:
        """Take one record of a logger."""
        self._take(record, self._points.of(record))

    def close(self) -> None:
        """Write what is left and let go."""
        raise NotImplementedError

    def _take(self, record: LogEvent, points: list[Point]) -> None:
        raise NotImplementedError


def points(records: Iterable[LogEvent]) -> Iterator[Point]:
    """Yield every number of some records, in their order."""
    counted = Points()
    for record in records:
        yield from counted.of(record)


@lru_cache(_KNOWN)
def path(parts: tuple[str, ...]) -> str:
    """Return a name as one path: parts without control characters, a slash only between them."""
    return "/".join(inert(part, _LONGEST).replace("/", "\\x2f") for part in parts)


def _named(group: str, values: Mapping[str, float]) -> list[tuple[str, str, str, str, float]]:
    return [(group, "", "", name, value) for name, value in values.items()]


def _numbers(values: Any, *names: str) -> dict[str, float]:
    """Return what are numbers among the values; only those named, if any are."""
    if not isinstance(values, Mapping):
        return {}
    return {
        str(name): float(value)
        for name, value in values.items()
        if (not names or name in names) and _is_number(value)
    }


def _is_number(value: Any) -> bool:
    if type(value) is float:  # as nearly all are
        return True
    return isinstance(value, Real) and not isinstance(value, bool)


def _seen(kind: str, record: LogEvent) -> list[tuple[str, str, str, str, float]]:
    data, layer = record.data, record.layer_name or ""
    if isinstance(data.get("stats"), Mapping):
        sites = {str(data.get("site", kind)): data["stats"]}
    else:
        known = _SITES.get(kind, {})
        sites = {site: data[what] for what, site in known.items() if what in data}
    param = str(data.get("param", ""))
    rare = _numbers(data.get("rare"))
    rows = [(str(data.get("site", kind)), layer, param, *pair) for pair in rare.items()]
    rows += [
        (site, layer, param, name, value)
        for site, stats in sites.items()
        for name, value in _numbers(stats, *STATISTICS).items()
        if site == "forward" or name not in _OF_UNITS
    ]
    return rows
