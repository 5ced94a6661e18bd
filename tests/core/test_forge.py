"""MathForge: fresh copies, near names, ranked search, arithmetic of names, one's own formulas."""

from __future__ import annotations

import pytest

from neurogebra import Expression, MathForge
from neurogebra.errors import BadValue, FormulaError, UnknownName
from neurogebra.repository import CATEGORIES, FORMULAS


@pytest.fixture
def forge():
    return MathForge()


def test_get_gives_fresh_copies(forge):
    first = forge.get("leaky_relu")
    first.params["alpha"] = 0.5
    first.metadata["category"] = "mine"
    assert forge.get("leaky_relu").params == {"alpha": 0.01}
    assert forge.get("leaky_relu").metadata["category"] == "activation"


def test_get_with_parameters_and_trainable(forge):
    e = forge.get("leaky_relu", params={"alpha": 0.5}, trainable=True)
    assert e.eval(x=-2.0) == -1.0
    assert e.trainable_params == ["alpha"]
    assert forge.get("leaky_relu").trainable_params == []
    with pytest.raises(BadValue, match="did you mean 'alpha'"):
        forge.get("leaky_relu", params={"alfa": 1.0})
    with pytest.raises(BadValue, match="it has none"):
        forge.get("relu", params={"alpha": 1.0})
    with pytest.raises(BadValue, match="a number"):
        forge.get("leaky_relu", params={"alpha": "__import__('os')"})


def test_an_unknown_name_says_what_was_meant(forge):
    with pytest.raises(KeyError, match="did you mean 'sigmoid'"):
        forge.get("sigmoyd")
    with pytest.raises(UnknownName, match="no formula called"):
        forge.get("__class__")


def test_aliases_lead_to_their_formula(forge):
    for name, formula in FORMULAS.items():
        for alias in formula.aliases:
            assert forge.get(alias).name == name


def test_search_is_ranked_and_forgiving(forge):
    assert forge.search("relu")[0] == "relu"
    assert "sigmoid" in forge.search("sigmoyd")[:3]
    assert forge.search("classification")
    assert forge.search("qqqqzzzz") == []
    assert set(forge.search("")) == set(FORMULAS)


def test_list_all_by_category(forge):
    assert set(forge.list_all()) == set(FORMULAS)
    assert "relu" in forge.list_all("activation")
    assert forge.list_all(category="nonsense") == []
    parts = [forge.list_all(c) for c in CATEGORIES]
    assert sum(map(len, parts)) == len(FORMULAS)


def test_compose_is_arithmetic_of_names_and_numbers(forge):
    e = forge.compose("mse + 0.1*mae")
    assert e.name == "mse + 0.1*mae"
    assert e.eval(y=1.0, y_pred=0.5) == pytest.approx(0.3)
    assert forge.compose("-(relu - 2)/4 ** 2").eval(x=10.0) == -0.5
    assert forge.compose("mse ** 0.5").eval(y=1.0, y_pred=4.0) == 3.0
    assert forge.compose("mse + mse").eval(y=1.0, y_pred=0.0) == 2.0
    assert forge.compose("2 * 3").eval() == 6
    both = forge.compose("leaky_relu + elu")
    assert both.params == {"alpha": 0.01, "alpha_2": 1.0}


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("mse + maee", UnknownName),
        ("exp(mse)", FormulaError),
        ("mse > mae", FormulaError),
        ("mse +", FormulaError),
        ("__import__('os').system('touch acted')", FormulaError),
        ("", FormulaError),
        ("mse ^ 2", FormulaError),
    ],
)
def test_other_texts_are_refused(forge, text, error):
    with pytest.raises(error):
        forge.compose(text)


def test_a_formula_of_ones_own(forge):
    forge.register("cubed", Expression("c", "a*x**3", {"a": 1.0}, metadata={"category": "algebra"}))
    forge.register("plain", "x + 1")
    assert forge.get("cubed").name == "cubed"
    assert forge.get("cubed", params={"a": 2.0}).eval(x=2.0) == 16.0
    assert forge.get("cubed").eval(x=2.0) == 8.0
    assert "cubed" in forge.list_all("algebra")
    assert forge.search("cubed") == ["cubed"]
    assert "plain" in forge.search("")
    assert forge.compose("plain * 2").eval(x=1.0) == 4.0
    assert forge.explain("plain").startswith("plain:")
    assert "cubed" in forge.compare(["cubed", "relu"])
    with pytest.raises(KeyError, match="did you mean 'cubed'"):
        forge.get("cubd")
    assert "cubed" not in MathForge().list_all()


@pytest.mark.parametrize("name", ["relu", "", "a b", "é", "__x", "x" * 65, None, "rectifier"])
def test_a_bad_name_is_not_registered(forge, name):
    with pytest.raises(BadValue, match="name"):
        forge.register(name, "x")


def test_compare_is_a_table(forge):
    table = forge.compare(["relu", "sigmoid", "tanh"])
    head, rule, *rows = table.splitlines()
    assert head.startswith("name")
    assert set(rule) == {"─", " "}
    assert [row.split()[0] for row in rows] == ["relu", "sigmoid", "tanh"]
    assert "0.8808" in rows[1]
    assert "f(0)" not in forge.compare(["mse", "mae"]), "two inputs have no one value"
    with pytest.raises(BadValue):
        forge.compare([])


@pytest.mark.parametrize("name", FORMULAS)
def test_every_formula_has_a_card_and_a_row(forge, name):
    card = forge.card(name)
    assert card["name"] == name
    assert card["category"] in CATEGORIES
    assert card["summary"]
    assert set(card["gradient"]) == set(card["inputs"])
    assert name in forge.compare([name])


def test_a_card_says_all_there_is(forge):
    card = forge.card("leaky_relu")
    assert set(card) >= {
        "name", "category", "formula", "latex", "inputs", "params", "summary", "usage", "gradient",
        "source", "aliases",
    }  # fmt: skip
    assert card["params"] == {"alpha": 0.01}
    assert forge.card("sigmoid")["gradient"] == {"x": "exp(−x) / (1 + exp(−x))²"}
    assert forge.card("sigmoid")["computed"] == "sigmoid(x)"
