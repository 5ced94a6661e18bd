"""Numbers to predict: a stated function of the inputs, and stated noise."""

from __future__ import annotations

import numpy as np

from neurogebra.datasets.generated.bayes import noise_variance
from neurogebra.datasets.generated.options import between, real, reals, spread, whole
from neurogebra.datasets.generated.recipe import (
    NUMBER,
    Drawn,
    Floats,
    numbers,
    record,
    single,
)


def linear(
    rng: np.random.Generator,
    n_samples: int = 200,
    noise: float = 0.1,
    slope: float = 2.0,
    intercept: float = 1.0,
) -> Drawn:
    """A straight line: y = slope x + intercept + N(0, noise²), x uniform in [−1, 1].

    X: (n, 1), y: (n,).
    """
    a, b = real("slope", slope), real("intercept", intercept)
    x = rng.uniform(-1, 1, whole("n_samples", n_samples, 2))
    return _noisy(rng, x, a * x + b, noise)


def sine(rng: np.random.Generator, n_samples: int = 500, noise: float = 0.1) -> Drawn:
    """One wave: y = sin x + N(0, noise²), x uniform in [−π, π].

    X: (n, 1), y: (n,).
    """
    x = rng.uniform(-np.pi, np.pi, whole("n_samples", n_samples, 2))
    return _noisy(rng, x, np.sin(x), noise)


def polynomial(
    rng: np.random.Generator,
    n_samples: int = 300,
    noise: float = 0.1,
    coefficients: tuple[float, ...] = (0.0, -2.0, 0.0, 3.0),
) -> Drawn:
    """A polynomial: y = Σ c_i xⁱ + N(0, noise²) for c = `coefficients`, x uniform in [−1, 1].

    X: (n, 1), y: (n,).
    """
    c = reals("coefficients", coefficients, 100)
    x = rng.uniform(-1, 1, whole("n_samples", n_samples, 2))
    return _noisy(rng, x, np.polynomial.polynomial.polyval(x, c), noise)


def step(
    rng: np.random.Generator, n_samples: int = 300, noise: float = 0.1, steps: int = 4
) -> Drawn:
    """A staircase: y = ⌊steps x⌋ + N(0, noise²), x uniform in [0, 1).

    X: (n, 1), y: (n,).
    """
    k = whole("steps", steps, 2, 1000)
    x = rng.uniform(0, 1, whole("n_samples", n_samples, 2))
    return _noisy(rng, x, np.floor(k * x), noise)


def heteroscedastic(rng: np.random.Generator, n_samples: int = 500, noise: float = 0.3) -> Drawn:
    """A wave whose noise grows: y = sin 2πx + N(0, (2 noise x)²), x uniform in [0, 1].

    The spread of the noise is `noise` on average. X: (n, 1), y: (n,).
    """
    sigma = spread("noise", noise)
    x = rng.uniform(0, 1, whole("n_samples", n_samples, 2))
    y = np.sin(2 * np.pi * x) + 2 * sigma * x * rng.normal(size=len(x))
    return single(x[:, np.newaxis]), single(y)


def contaminated_line(
    rng: np.random.Generator,
    n_samples: int = 300,
    noise: float = 0.1,
    share: float = 0.1,
    factor: float = 20.0,
) -> Drawn:
    """A straight line with gross errors: y = 2x + 1 + e, x uniform in [−1, 1].

    e: N(0, noise²), but N(0, (factor noise)²) with probability `share`. X: (n, 1), y: (n,).
    """
    chance = between("share", share, 0, 1, closed=True)
    sigma, k = spread("noise", noise), spread("factor", factor)
    x = rng.uniform(-1, 1, whole("n_samples", n_samples, 2))
    gross = rng.random(len(x)) < chance
    y = 2 * x + 1 + sigma * np.where(gross, k, 1.0) * rng.normal(size=len(x))
    return single(x[:, np.newaxis]), single(y)


def inverse_sine(rng: np.random.Generator, n_samples: int = 1000, noise: float = 0.05) -> Drawn:
    """A curve that turns back, so that one x has up to three answers.

    y: uniform in [0, 1]; x = y + 0.3 sin 2πy + N(0, noise²). X: (n, 1), y: (n,). After the
    inverse problem in Bishop (1994), Mixture density networks.
    """
    y = rng.uniform(0, 1, whole("n_samples", n_samples, 2))
    x = y + 0.3 * np.sin(2 * np.pi * y) + rng.normal(0, spread("noise", noise), len(y))
    return single(x[:, np.newaxis]), single(y)


def sombrero(rng: np.random.Generator, n_samples: int = 1000, noise: float = 0.05) -> Drawn:
    """A round wave that fades: y = sin ρ / ρ + N(0, noise²), ρ the distance from the centre.

    X: uniform in [−8, 8]², (n, 2), y: (n,).
    """
    X = rng.uniform(-8, 8, (whole("n_samples", n_samples, 2), 2))
    return _noisy(rng, X, np.sinc(np.hypot(X[:, 0], X[:, 1]) / np.pi), noise)


