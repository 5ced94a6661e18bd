"""Two heads on one trunk, each with its own loss, learn end to end on both engines."""

from __future__ import annotations

import numpy as np
import pytest

from neurogebra.engines import ENGINES
from neurogebra.engines.claims import build
from neurogebra.layers import BatchNorm, Dense, Dropout
from neurogebra.spec import Head, ModelSpec, RunSpec

every_engine = pytest.mark.parametrize(
    "engine", ["numpy", pytest.param("torch", marks=pytest.mark.torch)]
)


def two(weight: float = 1.0) -> ModelSpec:
    trunk = (Dense(16, "tanh", name="low"), BatchNorm(), Dropout(0.1), Dense(16, "relu"))
    kind = Head("kind", "low", (Dense(3, "softmax"),), "categorical_crossentropy")
    size = Head("size", layers=(Dense(1),), loss="mse", weight=weight)
    return ModelSpec("two", (2,), trunk, (kind, size))


def data(rows: int = 120) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    x = np.random.default_rng(0).uniform(-1, 1, (rows, 2))
    kind = (x[:, 0] > -0.3).astype(int) + (x[:, 0] > 0.3)
    return x, {"kind": np.eye(3)[kind], "size": x[:, :1] * x[:, 1:]}


@every_engine
def test_both_heads_learn(engine):
    model, (x, y) = two(), data()
    run = RunSpec(dtype="float64")
    net = ENGINES[engine].load().build(model, run, model.init(0), np.random.default_rng(0))
    first = net.evaluate(x, y).loss
    for _ in range(250):
        net.step(x, y, lr=0.01)
    found = net.predict(x)
    hits = (found["kind"].argmax(1) == y["kind"].argmax(1)).mean()
    assert hits > 0.95
    assert np.mean((found["size"] - y["size"]) ** 2) < 0.2 * y["size"].var()
    assert net.evaluate(x, y).loss < 0.3 * first


@every_engine
def test_shuffled_targets_are_not_learned(engine):
    """The tooth of the test above: without a rule to find, a fresh half stays unknown."""
    model, (x, y) = two(), data()
    y["kind"] = np.random.default_rng(1).permutation(y["kind"])
    run = RunSpec(dtype="float64")
    net = ENGINES[engine].load().build(model, run, model.init(0), np.random.default_rng(0))
    for _ in range(250):
        net.step(x[:60], {h: a[:60] for h, a in y.items()}, lr=0.01)
    hits = (net.predict(x[60:])["kind"].argmax(1) == y["kind"][60:].argmax(1)).mean()
    assert hits < 0.6


@every_engine
def test_a_heads_weight_scales_what_it_adds(engine):
    x, y = data(12)
    made = {w: build(ENGINES[engine].load(), two(w), two(w).init(0)) for w in (1.0, 3.0)}
    (one, slopes), (three, steeper) = (made[w].gradients(x, y) for w in (1.0, 3.0))
    name = "size.dense_0.W"  # only the second head reads it
    np.testing.assert_allclose(steeper[name], 3 * slopes[name], rtol=1e-10)
    np.testing.assert_allclose(steeper["kind.dense_0.W"], slopes["kind.dense_0.W"], rtol=1e-10)
    size = np.mean((made[1.0].step(x, y, lr=0.1).outputs["size"] - y["size"]) ** 2)
    assert three - one == pytest.approx(2 * size)
