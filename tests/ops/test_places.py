"""Edges of order, windows, products and linear algebra that the general laws do not reach."""

import numpy as np
import pytest
import torch

from neurogebra import Expression
from neurogebra.core.differentiate import gradient
from neurogebra.core.parse import parse
from neurogebra.core.tree import in_order, symbol
from neurogebra.errors import BadValue, FormulaError
from neurogebra.ops import ALPHABET, apply

from .cases import evaluate


def op(name, *args, **attrs):
    return ALPHABET[name].value(*map(np.asarray, args), **attrs)


def hessian_times(text, values, direction):
    """Return H v of a number by the alphabet's own derivatives."""
    root = parse(text)
    (x,) = [n for n in in_order(root) if n.is_symbol and n.value == "x"]
    (first,) = gradient(root, [x])
    (second,) = gradient(apply("sum", (first * symbol("v"),), {}), [x])
    return evaluate(first, values), evaluate(second, {**values, "v": direction})


def by_torch(f, x, v):
    leaf = torch.tensor(x, requires_grad=True)
    (first,) = torch.autograd.grad(f(leaf), leaf, create_graph=True)
    (second,) = torch.autograd.grad((first * torch.tensor(v)).sum(), leaf)
    return first.detach().numpy(), second.numpy()


@pytest.mark.parametrize("zeros", [(), (1,), (1, 3), (0, 2, 4)])
def test_a_product_with_zeros_has_its_derivatives(zeros):
    rng = np.random.default_rng(1)
    x, v = rng.normal(size=5), rng.normal(size=5)
    x[list(zeros)] = 0
    found, wanted = hessian_times("prod(x)", {"x": x}, v), by_torch(torch.prod, x, v)
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


def test_a_singular_determinant_has_its_derivatives():
    rng = np.random.default_rng(2)
    x = np.outer(rng.normal(size=3), rng.normal(size=3))
    x += np.outer(rng.normal(size=3), rng.normal(size=3))  # of rank 2
    v = rng.normal(size=(3, 3))
    first, second = hessian_times("det(x)", {"x": x}, v)

    def cofactors(a):
        return np.array([[(-1) ** (i + j) * np.linalg.det(np.delete(np.delete(a, i, 0), j, 1))
                          for j in range(3)] for i in range(3)])  # fmt: skip

    np.testing.assert_allclose(first, cofactors(x), atol=1e-14)
    np.testing.assert_allclose(
        second, (cofactors(x + 1e-5 * v) - cofactors(x - 1e-5 * v)) / 2e-5, atol=1e-8
    )


@pytest.mark.parametrize("text", ["norm(x)", "std(x)"])
def test_the_slope_at_nothing_is_nothing(text):
    found = Expression("f", text).gradient("x").eval(x=np.zeros(3))
    np.testing.assert_array_equal(found, np.zeros(3))


def test_a_norm_neither_overflows_nor_vanishes():
    for scale in (1e200, 1e-200, 1.0):
        assert op("norm", np.array([3.0, 4.0]) * scale) == pytest.approx(5 * scale, rel=1e-15)
    assert op("norm", np.float32([3e30, 4e30])) == np.float32(5e30)
    np.testing.assert_array_equal(op("norm", [[np.inf, 1], [np.nan, 1], [0, 0]], axis=1),
                                  [np.inf, np.nan, 0])  # fmt: skip


def test_windows_are_a_view_that_cannot_be_written():
    x = np.arange(10.0)
    y = ALPHABET["windows"].value(x, axis=0, size=3, stride=2, dilation=2)
    assert np.shares_memory(x, y)
    assert not y.flags.writeable
    np.testing.assert_array_equal(y, [[0, 2, 4], [2, 4, 6], [4, 6, 8]])


def test_repeated_places_add_up():
    g = op("take_back", [1.0, 2.0, 4.0], [0, 2, 0], np.zeros(3))
    np.testing.assert_array_equal(g, [5, 0, 2])


def test_solve_takes_a_vector_beside_a_batch():
    a = np.eye(3) * np.array([1.0, 2.0, 4.0, 8.0])[:, None, None]
    found = Expression("f", "solve(A, b)").eval(A=a, b=np.ones(3))
    np.testing.assert_allclose(found, np.ones(3) / np.array([1, 2, 4, 8.0])[:, None])


