"""Data that cannot be learned from: one sentence, no folder. Divergence: a whole one."""

from __future__ import annotations

import json

import pytest

NAMES = ["a", "b", "y"]
ROWS = [[i, i * i % 7, i % 2] for i in range(60)]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "no rows"),
        ([[1, 2, 0]], "one value"),
        (ROWS[:2], "too few to split"),
        ([[a, b, 1] for a, b, _ in ROWS], "only one value"),
        ([[a, "inf" if a == 7 else b, c] for a, b, c in ROWS], "row 8 (line 9), column 'b': 'inf'"),
        ([[a, "nan" if a == 7 else b, c] for a, b, c in ROWS], "column 'b'"),
        ([[a, b] for a, b, _ in ROWS], "line 2"),
    ],
)
def test_data_that_cannot_be_learned_from_are_one_sentence(refused, table, tmp_path, rows, words):
    path = table("t.csv", NAMES, rows)
    assert words in refused("train", path, "--target", "y", "--out", "r")
    assert not (tmp_path / "r").exists()


def test_a_rate_that_diverges_leaves_a_whole_folder_and_says_what_to_try(run, table, tmp_path):
    path = table("t.csv", NAMES, [[a, b, a * 0.5] for a, b, _ in ROWS])
    words = ("--target", "y", "--optimizer", "sgd", "--lr", "1e20", "--out", "r")
    found = run("train", path, *words)
    assert found.code == 1
    assert "Training diverged" in found.out
    assert "Lower the learning rate" in found.out
    there = {p.name for p in (tmp_path / "r").iterdir()}
    assert {
        "basic.log",
        "health.log",
        "debug.log",
        "run.json",
        "result.json",
        "dashboard.html",
    } <= (there)
    assert "model" not in there
    result = json.loads((tmp_path / "r" / "result.json").read_text())
    assert result["reason"] == "diverged"
    assert result["verdict"]["status"] == "unhealthy"
    for name in ("basic.log", "health.log", "debug.log"):
        for line in (tmp_path / "r" / name).read_text().splitlines():
            json.loads(line)
