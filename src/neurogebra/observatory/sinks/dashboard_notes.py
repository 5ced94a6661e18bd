"""How events and the documented log records get onto the dashboard's record."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import fields
from numbers import Real
from typing import Any

from neurogebra.observatory.events import (
    Alert,
    BatchEnd,
    EpochEnd,
    Evaluated,
    Event,
    LayerInfo,
    LayerSeen,
    Metrics,
    SinkFailed,
    Stats,
    TrainEnd,
    TrainStart,
    Verdict,
)
from neurogebra.observatory.sinks.dashboard_facts import EpochRow, Facts
from neurogebra.observatory.verbs import LogEvent

# What the documented verbs call an array that the maps show, and where a run looks at it.
_SITES = {
    "layer_forward": {"output": "forward"},
    "gradient_computed": {"gradient": "gradient"},
    "weight_updated": {"weight": "weight", "update": "update"},
}
_SEVERE = ("warning", "danger", "critical")


def note(facts: Facts, event: Event) -> None:
    """Put one event on the record; what the page does not show is passed over."""
    taker = _TAKERS.get(type(event))
    if taker:
        taker(facts, event)


def _epoch_end(facts: Facts, event: EpochEnd) -> None:
    row = EpochRow(event.epoch, event.metrics, event.learning_rate, event.seconds, event.best)
    facts.step = event.step
    facts.epoch(row)


def _train_end(facts: Facts, event: TrainEnd) -> None:
    facts.status, facts.took, facts.step = event.reason, event.seconds, event.step
    facts.looks.settle()


def _verdict(facts: Facts, event: Verdict) -> None:
    facts.verdict = (event.status, event.summary, event.causes)


def _sink_failed(facts: Facts, event: SinkFailed) -> None:
    message = f"The listener {event.sink!r} failed and was taken off: {event.error}"
    facts.alert(Alert(rule="sink_failed", severity="warning", message=message))


_TAKERS: dict[type[Event], Callable[[Facts, Any], None]] = {
    TrainStart: Facts.begin,
    BatchEnd: lambda facts, event: facts.batch(event.step, event.loss),
    LayerSeen: lambda facts, event: facts.looks.add(event),
    EpochEnd: _epoch_end,
    Alert: Facts.alert,
    Evaluated: lambda facts, event: facts.score(event.split, event.rows, event.metrics),
    TrainEnd: _train_end,
    Verdict: _verdict,
    SinkFailed: _sink_failed,
}


def note_record(facts: Facts, record: LogEvent) -> None:
    """Put one log record on the record: of the verbs `on_*`, or of an event of a run."""
    data = record.data
    taker = _RECORD_TAKERS.get(record.event_type)
    if taker:
        taker(facts, record, data)
    elif record.severity in _SEVERE:
        _record_alert(facts, record, data)
    facts.tick(record.timestamp)


def _record_start(facts: Facts, record: LogEvent, data: Mapping[str, Any]) -> None:
    model = data.get("model_info") or {}
    facts.status = "running"
    facts.name = str(data.get("name") or model.get("name") or facts.name)
    facts.engine = str(data.get("engine", ""))
    facts.planned = _whole(data.get("total_epochs", data.get("epochs")))
    facts.params = _whole(data.get("params"))
    facts.train_rows, facts.val_rows = _whole(data.get("train_rows")), _whole(data.get("val_rows"))
    facts.resumed = facts.step = _whole(data.get("resumed_step"))
    if isinstance(data.get("seed"), int):
        facts.seed = data["seed"]
    facts.layers = _layers(data.get("layers", ()))
    settings = data.get("run") or {k: v for k, v in model.items() if k != "name"}
    facts.settings = dict(settings)


def _layers(rows: object) -> tuple[LayerInfo, ...]:
    names = {f.name for f in fields(LayerInfo)}
    found = rows if isinstance(rows, (list, tuple)) else ()
    return tuple(LayerInfo(**r) for r in found if isinstance(r, Mapping) and set(r) == names)


def _record_batch(facts: Facts, record: LogEvent, data: Mapping[str, Any]) -> None:
    loss = data.get("loss", _metrics(data).get("loss"))
    facts.batch(_whole(data.get("step")) or facts.step + 1, _real(loss))


def _record_epoch_start(facts: Facts, record: LogEvent, data: Mapping[str, Any]) -> None:
    facts.epoch_began = record.timestamp


def _record_epoch(facts: Facts, record: LogEvent, data: Mapping[str, Any]) -> None:
    measured = dict(_metrics(data))
    rates = [measured.pop(k, None) for k in ("learning_rate", "lr")]
    rate = next((r for r in (_real(data.get("learning_rate")), *rates) if r is not None), None)
    seconds = _real(data.get("seconds"))
    began = facts.epoch_began if facts.epoch_began is not None else facts.updated
    if seconds is None and began is not None and record.timestamp >= began:
        seconds = record.timestamp - began
    facts.epoch_began = None
    epoch = record.epoch if record.epoch is not None else facts.epochs
    facts.epoch(EpochRow(epoch, measured, rate, seconds, bool(data.get("best", False))))


def _record_seen(facts: Facts, record: LogEvent, data: Mapping[str, Any]) -> None:
    if isinstance(data.get("stats"), Mapping):  # an event of a run
        found = {str(data.get("site", "")): data["stats"]}
    else:
        known = _SITES[record.event_type]
        found = {site: data[what] for what, site in known.items() if what in data}
    layer, places = record.layer_name or "", facts.looks.layers
    for site, numbers in found.items():
        stats = _stats(numbers, site)
        if stats is not None and layer:
            facts.looks.add(
                LayerSeen(
                    epoch=record.epoch or 0,
                    batch=record.batch or 0,
                    step=_whole(data.get("step")) or facts.step + 1,
                    index=_whole(record.layer_index) or places.get(layer, len(places)),
                    layer=layer,
                    site=site,
                    shape=(),
                    stats=stats,
                    param=str(data.get("param", "")),
                    histogram=tuple(data.get("histogram", ())),
                )
            )


def _stats(numbers: object, site: str) -> Stats | None:
    """Return the statistics that a record has, or None where it lacks what is shown of a site."""
    found = _reals(numbers)
    if not found.keys() >= ({"mean", "std"} if site == "forward" else {"norm"}):
        return None
    blank = dict.fromkeys(("mean", "std", "min", "max", "norm"), math.nan)
    known = {f.name for f in fields(Stats)} - {"size", "nonfinite"}
    return Stats(
        size=int(found.get("size", 1)),
        nonfinite=int(found.get("nonfinite", 0)),
        **{**blank, **{k: v for k, v in found.items() if k in known}},
    )


def _record_alert(facts: Facts, record: LogEvent, data: Mapping[str, Any]) -> None:
    advice = data.get("recommendations", data.get("advice", ()))
    facts.alert(
        Alert(
            rule=str(data.get("check_name", data.get("rule", record.event_type))),
            severity=record.severity,
            message=record.message or str(data.get("message", record.event_type)),
            advice=tuple(map(str, advice)) if isinstance(advice, (list, tuple)) else (),
            diagnosis=str(data.get("diagnosis", "")),
            layer=record.layer_name or "",
            epoch=record.epoch if record.epoch is not None else -1,
            evidence=_reals(data.get("evidence")),
        )
    )


def _record_score(facts: Facts, record: LogEvent, data: Mapping[str, Any]) -> None:
    facts.score(str(data.get("split", "")), _whole(data.get("rows")), _metrics(data))


def _record_verdict(facts: Facts, record: LogEvent, data: Mapping[str, Any]) -> None:
    causes = tuple(map(str, data.get("causes", ())))
    facts.verdict = (str(data.get("status", "")), str(data.get("summary", "")), causes)


def _record_end(facts: Facts, record: LogEvent, data: Mapping[str, Any]) -> None:
    facts.status = str(data.get("reason", "completed"))
    facts.took = _real(data.get("seconds"))
    facts.looks.settle()


_RECORD_TAKERS: dict[str, Callable[[Facts, LogEvent, Mapping[str, Any]], None]] = {
    "train_start": _record_start,
    "batch_end": _record_batch,
    "epoch_start": _record_epoch_start,
    "epoch_end": _record_epoch,
    **dict.fromkeys(_SITES, _record_seen),
    "health_check": _record_alert,
    "evaluated": _record_score,
    "verdict": _record_verdict,
    "train_end": _record_end,
}


def _metrics(data: Mapping[str, Any]) -> Metrics:
    return _reals(data.get("metrics"))


def _reals(values: object) -> dict[str, float]:
    found = values.items() if isinstance(values, Mapping) else ()
    return {str(k): x for k, x in ((k, _real(v)) for k, v in found) if x is not None}


def _real(value: object) -> float | None:
    return float(value) if isinstance(value, Real) and not isinstance(value, bool) else None


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
