"""The NumPy engine's kernels for images write what the alphabet says, whatever lay there before."""

from __future__ import annotations

import numpy as np
import pytest

from neurogebra.engines import pool_kernels
from neurogebra.engines.image_kernels import OPERATIONS, columns_first, image_kernel
from neurogebra.engines.kernels import (
    LOWERED,
    Entry,
    by_longer_rows,
    by_rows_of_numbers,
    kernel,
    with_row,
)
from neurogebra.ops import ALPHABET

from ..ops.cases import cases

TWICE = (1, 2)  # a kernel is replayed: what it left behind must not matter


def given():
    for name in sorted(OPERATIONS):
        for arrays, attrs in cases(name):
            yield pytest.param(name, arrays, attrs, id=f"{name}{attrs}{np.shape(arrays[0])}")


def written(name, arrays, attrs):
    """Return what a kernel writes over NaN, called twice, for images laid out as they are."""
    arrays = [np.asarray(a, float) for a in arrays]
    shape = np.shape(ALPHABET[name].value(*arrays, **attrs))
    out = np.full(shape, np.nan)
    if columns_first(name, arrays[0]):
        out = np.moveaxis(np.full((shape[-1], *shape[:-1]), np.nan), 0, -1)
    function, args = image_kernel(name, arrays, attrs, out)
    for _ in TWICE:
        function(*args, out)
    return out


@pytest.mark.parametrize(("name", "arrays", "attrs"), list(given()))
def test_kernels_are_the_operations(name, arrays, attrs):
    wanted = ALPHABET[name].value(*(np.asarray(a, float) for a in arrays), **attrs)
    np.testing.assert_allclose(written(name, arrays, attrs), wanted, rtol=1e-14, atol=1e-14)


def test_of_equals_the_first_wins_in_every_window():
    """Whole numbers, so that most windows have several largest elements."""
    rng = np.random.default_rng(0)
    for at in ((2, 2, 2, 2), (3, 3, 2, 2), (2, 3, 1, 2), (1, 4, 1, 1)):
        attrs = dict(zip(("height", "width", "down", "right"), at, strict=True))
        x = rng.integers(0, 2, (3, 7, 8, 2)) * 1.0
        g = rng.normal(size=ALPHABET["max_pool"].value(x, **attrs).shape)
        wanted = ALPHABET["max_pool_back"].value(g, x, **attrs)
        np.testing.assert_allclose(written("max_pool_back", (g, x), attrs), wanted, atol=1e-14)


def test_what_has_a_kernel_is_not_written_out():
    assert not OPERATIONS & LOWERED
    assert {"conv2d", "conv2d_right", "max_pool_at"} <= LOWERED


def test_a_window_that_is_off_by_one_is_seen(monkeypatch):
    right = pool_kernels.places
    monkeypatch.setattr(pool_kernels, "places", lambda k, *rest: right(max(k - 1, 0), *rest))
    arrays, attrs = next(iter(cases("max_pool")))
    wanted = ALPHABET["max_pool"].value(*arrays, **attrs)
    assert np.abs(written("max_pool", arrays, attrs) - wanted).max() > 0.01


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("over", [False, True])
@pytest.mark.parametrize("shape", [(70, 16), (6, 5, 4, 3), (64, 1), (607, 7), (3, 3)])
def test_a_row_that_is_repeated_changes_nothing(shape, over, first):
    rng = np.random.default_rng(0)
    x, row = rng.normal(size=shape), rng.normal(size=shape[-1])
    out = x if over else np.full(shape, np.nan)
    args = [row, x] if first else [x, row]
    wanted = np.subtract(*args)
    found = by_longer_rows(args, out)
    assert (found is not None) == (shape in ((70, 16), (6, 5, 4, 3), (64, 1)))
    if found is not None:
        with_row(np.subtract, *found)
        np.testing.assert_array_equal(out, wanted)


def test_rows_that_gain_nothing_are_left():
    x, row = np.ones((100, 200)), np.ones(200)
    assert by_longer_rows([x, row], x) is None
    strided = np.ones((100, 16))[:, ::2]
    assert by_longer_rows([strided, np.ones(8)], np.empty((100, 8))) is None
    assert by_longer_rows([np.ones((64, 8)), 2.0], np.empty((64, 8))) is None


def test_comparing_with_a_number_is_comparing_with_a_row_of_it():
    x = np.random.default_rng(0).normal(size=(8, 128))
    x[0, 0] = np.nan
    out = np.empty_like(x)
    args, flat = by_rows_of_numbers((0.25, x), out)
    assert flat.shape == args[1].shape == (1024,)
    call, rest = Entry(np.maximum, (0.25, x), out).call()
    call(*rest)
    np.testing.assert_array_equal(out, np.maximum(0.25, x))
    assert by_rows_of_numbers((x, x), out)[1] is out


@pytest.mark.parametrize(
    ("have", "want"),
    [((2, 3, 4), (4,)), ((2, 3, 4), (2, 1, 4)), ((2, 3, 4), (3, 1)), ((2, 3), (2, 3)),
     ((2, 3), ()), ((3,), (2, 3)), ((1, 3), (2, 3))],
)  # fmt: skip
def test_sums_to_a_shape_are_those_of_the_alphabet(have, want):
    a = np.random.default_rng(0).normal(size=have)
    out = np.full(want, np.nan)
    function, args = kernel("sum_to", [a, np.empty(want)], {}, out)
    function(*args, out)
    np.testing.assert_allclose(out, ALPHABET["sum_to"].value(a, np.empty(want)))
