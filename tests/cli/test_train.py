"""`neurogebra train`: what it shows, what it leaves behind, and how well the first command does."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from neurogebra.observatory.sinks.ndjson import read

FAST = ("--epochs", "3", "--layers", "8")
FOLDER = {
    "basic.log",
    "health.log",
    "debug.log",
    "dashboard.html",
    "fingerprint.json",
    "run.json",
    "result.json",
    "model",
    "checkpoints",
}


def test_the_first_command_shows_what_was_learned_from_and_how_it_went(run):
    found = run("train", "breast_cancer")
    assert (found.code, found.err) == (0, "")
    for words in (
        "Breast Cancer Wisconsin",
        "569 rows, 30 columns",
        "diagnosis: benign (357), malignant (212)",
        "origin: observed  licence: CC-BY-4.0",
        "a1 = relu(x·W1 + b1)",
        "a2 = tanh(a1·W2 + b2)",
        "a3 = sigmoid(a2·W3 + b3)",
        "4,097",
        "optimizer adam",
        "validation     91",
        "test          114",
        "HEALTHY",
        "dashboard.html",
        "neurogebra predict runs/breast_cancer-",
    ):
        assert words in found.out
    assert "\x1b" not in found.out


def test_it_reaches_95_percent_on_rows_it_never_saw_over_ten_seeds(run):
    scores = []
    for seed in range(10):
        found = run("train", "breast_cancer", "--json", "--seed", seed, "--out", seed)
        scores.append(json.loads(found.out)["scores"]["test"]["accuracy"])
    assert min(scores) >= 0.95, scores
    assert np.mean(scores) >= 0.96, scores
    assert len(set(scores)) > 1, "a seed that changes nothing"


def test_the_folder_of_a_run_is_whole(run, tmp_path):
    assert run("train", "breast_cancer", *FAST, "--out", "r").code == 0
    folder = tmp_path / "r"
    assert {p.name for p in folder.iterdir()} == FOLDER
    assert {p.name for p in (folder / "model").iterdir()} == {"model.json", "weights.safetensors"}
    basic = read(folder / "basic.log")
    assert basic[0]["event_type"] == "train_start"
    assert [r["epoch"] for r in basic if r["event_type"] == "epoch_end"] == [0, 1, 2]
    assert len(read(folder / "debug.log")) >= 3 * 12
    alerts = [r["data"]["rule"] for r in read(folder / "health.log")]
    assert alerts == ["no_better_than_trivial", "too_few_updates"]
    assert "<html" in (folder / "dashboard.html").read_text("utf-8")
    result = json.loads((folder / "result.json").read_text())
    assert set(result["scores"]) == {"validation", "test"}
    assert json.loads((folder / "fingerprint.json").read_text())["random_seed"] == 0


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(run, tmp_path):
    def weights(name, *words):
        assert run("train", "iris", *FAST, "--out", name, *words).code == 0
        return (tmp_path / name / "model" / "weights.safetensors").read_bytes()

    assert weights("a") == weights("b") != weights("c", "--seed", 1)


def test_json_is_one_object_and_nothing_else(run, tmp_path):
    found = run("train", "iris", *FAST, "--json", "--out", "r")
    assert found.err == ""
    told = json.loads(found.out)
    assert set(told) == {"folder", "reason", "scores", "verdict"}
    assert (told["folder"], told["reason"]) == ("r", "completed")
    assert set(told["scores"]["test"]) == {"loss", "accuracy"}
    assert set(told["verdict"]) == {"status", "summary", "causes"}


def test_quiet_tells_how_it_ended_and_silent_nothing(run):
    found = run("train", "iris", *FAST, "--quiet", "--out", "q")
    lines = found.out.splitlines()
    assert [line.split()[0] for line in lines] == ["validation", "test", "NOT", "q"]
    found = run("train", "iris", *FAST, "--log-level", "silent", "--out", "s")
    assert (found.code, found.out, found.err) == (0, "", "")


def test_expert_prints_the_formulas_of_both_directions_with_shapes(run):
    found = run("train", "breast_cancer", "--epochs", "2", "--log-level", "expert")
    assert re.search(r"Forward +a1 = relu\(x·W1 \+ b1\) +\(32, 30\) → \(32, 64\)", found.out)
    assert re.search(r"Backward +∂L/∂W1 = .*\(30, 64\)", found.out)
    basic = run("train", "breast_cancer", "--epochs", "2").out
    assert "Forward" not in basic
    assert "Backward" not in basic


def test_a_file_of_ones_own_is_learned_from(run, flowers):
    found = run("train", flowers, "--target", "answer", "--out", "r")
    assert found.code == 0, found
    assert "105 rows, 3 columns as 4 numbers" in found.out
    assert re.search(r"answer: no \(\d+\), yes \(\d+\)", found.out)
    told = json.loads(run("train", flowers, "--target", "answer", "--json").out)
    assert told["scores"]["test"]["accuracy"] > 0.9


def test_a_number_is_predicted_as_one(run, table):
    rows = [[i % 11, i % 3, 100 + 3 * (i % 11) - (i % 3)] for i in range(120)]
    path = table("price.csv", ["x", "z", "price"], rows)
    found = run("train", path, "--target", "price", "--task", "regression", "--out", "r")
    assert found.code == 0
    assert "price: a number, 11" in found.out
    assert "a3 = a2·W3 + b3" in found.out
    assert "mae" in found.out


def test_gaps_are_filled_only_when_that_is_allowed_and_said(run, refused, table):
    rows = [["" if i == 7 else i % 9, i % 2] for i in range(60)]
    path = table("gap.csv", ["x", "y"], rows)
    sentence = refused("train", path, "--target", "y")
    assert "row 8 (line 9), column 'x': the value is missing" in sentence
    found = run("train", path, "--target", "y", "--allow-missing", *FAST)
    assert found.code == 0
    assert "1 missing value in 1 column: numbers get the training median" in found.out


def test_every_word_reaches_the_run(run, tmp_path, flowers):
    words = "--layers 5:gelu,4 --epochs 2 --batch-size 7 --lr 0.02 --optimizer nag --loss mse"
    more = "--patience 9 --seed 4 --dtype float64 --drop z --categorical x --task classification"
    found = run("train", flowers, "--target", "answer", *words.split(), *more.split(), "--out", "r")
    assert found.code == 0, found
    record = json.loads((tmp_path / "r" / "run.json").read_text())
    layers = [(d["units"], d["activation"]) for d in record["model"]["layers"]]
    assert layers == [(5, "gelu"), (4, "relu"), (1, "sigmoid")]
    expected = {
        "epochs": 2,
        "batch_size": 7,
        "learning_rate": 0.02,
        "optimizer": "nesterov",
        "loss": "mse",
        "patience": 9,
        "seed": 4,
        "dtype": "float64",
        "metrics": ["accuracy"],
    }
    assert {k: record["run"][k] for k in expected} == expected
    assert record["data"]["drop"] == ["z"]
    assert record["data"]["categorical"] == ["x"]
    assert record["data"]["source"] == str(flowers)


def test_a_run_without_a_folder_name_gets_one_of_its_own(run, tmp_path):
    for _ in range(2):
        assert run("train", "iris", *FAST).code == 0
    assert len(list((tmp_path / "runs").glob("iris-*"))) == 2


def test_a_run_that_diverges_says_so_and_leaves_no_model(run, refused, table, tmp_path):
    rows = [[i % 7, i * 1.5] for i in range(60)]
    path = table("steep.csv", ["x", "y"], rows)
    words = ("--target", "y", "--optimizer", "sgd", "--lr", "1e30", "--out", "r")
    found = run("train", path, *words)
    assert found.code == 1
    assert "Training diverged" in found.out
    assert "predict" not in found.out
    assert json.loads((tmp_path / "r" / "result.json").read_text())["reason"] == "diverged"
    assert "diverged and left no model" in refused("predict", "r", path)
    assert "this run is over (diverged)" in refused("train", "--resume", "r")


def test_a_score_that_is_no_number_is_null_in_json(run, table, tmp_path):
    rows = [[i, 1e30 if i == 5 else i % 7 * 1.1] for i in range(100)]
    path = table("wild.csv", ["x", "y"], rows)
    told = [
        json.loads(run("train", path, "--target", "y", *FAST, "--seed", s, "--json").out)
        for s in range(6)
    ]
    losses = [t["scores"]["test"]["loss"] for t in told]
    assert None in losses, "no seed dealt the wild row into the test part: vacuous"
    assert any(isinstance(loss, float) for loss in losses)


@pytest.mark.parametrize("name", ["[red]x[/red]", "[/bold]", "\x1b[31mred", "a\x07b\u2028c"])
def test_names_of_users_are_neither_markup_nor_codes(run, tmp_path, name):
    column = "[bold]c[/]" if "\x1b" in name or "\x07" in name else name
    text = f'"{column}",y\n' + "".join(f"{i},[b]{i % 2}\n" for i in range(60))
    path = tmp_path / f"{name.replace('/', '_')}.csv"
    path.write_text(text, "utf-8")
    found = run("train", path, "--target", "y", *FAST, "--out", "r")
    assert found.code == 0, found
    assert "\x1b" not in found.out
    assert "\x07" not in found.out
    assert "[b]0 (30), [b]1 (30)" in found.out
    assert repr(path.name)[1:-1] in found.out.splitlines()[0] or path.name in found.out
    assert column in run("train", path, "--target", column + "x").err
