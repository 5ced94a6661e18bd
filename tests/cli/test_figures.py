"""`neurogebra figures`: files that are named, and one sentence where they cannot be drawn."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("matplotlib")


@pytest.fixture
def finished(run, flowers):
    words = ("--target", "answer", "--layers", "4:relu", "--epochs", "2", "-q", "--out", "a")
    assert run("train", flowers, *words).code == 0
    return "a"


def test_figures_are_drawn_and_named(run, finished, tmp_path):
    done = run("figures", finished, "paper", "--formats", "svg", "--json")
    drawn = json.loads(done.out)["figures"]
    assert {path.rsplit("/", 1)[1] for path in drawn} >= {"loss.svg", "accuracy.svg"}
    assert "<svg" in (tmp_path / "paper" / "loss.svg").read_text()


def test_an_unknown_format_and_a_folder_without_a_run_are_refused(refused, finished):
    assert "'png'" in refused("figures", finished, "paper", "--formats", "pngg")
    assert "nowhere" in refused("figures", "nowhere", "paper")
