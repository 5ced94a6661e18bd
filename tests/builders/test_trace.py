"""A step taken apart: its arrays are those of the engine, its chains end in autograd's numbers."""

from __future__ import annotations

import re

import numpy as np
import pytest

from neurogebra.builders import tape
from neurogebra.builders.trace import trace
from neurogebra.builders.trace_text import ways
from neurogebra.engines import ENGINES
from neurogebra.errors import BadValue, UnknownName
from neurogebra.layers import Activation, BatchNorm, Dense, Dropout, Flatten
from neurogebra.spec import Head, ModelSpec, RunSpec

NETS = {
    "classes": (
        ModelSpec("m", (3,), (Dense(5, "relu"), BatchNorm(), Dropout(0.2), Dense(3, "softmax"))),
        "categorical_crossentropy",
    ),
    "numbers": (ModelSpec("m", (2, 2), (Flatten(), Dense(4, "gelu"), Dense(1))), "huber"),
    "binary": (ModelSpec("m", (3,), (Dense(2), Activation("tanh"), Dense(1, "sigmoid"))),
               "binary_crossentropy"),
    "heads": (ModelSpec("m", (3,), (Dense(4, "tanh"), Dense(3)),
                        (Head("a", layers=(Dense(1),)), Head("b", "dense_0", (Dense(2),)))), "mse"),
}  # fmt: skip


def example(name):
    model, loss = NETS[name]
    run = RunSpec(loss=loss, dtype="float64", seed=3)
    rng = np.random.default_rng(1)
    x = rng.normal(size=(4, *model.in_shape))
    y = {}
    for head in model.heads:
        shape = (4, *model.out_shape(head.name))
        y[head.name] = rng.normal(size=shape)
        if loss == "categorical_crossentropy":
            y[head.name] = np.eye(shape[-1])[rng.integers(0, shape[-1], 4)]
        if loss == "binary_crossentropy":
            y[head.name] = rng.integers(0, 2, shape) * 1.0
    weights = {n: a + rng.normal(size=a.shape) * 0.1 for n, a in model.init(0).items()}
    weights = {n: abs(a) if n.endswith("var") else a for n, a in weights.items()}
    return model, run, weights, x, y


@pytest.mark.parametrize("name", NETS)
def test_the_slopes_are_the_engines(name):
    model, run, weights, x, y = example(name)
    found = trace(model, run, weights, x, y)
    engine = ENGINES["numpy"].load()
    loss, grads = engine.build(model, run, weights, np.random.default_rng(3)).gradients(x, y)
    assert found.loss == pytest.approx(loss, rel=1e-12)
    for parameter, grad in grads.items():
        np.testing.assert_allclose(found[parameter].slope, grad, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("name", NETS)
def test_every_array_is_what_its_formula_says(name):
    """The formula is read again by eye's means: names and numbers of the trace alone."""
    found = trace(*example(name))
    by_name = {m.name: m.value for m in found}
    checked = 0
    for m in found:
        product = re.fullmatch(r"(\S+)·(\S+)", m.formula)
        total = re.fullmatch(r"(\S+) \+ (\S+)", m.formula)
        if product and product[1] in by_name and product[2].startswith("W"):
            np.testing.assert_allclose(m.value, by_name[product[1]] @ by_name[product[2]])
            checked += 1
        if total and total[1] in by_name and total[2] in by_name:
            np.testing.assert_allclose(m.value, by_name[total[1]] + by_name[total[2]])
            checked += 1
    assert checked >= 4


@pytest.mark.parametrize("name", NETS)
def test_every_link_of_a_chain_is_the_whole_slope(name):
    """For every element of every part: the sum over its ways to the loss is autograd's slope."""
    found = trace(*example(name))
    graph, rng = found._tape, np.random.default_rng(0)
    checked = 0
    for node in graph.order:
        slope = graph.slopes.get(id(node))
        if slope is None or node is graph.root or node.is_number:
            continue
        for index in list(np.ndindex(np.shape(slope)))[: 2 + int(rng.integers(3))]:
            together = sum(t.part for t in ways(graph, node, index))
            assert together == pytest.approx(float(slope[index]), rel=1e-9, abs=1e-13)
            checked += 1
    assert checked > 30


def test_a_wrong_rule_breaks_a_link(monkeypatch):
    found = trace(*example("classes"))
    graph = found._tape
    honest = tape.Tape.local
    monkeypatch.setattr(tape.Tape, "local", lambda *a: 1.01 * honest(*a))
    node = next(n for n in graph.order if n.is_symbol and n.value == "dense_1.W")
    together = sum(t.part for t in ways(graph, node, (0, 0)))
    assert together != pytest.approx(float(graph.slopes[id(node)][0, 0]), rel=1e-4)


def test_a_chain_names_the_weight_and_ends_in_autograds_number():
    model, run, weights, x, y = example("classes")
    found = trace(model, run, weights, x, y)
    text = found.explain("dense_1.W", (3, 1))
    slope = f"{found['dense_1.W'].slope[3, 1]:.6g}".replace("-", "−")
    assert text.startswith("dL/d(dense_1.W[3, 1]), where W4[3, 1] = ")
    assert text.endswith(f"dL/d(dense_1.W[3, 1]) = {slope}, which is what autograd gives")
    assert "1. W4[3, 1] goes into t4.1 = a3·W4" in text
    assert "the chain ends in the loss" in text
    assert "autograd has" not in text


def test_the_whole_step_is_written():
    text = str(trace(*example("classes")))
    assert "z1 = t1.1 + b1" in text
    assert "a1 = max(0, z1)" in text
    assert "δW1 = xᵀ·δt1.1" in text
    assert "δL = 1" in text


@pytest.mark.parametrize("index", [(9, 0), (0,), (0, 0, 0), "x", (0.5, 0)])
def test_places_that_are_not_there_are_refused(index):
    found = trace(*example("classes"))
    with pytest.raises(BadValue, match="axis of W1"):
        found.explain("dense_0.W", index)


def test_unknown_names_come_with_near_ones():
    with pytest.raises(UnknownName, match="dense_0"):
        trace(*example("classes"))["dense_0.w"]
