"""A log that stays small: what it asks for, and how much smaller it is than one of everything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from neurogebra.observatory.events import (
    SEVERITIES,
    Alert,
    BatchEnd,
    EpochStart,
    Event,
    LayerSeen,
    Level,
    TrainStart,
)
from neurogebra.observatory.render.text import count, percent
from neurogebra.observatory.sinks.spread import evenly

# Epochs of whose first update the layers are asked for, in full detail.
EPOCHS = 12
# Updates after an alert whose layers are asked for, and updates until another alert may ask.
AFTER, CALM = 3, 100


@dataclass(frozen=True)
class Kept:
    """What a log holds, beside one of every layer at every update: events and bytes.

    The bytes of that one are those of its events at the mean size of the lines written here.
    """

    events: int
    size: int
    of_events: int
    of_size: int

    @property
    def saved(self) -> float:
        """The share of the bytes that was not written, in percent."""
        return 100.0 * max(0.0, 1.0 - self.size / self.of_size)

    def __str__(self) -> str:
        if self.of_events <= self.events:
            told = f"{count(self.events)} events, {_bytes(self.size)}"
            return f"Logs: {told}: every layer at every step"
        told = f"{count(self.events)} of {count(self.of_events)} events, {_bytes(self.size)}"
        return f"Logs: {told}: {percent(self.saved)} less than every layer at every step"


class Plan:
    """What a brief log asks for: layers of a few epochs, and of the updates after an alert.

    What others ask for it takes as well, whatever it is: what a rule has read can be read
    again. It hangs on nothing but the events, so that a run that was resumed has the same log.
    """

    def __init__(self) -> None:
        self._chosen: frozenset[int] = frozenset()
        self._deep = False
        self._step, self._until, self._calm = 0, 0, 0
        self._at, self._seen = -1, 0
        self.arrays = 0  # of one look
        self.written = {LayerSeen: (0, 0), BatchEnd: (0, 0)}  # lines and bytes

    @property
    def level(self) -> Level:
        """DEBUG for the first update of a chosen epoch, else BASIC."""
        return Level.DEBUG if self._deep else Level.BASIC

    @property
    def looks(self) -> bool:
        """Whether the layers of the next update explain an alert."""
        return self._step < self._until

    def hear(self, event: Event) -> None:
        """Take in one event."""
        match event:
            case TrainStart():
                self._chosen, self._step = evenly(0, event.epochs, EPOCHS), event.resumed_step
            case EpochStart():
                self._deep = event.epoch in self._chosen
            case LayerSeen():
                self._seen = self._seen + 1 if event.step == self._at else 1
                self._at, self.arrays = event.step, max(self.arrays, self._seen)
            case BatchEnd():
                self._deep, self._step = False, event.step
            case Alert():
                self.alerted(event.step, event.severity)

    def alerted(self, step: int, severity: str) -> None:
        """Ask for the updates after an alert, unless it only informs or comes soon after one."""
        if severity != SEVERITIES[0] and step >= self._calm:
            self._until, self._calm = step + AFTER, step + CALM

    def wrote(self, kind: type[Event], size: int) -> None:
        """Count a line of an update or of an array."""
        if kind in self.written:
            lines, whole = self.written[kind]
            self.written[kind] = lines + 1, whole + size + 1

    def recall(self, health: Iterable[Mapping[str, Any]]) -> None:
        """Take in the alerts of a run that goes on, from the records of its health.log."""
        for record in health:
            if record["event_type"] == Alert.kind:
                self.alerted(record["step"], record["severity"])

    def kept(self, summary: Mapping[str, Any]) -> Kept | None:
        """Return how the log compares, of which the storage has this `summary`.

        None where no update or no layer was seen.
        """
        (layers, of_layers), (updates, of_updates) = self.written.values()
        if not layers or not updates:
            return None
        each = of_updates / updates + self.arrays * of_layers / layers
        events, debug = summary["total_events"], summary["debug"]
        size = sum(summary[tier]["size_bytes"] for tier in ("basic", "health", "debug"))
        whole = events - debug["events"] + self._step * (1 + self.arrays)
        return Kept(events, size, whole, round(size - debug["size_bytes"] + self._step * each))


def _bytes(n: int) -> str:
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n >= scale:
            return f"{n / scale:.3g} {unit}"
    return f"{n} bytes"
