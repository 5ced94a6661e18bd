"""SymPy as a view: trees there and back, by walks of our own."""

from __future__ import annotations

import builtins
import math

import pytest

from neurogebra import Expression
from neurogebra.core.sympy_view import to_sympy
from neurogebra.core.tree import symbols
from neurogebra.errors import BadValue, FormulaError, MissingExtra
from neurogebra.repository import FORMULAS

sp = pytest.importorskip("sympy")


def book(name):
    return Expression(name, FORMULAS[name])


def test_symbols_print_as_typed_and_are_sorted():
    e = book("leaky_relu")
    assert e.variables == [sp.Symbol("alpha"), sp.Symbol("x")]
    assert str(book("sigmoid").symbolic_expr) == "1/(1 + exp(-x))"
    assert Expression("f", "gamma + beta + E + S + lambda_").symbolic_expr == sum(
        sp.symbols("gamma beta E S lambda_")
    )
    assert Expression("c", "2").variables == []


@pytest.mark.parametrize("name", FORMULAS)
def test_every_formula_goes_there_and_comes_back_with_its_value(name):
    e = book(name)
    view = e.symbolic_expr
    back = Expression(name, view)
    assert symbols(back.tree) == sorted(str(v) for v in view.free_symbols)
    x = {n: 0.3 + 0.17 * i + 0.013 * i * i for i, n in enumerate(e.inputs)}
    plain = Expression(name, e.tree)
    values = {**x, **e.params}
    try:
        wanted = plain.eval(**{n: values[n] for n in plain.inputs})
    except BadValue:  # vectors or matrices
        with pytest.raises(BadValue):
            back.eval(**{n: values[n] for n in back.inputs})
        return
    found = back.eval(**{n: values[n] for n in back.inputs})
    if math.isfinite(wanted):
        assert found == pytest.approx(wanted, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (lambda x, y: sp.Max(x, 0), "max(0, x)"),
        (lambda x, y: x / y, "x / y"),
        (lambda x, y: 1 / sp.sqrt(x), "1 / √x"),
        (lambda x, y: sp.Rational(1, 3) * x, "x / 3"),
        (lambda x, y: -x / (2 * y**2), "−x / (2·y²)"),
        (lambda x, y: sp.exp(x) - 1, "exp(x) − 1"),
        (lambda x, y: sp.Piecewise((x, x > 0), (y, True)), "{x if x > 0; y otherwise}"),
        (lambda x, y: sp.Heaviside(x), "step(x)"),
        (lambda x, y: sp.pi * x, "π·x"),
        (lambda x, y: x**y, "x^y"),
        (lambda x, y: sp.Abs(x) + sp.sign(y), "|x| + sign(y)"),
        (lambda x, y: sp.Function("mean")(x), "mean(x)"),
    ],
)
def test_a_sympy_expression_becomes_a_formula(made, text):
    e = Expression("f", made(*sp.symbols("x y")))
    assert str(e).split(" = ", 1)[1] == text


@pytest.mark.parametrize(
    "made",
    [
        lambda x: sp.oo * x,
        lambda x: sp.I * x,
        lambda x: sp.nan + 0,
        lambda x: sp.zeta(x),
        lambda x: sp.Integral(sp.exp(x**x), x),
        lambda x: sp.Symbol("__import__('os').system('touch acted')"),
        lambda x: sp.Symbol("x y"),
        lambda x: sp.Function("print")(x),
        lambda x: sp.Integer(2) ** 200,
        lambda x: sp.Matrix([x]),
        lambda x: sp.Piecewise((x, x > 0)),
        lambda x: sp.Tuple(x, x),
    ],
)
def test_what_the_alphabet_does_not_have_is_refused(made):
    with pytest.raises((FormulaError, BadValue)):
        Expression("f", made(sp.Symbol("x")))


def test_simplify_expand_integrate():
    assert str(Expression("f", "sin(x)**2 + cos(x)**2").simplify()) == "f(x) = 1"
    expanded = Expression("f", "(x + 1)**2").expand()
    assert expanded.eval(x=3.0) == 16.0
    assert "(" not in str(expanded).split("=")[1]
    area = Expression("f", "x**2 + a", {"a": 1.0}).integrate("x")
    assert area.eval(x=3.0) == 12.0
    assert area.params == {"a": 1.0}
    with pytest.raises(FormulaError, match="no antiderivative by x"):
        Expression("f", "exp(-x**x)").integrate("x")
    with pytest.raises(BadValue, match="one of x"):
        Expression("f", "x").integrate("y")


def test_what_is_simplified_runs_as_before():
    e = book("softplus").simplify()
    assert e.eval(x=1000) == 1000


def test_a_derivative_is_sympys():
    x = sp.Symbol("x", real=True)
    for name in ("sigmoid", "tanh", "softplus", "gelu", "mish", "swish", "softsign"):
        e = book(name)
        theirs = sp.lambdify(x, sp.diff(to_sympy(e.tree, real=True), x), "math")
        for value in (-1.7, 0.4, 2.2):
            assert e.gradient("x").eval(x=value) == pytest.approx(theirs(value), rel=1e-12)


def test_without_sympy_the_missing_extra_is_named(monkeypatch):
    real = builtins.__import__

    def no_sympy(name, *args, **kwargs):
        if name.partition(".")[0] == "sympy":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", no_sympy)
    with pytest.raises(MissingExtra, match=r"neurogebra\[symbolic\]"):
        _ = book("relu").symbolic_expr
    assert book("relu").eval(x=2) == 2
