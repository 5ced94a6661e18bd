"""Like lines of many steps computed at once: the same numbers, fewer calls, nothing too soon."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from neurogebra.core.program import program
from neurogebra.core.tree import build, symbol
from neurogebra.engines import early, long, numpy_engine
from neurogebra.engines.early import ROW
from neurogebra.engines.fuse import STACK
from neurogebra.engines.recorder import Recorder
from neurogebra.engines.shapes import shapes
from neurogebra.layers import GRU, LSTM, Dense, SimpleRNN
from neurogebra.spec import ModelSpec, RunSpec

RNG = np.random.default_rng(0)
GIVEN = {name: RNG.normal(size=(3, 4)) for name in "xyzw"}
s = {name: symbol(name) for name in GIVEN}


def op(name, *args, **attrs):
    return build(name, args, attrs)


def chain(steps):
    """Return what a recurrence h ← tanh(h y) sends back, each step in its place."""
    states = [op("tanh", s["x"])]
    for _ in range(steps - 1):
        states.append(op("tanh", states[-1] * s["y"]))
    g = states[-1] * s["z"]
    for h in reversed(states):
        g = (g * s["w"]) * (1 - h * h) + s["x"]
    return g


def run(found, times=2):
    replay = Recorder(found, GIVEN, np.dtype(np.float64)).record()
    for _ in range(times):
        replay.run()
    return [np.array(replay.arrays[r]) for r in found.outputs], len(replay.calls)


def test_factors_of_all_steps_are_one_call_each():
    plain = program([chain(12)])
    short = early.early(plain, GIVEN)
    ops = Counter(line.op for line in short.lines)
    assert ops[STACK] >= 1
    assert ops[ROW] >= 10
    assert ops["sub"] <= 3, "1 − h² of all steps but the first two"
    (one, few), (two, many) = run(short), run(plain)
    np.testing.assert_allclose(one, two, rtol=1e-12)
    assert few <= many - 2 * 9


def test_what_is_read_before_all_is_known_stays():
    """The squares feed the next step: none may wait for the last."""
    h, squares = op("tanh", s["x"]), []
    for _ in range(8):
        squares.append(h * h)
        h = op("tanh", squares[-1] * s["y"])
    plain = program([h])
    short = early.early(plain, GIVEN)
    assert [line.op for line in short.lines] == [line.op for line in plain.lines]


@pytest.mark.parametrize("axis", [0, -1])
def test_parts_and_rows_of_other_shapes(axis):
    """Parts of arrays lie in a row with their wholes; what is broadcast does not."""
    h, states = op("tanh", s["x"]), []
    for _ in range(8):
        states.append(h)
        h = op("tanh", h * s["y"])
    g = op("slice", h, axis=axis, start=0, stop=2) * 2
    for state in reversed(states):
        part = op("slice", state, axis=axis, start=0, stop=2)
        row = op("sum", state, axis=0) if axis == 0 else op("sum", state, axis=1, keepdims=True)
        g = g * (part * part) + part * row
    plain = program([g])
    short = early.early(plain, GIVEN)
    assert any(line.op == ROW for line in short.lines)
    np.testing.assert_allclose(run(short)[0], run(plain)[0], rtol=1e-12)


def test_outputs_are_not_moved_into_a_row():
    h, squares = op("tanh", s["x"]), []
    for _ in range(8):
        squares.append(h * h)
        h = op("tanh", h * s["y"])
    plain = program([op("exp", h), *squares])
    short = early.early(plain, GIVEN)
    assert not any(line.op == ROW for line in short.lines)
    for one, two in zip(run(short)[0], run(plain)[0], strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize(
    "layers",
    [
        (LSTM(3),),
        (LSTM(3, return_sequences=True), LSTM(3)),
        (LSTM(4, return_sequences=True), LSTM(3, bidirectional=True)),
        (LSTM(1, activation="relu"),),
        (LSTM(3, activation="relu", return_sequences=True), LSTM(3, activation="relu")),
        (GRU(3, return_sequences=True), GRU(3, reset_after=False)),
        (SimpleRNN(3, return_sequences=True), LSTM(3)),
    ],
    ids=repr,
)
def test_networks_have_the_same_gradients(layers, monkeypatch):
    rng = np.random.default_rng(1)
    model = ModelSpec("m", (9, 2), (*layers, Dense(1)))
    run = RunSpec(loss="mse", optimizer="sgd", dtype="float64")
    x, y = rng.normal(size=(5, 9, 2)), {"output": rng.normal(size=(5, 1))}

    def gradients():
        net = numpy_engine.ENGINE.build(model, run, model.init(0), np.random.default_rng(0))
        net.gradients(x[::-1], y)
        loss, found = net.gradients(x, y)
        return {"loss": loss, **found}

    joined = gradients()
    monkeypatch.setattr(numpy_engine, "early", lambda program, given: program)
    for name, value in gradients().items():
        np.testing.assert_allclose(joined[name], value, rtol=1e-11, atol=1e-14, err_msg=name)


def test_a_row_in_the_wrong_order_is_seen(monkeypatch):
    """The tooth of the tests above."""
    plain = program([chain(12)])
    right = long.row

    def wrong(recorder, line, args):
        return right(recorder, line, [args[0][::-1]])

    monkeypatch.setitem(long.LONG, ROW, wrong)
    assert not np.allclose(run(early.early(plain, GIVEN))[0], run(plain)[0])


def test_shapes_are_those_of_the_arrays():
    model = ModelSpec("m", (6, 2), (LSTM(3, return_sequences=True), GRU(3), Dense(1)))
    run = RunSpec(loss="mse", optimizer="sgd", dtype="float64")
    net = numpy_engine.ENGINE.build(model, run, model.init(0), np.random.default_rng(0))
    found, _ = net.plan(training=True, probe=False, with_loss=True, weighted=())
    given = {"x": np.ones((5, 6, 2)), "y.output": np.ones((5, 1)), **net.store.views}
    recorder = Recorder(found, given, np.dtype(np.float64))
    recorder.record()
    known = shapes(found, given)
    assert len(known) > 0.9 * found.registers
    for register, shape in known.items():
        assert getattr(recorder.values[register], "shape", ()) == shape, register
