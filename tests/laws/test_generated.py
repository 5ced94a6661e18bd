"""Every generated set: what its record says, its options, its seeds, and its best score."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from scipy.stats import mannwhitneyu
from scipy.stats import norm as normal
from sklearn.datasets import make_friedman1
from sklearn.neighbors import KNeighborsClassifier

from neurogebra.datasets import Datasets, catalog
from neurogebra.datasets.generated import GENERATED
from neurogebra.datasets.generated.bayes import accuracy_of_noisy_points, parity_margin
from neurogebra.datasets.loading import loader
from neurogebra.errors import BadValue

SETS = {d.id: d for d in GENERATED}
SCORED = {d.id: d for d in GENERATED if d.best}
GREEK = {"sigma": "σ", "rho": "ρ", "beta": "β", "alpha": "α", "gamma": "γ"}
# Whose classes are drawn by chance, or unequal by design; all others are equal to within a row.
BY_CHANCE = {"xor", "checkerboard", "wave_boundary", "parity", "stripes", "shells"}
RARE = {"imbalanced": 50, "outliers": 50}


def options(record):
    return list(inspect.signature(record.draw).parameters)[1:]


def drawn(name, seed=0, **given):
    return SETS[name].draw(np.random.default_rng(seed), **given)


def test_as_many_as_promised():
    forms = [d.form for d in GENERATED]
    assert (forms.count("table") >= 24, forms.count("series") >= 9) == (True, True)
    assert (forms.count("images") >= 4, forms.count("text") >= 4) == (True, True)
    assert [d.id for d in catalog().values() if d.supply == "generated"] == list(SETS)


@pytest.mark.parametrize("name", SETS)
def test_the_record_says_what_is_drawn(name):
    record = SETS[name]
    X, y = drawn(name)
    n, words = record.n_samples, bool(record.target.categories)
    shape = {"series": (), "text": ()}.get(record.form, record.features[0].shape or (-1,))
    assert (X.shape, y.shape) == ((n, *(record.n_features if s == -1 else s for s in shape)), (n,))
    assert (X.dtype, y.dtype) == (
        object if record.form == "text" else np.float32,
        np.int64 if words else np.float32,
    )
    assert record.origin == {"series": "simulated", "images": "rendered"}.get(
        record.form, "generated"
    )
    if words:
        assert [str(c) for c in np.unique(y)] == list(record.target.categories)
        assert record.task.endswith("multiclass" if y.max() > 1 else "binary")
    else:
        assert np.isfinite(y).all()
    assert record.use_cases
    assert record.licence.startswith("no rights apply")


@pytest.mark.parametrize("name", SETS)
def test_every_option_is_explained(name):
    told = inspect.getdoc(SETS[name].draw)
    for option in options(SETS[name])[1:]:
        assert option in told or GREEK[option] in told, option
    assert "sharpness" not in told, "the law would be vacuous"
    assert "(n,)" in told or "n_features" in told


@pytest.mark.parametrize("name", SETS)
def test_seeds_decide_and_the_global_generator_is_left_alone(name):
    np.random.seed(5)
    before = np.random.get_state()[1].tobytes(), np.random.get_state()[2]
    load, odd = loader(name), 41
    X, y = load(odd, random_state=3)
    again = load(n_samples=odd, random_state=np.random.default_rng(3))
    other = load(odd, random_state=4)
    assert len(X) == len(y) == odd
    assert X.tolist() == again[0].tolist()
    assert y.tolist() == again[1].tolist()
    assert (X.tolist(), y.tolist()) != (other[0].tolist(), other[1].tolist())
    assert (np.random.get_state()[1].tobytes(), np.random.get_state()[2]) == before
    np.random.normal()
    assert (np.random.get_state()[1].tobytes(), np.random.get_state()[2]) != before


@pytest.mark.parametrize("name", [n for n, d in SETS.items() if d.target.categories])
def test_classes_have_their_shares(name):
    counts = np.bincount(drawn(name)[1])
    n, k = counts.sum(), len(counts)
    if name in RARE:
        assert counts.tolist() == [n - RARE[name], RARE[name]]
    elif name in BY_CHANCE:
        assert np.abs(counts - n / k).max() < 4 * (n / k * (1 - 1 / k)) ** 0.5
    else:
        assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize(("name", "option"), [(n, o) for n, d in SETS.items() for o in options(d)])
def test_options_that_cannot_be_are_refused_by_name(name, option):
    for value in (None, "wide", float("nan"), 1e31, True):
        with pytest.raises(BadValue) as caught:
            loader(name)(**{option: value})
        assert caught.value.where == option
        assert len(str(caught.value)) < 160


@pytest.mark.parametrize("name", SETS)
def test_the_smallest_size(name):
    least = max(2, len(SETS[name].target.categories) if name not in BY_CHANCE else 2)
    X, y = drawn(name, n_samples=least)
    assert len(X) == len(y) == least
    for value in (0, -1, 1, 2.0):
        with pytest.raises(BadValue, match="n_samples"):
            drawn(name, n_samples=value)


# The best scores.


@pytest.mark.parametrize("name", SCORED)
def test_the_best_score_is_one_and_takes_the_same_options(name):
    best = SCORED[name].best
    score = best.score()
    assert isinstance(score, float)
    if best.metric in ("accuracy", "roc_auc"):
        assert 1 / len(SCORED[name].target.categories) < score <= 1
    else:
        assert (best.metric in ("mse", "one_step_mse"), score > 0) == (True, True)
    assert best.score(n_samples=10) == score
    with pytest.raises(TypeError, match="sharpness"):
        best.score(sharpness=1)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("moons", {"noise": -1}),
        ("circles", {"factor": 2}),
        ("rings", {"n_rings": 1}),
        ("spirals", {"arms": 1.5}),
        ("two_gaussians", {"bayes_error": 1}),
        ("imbalanced", {"distance": -1}),
        ("outliers", {"share": 0}),
        ("pinwheel", {"tangential": 0}),
        ("xor", {"noise": None}),
        ("checkerboard", {"squares": 1}),
        ("hypercube", {"dimensions": 0}),
        ("parity", {"flip": 0.7}),
        ("linear", {"noise": "loud"}),
        ("contaminated_line", {"share": 2}),
    ],
)
def test_a_score_refuses_what_the_draw_refuses(name, given):
    for call in (SETS[name].best.score, loader(name)):
        with pytest.raises(BadValue) as caught:
            call(**given)
        assert caught.value.where in given


def test_the_grid_agrees_with_closed_forms():
    for distance, noise in ((1, 0.5), (1, 0.1), (3, 1), (0.01, 1)):
        points = [np.zeros((1, 2)), np.array([[distance, 0.0]])]
        wanted = normal.cdf(distance / 2 / noise)
        assert abs(accuracy_of_noisy_points(points, noise) - wanted) < 1e-3
    for s in (0.01, 0.05, 0.08, 0.09, 0.3, 1, 5):
        right = normal.cdf(1 / s) + s * (normal.pdf(1 / s) - normal.pdf(0))
        assert abs(parity_margin(2, s) - (2 * right - 1)) < 2e-4
    assert parity_margin(4, 0) == 1
    assert abs(parity_margin(5, 0.0834) - parity_margin(5, 0.0833)) < 1e-3


def bell_rule(name, given, n=5000):
    """How often rows are told by the density of other, noiseless rows under the known noise."""
    clean, label = drawn(name, 1, **given | {"noise": 0.0, "n_samples": 1500})
    X, y = drawn(name, 2, **given | {"n_samples": n})
    far = np.square(X).sum(1)[:, None] + np.square(clean).sum(1) - 2 * X @ clean.T
    near = np.exp(-far / np.float32(2 * given["noise"] ** 2))
    density = np.stack([near[:, label == k].mean(1) for k in range(label.max() + 1)])
    return np.mean(density.argmax(0) == y)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("moons", {"noise": 0.4}),
        ("circles", {"noise": 0.25, "factor": 0.4}),
        ("rings", {"noise": 0.15, "n_rings": 4}),
        ("spirals", {"noise": 0.08, "arms": 3}),
        ("clusters_in_clusters", {"noise": 0.4}),
        ("half_kernel", {"noise": 0.2}),
        ("crescent", {"noise": 0.3}),
        ("corners", {"noise": 0.3}),
        ("hypercube", {"noise": 0.8, "dimensions": 2}),
    ],
)
def test_the_best_accuracy_is_that_of_the_optimal_rule(name, given):
    best, found = SETS[name].best.score(**given), bell_rule(name, given)
    margin = 3.5 * (best * (1 - best) / 5000) ** 0.5
    assert 0.5 < best < 0.97
    assert best - margin - 0.005 < found < best + margin
    wrong = SETS[name].best.score(**given | {"noise": 0.7 * given["noise"]})
    assert wrong > found + margin, "another noise must be noticed"


def rates(name, rule, n=40_000, **given):
    X, y = drawn(name, 3, n_samples=n, **given)
    return np.mean(rule(X.astype(float)) == y), SETS[name].best.score(**given)


def cells(X, low, width, n, noise):
    """The sign of P(even) − P(odd) of one coordinate, from the cells' exact densities."""
    edges = normal.cdf((X[:, None] - low - width * np.arange(n + 1)) / noise)
    return np.sign(-np.diff(edges, axis=1) @ (-1.0) ** np.arange(n))


