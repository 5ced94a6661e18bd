"""MKL's products are NumPy's products; where it is absent or not worth it, NumPy makes them."""

from __future__ import annotations

import numpy as np
import pytest

from neurogebra.engines import blas
from neurogebra.engines.kernels import Entry
from neurogebra.errors import BadValue

RNG = np.random.default_rng(0)
needs_mkl = pytest.mark.skipif(blas.installed() is None, reason="the mkl extra is not installed")


@pytest.fixture(autouse=True)
def _asked_for(monkeypatch):
    """Use MKL on every processor where it is installed, and forget it afterwards."""
    monkeypatch.setenv("NEUROGEBRA_MKL", "1")
    forget()
    yield
    forget()


def forget():
    for found in (blas.library, blas._sums, blas._routines):
        if hasattr(found, "cache_clear"):  # not while a test has put something in its place
            found.cache_clear()


@pytest.mark.parametrize(("asked", "intel"), [("", True), ("", False), ("0", True), ("1", False)])
def test_mkl_is_for_intels_processors_unless_somebody_says_otherwise(asked, intel, monkeypatch):
    marker = object()
    monkeypatch.setattr(blas, "installed", lambda: marker)
    monkeypatch.setattr(blas, "is_intel", lambda: intel)
    monkeypatch.setenv("NEUROGEBRA_MKL", asked)
    wanted = marker if asked == "1" or (asked == "" and intel) else None
    assert blas.library() is wanted


def test_another_word_than_these_is_refused(monkeypatch):
    monkeypatch.setenv("NEUROGEBRA_MKL", "yes")
    with pytest.raises(BadValue, match="NEUROGEBRA_MKL"):
        blas.library()


def matrices(dtype, m=192, k=160, n=176):
    by_rows = [RNG.normal(size=s).astype(dtype) for s in ((m, k), (k, n))]
    by_columns = [np.asfortranarray(a) for a in by_rows]
    return [(a, b) for a in (by_rows[0], by_columns[0]) for b in (by_rows[1], by_columns[1])]


@needs_mkl
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_products_equal_numpys_for_every_way_to_lie_in_memory(dtype):
    close = 1e-5 if dtype == "float32" else 1e-13
    for a, b in matrices(dtype):
        out = np.full((a.shape[0], b.shape[1]), np.nan, dtype)
        call = blas.product(a, b, out)
        assert call is not None
        function, args = call
        function(*args)
        np.testing.assert_allclose(out, a @ b, rtol=0, atol=close * np.abs(a @ b).max())


@needs_mkl
def test_what_is_not_worth_it_or_does_not_fit_stays_with_numpy():
    a, b = matrices("float32")[0]
    out = np.empty((a.shape[0], b.shape[1]), np.float32)
    assert blas.product(a[:8, :8], b[:8, :8], out[:8, :8]) is None
    assert blas.product(a[:, ::2], b[::2], out) is None
    assert blas.product(a.astype(np.float64), b, out) is None
    assert blas.product(a, b, np.asfortranarray(out)) is None


def test_an_entry_computes_the_product_whoever_makes_it():
    a, b = matrices("float64")[0]
    out = np.empty((a.shape[0], b.shape[1]))
    function, args = Entry(np.dot, (a, b), out).call()
    function(*args)
    np.testing.assert_allclose(out, a @ b, rtol=1e-12, atol=1e-12)


def test_without_the_extra_numpy_makes_every_product(monkeypatch):
    monkeypatch.setattr(blas, "_routines", dict)
    a, b = matrices("float32")[0]
    out = np.empty((a.shape[0], b.shape[1]), np.float32)
    assert blas.product(a, b, out) is None
    assert Entry(np.dot, (a, b), out).call()[0] == a.dot
