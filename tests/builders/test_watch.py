"""What a fit shows and writes: the level asked for, the files asked for, nothing more."""

from __future__ import annotations

import csv
import json
import os
import signal

import numpy as np
import pytest

from neurogebra.builders.model_builder import ModelBuilder
from neurogebra.errors import RunError
from neurogebra.observatory.events import BatchEnd, EpochEnd, LayerSeen, Level
from neurogebra.observatory.presets import LogConfig
from neurogebra.observatory.recorder import TrainingLogger
from neurogebra.observatory.sinks.ndjson import TieredStorage

builder = ModelBuilder()
X = np.random.default_rng(0).normal(size=(96, 3))
y = (X[:, 0] > 0).astype(int)


def model(**watched):
    made = builder.Sequential([builder.Dense(4, "relu"), builder.Dense(1, "sigmoid")], name="w")
    made.compile(loss="binary_crossentropy", learning_rate=0.01, **watched)
    return made


def test_verbose_is_one_calm_display(capsys):
    model().fit(X, y, epochs=3, seed=0)
    text = capsys.readouterr().out
    assert "epoch 3/3" in text
    assert "accuracy" in text
    assert "∂L" not in text
    assert text.count("\n") < 25


def test_not_verbose_is_silent_whatever_the_level(capsys):
    model(log_level="debug").fit(X, y, epochs=2, verbose=False)
    assert capsys.readouterr() == ("", "")


def test_expert_shows_the_mathematics(capsys):
    model(log_level="expert").fit(X, y, epochs=2, seed=0)
    text = capsys.readouterr().out
    assert "a1 = relu(x·W1 + b1)" in text
    assert "∂L/∂W1" in text
    assert "(32, 3)" in text


def test_a_silent_level_is_silent(capsys):
    model(log_level="silent").fit(X, y, epochs=2)
    assert capsys.readouterr().out == ""


def test_the_level_wins_over_that_of_the_config(capsys):
    model(log_level="basic", log_config=LogConfig.verbose()).fit(X, y, epochs=2)
    assert "∂L" not in capsys.readouterr().out
    model(log_config=LogConfig.verbose()).fit(X, y, epochs=2)
    assert "∂L" in capsys.readouterr().out


def test_watching_changes_nothing(tmp_path):
    plain, watched = model(), model(log_config=LogConfig(level=Level.DEBUG, layer_every=1))
    plain.fit(X, y, epochs=3, verbose=False, seed=1)
    seen = []
    watched.fit(X, y, epochs=3, seed=1, callbacks=[seen.append, TieredStorage(tmp_path)])
    assert np.array_equal(plain.predict(X), watched.predict(X))
    assert any(isinstance(e, BatchEnd) for e in seen)


def test_nobody_listening_means_nothing_is_looked_at(monkeypatch):
    levels = []
    real = model().fit

    from neurogebra.observatory.bus import Bus

    wants = Bus.wants
    monkeypatch.setattr(Bus, "wants", lambda bus, level: levels.append(wants(bus, level)))
    real(X, y, epochs=2, verbose=False)
    assert levels
    assert not any(levels)


def test_the_config_writes_the_files_it_names(tmp_path):
    config = LogConfig.research()
    config.export_formats = ["json", "csv", "html", "markdown"]
    config.export_dir = str(tmp_path / "logs")
    trained = model(log_config=config)
    history = trained.fit(X, y, epochs=3, verbose=False, seed=2)
    folder = tmp_path / "logs"
    files = {p.name for p in folder.iterdir()}
    assert files == {"training_log.json", "metrics.csv", "report.html", "report.md"}
    events = json.loads((folder / "training_log.json").read_text())["events"]
    kinds = {e["event_type"] for e in events}
    assert {"train_start", "epoch_end", "batch_end", "layer_forward", "train_end"} <= kinds
    assert events[0]["data"]["seed"] == 2
    rows = list(csv.DictReader((folder / "metrics.csv").read_text().splitlines()))
    assert [float(r["loss"]) for r in rows] == history["loss"]
    assert [r["epoch"] for r in rows] == ["1", "2", "3"]
    page = (folder / "report.html").read_text()
    assert page.lstrip().lower().startswith("<!doctype html")
    assert "dense_0" in page
    report = (folder / "report.md").read_text()
    assert "| dense\\_0 | Dense |" in report
    assert "- Seed: 2" in report


