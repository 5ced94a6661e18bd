"""The recorded update is the pure rule, whoever adds the arrays, in whole and in pieces."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import torch

from neurogebra.core.program import program
from neurogebra.core.tree import symbol
from neurogebra.engines import blas, update
from neurogebra.engines.torch_update import TorchUpdate
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


SHAPES = {"conv.kernel": (3, 3, 2, 4), "conv.b": (4,), "head.W": (5, 3)}
NUMBERS = sum(int(np.prod(s)) for s in SHAPES.values())


@pytest.mark.parametrize(
    "optimizer", [n for n, row in OPTIMIZERS.items() if row.per == "parameter"]
)
def test_parameters_come_one_by_one_and_kernels_as_matrices(optimizer):
    rng = np.random.default_rng(2)
    first, gradients = rng.normal(size=NUMBERS), rng.normal(size=(4, NUMBERS))
    rates, run = [0.1, 0.05, 0.05, 0.02], RunSpec(optimizer=optimizer, dtype="float64")
    w, g = first.copy(), np.zeros(NUMBERS)
    recorded = Update(run, w, g, SHAPES)
    tw, tg = torch.from_numpy(first.copy()), torch.zeros(NUMBERS, dtype=torch.float64)
    theirs = TorchUpdate(run, tw, tg, SHAPES)
    for t, (gradient, lr) in enumerate(zip(gradients, rates, strict=True), 1):
        g[:], tg[:] = gradient, torch.from_numpy(gradient)
        recorded.run(t, lr)
        theirs.run(t, lr)
    start = 0
    for shape in SHAPES.values():
        place = slice(start, start + int(np.prod(shape)))
        start = place.stop
        form = (-1, shape[-1]) if len(shape) > 1 else shape
        parts = [gradient[place].reshape(form) for gradient in gradients]
        expected, _ = by_hand(run, first[place].reshape(form), parts, rates)
        for found in (w, tw.numpy()):
            np.testing.assert_allclose(found[place], expected.ravel(), rtol=1e-11, atol=1e-13)


WAYS = {
    "clipped": {"clip_value": 0.1, "clip_norm": 0.5},
    "accumulated": {"accumulate": 2, "clip_norm": 0.5},
    "groups": {"groups": [{"match": "conv.*", "rate": 0.5}, {"match": "head.W", "rate": 2.0}]},
    "decay": {"weight_decay": 0.1},
}


@pytest.mark.parametrize("way", WAYS)
def test_no_way_allocates_an_array(way):
    shapes = {"conv.b": (40_000,), "head.W": (300, 200)}
    n, rng = 100_000, np.random.default_rng(0)
    w, g = rng.normal(size=n), rng.normal(size=n)
    recorded = Update(RunSpec(optimizer="adam", dtype="float64", **WAYS[way]), w, g, shapes)

    def step(t):
        if recorded.take():
            recorded.run(t, 0.01)

    for t in range(1, 5):
        step(t)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        step(5)
        step(6)
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    assert peak < 20_000, f"{peak} bytes: an array has {n * 8}"
