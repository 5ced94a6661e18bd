"""Gamma functions and quantiles against mpmath at 60 digits, and their coefficients."""

import importlib.util
import math
from pathlib import Path

import numpy as np
import pytest
from tests.laws.exact import OPS

from neurogebra.ops import ALPHABET
from neurogebra.ops import gamma as room
from neurogebra.ops.gamma import digamma, gammaln, polygamma
from neurogebra.ops.quantile import erfinv, ndtri

mpmath = pytest.importorskip("mpmath")
SCRIPT = Path(__file__).parents[2] / "tools" / "gamma_coefficients.py"
ZERO = 1.4616321449683623


def right():
    rng = np.random.default_rng(1)
    parts = [
        rng.uniform(0, 15, 300),
        rng.uniform(0.45, 3.2, 300),
        10.0 ** rng.uniform(-30, 30, 100),
    ]
    near = [at + 1e-5 * rng.normal(size=30) for at in (1, 2, ZERO)]
    return np.concatenate([*parts, *near, [0.5, 0.7, 1.5, 2.5, 3.0, 11.0]])


def shares():
    rng = np.random.default_rng(2)
    edges = 10.0 ** rng.uniform(-36, 0, 200)
    whole = np.concatenate([rng.uniform(0, 1, 300), edges, 1 - 10.0 ** rng.uniform(-15, 0, 200)])
    return whole[(whole > 0) & (whole < 1) & (whole != 0.5)]


def worst_ulp(f, truth, x, dtype):
    """Return by how many units in the last place f is off at most."""
    x = x.astype(dtype)
    y = f(x)
    assert y.dtype == dtype
    worst = 0.0
    with mpmath.workdps(60):
        for a, b in zip(x, y, strict=True):
            wanted = truth(mpmath.mpf(float(a)))
            unit = float(np.spacing(abs(dtype(wanted))))
            worst = max(worst, float(abs(mpmath.mpf(float(b)) - wanted) / unit))
    return worst


BOUNDS = {
    "gammaln": (gammaln, mpmath.loggamma, right, 4),
    "digamma": (digamma, mpmath.digamma, right, 4),
    "trigamma": (polygamma, lambda a: mpmath.psi(1, a), right, 6),
    "polygamma 2": (lambda x: polygamma(x, 2), lambda a: mpmath.psi(2, a), right, 7),
    "polygamma 7": (lambda x: polygamma(x, 7), lambda a: mpmath.psi(7, a), right, 9),
    "ndtri": (ndtri, OPS["ndtri"], shares, 8),
    "erfinv": (erfinv, OPS["erfinv"], shares, 8),
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", BOUNDS)
def test_within_the_stated_ulp(name, dtype):
    f, truth, points, bound = BOUNDS[name]
    x = points().astype(dtype)
    if f is not gammaln and f is not digamma:  # what neither over- nor underflows
        x = x[(x > 1e-3) & (x < 1e3)] if points is right else x[(x > 1e-37) & (x < 1)]
    assert worst_ulp(f, truth, x, dtype) <= (bound if dtype is np.float64 else 1)


@pytest.mark.parametrize("name", BOUNDS)
def test_the_bounds_have_teeth(name):
    f, truth, points, bound = BOUNDS[name]
    x = points()
    x = x[(x > 1e-3) & (x < 1e3)]
    assert worst_ulp(lambda a: f(a) * (1 + 2e-15), truth, x, np.float64) > bound


def worst_gap(f, truth, x):
    """Return the largest error in ε of the larger of value and 1."""
    with mpmath.workdps(60):
        wanted = [truth(mpmath.mpf(float(a))) for a in x]
        gaps = [float(abs(mpmath.mpf(float(b)) - w) / max(1, abs(w)))
                for b, w in zip(f(x), wanted, strict=True)]  # fmt: skip
    return max(gaps) / 2.2e-16


@pytest.mark.parametrize(
    ("f", "truth", "bound"),
    [
        (gammaln, lambda a: mpmath.re(mpmath.loggamma(a)), 4),
        (digamma, mpmath.digamma, 8),
        (polygamma, lambda a: mpmath.psi(1, a), 8),
        (lambda x: polygamma(x, 3), lambda a: mpmath.psi(3, a), 16),
    ],
)
def test_left_of_zero(f, truth, bound):
    x = -np.random.default_rng(3).uniform(0, 30, 400)
    assert worst_gap(f, truth, x) <= bound
    assert worst_gap(lambda a: f(a) + 1e-13 * np.abs(f(a)), truth, x) > bound


def test_poles_and_limits():
    inf, nan = math.inf, math.nan
    x = np.array([0.0, -0.0, -1.0, -7.0, inf, -inf, nan, 1.0, 2.0])
    np.testing.assert_array_equal(gammaln(x), [inf, inf, inf, inf, inf, inf, nan, 0, 0])
    assert not np.any(np.signbit(gammaln(x)))
    np.testing.assert_array_equal(digamma(x)[:7], [-inf, inf, nan, nan, inf, nan, nan])
    np.testing.assert_array_equal(polygamma(x)[:7], [inf, inf, inf, inf, 0, nan, nan])
    np.testing.assert_array_equal(polygamma(x, 2)[:4], [-inf, inf, nan, nan])
    np.testing.assert_array_equal(ndtri([0, 0.5, 1, -1, 2, nan]), [-inf, 0, inf, nan, nan, nan])
    np.testing.assert_array_equal(erfinv([-1, 0, 1, 1.5, nan]), [-inf, 0, inf, nan, nan])
    assert gammaln(1e306) == inf
    assert gammaln(5e-324) == pytest.approx(744.4400719213812, rel=1e-15)


@pytest.mark.parametrize("f", [gammaln, digamma, polygamma, ndtri, erfinv])
def test_shapes_and_kinds(f):
    assert f(np.zeros((0, 3))).shape == (0, 3)
    assert f(np.full((2, 3), 0.5)[:, ::-1]).shape == (2, 3)
    assert f(np.float32(0.5)).dtype == np.float32
    assert f(np.full(3, 0.5, np.float16)).dtype == np.float16
    assert f([1, 0]).dtype == np.float64


@pytest.mark.parametrize("name", ["gammaln", "digamma", "polygamma", "ndtri", "erfinv"])
def test_python_numbers_stay_python_numbers(name):
    assert type(ALPHABET[name].scalar(0.3)) is float


def test_the_script_gives_these_coefficients():
    spec = importlib.util.spec_from_file_location("gamma_coefficients", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    for (made, error), kept in (
        (script.one(), room._ONE),
        (script.two(), room._TWO),
        (script.digamma_root(), room._ROOT),
    ):
        assert tuple(made) == kept
        assert error < 4e-17
    assert float(script.root()) == room._ZERO
    assert float(script.root() - room._ZERO) == room._ZERO_REST
