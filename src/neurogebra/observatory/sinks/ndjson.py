"""Three files of events, one JSON object a line: basic.log, health.log and debug.log."""

from __future__ import annotations

import time
from dataclasses import fields
from enum import IntEnum
from pathlib import Path
from typing import Any, NamedTuple

from neurogebra.errors import BadValue, RunError
from neurogebra.observatory.events import (
    Asked,
    CheckpointSaved,
    EpochEnd,
    EpochStart,
    Evaluated,
    Event,
    Level,
    SinkFailed,
    Stamped,
    TrainEnd,
    TrainStart,
    Verdict,
)
from neurogebra.observatory.sinks.ndjson_file import LogFile
from neurogebra.observatory.sinks.ndjson_lines import Log, Record, encode, read

__all__ = ["Log", "TieredStorage", "read"]

TIERS = ("basic", "health", "debug")

_BASIC = ("train_", "epoch_", "evaluated", "verdict", "note", "asked", "checkpoint")
_SEVERE = ("warning", "danger", "critical")
_VERDICTS = {"warning": "warning", "unhealthy": "danger"}
HOISTED = {
    "epoch": "epoch",
    "batch": "batch",
    "layer": "layer_name",
    "index": "layer_index",
    "severity": "severity",
    "message": "message",
}
# What must be on disk before a checkpoint may count on it.
_DURABLE = ("epoch_end", "train_end", "checkpoint")


class TieredStorage:
    """A sink that writes every event once, as one line, into the file of its tier.

    basic.log: train_*, epoch_*, evaluated, verdict, note, checkpoint; health.log: health
    checks and what else is a warning or worse, written at once; debug.log: the rest, unless
    `write_debug` is False. `buffer_size` lines are gathered before a write; an alert, the end
    of an epoch and a checkpoint write whatever is gathered.

    A line holds event_type, level, timestamp, seq, step (updates made so far), epoch (null if
    none), severity, message, data; where they apply also batch, layer_name, layer_index. NaN
    and infinities are null, and `nonfinite` names their places; reading gives them back.
    `level` is the detail it asks for (default: all with debug.log, else BASIC); it takes more.
    A folder that holds logs is continued: `seq` goes on, and an unfinished last line (a crash)
    moves into a `log_repaired` record of health.log. Raises RunError, Corrupt, BadValue.
    """

    name = "storage"

    def __init__(
        self,
        base_dir: str | Path,
        write_debug: bool = True,
        buffer_size: int = 50,
        *,
        level: Level | None = None,
    ) -> None:
        if not isinstance(buffer_size, int) or buffer_size < 1:
            raise BadValue("buffer_size", "int ≥ 1", buffer_size)
        self.base_dir, self.write_debug = Path(base_dir), write_debug
        self.level = level or (Level.DEBUG if write_debug else Level.BASIC)
        # Checkpoints belong to basic.log and are DETAILED: heard, but not asked for.
        self.hears = Level.DEBUG if write_debug else Level.DETAILED
        try:
            self.base_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"{self.base_dir}: no folder for logs: {error.strerror}") from error
        self._files = {t: LogFile(self.base_dir / f"{t}.log", buffer_size) for t in TIERS}
        self._base = self._next = max(f.last_seq for f in self._files.values()) + 1
        self._step = 0
        self._plans: dict[type[Event], _Plan] = {}
        self._report_repairs()

    def handle(self, stamped: Stamped) -> None:
        """Store one event of the bus."""
        event = stamped.event
        cls = type(event)
        plan = self._plans.get(cls) or self._plans.setdefault(cls, _planned(cls))
        step = _step(event, self._step)
        # An alert may speak of an earlier update; what comes after it does not go back.
        self._step = step if cls is TrainStart else max(step, self._step)
        self._next = max(self._next, self._base + stamped.seq)
        severity, message = ("info", "") if plan.silent else _words(event)
        record: Record = {
            "event_type": plan.kind,
            "level": plan.level,
            "timestamp": stamped.time,
            "seq": self._next,
            "step": step + (cls is EpochStart),  # it begins the next update
            "epoch": None,
            "severity": severity,
            "message": message,
        }
        for field, key in plan.hoisted:
            record[key] = getattr(event, field)
        if record["epoch"] == -1:  # an alert of no epoch
            record["epoch"] = None
        record["data"] = {n: getattr(event, n) for n in plan.inner}
        self._store(record)

    def handle_event(self, event: Any) -> None:
        """Store one `LogEvent` of a `TrainingLogger`; every field of it that is set is kept."""
        self._store(_logged(event, self._next))

    def truncate_after(self, step: int) -> int:
        """Drop the events of later updates than `step`, the one a checkpoint holds.

        Each file is replaced whole or not at all. Returns how many events were dropped.
        """
        self._step = step
        return sum(f.truncate_after(step) for f in self._files.values())

    def flush(self) -> None:
        """Hand every gathered line to the operating system."""
        for file in self._files.values():
            file.flush()

    def close(self) -> None:
        """Write what is gathered, to the disk itself; nothing can be stored after that."""
        for file in self._files.values():
            file.close()

    def read_basic(self) -> Log:
        """Return the events of basic.log, in order."""
        return self._files["basic"].read()

    def read_health(self) -> Log:
        """Return the events of health.log, in order."""
        return self._files["health"].read()

    def read_debug(self) -> Log:
        """Return the events of debug.log, in order."""
        return self._files["debug"].read()

    @property
    def basic_count(self) -> int:
        """How many events basic.log holds."""
        return self._files["basic"].count

    @property
    def health_count(self) -> int:
        """How many events health.log holds."""
        return self._files["health"].count

    @property
    def debug_count(self) -> int:
        """How many events debug.log holds."""
        return self._files["debug"].count

    def summary(self) -> dict[str, Any]:
        """Return `{tier: {"events", "size_bytes"}, …, "total_events"}` of what is written."""
        self.flush()
        tiers: dict[str, Any] = {
            t: {"events": f.count, "size_bytes": f.path.stat().st_size}
            for t, f in self._files.items()
        }
        return tiers | {"total_events": sum(f.count for f in self._files.values())}

    def _store(self, record: Record) -> None:
        self._next = record["seq"] + 1
        tier = _tier(record["event_type"], record["severity"])
        if tier == "debug" and not self.write_debug:
            return
        self._files[tier].append(encode(record))
        if tier == "health" or record["event_type"] in _DURABLE:
            self.flush()

    def _report_repairs(self) -> None:
        for tier, file in self._files.items():
            if file.torn:
                self._store(_repaired(f"{tier}.log", file.torn, self._next))


