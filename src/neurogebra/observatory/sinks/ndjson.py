"""Three files of events, one JSON object a line: basic.log, health.log and debug.log."""

from __future__ import annotations

import time
from dataclasses import MISSING, fields
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
    Stats,
    TrainEnd,
    TrainStart,
    Verdict,
)
from neurogebra.observatory.sinks.ndjson_clerk import EVERY, Clerk
from neurogebra.observatory.sinks.ndjson_file import LogFile
from neurogebra.observatory.sinks.ndjson_lines import Log, Record, encode, read
from neurogebra.observatory.sinks.ndjson_plan import Kept, Plan
from neurogebra.observatory.sinks.ndjson_quick import QUICK, Line

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
    of an epoch and a checkpoint write whatever is gathered, and so does a thread after `every`
    seconds.

    A line holds event_type, level, timestamp, seq, step (updates made so far), epoch (null if
    none), severity, message, data; where they apply also batch, layer_name, layer_index. NaN
    and infinities are null, and `nonfinite` names their places; reading gives them back. Of
    debug.log, data leaves out what is as it is by default.
    `level` is the detail it asks for (default: all with debug.log, else BASIC); it takes more.
    adaptive: ask for the layers of a few epochs and after alerts only (see `Plan`) and write
    what others ask for; `kept` says how much smaller that is.
    A folder that holds logs is continued: `seq` goes on, and an unfinished last line (a crash)
    moves into a `log_repaired` record of health.log. Raises RunError, Corrupt, BadValue.
    """

    name = "storage"
    scores = True  # of each update that is written; see `Sink`

    def __init__(
        self,
        base_dir: str | Path,
        write_debug: bool = True,
        buffer_size: int = 50,
        *,
        level: Level | None = None,
        adaptive: bool = False,
        every: float = EVERY,
    ) -> None:
        if not isinstance(buffer_size, int) or buffer_size < 1:
            raise BadValue("buffer_size", "int ≥ 1", buffer_size)
        if not every > 0:
            raise BadValue("every", "seconds > 0", every)
        self.base_dir, self.write_debug = Path(base_dir), write_debug
        self._level = level or (Level.DEBUG if write_debug else Level.BASIC)
        self._plan = Plan() if adaptive and write_debug else None
        # Checkpoints belong to basic.log and are DETAILED: heard, but not asked for.
        self.hears = Level.DEBUG if write_debug else Level.DETAILED
        try:
            self.base_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"{self.base_dir}: no folder for logs: {error.strerror}") from error
        self._files = {t: LogFile(self.base_dir / f"{t}.log", buffer_size) for t in TIERS}
        self._clerk = Clerk(self._files.values(), every)
        self._base = self._next = max(f.last_seq for f in self._files.values()) + 1
        self._step = 0
        self._layouts: dict[type[Event], _Layout] = {}
        self._report_repairs()

    @property
    def level(self) -> Level:
        """The most detail that it asks for in the next update."""
        return self._level if self._plan is None else self._plan.level

    @property
    def looks(self) -> bool:
        """Whether it asks for the layers of the next update."""
        return self._plan is not None and self._plan.looks

    def handle(self, stamped: Stamped) -> None:
        """Store one event of the bus."""
        event = stamped.event
        cls = type(event)
        layout = self._layouts.get(cls) or self._layouts.setdefault(cls, _laid_out(cls))
        step = _step(event, self._step)
        if self._plan is not None:
            if cls is TrainStart and step:
                self._plan.recall(self.read_health())
            self._plan.hear(event)
        # An alert may speak of an earlier update; what comes after it does not go back.
        self._step = step if cls is TrainStart or step > self._step else self._step
        seq = max(self._next, self._base + stamped.seq)
        line = layout.quick and layout.quick(event, stamped.time, seq, step)
        if line:
            self._next = seq + 1
            self._write("debug", line, cls)
        else:
            self._store(_record(layout, stamped, seq, step), cls)

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
        self._clerk.stop()
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

    def kept(self) -> Kept | None:
        """Return how an adaptive log compares with one of every layer at every update.

        None where it is not adaptive, or nothing was seen.
        """
        return None if self._plan is None else self._plan.kept(self.summary())

    def _store(self, record: Record, cls: type[Event] = Event) -> None:
        self._next = record["seq"] + 1
        tier = _tier(record["event_type"], record["severity"])
        self._write(tier, encode(record), cls)
        if tier == "health" or record["event_type"] in _DURABLE:
            self.flush()

    def _write(self, tier: str, line: str, cls: type[Event]) -> None:
        if tier == "debug" and not self.write_debug:
            return
        if self._plan is not None:
            self._plan.wrote(cls, len(line))
        self._clerk.wake()
        self._files[tier].append(line)

    def _report_repairs(self) -> None:
        for tier, file in self._files.items():
            if file.torn:
                self._store(_repaired(f"{tier}.log", file.torn, self._next))


class _Layout(NamedTuple):
    kind: str
    level: str
    silent: bool
    hoisted: tuple[tuple[str, str], ...]
    inner: tuple[str, ...]
    defaults: dict[str, Any]
    quick: Line | None


def _laid_out(cls: type[Event]) -> _Layout:
    names = [f.name for f in fields(cls)]
    hoisted = tuple((n, HOISTED[n]) for n in names if n in HOISTED)
    inner = tuple(n for n in names if n not in HOISTED and n != "step")
    silent = _tier(cls.kind, "info") == "debug" and cls is not SinkFailed
    defaults = _defaults(cls) if silent else {}
    return _Layout(cls.kind, cls.level.name, silent, hoisted, inner, defaults, QUICK.get(cls))


def _defaults(cls: type[Event] | type[Stats]) -> dict[str, Any]:
    found = {f.name: f.default for f in fields(cls) if f.default is not MISSING}
    made = {f.name: f.default_factory for f in fields(cls)}
    return found | {name: make() for name, make in made.items() if make is not MISSING}


_STATS = _defaults(Stats)


def _record(layout: _Layout, stamped: Stamped, seq: int, step: int) -> Record:
    event = stamped.event
    severity, message = ("info", "") if layout.silent else _words(event)
    record: Record = {
        "event_type": layout.kind,
        "level": layout.level,
        "timestamp": stamped.time,
        "seq": seq,
        "step": step + isinstance(event, EpochStart),  # it begins the next update
        "epoch": None,
        "severity": severity,
        "message": message,
    }
    for field, key in layout.hoisted:
        record[key] = getattr(event, field)
    if record["epoch"] == -1:  # an alert of no epoch
        record["epoch"] = None
    data = {n: getattr(event, n) for n in layout.inner}
    if layout.silent:
        data = _told(data, layout.defaults)
        if isinstance(stats := data.get("stats"), Stats):
            data["stats"] = _told({f.name: getattr(stats, f.name) for f in fields(Stats)}, _STATS)
    return record | {"data": data}


def _told(data: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    """Leave out what reading fills in."""
    return {
        n: v
        for n, v in data.items()
        if n not in defaults or type(v) is not type(defaults[n]) or v != defaults[n]
    }


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
