"""Formulas at the points where a careless text has no value, no slope or too few digits."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from neurogebra.core.expression import Expression
from neurogebra.repository import FORMULAS

POINT = np.array([0.5, -2.0, 3.0])
ZERO = {
    "l2_norm": {"x": np.zeros(3)},
    "frobenius_norm": {"A": np.zeros((2, 3))},
    "euclidean_distance": {"x": POINT, "y": POINT},
    "rmse": {"y": POINT, "y_pred": POINT},
    "group_lasso_rows": {"w": np.zeros((2, 3))},
}


def slopes(formula, values):
    expression = Expression(formula.name, formula)
    return {n: np.asarray(expression.gradient(n).eval(**values)) for n in values}


def check_flat(formula, dtype=np.float64):
    values = {n: v.astype(dtype) for n, v in ZERO[formula.name].items()}
    for found in slopes(formula, values).values():
        np.testing.assert_array_equal(found, np.zeros_like(found))
        assert found.dtype == dtype


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", ZERO)
def test_a_length_of_0_has_the_slope_0(name, dtype):
    check_flat(FORMULAS[name], dtype)


def test_the_slope_at_0_has_a_tooth():
    for name in ZERO:
        with np.errstate(all="ignore"), pytest.raises(AssertionError):
            check_flat(replace(FORMULAS[name], stable=None))


def test_torch_gives_a_norm_the_same_slope_at_0():
    x = torch.zeros(3, requires_grad=True)
    torch.linalg.norm(x).backward()
    assert x.grad.tolist() == slopes(FORMULAS["l2_norm"], ZERO["l2_norm"])["x"].tolist()


def test_one_group_of_zeros_leaves_the_others_their_slope():
    w = np.array([[3.0, 4.0], [0.0, 0.0]])
    found = slopes(FORMULAS["group_lasso_rows"], {"w": w})["w"]
    np.testing.assert_allclose(found, [[0.006, 0.008], [0.0, 0.0]], rtol=1e-15)


@pytest.mark.parametrize("name", [n for n in ZERO if n != "group_lasso_rows"])
def test_a_missing_number_stays_missing(name):
    values = {n: np.full_like(v, np.nan) for n, v in ZERO[name].items()}
    assert np.isnan(Expression(name, FORMULAS[name]).eval(**values))


def matthews(**counts):
    return Expression("m", FORMULAS["matthews_corr"]).eval(**counts)


def test_matthews_of_large_whole_counts():
    counts = {"tp": 90_000, "tn": 80_000, "fp": 20_000, "fn": 10_000}
    arrays = {n: np.array([c, 10 * c]) for n, c in counts.items()}
    np.testing.assert_allclose(matthews(**arrays), 0.703526470681448, rtol=1e-14)


@pytest.mark.parametrize("place", range(4))
def test_matthews_is_0_where_a_class_is_missing(place):
    sklearn = pytest.importorskip("sklearn.metrics")
    cells = {"tp": (1, 1), "tn": (0, 0), "fp": (0, 1), "fn": (1, 0)}
    pairs = [("tp", "fp"), ("tp", "fn"), ("tn", "fp"), ("tn", "fn")]
    counts = {n: 0 if n in pairs[place] else 4 for n in cells}
    truth, said = zip(*[cells[n] for n, c in counts.items() for _ in range(c)], strict=True)
    assert matthews(**counts) == sklearn.matthews_corrcoef(truth, said) == 0
    arrays = {n: np.array([c, 5]) for n, c in counts.items()}
    assert matthews(**arrays)[0] == 0


def test_true_and_false_keep_float32():
    said = np.array([0.25, 0.75], np.float32)
    truth = np.array([False, True])
    found = Expression("mse", FORMULAS["mse"]).eval(y=truth, y_pred=said)
    assert found.dtype == np.float32
    assert found == 0.0625


def test_true_and_false_alone_count_as_whole_numbers():
    many = np.ones(300, bool)
    assert Expression("s", "sum(x)").eval(x=many) == 300
    assert Expression("t", "100 * x + 100 * x").eval(x=many[:2]).tolist() == [200, 200]


@pytest.mark.parametrize("x", [-1.0, -10.0, -30.0])
def test_the_far_left_tail_keeps_its_digits(x):
    special = pytest.importorskip("scipy.special")
    formula = FORMULAS["normal_cdf"]
    wanted = pytest.approx(special.ndtr(x), rel=1e-12, abs=0)
    assert Expression("cdf", formula).eval(x=x) == wanted
    assert Expression("cdf", formula).eval(x=np.array([x]))[0] == wanted
    if x < -1:
        assert Expression("cdf", replace(formula, stable=None)).eval(x=x) != wanted
