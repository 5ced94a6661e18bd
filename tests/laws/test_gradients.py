"""Every parameter's gradient, for every layer × activation and every loss, against differences."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from neurogebra.core.differentiate import gradient
from neurogebra.engines import ENGINES, numpy_engine
from neurogebra.engines.conformance import activations, gradient_error, suite
from neurogebra.engines.reference import REACHES, differences, first_batch, first_weights
from neurogebra.layers import LAYERS, Activation, BatchNorm, Dense, Dropout, Flatten
from neurogebra.losses import LOSSES
from neurogebra.losses.table import BINARY, CLASSES
from neurogebra.optim import OPTIMIZERS
from neurogebra.spec import Head, ModelSpec, RunSpec

ENGINE_NAMES = ("numpy", pytest.param("torch", marks=pytest.mark.torch))
every_engine = pytest.mark.parametrize("engine", ENGINE_NAMES)
# Losses that meet every activation here; every loss is held in test_losses.py.
USUAL = (
    *("mse", "mae", "huber", "log_cosh", "quantile", "hinge", "squared_hinge"),
    *("binary_crossentropy", "categorical_crossentropy"),
)
every_loss = pytest.mark.parametrize("loss", USUAL)

# Each layer once, where an activation can follow it or is its own.
STEMS = {
    "Dense": lambda a: (Dense(3, a), Dense(3, a, use_bias=False)),
    "Activation": lambda a: (Dense(3), Activation(a)),
    "BatchNorm": lambda a: (Dense(3, a), BatchNorm()),
    "Dropout": lambda a: (Dense(3, a), Dropout(0.3)),
    "Flatten": lambda a: (Dense(2, a), Flatten()),
}


def end_for(loss: str) -> Dense:
    ends = {BINARY: "sigmoid", CLASSES: "softmax"}
    return Dense(2, ends.get(LOSSES[loss].target, "linear"))


def model_for(layer: str, activation: str, loss: str) -> ModelSpec:
    shape = (2, 2) if layer == "Flatten" else (3,)
    return ModelSpec(layer, shape, (*STEMS[layer](activation), end_for(loss)))


def loss_for(layer: str, activation: str) -> str:
    """Losses take turns: an activation meets another one in each layer, a layer meets all."""
    turn = activations().index(activation) + 2 * list(STEMS).index(layer)
    return USUAL[turn % len(USUAL)]


def test_the_stems_are_layers_and_the_suite_has_all_others():
    """The suite's own small network around every layer holds those without a stem here."""
    members = {check.name.split()[1] for check in suite() if check.name.startswith("layer ")}
    assert set(STEMS) <= set(LAYERS)
    assert len(members) == len(LAYERS)


def test_losses_take_turns_fairly():
    met = {(layer, a, loss_for(layer, a)) for layer in STEMS for a in activations()}
    assert {(layer, loss) for layer, _, loss in met} == set(itertools.product(STEMS, USUAL))
    for activation in activations():
        assert len({loss for _, a, loss in met if a == activation}) >= 2, activation
    for loss in USUAL:
        assert len({a for _, a, used in met if used == loss}) >= 4, loss


@every_engine
@pytest.mark.parametrize("layer", STEMS)
def test_gradients_of_every_layer_and_activation(engine, layer):
    compared = 0
    for activation in activations():
        loss = loss_for(layer, activation)
        found = gradient_error(ENGINES[engine].load(), model_for(layer, activation, loss), loss)
        assert found[0] < 1e-7, f"{layer} with {activation} and {loss} is off by {found[0]:.1e}"
        compared += found[1]
    assert compared >= 12 * len(activations()), "too few numbers: vacuous"


@every_engine
@every_loss
def test_the_last_layer_may_have_any_activation(engine, loss):
    """Values and signs are learned through any end; the fused pairs are above."""
    if LOSSES[loss].target in (BINARY, CLASSES):
        pytest.skip("probabilities need an end that gives them")
    for activation in activations():
        model = ModelSpec("end", (3,), (Dense(6, activation),))
        error, _ = gradient_error(ENGINES[engine].load(), model, loss)
        assert error < 1e-7, f"an end of {activation} with {loss} is off by {error:.1e}"


def two_heads(loss: str) -> ModelSpec:
    trunk = (Dense(4, "relu", name="low"), BatchNorm(), Dropout(0.2), Dense(3, "tanh"))
    heads = (Head("a", "low", (Dropout(0.5), end_for(loss)), loss, 0.3), Head("b", weight=2.0))
    return ModelSpec("two", (3,), trunk, heads)


@every_loss
@pytest.mark.torch
def test_engines_give_the_same_losses(loss):
    """Dropout, batch norm, two heads, every optimiser: each step's loss within 1e-9."""
    model = two_heads(loss)
    weights, rng = first_weights(model, 0), np.random.default_rng(3)
    batches = [first_batch(model, "mse", rows, int(rng.integers(99))) for rows in (8, 8, 8, 5) * 3]
    for optimizer in OPTIMIZERS:
        run = RunSpec(optimizer=optimizer, dtype="float64")
        nets = [
            ENGINES[name].load().build(model, run, weights, np.random.default_rng(1))
            for name in ("numpy", "torch")
        ]
        for t, (x, y) in enumerate(batches):
            one, other = (net.step(x, y, lr=0.01).loss for net in nets)
            assert one == pytest.approx(other, rel=0, abs=1e-9), f"{optimizer}, step {t}"


def test_a_wrong_derivative_turns_the_law_red(monkeypatch):
    def off_by_a_little(root, wrt, rules):
        first, *rest = gradient(root, wrt, rules)
        return [first * 1.00001, *rest]

    monkeypatch.setattr(numpy_engine, "gradient", off_by_a_little)
    error, _ = gradient_error(ENGINES["numpy"].load(), model_for("Dense", "tanh", "mse"), "mse")
    assert error > 1e-7


@pytest.mark.parametrize("reach", REACHES)
def test_a_kink_is_never_taken_for_smooth(reach):
    def slopes(b: float):
        weights = {"dense_0.W": np.ones((1, 1)), "dense_0.b": np.array([b])}
        return differences(lambda w: float(abs(w["dense_0.b"][0])), weights, [*weights], reach)

    assert slopes(0.2 * reach) is slopes(0.1 * reach) is slopes(-1.9 * reach) is None
    assert slopes(0.1)["dense_0.b"] == pytest.approx([1.0])
