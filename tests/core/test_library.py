"""The documented ways into the book: Expressions by domain, and the search that gives dicts."""

from __future__ import annotations

import pytest

from neurogebra import Expression, repository
from neurogebra.core import library
from neurogebra.errors import UnknownName
from neurogebra.repository import CATEGORIES, FORMULAS
from neurogebra.repository.porch import NAMES
from neurogebra.repository.search import ExpressionSearch


def test_every_documented_name_is_the_librarys():
    for name in NAMES:
        assert getattr(repository, name) is getattr(library, name)
    assert ExpressionSearch is library.ExpressionSearch
    with pytest.raises(AttributeError, match="no attribute 'get_loses'"):
        repository.get_loses  # noqa: B018
    with pytest.raises(ImportError, match="ExpressionSerch"):
        from neurogebra.repository.search import ExpressionSerch  # noqa: F401


@pytest.mark.parametrize(
    ("get", "category"), list(zip(NAMES[1:], ("activation", *CATEGORIES[1:]), strict=True))
)
def test_a_domain_gives_its_formulas_as_expressions(get, category):
    found = getattr(repository, get)()
    assert list(found) == [n for n, f in FORMULAS.items() if f.category == category]
    assert all(isinstance(e, Expression) and e.name == n for n, e in found.items())


def test_copies_are_fresh():
    first = repository.get_activations()["leaky_relu"]
    first.params["alpha"] = 0.5
    assert repository.get_activations()["leaky_relu"].eval(x=-1.0) == -0.01
    with pytest.raises(UnknownName, match="did you mean 'metric'"):
        library.of_category("metrics")


def test_search_answers_with_dicts_the_exact_name_first():
    found = ExpressionSearch(repository.get_losses())
    hits = found.search("mse")
    assert hits[0]["name"] == "mse"
    assert hits[0]["score"] == 1.0
    assert set(hits[0]) == {"name", "score", "category", "description", "formula"}
    assert hits[0]["description"] == FORMULAS["mse"].summary
    assert "y_pred" in hits[0]["formula"] or "ŷ" in hits[0]["formula"]
    assert len(found.search("")) == 10
    assert len(found.search("", max_results=3)) == 3
    assert found.search("loss", category="metric") == []
    assert found.search("zqxwvk") == []


def test_categories_of_a_mixed_shelf():
    mine = Expression("mine", "x**2", metadata={"description": "A wobble.", "category": "own"})
    shelf = {"mine": mine, **repository.get_activations(), "plain": Expression("plain", "x + 1")}
    found = ExpressionSearch(shelf)
    assert found.get_categories() == ["own", "activation"]
    assert found.get_by_category("own") == ["mine"]
    assert found.get_by_category("none") == []
    assert list(found.get_by_category()) == ["own", "activation"]
    assert found.search("wobble")[0]["name"] == "mine"
    assert found.search("plain")[0]["name"] == "plain"
