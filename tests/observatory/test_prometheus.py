"""The text for Prometheus: by its grammar, whole at every moment, with the latest values."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest
from tests.observatory.hostile import ACTS, RUN, losing, records, tell

from neurogebra.errors import RunError
from neurogebra.observatory.events import Alert, SinkFailed
from neurogebra.observatory.presets import LogConfig
from neurogebra.observatory.sinks.exporters import EXPORTERS
from neurogebra.observatory.sinks.prometheus import METRICS, PrometheusFile
from neurogebra.observatory.witness import epochs, losses, start

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\\\|\\"|\\n)*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (\S+)")


def parsed(text: str) -> dict[tuple[str, tuple[str, ...]], float]:
    """The samples of an exposition; raises AssertionError where it is none."""
    found, kinds = {}, {}
    assert text.endswith("\n")
    for line in text[:-1].split("\n"):
        if line.startswith("# "):
            _, word, name, rest = line.split(" ", 3)
            if word == "TYPE":
                assert name not in kinds
                kinds[name] = rest
            continue
        match = SAMPLE.fullmatch(line)
        assert match, line
        name, labels, value = match.groups()
        assert name in kinds, "a sample before its type"
        key = name, tuple(re.findall(LABEL, labels or ""))
        assert key not in found, "twice the same sample"
        found[key] = float(value)
    return found


def told(tmp_path, events=RUN):
    sink = PrometheusFile(tmp_path / "deep" / "metrics.prom")
    tell(sink, events=events)
    return parsed(sink.path.read_text("utf-8"))


def value(samples, name, *labels):
    (found,) = [v for (n, ls), v in samples.items() if n == name and set(labels) <= set(ls)]
    return found


def test_the_latest_values_are_there(tmp_path):
    run = (*start(), *losses(0.5, 0.25), *epochs(loss=[0.4, 0.3], accuracy=[0.7, 0.8]))
    alerts = [Alert(rule="r", severity="warning", message="m")] * 3
    found = told(tmp_path, (*run, *alerts))
    assert value(found, "neurogebra_updates_total", 'run="witness"') == 20
    assert value(found, "neurogebra_epochs_total") == 2
    assert value(found, "neurogebra_epoch", 'name="loss"') == 0.3
    assert value(found, "neurogebra_epoch", 'name="accuracy"') == 0.8
    assert value(found, "neurogebra_batch", 'name="loss"') == 0.25
    assert value(found, "neurogebra_alerts_total", 'rule="r"', 'severity="warning"') == 3


def test_the_next_run_has_its_own_labels(tmp_path):
    run = (*start(), *losses(0.5))
    other = (replace(run[0], name="other"), *losses(0.25))
    found = told(tmp_path, (*run, *other))
    assert value(found, "neurogebra_batch", 'name="loss"', 'run="other"') == 0.25
    assert all('run="other"' in labels for _, labels in found)


def test_hostile_names_stay_within_their_labels(tmp_path):
    found = told(tmp_path)
    assert {name for name, _ in found} <= set(METRICS)
    labels = [label for _, ls in found for label in ls]
    assert all(label.isprintable() for label in labels)
    assert not any(sign in label for label in labels for sign in ACTS)
    layers = {ls for name, ls in found if name == "neurogebra_layer"}
    assert len({next(x for x in ls if x.startswith("layer=")) for ls in layers}) == 2


def test_numbers_that_are_not_finite_are_spelt_as_prometheus_does(tmp_path):
    found = told(tmp_path)
    assert value(found, "neurogebra_layer", 'site="gradient"', 'statistic="norm"') == math.inf
    assert math.isnan(value(found, "neurogebra_layer", 'site="gradient"', 'statistic="mean"'))
    assert value(found, "neurogebra_batch", 'name="loss"') == 1e300
    text = (tmp_path / "deep" / "metrics.prom").read_text("utf-8")
    assert " +Inf\n" in text
    assert " NaN\n" in text


def test_tooth_an_unescaped_label_is_seen():
    head = "# TYPE a gauge\n"
    assert parsed(head + 'a{b="\\"c\\\\"} 1\n')
    for line in ('a{b="c"d"} 1', 'a{b="c\\x"} 1', "a-b 1", "b 1", 'a{b="c"} 1\na{b="c"} 2'):
        with pytest.raises(AssertionError):
            parsed(f"{head}{line}\n")


def test_it_is_written_now_and_then_and_at_the_end(tmp_path, monkeypatch):
    sink = PrometheusFile(tmp_path / "m.prom", every=5.0)
    writes = []
    save = PrometheusFile.save
    monkeypatch.setattr(
        PrometheusFile, "save", lambda self: (writes.append(parsed(self.text())), save(self))
    )
    tell(sink, events=(*start(), *losses(*[0.5] * 22)))
    assert len(writes) == 5 + 1, "23 seconds, and the last word"
    assert value(writes[-1], "neurogebra_updates_total") == 22


def test_a_file_that_cannot_be_written_costs_the_sink_only(tmp_path):
    (tmp_path / "file").write_text("")
    heard = losing(lambda: PrometheusFile(tmp_path / "file" / "m.prom"))
    (lost,) = [e for e in heard if isinstance(e, SinkFailed)]
    assert (lost.sink, len(heard)) == ("Prometheus", len(RUN) + 1)
    with pytest.raises(RunError, match="cannot be made"):
        PrometheusFile(tmp_path / "file" / "m.prom").save()


def test_the_production_preset_writes_it(tmp_path):
    assert "prometheus" in LogConfig.production().check().export_formats
    row = EXPORTERS["prometheus"]
    assert row.file == "metrics.prom"
    assert isinstance(row.make(tmp_path / row.file, LogConfig().level), PrometheusFile)


def test_a_logger_writes_it_too(tmp_path):
    sink = PrometheusFile(tmp_path / "m.prom")
    for record in records(start() + epochs(loss=[0.5])):
        sink.handle_event(record)
    assert value(parsed(sink.save().read_text("utf-8")), "neurogebra_epoch", 'name="loss"') == 0.5


def test_the_reader_of_prometheus_agrees():
    parser = pytest.importorskip("prometheus_client.parser")
    sink = PrometheusFile("unused")
    for record in records()[:-2]:
        sink._written = record.timestamp  # it was written just then
        sink.handle_event(record)
    text = sink.text()
    theirs = [s for f in parser.text_string_to_metric_families(text) for s in f.samples]
    assert len(theirs) == len(parsed(text)) > 25
