"""A line of the log as a log record of OpenTelemetry."""

from __future__ import annotations

import json
import math

import pytest
from tests.observatory.hostile import NAME, RUN, tell

from neurogebra.observatory.otel import SEVERITY, log_record, otlp, span_id, trace_id
from neurogebra.observatory.sinks.ndjson import TieredStorage

LINE = {
    "event_type": "epoch_end",
    "level": "BASIC",
    "timestamp": 1740000000.25,
    "seq": 3,
    "step": 40,
    "epoch": 1,
    "severity": "info",
    "message": "Epoch 2 done",
    "data": {"metrics": {"loss": math.nan, "accuracy": 0.5}, "best": True, "seq": "not ours"},
}


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    """Every stored line of a hostile run."""
    storage = TieredStorage(tmp_path_factory.mktemp("run"))
    tell(storage)
    return [*storage.read_basic(), *storage.read_health(), *storage.read_debug()]


def test_a_line_has_the_fields_of_the_model():
    found = log_record(LINE, "r1")
    assert set(found) == {
        "timestamp",
        "severity_number",
        "severity_text",
        "body",
        "attributes",
        "trace_id",
        "span_id",
    }
    assert found["timestamp"] == 1740000000_250000000
    assert (found["severity_number"], found["severity_text"]) == (9, "info")
    assert found["body"] == "Epoch 2 done"
    assert found["attributes"] == {
        "train.event_type": "epoch_end",
        "train.level": "BASIC",
        "train.seq": 3,
        "train.step": 40,
        "train.epoch": 1,
        "train.metrics": {"loss": "NaN", "accuracy": 0.5},
        "train.best": True,
        "train.data.seq": "not ours",
    }


def test_severities_rise_within_the_ranges_of_the_model():
    numbers = [log_record({**LINE, "severity": s}, "r")["severity_number"] for s in SEVERITY]
    assert numbers == [13, 17, 21], "WARN, ERROR, FATAL begin there"
    details = ("DEBUG", "EXPERT", "DETAILED", "BASIC")
    quiet = [log_record({**LINE, "level": n}, "r")["severity_number"] for n in details]
    assert quiet == [1, 5, 5, 9], "TRACE, DEBUG, DEBUG, INFO begin there"


def test_a_run_is_a_trace_and_an_epoch_and_an_update_are_spans():
    assert len(trace_id("a")) == 32
    assert len(span_id("a")) == 16
    int(trace_id("a") + span_id("a"), 16)
    spans = [
        log_record({**LINE, "epoch": e, "batch": b, "step": s}, run)
        for run in "ab"
        for e, b, s in [(None, None, 0), (0, None, 10), (1, None, 10), (0, 0, 1), (0, 1, 2)]
    ]
    assert len({(r["trace_id"], r["span_id"]) for r in spans}) == len(spans)
    assert len({r["trace_id"] for r in spans}) == 2
    again = log_record({**LINE, "event_type": "other"}, "r1")
    assert again["span_id"] == log_record(LINE, "r1")["span_id"], "they share their epoch"


def plainly(value):
    """OTLP's any-value as a plain one."""
    ((kind, held),) = value.items() if value else (("", None),)
    match kind:
        case "kvlistValue":
            return {p["key"]: plainly(p["value"]) for p in held["values"]}
        case "arrayValue":
            return [plainly(v) for v in held["values"]]
        case "intValue":
            return int(held)
    return held


def test_every_line_of_a_run_maps_and_otlp_says_the_same(lines):
    assert len(lines) == len(RUN)
    for line in lines:
        record = log_record(line, NAME)
        (resource,) = json.loads(json.dumps(otlp(line, NAME), allow_nan=False))["resourceLogs"]
        (scope,) = resource["scopeLogs"]
        (found,) = scope["logRecords"]
        attributes = {p["key"]: plainly(p["value"]) for p in found["attributes"]}
        assert attributes == record["attributes"]
        assert all(key.startswith("train.") for key in attributes)
        assert int(found["timeUnixNano"]) == record["timestamp"]
        assert (found["traceId"], found["spanId"]) == (record["trace_id"], record["span_id"])
        assert plainly(found["body"]) == record["body"]


def test_tooth_what_is_not_finite_would_be_no_json(lines):
    with pytest.raises(ValueError, match="JSON"):
        json.dumps(lines, allow_nan=False)
