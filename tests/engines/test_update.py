"""The recorded update is the pure rule, whoever adds the arrays, in whole and in pieces."""

from __future__ import annotations

import numpy as np
import pytest

from neurogebra.core.program import program
from neurogebra.core.tree import symbol
from neurogebra.engines import blas, update
from neurogebra.engines.update import Update, split_scalars, symbolic, with_sums
from neurogebra.optim import OPTIMIZERS
from neurogebra.spec import RunSpec


def by_hand(run, w, gradients, rates):
    row, s = OPTIMIZERS[run.optimizer], {}
    for t, (g, lr) in enumerate(zip(gradients, rates, strict=True), 1):
        weights = {"w": w} if row.takes_weights else {}
        change, s = row.rule(g, s, t, lr=lr, **weights, **dict(run.options))
        w = w + change
    return w, s


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("sums", ["numpy", "mkl"])
@pytest.mark.parametrize("piece", [7, 1 << 16])
def test_the_recorded_update_is_the_pure_rule(optimizer, sums, piece, monkeypatch):
    if sums == "mkl" and blas.installed() is None:
        pytest.skip("the mkl extra is not installed")
    if sums == "numpy":
        monkeypatch.setattr(blas, "_sums", dict)
    else:
        monkeypatch.setattr(blas, "library", blas.installed)
        monkeypatch.setattr(blas, "_sums", blas._sums.__wrapped__)
    monkeypatch.setattr(update, "PIECE", piece)
    rng = np.random.default_rng(1)
    first, gradients = rng.normal(size=40), rng.normal(size=(5, 40))
    rates = [0.1, 0.1, 0.05, 0.02, 0.01]
    run = RunSpec(optimizer=optimizer)
    w, g = first.copy(), np.zeros(40)
    recorded = Update(run, w, g)
    np.testing.assert_array_equal(w, first)
    for t, (gradient, lr) in enumerate(zip(gradients, rates, strict=True), 1):
        g[:] = gradient
        recorded.run(t, lr)
    expected, slots = by_hand(run, first, gradients, rates)
    np.testing.assert_allclose(w, expected, rtol=1e-12, atol=1e-14)
    for name, slot in slots.items():
        np.testing.assert_allclose(recorded.slots[name], slot, rtol=1e-12, atol=1e-14)


def sums(optimizer):
    _, w, slots = symbolic(RunSpec(optimizer=optimizer))
    main = split_scalars(program([w, *slots.values()]), ("t", "lr"))[1]
    fused = with_sums(main)
    return [line.op for line in fused.lines].count("scaled_sum"), len(main.lines) - len(fused.lines)


def test_sums_in_place_are_found_where_they_are():
    assert sums("adam") == (3, 5)  # m, v and the weights; b₁·m, …, rate·(…) are no lines then
    assert sums("momentum") == (2, 2)
    assert sums("sgd") == (1, 1)


def test_a_product_that_somebody_else_reads_stays():
    w, g = symbol("w"), symbol("g")
    part = 2.0 * g
    main = program([w + part, part])
    assert [line.op for line in with_sums(main).lines] == ["mul", "add"]
