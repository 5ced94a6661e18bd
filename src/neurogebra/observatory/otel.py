"""A stored event as a log record of OpenTelemetry: a run is a trace, an epoch or update a span."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

# Severity → number [OpenTelemetry, Logs Data Model, "Field: SeverityNumber"]; an event that
# is no more than information is the quieter the more detail it belongs to.
SEVERITY = {"warning": 13, "danger": 17, "critical": 21}
DETAIL = {"SILENT": 9, "BASIC": 9, "DETAILED": 5, "EXPERT": 5, "DEBUG": 1}
SPACE = "train."

_NAMES = {
    "event_type": "event_type",
    "level": "level",
    "seq": "seq",
    "step": "step",
    "epoch": "epoch",
    "batch": "batch",
    "layer_name": "layer.name",
    "layer_index": "layer.index",
}
_WORDS = {math.inf: "Infinity", -math.inf: "-Infinity"}


def log_record(record: Mapping[str, Any], run: str) -> dict[str, Any]:
    """Return what a line of a log says in the fields of OpenTelemetry's log data model.

    record: as `ndjson.read` gives it; run: the id that all records of a run share.
    timestamp: nanoseconds since 1970; attributes: "train.<field>", with the data of the event
    nested as it is. Numbers that JSON lacks are the texts that OTLP has for them: "NaN",
    "Infinity", "-Infinity". trace_id and span_id are 32 and 16 hexadecimal digits, derived
    from the run, the epoch and the update, so that two readers find the same.
    """
    severity = str(record.get("severity", "info"))
    level = str(record.get("level", "BASIC"))
    attributes = {
        SPACE + name: record[key] for key, name in _NAMES.items() if record.get(key) is not None
    }
    data = record.get("data")
    for key, value in data.items() if isinstance(data, Mapping) else ():
        name = SPACE + str(key)
        attributes[f"{SPACE}data.{key}" if name in attributes else name] = value
    return {
        "timestamp": _nanoseconds(float(record["timestamp"])),
        "severity_number": SEVERITY.get(severity, DETAIL.get(level, 9)),
        "severity_text": severity,
        "body": str(record.get("message") or record["event_type"]),
        "attributes": {key: _value(value) for key, value in attributes.items()},
        "trace_id": trace_id(run),
        "span_id": span_id(run, record.get("epoch"), _update(record)),
    }


def otlp(record: Mapping[str, Any], run: str) -> dict[str, Any]:
    """Return a line of a log as one OTLP/JSON request, which a collector reads from a file."""
    found = log_record(record, run)
    whole = {
        "timeUnixNano": str(found["timestamp"]),
        "severityNumber": found["severity_number"],
        "severityText": found["severity_text"],
        "eventName": f"{SPACE}{record['event_type']}",
        "body": _any(found["body"]),
        "attributes": _pairs(found["attributes"]),
        "traceId": found["trace_id"],
        "spanId": found["span_id"],
    }
    resource = {"attributes": _pairs({"service.name": "neurogebra", f"{SPACE}run": run})}
    scopes = [{"scope": {"name": "neurogebra.observatory"}, "logRecords": [whole]}]
    return {"resourceLogs": [{"resource": resource, "scopeLogs": scopes}]}


def trace_id(run: str) -> str:
    """Return the trace of a run: 16 bytes in hexadecimal, never all zero."""
    return _digest("trace", run)[:32]


def span_id(run: str, epoch: int | None = None, update: int | None = None) -> str:
    """Return the span of an update, else of an epoch, else of the whole run: 8 bytes."""
    return _digest("span", run, epoch, update)[:16]


def _update(record: Mapping[str, Any]) -> int | None:
    step = record.get("step") if record.get("batch") is not None else None
    return step if isinstance(step, int) else None


def _digest(*parts: object) -> str:
    text = json.dumps(parts)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _nanoseconds(seconds: float) -> int:
    whole = math.floor(seconds)  # apart from the rest, as a float cannot hold both
    return whole * 10**9 + round((seconds - whole) * 1e9)


def _value(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return _WORDS.get(value, "NaN")
    if isinstance(value, Mapping):
        return {str(k): _value(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_value(v) for v in value]
    return value


def _pairs(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _any(value)} for key, value in values.items()]


def _any(value: Any) -> dict[str, Any]:
    """Return a value as OTLP's JSON has it: 64-bit integers are texts."""
    match value:
        case None:
            return {}
        case bool():
            return {"boolValue": value}
        case int() if -(2**63) <= value < 2**63:
            return {"intValue": str(value)}
        case int() | float():
            return {"doubleValue": float(value)}
        case Mapping():
            return {"kvlistValue": {"values": _pairs({str(k): v for k, v in value.items()})}}
        case list():
            return {"arrayValue": {"values": [_any(v) for v in value]}}
        case _:
            return {"stringValue": str(value)}
