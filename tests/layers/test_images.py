"""Images and pooling: Keras' conventions, shapes by hand, and what cannot be."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from neurogebra.engines.reference import EagerOps
from neurogebra.engines.symbol_ops import SymbolOps
from neurogebra.errors import BadValue
from neurogebra.layers import (
    LAYERS,
    Activation,
    AveragePooling2D,
    BatchNorm,
    Conv1D,
    Conv2D,
    Dense,
    Flatten,
    GlobalMaxPooling1D,
    GroupNorm,
    LayerNorm,
    MaxPooling1D,
    MaxPooling2D,
    Permute,
    PReLU,
    Reshape,
    RMSNorm,
    SpatialDropout1D,
    SpatialDropout2D,
)
from neurogebra.repository import FORMULAS
from neurogebra.spec import ModelSpec, RunSpec
from neurogebra.spec.describe import describe
from neurogebra.spec.layers import check_layer, layer_from_dict

# What Keras 3.15 (TensorFlow 2) computes on whole numbers: padding, pooling and orders of axes.
KERAS = json.loads((Path(__file__).parent / "keras_3_15.json").read_text("utf-8"))
ACTIVATIONS = [name for name, f in FORMULAS.items() if f.category == "activation"]


def forward(layer, p, x, *, training=False):
    ops = EagerOps(training, np.random.default_rng(0))
    ops.layer, ops.shape = "it", x.shape[1:]
    return layer.forward(ops, p, x)


def whole_numbers(shape, factor, period, less):
    return ((np.arange(np.prod(shape)) * factor) % period - less).reshape(shape) * 1.0


def of_keras(row):
    """Return the layer of a row, its kernel and its input, as the numbers were made."""
    bias = {"use_bias": False} if row["layer"].startswith("Conv") else {}
    layer = layer_from_dict("it", {"type": row["layer"], **row["settings"], **bias})
    shape = tuple(row["shape"])
    p = {n: whole_numbers(s, 5, 7, 3) for n, s in layer.shapes(shape).items()}
    return layer, p, whole_numbers((1, *shape), 7, 23, 11)


@pytest.mark.parametrize("row", KERAS, ids=lambda r: f"{r['layer']}{r['settings']}")
def test_conventions_are_those_of_keras(row):
    layer, p, x = of_keras(row)
    out = forward(layer, p, x)
    assert layer.out_shape(tuple(row["shape"])) == out.shape[1:] == tuple(row["out"])
    np.testing.assert_allclose(out.ravel(), row["values"], atol=6e-5)


@pytest.mark.parametrize("row", KERAS, ids=lambda r: f"{r['layer']}{r['settings']}")
def test_keras_computes_what_is_kept_of_it(row):
    keras = pytest.importorskip("keras")
    layer, p, x = of_keras(row)
    settings = {"dilation_rate" if k == "dilation" else k: v for k, v in row["settings"].items()}
    bias = {} if hasattr(layer, "pool_size") or not p else {"use_bias": False}
    theirs = getattr(keras.layers, row["layer"])(**settings, **bias)
    theirs.build(x.shape)
    if p:
        theirs.set_weights([p["W"]])
    np.testing.assert_allclose(np.asarray(theirs(x.astype("f4"))), forward(layer, p, x), atol=1e-4)


def test_zeros_that_stand_before_instead_of_behind_are_seen():
    row = next(r for r in KERAS if r["settings"].get("kernel_size") == 2)
    layer, p, x = of_keras(row)
    moved = forward(layer, p, np.pad(x, ((0, 0), (1, 0), (1, 0), (0, 0)))[:, :-1, :-1])
    assert np.abs(moved.ravel() - row["values"]).max() > 1


REFUSED = [
    (Conv2D(4), (8, 8), r"Conv2D input: expected an image: \(height, width, channels\), got "
     r"\(8, 8\); put Reshape\(\(8, 8, 1\)\) before it"),
    (Conv2D(4), (64,), "Conv2D input: expected an image: .*; put Reshape before it"),
    (Conv1D(4), (8, 8, 3), "Conv1D input: expected a sequence"),
    (Conv2D(4, 5), (4, 9, 1), "expected at least 5 pixels each way, got .* take a smaller window"),
    (Conv1D(4, 3, dilation=4), (8, 2), "Conv1D input: expected at least 9 steps"),
    (Conv2D(4, groups=2), (8, 8, 3), r"Conv2D.groups: expected a number of groups that divides "
     r"the channels of the input, 3, got 2; e.g. 1"),
    (Conv2D(3, groups=2), (8, 8, 4), "divides the filters, 3, got 2"),
    (Conv1D(4, (3, 3)), (8, 8), r"Conv1D.kernel_size: expected one whole number, got \(3, 3\)"),
    (MaxPooling2D(3), (2, 5, 1), "MaxPooling2D input: expected at least 3 pixels"),
    (MaxPooling1D((2, 2)), (8, 1), "MaxPooling1D.pool_size: expected one whole number"),
    (AveragePooling2D(), (8,), "AveragePooling2D input: expected an image"),
    (GlobalMaxPooling1D(), (8, 8, 1), "GlobalMaxPooling1D input: expected a sequence"),
    (GroupNorm(3), (4, 8), "GroupNorm.groups: expected a number that divides the 8 channels"),
    (LayerNorm(), (), "LayerNorm input: expected at least one feature axis"),
    (RMSNorm(), (), "RMSNorm input: expected at least one feature axis"),
    (BatchNorm(), (), "BatchNorm input: expected at least one feature axis"),
    (PReLU(), (), "PReLU input: expected at least one feature axis"),
    (Reshape((4, -1)), (2, 3), r"Reshape.target_shape: expected sizes whose product is the 6 of"),
    (Reshape((4, 2)), (2, 3), "sizes whose product is the 6"),
    (Permute((1, 3)), (2, 3), r"Permute.dims: expected each axis of \(2, 3\) once, from 1 to 2"),
    (SpatialDropout2D(), (8, 8), "SpatialDropout2D input: expected an image"),
    (SpatialDropout1D(), (8,), "SpatialDropout1D input: expected a sequence"),
]  # fmt: skip


@pytest.mark.parametrize(("layer", "shape", "words"), REFUSED)
def test_shapes_that_do_not_fit_say_what_to_do(layer, shape, words):
    with pytest.raises(BadValue, match=words):
        layer.out_shape(shape)
    with pytest.raises(BadValue, match=r"layers\[0\]"):
        ModelSpec("m", shape, (layer,))


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (Conv2D(0), "filters: expected int ≥ 1"),
        (Conv2D(4, 0), "kernel_size: expected int ≥ 1"),
        (Conv2D(4, (3, 0)), r"kernel_size\[1\]: expected int ≥ 1"),
        (Conv2D(4, [3, 3]), "kernel_size: expected int ≥ 1"),
        (Conv2D(4, padding="full"), "padding: expected a padding by name, got 'full'"),
        (Conv2D(4, activation="rellu"), "did you mean 'relu'"),
        (Conv2D(4, groups=0), "groups: expected int ≥ 1"),
        (MaxPooling2D(True), "pool_size: expected int ≥ 1"),
        (MaxPooling2D(2, strides=1.5), "strides: expected int ≥ 1"),
        (Reshape(()), "target_shape: expected sizes ≥ 1"),
        (Reshape((-1, -1)), "target_shape: expected at most one −1"),
        (Permute((0, 1)), r"dims\[0\]: expected int ≥ 1"),
        (PReLU(float("inf")), "slope: expected a number"),
        (SpatialDropout2D(1.0), "rate: expected a number from 0 to below 1"),
    ],
)
def test_fields_that_cannot_be_are_refused(layer, words):
    with pytest.raises(BadValue, match=words):
        check_layer("it", layer)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("MaxPool2D", MaxPooling2D), ("BatchNormalization", BatchNorm),
     ("LayerNormalization", LayerNorm), ("AvgPool2D", AveragePooling2D)],
)  # fmt: skip
def test_other_names_lead_to_the_same_layer(name, kind):
    assert LAYERS[name] is kind
    assert name not in list(LAYERS)


@pytest.mark.parametrize(
    ("layer", "shape", "variance"),
    [
        (Conv2D(64, 5), (9, 9, 8), 2 / 200),
        (Conv1D(256, 3, groups=2), (9, 64), 2 / 96),
        (Conv2D(64, 3, initializer="lecun_normal"), (9, 9, 16), 1 / 144),
    ],
)
def test_first_kernels_have_the_variance_of_their_fan(layer, shape, variance):
    W = layer.init(shape, np.random.default_rng(0))["W"]
    assert W.var() == pytest.approx(variance, rel=0.05)


def test_orthogonal_kernels_are_orthogonal_as_matrices():
    W = Conv2D(8, 3, initializer="orthogonal").init((5, 5, 2), np.random.default_rng(0))["W"]
    flat = W.reshape(18, 8)
    np.testing.assert_allclose(flat.T @ flat, np.eye(8), atol=1e-12)


def test_of_equal_numbers_the_first_in_reading_order_gets_the_slope():
    x = np.ones((1, 4, 4, 1))
    model = ModelSpec("m", (4, 4, 1), (Conv2D(1, 1, use_bias=False), MaxPooling2D(), Flatten()))
    assert model.out_shape("output") == (4,)
    from neurogebra.ops import ALPHABET

    slope = ALPHABET["max_pool_back"].value(
        np.ones((1, 2, 2, 1)), x, height=2, width=2, down=2, right=2
    )
    wanted = np.zeros((4, 4))
    wanted[::2, ::2] = 1
    np.testing.assert_array_equal(slope[0, :, :, 0], wanted)


def test_padding_is_never_the_largest():
    out = forward(MaxPooling2D(3, 1, "same"), {}, np.full((1, 3, 3, 1), -5.0))
    np.testing.assert_array_equal(out, -5.0)


def test_dropping_channels_drops_them_as_a_whole():
    x = np.ones((200, 4, 5, 6))
    out = forward(SpatialDropout2D(0.5), {}, x, training=True)
    assert set(np.unique(out)) == {0.0, 2.0}
    assert (out == out[:, :1, :1]).all()
    assert out.mean() == pytest.approx(1.0, abs=0.1)
    assert forward(SpatialDropout2D(0.5), {}, x) is x


def test_batch_norm_of_images_counts_every_pixel():
    x = np.random.default_rng(0).normal(3.0, 2.0, (4, 5, 6, 2))
    layer = BatchNorm(momentum=0.5)
    p = layer.init((5, 6, 2), np.random.default_rng(0))
    ops = EagerOps(True, np.random.default_rng(0))
    ops.layer, ops.shape = "it", (5, 6, 2)
    out = layer.forward(ops, p, x)
    np.testing.assert_allclose(out.reshape(-1, 2).mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(out.reshape(-1, 2).var(0), 1, rtol=1e-4)
    rows = x.reshape(-1, 2)
    np.testing.assert_allclose(ops.kept["it.var"], 0.5 + 0.5 * rows.var(0, ddof=1))


def test_formulas_of_images_are_read_as_they_are_written():
    first = Conv2D(4, 3, padding="same", activation="relu")
    model = ModelSpec("m", (8, 8, 1), (first, MaxPooling2D(), Flatten(), Dense(2)))
    lines = [found.forward for found in describe(model)]
    assert lines[:2] == ["a1 = relu(x ∗ W1 + b1)", "a2 = max_pool(a1, 2×2)"]
    assert describe(model)[0].backward[0] == "∂L/∂W1 = xᵀ ∗ (δ1 ⊙ relu′(z1))"
    series = ModelSpec("m", (8, 2), (Conv1D(4, 3), PReLU(), Flatten(), Dense(2)))
    lines = [found.forward for found in describe(series)]
    assert lines[0] == "a1 = x ∗ W1 + b1"
    assert lines[1] == "a2 = relu(a1) − α2·relu(−a1)"


@pytest.mark.parametrize("engine", ["numpy", pytest.param("torch", marks=pytest.mark.torch)])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_of_the_book_is_one_of_a_layer(name, engine):
    """Each has one input, so that each is an activation; both ways of writing it are one."""
    assert len(FORMULAS[name].inputs) == 1
    x = np.random.default_rng(0).normal(size=(4, 3))
    y = {"output": np.zeros((4, 3))}
    rng = np.random.default_rng(0)
    found = []
    for layers in ((Dense(3, name),), (Dense(3), Activation(name))):
        model = ModelSpec("m", (3,), layers)
        run_on = import_module(f"neurogebra.engines.{engine}_engine").ENGINE
        net = run_on.build(model, RunSpec(loss="mse", dtype="float64"), model.init(0), rng)
        loss, grads = net.gradients(x, y)
        assert np.isfinite(loss)
        assert all(np.isfinite(g).all() for g in grads.values())
        found.append((net.predict(x)["output"], grads["dense_0.W"]))
    (one, slope), (other, other_slope) = found
    np.testing.assert_allclose(one, other)
    np.testing.assert_allclose(slope, other_slope)


def test_gated_formulas_are_no_activations():
    gated = [n for n, f in FORMULAS.items() if n in ("glu", "swiglu", "geglu", "reglu")]
    for name in gated:
        with pytest.raises(BadValue, match="an activation by name"):
            check_layer("it", Activation(name))


def test_symbols_know_the_shape_that_a_layer_is_fed():
    ops = SymbolOps(True)
    ops.layer, ops.shape = "it", (4, 6, 8)
    assert Conv2D(2, 3, padding="same", strides=2).out_shape(ops.shape) == (2, 3, 2)