def board(X, low, width, n, noise):
    return cells(X[:, 0], low, width, n, noise) * cells(X[:, 1], low, width, n, noise) < 0


def common(X, share=0.2, reach=4.0):
    inside = np.abs(X).max(1) <= reach
    rare = share / (4 * reach**2) * inside
    return rare > (1 - share) * np.exp(-0.5 * np.square(X).sum(1)) / (2 * np.pi)


def arm(X, arms=4, radial=0.3, tangential=0.6, twist=1.0):
    z = (X[:, 0] + 1j * X[:, 1]) * np.exp(-1j * twist * np.hypot(*X.T))
    turned = z[:, None] * np.exp(-2j * np.pi * np.arange(arms) / arms)
    far = ((turned.real - 1) / radial) ** 2 + (turned.imag / tangential) ** 2
    return far.argmin(1)


@pytest.mark.parametrize(
    ("name", "rule", "given"),
    [
        ("two_gaussians", lambda X: X.sum(1) > 0, {"bayes_error": 0.2, "n_features": 5}),
        ("xor", lambda X: board(X, -1, 1, 2, 0.3), {"noise": 0.3}),
        ("checkerboard", lambda X: board(X, 0, 1, 4, 0.2), {"noise": 0.2}),
        ("checkerboard", lambda X: board(X, 0, 1, 3, 0.04), {"noise": 0.04, "squares": 3}),
        ("hypercube", lambda X: (X > 0) @ (1 << np.arange(4)), {"noise": 0.7, "dimensions": 4}),
        ("outliers", common, {"share": 0.2, "reach": 4.0}),
        ("pinwheel", arm, {"arms": 4, "radial": 0.3, "tangential": 0.6}),
        ("wave_boundary", lambda X: X[:, 1] > 0.5 * np.sin(2 * np.pi * X[:, 0]), {"flip": 0.3}),
        ("parity", lambda X: X[:, :3].sum(1) % 2, {"flip": 0.1}),
        ("stripes", lambda X: np.floor(X.sum(1) / 0.5) % 2, {"flip": 0.2}),
    ],
)
def test_the_best_accuracy_is_that_of_the_known_rule(name, rule, given):
    found, best = rates(name, rule, **given)
    margin = 4 * (best * (1 - best) / 40_000) ** 0.5
    assert abs(found - best) < margin
    shift = np.linspace(0.5, 0.25, 8)
    tilted = rates(name, lambda X: rule(X + shift[: X.shape[1]]), **given)[0]
    assert tilted < best - margin, "a worse rule must be noticed"


