"""What is known of a run before its first step, against numbers counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from neurogebra.layers import Dense, SimpleRNN
from neurogebra.spec import ModelSpec, RunSpec
from neurogebra.training.data import prepare
from neurogebra.training.facts import facts
from neurogebra.training.session import Session


def known(x, y, *layers, loss="mse", checks=None, weights=None):
    x = np.asarray(x, np.float64)
    model = ModelSpec("m", x.shape[1:], layers or (Dense(4, "relu"), Dense(1)))
    run = RunSpec(loss=loss)
    held = None if checks is None else prepare(model, run, *checks)
    first = {**model.init(0), **(weights or {})}
    return facts(Session(model, run, prepare(model, run, x, y), held, first))


X = np.array([[0.0, 5.0, 1.0], [1.0, 5.0, -3.0], [2.0, 5.0, 2.0], [3.0, 5.0, 0.0]])


def test_inputs_are_measured_and_constant_columns_counted():
    found = known(X, [1.0, 2.0, 3.0, 6.0])
    assert found["x_size"] == 5.0
    assert found["x_constant"] == pytest.approx(1 / 3)
    assert found["x_spread"] == pytest.approx(X[:, 2].std())
    assert found["x_least"] == pytest.approx(X[:, 0].std())
    assert (found["y_low"], found["y_high"], found["y_mean"]) == (1.0, 6.0, 3.0)
    assert (found["first"], found["hidden"], found["output"], found["units"]) == (
        "Dense", 1, "linear", 1,
    )  # fmt: skip


def test_classes_are_counted_as_indices_and_as_signs():
    found = known(X, [0, 2, 2, 2], Dense(3, "softmax"), loss="categorical_crossentropy")
    assert (found["one_hot"], found["classes"]) == (True, 2)
    assert (found["largest"], found["smallest"]) == (0.75, 0.25)
    signs = known(X, np.eye(3)[[0, 1, 2, 2]], Dense(3, "softmax"), loss="hinge")
    assert (signs["takes"], signs["one_hot"], signs["largest"]) == ("signs", True, 0.5)


def test_a_shift_is_told_in_spreads_beyond_chance():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(500, 3)), rng.normal(size=500)
    near, far = rng.normal(size=(200, 3)), rng.normal(size=(200, 3)) + 4
    assert known(x, y, checks=(near, y[:200]))["shift"] < 0.1
    assert known(x, y, checks=(far, y[:200]))["shift"] == pytest.approx(4, abs=0.5)


def test_first_weights_are_told_by_their_gain():
    rng = np.random.default_rng(0)
    wide = rng.normal(0, 3 / 10, (100, 50))
    x, y = rng.normal(size=(20, 100)), rng.normal(size=20)
    weights = {"dense_0.W": wide, "dense_1.W": np.full((50, 8), 0.1)}
    kernels = known(x, y, Dense(50, "relu"), Dense(8, "relu"), Dense(1), weights=weights)["kernels"]
    assert [k["layer"] for k in kernels] == ["dense_0", "dense_1", "dense_2"]
    assert kernels[0]["gain"] == pytest.approx(3, rel=0.05)
    assert [k["alike"] for k in kernels] == [False, True, False]
    assert not any(k["zero"] for k in kernels)


def test_an_orthogonal_memory_has_gain_1():
    x, y = np.zeros((4, 5, 2)), np.zeros(4)
    found = known(x, y, SimpleRNN(16), Dense(1))["kernels"]
    back = next(k for k in found if k["key"] == "U")
    assert back["gain"] == pytest.approx(1, rel=0.02)  # its mean takes a little off


def test_of_several_heads_nothing_is_said():
    from neurogebra.spec import Head

    heads = tuple(Head(n, layers=(Dense(1),), loss="mse") for n in "ab")
    model = ModelSpec("m", (3,), (Dense(4, "relu"),), heads)
    run = RunSpec(monitor="val_loss")
    data = prepare(model, run, X, {"a": X[:, 0], "b": X[:, 2]})
    assert facts(Session(model, run, data)) == {}
