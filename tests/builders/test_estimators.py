"""The estimators keep scikit-learn's protocol, in its own words and at its own work."""

from __future__ import annotations

import pickle
import sys

import numpy as np
import pytest

from neurogebra.errors import BadValue, DataError, MissingExtra

pytest.importorskip("sklearn", minversion="1.6")

from sklearn.base import clone
from sklearn.datasets import load_iris, make_moons, make_regression
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import neurogebra
from neurogebra.builders.estimators import (
    NeurogebraClassifier,
    NeurogebraRegressor,
    hidden_layers,
)

MOONS = make_moons(300, noise=0.15, random_state=0)
IRIS = load_iris(return_X_y=True)


# Two need pandas, one needs an environment variable; scikit-learn tells them with a warning.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks([NeurogebraClassifier(), NeurogebraRegressor()])
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


def test_they_are_public_and_loaded_when_asked_for():
    assert neurogebra.NeurogebraClassifier is NeurogebraClassifier
    assert neurogebra.NeurogebraRegressor is NeurogebraRegressor


def test_without_scikit_learn_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.base", None)
    monkeypatch.delitem(sys.modules, "neurogebra.builders.estimators")
    with pytest.raises(MissingExtra, match=r"pip install 'neurogebra\[sklearn\]'"):
        neurogebra.NeurogebraClassifier  # noqa: B018


def test_a_classifier_learns_and_shuffled_labels_are_not_learned():
    X, y = MOONS
    parts = train_test_split(X, y, random_state=0)
    found = NeurogebraClassifier("16:tanh,16", random_state=0).fit(parts[0], parts[2])
    assert found.score(parts[1], parts[3]) > 0.95
    wrong = np.random.default_rng(0).permutation(parts[2])
    assert NeurogebraClassifier(random_state=0).fit(parts[0], wrong).score(*parts[1::2]) < 0.8


def test_text_labels_and_probabilities():
    X, codes = IRIS
    names = np.array(["setosa", "versicolor", "virginica"])[codes]
    found = NeurogebraClassifier((8,), random_state=0).fit(X, names)
    p = found.predict_proba(X)
    assert p.shape == (150, 3)
    assert p.sum(1) == pytest.approx(np.ones(150))
    assert (names == found.predict(X)).mean() > 0.95
    assert (found.classes_[p.argmax(1)] == found.predict(X)).all()
    two = NeurogebraClassifier((8,), random_state=0).fit(X[:100], names[:100])
    assert two.predict_proba(X).shape == (150, 2)
    assert set(two.predict(X)) == {"setosa", "versicolor"}


@pytest.mark.parametrize("loss", ["binary_crossentropy", "hinge"])
def test_another_loss_decides_the_same_way(loss):
    X, y = MOONS
    found = NeurogebraClassifier((16,), loss=loss, random_state=0).fit(X, y)
    assert found.score(X, y) > 0.9
    if loss == "hinge":
        with pytest.raises(BadValue, match="a model of classes"):
            found.predict_proba(X)


def test_a_regressor_answers_in_the_targets_own_unit():
    X, y = make_regression(300, 5, noise=1.0, random_state=0)
    scaled = 1e5 * y + 3e6
    found = NeurogebraRegressor((32,), random_state=0).fit(X[:200], scaled[:200])
    assert found.score(X[200:], scaled[200:]) > 0.95
    both = NeurogebraRegressor((32,), random_state=0).fit(X, np.stack([y, -scaled], 1))
    assert both.predict(X).shape == (300, 2)
    assert both.score(X, np.stack([y, -scaled], 1)) > 0.95
    column = NeurogebraRegressor((8,), epochs=2).fit(X, y[:, None])
    assert column.predict(X).shape == (300, 1)


def test_pipelines_grids_and_clones():
    X, y = IRIS
    pipe = make_pipeline(StandardScaler(), NeurogebraClassifier((8,), random_state=0))
    assert cross_val_score(pipe, X, y, cv=3).mean() > 0.93
    grid = GridSearchCV(
        pipe, {"neurogebraclassifier__learning_rate": [1e-6, 0.05]}, cv=3
    ).fit(X, y)  # fmt: skip
    assert grid.best_params_ == {"neurogebraclassifier__learning_rate": 0.05}
    copy = clone(pipe[-1])
    assert copy.get_params() == pipe[-1].get_params()
    assert not hasattr(copy, "model_")