REFUSED = {
    "polygamma(x)": "polygamma takes 2 arguments, the last the whole numbers n, got 1",
    "polygamma(x, -1)": "polygamma takes n ≥ 0, got -1",
    "pad(x, 0, 1)": "pad takes 4 arguments, the last the whole numbers axis, before, after, got 3",
    "pad(x, 0, -1, 1)": "pad takes before and after ≥ 0, got -1 and 1",
    "pad(x, 0, 64, 1)": "before of pad is a whole number below 64",
    "pad(x, 0, 99999999999999, 1)": "before of pad is a whole number below 64",
    "windows(x, 0, 0)": "windows takes size, stride and dilation ≥ 1, got 0, 1 and 1",
    "windows(x, 0, 2, -1)": "windows takes size, stride and dilation ≥ 1, got 2, -1 and 1",
    "windows(x, 0, n)": "size of windows is a whole number below 64",
    "reshape(x)": "reshape takes 2 or more arguments, the last the whole numbers shape, got 1",
    "reshape(x, -1, -1)": r"reshape takes sizes ≥ 0 with at most one −1, got \(-1, -1\)",
    "reshape(x, 2, -3)": "reshape takes sizes ≥ 0",
    "reshape(x, 1.5)": "shape of reshape is a whole number below 64",
    "permute(x, 0, 0)": r"permute takes each of 2 axes once, got \(0, 0\)",
    "permute(x, 1, 2)": "permute takes each of 2 axes once",
    "sum(x, 1.5)": "an axis is a whole number below 64",
    "sum(x, -100)": "an axis is a whole number below 64",
    "slice(x, 0)": "slice takes 3 to 4 arguments, the last the whole numbers axis, start, stop",
    "concat(x, y)": "concat takes 3 arguments, the last the whole numbers axis, got 2",
}


@pytest.mark.parametrize("text", REFUSED)
def test_attributes_that_cannot_be_are_refused(text):
    with pytest.raises(FormulaError, match=f"column 1?[0-9]: {REFUSED[text]}"):
        parse(text)


WRONG = {
    ("take", (0, 5), "an index below 3"): {"axis": 0},
    ("take", (0.5, 1), "an index of whole numbers"): {"axis": 0},
    ("take_along", ((0, 1),), "an index of 1 axes"): {"axis": 0},
    ("windows", None, "an axis 0 of at least 5 elements"): {"axis": 0, "size": 3, "dilation": 2},
    ("squeeze", None, "an axis 0 of length 1"): {"axis": 0},
    ("slice", None, "an axis of the 1 that x has"): {"axis": 2, "start": 0},
    ("reshape", None, "a shape for the elements of"): {"shape": (2, 2)},
    ("permute", None, "every one of the 1 axes once"): {"axes": (0, 1)},
    ("tril", None, "at least two axes"): {},
    ("det", None, "square matrices in the last two axes"): {},
}


@pytest.mark.parametrize("case", WRONG, ids=lambda c: f"{c[0]}-{c[2]}")
def test_arrays_that_do_not_fit_are_refused(case):
    name, more, message = case
    args = [np.arange(3.0), *([np.asarray(more)] if more is not None else [])]
    with pytest.raises(BadValue, match=f"^{name}: expected .*{message}"):
        op(name, *args, **WRONG[case])


@pytest.mark.parametrize(
    ("name", "a", "message"),
    [
        ("inverse", np.zeros((2, 2)), "not singular"),
        ("cholesky", -np.eye(2), "positive definite"),
        ("det", np.ones((2, 3)), "square"),
    ],
)
def test_matrices_that_cannot_be_are_refused(name, a, message):
    with pytest.raises(BadValue, match=f"^{name}: expected .*{message}"):
        op(name, a)
    with pytest.raises(BadValue, match="solve: expected matrices that are not singular"):
        op("solve", np.zeros((2, 2)), np.ones(2))
    with pytest.raises(BadValue, match="solve: expected shapes that fit together"):
        op("solve", np.eye(2), np.ones(3))


@pytest.mark.parametrize("name", ["argsort", "diag", "sort", "cumsum", "flip", "positions"])
def test_a_number_has_no_axis(name):
    with pytest.raises(ValueError, match=r"axis|dimension"):  # which formulas turn into BadValue
        ALPHABET[name].value(np.asarray(1.0))
    with pytest.raises(BadValue, match=r"f\.eval: expected shapes that fit together"):
        Expression("f", f"{name}(x)").eval(x=1.0)


def test_logdet_of_a_singular_matrix_and_positions():
    assert op("logdet", np.zeros((2, 2))) == -np.inf
    np.testing.assert_array_equal(op("positions", np.zeros((2, 3)), axis=0), [[0], [1]])


@pytest.mark.parametrize("name", ["positions", "argsort"])
def test_places_are_counted_in_a_dtype_that_holds_them(name):
    few, many = np.zeros(2048, np.float16), np.arange(2051).astype(np.float16)
    assert op(name, few).dtype == np.float16
    found = op(name, many)
    assert found.dtype == np.float32
    assert len(np.unique(found)) == 2051
