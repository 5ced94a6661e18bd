"""Laws over every formula of the book; each one is shown to fail on a planted fault."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from neurogebra.core.expression import Expression
from neurogebra.core.tree import is_elementwise
from neurogebra.repository import CATEGORIES, FORMULAS
from neurogebra.repository.record import Formula, at

from . import formula_laws as laws
from .points import cases
from .references import FLAT as FLAT_ELSEWHERE

# In this scope all laws of one formula come one after the other, in one process: what they
# share, its trees, derivatives and exact values, is made once.
every_formula = pytest.mark.parametrize("name", list(FORMULAS), scope="module")

# Inputs whose derivative is 0 wherever it exists.
FLAT = {
    ("heaviside", "x"),
    ("sign_function", "x"),
    ("uniform_pdf", "x"),
    ("accuracy", "y"),
    ("accuracy", "y_pred"),
    ("step_decay_lr", "epoch"),
    ("step_decay_lr", "step_size"),
    *FLAT_ELSEWHERE,
}


@every_formula
def test_every_text_has_the_names_of_the_record(name):
    assert laws.check_symbols(FORMULAS[name]) >= 1


@every_formula
def test_latex_is_whole(name):
    assert laws.check_latex(FORMULAS[name]) == 1


@every_formula
def test_independent_references_agree(name):
    assert laws.check_references(FORMULAS[name]) >= 1


@every_formula
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_values_are_those_of_fifty_digits(name, dtype):
    count, _ = laws.check_exact(FORMULAS[name], dtype)
    assert count >= 5, f"{count} values"


@every_formula
def test_gradients_are_those_of_differences_and_of_torch(name):
    effective = laws.check_gradient(FORMULAS[name])
    idle = {(name, n) for n, count in effective.items() if count < 2}
    assert idle == {f for f in FLAT if f[0] == name}, effective


@every_formula
def test_a_derivative_is_shown_as_it_runs(name):
    assert laws.check_shown(FORMULAS[name]) != 0


@every_formula
def test_derivatives_of_narrow_floats_are_narrow_and_have_the_shape_of_their_input(name):
    formula = FORMULAS[name]
    given = cases(formula, "float32")[0].values
    values = {n: np.asarray(v, np.float32) for n, v in given.items()}
    for n in formula.inputs:
        with np.errstate(all="ignore"):
            slope = laws.gradient(formula, n).eval(**values)
        assert slope.dtype == np.float32
        # an elementwise formula has an elementwise derivative by a number, too
        if values[n].ndim or not is_elementwise(laws.definition(formula)):
            assert slope.shape == values[n].shape


@every_formula
def test_kinks_are_where_the_record_says(name):
    laws.check_kinks(FORMULAS[name])


@every_formula
def test_no_name_is_ignored(name):
    assert laws.check_no_name_ignored(FORMULAS[name]) == len(laws.names(FORMULAS[name]))


@every_formula
def test_the_record_is_complete(name):
    f = FORMULAS[name]
    assert f.category in CATEGORIES
    for words in (f.summary, f.usage, *f.pros, *f.cons):
        assert words.endswith("."), words
        assert len(words) <= 100, words
    assert f.pros
    assert f.cons
    assert f.subcategory
    assert len(f.source) > 15
    assert not set(f.aliases) & set(FORMULAS)
    assert {n for n, _ in f.domain} <= set(f.inputs)


SOFTPLUS = FORMULAS["softplus"]
TEETH = {
    "a stable form that is wrong far out": (
        laws.check_exact,
        replace(SOFTPLUS, name="t1", stable="log(1 + exp(min(x, 30)))"),
    ),
    "a definition that overflows": (laws.check_exact, replace(SOFTPLUS, name="t2", stable=None)),
    "a constant off in its last digits": (
        laws.check_exact,
        replace(
            FORMULAS["selu"], name="t3", stable=FORMULAS["selu"].stable.replace("4805", "4815")
        ),
    ),
    "NaN at an edge": (
        laws.check_exact,
        replace(FORMULAS["binary_crossentropy"], name="t4", stable=None),
    ),
    "a wrong published value": (
        laws.check_references,
        replace(SOFTPLUS, name="t5", checks=(at(x=0.0)(0.6931471805599),)),
    ),
    "a reference that is another function": (
        laws.check_references,
        replace(SOFTPLUS, name="t6", expr="log(2 + exp(x))", stable=None),
    ),
    "an input that is ignored": (
        laws.check_no_name_ignored,
        Formula("t7", "x + 0 * y", ("x", "y"), "", "algebra"),
    ),
    "a parameter that cancels": (
        laws.check_no_name_ignored,
        Formula("t8", "x * k / k", ("x",), "", "algebra", params=(("k", 2.0),)),
    ),
    "an input that the text lacks": (
        laws.check_symbols,
        Formula("t9", "x", ("x", "y"), "", "algebra"),
    ),
    "a kink that is not declared": (
        laws.check_kinks,
        replace(FORMULAS["relu6"], name="t10", kinks=(0.0,)),
    ),
    "a kink that is none": (laws.check_kinks, replace(SOFTPLUS, name="t11", kinks=(0.0,))),
}


@pytest.mark.parametrize("fault", TEETH)
def test_the_laws_have_teeth(fault):
    law, planted = TEETH[fault]
    with pytest.raises(AssertionError):
        law(planted)


@pytest.mark.parametrize("factor", [0.0, 1.001, -1.0])
@pytest.mark.parametrize("name", ["gelu", "mse", "softmax", "attention", "adam_step"])
def test_a_wrong_derivative_is_seen(name, factor):
    formula = FORMULAS[name]
    arrays = name in ("softmax", "attention")
    expression = laws.expression(laws.weighted(formula) if arrays else formula)
    gradients = {n: expression.gradient(n) for n in laws.names(formula)}
    assert min(laws.check_gradient(formula, gradients).values()) >= 2
    true = gradients[formula.inputs[0]]
    wrong = SimpleNamespace(eval=lambda **values: factor * np.asarray(true.eval(**values)))
    with pytest.raises(AssertionError):
        laws.check_gradient(formula, {**gradients, formula.inputs[0]: wrong})


def test_the_documented_values():
    bce = Expression("cross_entropy", FORMULAS["cross_entropy"])
    assert bce.eval(y=1, y_pred=0.9) == pytest.approx(0.10536051565782628, rel=1e-15)
    assert bce.eval(y=1, y_pred=1) == 0
    assert bce.eval(y=1, y_pred=0) == np.inf
    assert Expression("softplus", SOFTPLUS).eval(x=1000) == 1000
    assert Expression("log_cosh", FORMULAS["log_cosh"]).eval(y=0, y_pred=1000) == pytest.approx(
        1000 - np.log(2), rel=1e-15
    )
    assert Expression("p", FORMULAS["precision_formula"]).eval(tp=90, fp=10) == 0.9


@pytest.mark.parametrize(("y", "y_pred", "slope"), [(1.0, 1.0, -1.0), (0.0, 0.0, 1.0)])
def test_a_certain_and_right_prediction_has_a_slope(y, y_pred, slope):
    bce = Expression("bce", FORMULAS["binary_crossentropy"])
    assert bce.gradient("y_pred").eval(y=y, y_pred=y_pred) == slope
    rows = np.array([y, 0.5]), np.array([y_pred, 0.5])
    assert bce.gradient("y_pred").eval(y=rows[0], y_pred=rows[1])[0] == slope / 2


def test_the_book_holds_what_was_asked():
    per = {c: sum(f.category == c for f in FORMULAS.values()) for c in CATEGORIES}
    assert len(FORMULAS) >= 600
    assert min(per.values()) >= 14, per
