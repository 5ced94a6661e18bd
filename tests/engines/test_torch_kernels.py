"""Every faster way of the torch engine is held to what it stands for: value and derivative."""

from __future__ import annotations

import numpy as np
import pytest

from neurogebra.core.tree import Node
from neurogebra.engines import book
from neurogebra.engines.forward import EngineOps
from neurogebra.engines.reference import first_batch, first_weights
from neurogebra.layers import (
    GRU,
    LSTM,
    BatchNorm,
    Conv2D,
    Dense,
    Embedding,
    LayerNorm,
    MaxPooling2D,
    MultiHeadAttention,
    SimpleRNN,
)
from neurogebra.optim import OPTIMIZERS
from neurogebra.repository import FORMULAS
from neurogebra.spec import ModelSpec

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

from neurogebra.engines import torch_kernels, torch_layers, torch_ops  # noqa: E402
from neurogebra.engines.torch_pass import TorchOps  # noqa: E402

# Halves and whole numbers, where kinks lie, and others around and far from them.
POINTS = np.concatenate([np.arange(-8, 8.5, 0.5), np.random.default_rng(0).normal(0, 4, 67)])
SEQUENCE, IMAGE = (5, 4), (6, 5, 4)
CASES = (
    (Dense(3, "tanh"), (4,)),
    (Dense(3, use_bias=False), (4,)),
    (Dense(3), SEQUENCE),
    (BatchNorm(momentum=0.8), (4,)),
    (BatchNorm(eps=1e-2), SEQUENCE),
    (BatchNorm(), IMAGE),
    (LayerNorm(), (4,)),
    (LayerNorm(eps=1e-2), IMAGE),
    (Conv2D(3, activation="relu"), IMAGE),
    (Conv2D(6, (3, 1), 2, "same", groups=2), IMAGE),
    (Conv2D(2, 2, (1, 2), "same", use_bias=False), IMAGE),
    (Conv2D(2, (2, 3), dilation=(2, 1)), IMAGE),
    (MaxPooling2D(), IMAGE),
    (MaxPooling2D((3, 2), (1, 2)), IMAGE),
    (MaxPooling2D(3, 2, "same"), IMAGE),
    (LSTM(3), SEQUENCE),
    (LSTM(3, bidirectional=True), SEQUENCE),
    (LSTM(3, return_sequences=True, bidirectional=True), SEQUENCE),
    (LSTM(3, "relu"), SEQUENCE),
    (GRU(3), SEQUENCE),
    (GRU(3, return_sequences=True, bidirectional=True), SEQUENCE),
    (GRU(3, reset_after=False), SEQUENCE),
    (SimpleRNN(3), SEQUENCE),
    (SimpleRNN(3, "relu", return_sequences=True), SEQUENCE),
    (SimpleRNN(3, "sigmoid", bidirectional=True), SEQUENCE),
    (MultiHeadAttention(2, 3), SEQUENCE),
    (MultiHeadAttention(2, 3, causal=True, use_bias=False), SEQUENCE),
    (MultiHeadAttention(2, 3, mask_value=0.5), SEQUENCE),
    (Embedding(7, 3), (5,)),
)


class PlainOps(TorchOps):
    """The engine without a faster way for anything: what each kernel stands for."""

    def evaluate(self, root: Node, values: dict):
        return book.evaluate(root, values, torch_ops.apply)

    def call(self, layer, p, x):
        return layer.forward(self, p, x)


def ops(kind: type[EngineOps], training: bool = True):
    return kind(training, np.random.default_rng(0), {})


def value_and_slopes(f, *arrays: np.ndarray):
    """Return f(*tensors) and the slopes of a sum of it, each number weighed in its own way."""
    leaves = [torch.tensor(a, requires_grad=True) for a in arrays]
    y = f(*leaves)
    g = torch.cos(torch.arange(y.numel(), dtype=y.dtype)).reshape(y.shape)
    slopes = torch.autograd.grad(y, leaves, g, allow_unused=True)
    return [y.detach(), *(torch.zeros(()) if s is None else s for s in slopes)]


def same(found: list, wanted: list, tolerance: float = 1e-12) -> None:
    for got, want in zip(found, wanted, strict=True):
        np.testing.assert_allclose(got.numpy(), want.numpy(), rtol=tolerance, atol=tolerance)


def by_book(name: str, *args):
    root, inputs = book.tree(name)
    return book.evaluate(root, dict(zip(inputs, args, strict=True)), torch_ops.apply)


def off(name: str, kernel) -> None:
    x = POINTS.reshape(10, 10)
    same(value_and_slopes(kernel, x), value_and_slopes(lambda z: by_book(name, z), x))


@pytest.mark.parametrize("name", torch_kernels.ACTIVATIONS)
def test_an_activation_is_the_books_at_kinks_too(name):
    off(name, torch_kernels.ACTIVATIONS[name])


@pytest.mark.parametrize("name", torch_kernels.ACTIVATIONS)
def test_another_activation_turns_the_law_red(name):
    with pytest.raises(AssertionError):
        off(name, lambda z: torch_kernels.ACTIVATIONS[name](z) + 1e-9 * z)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_rows_that_are_many_and_short_are_the_books(name):
    x = np.random.default_rng(1).normal(0, 4, (64, 5))
    kernel = torch_kernels.ACTIVATIONS[name]
    assert torch_kernels._short_rows(torch.tensor(x))
    same(value_and_slopes(kernel, x), value_and_slopes(lambda z: by_book(name, z), x))