def test_a_reach_far_beyond_the_cloud_has_the_closed_form():
    score = SETS["outliers"].best.score
    assert abs(score(reach=19.99) - score(reach=20.01)) < 1e-5


def test_the_best_area_under_the_curve():
    X, y = drawn("imbalanced", 1, n_samples=40_000, share=0.3, distance=1.0)
    common_x, rare_x = X[y == 0, 0], X[y == 1, 0]
    found = mannwhitneyu(rare_x, common_x).statistic / len(rare_x) / len(common_x)
    assert abs(found - SETS["imbalanced"].best.score(distance=1.0)) < 0.01
    assert abs(found - SETS["imbalanced"].best.score(distance=1.2)) > 0.01


@pytest.mark.parametrize("name", ["moons", "half_kernel", "checkerboard", "corners", "pinwheel"])
def test_no_model_beats_the_best_and_a_quick_one_comes_near(name):
    X, y = drawn(name, 1, n_samples=4000)
    fitted = KNeighborsClassifier(9).fit(X[:2000], y[:2000])
    found, best = fitted.score(X[2000:], y[2000:]), SETS[name].best.score()
    assert best - 0.12 < found < best + 3.5 * (best * (1 - best) / 2000) ** 0.5 + 1e-9
    shuffled = np.random.default_rng(0).permutation(y[:2000])
    assert fitted.fit(X[:2000], shuffled).score(X[2000:], y[2000:]) < best - 0.3


