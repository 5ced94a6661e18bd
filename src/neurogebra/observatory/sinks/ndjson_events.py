"""The lines of a run's three logs as the events that they were, in their order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from heapq import merge
from pathlib import Path
from typing import Any

from neurogebra.errors import Corrupt
from neurogebra.observatory import events
from neurogebra.observatory.events import Event, LayerInfo, Stamped, Stats
from neurogebra.observatory.sinks.ndjson import HOISTED, TIERS
from neurogebra.observatory.sinks.ndjson_lines import Record, numbered

_KINDS = {e.kind: e for e in vars(events).values() if isinstance(e, type) and issubclass(e, Event)}


def stored_events(folder: str | Path) -> Iterator[Stamped]:
    """Yield every event that `TieredStorage` wrote into a folder, oldest first.

    Lines that are no event of a run are passed over. Raises RunError for a log that is not
    there, Corrupt for a line that does not hold its event.
    """
    logs = [_records(Path(folder) / f"{tier}.log") for tier in TIERS]
    for record in merge(*logs, key=lambda record: record["seq"]):
        cls = _KINDS.get(record["event_type"])
        if cls is not None:
            yield Stamped(record["seq"], record["timestamp"], _event(cls, record, folder))


def _records(path: Path) -> Iterator[Record]:
    return (record for _, record in numbered(path) if record is not None)


def _event(cls: type[Event], record: Record, folder: str | Path) -> Event:
    values = {**record["data"], **{n: record.get(k) for n, k in HOISTED.items()}}
    values["step"] = record["step"]
    if values["epoch"] is None:  # an alert of no epoch
        values["epoch"] = -1
    try:
        known = [f.name for f in fields(cls) if f.name in values]  # those with defaults may lack
        return cls(**{name: _value(name, values[name]) for name in known})
    except (KeyError, TypeError) as error:
        place = f"{folder}: event {record['seq']} of the logs"
        raise Corrupt(f"{place} is no whole {cls.kind}: {error!r}") from error


def _value(name: str, value: Any) -> Any:
    """Return a field as it was: records again, and tuples where JSON has lists."""
    if name == "layers":
        return tuple(LayerInfo(**{k: _value(k, v) for k, v in row.items()}) for row in value)
    if name == "stats":
        return Stats(**value)
    return tuple(value) if isinstance(value, list) else value