class _Plan(NamedTuple):
    kind: str
    level: str
    silent: bool
    hoisted: tuple[tuple[str, str], ...]
    inner: tuple[str, ...]


def _planned(cls: type[Event]) -> _Plan:
    names = [f.name for f in fields(cls)]
    hoisted = tuple((n, HOISTED[n]) for n in names if n in HOISTED)
    inner = tuple(n for n in names if n not in HOISTED and n != "step")
    silent = _tier(cls.kind, "info") == "debug" and cls is not SinkFailed
    return _Plan(cls.kind, cls.level.name, silent, hoisted, inner)


def _tier(kind: str, severity: str) -> str:
    if kind.startswith(_BASIC):
        return "basic"
    return "health" if kind.startswith("health_check") or severity in _SEVERE else "debug"


def _step(event: Event, before: int) -> int:
    if isinstance(event, TrainStart):
        return event.resumed_step
    own: int = getattr(event, "step", 0)
    return own or before


def _words(event: Event) -> tuple[str, str]:
    """Return the severity and the sentence of an event that does not bring its own."""
    match event:
        case TrainStart():
            return "info", f"Training started: {event.epochs} epochs, {len(event.layers)} layers"
        case EpochStart():
            return "info", f"Epoch {event.epoch + 1} of {event.epochs}"
        case EpochEnd():
            return "info", f"Epoch {event.epoch + 1} done"
        case Evaluated():
            return "info", f"Scored on {event.split}: {event.rows} rows"
        case CheckpointSaved():
            return "info", f"Checkpoint {event.what!r} saved"
        case TrainEnd():
            severity = "danger" if event.reason == "diverged" else "info"
            return severity, f"Training ended: {event.reason} after {event.epochs} epochs"
        case Verdict():
            return _VERDICTS.get(event.status, "info"), event.summary
        case Asked():
            return "info", event.message
        case SinkFailed():
            return "warning", f"{event.sink} was taken off: {event.error}"
    return "info", ""


def _logged(event: Any, seq: int) -> Record:
    data = dict(event.data or {})
    record: Record = {
        "event_type": event.event_type,
        "level": _level_name(event.level),
        "timestamp": event.timestamp,
        "seq": seq,
        "epoch": event.epoch,
        "severity": event.severity,
        "message": event.message,
    }
    if isinstance(data.get("step"), int):
        record["step"] = data["step"]
    extra = {n: getattr(event, n, None) for n in ("batch", "layer_name", "layer_index")}
    record.update({n: v for n, v in extra.items() if v is not None})
    return record | {"data": data}


def _repaired(name: str, torn: bytes, seq: int) -> Record:
    return {
        "event_type": "log_repaired",
        "level": Level.BASIC.name,
        "timestamp": time.time(),
        "seq": seq,
        "epoch": None,
        "severity": "warning",
        "message": f"{name} ended in an unfinished line of {len(torn)} bytes",
        "data": {"file": name, "torn": repr(torn)},
    }


def _level_name(level: object) -> str:
    if isinstance(level, IntEnum):
        return level.name
    return Level(level).name if isinstance(level, int) else str(level).upper()
