"""A run as a folder: stopped at any update it goes on as if it never had been."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path

import pytest

from neurogebra.builders import project
from neurogebra.builders.folder import RunFolder, new_folder
from neurogebra.builders.project import DataSpec, plan, resume, start
from neurogebra.errors import BadValue, RunError
from neurogebra.observatory.events import Alert, EpochEnd
from neurogebra.observatory.sinks.ndjson import read
from neurogebra.observatory.sinks.ndjson_events import stored_events

RUN = {"epochs": 6, "seed": 2, "learning_rate": 10.0, "optimizer": "sgd", "batch_size": 16}
UPDATES = 6 * 6


def planned(**options):
    return plan(DataSpec("iris"), [(6, "tanh")], {**RUN, **options})


def after(n):
    """A wish to stop that comes after n updates."""
    calls = count(1)
    return lambda: next(calls) >= n


def rows(folder: Path):
    ends = [r for r in read(folder / "basic.log") if r["event_type"] == "epoch_end"]
    return [(r["epoch"], r["step"], r["data"]["metrics"], r["data"]["best"]) for r in ends]


def alerts(folder: Path):
    return [(r["step"], r["data"]["rule"], r["message"]) for r in read(folder / "health.log")]


def drawn(folder: Path):
    """What the page draws of the run: its points, without the times."""
    events = [s.event for s in stored_events(folder)]
    return [(e.epoch, e.metrics) for e in events if isinstance(e, EpochEnd)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "r"
    return start(planned(), folder)


@pytest.mark.parametrize("at", [1, 2, 5, 6, 7, 8, 20, 34, 40])
def test_a_run_stopped_anywhere_ends_like_one_that_was_not(tmp_path, whole, at):
    # Asked after each update and each epoch, so that 7 is the end of the first epoch.
    stopped = start(planned(), tmp_path / "r", stop=after(at))
    assert stopped.reason == "interrupted"
    assert (stopped.scores, stopped.verdict) == ({}, None)
    found = resume(tmp_path / "r")
    assert found.reason == "completed"
    assert found.scores == whole.scores
    assert found.verdict == whole.verdict
    assert rows(found.folder) == rows(whole.folder)
    assert alerts(found.folder) == alerts(whole.folder)
    assert alerts(whole.folder), "nothing for the doctor to remember: the test would be vacuous"
    for name in ("model/weights.safetensors", "model/model.json", "result.json"):
        assert (found.folder / name).read_bytes() == (whole.folder / name).read_bytes()


def test_a_doctor_who_forgot_would_be_seen(tmp_path, whole, monkeypatch):
    monkeypatch.setattr(project, "_recall", lambda *things: None)
    start(planned(), tmp_path / "r", stop=after(20))
    assert alerts(resume(tmp_path / "r").folder) != alerts(whole.folder)


def test_a_page_of_a_resumed_run_shows_all_of_it(tmp_path, monkeypatch):
    seen = []
    real = project.Dashboard

    def watched(*args, **options):
        seen.append(real(*args, **options))
        return seen[-1]

    monkeypatch.setattr(project, "Dashboard", watched)
    start(planned(), tmp_path / "whole")
    start(planned(), tmp_path / "r", stop=after(20))
    resume(tmp_path / "r")
    all_of_it, first, second = (d.facts for d in seen)
    assert len(first.table.lines()) < 6
    for name in ("loss", "val_accuracy"):
        assert second.metrics[name].points() == all_of_it.metrics[name].points()
    assert [r.metrics for r in second.table.lines()] == [r.metrics for r in all_of_it.table.lines()]
    assert second.status == "completed"
    assert second.started == first.started


def test_a_crash_after_the_last_checkpoint_is_mended_by_resuming(tmp_path, whole):
    start(planned(), tmp_path / "r")
    folder = RunFolder(tmp_path / "r")
    folder.result.unlink()
    assert resume(folder.path).scores == whole.scores
    folder.result.unlink()
    for path in folder.model.iterdir():
        path.unlink()
    folder.model.rmdir()
    assert resume(folder.path).scores == whole.scores
    assert (folder.model / "weights.safetensors").read_bytes() == (
        whole.folder / "model" / "weights.safetensors"
    ).read_bytes()


def test_a_damaged_checkpoint_is_named_and_the_one_before_it_taken(tmp_path, whole):
    start(planned(), tmp_path / "r", stop=after(20))
    resume(tmp_path / "r", stop=after(3))
    newest = max((tmp_path / "r" / "checkpoints").iterdir())
    newest.write_bytes(newest.read_bytes()[:-1])
    found = resume(tmp_path / "r")
    assert found.scores == whole.scores
    assert rows(found.folder) == rows(whole.folder)
    notes = [r["message"] for r in read(tmp_path / "r" / "basic.log") if r["event_type"] == "note"]
    assert [n for n in notes if newest.name in n and "skipped" in n]


def test_stored_events_are_the_events_that_were(tmp_path):
    heard = []

    class Ear:
        name = "ear"
        level = project.TieredStorage(tmp_path / "x").level

        def handle(self, stamped):
            heard.append(stamped)

        def close(self):
            pass

    start(planned(), tmp_path / "r", sinks=[Ear()])
    stored = list(stored_events(tmp_path / "r"))
    assert [s.event for s in stored] == [s.event for s in heard]
    assert [s.time for s in stored] == [s.time for s in heard]
    assert any(isinstance(s.event, Alert) for s in stored)


def test_two_runs_that_begin_in_one_second_have_two_folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    paths = {new_folder("../we ird\n").path for _ in range(5)}
    assert len(paths) == 5
    assert all(p.parent == Path("runs") and p.name.startswith("we-ird-") for p in paths)


def test_what_a_session_refuses_leaves_no_folder(tmp_path):
    with pytest.raises(BadValue, match="fits a multiclass task"):
        planned(loss="mse")
    from neurogebra.errors import UnknownName

    with pytest.raises(UnknownName, match="no engine called 'nump'"):
        start(planned(engine="nump"), tmp_path / "r")
    assert list(tmp_path.iterdir()) == []


def test_a_run_without_a_checkpoint_cannot_go_on(tmp_path):
    start(planned(), tmp_path / "r", stop=after(1))
    for path in (tmp_path / "r" / "checkpoints").iterdir():
        path.unlink()
    with pytest.raises(RunError, match="no whole checkpoint"):
        resume(tmp_path / "r")


def test_a_run_of_a_file_goes_on_from_anywhere(tmp_path, monkeypatch):
    path = tmp_path / "here" / "d.csv"
    path.parent.mkdir()
    path.write_text("x,y\n" + "".join(f"{i % 9},{i % 2}\n" for i in range(60)))
    monkeypatch.chdir(path.parent)
    start(plan(DataSpec("d.csv", "y"), [(4, "relu")], RUN), "r", stop=after(3))
    monkeypatch.chdir(tmp_path)
    assert resume("here/r").reason == "completed"
    assert json.loads((tmp_path / "here/r/run.json").read_text())["model"]["name"] == "d"
