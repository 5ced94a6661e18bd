"""The experiments hold their claims, and say so when they do not."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from neurogebra.cli import main as cli
from neurogebra.errors import BadValue
from neurogebra.experiments import EXPERIMENTS, Outcome, grad_check, iris, record, softmax_toy, xor


def test_xor_is_solved_on_all_of_its_seeds():
    outcome = EXPERIMENTS["xor"].run()
    assert outcome.passed, outcome
    assert outcome.figures["solved"] == outcome.figures["seeds"] == 50


def test_iris_reaches_its_mean_over_twenty_splits():
    outcome = EXPERIMENTS["iris"].run()
    assert outcome.passed, outcome
    assert len(outcome.rows) == 20
    assert outcome.figures["mean_accuracy"] >= 0.96


def test_softmax_comes_near_the_best_rule():
    assert EXPERIMENTS["softmax_toy"].run(3).passed


def test_ways_of_batching_are_told_apart():
    outcome = EXPERIMENTS["batch_compare"].run(1)
    assert outcome.passed, outcome
    assert [row[0] for row in outcome.rows] == [
        "full batch",
        "mini-batch of 32",
        "one row at a time",
        "mini-batch with momentum",
    ]


def test_xor_that_is_not_trained_fails(monkeypatch):
    monkeypatch.setattr(xor, "EPOCHS", 1)
    outcome = EXPERIMENTS["xor"].run(3)
    assert not outcome.passed
    assert record.main("xor", ["--runs", "1"]) == 1


def test_iris_with_shuffled_labels_fails(monkeypatch):
    honest = iris.Datasets.load_iris(split=None)

    class Shuffled:
        @staticmethod
        def load_iris(split):
            return honest[0], np.random.default_rng(0).permutation(honest[1])

    monkeypatch.setattr(iris, "Datasets", Shuffled)
    assert not EXPERIMENTS["iris"].run(2).passed


def test_clouds_with_shuffled_labels_fail(monkeypatch):
    honest = softmax_toy.clouds

    def shuffled(seed, rows):
        X, y = honest(seed, rows)
        return X, np.random.default_rng(seed).permutation(y)

    monkeypatch.setattr(softmax_toy, "clouds", shuffled)
    monkeypatch.setattr(softmax_toy, "best_score", lambda X, y: 0.92)
    assert not EXPERIMENTS["softmax_toy"].run(1).passed


def test_a_model_that_changes_when_saved_is_seen(monkeypatch):
    honest = record.Model.load

    def shaken(path):
        model = honest(path)
        model.predict = lambda X: np.zeros((len(X), 1))
        return model

    monkeypatch.setattr(record.Model, "load", shaken)
    monkeypatch.setattr(xor, "EPOCHS", 2)
    assert (
        dict(EXPERIMENTS["xor"].run(1).checks)[
            "a saved and loaded network answers the same, bit for bit"
        ]
        is False
    )


def test_the_gradient_check_sees_a_wrong_gradient(monkeypatch):
    monkeypatch.setattr(grad_check, "cases", lambda: iter(_three()))
    assert EXPERIMENTS["grad_check"].run().passed
    monkeypatch.setattr(grad_check, "gradient_error", lambda *a: (2e-7, 10))
    assert not EXPERIMENTS["grad_check"].run().passed


def _three():
    from neurogebra.engines.conformance import two_heads, with_activation, with_loss

    yield "activations", "tanh", with_activation("tanh")
    yield "losses", "mse", with_loss("mse")
    yield "heads", "two heads", two_heads()


def test_every_layer_activation_and_loss_is_among_the_cases():
    from neurogebra.layers import LAYERS
    from neurogebra.losses import LOSSES

    members = [(family, member) for family, member, _ in grad_check.cases()]
    assert {m for f, m in members if f == "layers"} == set(LAYERS)
    assert {m for f, m in members if f == "losses"} == set(LOSSES)
    assert len({m for f, m in members if f == "activations"}) > 40


def test_numbers_of_runs_that_mean_nothing_are_refused():
    with pytest.raises(BadValue, match="runs"):
        EXPERIMENTS["xor"].run(0)
    with pytest.raises(BadValue, match="runs"):
        EXPERIMENTS["grad_check"].run(2)
    with pytest.raises(KeyError, match="did you mean 'xor'"):
        EXPERIMENTS["xo"]


def test_the_command_lists_and_runs_them(monkeypatch, capsys):
    monkeypatch.setattr(xor, "EPOCHS", 150)
    assert cli(["experiment"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in EXPERIMENTS)
    assert cli(["experiment", "xor", "--runs", "2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["experiment"] == "xor"
    assert found["figures"]["seeds"] == 2
    assert cli(["experiment", "xorr"]) == 2
    assert "did you mean" in capsys.readouterr().err


def test_the_command_says_no_with_its_exit_code(monkeypatch, capsys):
    monkeypatch.setattr(xor, "EPOCHS", 1)
    assert cli(["experiment", "xor", "--runs", "1"]) == 1
    assert "NO" in capsys.readouterr().out


def test_each_is_a_module_to_run():
    done = subprocess.run(
        [sys.executable, "-m", "neurogebra.experiments.xor", "--runs", "1"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "solved on 1 of 1 seeds" in done.stdout


def test_an_outcome_with_one_check_that_fails_has_not_passed():
    assert Outcome("x", "claim", (("a", True),)).passed
    assert not Outcome("x", "claim", (("a", True), ("b", False))).passed
