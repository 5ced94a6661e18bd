"""Generated sets: their geometry, their seeds, and the global generator left alone."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from scipy.stats import ks_2samp
from sklearn import datasets as sklearn_datasets

from neurogebra.datasets import Datasets
from neurogebra.datasets.patterns import PATTERNS
from neurogebra.errors import BadValue

NAMES = [d.id for d in PATTERNS]


@pytest.mark.parametrize("name", NAMES)
def test_shapes_types_and_seeds(name):
    load = getattr(Datasets, f"load_{name}")
    X, y = load(n_samples=61, random_state=3)
    record = next(d for d in PATTERNS if d.id == name)
    assert X.dtype == np.float32
    assert y.dtype == (np.int64 if record.target.categories else np.float32)
    assert X.shape == (61, len(record.features))
    assert y.shape == (61,)
    again, other = load(61, random_state=3)[0], load(61, random_state=4)[0]
    assert X.tobytes() == again.tobytes() != other.tobytes()
    if record.target.categories:
        assert [str(c) for c in np.unique(y)] == list(record.target.categories)


@pytest.mark.parametrize("name", NAMES)
def test_the_default_size_is_the_recorded_one(name):
    record = next(d for d in PATTERNS if d.id == name)
    assert len(Datasets.load(name)[0]) == record.n_samples


@pytest.mark.parametrize("name", NAMES)
def test_the_global_generator_is_left_alone(name):
    np.random.seed(5)
    before = np.random.get_state()[1].tobytes(), np.random.get_state()[2]
    Datasets.load(name, random_state=0, split=0.25)
    assert (np.random.get_state()[1].tobytes(), np.random.get_state()[2]) == before
    np.random.normal()
    after = np.random.get_state()[1].tobytes(), np.random.get_state()[2]
    assert after != before, "the law would be vacuous"


def residual(name, X, y):
    """How far noiseless points lie from the curves that the docstring states."""
    x1, x2 = X.T.astype(np.float64)
    if name == "moons":
        upper = np.hypot(x1, x2) - 1 + np.minimum(x2, 0)
        lower = np.hypot(x1 - 1, x2 - 0.5) - 1 + np.maximum(x2 - 0.5, 0)
        return np.where(y == 0, upper, lower)
    if name == "circles":
        return np.hypot(x1, x2) - np.where(y == 0, 1.0, 0.5)
    r = np.hypot(x1, x2)
    angle = 2 * np.pi * (1.5 * r + y / 2)
    return np.hypot(x1 - r * np.cos(angle), x2 - r * np.sin(angle))


@pytest.mark.parametrize("name", ["moons", "circles", "spirals"])
def test_without_noise_the_points_lie_on_their_curves(name):
    X, y = Datasets.load(name, 400, noise=0.0, random_state=0)
    assert np.abs(residual(name, X, y)).max() < 1e-6
    assert np.abs(residual(name, X, 1 - y)).max() > 0.1, "wrong labels must be noticed"


@pytest.mark.parametrize("name", ["moons", "circles", "spirals", "xor"])
def test_noise_is_added_to_each_coordinate(name):
    clean, y = Datasets.load(name, 20_000, noise=0.0, random_state=0)
    noisy, same = Datasets.load(name, 20_000, noise=0.3, random_state=0)
    added = noisy - clean
    np.testing.assert_array_equal(y, same)
    np.testing.assert_allclose(added.std(axis=0), 0.3, rtol=0.03)
    assert abs(np.corrcoef(added.T)[0, 1]) < 0.03


@pytest.mark.parametrize(
    ("name", "options", "reference"),
    [
        ("moons", {"noise": 0.2}, lambda: sklearn_datasets.make_moons(4000, noise=0.2)),
        (
            "circles",
            {"noise": 0.1, "factor": 0.4},
            lambda: sklearn_datasets.make_circles(4000, noise=0.1, factor=0.4),
        ),
    ],
)
def test_distributed_as_in_scikit_learn(name, options, reference):
    np.random.seed(0)
    Z, t = reference()
    X, y = Datasets.load(name, 4000, random_state=0, **options)
    for label in (0, 1):
        for axis in (0, 1):
            assert ks_2samp(X[y == label, axis], Z[t == label, axis]).pvalue > 1e-3
    assert ks_2samp(X[y == 0, 0] + 0.2, Z[t == 0, 0]).pvalue < 1e-3, "a shift must be noticed"


def test_blobs_have_their_spread_and_their_sizes():
    X, y = Datasets.load_blobs(4001, centers=4, cluster_std=0.5, n_features=3, random_state=0)
    assert np.bincount(y).tolist() == [1001, 1000, 1000, 1000]
    spread = [X[y == k].std(axis=0) for k in range(4)]
    np.testing.assert_allclose(spread, 0.5, rtol=0.08)
    assert np.abs(X).max() < 10 + 0.5 * 6


def test_xor_is_the_sign_of_the_product():
    X, y = Datasets.load_xor(2000, noise=0.0, random_state=0)
    np.testing.assert_array_equal(y, X[:, 0] * X[:, 1] < 0)
    assert np.abs(X).max() <= 1


@pytest.mark.parametrize(("name", "truth"), [("linear", lambda x: 2 * x + 1), ("sine", np.sin)])
def test_curves_and_their_noise(name, truth):
    X, y = Datasets.load(name, 5000, noise=0.1, random_state=0)
    error = y - truth(X[:, 0])
    assert abs(error.mean()) < 0.006
    assert abs(error.std() - 0.1) < 0.005


def test_split_on_request():
    (X, y), (V, w) = Datasets.load_moons(200, random_state=0, split=0.25)
    assert (len(X), len(V), int(y.sum()), int(w.sum())) == (150, 50, 75, 25)


def test_the_signature_is_the_documented_one():
    names = list(inspect.signature(Datasets.load_moons).parameters)
    assert names == ["n_samples", "noise", "random_state", "split", "return_frame", "verbose"]
    assert "cos t" in Datasets.load_moons.__doc__


@pytest.mark.parametrize(
    ("name", "options", "where"),
    [
        ("moons", {"n_samples": 1}, "n_samples"),
        ("moons", {"n_samples": 10.0}, "n_samples"),
        ("moons", {"n_samples": True}, "n_samples"),
        ("moons", {"noise": -0.1}, "noise"),
        ("moons", {"noise": float("nan")}, "noise"),
        ("moons", {"random_state": "now"}, "random_state"),
        ("moons", {"split": 1.0}, "split"),
        ("moons", {"split": "official"}, "split"),
        ("circles", {"factor": 1.0}, "factor"),
        ("blobs", {"centers": 1}, "centers"),
        ("blobs", {"cluster_std": "wide"}, "cluster_std"),
        ("blobs", {"n_samples": 2}, "n_samples"),
        ("spirals", {"arms": 1}, "arms"),
        ("spirals", {"turns": None}, "turns"),
        ("linear", {"slope": float("inf")}, "slope"),
    ],
)
def test_options_that_cannot_be(name, options, where):
    with pytest.raises(BadValue) as caught:
        Datasets.load(name, **options)
    assert caught.value.where == where


def test_an_unknown_option_is_refused():
    with pytest.raises(TypeError, match="nois"):
        Datasets.load_moons(nois=0.1)
