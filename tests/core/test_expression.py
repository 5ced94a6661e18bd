"""Expressions: evaluated by name, differentiated, joined, explained; wrong names are told."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from neurogebra import Expression
from neurogebra.core.parse import parse
from neurogebra.core.tree import number, same, symbol
from neurogebra.errors import BadValue, FormulaError, NeurogebraError
from neurogebra.repository import FORMULAS


def book(name, **params):
    return Expression(name, FORMULAS[name], params=params or None)


# -- values --------------------------------------------------------------------------------------


def test_numbers_in_a_python_number_out():
    relu = book("relu")
    assert (relu.eval(x=5), relu.eval(x=-3), relu(x=2.5), relu.eval(7)) == (5, 0, 2.5, 7)
    assert type(relu.eval(x=5)) is int
    assert type(relu.eval(x=np.float64(2.5))) is float
    assert type(relu.eval(x=np.int64(2))) is int
    assert type(relu.eval(x=True)) is int


def test_arrays_in_arrays_out():
    found = book("relu").eval(x=[-1.0, 2.0])
    assert isinstance(found, np.ndarray)
    assert found.tolist() == [0.0, 2.0]
    assert book("relu").eval(x=np.float32([1, -2])).dtype == np.float32
    assert book("sigmoid").eval(x=np.zeros((2, 3))).shape == (2, 3)


def test_a_result_is_never_the_callers_memory():
    for formula in ("x", "transpose(x)", "reshape_like(x, x)"):
        given = np.arange(4.0).reshape(2, 2)
        found = Expression("f", formula).eval(x=given)
        found[...] = 7
        assert given.tolist() == [[0, 1], [2, 3]], formula


def test_the_documented_mixture():
    custom = 0.7 * book("mse") + 0.3 * book("mae")
    assert custom.eval(y=1.0, y_pred=0.8) == pytest.approx(0.088)
    assert custom.eval(y_true=1.0, y_pred=0.8) == pytest.approx(0.088)


def test_the_stable_text_runs_and_the_definition_is_shown():
    sigmoid = book("sigmoid")
    assert sigmoid.eval(x=-1000) == 0.0
    assert sigmoid.eval(x=-800.0) == 0.0
    assert "e^{-x}" in sigmoid.formula
    assert book("softplus").eval(x=1000) == 1000
    assert book("softplus").gradient("x").eval(x=1000) == 1.0
    assert "e^{x}" in book("softplus").gradient("x").formula


def test_a_given_parameter_wins_over_the_stored_one():
    leaky = book("leaky_relu")
    assert leaky.eval(x=-1.0) == -0.01
    assert leaky.eval(x=-1.0, alpha=0.5) == -0.5
    assert leaky.eval(x=-1.0) == -0.01
    leaky.params["alpha"] = 0.25
    assert leaky.eval(x=-1.0) == -0.25
    assert book("leaky_relu", alpha=0.5).eval(x=np.array([-2.0])).tolist() == [-1.0]
    assert leaky.eval(x=1.0, alpha=np.array([1.0, 2.0])).tolist() == [1.0, 1.0]


def test_eval_without_arguments_works_when_every_symbol_has_a_value():
    e = Expression("line", "m*x + b", params={"m": 2.0, "b": 1.0})
    with pytest.raises(BadValue, match="x"):
        e.eval()
    e.params["x"] = 3.0
    assert e.eval() == 7.0
    assert Expression("c", "2*3").eval() == 6
    assert Expression("c", "2*3").variables == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, ["input x and parameter alpha", "x=…"]),
        ({"X": 1}, ["input x and parameter alpha", "'X'", "did you mean 'x'"]),
        ({"x": 1, "alfa": 2}, ["'alfa'", "did you mean 'alpha'"]),
        ({"x": 1, "y": 2}, ["'y'"]),
        ({"x": "2"}, ["x:", "number", "'2'"]),
        ({"x": None}, ["x:", "None"]),
        ({"x": 1 + 2j}, ["x:"]),
        ({"x": ["a"]}, ["x:", "numbers"]),
        ({"x": [[1], [1, 2]]}, ["x:"]),
        ({"x": {1: 2}}, ["x:"]),
    ],
)
def test_wrong_names_and_values_are_told(given, words):
    with pytest.raises(BadValue) as refused:
        book("leaky_relu").eval(**given)
    for word in words:
        assert word in str(refused.value)


def test_wrong_shapes_are_told_by_name():
    with pytest.raises(BadValue, match=r"y \(3,\), y_pred \(4,\)"):
        book("mse").eval(y=np.ones(3), y_pred=np.ones(4))
    with pytest.raises(BadValue, match=r"X \(\), w \(\)"):
        Expression("f", "matmul(X, w)").eval(X=1.0, w=2.0)


def test_too_many_or_doubled_values_are_told():
    with pytest.raises(BadValue, match="at most 2"):
        book("leaky_relu").eval(1, 2, 3)
    with pytest.raises(BadValue, match="one value for 'x'"):
        book("leaky_relu").eval(1, x=2)


# -- making --------------------------------------------------------------------------------------


def test_names_of_a_text_are_inputs_even_where_they_cancel():
    e = Expression("f", "0*z + y*x")
    assert e.inputs == ("z", "y", "x")
    assert e.eval(z=1, y=2, x=3) == 6


def test_made_of_a_tree_and_of_a_number():
    assert Expression("f", symbol("x") * 2).eval(x=4) == 8
    assert Expression("f", 2.5).eval() == 2.5


@pytest.mark.parametrize("source", [None, ["x"], b"x", object(), {"x": 1}, True])
def test_other_things_are_no_formulas(source):
    with pytest.raises(NeurogebraError):
        Expression("f", source)


HOSTILE = ["__import__('os').system('touch acted')", "open('acted', 'w')", "1; import os", "${x}"]


@pytest.mark.parametrize("text", HOSTILE)
def test_texts_names_and_values_are_data(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FormulaError):
        Expression("f", text)
    with pytest.raises(BadValue):
        Expression("f", "a*x", params={"a": text})
    with pytest.raises(BadValue):
        Expression("f", "a*x", params={text: 1.0})
    e = Expression(text, "a*x", params={"a": 2.0})
    e.params["a"] = text
    with pytest.raises(BadValue):
        e.eval(x=1.0)
    with pytest.raises(BadValue):
        e.gradient(text)
    assert text in str(Expression(text, "x"))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("params", "trainable", "words"),
    [
        ({"c": 1.0}, None, "one of m, x, b"),
        ({"m": "1"}, None, "a number"),
        ({"m": True}, None, "a number"),
        ({"m": 1.0}, ["b"], "names with a value"),
        ({"m": 1.0}, ["mm"], "did you mean 'm'"),
        (None, ["m"], "there are none"),
    ],
)
def test_wrong_parameters_are_told(params, trainable, words):
    with pytest.raises(BadValue, match=words):
        Expression("line", "m*x + b", params=params, trainable_params=trainable)


def test_a_clone_shares_nothing():
    e = Expression("f", "a*x", {"a": np.ones(2)}, ["a"], {"tags": ["one"]})
    twin = e.clone()
    twin.params["a"][0] = 7
    twin.metadata["tags"].append("two")
    twin.trainable_params.clear()
    assert e.params["a"].tolist() == [1, 1]
    assert e.metadata == {"tags": ["one"]}
    assert e.trainable_params == ["a"]
    assert twin.eval(x=1.0).tolist() == [7, 1]


def test_an_expression_travels():
    e = book("leaky_relu", alpha=0.5)
    e.eval(x=1.0)
    assert pickle.loads(pickle.dumps(e)).eval(x=-1.0) == -0.5


def test_it_prints_as_mathematics_and_as_code():
    e = book("leaky_relu")
    assert str(e).startswith("leaky_relu(x) = ")
    assert "α" in str(e)
    assert repr(Expression("f", "a*x + 1", {"a": 2})) == (
        "Expression('f', 'a * x + 1', params={'a': 2})"
    )


# -- derivatives ---------------------------------------------------------------------------------


def test_a_gradient_keeps_names_and_is_named():
    d = book("leaky_relu").gradient("x")
    assert d.name == "d(leaky_relu)/d(x)"
    assert d.inputs == ("x",)
    assert d.params == {"alpha": 0.01}
    assert d.eval(x=-1.0) == 0.01
    assert d.eval(x=-1.0, alpha=0.5) == 0.5


def test_a_gradient_has_its_inputs_shape_even_where_it_cancelled():
    d = Expression("f", "2*x + y").gradient("x")
    assert d.eval(x=3.0, y=1.0) == 2
    assert d.eval() == 2
    found = d.eval(x=np.ones((2, 3), np.float32), y=1.0)
    assert found.shape == (2, 3)
    assert found.dtype == np.float32
    assert (found == 2).all()
    assert Expression("f", "y*3").gradient("y").eval(y=[1, 2]).tolist() == [3, 3]
    assert Expression("f", "y + x").gradient("x").eval(
        x=np.ones(2), y=np.ones((3, 2))
    ).tolist() == [
        3,
        3,
    ]


def test_a_gradient_by_a_parameter_and_by_an_alias():
    e = Expression("line", "m*x + b", params={"m": 2.0, "b": 1.0})
    assert e.gradient("m").eval(x=5.0) == 5.0
    assert book("mse").gradient("y_true").eval(y=1.0, y_pred=0.5) == 1.0
    with pytest.raises(BadValue, match=r"one of y, y_pred, got .*; did you mean 'y_pred'"):
        book("mse").gradient("y_predd")


def test_gradients_of_totals_are_shaped_like_the_input():
    rng = np.random.default_rng(2)
    y, p = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    np.testing.assert_allclose(book("mse").gradient("y_pred").eval(y=y, y_pred=p), 2 * (p - y) / 12)
    X, w, t = rng.normal(size=(5, 3)), rng.normal(size=3), rng.normal(size=5)
    e = Expression("f", "mean((matmul(X, w) - y)**2)")
    found = e.gradient("w").eval(X=X, w=w, y=t)
    np.testing.assert_allclose(found, 2 / 5 * X.T @ (X @ w - t))
    bias = Expression("f", "mean((matmul(X, w) + b - y)**2)").gradient("b")
    np.testing.assert_allclose(bias.eval(X=X, w=w, b=0.0, y=t), 2 / 5 * (X @ w - t).sum())


def test_the_second_derivative():
    e = Expression("f", "x**4").gradient("x").gradient("x")
    assert e.eval(x=2.0) == 48.0
    assert e.formula == "12 x^{2}"


# -- joining -------------------------------------------------------------------------------------


def test_arithmetic_on_both_sides():
    x = Expression("x", "x")
    cases = {
        5.0: x + 2,
        -1.0: 2 - x,
        6.0: 2 * x,
        1.5: x / 2,
        2 / 3: 2 / x,
        9.0: x**2,
        8.0: 2**x,
        -3.0: -x,
        12.0: x * x + x,
        1.0: x - 2.0,
        7.5: np.float64(2.5) * x,
    }
    for value, e in cases.items():
        assert e.eval(x=3.0) == pytest.approx(value), e
    assert (x + 1).name == "(x + 1)"
    with pytest.raises(TypeError):
        x + "1"
    with pytest.raises(TypeError):
        x * np.ones(2)


def test_parameters_of_one_name_are_kept_apart():
    a = Expression("f", "a*x", {"a": 2.0}, ["a"])
    b = Expression("g", "a*x", {"a": 3.0}, ["a"])
    both = a + b
    assert both.params == {"a": 2.0, "a_2": 3.0}
    assert both.trainable_params == ["a", "a_2"]
    assert both.eval(x=1.0) == 5.0
    assert both.eval(x=1.0, a_2=0.0) == 2.0
    assert (both + b).params == {"a": 2.0, "a_2": 3.0, "a_3": 3.0}
    assert (a + a).params == {"a": 2.0}
    assert (a + a).eval(x=1.0) == 4.0


def test_a_parameter_makes_way_for_an_input():
    f, g = Expression("f", "x + 1"), Expression("g", "x*y", {"x": 10.0})
    assert (f + g).eval(x=1.0, y=2.0) == 22.0
    assert (g + f).eval(x=1.0, y=2.0) == 22.0
    assert (f + g).inputs == ("x", "y")


def test_arithmetic_keeps_the_stable_form():
    e = 2 * book("softplus") + 1
    assert e.eval(x=1000) == 2001
    assert "e^{x}" in e.formula


def test_composition():
    square, shift = Expression("sq", "x**2"), Expression("sh", "x + a", {"a": 1.0})
    assert square.compose(shift).eval(x=2.0) == 9.0
    assert square.compose(shift).name == "sq(sh)"
    assert shift.compose(shift).params == {"a": 1.0, "a_2": 1.0}
    assert book("mse").compose(book("sigmoid"), "y_pred").eval(y=1.0, x=0.0) == 0.25
    assert square.compose(3).eval() == 9
    with pytest.raises(BadValue, match="the name of an input, one of y, y_pred"):
        book("mse").compose(square)
    with pytest.raises(BadValue, match="did you mean 'y_pred'"):
        book("mse").compose(square, "y_prd")
    with pytest.raises(BadValue, match="an expression or a number"):
        square.compose("x")


def test_the_composed_is_differentiated():
    e = book("mse").compose(book("sigmoid"), "y_pred")
    h, x = 1e-6, 0.3
    wanted = (e.eval(y=1.0, x=x + h) - e.eval(y=1.0, x=x - h)) / (2 * h)
    assert e.gradient("x").eval(y=1.0, x=x) == pytest.approx(wanted, rel=1e-6)


# -- words ---------------------------------------------------------------------------------------


def test_explanations_grow_with_the_level():
    said = [book("sigmoid").explain(level) for level in ("beginner", "intermediate", "advanced")]
    assert said[0] == book("sigmoid").explain()
    assert said[1].startswith(said[0])
    assert said[2].startswith(said[1])
    assert "For example: x = 2 gives 0.880797" in said[0]
    assert "Slope ∂/∂x = exp(−x) / (1 + exp(−x))²" in said[1]
    assert "Computed as: sigmoid(x)" in said[2]
    with pytest.raises(BadValue, match="did you mean 'advanced'"):
        book("sigmoid").explain("advance")


def test_a_formula_of_ones_own_is_explained():
    said = Expression("mine", "a*x", {"a": 2.0}).explain("advanced")
    assert "mine(x) = a·x" in said
    assert "with a = 2.0" in said
    assert "x = 2 gives 4" in said


@pytest.mark.parametrize("name", FORMULAS)
def test_every_formula_explains_itself(name):
    assert len(book(name).explain("advanced").splitlines()) >= 4


def test_a_drawing_has_the_curve_and_its_slope():
    pytest.importorskip("matplotlib")
    ax = book("relu").visualize(low=-1, high=1, points=5)
    curve, slope = ax.get_lines()
    assert curve.get_ydata().tolist() == [0, 0, 0, 0.5, 1]
    assert slope.get_ydata().tolist() == [0, 0, 0, 1, 1]
    ax = book("mse").visualize(y=1.0)
    assert ax.get_xlabel() == "y_pred"
    with pytest.raises(BadValue, match="y, y_pred"):
        book("mse").visualize()


def test_the_tree_is_at_hand():
    assert same(Expression("f", "x + 1").tree, parse("x + 1"))
    assert same(Expression("f", 3).tree, number(3))


def test_a_drawing_by_plotly_has_both_curves():
    pytest.importorskip("plotly")
    figure = book("relu").visualize(low=-1, high=1, points=5, backend="plotly")
    assert [t.name for t in figure.data] == ["relu", "d/dx"]
    np.testing.assert_array_equal(figure.data[0].y, [0, 0, 0, 0.5, 1])


@pytest.mark.parametrize("wrong", [{"backend": "plotli"}, {"low": 2.0, "high": 1.0}])
def test_a_drawing_that_cannot_be_is_refused(wrong):
    with pytest.raises(BadValue, match=r"visualize.*expected"):
        book("relu").visualize(**wrong)


def test_a_formula_with_cases_is_drawn_under_its_name():
    pytest.importorskip("matplotlib")
    ax = book("huber").visualize(y=0.0)
    ax.figure.canvas.draw()
    assert ax.get_title() == "huber"
