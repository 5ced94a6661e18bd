"""The documented logger: the `on_*` verbs become records, and records go to backends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from neurogebra.errors import BadValue, UnknownName
from neurogebra.observatory.bus import Bus
from neurogebra.observatory.events import Event, Level, Stamped
from neurogebra.observatory.presets import LogLevel, level_of
from neurogebra.observatory.verbs import LEVELS, LogEvent, Verbs
from neurogebra.registry import near

__all__ = ["BackendSink", "LogEvent", "LogLevel", "TrainingLogger"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged(Event):
    """A record on its way to the backends."""

    kind: ClassVar[str] = "logged"
    record: LogEvent


class BackendSink:
    """A documented backend as a sink: `handle_<event_type>(record)`, else `handle_event`.

    It serves the backends of a TrainingLogger, and puts one on the bus of a run.
    """

    def __init__(self, backend: Any, level: Level = Level.DEBUG) -> None:
        if not any(name.startswith("handle_") for name in dir(backend)):
            raise BadValue("backend", "handle_event() or a handle_<event_type>()", backend)
        self.backend, self.level, self.name = backend, level, type(backend).__name__

    def handle(self, stamped: Stamped) -> None:
        """Give one record to the verb of the backend that is made for it."""
        event = stamped.event
        record = event.record if isinstance(event, Logged) else LogEvent.of(stamped)
        verb = getattr(self.backend, f"handle_{record.event_type}", None)
        verb = verb or getattr(self.backend, "handle_event", None)
        if verb is not None:
            verb(record)

    def close(self) -> None:
        """Close the backend, if it can be closed."""
        if hasattr(self.backend, "close"):
            self.backend.close()


class TrainingLogger(Verbs):
    """Keeps the records up to a level and hands each to the backends and callbacks.

    A backend that raises is taken off, which the others are told; with `strict` it raises.
    It is also a sink, so that it can listen to a run.
    """

    name = "logger"

    def __init__(
        self,
        level: Level | int | str = Level.BASIC,
        backends: Iterable[Any] | None = None,
        *,
        strict: bool = False,
    ) -> None:
        self.level = level_of(level)
        self._events: list[LogEvent] = []
        self._callbacks: dict[str, list[Callable[[LogEvent], None]]] = {}
        self._bus = Bus(strict=strict)
        for backend in backends or ():
            self.add_backend(backend)

    def add_backend(self, backend: Any) -> None:
        """Let a backend take every record from now on."""
        self._bus.add(BackendSink(backend))

    def register_callback(self, event_type: str, fn: Callable[[LogEvent], None]) -> None:
        """Call fn with every record of one type; UnknownName for a type that no verb makes."""
        if event_type not in LEVELS:
            raise UnknownName("event type", event_type, near(event_type, LEVELS))
        self._callbacks.setdefault(event_type, []).append(fn)

    def wants(self, level: Level) -> bool:
        """Return whether records of this level are kept."""
        return level <= self.level

    def log(self, record: LogEvent) -> None:
        """Take one record, if its level is wanted."""
        if not self.wants(record.level):
            return
        self._events.append(record)
        for call in self._callbacks.get(record.event_type, ()):
            call(record)
        self._bus.publish(Logged(record=record))

    def handle(self, stamped: Stamped) -> None:
        """Take one event of a run."""
        self.log(LogEvent.of(stamped))

    def close(self) -> None:
        """Close the backends."""
        self._bus.close()

    def get_event_log(self) -> list[LogEvent]:
        """Return the records, oldest first."""
        return list(self._events)

    def get_events_by_type(self, event_type: str) -> list[LogEvent]:
        """Return the records of one type, oldest first."""
        return [e for e in self._events if e.event_type == event_type]

    def summary(self) -> dict[str, Any]:
        """Return how many records there are, in all, by type and by severity."""
        return {
            "level": self.level.name,
            "total_events": len(self._events),
            "by_type": dict(Counter(e.event_type for e in self._events)),
            "by_severity": dict(Counter(e.severity for e in self._events)),
        }

    def clear(self) -> None:
        """Forget the records; backends and callbacks stay."""
        self._events.clear()