def test_a_random_state_makes_a_fit():
    X, y = MOONS
    runs = [
        NeurogebraClassifier((4,), epochs=3, random_state=s).fit(X, y).predict_proba(X)
        for s in (0, 0, 1)
    ]
    assert np.array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0], runs[2])


def test_warm_start_goes_on_and_a_plain_fit_starts_again():
    X, y = MOONS
    plain = NeurogebraClassifier((8,), epochs=5, random_state=0).fit(X, y)
    first = plain.loss_curve_
    assert plain.fit(X, y).loss_curve_ == first
    warm = NeurogebraClassifier((8,), epochs=5, random_state=0, warm_start=True).fit(X, y)
    assert warm.loss_curve_ == first
    warm.fit(X, y)
    assert len(warm.loss_curve_) == warm.n_iter_ == 10
    assert warm.loss_curve_[5] < first[-1] * 1.05
    with pytest.raises(DataError, match="not those of before"):
        warm.fit(X, y + 5)


def test_partial_fit_goes_through_the_rows_once():
    X, y = MOONS
    found = NeurogebraClassifier((16,), batch_size=16, random_state=0)
    with pytest.raises(BadValue, match="first call"):
        found.partial_fit(X, y)
    for _ in range(60):
        found.partial_fit(X[:150], y[:150], classes=[0, 1])
    assert found.n_iter_ == 60
    assert found.score(X[150:], y[150:]) > 0.9
    with pytest.raises(DataError, match="none of the classes"):
        found.partial_fit(X, y + 1)
    numbers = NeurogebraRegressor((16,), batch_size=16, random_state=0)
    for start in range(0, 300, 100):
        numbers.partial_fit(X[start : start + 100], X[start : start + 100, 0] * 50 + 7)
    assert numbers.n_iter_ == 3


def test_patience_stops_early_with_the_best_weights():
    X, y = MOONS
    found = NeurogebraClassifier(
        (32,), epochs=2000, patience=5, validation_fraction=0.2, learning_rate=0.05, random_state=0
    ).fit(X, y)
    assert found.n_iter_ < 2000
    assert found.n_iter_ == len(found.validation_curve_)
    assert np.argmin(found.validation_curve_) < found.n_iter_ - 1


def test_class_weights_move_the_border():
    X, y = MOONS
    shares = [
        NeurogebraClassifier((8,), epochs=50, class_weight=w, random_state=0)
        .fit(X + 2 * np.random.default_rng(0).normal(size=X.shape), y)
        .predict(X)
        .mean()
        for w in ({0: 1, 1: 20}, None, {0: 20, 1: 1})
    ]
    assert shares[0] > shares[1] + 0.1 > shares[2] + 0.2


def test_a_fitted_one_goes_through_a_pickle_and_trains_on():
    X, y = MOONS
    found = NeurogebraClassifier((8,), epochs=5, warm_start=True, random_state=0).fit(X, y)
    back = pickle.loads(pickle.dumps(found))
    assert np.array_equal(back.predict_proba(X), found.predict_proba(X))
    assert np.array_equal(back.fit(X, y).predict_proba(X), found.fit(X, y).predict_proba(X))


@pytest.mark.parametrize(
    ("given", "y", "error", "words"),
    [
        ({}, np.zeros(300), DataError, "one class only"),
        ({"layers": "64:rellu"}, None, BadValue, "did you mean 'relu'"),
        ({"layers": "many"}, None, BadValue, "64:relu"),
        ({"layers": (0,)}, None, BadValue, r"layers\[0\]"),
        ({"optimizer": "adm"}, None, BadValue, "did you mean 'adam'"),
        ({"epochs": 0}, None, BadValue, "epochs"),
        ({"batch_size": "all"}, None, BadValue, "batch_size"),
        ({"class_weight": {7: 1.0}}, None, BadValue, "class_weight"),
    ],
)
def test_what_cannot_be_is_refused_at_fit(given, y, error, words):
    X, labels = MOONS
    with pytest.raises(error, match=words):
        NeurogebraClassifier(**given).fit(X, labels if y is None else y)


def test_not_fitted_is_said_in_scikit_learns_way():
    with pytest.raises(NotFittedError):
        NeurogebraRegressor().predict(MOONS[0])


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("64:relu, 32:tanh", [(64, "relu"), (32, "tanh")]),
        ("8,4:elu", [(8, "selu"), (4, "elu")]),
        (16, [(16, "selu")]),
        ([5, 6], [(5, "selu"), (6, "selu")]),
        ("", []),
        ((), []),
    ],
)
def test_hidden_layers_are_read(given, found):
    assert hidden_layers(given, "selu") == found
