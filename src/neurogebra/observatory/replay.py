"""A run examined again from what its logs hold: the same events, the same alerts."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from neurogebra.observatory.doctor import Doctor
from neurogebra.observatory.events import Alert, Event, Stamped, TrainStart, Verdict
from neurogebra.observatory.rule import Thresholds
from neurogebra.observatory.sinks.ndjson_events import stored_events


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
