"""The baseline is the loss of the best constant: no other constant does better."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from neurogebra.engines import ENGINES
from neurogebra.layers import Activation, Dense
from neurogebra.losses import LOSSES
from neurogebra.losses.record import BINARY, CLASSES, SIGNS
from neurogebra.spec import ModelSpec, RunSpec
from neurogebra.training.baseline import _BEST, baseline
from neurogebra.training.data import prepare

ROWS = 40
OPTIONS = {
    "quantile": {"q": 0.8},
    "binary_crossentropy": {"label_smoothing": 0.2},
    "categorical_crossentropy_logits": {"label_smoothing": 0.1},
}


def targets(name: str, units: int) -> np.ndarray:
    rng, kind = np.random.default_rng(1), LOSSES[name].target
    if kind == CLASSES:
        return rng.choice(units, ROWS, p=[0.6, 0.3, 0.1])
    if kind in (BINARY, SIGNS):
        return (rng.uniform(size=(ROWS, units)) < 0.3).astype(float)
    return rng.gamma(2.0, 1.0, (ROWS, units)) + 0.1


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", _BEST)
def test_no_constant_is_better(name, weighted):
    """A bias alone, trained by SciPy, comes as low as the baseline says and no lower."""
    row = LOSSES[name]
    units = 3 if row.target == CLASSES else 2
    ends = () if row.end == "linear" else (Activation(row.end),)
    model = ModelSpec("m", (1,), (Dense(units), *ends))
    run = RunSpec(loss=name, loss_options=OPTIONS.get(name, {}), dtype="float64")
    w = np.random.default_rng(2).uniform(0.2, 3, ROWS) if weighted else None
    data = prepare(model, run, np.zeros((ROWS, 1)), targets(name, units), sample_weight=w)
    net = ENGINES["numpy"].load().build(model, run, model.init(0), np.random.default_rng(0))
    state = net.state()

    def constant(b):
        net.load({**state, "weights/dense_0.b": np.array(b)})  # x is 0: W does nothing
        return net.evaluate(data.x, data.y, data.weights).loss

    found = baseline(model, run, data)
    best = minimize(constant, np.full(units, 0.1), method="Nelder-Mead", options={"xatol": 1e-7})
    assert found["trivial_loss"] == pytest.approx(best.fun, rel=2e-4)
    assert found["trivial_loss"] <= best.fun * (1 + 1e-6)
    assert ("majority" in found) == (row.target in (BINARY, CLASSES, SIGNS))


def test_certain_targets_and_losses_without_a_known_constant():
    model = ModelSpec("m", (1,), (Dense(1),))
    x = np.zeros((4, 1))
    run = RunSpec(loss="binary_crossentropy_logits")
    found = baseline(model, run, prepare(model, run, x, np.ones(4)))
    assert found["trivial_loss"] == pytest.approx(0, abs=1e-9)
    assert found["majority"] == 1.0
    run = RunSpec(loss="huber")
    assert baseline(model, run, prepare(model, run, x, np.ones(4))) == {}


def test_steps_of_a_sequence_are_rows():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, (10, 4))
    steps = ModelSpec("m", (4, 2), (Dense(3, "softmax"),))
    flat = ModelSpec("m", (2,), (Dense(3, "softmax"),))
    run = RunSpec(loss="categorical_crossentropy", dtype="float64")
    x = rng.normal(size=(10, 4, 2))
    found = baseline(steps, run, prepare(steps, run, x, y))
    same = baseline(flat, run, prepare(flat, run, x.reshape(40, 2), y.ravel()))
    assert found == pytest.approx(same)
    assert found["majority"] == np.bincount(y.ravel()).max() / 40
