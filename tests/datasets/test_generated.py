"""Generated tables: their geometry, their laws, and scikit-learn as a reference."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from scipy.integrate import dblquad
from scipy.stats import chi2, ks_1samp, ks_2samp, norm, uniform
from sklearn import datasets as sklearn_datasets

from neurogebra.datasets import Datasets
from neurogebra.errors import BadValue, DataError


def residual(name, X, y):
    """How far noiseless points lie from the curves that the docstring states."""
    x1, x2 = X.T.astype(np.float64)
    if name == "moons":
        upper = np.hypot(x1, x2) - 1 + np.minimum(x2, 0)
        lower = np.hypot(x1 - 1, x2 - 0.5) - 1 + np.maximum(x2 - 0.5, 0)
        return np.where(y == 0, upper, lower)
    if name == "circles":
        return np.hypot(x1, x2) - np.where(y == 0, 1.0, 0.5)
    if name == "rings":
        return np.hypot(x1, x2) - (y + 1) / 3
    if name == "clusters_in_clusters":
        return np.hypot(x1, x2) - y
    r = np.hypot(x1, x2)
    angle = 2 * np.pi * (1.5 * r + y / 2)
    return np.hypot(x1 - r * np.cos(angle), x2 - r * np.sin(angle))


@pytest.mark.parametrize("name", ["moons", "circles", "rings", "spirals", "clusters_in_clusters"])
def test_without_noise_the_points_lie_on_their_curves(name):
    X, y = Datasets.load(name, 400, noise=0.0, random_state=0)
    assert np.abs(residual(name, X, y)).max() < 1e-6
    assert np.abs(residual(name, X, (y + 1) % (y.max() + 1))).max() > 0.1, (
        "wrong labels must be noticed"
    )


@pytest.mark.parametrize(
    "name", ["moons", "rings", "spirals", "xor", "checkerboard", "corners", "hypercube"]
)
def test_noise_is_added_to_each_coordinate(name):
    clean, y = Datasets.load(name, 10_000, noise=0.0, random_state=0)
    noisy, same = Datasets.load(name, 10_000, noise=0.3, random_state=0)
    added = noisy - clean
    np.testing.assert_array_equal(y, same)
    np.testing.assert_allclose(added.std(axis=0), 0.3, rtol=0.03)
    assert abs(np.corrcoef(added.T)[0, 1]) < 0.04


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


@pytest.mark.parametrize(
    ("name", "truth"),
    [
        ("linear", lambda x: 2 * x + 1),
        ("sine", np.sin),
        ("polynomial", lambda x: 3 * x**3 - 2 * x),
        ("step", lambda x: (4 * x).astype(int)),
    ],
)
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
        ("checkerboard", {"squares": 1}, "squares"),
        ("two_gaussians", {"bayes_error": 0.5}, "bayes_error"),
        ("two_gaussians", {"bayes_error": 0}, "bayes_error"),
        ("outliers", {"share": 0.6}, "share"),
        ("parity", {"relevant": 9}, "relevant"),
        ("parity", {"flip": 0.51}, "flip"),
        ("hypercube", {"n_samples": 7}, "n_samples"),
        ("hypercube", {"dimensions": 40}, "dimensions"),
        ("stripes", {"period": 0}, "period"),
        ("friedman1", {"n_features": 4}, "n_features"),
        ("polynomial", {"coefficients": ()}, "coefficients"),
        ("polynomial", {"coefficients": "123"}, "coefficients"),
        ("polynomial", {"coefficients": (1, None)}, "coefficients[1]"),
        ("sparse_regression", {"informative": 51}, "informative"),
    ],
)
def test_options_that_cannot_be(name, options, where):
    with pytest.raises(BadValue) as caught:
        Datasets.load(name, **options)
    assert caught.value.where == where


def test_an_unknown_option_is_refused():
    with pytest.raises(TypeError, match="nois"):
        Datasets.load_moons(nois=0.1)


def test_numbers_beyond_float32_are_refused():
    with pytest.raises(DataError, match="beyond float32"):
        Datasets.load_contaminated_line(noise=1e30, factor=1e30)


def test_half_kernel_and_crescent_lie_where_they_are_said_to():
    X, y = Datasets.load_half_kernel(4000, noise=0.0, random_state=0)
    r, angle = np.hypot(*X.T), np.arctan2(X[:, 1], X[:, 0])
    assert (angle >= -1e-6).all()
    for label, inner in enumerate((0.4, 0.8)):
        assert ks_1samp((r[y == label] - inner) / 0.2, uniform.cdf).pvalue > 1e-3
    assert ks_1samp(angle / np.pi, uniform.cdf).pvalue > 1e-3
    assert ks_1samp(angle / 3, uniform.cdf).pvalue < 1e-3, "a wider arc must be noticed"

    X, y = Datasets.load_crescent(4000, noise=0.0, random_state=0)
    moon, bow = X[y == 0] - (0, 0.1), X[y == 1]
    assert ks_1samp((np.hypot(*moon.T) / 0.45) ** 2, uniform.cdf).pvalue > 1e-3
    angle, depth = np.arctan2(bow[:, 1], bow[:, 0]) % (2 * np.pi), 1 - np.hypot(*bow.T)
    assert ks_1samp(angle / np.pi - 1, uniform.cdf).pvalue > 1e-3
    thick = 0.3 * np.abs(np.sin(angle))
    inside = depth[thick > 0.05] / thick[thick > 0.05]
    assert ks_1samp(inside, uniform.cdf).pvalue > 1e-3


def test_corners_are_four_equal_angles():
    X, y = Datasets.load_corners(8000, noise=0.0, random_state=0)
    for label in range(4):
        turn = np.exp(-0.5j * np.pi * label)
        points = (X[y == label, 0] + 1j * X[y == label, 1]) * turn - (0.25 + 0.25j)
        x, z = points.real, points.imag
        assert (np.minimum(x, z) > -1e-6).all()
        assert (np.minimum(x, z) < 0.25 + 1e-6).all()
        assert (np.maximum(x, z) < 1 + 1e-6).all()
        elbow = np.mean((x < 0.25) & (z < 0.25))
        assert abs(elbow - 0.0625 / 0.4375) < 0.03


def test_checkerboard_stripes_and_wave_are_their_formulas():
    X, y = Datasets.load_checkerboard(4000, squares=5, random_state=0)
    assert (X.min() >= 0, X.max() <= 5) == (True, True)
    np.testing.assert_array_equal(y, (X.astype(int).sum(axis=1)) % 2)
    X, y = Datasets.load_stripes(4000, period=0.3, random_state=0)
    expected = np.sin(np.pi * X.astype(float).sum(axis=1) / 0.3) < 0
    assert np.mean(y == expected) > 0.999  # float32 may lie on the other side of an edge
    X, y = Datasets.load_wave_boundary(4000, flip=0.0, random_state=0)
    assert np.mean(y == (X[:, 1] > 0.5 * np.sin(2 * np.pi * X[:, 0]))) > 0.999


@pytest.mark.parametrize("name", ["wave_boundary", "parity", "stripes"])
def test_labels_are_turned_round_as_often_as_asked(name):
    (_, clean), (_, y) = (
        Datasets.load(name, 20_000, random_state=0, flip=flip) for flip in (0, 0.2)
    )
    assert abs(np.mean(clean != y) - 0.2) < 4 * 0.4 / 20_000**0.5


def test_parity_is_a_product_of_signs():
    X, y = Datasets.load_parity(2000, bits=6, relevant=4, random_state=0)
    assert set(np.unique(X)) == {0, 1}
    np.testing.assert_array_equal(y, np.prod(1 - 2 * X[:, :4], axis=1) < 0)
    assert abs(X.mean() - 0.5) < 0.02


def test_clouds_have_their_laws():
    X, y = Datasets.load_two_gaussians(8000, bayes_error=0.05, n_features=3, random_state=0)
    for label, sign in enumerate((-1, 1)):
        along = X[y == label].sum(axis=1) / 3**0.5 - sign * norm.isf(0.05)
        assert ks_1samp(along, norm.cdf).pvalue > 1e-3
    X, y = Datasets.load_imbalanced(8000, share=0.1, distance=3.0, random_state=0)
    assert np.bincount(y).tolist() == [7200, 800]
    assert ks_1samp(X[y == 1, 0] - 1.5, norm.cdf).pvalue > 1e-3
    X, y = Datasets.load_outliers(8000, share=0.25, reach=4.0, random_state=0)
    assert np.bincount(y).tolist() == [6000, 2000]
    assert ks_1samp(X[y == 1].ravel() / 8 + 0.5, uniform.cdf).pvalue > 1e-3
    assert ks_1samp(X[y == 0].ravel(), norm.cdf).pvalue > 1e-3
    X, y = Datasets.load_shells(9000, n_classes=4, random_state=0)
    np.testing.assert_array_equal(y, np.floor(4 * chi2(2).cdf(np.square(X).sum(axis=1))))


def test_a_pinwheel_without_its_twist_is_a_ring_of_long_clouds():
    X, y = Datasets.load_pinwheel(9000, arms=3, radial=0.2, twist=1.5, random_state=0)
    z = X[:, 0].astype(float) + 1j * X[:, 1]
    z *= np.exp(-1j * (2 * np.pi * y / 3 + 1.5 * np.abs(z)))
    assert ks_1samp((z.real - 1) / 0.2, norm.cdf).pvalue > 1e-3
    assert ks_1samp(z.imag / 0.1, norm.cdf).pvalue > 1e-3
    twisted = z * np.exp(0.1j * np.abs(z))
    assert ks_1samp(twisted.imag / 0.1, norm.cdf).pvalue < 1e-3, "a twist must be noticed"


def test_hypercube_classes_are_the_bits_of_their_corner():
    X, y = Datasets.load_hypercube(32, dimensions=4, noise=0.0, random_state=0)
    np.testing.assert_array_equal(y, (X > 0) @ (1 << np.arange(4)))
    assert np.bincount(y).tolist() == [2] * 16


@pytest.mark.parametrize(
    ("name", "reference", "options"),
    [
        ("friedman1", sklearn_datasets.make_friedman1, {"noise": 1.0}),
        ("friedman2", sklearn_datasets.make_friedman2, {"noise": 125.0}),
        ("friedman3", sklearn_datasets.make_friedman3, {"noise": 0.1}),
        ("swiss_roll", sklearn_datasets.make_swiss_roll, {"noise": 0.2}),
        ("s_curve", sklearn_datasets.make_s_curve, {"noise": 0.2}),
    ],
)
def test_surfaces_are_distributed_as_in_scikit_learn(name, reference, options):
    Z, t = reference(20_000, random_state=1, **options)
    X, y = Datasets.load(name, 20_000, random_state=0, **options)
    assert X.shape == Z.shape
    for ours, theirs in zip((*X.T, y), (*Z.T, t), strict=True):
        assert ks_2samp(ours, theirs).pvalue > 1e-3
    for ours, theirs in zip(X.T, Z.T, strict=True):  # the joint law, by a product with y
        assert ks_2samp(ours * y, theirs * t).pvalue > 1e-3
    assert ks_2samp(y * 1.1, t).pvalue < 1e-3, "another scale must be noticed"


def test_the_mean_of_friedman_1():
    product = dblquad(lambda a, b: 10 * np.sin(np.pi * a * b), 0, 1, 0, 1)[0]
    _, y = Datasets.load_friedman1(20_000, random_state=0)
    off = abs(y.mean() - (product + 20 / 12 + 7.5))
    assert off < 4 * y.std() / 20_000**0.5


def test_sparse_regression_by_least_squares():
    X, y = Datasets.load_sparse_regression(20_000, n_features=8, informative=3, random_state=0)
    w = np.linalg.lstsq(X, y)[0]
    np.testing.assert_allclose(w, [3, -2, 1, 0, 0, 0, 0, 0], atol=0.04)


def test_noise_that_grows_and_noise_with_gross_errors():
    X, y = Datasets.load_heteroscedastic(20_000, noise=0.5, random_state=0)
    x = X[:, 0].astype(float)
    assert ks_1samp((y - np.sin(2 * np.pi * x)) / x, norm.cdf).pvalue > 1e-3
    X, y = Datasets.load_contaminated_line(20_000, noise=0.1, share=0.3, random_state=0)
    error = (y - 2 * X[:, 0] - 1) / 0.1
    mixed = lambda e: 0.7 * norm.cdf(e) + 0.3 * norm.cdf(e / 20)  # noqa: E731
    assert ks_1samp(error, mixed).pvalue > 1e-3
    assert ks_1samp(error, norm.cdf).pvalue < 1e-3


def test_surfaces_without_noise_are_their_formulas():
    X, y = Datasets.load_sombrero(2000, noise=0.0, random_state=0)
    r = np.linalg.norm(X.astype(float), axis=1)
    np.testing.assert_allclose(y * r, np.sin(r), atol=1e-5)
    X, y = Datasets.load_inverse_sine(2000, noise=0.0, random_state=0)
    np.testing.assert_allclose(X[:, 0], y + 0.3 * np.sin(2 * np.pi * y), atol=1e-6)
