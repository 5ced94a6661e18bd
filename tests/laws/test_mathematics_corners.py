"""Slopes where a distance is 0, values beyond a pole, shares of one: mathematics at its corners."""

from dataclasses import replace

import numpy as np
import pytest

from neurogebra.core.expression import Expression
from neurogebra.repository import FORMULAS

APART = (
    "matern_12_kernel",
    "matern_32_kernel",
    "matern_52_kernel",
    "periodic_kernel",
    "wendland_kernel",
    "thin_plate_spline",
    "multiquadric",
    "rbf_kernel",
)
X = np.array([0.5, -2.0, 3.0])


def slope(formula, name, **values):
    return np.asarray(Expression(formula.name, formula).gradient(name).eval(**values))


@pytest.mark.parametrize("name", APART)
def test_a_kernel_is_flat_where_its_points_coincide(name):
    assert slope(FORMULAS[name], "x", x=X, y=X).tolist() == [0, 0, 0]


@pytest.mark.parametrize("name", ["matern_32_kernel", "periodic_kernel"])
def test_the_definition_alone_has_no_slope_there(name):
    with np.errstate(all="ignore"):
        assert np.isnan(slope(replace(FORMULAS[name], stable=None), "x", x=X, y=X)).all()


@pytest.mark.parametrize(("n", "wanted"), [(1.0, 2.0), (2.0, 0.0), (3.0, 0.0)])
def test_hill_starts_with_the_slope_of_its_power(n, wanted):
    assert slope(FORMULAS["hill_equation"], "x", x=0.0, n=n) == wanted
    assert slope(FORMULAS["hill_equation"], "x", x=np.zeros(2), n=n).tolist() == [wanted] * 2


def test_wide_relu_layers_know_parallel_vectors():
    """At y = x the kernel is |x|², and so its slope in x is x for one argument of two."""
    arc = FORMULAS["arc_cosine_kernel"]
    assert Expression("k", arc).eval(x=X, y=2 * X) == pytest.approx(2 * X @ X, rel=1e-12)
    np.testing.assert_allclose(slope(arc, "x", x=X, y=X), X, rtol=1e-6)
    ntk = Expression("k", FORMULAS["relu_ntk"])
    assert ntk.eval(x=X, y=-X) == pytest.approx(0, abs=1e-6)


def test_the_gamma_function_left_of_0():
    special = pytest.importorskip("scipy.special")
    x = np.array([-0.5, -1.5, -2.25, -7.75])
    found = Expression("gamma", FORMULAS["gamma_func"]).eval(x=x)
    np.testing.assert_allclose(found, special.gamma(x), rtol=1e-13)


def test_a_step_of_cholesky_and_of_rotation_keeps_what_it_promises():
    rng = np.random.default_rng(5)
    a = rng.normal(size=(4, 4))
    q = Expression("q", FORMULAS["cayley_transform"]).eval(A=a)
    np.testing.assert_allclose(q @ q.T, np.eye(4), atol=1e-14)
    definite = a @ a.T + np.eye(4)
    lower = Expression("l", FORMULAS["cholesky_factor"]).eval(A=definite)
    np.testing.assert_allclose(lower @ lower.T, definite, rtol=1e-13)


def test_newton_schulz_converges_to_the_inverse():
    a = np.array([[4.0, 1.0], [2.0, 3.0]])
    step = Expression("s", FORMULAS["newton_schulz_inverse"])
    x = a.T / (np.abs(a).sum(0).max() * np.abs(a).sum(1).max())
    for _ in range(12):
        x = step.eval(X=x, A=a)
    np.testing.assert_allclose(x @ a, np.eye(2), atol=1e-14)


@pytest.mark.parametrize("name", ["epanechnikov_kernel", "biweight_kernel", "tricube_kernel",
                                  "triangular_kernel", "cosine_kernel", "cubic_b_spline",
                                  "cubic_convolution", "heat_kernel"])  # fmt: skip
def test_windows_have_area_one(name):
    kernel = Expression(name, FORMULAS[name])
    x = np.linspace(-12, 12, 240_001)
    values = {n: x if i == 0 else 1.0 for i, n in enumerate(FORMULAS[name].inputs)}
    assert np.sum(kernel.eval(**values)) * (x[1] - x[0]) == pytest.approx(1, abs=1e-6)
