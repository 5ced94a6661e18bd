"""The documented paths under `neurogebra.logging` lead to the real objects."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import neurogebra

HOMES = {
    "logger": ("observatory.recorder", {"TrainingLogger", "LogLevel", "LogEvent"}),
    "config": ("observatory.presets", {"LogConfig", "LogLevel"}),
    "monitors": (
        "observatory.stats",
        {"GradientMonitor", "WeightMonitor", "ActivationMonitor", "PerformanceMonitor"},
    ),
    "health_checks": ("observatory.health", {"SmartHealthChecker", "HealthAlert"}),
    "health_warnings": (
        "observatory.health",
        {"AutoHealthWarnings", "HealthWarning", "WarningConfig"},
    ),
    "adaptive": ("observatory.adaptive", {"AdaptiveLogger", "AnomalyConfig", "Anomaly"}),
    "tiered_storage": ("observatory.sinks.ndjson", {"TieredStorage"}),
    "dashboard": (
        "observatory.sinks.dashboard",
        {"DashboardExporter", "MLflowBridge", "TensorBoardBridge", "WandBBridge"},
    ),
    "exporters": (
        "observatory.sinks.exporters",
        {"CSVExporter", "HTMLExporter", "JSONExporter", "MarkdownExporter"}
        | {"ParquetExporter", "PrometheusFile"},
    ),
    "terminal_display": ("observatory.sinks.terminal", {"Terminal"}),
    "epoch_summary": (
        "observatory.sinks.summary",
        {"EpochSummarizer", "EpochSummary", "EpochStats"},
    ),
    "fingerprint": ("observatory.fingerprint", {"TrainingFingerprint"}),
    "computation_graph": ("observatory.render.graph", {"GraphNode", "GraphTracker"}),
    "image_logger": ("observatory.render.image", {"ImageLogger", "ascii_image", "png"}),
    "formula_renderer": ("observatory.render.notation", {"FormulaRenderer"}),
}
# Objects of a porch that live in a room beside the one it is named after.
BESIDE = {
    "MLflowBridge": "observatory.sinks.mlflow",
    "ParquetExporter": "observatory.sinks.parquet",
    "PrometheusFile": "observatory.sinks.prometheus",
    "TensorBoardBridge": "observatory.sinks.tensorboard",
    "WandBBridge": "observatory.sinks.wandb",
}
FOLDER = Path(neurogebra.__file__).parent / "logging"


@pytest.mark.parametrize("porch", HOMES)
def test_a_porch_leads_to_the_real_objects(porch):
    room, names = HOMES[porch]
    here = importlib.import_module(f"neurogebra.logging.{porch}")
    assert set(here.__all__) == names
    for name in names:
        home = importlib.import_module(f"neurogebra.{BESIDE.get(name, room)}")
        assert getattr(here, name) is getattr(home, name)
    assert room.split(".", 1)[1] in (here.__doc__ or "")


def test_every_porch_is_in_the_table():
    assert {p.stem for p in FOLDER.glob("*.py")} - {"__init__"} == set(HOMES)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda p: p.stem)
def test_a_porch_has_no_code(path):
    body = ast.parse(path.read_text(encoding="utf-8")).body
    if path.stem == "__init__":
        body = [node for node in body if not isinstance(node, ast.If)]  # the trap, tested below
    doc, *rest = body
    assert isinstance(doc, ast.Expr)
    assert all(isinstance(node, (ast.ImportFrom, ast.Assign, ast.AnnAssign)) for node in rest)


def test_python_started_inside_the_package_folder_says_so():
    done = subprocess.run(
        [sys.executable, "-c", "import logging"],
        cwd=FOLDER.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    last = done.stderr.strip().splitlines()[-1]
    assert done.returncode == 1
    assert last.startswith("ImportError: this is neurogebra.logging")
    assert "another folder" in last


def test_the_documented_pipeline_runs(tmp_path):
    from neurogebra.logging.adaptive import AdaptiveLogger
    from neurogebra.logging.epoch_summary import EpochSummarizer
    from neurogebra.logging.fingerprint import TrainingFingerprint
    from neurogebra.logging.health_warnings import AutoHealthWarnings
    from neurogebra.logging.logger import LogLevel, TrainingLogger
    from neurogebra.logging.tiered_storage import TieredStorage

    base = TrainingLogger(level=LogLevel.EXPERT, strict=True)
    storage = TieredStorage(base_dir=tmp_path / "logs")
    base.add_backend(storage)
    adaptive, engine, summarizer = AdaptiveLogger(base), AutoHealthWarnings(), EpochSummarizer()
    print_ = TrainingFingerprint.capture(model_info={"name": "m", "layers": 3}, random_seed=42)
    adaptive.on_train_start(total_epochs=3, model_info=print_.model_info)
    for epoch in range(3):
        adaptive.on_epoch_start(epoch)
        for batch in range(4):
            loss = 1.0 / (1 + epoch) if epoch < 2 else float("nan")
            summarizer.record_batch(epoch=epoch, metrics={"loss": loss})
            engine.check_batch(loss=loss, epoch=epoch, batch=batch)
            adaptive.on_batch_end(batch, epoch=epoch, loss=loss)
        assert "loss" in summarizer.finalize_epoch(epoch).format_text()
        engine.check_epoch(epoch=epoch, train_loss=loss, val_loss=loss)
        adaptive.on_epoch_end(epoch, metrics={"loss": loss})
    adaptive.on_train_end()
    storage.close()
    assert adaptive.get_anomaly_summary()["by_type"] == {"nan_inf_loss": 4}
    assert engine.get_summary()["by_rule"] == {"nan_inf_loss": 1}
    assert [e["event_type"] for e in storage.read_health()] == ["health_check"]
    assert [e["event_type"] for e in storage.read_basic()][-1] == "train_end"
    assert all(e["event_type"] == "batch_end" for e in storage.read_debug())