def friedman1(X):
    product = 10 * np.sin(np.pi * X[:, 0] * X[:, 1])
    return product + 20 * (X[:, 2] - 0.5) ** 2 + 10 * X[:, 3] + 5 * X[:, 4]


def reactance(X):
    return X[:, 1] * X[:, 2] - 1 / (X[:, 1] * X[:, 3])


TRUTH = {
    "linear": lambda X: 1 + 2 * X[:, 0],
    "sine": lambda X: np.sin(X[:, 0]),
    "polynomial": lambda X: X[:, 0] * (3 * X[:, 0] ** 2 - 2),
    "step": lambda X: np.floor(4 * X[:, 0]),
    "heteroscedastic": lambda X: np.sin(2 * np.pi * X[:, 0]),
    "contaminated_line": lambda X: 1 + 2 * X[:, 0],
    "sombrero": lambda X: np.sinc(np.sqrt(np.square(X).sum(1)) / np.pi),
    "sparse_regression": lambda X: X[:, :5] @ (5, -4, 3, -2, 1),
    "friedman1": friedman1,
    "friedman2": lambda X: np.sqrt(X[:, 0] ** 2 + reactance(X) ** 2),
    "friedman3": lambda X: np.arctan(reactance(X) / X[:, 0]),
    "sine_wave": lambda t: np.sin(2 * np.pi * t / 50),
    "damped": lambda t: np.exp(-0.01 * t) * np.cos(2 * np.pi * t / 50),
    "chirp": lambda t: np.sin(2 * np.pi * (0.005 * t + 0.0225 * t**2 / len(t))),
    "pulse": lambda t: 1.0 * (t % 50 < 10),
    "seasonal_trend": lambda t: 0.1 * t + 5 * np.sin(np.pi * t / 6),
}


def test_every_known_mean_square_is_checked():
    assert TRUTH.keys() == {n for n, d in SCORED.items() if d.best.metric == "mse"}
    X, y = make_friedman1(50, random_state=0)
    np.testing.assert_allclose(friedman1(X), y)


@pytest.mark.parametrize("name", TRUTH)
def test_the_best_mean_square_is_that_of_the_true_curve(name):
    X, y = drawn(name, 5, n_samples=20_000)
    square = (y - TRUTH[name](X.astype(float))) ** 2
    best, error = SETS[name].best.score(), square.std() / len(square) ** 0.5
    assert abs(square.mean() - best) < 4 * error
    assert abs(square.mean() - 1.5 * best) > 4 * error, "another noise must be noticed"


@pytest.mark.parametrize("name", TRUTH)
def test_without_noise_a_curve_is_the_true_one(name):
    X, y = drawn(name, 6, n_samples=500, noise=0.0)
    exact = TRUTH[name](X.astype(float))
    apart = np.abs(y - exact) > 1e-5 * (1 + np.abs(exact) / 10)
    assert apart.mean() < 0.005  # float32 may lie on the other side of a step


def test_the_best_one_step_forecasts():
    _, y = drawn("random_walk", 1, n_samples=20_000, noise=2.0, drift=0.5)
    steps = np.diff(y.astype(float)) - 0.5
    assert abs(np.mean(steps**2) / SETS["random_walk"].best.score(noise=2.0) - 1) < 0.04
    _, y = drawn("ar_process", 1, n_samples=20_000, noise=2.0, coefficients=(0.5, 0.2, -0.4))
    error = y[3:] - (0.5 * y[2:-1] + 0.2 * y[1:-2] - 0.4 * y[:-3])
    assert abs(np.mean(error**2) / SETS["ar_process"].best.score(noise=2.0) - 1) < 0.04
    assert {n for n, d in SCORED.items() if d.best.metric == "one_step_mse"} == {
        "random_walk",
        "ar_process",
    }


def test_generated_sets_are_found_and_shown(capsys):
    assert "swiss_roll" in Datasets.list_all("synthetic")
    assert set(Datasets.list_all("timeseries")) >= {"lorenz", "stock_like", "nile"}
    assert Datasets.load_stock_prices.__name__ == "load_stock_like"
    Datasets.get_info("stock_like")
    shown = capsys.readouterr().out
    assert "simulated" in shown
    assert "no market" in shown
