"""Layers: shape rules with their errors, parameters, and forward passes re-computed by hand."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields

import numpy as np
import pytest

from neurogebra.engines.reference import EagerOps
from neurogebra.errors import BadValue
from neurogebra.layers import Activation, BatchNorm, Dense, Dropout, Flatten, Layer

SAMPLES = (
    Dense(4, "tanh"),
    Dense(2, use_bias=False),
    Activation("relu"),
    BatchNorm(momentum=0.8),
    Dropout(0.25),
    Flatten(),
)
every_layer = pytest.mark.parametrize("layer", SAMPLES, ids=repr)
SHAPE = (3,)


def forward(layer, p, x, *, training=False, seed=0):
    ops = EagerOps(training, np.random.default_rng(seed))
    ops.layer = "it"
    return layer.forward(ops, p, x), ops


@every_layer
def test_layers_are_frozen_records(layer):
    assert isinstance(layer, Layer)
    given = {f.name: getattr(layer, f.name) for f in fields(layer)}
    twin = type(layer)(**given)
    assert twin == layer
    assert hash(twin) == hash(layer)
    with pytest.raises(FrozenInstanceError):
        layer.name = "other"


@every_layer
def test_first_arrays_have_the_promised_shapes(layer):
    drawn = layer.init(SHAPE, np.random.default_rng(0))
    trained = layer.shapes(SHAPE)
    assert set(drawn) == {*trained, *layer.state}
    assert {name: drawn[name].shape for name in trained} == trained
    assert all(array.dtype == np.float64 for array in drawn.values())


@every_layer
@pytest.mark.parametrize("training", [False, True])
def test_outputs_have_the_promised_shape(layer, training):
    p = layer.init(SHAPE, np.random.default_rng(0))
    out, _ = forward(layer, p, np.random.default_rng(1).normal(size=(5, *SHAPE)), training=training)
    assert out.shape == (5, *layer.out_shape(SHAPE))


@every_layer
def test_one_seed_gives_one_draw(layer):
    one, two, other = (layer.init(SHAPE, np.random.default_rng(s)) for s in (3, 3, 4))
    assert all(np.array_equal(one[n], two[n]) for n in one)
    if "W" in one:
        assert not np.array_equal(one["W"], other["W"])


def test_dense_is_activation_of_x_w_plus_b():
    rng = np.random.default_rng(0)
    x, W, b = rng.normal(size=(5, 3)), rng.normal(size=(3, 4)), rng.normal(size=4)
    out, _ = forward(Dense(4, "tanh"), {"W": W, "b": b}, x)
    np.testing.assert_allclose(out, np.tanh(x @ W + b))
    out, _ = forward(Dense(4, "softmax", use_bias=False), {"W": W}, x)
    e = np.exp(x @ W)
    np.testing.assert_allclose(out, e / e.sum(1, keepdims=True))


def test_dense_acts_on_the_last_axis():
    x, W = np.random.default_rng(0).normal(size=(5, 2, 3)), np.ones((3, 4))
    out, _ = forward(Dense(4), {"W": W, "b": np.zeros(4)}, x)
    np.testing.assert_allclose(out, np.repeat(x.sum(-1, keepdims=True), 4, -1))
    assert Dense(4).out_shape((2, 3)) == (2, 4)


def test_flatten_keeps_the_order_of_rows():
    x = np.arange(24.0).reshape(2, 3, 4)
    out, _ = forward(Flatten(), {}, x)
    np.testing.assert_array_equal(out, x.reshape(2, 12))
    assert Flatten().out_shape((3, 4)) == (12,)
    assert Flatten().out_shape(()) == (1,)


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.9])
def test_dropout_drops_its_share_and_keeps_the_mean(rate):
    x = np.ones((400, 500))
    out, _ = forward(Dropout(rate), {}, x, training=True)
    share = (out == 0).mean()
    assert share == pytest.approx(rate, abs=5 * (rate * (1 - rate) / x.size) ** 0.5)
    np.testing.assert_allclose(out[out != 0], 1 / (1 - rate))
    still, _ = forward(Dropout(rate), {}, x)
    assert still is x


def test_batch_norm_centres_the_batch_and_follows_it():
    rng = np.random.default_rng(0)
    x, layer = rng.normal(3.0, 2.0, (50, 3)), BatchNorm(momentum=0.8)
    p = layer.init(SHAPE, rng)
    out, ops = forward(layer, p, x, training=True)
    np.testing.assert_allclose(out.mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(out.var(0), x.var(0) / (x.var(0) + layer.eps))
    np.testing.assert_allclose(ops.kept["it.mean"], 0.2 * x.mean(0))
    np.testing.assert_allclose(ops.kept["it.var"], 0.8 + 0.2 * x.var(0, ddof=1))
    p["gamma"], p["beta"] = np.array([2.0, 1, 1]), np.array([0.0, 5, 0])
    again, _ = forward(layer, p, x, training=True)
    np.testing.assert_allclose(again, out * [2, 1, 1] + [0, 5, 0])


def test_batch_norm_infers_with_what_it_keeps():
    layer, x = BatchNorm(eps=1e-3), np.random.default_rng(0).normal(size=(4, 3))
    p = {
        "gamma": np.full(3, 2.0),
        "beta": np.ones(3),
        "mean": np.full(3, 0.5),
        "var": np.full(3, 4.0),
    }
    out, ops = forward(layer, p, x)
    np.testing.assert_allclose(out, 2 * (x - 0.5) / np.sqrt(4.001) + 1)
    assert not ops.kept


def test_batch_norm_takes_one_row():
    layer = BatchNorm()
    p = layer.init(SHAPE, np.random.default_rng(0))
    out, ops = forward(layer, p, np.ones((1, 3)), training=True)
    np.testing.assert_array_equal(out, 0.0)
    np.testing.assert_allclose(ops.kept["it.var"], 0.9)


def test_torch_normalises_the_same_way():
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(0).normal(2.0, 3.0, (12, 3))
    other = torch.nn.BatchNorm1d(3, eps=1e-5, momentum=0.1, dtype=torch.float64)
    layer = BatchNorm()
    p = layer.init(SHAPE, np.random.default_rng(0))
    for _ in range(3):
        out, ops = forward(layer, p, x, training=True)
        np.testing.assert_allclose(out, other(torch.tensor(x)).detach(), rtol=1e-10)
        p.update({name.split(".")[1]: value for name, value in ops.kept.items()})
    np.testing.assert_allclose(p["mean"], other.running_mean, rtol=1e-12)
    np.testing.assert_allclose(p["var"], other.running_var, rtol=1e-12)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(
        BadValue, match=r"Dense input: expected at least one feature axis, got \(\)"
    ):
        Dense(2).out_shape(())
