"""Weights that lie as torch's kernels read them: nobody outside the engine can tell."""

from __future__ import annotations

import numpy as np
import pytest

from neurogebra.engines import ENGINES
from neurogebra.engines.reference import first_batch, first_weights
from neurogebra.layers import (
    GRU,
    LSTM,
    BatchNorm,
    Conv2D,
    Dense,
    Flatten,
    MaxPooling2D,
    Residual,
    SimpleRNN,
)
from neurogebra.optim import OPTIMIZERS
from neurogebra.optim.record import PARAMETER
from neurogebra.spec import Group, ModelSpec, RunSpec

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

from neurogebra.engines import torch_layers, torch_order  # noqa: E402
from neurogebra.engines.torch_order import Order  # noqa: E402

READER = ModelSpec(
    "reader",
    (5, 4),
    (
        LSTM(3, return_sequences=True, name="lstm"),
        GRU(2, return_sequences=True, bidirectional=True, name="gru"),
        Residual((SimpleRNN(4, return_sequences=True),)),
        SimpleRNN(3, "relu", name="rnn"),
        Dense(2, name="end"),
    ),
)
SEER = ModelSpec(
    "seer",
    (6, 6, 2),
    (
        Conv2D(4, 3, padding="same", activation="relu", name="even"),
        MaxPooling2D(),
        Conv2D(3, 2, padding="same", name="uneven"),
        Flatten(),
        Dense(2, name="end"),
    ),
)
MODELS = (READER, SEER)
RUNS = (
    {},
    {"optimizer": "rmsprop", "clip_norm": 0.1},
    {"optimizer": "momentum", "accumulate": 2},
    {"groups": (Group("*.W", rate=0.5), Group("*.b", trainable=False))},
    {"optimizer": "muon"},
)


def build(engine: str, model: ModelSpec, seed: int = 0, **run):
    spec = RunSpec(**{"dtype": "float64", "optimizer": "adam", **run})
    weights = first_weights(model, seed)
    return ENGINES[engine].load().build(model, spec, weights, np.random.default_rng(0))


def near(found, wanted, tolerance: float = 1e-9) -> None:
    assert found.keys() == wanted.keys()
    for name, array in wanted.items():
        np.testing.assert_allclose(found[name], array, tolerance, tolerance, err_msg=name)


def seen(net, batch):
    step = net.step(*batch, lr=0.05, probe=True)
    return {(s.layer, s.site, s.param): s.array.copy() for s in step.seen if s.param}


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.name)
def test_numbers_come_back_to_their_places(model):
    order = Order(model, RunSpec(optimizer="adam"))
    turned = {"lstm", "gru", "rnn"} if model is READER else {"even", "uneven"}
    assert order.turned == turned | {"end"}
    flat = np.random.default_rng(0).normal(size=model.count())
    inside = order.inward(flat)
    assert (inside != flat).any()
    np.testing.assert_array_equal(order.outward(inside), flat)
    np.testing.assert_array_equal(np.sort(inside), np.sort(flat))


def test_what_needs_no_turning_is_not_copied():
    norm = ModelSpec("norm", (3,), (BatchNorm(),))
    odd = ModelSpec("odd", (5, 4), (LSTM(3, "relu"),))
    matrices = next(name for name, row in OPTIMIZERS.items() if row.per == PARAMETER)
    flat = np.zeros(1)
    for model, rule in ((norm, "adam"), (odd, "adam"), (READER, matrices)):
        order = Order(model, RunSpec(optimizer=rule))
        assert not order.turned
        assert order.inward(flat) is flat
        assert order.outward(flat) is flat


@pytest.mark.parametrize("run", RUNS, ids=str)
@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.name)
def test_everything_that_leaves_the_engine_lies_as_the_spec_says(model, run):
    ours, theirs = (build(engine, model, **run) for engine in ("numpy", "torch"))
    batch = first_batch(model, "mse", 6, 0)
    loss, gradients = ours.gradients(*batch)
    assert theirs.gradients(*batch)[0] == pytest.approx(loss, rel=1e-9)
    near(theirs.gradients(*batch)[1], gradients)
    near(seen(theirs, batch), seen(ours, batch))
    for _ in range(2):
        for net in (ours, theirs):
            net.step(*batch, lr=0.05)
    near(theirs.weights(), ours.weights(), 1e-7)
    near(theirs.state(), ours.state(), 1e-7)


@pytest.mark.parametrize("run", RUNS, ids=str)
@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.name)
def test_a_state_moves_bit_by_bit_and_the_run_goes_on_as_it_was(model, run):
    batch = first_batch(model, "mse", 6, 0)
    net, later = build("torch", model, **run), build("torch", model, 9, **run)
    over = build("numpy", model, 9, **run)
    for _ in range(3):
        net.step(*batch, lr=0.05)
    state = net.state()
    for other in (later, over):
        other.load(state)
        for name, array in other.state().items():
            np.testing.assert_array_equal(array, state[name], err_msg=name)
    for _ in range(3):
        losses = [each.step(*batch, lr=0.05).loss for each in (net, later, over)]
        assert losses[0] == losses[1] == pytest.approx(losses[2], rel=1e-9)
    for name, array in later.state().items():
        np.testing.assert_array_equal(array, net.state()[name], err_msg=name)


WRONG = {LSTM: (0, 1, 2, 3), GRU: (0, 1, 2)}


@pytest.mark.parametrize("kind", WRONG, ids=lambda kind: kind.__name__)
def test_wrong_gates_are_noticed(kind, monkeypatch):
    monkeypatch.setitem(torch_order.BLOCKS, kind, WRONG[kind])
    with pytest.raises(AssertionError):
        test_everything_that_leaves_the_engine_lies_as_the_spec_says(READER, {})


@pytest.mark.parametrize(("model", "rank", "axes"), [(SEER, 4, (3, 2, 1, 0)), (READER, 2, (0, 1))])
def test_wrong_axes_are_noticed(model, rank, axes, monkeypatch):
    monkeypatch.setitem(torch_order.AXES, rank, axes)
    with pytest.raises((AssertionError, RuntimeError)):
        test_everything_that_leaves_the_engine_lies_as_the_spec_says(model, {})


def test_every_layer_that_is_turned_has_a_kernel():
    assert torch_layers.LAYERS.keys() >= torch_order.BLOCKS.keys()
