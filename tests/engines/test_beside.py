"""The first layer's bias among its weights: the numbers of a bias by itself."""

from dataclasses import replace

import numpy as np
import pytest

from neurogebra.engines import beside as module
from neurogebra.engines import numpy_engine
from neurogebra.engines.beside import NARROW, X_ONE, both
from neurogebra.layers import Dense, Flatten
from neurogebra.spec import Head, ModelSpec, RunSpec

RNG = np.random.default_rng(4)
MODELS = {
    "relu": ModelSpec("m", (3,), (Dense(5, "relu"), Dense(1, "sigmoid"))),
    "one layer": ModelSpec("m", (3,), (Dense(1, "sigmoid"),)),
    "linear": ModelSpec("m", (3,), (Dense(4), Dense(1, "sigmoid"))),
    "two heads": ModelSpec(
        "m", (3,), (Dense(4, "tanh"),),
        (Head("a", layers=(Dense(1, "sigmoid"),)), Head("b", layers=(Dense(1, "sigmoid"),))),
    ),
    "a row": ModelSpec("m", (1,), (Dense(1, "tanh"), Dense(1, "sigmoid"))),
}  # fmt: skip
OTHERS = {
    "no bias": ModelSpec("m", (3,), (Dense(5, use_bias=False), Dense(1, "sigmoid"))),
    "wide": ModelSpec("m", (NARROW + 1,), (Dense(2), Dense(1, "sigmoid"))),
    "several axes": ModelSpec("m", (3, 2), (Dense(2), Flatten(), Dense(1, "sigmoid"))),
}


@pytest.fixture(autouse=True)
def planned_anew():
    numpy_engine._planned.cache_clear()
    yield
    numpy_engine._planned.cache_clear()


def network(model, dtype="float64"):
    run = RunSpec(loss="binary_crossentropy", optimizer="adam", dtype=dtype)
    net = numpy_engine.ENGINE.build(model, run, model.init(0), np.random.default_rng(0))
    batch = RNG.normal(size=(6, *model.in_shape)).astype(dtype)
    y = {h.name: RNG.integers(0, 2, (6, 1)).astype(dtype) for h in model.heads}
    return net, batch, y


def learned(net, batch, y):
    """Return loss and slopes, then losses and weights of three steps, a smaller one among them."""
    found = [net.gradients(batch, y)]
    for rows in (6, 4, 6):
        step = net.step(batch[:rows], {h: a[:rows] for h, a in y.items()}, lr=0.1, probe=rows == 4)
        found.append((step.loss, net.weights()))
    return [*found, (net.evaluate(batch, y).loss, net.predict(batch))]


def alike(one, two):
    for (loss, arrays), (other, others) in zip(one, two, strict=True):
        assert loss == pytest.approx(other, rel=1e-13)
        assert arrays.keys() == others.keys()
        for name in arrays:
            np.testing.assert_allclose(arrays[name], others[name], rtol=1e-11, atol=1e-14)


def plainly(monkeypatch, model, batch, y):
    with monkeypatch.context() as m:
        m.setattr(numpy_engine, "joined_layer", lambda model: "")
        numpy_engine._planned.cache_clear()
        net, *_ = network(model)
        found = learned(net, batch, y)
    numpy_engine._planned.cache_clear()
    return found


@pytest.mark.parametrize("name", MODELS)
def test_the_same_numbers(name, monkeypatch):
    model = MODELS[name]
    net, batch, y = network(model)
    found, first = learned(net, batch, y), model.trunk[0].name or "dense_0"
    alike(found, plainly(monkeypatch, model, batch, y))
    plan, registers = net.plan(training=True, probe=False, with_loss=True, weighted=())
    assert X_ONE in plan.inputs.values()
    assert ("gradient", both(first)) in registers
    assert not {("gradient", f"{first}.W"), ("gradient", f"{first}.b")} & {*registers}


@pytest.mark.parametrize("name", OTHERS)
def test_other_layers_stay_as_they_are(name):
    net, batch, y = network(OTHERS[name])
    learned(net, batch, y)
    plan, _ = net.plan(training=True, probe=False, with_loss=True, weighted=())
    assert X_ONE not in plan.inputs.values()


def test_a_column_that_is_not_one_is_seen(monkeypatch):
    """The tooth of the first test."""
    model = MODELS["relu"]
    right = module.room
    monkeypatch.setattr(numpy_engine, "room", lambda *args: right(*args) * 2)
    net, batch, y = network(model)
    with pytest.raises(AssertionError):
        alike(learned(net, batch, y), plainly(monkeypatch, model, batch, y))


def test_a_product_that_somebody_reads_stays(monkeypatch):
    """x·W by itself among the results, or slopes of it that are not those of the bias."""
    monkeypatch.setattr(numpy_engine, "joined_layer", lambda model: "")
    net, *_ = network(MODELS["relu"])
    plan, registers = net.plan(training=True, probe=False, with_loss=True, weighted=())
    of_W, of_b = (registers["gradient", f"dense_0.{n}"] for n in "Wb")
    assert module.beside(plan, "dense_0", [of_W, of_b])[1] > 0
    product = next(line.out for line in plan.lines if line.op == "matmul")
    asked = replace(plan, outputs=(*plan.outputs, product))
    assert module.beside(asked, "dense_0", [of_W, of_b]) == (asked, -1)
    other = registers["gradient", "dense_1.b"]
    short, joined = module.beside(plan, "dense_0", [of_W, other])
    assert joined == -1
    assert {of_W, of_b} <= {*short.outputs}
