"""Two heads on one trunk, each with its own loss, learn end to end on both engines."""

from __future__ import annotations

import numpy as np
import pytest

from neurogebra.engines import ENGINES
from neurogebra.engines.claims import build
from neurogebra.errors import BadValue
from neurogebra.layers import BatchNorm, Dense, Dropout
from neurogebra.spec import Head, ModelSpec, RunSpec
from neurogebra.training.data import prepare
from neurogebra.training.loop import train
from neurogebra.training.session import Session

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


def joined(join: str) -> ModelSpec:
    trunk = (Dense(6, "tanh", name="low"), Dense(6, "relu", name="high"), Dense(6, name="last"))
    both = Head("both", ("low", "high"), (Dense(2, name="end"),), join=join)
    return ModelSpec("joined", (3,), trunk, (both,))


@every_engine
@pytest.mark.parametrize("join", ["concat", "add"])
def test_a_head_reads_several_layers_at_once(engine, join):
    model = joined(join)
    net = build(ENGINES[engine].load(), model, model.init(0))
    x = np.random.default_rng(0).normal(size=(7, 3))
    y = {"both": np.random.default_rng(1).normal(size=(7, 2))}
    p = net.weights()
    low = np.tanh(x @ p["low.W"] + p["low.b"])
    high = np.maximum(low @ p["high.W"] + p["high.b"], 0)
    given = np.hstack([low, high]) if join == "concat" else low + high
    out = given @ p["end.W"] + p["end.b"]
    np.testing.assert_allclose(net.predict(x)["both"], out, atol=1e-12)
    slopes = net.gradients(x, y)[1]
    gap = 2 * (out - y["both"]) / out.size
    np.testing.assert_allclose(slopes["end.W"], given.T @ gap, atol=1e-12)
    back = gap @ p["end.W"].T
    at_high = back[:, 6:] if join == "concat" else back
    np.testing.assert_allclose(slopes["high.W"], low.T @ (at_high * (high > 0)), atol=1e-12)
    assert not slopes["last.W"].any()  # no head reads the last layer
    assert ModelSpec.from_dict(model.to_dict()) == model


@pytest.mark.parametrize("join", ["concat", "add"])
def test_layers_that_do_not_fit_are_not_joined(join):
    trunk = (Dense(6, name="low"), Dense(5, name="high"))
    head = Head("both", ("low", "high"), join=join)
    if join == "concat":
        assert ModelSpec("m", (3,), trunk, (head,)).out_shape("both") == (11,)
    else:
        with pytest.raises(BadValue, match=r"heads\[0\].at: expected shapes that are equal"):
            ModelSpec("m", (3,), trunk, (head,))


def several() -> ModelSpec:
    """Three tasks at three heights: the sign of a sum, its size, and both layers at once."""
    trunk = (Dense(16, "tanh", name="low"), Dense(16, "tanh", name="high"))
    sign = Head("sign", "low", (Dense(1, "sigmoid"),), "binary_crossentropy", 0.5,
                metrics=("accuracy",))  # fmt: skip
    size = Head("size", "high", (Dense(1),), "huber", 2.0, metrics=("mae", "r2"))
    kind = Head("kind", ("low", "high"), (Dense(3, "softmax"),), "categorical_crossentropy",
                metrics=("accuracy",))  # fmt: skip
    return ModelSpec("several", (2,), trunk, (sign, size, kind))


def tasks(rows: int = 90) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    x = np.random.default_rng(0).uniform(-1, 1, (rows, 2))
    total = x.sum(1, keepdims=True)
    kind = (total[:, 0] > -0.4).astype(int) + (total[:, 0] > 0.4)
    return x, {"sign": (total > 0).astype(float), "size": total * x[:, :1], "kind": np.eye(3)[kind]}


@every_engine
def test_tasks_at_different_heights_add_up(engine):
    """The loss is the weighted sum of the heads' own, and so is the gradient of what they share."""
    model, (x, y) = several(), tasks()
    weights, run = model.init(0), RunSpec(dtype="float64")
    made = ENGINES[engine].load().build(model, run, weights, np.random.default_rng(0))
    loss, slopes = made.gradients(x, y)
    total, shared = 0.0, 0.0
    for head in model.heads:
        alone = ModelSpec("alone", (2,), model.layers, (head,))
        own = {n: w for n, w in weights.items() if n in alone.init(0)}
        net = ENGINES[engine].load().build(alone, run, own, np.random.default_rng(0))
        part, its = net.gradients(x, {head.name: y[head.name]})
        total, shared = total + part, shared + its["low.W"]
    assert loss == pytest.approx(total, rel=1e-12)
    np.testing.assert_allclose(slopes["low.W"], shared, atol=1e-12)
    for _ in range(300):
        made.step(x, y, lr=0.02)
    found = made.predict(x)
    assert ((found["sign"] > 0.5) == y["sign"]).mean() > 0.95
    assert (found["kind"].argmax(1) == y["kind"].argmax(1)).mean() > 0.95
    assert np.mean((found["size"] - y["size"]) ** 2) < 0.1 * y["size"].var()


@every_engine
def test_several_tasks_train_through_the_loop_each_with_its_own_metrics(engine):
    model, (x, y) = several(), tasks()
    run = RunSpec(epochs=25, batch_size=16, learning_rate=0.02, engine=engine)
    data = prepare(model, run, x, y)
    *_, end = train(Session(model, run, data, data), lambda level: False)
    names = {"loss", "sign.accuracy", "size.mae", "size.r2", "kind.accuracy"}
    assert set(end.metrics) == names | {f"val_{name}" for name in names}
    assert min(end.metrics["val_sign.accuracy"], end.metrics["val_kind.accuracy"]) > 0.95
    assert end.metrics["val_size.r2"] > 0.8
