"""`formula` with its options, `formulas`, `compare`: what a reader asks of the book."""

from __future__ import annotations

import json

import numpy as np
import pytest

from neurogebra.cli_curve import curves
from neurogebra.repository import CATEGORIES, FORMULAS


def test_a_value_at_numbers_and_at_vectors(run):
    assert run("formula", "huber", "--at", "y=1", "--at", "y_pred=3").out.endswith(":  1.5\n")
    found = run("formula", "softmax", "--at", "x=0,0")
    assert found.out.endswith("[0.5, 0.5]\n")
    told = json.loads(run("formula", "relu", "--at", "x=-3", "--json").out)
    assert told["asked"] == {**told["asked"], "at": {"x": -3.0}, "value": 0.0}


def test_a_derivative_in_its_place(run):
    found = run("formula", "tanh", "--grad", "x", "--at", "x=0")
    assert found.out.splitlines()[1].endswith(":  1")


def test_a_text_is_a_formula_too(run):
    assert run("formula", "a*x + 1", "--at", "a=2", "--at", "x=3").out.endswith(":  7\n")


def test_code_is_printed_alone_and_runs(run):
    source = run("formula", "swish", "--code", "numpy").out
    scope: dict[str, object] = {}
    exec(source, scope)
    np.testing.assert_allclose(scope["swish"](np.array([0.0, 2.0])), [0, 1.7615941559557649])
    assert json.loads(run("formula", "swish", "--code", "torch", "--json").out)["target"] == "torch"


def test_a_curve_fits_eighty_columns(run):
    found = run("formula", "mish", "--plot")
    drawn = [line for line in found.out.splitlines() if "│" in line]
    assert len(drawn) == 12
    assert max(map(len, found.out.splitlines())) <= 80
    assert "5" in drawn[0]


def test_a_curve_is_where_its_values_are():
    x = np.linspace(0.0, 1.0, 50)
    rows = [r.plain for r in curves(x, [(x, "red")], width=30, height=8)]
    assert rows[0].rstrip()[-1] != "│"
    assert rows[7].split("│")[1].strip()
    assert rows[0].split("│")[1].startswith(" " * 10)
    flat = curves(x, [(np.full(50, np.nan), "red")], width=30, height=4)
    assert all(not r.plain.split("│")[1].strip() for r in flat[:4])


def test_a_comparison_in_eighty_columns_and_as_json(run):
    found = run("compare", "relu", "gelu", "mish")
    assert max(map(len, found.out.splitlines())) <= 80
    for word in ("range", "f(0)", "f′(0)", "operations", "use it for"):
        assert f"\n{word} " in found.out
    told = json.loads(run("compare", "relu", "gelu", "--json").out)["formulas"]
    assert [f["name"] for f in told] == ["relu", "gelu"]
    assert told[0]["at"][2] == [2.0, 1.0]


def test_the_book_by_category(run):
    for category in CATEGORIES:
        names = run("formulas", "--category", category).out
        assert all(f" {f.name} " in names.replace("\n", " ") + " " for f in FORMULAS.values()
                   if f.category == category)  # fmt: skip
    assert len(json.loads(run("formulas", "--json").out)["formulas"]) == len(FORMULAS)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["formula", "relux"], "no formula called 'relux'; did you mean"),
        (["formula", "relu", "--at", "x"], "--at: expected a name and its value"),
        (["formula", "relu", "--at", "x=two"], "--at: expected a name and its value"),
        (["formula", "relu", "--at", "z=2"], "expected input x"),
        (["formula", "relu", "--grad", "z"], "expected one of x"),
        (["formula", "relu", "--code", "torhc"], "did you mean"),
        (["formula", "relu", "--code", "numpy", "--at", "x=1"], "--code: expected neither --at"),
        (["formula", "relu", "--plot", "--json"], "--plot: expected a terminal"),
        (["formula", "mse", "--plot"], "--plot: expected one input without a value"),
        (["formula", "log(1+"], "column"),
        (["compare", "relu", "gelo"], "no formula called 'gelo'"),
        (["formulas", "--category", "losses"], "no category called 'losses'; did you mean 'loss'"),
    ],
)
def test_what_is_refused_is_one_sentence(run, words, sentence):
    found = run(*words)
    assert found.code == 2
    assert sentence in found.err
    assert found.err.count("\n") == 1
    assert "Traceback" not in found.err
