"""Pools that note where the largest lay give what the alphabet gives, in fewer lines."""

from __future__ import annotations

import numpy as np
import pytest

from neurogebra.core.differentiate import gradient
from neurogebra.core.program import program
from neurogebra.core.tree import build, symbol
from neurogebra.engines import pools
from neurogebra.engines.kernels import LOWERED
from neurogebra.engines.pools import NOTED, SPREAD, pooled
from neurogebra.engines.recorder import Recorder

AT = [
    {"height": 2, "width": 2, "down": 2, "right": 2},
    {"height": 3, "width": 2, "down": 2, "right": 1},
    {"height": 1, "width": 4, "down": 1, "right": 4},
    {"height": 17, "width": 16, "down": 1, "right": 1},  # more indices than a byte holds
]


def written(at, *, read_relu=False):
    """Return a program of a relu, a pool and their derivatives."""
    z, w = symbol("z"), symbol("w")
    relu = build("maximum", (0, z + w), {})
    y = build("max_pool", (relu,), at)
    total = build("sum", (y * y * y,), {})
    grads = gradient(total, [z, w])
    return program([y, *grads, *([relu] if read_relu else [])], LOWERED.__contains__)


def run(found, images):
    rng = np.random.default_rng(1)
    given = {"z": np.ones(images), "w": np.ones(images[-1:])}
    replay = Recorder(found, given, np.dtype(float)).record()
    for _ in range(2):  # what the first run left behind must not matter
        given["z"][...] = rng.integers(-2, 3, images)  # most windows have equals
        given["w"][...] = rng.integers(-1, 2, images[-1:])
        replay.run()
    return [replay.arrays[r].copy() for r in found.outputs]


@pytest.mark.parametrize("read_relu", [False, True])
@pytest.mark.parametrize("at", AT, ids=str)
def test_the_numbers_are_the_same(at, read_relu):
    plain = written(at, read_relu=read_relu)
    found = pooled(plain)
    assert {NOTED, SPREAD} <= {line.op for line in found.lines}
    for got, want in zip(run(found, (5, 19, 21, 3)), run(plain, (5, 19, 21, 3)), strict=True):
        np.testing.assert_array_equal(got, want)


def test_some_images_at_a_time_are_all_images(monkeypatch):
    found = pooled(written(AT[0]))
    want = run(found, (5, 8, 8, 3))
    monkeypatch.setattr("neurogebra.engines.pool_kernels.AT_ONCE", 2 * 8 * 8 * 3 * 8)
    for got, wanted in zip(run(found, (5, 8, 8, 3)), want, strict=True):
        np.testing.assert_array_equal(got, wanted)


def test_a_relu_moves_behind_its_pool_only_where_nothing_else_reads_it():
    def order(found):
        return [line.op for line in found.lines if line.op in (NOTED, "maximum")]

    assert order(pooled(written(AT[0]))) == [NOTED, "maximum"]
    assert order(pooled(written(AT[0], read_relu=True))) == ["maximum", NOTED]


def test_a_slope_that_is_left_out_is_seen(monkeypatch):
    spread = pools._Pooling._spread
    monkeypatch.setattr(
        pools._Pooling,
        "_under_slope",
        lambda self, back, out: [spread(self, out, back.args[0], back)],
    )
    found = pooled(written_sum())
    assert any(
        np.abs(a - b).max() > 0.5
        for a, b in zip(run(found, (2, 4, 4, 1)), run(written_sum(), (2, 4, 4, 1)), strict=True)
    )


def written_sum():
    """Return the program of a pool's plain sum, whose slope is 1 under every window."""
    z, w = symbol("z"), symbol("w")
    y = build("max_pool", (build("maximum", (0, z + w), {}),), AT[0])
    total = build("sum", (y,), {})
    return program([y, *gradient(total, [z, w])], LOWERED.__contains__)
