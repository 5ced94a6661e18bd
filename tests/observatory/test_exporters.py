"""The reports: each says what the events said, as a sink of a run and as a logger's backend."""

from __future__ import annotations

import csv
import json
import math

import pytest

from neurogebra.errors import RunError
from neurogebra.logging.logger import LogLevel, TrainingLogger
from neurogebra.observatory.bus import Bus
from neurogebra.observatory.events import Alert, Evaluated, TrainEnd, Verdict
from neurogebra.observatory.presets import EXPORT_FORMATS, MORE_FORMATS
from neurogebra.observatory.sinks.dashboard import DashboardExporter
from neurogebra.observatory.sinks.exporters import (
    EXPORTERS,
    CSVExporter,
    HTMLExporter,
    JSONExporter,
    MarkdownExporter,
)
from neurogebra.observatory.witness import epochs, losses, start

RUN = (
    *start(),
    *losses(0.7, math.nan),
    *epochs(loss=[0.5, 0.4], accuracy=[0.7, 0.8]),
    Alert(rule="r", severity="warning", message="a | b <script>", advice=("try *this*",)),
    Evaluated(split="test", rows=20, metrics={"loss": 0.45}),
    TrainEnd(reason="completed", epochs=2, step=20, seconds=1.5),
    Verdict(status="healthy", summary="fine"),
)


def told(exporter, events=RUN):
    bus = Bus([exporter], strict=True)
    for event in events:
        bus.publish(event)
    bus.close()
    return exporter.path.read_text("utf-8")


def test_every_documented_format_has_its_file():
    assert tuple(EXPORTERS) == EXPORT_FORMATS + MORE_FORMATS
    names = [row.file for row in EXPORTERS.values()]
    assert names[:4] == ["training_log.json", "metrics.csv", "report.html", "report.md"]
    assert names[4:] == ["metrics.prom", "statistics.parquet", "figures"]


def test_json_holds_every_event_up_to_its_level(tmp_path):
    text = told(JSONExporter(tmp_path / "log.json", LogLevel.DETAILED))
    log = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert [e["event_type"] for e in log["events"]] == [e.kind for e in RUN]
    assert log["events"][2]["data"]["loss"] == "nan"
    assert log["events"][3]["data"]["metrics"] == {"loss": 0.5, "accuracy": 0.7}
    basic = json.loads(told(JSONExporter(tmp_path / "basic.json")))
    assert "batch_end" not in {e["event_type"] for e in basic["events"]}


def test_csv_is_the_table_of_epochs(tmp_path):
    late = epochs(loss=[0.3], val_loss=[0.6])
    rows = list(csv.DictReader(told(CSVExporter(tmp_path / "m.csv"), RUN + late).splitlines()))
    assert list(rows[0]) == ["epoch", "loss", "accuracy", "val_loss", "learning_rate", "seconds"]
    assert [row["loss"] for row in rows] == ["0.5", "0.4", "0.3"]
    assert [row["val_loss"] for row in rows] == ["", "", "0.6"], "not measured is not 0"
    assert [row["epoch"] for row in rows[:2]] == ["1", "2"]


def test_markdown_reads_well_and_is_inert(tmp_path):
    text = told(MarkdownExporter(tmp_path / "r.md"))
    assert text.startswith("# witness\n")
    for part in ("## Architecture", "| dense\\_0 | Dense |", "| 2 | 0.4000 | 0.8000 |",
                 "## Health", "try \\*this\\*", "a \\| b \\<script\\>", "| test | 20 | 0.4500 |",
                 "completed after 2 epochs and 20 updates in 1.5 s", "healthy: fine"):  # fmt: skip
        assert part in text, part
    assert "<script>" not in text


def test_a_logger_writes_the_dashboard_too(tmp_path):
    exporter = DashboardExporter(tmp_path / "logs" / "dashboard.html")
    logger = TrainingLogger(level=LogLevel.EXPERT, backends=[exporter], strict=True)
    logger.on_train_start(total_epochs=7, model_info={"name": "by hand <b>"})
    for epoch in range(2):
        logger.on_epoch_start(epoch)
        logger.on_batch_end(0, loss=0.75)
        logger.on_gradient_computed("dense_9", [3.0, 4.0])
        logger.on_epoch_end(epoch, metrics={"loss": 0.75 - epoch / 4, "note": "text"})
    logger.on_health_check("dead", "danger", "half is dead", ["Lower it"], epoch=1)
    facts = exporter.facts
    assert (facts.planned, facts.epochs, facts.step, facts.status) == (7, 2, 2, "running")
    assert [row.metrics for row in facts.table.lines()] == [{"loss": 0.75}, {"loss": 0.5}]
    gradients = facts.looks.rows["gradient"]["dense_9"].cells()
    assert [cell.mean for cell in gradients] == [5.0, 5.0]
    logger.on_train_end()
    page = exporter.save().read_text("utf-8")
    for part in ("by hand &lt;b&gt;", "half is dead", "Lower it", "epoch 2 of 7"):
        assert part in page, part
    assert facts.status == "completed"


def test_the_dashboard_hears_of_a_run_by_a_logger_what_it_hears_itself(tmp_path):
    by_logger, itself = (DashboardExporter(tmp_path / name) for name in ("a.html", "b.html"))
    bus = Bus([TrainingLogger(LogLevel.EXPERT, [by_logger], strict=True), itself], strict=True)
    for event in RUN:
        bus.publish(event)
    for one, other in zip(by_logger.facts.table.lines(), itself.facts.table.lines(), strict=True):
        assert (one.epoch, one.metrics) == (other.epoch, other.metrics)
    assert (by_logger.facts.name, by_logger.facts.status) == ("witness", "completed")
    assert [f.alert.message for f in by_logger.facts.findings.values()] == ["a | b <script>"]


def test_html_is_the_dashboard(tmp_path):
    exporter = HTMLExporter(tmp_path / "r.html")
    page = told(exporter)
    assert page.lstrip().lower().startswith("<!doctype html")
    assert "<script>alert" not in page
    assert exporter.save() == tmp_path / "r.html"


@pytest.mark.parametrize("make", [JSONExporter, CSVExporter, MarkdownExporter])
def test_a_logger_writes_it_too(make, tmp_path):
    exporter = make(tmp_path / "deep" / "report")
    logger = TrainingLogger(level=LogLevel.EXPERT, backends=[exporter], strict=True)
    logger.on_train_start(total_epochs=2, model_info={"name": "m"})
    logger.on_epoch_start(0)
    logger.on_epoch_end(0, metrics={"loss": 0.25})
    logger.on_health_check("x", "warning", "look", ["do"], epoch=0)
    logger.on_train_end()
    assert exporter.save().is_file()
    assert "0.25" in exporter.path.read_text("utf-8")


def test_a_report_of_nothing_is_a_report(tmp_path):
    for make in (JSONExporter, CSVExporter, MarkdownExporter):
        assert make(tmp_path / make.__name__).save().stat().st_size > 5


def test_closing_writes_only_what_is_new(tmp_path):
    exporter = CSVExporter(tmp_path / "m.csv")
    exporter.close()
    assert not exporter.path.exists()
    told(exporter)
    exporter.path.unlink()
    exporter.close()
    assert not exporter.path.exists()


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="file"):
        CSVExporter(tmp_path / "file" / "m.csv").save()
