"""Operations with attributes as SymPy expressions and back, and as a printed line."""

import pytest

from neurogebra.core.latex import latex, unicode
from neurogebra.core.parse import parse
from neurogebra.core.sympy_view import from_sympy, to_sympy
from neurogebra.core.tree import number, same, symbol
from neurogebra.errors import FormulaError
from neurogebra.ops import ALPHABET, apply

sympy = pytest.importorskip("sympy")

TEXTS = [
    *("gammaln(x)", "digamma(x)", "polygamma(x, 3)", "erfinv(x)", "arcsin(x)", "ceil(x)"),
    *("reshape(x, 2, -1, 3)", "permute(x, 1, 0)", "slice(x, -1, 2)", "slice(x, 0, 1, -1)"),
    *("pad(x, -1, 2, 1)", "windows(x, 0, 3)", "windows(x, 0, 3, 1, 2)", "concat(x, y, 1)"),
    *("take(x, y, 1)", "sort(x, 0)", "prod(x, -1, 1)", "norm(x)", "solve(x, y)"),
]


@pytest.mark.parametrize("text", TEXTS)
def test_there_and_back(text):
    tree = parse(text)
    assert same(from_sympy(to_sympy(tree)), tree)


def test_an_attribute_left_out_between_others_stays_out():
    tree = apply("sum", (symbol("x"),), {"keepdims": True})
    assert same(from_sympy(to_sympy(tree)), tree)


def test_a_quantile_and_an_order_have_sympys_meaning():
    x = sympy.Symbol("x")
    assert to_sympy(parse("ndtri(x)")) == sympy.sqrt(2) * sympy.erfinv(2 * x - 1)
    assert to_sympy(parse("polygamma(x, 2)")) == sympy.polygamma(2, x)
    assert same(from_sympy(sympy.polygamma(0, x)), parse("digamma(x)"))
    with pytest.raises(FormulaError, match="polygamma of an order"):
        from_sympy(sympy.polygamma(x, 2))


@pytest.mark.parametrize("name", ALPHABET)
def test_every_operation_is_printed(name):
    op = ALPHABET[name]
    names = [symbol(n) for n in "abc"[: op.arity]]
    few = {"axes": (1, 0), "shape": (2, 2)}
    attrs = {key: few.get(key, 1) for key in op.attrs[: op.required]}
    tree = apply(name, tuple(names), attrs)
    assert latex(tree)
    assert unicode(tree)
    assert not same(tree, number(0))
