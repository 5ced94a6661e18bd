"""Losses: each names its formula; the fused crossentropies have the exact values at extremes."""

from __future__ import annotations

import numpy as np
import pytest

from neurogebra.engines import ENGINES, book
from neurogebra.engines.claims import build
from neurogebra.engines.reference import definition
from neurogebra.layers import Dense
from neurogebra.losses import LOSSES
from neurogebra.losses.record import BINARY, BOXES, CLASSES, COUNTS, POSITIVE, SIGNS, VALUES
from neurogebra.ops import apply
from neurogebra.repository import FORMULAS
from neurogebra.spec import ModelSpec

ENGINE_NAMES = ("numpy", pytest.param("torch", marks=pytest.mark.torch))
every_loss = pytest.mark.parametrize("name", LOSSES)


def value(tree, y, y_pred):
    with np.errstate(all="ignore"):
        values = {"y": y, "y_pred": y_pred}
        return float(book.evaluate(tree, values, lambda op, *a, **at: apply(op, a, at)))


def rows(kind, n=40, units=3, seed=0):
    rng = np.random.default_rng(seed)
    if kind == CLASSES:
        return np.eye(units)[rng.integers(0, units, n)]
    if kind == VALUES:
        return rng.normal(size=(n, units))
    return rng.integers(0, 2, (n, units)) * (2.0 if kind == SIGNS else 1.0) - (kind == SIGNS)


@every_loss
def test_formulas_exist_and_take_y_and_y_pred(name):
    row = LOSSES[name]
    for formula in (row.formula, *(f for _, f in row.fused)):
        assert FORMULAS[formula].category == "loss"
        assert tuple(FORMULAS[formula].inputs) == ("y", "y_pred")
    for activation, _ in row.fused:
        assert FORMULAS[activation].category == "activation"
    assert row.target in (VALUES, COUNTS, POSITIVE, BINARY, CLASSES, SIGNS, BOXES)
    assert FORMULAS[row.end].category == "activation"
    assert not row.logits or row.end == "linear"


FUSED = [
    (name, *pair)
    for name in ("binary_crossentropy", "categorical_crossentropy")
    for pair in LOSSES[name].fused
]


@pytest.mark.parametrize(("name", "activation", "fused"), FUSED)
def test_fused_forms_are_the_same_number(name, activation, fused):
    z, y = 2 * rows(VALUES, seed=2), rows(LOSSES[name].target)
    p = apply(activation, (z,), {})
    plain = value(definition(LOSSES[name].formula), y, p)
    assert value(book.tree(fused)[0], y, z) == pytest.approx(plain, rel=1e-12)


@pytest.mark.parametrize(("name", "activation", "fused"), FUSED)
def test_fused_forms_survive_extreme_logits(name, activation, fused):
    y = np.eye(2) if LOSSES[name].target == CLASSES else np.array([[1.0, 0.0], [0.0, 1.0]])
    wrong = np.array([[-1e4, 1e4], [1e4, -1e4]])
    per_row = 2e4 if LOSSES[name].target == CLASSES else 1e4
    assert value(book.tree(fused)[0], y, wrong) == pytest.approx(per_row)
    assert value(book.tree(fused)[0], y, -wrong) == pytest.approx(0, abs=1e-300)
    plain = value(definition(LOSSES[name].formula), y, apply(activation, (wrong,), {}))
    assert not np.isfinite(plain), "then the fused form would not be needed"


@pytest.mark.parametrize("engine", ENGINE_NAMES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "activation", "fused"), FUSED)
def test_engines_join_activation_and_loss(engine, dtype, name, activation, fused):
    """Through a network: logits of ±10⁴ give a finite loss and the right slope."""
    model = ModelSpec("m", (2,), (Dense(2, activation, use_bias=False),))
    weights = {"dense_0.W": np.eye(2)}
    net = build(ENGINES[engine].load(), model, weights, loss=name, dtype=dtype)
    x = np.array([[-1e4, 1e4]], dtype)
    y = {"output": np.array([[1.0, 0.0]], dtype)}
    loss, grads = net.gradients(x, y)
    units = 1 if LOSSES[name].target == CLASSES else 2
    assert loss == pytest.approx(2e4 / units)
    back = np.array([[-1.0, 1.0]]) / units
    np.testing.assert_allclose(grads["dense_0.W"], x.T @ back, rtol=1e-6)
    assert net.evaluate(x, y).loss == pytest.approx(2e4 / units)
