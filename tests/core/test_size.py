"""Formulas that share parts stay fast; on paper they would fill books, and that is refused."""

from __future__ import annotations

import math

import pytest

from neurogebra import Expression, MathForge
from neurogebra.core.latex import latex, unicode
from neurogebra.core.tree import MAX_WRITTEN, symbol, written_size
from neurogebra.errors import BadValue, FormulaError


def nested(times: int) -> Expression:
    mish = found = MathForge().get("mish")
    for _ in range(times):
        found = found.compose(mish)
    return found


@pytest.mark.parametrize("times", [12, 60])
def test_a_deeply_shared_formula_is_evaluated_and_differentiated_but_not_written(times):
    found = nested(times)
    assert math.isfinite(found.eval(x=1.0))
    assert math.isfinite(found.gradient("x").eval(x=1.0))
    for write in (latex, unicode):
        with pytest.raises(FormulaError, match=rf"too long to write out.*{MAX_WRITTEN:,}"):
            write(found.tree)
    with pytest.raises(FormulaError, match="too long"):
        found.explain("advanced")
    assert "too long to write out" in str(found)
    assert "too long to write out" in repr(found)
    assert len(repr(found)) < 1_000


def test_the_limit_is_exact():
    x = symbol("x")
    one_less = x  # a sum of n names takes 2n - 1 signs
    for _ in range((MAX_WRITTEN - 1) // 2):
        one_less = one_less + x * 1.0 if one_less is not x else x + symbol("x")
    assert written_size(one_less) == MAX_WRITTEN - 1
    assert latex(one_less)
    with pytest.raises(FormulaError, match="too long"):
        latex((one_less + x) + x)


@pytest.mark.parametrize("text", ["x**(131/2)", "x**exp(9)", "x**(64 + 1)", "x**(-65 * 1)"])
def test_an_exponent_that_is_computed_keeps_the_limit(text):
    with pytest.raises(FormulaError, match="an exponent above 64"):
        Expression("f", text)


def test_fractions_and_64_itself_are_fine_exponents():
    assert Expression("f", "x**(1/2) + x**(128/2)").eval(x=1.0) == 2.0


def test_nothing_to_average_is_refused_and_nothing_to_map_is_nothing():
    forge = MathForge()
    with pytest.raises(BadValue, match="at least one value of y"):
        forge.get("mse").eval(y=[], y_pred=[])
    assert forge.get("relu").eval(x=[]).shape == (0,)
    with pytest.raises(BadValue, match="words as one text"):
        forge.search(None)