def sparse_regression(
    rng: np.random.Generator,
    n_samples: int = 200,
    noise: float = 1.0,
    n_features: int = 50,
    informative: int = 5,
) -> Drawn:
    """A few inputs that matter among many: y = Σ w_j x_j + N(0, noise²), X: N(0, I).

    w: k, −(k − 1), k − 2 … ±1 for the first k = `informative` inputs, 0 for all others.
    X: (n, n_features), y: (n,).
    """
    d = whole("n_features", n_features, 1, 100_000)
    k = whole("informative", informative, 1, d)
    X = rng.normal(size=(whole("n_samples", n_samples, 2), d))
    w = np.arange(k, 0, -1) * (-1.0) ** np.arange(k)
    return _noisy(rng, X, X[:, :k] @ w, noise)


def friedman1(
    rng: np.random.Generator, n_samples: int = 500, noise: float = 1.0, n_features: int = 10
) -> Drawn:
    """y = 10 sin(π x1 x2) + 20 (x3 − ½)² + 10 x4 + 5 x5 + N(0, noise²), X uniform in [0, 1].

    All inputs after the fifth say nothing. X: (n, n_features), y: (n,). Friedman (1991),
    Multivariate adaptive regression splines.
    """
    d = whole("n_features", n_features, 5, 100_000)
    X = rng.uniform(0, 1, (whole("n_samples", n_samples, 2), d))
    x1, x2, x3, x4, x5 = X[:, :5].T
    y = 10 * np.sin(np.pi * x1 * x2) + 20 * (x3 - 0.5) ** 2 + 10 * x4 + 5 * x5
    return _noisy(rng, X, y, noise)


def friedman2(rng: np.random.Generator, n_samples: int = 500, noise: float = 125.0) -> Drawn:
    """y = √(x1² + (x2 x3 − 1 / (x2 x4))²) + N(0, noise²): the impedance of a circuit.

    X: (n, 4), uniform in [0, 100] (resistance), [40π, 560π] (angular frequency), [0, 1]
    (inductance), [1, 11] (capacitance); y: (n,). Friedman (1991).
    """
    X = _circuit(rng, n_samples)
    return _noisy(rng, X, np.hypot(X[:, 0], _reactance(X)), noise)


def friedman3(rng: np.random.Generator, n_samples: int = 500, noise: float = 0.1) -> Drawn:
    """y = arctan((x2 x3 − 1 / (x2 x4)) / x1) + N(0, noise²): the phase angle of a circuit.

    X as in friedman2: (n, 4), y: (n,). Friedman (1991).
    """
    X = _circuit(rng, n_samples)
    return _noisy(rng, X, np.arctan2(_reactance(X), X[:, 0]), noise)


def swiss_roll(rng: np.random.Generator, n_samples: int = 1000, noise: float = 0.0) -> Drawn:
    """A rolled-up sheet, and where on it a point lies.

    y: uniform in [1.5π, 4.5π]; X: (y cos y, h, y sin y), h uniform in [0, 21], each coordinate
    with N(0, noise²). X: (n, 3), y: (n,).
    """
    n = whole("n_samples", n_samples, 2)
    t, height = rng.uniform(1.5 * np.pi, 4.5 * np.pi, n), rng.uniform(0, 21, n)
    return _sheet(rng, (t * np.cos(t), height, t * np.sin(t)), t, noise)


def s_curve(rng: np.random.Generator, n_samples: int = 1000, noise: float = 0.0) -> Drawn:
    """A sheet bent like an S, and where on it a point lies.

    y: uniform in [−1.5π, 1.5π]; X: (sin y, h, sign(y) (cos y − 1)), h uniform in [0, 2], each
    coordinate with N(0, noise²). X: (n, 3), y: (n,).
    """
    n = whole("n_samples", n_samples, 2)
    t, height = rng.uniform(-1.5 * np.pi, 1.5 * np.pi, n), rng.uniform(0, 2, n)
    return _sheet(rng, (np.sin(t), height, np.sign(t) * (np.cos(t) - 1)), t, noise)


def _noisy(rng: np.random.Generator, X: Floats, y: Floats, noise: float) -> Drawn:
    y = y + rng.normal(0, spread("noise", noise), y.shape)
    return single(X.reshape(len(y), -1)), single(y)


def _circuit(rng: np.random.Generator, n_samples: object) -> Floats:
    low, high = (0, 40 * np.pi, 0, 1), (100, 560 * np.pi, 1, 11)
    return rng.uniform(low, high, (whole("n_samples", n_samples, 2), 4))


def _reactance(X: Floats) -> Floats:
    return X[:, 1] * X[:, 2] - 1 / (X[:, 1] * X[:, 3])


def _sheet(rng: np.random.Generator, place: tuple[Floats, ...], t: Floats, noise: float) -> Drawn:
    X = np.stack(place, axis=1)
    return single(X + rng.normal(0, spread("noise", noise), X.shape)), single(t)


