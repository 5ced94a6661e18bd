"""Formulas as functions: Python numbers stay Python's, arrays keep their dtype, edges are quiet."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.ops.cases import cases

from neurogebra.core import evaluate
from neurogebra.core.evaluate import function, functions
from neurogebra.core.expression import Expression
from neurogebra.core.parse import parse
from neurogebra.core.tree import build, in_order, symbol
from neurogebra.ops import ALPHABET, apply
from neurogebra.repository import FORMULAS

x = symbol("x")
NAMES = ("x", "y", "z")


def walked(tree, values):
    """The value by the plainest of walks over the tree."""
    made = {}
    for node in in_order(tree):
        args = tuple(made[id(a)] for a in node.args)
        leaf = values[node.value] if node.is_symbol else node.value
        made[id(node)] = apply(node.op, args, dict(node.attrs)) if args else leaf
    return made[id(tree)]


TEXTS = [
    "x",
    "3",
    "x + y*z",
    "(x + y)*(x + y) - (x + y)/z",
    "where(x > y, x**2, exp(-y))",
    "max(x, y, z) - min(x, y)",
    "sin(sin(x*y) + x*y) * (x*y)",
    "mean(x) + sum(y*z, 0) + var(x)",
    "softmax(x) + log_softmax(y)",
]


@pytest.mark.parametrize("formula", TEXTS)
def test_both_paths_say_what_the_tree_says(formula):
    tree = parse(formula)
    numbers = (0.7, -1.3, 2.0)
    found = function(tree, NAMES, arrays=False)(numbers)
    assert type(found) in (int, float)
    assert found == pytest.approx(walked(tree, dict(zip(NAMES, numbers, strict=True))), rel=1e-15)
    rng = np.random.default_rng(1)
    arrays = [rng.normal(size=5) + 3 for _ in NAMES]
    found = function(tree, NAMES, arrays=True)(arrays)
    wanted = walked(tree, dict(zip(NAMES, arrays, strict=True)))
    np.testing.assert_allclose(found, wanted, rtol=1e-15)


def test_equal_formulas_share_one_function():
    first = function(parse("x*y + 7.5"), NAMES, arrays=False)
    assert function(parse("x*y + 7.5"), NAMES, arrays=False) is first
    assert function(parse("x*y + 7"), NAMES, arrays=False) is not first


def test_numbers_of_other_kinds_are_other_formulas():
    one = function(parse("where(x > 0, 1, 2)"), ("x",), arrays=False)
    other = function(parse("where(x > 0, 1.0, 2)"), ("x",), arrays=False)
    assert type(one((5,))) is int
    assert type(other((5,))) is float
    minus = function(parse("where(x > 0, -0.0, 2)"), ("x",), arrays=False)
    assert math.copysign(1, minus((5,))) == -1


def test_the_cache_is_bounded():
    assert evaluate._single.cache_info().maxsize == 2048
    assert evaluate._several.cache_info().maxsize == 256


def test_shared_parts_run_once(monkeypatch):
    calls = []
    op = ALPHABET["sin"]
    counted = {"sin": lambda a: calls.append(a) or op.value(a)}
    monkeypatch.setattr(evaluate, "_KEEPING", {**evaluate._KEEPING, **counted})
    tree = parse("sin(x)*sin(x) + sin(x) + 0.125")
    np.testing.assert_allclose(
        functions([tree, tree * 2], ("x",))((np.array([0.5]),))[1],
        2 * (np.sin(0.5) ** 2 + np.sin(0.5) + 0.125),
    )
    assert len(calls) == 1


def test_depth_and_sharing_cost_no_recursion_and_no_doubling():
    node = x
    for _ in range(3_000):
        node = apply("sin", (node,), {}) * node
    assert function(node, ("x",), arrays=False)((0.5,)) == pytest.approx(0, abs=0.1)


DTYPES = [np.float16, np.float32, np.float64]
# These give counts or positions, which are integers whatever comes in.
COUNTS = {"argmax", "size"}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [n for n in ALPHABET if n not in COUNTS])
def test_every_operation_keeps_the_dtype(name, dtype):
    args, attrs = next(cases(name, dtype))
    names = tuple("abcd"[: len(args)])
    given = {k: v for k, v in attrs.items() if v is not None}
    tree = build(name, tuple(symbol(n) for n in names), given)
    found = function(tree, names, arrays=True)(args)
    assert found.dtype == dtype


def test_integers_stay_integers_where_they_can():
    e = Expression("relu", FORMULAS["relu"])
    assert e.eval(x=np.array([-2, 3])).dtype == np.array([1]).dtype
    assert Expression("p", "x**-1").eval(x=np.array([2, 4])).tolist() == [0.5, 0.25]
    assert Expression("p", "x**64").eval(x=10) == 10**64
    assert Expression("p", "x**64*0.5").eval(x=10**18) == math.inf


EDGES = [-np.inf, -1e300, -1e3, -1.0, -0.0, 0.0, 1.0, 1e3, 1e300, np.inf]


@pytest.mark.parametrize("formula", ["log(x)", "1/x", "sqrt(x)", "exp(x)", "x**-3", "x - x"])
def test_edges_raise_no_warning_and_scalars_agree_with_arrays(formula):
    e = Expression("f", formula)
    found = e.eval(x=np.array(EDGES))
    for value, element in zip(EDGES, found, strict=True):
        one = e.eval(x=value)
        assert type(one) is float
        np.testing.assert_equal(one, float(element))


def test_an_argument_is_computed_once_beside_operations_that_add_axes(monkeypatch):
    """The bound on broadcasting must not compute what it looks at a second time."""
    counted = []
    plain = ALPHABET["cos"].value
    text = "cos(expand_dims(x, 0))"
    for i in range(12):
        text = f"({text} * y{i} + 1)"
    values = {n: np.ones(3) for n in ("x", *(f"y{i}" for i in range(12)))}
    monkeypatch.setitem(evaluate._KEEPING, "cos", lambda a: (counted.append(1), plain(a))[1])
    evaluate.function.cache_clear()
    evaluate._single.cache_clear()
    Expression("f", text).eval(**values)
    assert len(counted) == 1


@pytest.mark.parametrize("size", [5, 200_000])
def test_an_integer_beyond_every_float_is_infinite_beside_arrays_too(size):
    found = Expression("f", "x * k").eval(x=np.ones(size), k=10**400)
    assert np.all(found == np.inf)
