"""A run examined again from what its logs hold: the same events, the same alerts."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from time import time

from neurogebra.observatory.doctor import Doctor
from neurogebra.observatory.events import Alert, Event, Stamped, TrainEnd, TrainStart, Verdict
from neurogebra.observatory.rule import Thresholds
from neurogebra.observatory.sinks.ndjson import TIERS
from neurogebra.observatory.sinks.ndjson_events import stored_events
from neurogebra.observatory.sinks.ndjson_lines import Record, decode

# Bytes at the end of a log in which its last event is looked for.
LAST = 1 << 20


def replayed(events: Iterable[Stamped], thresholds: Thresholds | None = None) -> Doctor:
    """Return a doctor that has seen these events, oldest first; what others alerted is left out.

    A run that begins anew in the same log (its step is 0 again) is examined by itself, and the
    last one counts.
    """
    heard: list[Event] = []
    doctor = Doctor(heard.append, thresholds)
    for stamped in events:
        event = stamped.event
        if isinstance(event, TrainStart) and not event.resumed_step:
            doctor = Doctor(heard.append, thresholds)
        if not isinstance(event, (Alert, Verdict)):
            doctor.handle(stamped)
    return doctor


def examine_run(folder: str | Path, thresholds: Thresholds | None = None) -> Doctor:
    """Return a doctor that has read the three logs of a run folder.

    Raises RunError where there are none, Corrupt for a line that does not hold its event.
    """
    return replayed(stored_events(folder), thresholds)


def silence(
    folder: str | Path, thresholds: Thresholds | None = None, now: float | None = None
) -> str:
    """Return a sentence where a stored run has not ended and its logs have long been silent.

    "" where it has ended, or an event is no older than `silent_seconds`, or there are no logs.
    now: seconds since 1970. A line that is no event is passed over: who reads it says so.
    """
    limit = (thresholds or Thresholds()).silent_seconds
    logs = [Path(folder) / f"{tier}.log" for tier in TIERS]
    last = max((_latest(path) for path in logs if path.is_file()), default=0.0)
    going = last > 0 and _is_going(logs[0])
    silent = (time() if now is None else now) - last
    if not going or silent < limit:
        return ""
    heard = f"nothing was heard of it for {_span(silent)}"
    return f"the run has not ended and {heard}: it hangs, or was cut off"


def _latest(path: Path) -> float:
    """Return the time of the last event of a log; 0 where none is found near its end."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - LAST))
        for raw in reversed(file.readlines()):
            record = _record(raw)
            if record is not None:
                return float(record.get("timestamp") or 0.0)
    return 0.0


def _is_going(path: Path) -> bool:
    """Return whether the last run of a log has begun and not ended."""
    going = False
    if path.is_file():
        with path.open("rb") as file:
            for raw in file:
                kind = (_record(raw) or {}).get("event_type")
                going = kind == TrainStart.kind or (going and kind != TrainEnd.kind)
    return going


def _record(raw: bytes) -> Record | None:
    try:
        return decode(raw)
    except ValueError:
        return None


def _span(seconds: float) -> str:
    minutes = seconds / 60
    for size, word in ((1440.0, "days"), (60.0, "hours")):
        if minutes >= 2 * size:
            return f"{minutes / size:.0f} {word}"
    return f"{minutes:.0f} minutes"