def test_one_format_is_one_file(tmp_path):
    config = LogConfig(level="silent", export_formats=["json"], export_dir=str(tmp_path))
    model(log_config=config).fit(X, y, epochs=1)
    assert [p.name for p in tmp_path.iterdir()] == ["training_log.json"]
    assert "epoch_end" in (tmp_path / "training_log.json").read_text()


def test_a_folder_that_cannot_be_made_is_said_before_training(tmp_path):
    (tmp_path / "file").write_text("")
    config = LogConfig(export_formats=["csv"], export_dir=str(tmp_path / "file" / "logs"))
    with pytest.raises(RunError, match="no folder for reports"):
        model(log_config=config).fit(X, y, epochs=1, verbose=False)


def test_sinks_loggers_and_functions_are_called(tmp_path):
    storage, logger, seen = TieredStorage(tmp_path), TrainingLogger(level="basic"), []
    model().fit(
        X, y, epochs=2, verbose=False, seed=0, callbacks=[storage, logger, seen.append]
    )  # fmt: skip
    assert [e["event_type"] for e in storage.read_basic()].count("epoch_end") == 2
    assert len(logger.get_events_by_type("epoch_end")) == 2
    assert seen[0].kind == "train_start"
    assert sum(isinstance(e, EpochEnd) for e in seen) == 2
    assert seen[-1].kind == "verdict"
    assert not any(isinstance(e, LayerSeen) for e in seen), "functions do not make layers seen"


def test_a_backend_with_the_documented_verb_is_a_sink():
    class Backend:
        def __init__(self):
            self.losses = []

        def handle_epoch_end(self, record):
            self.losses.append(record.data["metrics"]["loss"])

    backend = Backend()
    trained = model()
    trained.fit(X, y, epochs=2, verbose=False, callbacks=[backend])
    assert backend.losses == trained.history["loss"]


def test_an_error_in_a_function_ends_the_run_and_is_raised(tmp_path):
    storage = TieredStorage(tmp_path)

    def prune(event):
        if isinstance(event, EpochEnd) and event.epoch == 1:
            raise LookupError("enough")

    trained = model()
    with pytest.raises(LookupError, match="enough"):
        trained.fit(X, y, epochs=50, verbose=False, callbacks=[prune, storage])
    assert len(trained.history["loss"]) == 2
    assert len(storage.read_basic()) >= 4, "what was written before is kept"


def test_a_sink_that_fails_is_told_and_training_goes_on():
    class Broken:
        name, level = "broken", Level.BASIC

        def handle(self, stamped):
            raise OSError("disk full")

        def close(self):
            pass

    trained = model()
    with pytest.warns(RuntimeWarning, match="broken failed and was taken off: OSError: disk full"):
        trained.fit(X, y, epochs=3, verbose=False, callbacks=[Broken()])
    assert len(trained.history["loss"]) == 3


def test_ctrl_c_ends_after_the_update_and_is_raised(tmp_path):
    storage = TieredStorage(tmp_path)

    def press(event):
        if isinstance(event, EpochEnd) and event.epoch == 1:
            os.kill(os.getpid(), signal.SIGINT)

    trained, reference = model(), model()
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        trained.fit(X, y, epochs=50, verbose=False, seed=3, callbacks=[press, storage])
    assert signal.getsignal(signal.SIGINT) is handler
    reference.fit(X, y, epochs=2, verbose=False, seed=3)
    assert np.array_equal(trained.predict(X), reference.predict(X)), "whole updates only"
    assert "interrupted" in storage.read_basic()[-1]["message"]


def test_health_checks_are_on_unless_the_config_says_no(capsys):
    trained = builder.Sequential([builder.Dense(1)])
    trained.compile(loss="mse", optimizer="sgd", learning_rate=1e9)
    trained.fit(X, y, epochs=20, seed=0)
    assert "UNHEALTHY" in capsys.readouterr().out
    trained.compile(loss="mse", learning_rate=1e9, log_config=LogConfig.minimal())
    trained.fit(X, y, epochs=20, seed=0)
    assert "HEALTHY" not in capsys.readouterr().out
