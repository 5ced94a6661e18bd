"""Search: exact names first, forgiving, by word, use and symbol; fast enough to type at."""

import time

import pytest

from neurogebra.repository import FORMULAS, search


def names(query, **how):
    return [hit.name for hit in search(FORMULAS, query, **how)]


@pytest.mark.parametrize("name", list(FORMULAS))
def test_an_exact_name_comes_first(name):
    first = search(FORMULAS, name)[0]
    assert (first.name, first.score) == (name, 1.0)


def test_every_alias_finds_its_formula_first():
    aliases = [(a, f.name) for f in FORMULAS.values() for a in f.aliases]
    assert len(aliases) >= 60
    assert [(a, names(a)[0]) for a, _ in aliases] == aliases


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("ReLU", "relu"),
        ("leaky relu", "leaky_relu"),
        ("sigmiod", "sigmoid"),
        ("binary crossentrpy", "binary_crossentropy"),
        ("guassian kernel", "rbf_kernel"),
        ("smooth relu", "softplus"),
        ("transformers", "attention"),
        ("outliers", "huber"),
        ("what is γ in focal loss?", "focal_loss"),
        ("gamma focal", "focal_loss"),
        ("learning rate schedule cosine", "cosine_annealing_lr"),
        ("support vector machine", "hinge"),
        ("f1", "f1_score"),
        ("cube root", "cbrt"),
    ],
)
def test_words_and_misspellings(query, expected):
    assert expected in names(query, max_results=6)


def test_a_category_is_a_word_and_a_filter():
    losses = [n for n, f in FORMULAS.items() if f.category == "loss"]
    assert set(losses) <= set(names("losses"))
    assert names("", category="loss") == losses
    assert all(FORMULAS[n].category == "loss" for n in names("entropy", category="loss"))
    assert names("relu", category="nothing") == []


def test_empty_finds_all_and_nonsense_nothing():
    assert names("") == names("  ") == list(FORMULAS)
    assert names("zqxwvk") == names("!!!") == []
    assert len(names("", max_results=7)) == 7
    assert names("relu", max_results=0) == []


def test_scores_fall_and_stay_within_one():
    for query in ("entropy", "normal density", "sgd step", "the mean of squared errors"):
        scores = [hit.score for hit in search(FORMULAS, query)]
        assert scores == sorted(scores, reverse=True)
        assert len(scores) >= 3
        assert 0 < min(scores) <= max(scores) <= 1


def test_a_long_query_is_quick():
    search(FORMULAS, "warm")
    start = time.perf_counter()
    search(FORMULAS, "x" * 100_000)
    search(FORMULAS, "crossentrpy loss of categorcal rows " * 100)
    assert time.perf_counter() - start < 1.0
