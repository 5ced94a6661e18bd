"""The engines agree: values, gradients and 20 steps of training, layers × losses × optimisers.

Every layer trains with two losses and optimisers, every loss and every optimiser at least once;
half of the losses that are means get a weight for each term.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

from neurogebra.engines import ENGINES
from neurogebra.engines.conformance import with_loss
from neurogebra.engines.conformance_layers import around
from neurogebra.engines.forward import term_shape
from neurogebra.engines.reference import first_batch, first_weights
from neurogebra.layers import (
    GRU,
    LAYERS,
    LSTM,
    Activation,
    AveragePooling2D,
    BatchNorm,
    Conv1D,
    Conv2D,
    Dense,
    Flatten,
    GroupNorm,
    LayerNorm,
    MaxPooling2D,
    MultiHeadAttention,
    Residual,
    SimpleRNN,
)
from neurogebra.losses import LOSSES
from neurogebra.optim import OPTIMIZERS
from neurogebra.spec import Head, ModelSpec, RunSpec

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

ROWS, STEPS, TOLERANCE = 6, 20, 1e-9
SEQUENCE, IMAGE = (5, 4), (6, 5, 2)
# Losses that grow so fast that some rules diverge on both engines, unless gradients are clipped.
STEEP = ("exponential_loss", "gamma_deviance_loss")
# Settings beyond those that `around` gives each layer.
VARIANTS: tuple[tuple[Any, tuple[int, ...]], ...] = (
    (Dense(3, "gelu", use_bias=False), SEQUENCE),
    (Activation("softmax"), IMAGE),
    (BatchNorm(momentum=0.5), IMAGE),
    (LayerNorm(eps=1e-2), IMAGE),
    (GroupNorm(2), IMAGE),
    (Conv1D(4, 2, 2, "same", activation="tanh"), SEQUENCE),
    (Conv1D(2, 2, dilation=3, groups=2), SEQUENCE),
    (Conv2D(4, (3, 2), (2, 1), "same", groups=2, activation="swish"), IMAGE),
    (Conv2D(3, 2, padding="same", dilation=2, use_bias=False), IMAGE),
    (MaxPooling2D(3, 1), IMAGE),
    (MaxPooling2D((2, 3), padding="same"), IMAGE),
    (AveragePooling2D(3, 2, "same"), IMAGE),
    (LSTM(3, "softsign", bidirectional=True), SEQUENCE),
    (LSTM(3, return_sequences=True, unit_forget_bias=False), SEQUENCE),
    (GRU(3, return_sequences=True, bidirectional=True), SEQUENCE),
    (GRU(3, reset_after=False), SEQUENCE),
    (SimpleRNN(3, "sigmoid", bidirectional=True, return_sequences=True), SEQUENCE),
    (MultiHeadAttention(2, 3, causal=True, rate=0.2), SEQUENCE),
    (MultiHeadAttention(1, 2, use_bias=False), SEQUENCE),
    (Residual((Dense(6, "tanh"), BatchNorm(), Dense(4))), (4,)),
)
ENDS = (("linear", "mse"), ("softmax", "categorical_crossentropy"), ("linear", "huber"),
        ("sigmoid", "binary_crossentropy"), ("linear", "log_cosh"), ("softmax", "mse"))  # fmt: skip


class Case(NamedTuple):
    """A model, its loss, its optimiser, and whether terms have weights."""

    model: ModelSpec
    loss: str
    optimizer: str
    weighted: bool

    def __str__(self) -> str:
        ways = "weighted " if self.weighted else ""
        return f"{self.model.name}-{ways}{self.loss}-{self.optimizer}"


def ended(model: ModelSpec, end: str) -> ModelSpec:
    return ModelSpec(model.name, model.in_shape, (*model.layers[:-1], Dense(3, end)))


def variant(layer: Any, shape: tuple[int, ...]) -> ModelSpec:
    before = Dense(shape[-1], "tanh")
    name = f"{type(layer).__name__}{VARIANTS.index((layer, shape))}"
    return ModelSpec(name, shape, (before, layer, Flatten(), Dense(2)))


def cases() -> list[Case]:
    models = [around(kind) for kind in LAYERS.values()] + [variant(*each) for each in VARIANTS]
    optimizers, found = list(OPTIMIZERS), []
    for i, model in enumerate(models):
        for way in range(2):
            end, loss = ENDS[(2 * i + i // 3 + way) % len(ENDS)]
            optimizer = optimizers[(i + 7 * way) % len(optimizers)]
            found.append(Case(ended(model, end), loss, optimizer, (i + way) % 2 == 0))
    for i, loss in enumerate(LOSSES):
        weighted = bool(LOSSES[loss].over) and i % 2 == 0
        found.append(Case(with_loss(loss)[0], loss, optimizers[i % len(optimizers)], weighted))
    return found


def two_heads() -> ModelSpec:
    trunk = (Dense(6, "tanh", name="low"), BatchNorm(), Dense(4, "swish"))
    kind = Head("kind", "low", (Dense(3, "softmax"),), "categorical_crossentropy")
    return ModelSpec("heads", (3,), trunk, (kind, Head("size", layers=(Dense(2),), weight=0.3)))


def gap(case: Case, **options: float) -> float:
    """Return the worst gap of loss, outputs, gradients and weights, relative to at least 1."""
    model, loss, optimizer, weighted = case
    run = RunSpec(loss=loss, optimizer=optimizer, dtype="float64", **options)
    nets = [
        ENGINES[name].load().build(model, run, first_weights(model, 0), np.random.default_rng(0))
        for name in ("numpy", "torch")
    ]
    worst = 0.0
    for step in range(STEPS):
        x, y = first_batch(model, loss, ROWS, step)
        rng = np.random.default_rng(step)
        names = [h.name for h in model.heads] if weighted else []
        weights = {h: rng.uniform(0, 2, term_shape(model, run, h, ROWS)) for h in names}
        if step == 10:
            slopes = [net.gradients(x, y, weights) for net in nets]
            worst = max(worst, apart(*({**g, "loss": v} for v, g in slopes)))
        done = [net.step(x, y, lr=0.1 * run.rate, weights=weights) for net in nets]
        worst = max(worst, apart(*({**d.outputs, "loss": d.loss} for d in done)))
    still = [net.evaluate(x, y, weights) for net in nets]
    worst = max(worst, apart(*({**d.outputs, "loss": d.loss} for d in still)))
    return max(worst, apart(*(net.weights() for net in nets)))


def apart(ours: dict[str, Any], theirs: dict[str, Any]) -> float:
    """Return the worst gap; a bias of keys moves all scores of a row alike and has no slope.

    What it gets is rounding, which rules that look at signs only make large.
    """
    assert {*ours} == {*theirs}
    gaps = [0.0]
    for name in ours:
        a, b = np.asarray(ours[name]), np.asarray(theirs[name])
        assert np.isfinite(a).all(), name
        if not name.endswith(".bk") and a.size:
            gaps.append(float((np.abs(a - b) / np.maximum(1.0, np.abs(a))).max()))
    return max(gaps)


@pytest.mark.parametrize("case", cases(), ids=str)
def test_engines_agree_for_20_steps(case):
    assert gap(case) < TOLERANCE


@pytest.mark.slow
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("kind", LAYERS)
def test_engines_agree_with_every_optimizer(kind, loss):
    """All of layers × losses × optimisers: a quarter of an hour."""
    model = around(LAYERS[kind])
    model = ModelSpec(kind, model.in_shape, (*model.layers[:-1], with_loss(loss)[0].layers[-1]))
    options = {"clip_norm": 1.0} if loss in STEEP else {}
    gaps = {r: gap(Case(model, loss, r, weighted=False), **options) for r in OPTIMIZERS}
    assert {rule: wide for rule, wide in gaps.items() if wide >= TOLERANCE} == {}


@pytest.mark.parametrize("optimizer", ["adam", "momentum", "lamb", "muon"])
def test_engines_agree_with_two_heads(optimizer):
    assert gap(Case(two_heads(), "mse", optimizer, True)) < TOLERANCE


def test_every_member_of_each_family_is_there():
    layers = {type(layer) for case in cases() for layer in case.model.layers}
    assert layers >= {*LAYERS.values()}
    assert {case.loss for case in cases()} == {*LOSSES}
    assert {case.optimizer for case in cases()} == {*OPTIMIZERS}
    pairs = {(case.model.name, case.optimizer) for case in cases()[: 2 * len(LAYERS)]}
    assert len(pairs) == 2 * len(LAYERS)


@pytest.mark.parametrize("kind", ["Dense", "Conv2D", "LSTM", "MultiHeadAttention", "BatchNorm"])
def test_a_slightly_wrong_kernel_is_seen(kind, monkeypatch):
    from neurogebra.engines import torch_layers

    record = LAYERS[kind]
    right = torch_layers.LAYERS[record]
    monkeypatch.setitem(torch_layers.LAYERS, record, lambda *args: right(*args) * (1 + 1e-7))
    model = ended(around(record), "linear")
    assert gap(Case(model, "mse", "adam", weighted=False)) > TOLERANCE
