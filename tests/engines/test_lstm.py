"""An LSTM's steps in few calls: what its layer says step by step."""

import numpy as np
import pytest

from neurogebra.engines import lstm, numpy_engine, symbol_ops
from neurogebra.engines.lstm import BACK, CELL, INTO
from neurogebra.layers import LSTM, Dense, Flatten
from neurogebra.spec import Group, Head, ModelSpec, RunSpec

RNG = np.random.default_rng(3)
STEPS = (5, 2)
MODELS = {
    "the last": ModelSpec("m", STEPS, (LSTM(3), Dense(1))),
    "every one": ModelSpec("m", STEPS, (LSTM(3, return_sequences=True), Flatten(), Dense(1))),
    "one above another": ModelSpec(
        "m", STEPS, (LSTM(4, return_sequences=True), LSTM(3, unit_forget_bias=False), Dense(1))
    ),
    "behind a layer": ModelSpec("m", STEPS, (Dense(3, "tanh"), LSTM(2), Dense(1))),
    "one step": ModelSpec("m", (1, 2), (LSTM(3), Dense(1))),
    "two steps, one unit": ModelSpec("m", (2, 1), (LSTM(1, return_sequences=True), Flatten())),
    "its own head": ModelSpec("m", STEPS, (LSTM(1),)),
    "read by two": ModelSpec(
        "m", STEPS, (LSTM(3, name="memory"), Dense(2, "tanh"), Dense(1)),
        (Head("a"), Head("b", at="memory", layers=(Dense(1),))),
    ),
}  # fmt: skip
OTHERS = (LSTM(3, bidirectional=True), LSTM(3, activation="relu"))


@pytest.fixture(autouse=True)
def planned_anew():
    numpy_engine._planned.cache_clear()
    yield
    numpy_engine._planned.cache_clear()


def network(model, **settings):
    run = RunSpec(loss="mse", optimizer="adam", dtype="float64", **settings)
    return numpy_engine.ENGINE.build(model, run, model.init(1), np.random.default_rng(0))


def batch_of(model, rows=4):
    x = RNG.normal(size=(rows, *model.in_shape)) * 2
    return x, {h.name: RNG.normal(size=(rows, *model.out_shape(h.name))) for h in model.heads}


def learned(model, batch, **settings):
    """Return slopes twice, losses and weights of steps on batches of several sizes, outputs."""
    net, (x, y) = network(model, **settings), batch
    found = [net.gradients(x[::-1], y), net.gradients(x, y)]
    for rows in (4, 3, 4):
        step = net.step(x[:rows], {h: a[:rows] for h, a in y.items()}, lr=0.1, probe=rows == 3)
        seen = {f"{s.layer}.{s.site}.{s.param}": s.array.copy() for s in step.seen}
        found.append((step.loss, {**net.weights(), **seen}))
    return [*found, (net.evaluate(x, y).loss, net.predict(x)), (0.0, net.predict(x[1:]))]


def alike(one, two):
    for (loss, arrays), (other, others) in zip(one, two, strict=True):
        assert loss == pytest.approx(other, rel=1e-11)
        assert arrays.keys() == others.keys()
        for name in arrays:
            np.testing.assert_allclose(arrays[name], others[name], rtol=1e-8, atol=1e-12)


def plainly(monkeypatch, model, batch, **settings):
    with monkeypatch.context() as m:
        m.setattr(lstm, "fits", lambda layer: False)
        numpy_engine._planned.cache_clear()
        found = learned(model, batch, **settings)
    numpy_engine._planned.cache_clear()
    return found


def ops_of(net):
    plan, _ = net.plan(training=True, probe=False, with_loss=True, weighted=())
    return {line.op for line in plan.lines}


@pytest.mark.parametrize("name", MODELS)
def test_the_same_numbers(name, monkeypatch):
    model = MODELS[name]
    batch = batch_of(model)
    assert {CELL, BACK} <= ops_of(network(model))
    alike(learned(model, batch), plainly(monkeypatch, model, batch))


def test_slopes_of_x_are_made_where_somebody_asks():
    assert INTO not in ops_of(network(MODELS["the last"]))
    assert INTO in ops_of(network(MODELS["behind a layer"]))


@pytest.mark.parametrize("layer", OTHERS, ids=repr)
def test_other_layers_go_step_by_step(layer):
    assert CELL not in ops_of(network(ModelSpec("m", STEPS, (layer, Dense(1)))))


def test_factors_of_a_few_steps_at_a_time(monkeypatch):
    """Where steps are large, what the way back needs is computed as it goes."""
    model = MODELS["one above another"]
    batch = batch_of(model)
    found = learned(model, batch)
    for most in (1, 150):  # one step at a time; two or three, and a rest
        monkeypatch.setattr(lstm, "AT_ONCE", most)
        alike(found, learned(model, batch))


def test_weights_that_lie_apart(monkeypatch):
    model = MODELS["behind a layer"]
    batch = batch_of(model)
    found = learned(model, batch)
    monkeypatch.setattr(lstm, "below_each_other", lambda parts: None)
    alike(found, learned(model, batch))


def test_settings_of_a_run(monkeypatch):
    """Parts that are not trained, gradients that are added up and cut."""
    model = MODELS["behind a layer"]
    batch = batch_of(model)
    more = {"groups": (Group("lstm_0.U", trainable=False),), "accumulate": 2, "clip_norm": 0.1}
    alike(learned(model, batch, **more), plainly(monkeypatch, model, batch, **more))


@pytest.mark.parametrize("fault", ["a factor", "a gate", "a slope of x"])
def test_a_planted_fault_is_seen(fault, monkeypatch):
    """The tooth of the tests above."""
    model = MODELS["behind a layer"]
    batch = batch_of(model)
    wanted = plainly(monkeypatch, model, batch)
    if fault == "a factor":
        monkeypatch.setattr(lstm, "O", lstm.F)
    elif fault == "a gate":
        right = lstm._forward

        def late(call, made, step):
            right(call, made, max(step - 1, 0))

        monkeypatch.setattr(lstm, "_forward", late)
    else:
        monkeypatch.setattr(
            symbol_ops.ShortOps,
            "rules",
            {CELL: lambda g, *args, **attrs: lstm.slopes(2 * g, *args, **attrs)},
        )
    with pytest.raises(AssertionError):
        alike(learned(model, batch), wanted)


def test_what_is_too_large_for_a_sigmoid():
    """Gates that are shut or open for good, and slopes of 0, but nothing that is no number."""
    model = MODELS["the last"]
    net = network(model)
    x, y = batch_of(model)
    loss, slopes = net.gradients(x * 1e6, y)
    assert np.isfinite(loss)
    assert all(np.isfinite(g).all() for g in slopes.values())


def test_rooms_lie_apart_in_a_page():
    rooms = [lstm.room((4, 3), np.dtype("f4"), place) for place in range(6)]
    assert len({a.ctypes.data % lstm.PAGE for a in rooms}) == 6
    assert all(not a.any() and a.ctypes.data % lstm.LINE == 0 for a in rooms)
