"""The error function against mpmath at 40 digits, and its coefficients against their script."""

import importlib.util
import math
from pathlib import Path

import numpy as np
import pytest

from neurogebra.ops import erf as room
from neurogebra.ops.erf import erf, erfc

mpmath = pytest.importorskip("mpmath")
SCRIPT = Path(__file__).parents[2] / "tools" / "erf_coefficients.py"


def points(dtype):
    rng = np.random.default_rng(2)
    x = [
        rng.uniform(-6.2, 6.2, 1500),
        rng.uniform(1.4, 1.6, 500),
        10.0 ** rng.uniform(-300, 0, 200),
    ]
    return np.concatenate([*x, [1.5, np.nextafter(1.5, 2), 5.9, 6.0, 6.1, 27.0]]).astype(dtype)


def worst_ulp(dtype, f=erf):
    x = points(dtype)
    y = f(x)
    assert y.dtype == dtype
    keep = np.abs(x) > np.finfo(dtype).tiny
    with mpmath.workdps(40):
        return max(
            abs(mpmath.mpf(float(b)) - mpmath.erf(mpmath.mpf(float(a)))) / float(np.spacing(abs(b)))
            for a, b in zip(x[keep], y[keep], strict=True)
        )


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_within_three_ulp_on_the_whole_line(dtype):
    assert worst_ulp(dtype) <= 3


def test_the_bound_has_teeth():
    assert worst_ulp(np.float64, lambda x: erf(x) * (1 + 1e-15)) > 3


def worst_tail_ulp(dtype, f=erfc):
    rng = np.random.default_rng(5)
    x = np.concatenate([points(dtype), rng.uniform(-7, 30, 800), rng.uniform(0.4, 0.6, 300)])
    x = x.astype(dtype)
    y = f(x)
    assert y.dtype == dtype
    with mpmath.workdps(40):
        return max(
            abs(mpmath.mpf(float(b)) - mpmath.erfc(mpmath.mpf(float(a)))) / float(np.spacing(b))
            for a, b in zip(x, y, strict=True)
        )


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_tail_within_four_ulp_on_the_whole_line(dtype):
    assert worst_tail_ulp(dtype) <= 4


def test_the_bound_of_the_tail_has_teeth():
    assert worst_tail_ulp(np.float64, lambda x: 1 - erf(x)) > 1e9


def test_limits_of_the_tail():
    x = np.array([0.0, -0.0, math.inf, -math.inf, math.nan, 1e300, -1e300, 27.2])
    np.testing.assert_array_equal(erfc(x), [1, 1, 0, 2, math.nan, 0, 2, math.erfc(27.2)])


def test_limits():
    x = np.array([0.0, -0.0, math.inf, -math.inf, math.nan, 1e300, -1e300, 5e-324])
    y = erf(x)
    np.testing.assert_array_equal(y, [0.0, 0.0, 1.0, -1.0, math.nan, 1.0, -1.0, 5e-324])
    assert np.signbit(y[1])


def test_shapes_and_kinds():
    assert erf(np.zeros((0, 3))).shape == (0, 3)
    assert erf([1, 2]).dtype == np.float64
    assert erf(np.float32(0.5)).dtype == np.float32
    assert erf(np.ones(3, np.float16)).dtype == np.float16
    assert erf(1.0) == pytest.approx(math.erf(1.0), rel=1e-15)
    big = np.linspace(-3, 3, 40_000).reshape(200, 200)[::2, ::-1]
    np.testing.assert_allclose(erf(big), np.vectorize(math.erf)(big), rtol=1e-15)


def test_the_script_gives_these_coefficients():
    spec = importlib.util.spec_from_file_location("erf_coefficients", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    for (made, error), kept in (
        (script.near(), room._NEAR),
        (script.far(), room._FAR),
        (script.tail(), room._TAIL),
    ):
        assert tuple(made) == kept
        assert error < 4e-17