def _best_heteroscedastic(noise: float) -> float:
    """E (2 noise x)² = 4 noise² / 3."""
    return 4 / 3 * spread("noise", noise) ** 2


def _best_contaminated_line(noise: float, share: float, factor: float) -> float:
    """noise² (1 − share + share factor²)."""
    chance = between("share", share, 0, 1, closed=True)
    return spread("noise", noise) ** 2 * (1 - chance + chance * spread("factor", factor) ** 2)


_LINE = numbers("x")
_KNOWN = ("mse", noise_variance)

SURFACES = (
    record(
        linear,
        "A noisy line",
        "y = 2x + 1 with noise.",
        features=_LINE,
        target=NUMBER,
        task="regression",
        use_cases=("a first regression",),
        score=_KNOWN,
        aliases=("linear_regression",),
    ),
    record(
        sine,
        "A noisy sine wave",
        "y = sin x with noise.",
        features=_LINE,
        target=NUMBER,
        task="regression",
        use_cases=("fitting a curve",),
        score=_KNOWN,
        aliases=("sine_regression",),
    ),
    record(
        polynomial,
        "A noisy polynomial",
        "y = 3x³ − 2x with noise.",
        features=_LINE,
        target=NUMBER,
        task="regression",
        use_cases=("fitting a curve", "choosing a degree"),
        score=_KNOWN,
    ),
    record(
        step,
        "A staircase",
        "Four levels with noise.",
        features=_LINE,
        target=NUMBER,
        task="regression",
        use_cases=("jumps", "trees against networks"),
        score=_KNOWN,
    ),
    record(
        heteroscedastic,
        "A wave whose noise grows",
        "y = sin 2πx with noise that grows with x.",
        features=_LINE,
        target=NUMBER,
        task="regression",
        use_cases=("predicting the spread as well", "weighted least squares"),
        difficulty=2,
        score=("mse", _best_heteroscedastic),
    ),
    record(
        contaminated_line,
        "A line with gross errors",
        "y = 2x + 1 with noise, twenty times as large in one row of ten.",
        features=_LINE,
        target=NUMBER,
        task="regression",
        use_cases=("robust losses",),
        score=("mse", _best_contaminated_line),
    ),
    record(
        inverse_sine,
        "A curve that turns back",
        "One x has up to three answers.",
        features=_LINE,
        target=NUMBER,
        task="regression",
        use_cases=("mixture density networks", "why a mean can be no answer"),
        difficulty=3,
    ),
    record(
        sombrero,
        "A round wave",
        "y = sin ρ / ρ over the plane, with noise.",
        features=numbers("x1", "x2"),
        target=NUMBER,
        task="regression",
        use_cases=("fitting a surface",),
        difficulty=2,
        score=_KNOWN,
    ),
    record(
        sparse_regression,
        "Sparse regression",
        "Fifty inputs of which five matter.",
        features=numbers(*(f"x{i + 1}" for i in range(50))),
        target=NUMBER,
        task="regression",
        use_cases=("regularisation", "selection of inputs"),
        difficulty=2,
        score=_KNOWN,
        aliases=("sparse",),
    ),
    record(
        friedman1,
        "Friedman 1",
        "A product, a square and a line in five of ten inputs.",
        features=numbers(*(f"x{i + 1}" for i in range(10))),
        target=NUMBER,
        task="regression",
        use_cases=("interactions", "inputs that say nothing"),
        difficulty=2,
        score=_KNOWN,
        aliases=("friedman_1",),
    ),
    record(
        friedman2,
        "Friedman 2",
        "The impedance of an electric circuit from its four parts.",
        features=numbers("resistance", "frequency", "inductance", "capacitance"),
        target=NUMBER,
        task="regression",
        use_cases=("inputs of very different scale",),
        difficulty=2,
        score=_KNOWN,
        aliases=("friedman_2",),
    ),
    record(
        friedman3,
        "Friedman 3",
        "The phase angle of an electric circuit from its four parts.",
        features=numbers("resistance", "frequency", "inductance", "capacitance"),
        target=NUMBER,
        task="regression",
        use_cases=("inputs of very different scale", "a bend near an edge"),
        difficulty=3,
        score=_KNOWN,
        aliases=("friedman_3",),
    ),
    record(
        swiss_roll,
        "Swiss roll",
        "A rolled-up sheet in space, and where on it a point lies.",
        features=numbers("x1", "x2", "x3"),
        target=NUMBER,
        task="regression",
        use_cases=("manifold learning", "a regression that bends"),
        difficulty=2,
    ),
    record(
        s_curve,
        "S-curve",
        "A sheet bent like an S, and where on it a point lies.",
        features=numbers("x1", "x2", "x3"),
        target=NUMBER,
        task="regression",
        use_cases=("manifold learning",),
        difficulty=2,
    ),
)