@pytest.mark.parametrize("shape", [(6, 4), (2, 3, 4), (64, 5), (8, 16, 7), (40, 20)], ids=str)
@pytest.mark.parametrize("name", torch_kernels.LOSSES)
def test_a_loss_is_the_books(name, shape):
    rng = np.random.default_rng(1)
    y, y_pred = rng.random(shape), rng.normal(0, 3, shape)
    if "categorical" in name:
        y /= y.sum(-1, keepdims=True)
    kernel = torch_kernels.LOSSES[name]
    target = torch.tensor(y)
    wanted = value_and_slopes(lambda z: by_book(name, target, z), y_pred)
    same(value_and_slopes(lambda z: kernel(target, z), y_pred), wanted)
    with pytest.raises(AssertionError):
        same(value_and_slopes(lambda z: kernel(target, z) * (1 + 1e-9), y_pred), wanted)


@pytest.mark.parametrize("name", [*torch_kernels.ACTIVATIONS, *torch_kernels.LOSSES])
def test_an_engine_takes_the_kernel_and_the_order_of_inputs_is_the_books(name):
    assert torch_kernels.of(book.tree(name)[0]) is not None
    inputs = FORMULAS[name].inputs
    assert inputs == (("y", "y_pred") if name in torch_kernels.LOSSES else ("x",))


def run(kind: type[EngineOps], layer, shape, training: bool):
    """Return a layer's output, the slopes of its input and weights, and what it remembers."""
    model = ModelSpec("one", shape, (layer,))
    weights = first_weights(model, 0)
    x, _ = first_batch(model, "mse", 3, 0)
    tokens = isinstance(layer, Embedding)
    x = np.random.default_rng(0).integers(0, 7, x.shape).astype(float) if tokens else x
    if isinstance(layer, MultiHeadAttention):
        x[:, 2] = 0.5  # what a mask hides
    states = {f"one.{n}" for n in layer.state}
    names = [n for n in weights if n.split(".")[-1] not in layer.state]
    inner = {n.split(".", 1)[1]: a for n, a in weights.items()}
    made = ops(kind, training)
    made.layer, made.shape = "one", shape

    def call(x, *trained):
        p = {n: torch.tensor(a) for n, a in inner.items()}
        p.update(zip((n.split(".", 1)[1] for n in names), trained, strict=True))
        return made.call(layer, p, x)

    found = value_and_slopes(call, x, *(weights[n] for n in names))
    assert {*made.kept} == (states if training else set())
    return found + [made.kept[n].detach() for n in sorted(made.kept)]


@pytest.mark.parametrize("training", [True, False], ids=["training", "inference"])
@pytest.mark.parametrize(("layer", "shape"), CASES, ids=lambda c: repr(c))
def test_a_layer_is_what_its_forward_says(layer, shape, training):
    same(run(TorchOps, layer, shape, training), run(PlainOps, layer, shape, training), 1e-10)


@pytest.mark.parametrize("kind", torch_layers.LAYERS, ids=lambda kind: kind.__name__)
def test_every_kernel_has_a_case_and_a_wrong_one_is_caught(kind, monkeypatch):
    layer, shape = next(case for case in CASES if type(case[0]) is kind)
    right = torch_layers.LAYERS[kind]
    wanted = run(PlainOps, layer, shape, True)
    monkeypatch.setitem(torch_layers.LAYERS, kind, lambda *args: right(*args) * (1 + 1e-7))
    with pytest.raises(AssertionError):
        same(run(TorchOps, layer, shape, True), wanted, 1e-10)


def test_one_row_has_no_variance_and_is_no_error():
    layer = BatchNorm()
    x, p = (
        np.ones((1, 3)),
        {n: torch.ones(3, dtype=torch.float64) for n in ("gamma", "beta", "mean", "var")},
    )
    for kind in (TorchOps, PlainOps):
        made = ops(kind)
        made.layer, made.shape = "one", (3,)
        assert made.call(layer, p, torch.tensor(x)).tolist() == [[1.0, 1.0, 1.0]]


@pytest.mark.parametrize("name", torch_kernels.UPDATES)
@pytest.mark.parametrize("other", [False, True], ids=["defaults", "other options"])
def test_an_update_is_the_rules(name, other):
    row = OPTIMIZERS[name]
    options = {k: 0.7 * v for k, v in row.options.items()} if other else {}
    rng = np.random.default_rng(0)
    w = torch.tensor(rng.normal(size=50))
    pure = w.clone()
    names = row.rule(w, {}, 1, **({"w": w} if row.takes_weights else {}))[1]
    slots, own = {n: torch.zeros_like(w) for n in names}, {}
    for t, lr in enumerate((0.1, 0.1, 0.02, 0.3), 1):
        g = torch.tensor(rng.normal(size=50))
        torch_kernels.UPDATES[name](w, g, slots, t, lr=lr, **options)
        more = {"w": pure} if row.takes_weights else {}
        change, own = row.rule(g, own, t, lr=lr, **options, **more)
        pure = pure + change
        same([w, *(slots[n] for n in names)], [pure, *(own[n] for n in names)])
    with pytest.raises(AssertionError):
        same([w], [pure * (1 + 1e-9)])
