"""Sets that are drawn when asked for: each a stated distribution and a generator argument."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neurogebra.datasets.record import Column, Dataset
from neurogebra.errors import BadValue

Drawn: TypeAlias = tuple[NDArray[np.float32], NDArray[Any]]


def moons(rng: np.random.Generator, n_samples: int = 1000, noise: float = 0.2) -> Drawn:
    """Two interleaving half circles.

    Class 0, ⌊n/2⌋ points: (cos t, sin t); class 1, the others: (1 − cos t, ½ − sin t), t in
    equal steps over [0, π]. Each coordinate gets N(0, noise²). X: (n, 2), y: (n,).
    """
    upper, lower = _halves(n_samples)
    t, s = np.linspace(0, np.pi, upper), np.linspace(0, np.pi, lower)
    points = [_pairs(np.cos(t), np.sin(t)), _pairs(1 - np.cos(s), 0.5 - np.sin(s))]
    return _shuffled(rng, points, noise)


def circles(
    rng: np.random.Generator, n_samples: int = 1000, noise: float = 0.05, factor: float = 0.5
) -> Drawn:
    """A circle inside another.

    Class 0, ⌊n/2⌋ points: radius 1; class 1, the others: radius `factor`, both at equal angles.
    Each coordinate gets N(0, noise²). X: (n, 2), y: (n,).
    """
    if not 0 < _real("factor", factor) < 1:
        raise BadValue("factor", "a number between 0 and 1", factor)
    angles = [np.linspace(0, 2 * np.pi, n, endpoint=False) for n in _halves(n_samples)]
    rings = zip((1.0, factor), angles, strict=True)
    return _shuffled(rng, [r * _pairs(np.cos(t), np.sin(t)) for r, t in rings], noise)


def blobs(
    rng: np.random.Generator,
    n_samples: int = 1000,
    centers: int = 3,
    cluster_std: float = 1.0,
    n_features: int = 2,
) -> Drawn:
    """Round clouds around random centres.

    Centres: uniform in [−10, 10] in each of `n_features` coordinates; class k: N(centre_k,
    cluster_std² I). The first n mod `centers` classes have one point more. X: (n, n_features).
    """
    k = _whole("centers", centers, 2)
    shares = np.array_split(np.arange(_whole("n_samples", n_samples, k)), k)
    middle = rng.uniform(-10, 10, (k, _whole("n_features", n_features, 1)))
    points = [np.repeat(m[np.newaxis], len(s), 0) for m, s in zip(middle, shares, strict=True)]
    return _shuffled(rng, points, _spread("cluster_std", cluster_std))


def xor(rng: np.random.Generator, n_samples: int = 1000, noise: float = 0.1) -> Drawn:
    """Four quadrants, equal across and different beside.

    Points: uniform in [−1, 1]²; class 1 where exactly one coordinate is positive; after that
    each coordinate gets N(0, noise²). X: (n, 2), y: (n,).
    """
    points = rng.uniform(-1, 1, (_whole("n_samples", n_samples, 2), 2))
    y = (points[:, 0] > 0) ^ (points[:, 1] > 0)
    points += rng.normal(0, _spread("noise", noise), points.shape)
    return points.astype(np.float32), y.astype(np.int64)


def spirals(
    rng: np.random.Generator,
    n_samples: int = 1000,
    noise: float = 0.02,
    arms: int = 2,
    turns: float = 1.5,
) -> Drawn:
    """Arms that wind around one another.

    Arm k: radius r in equal steps over (0, 1], at the angle 2π (turns r + k / arms); the first
    n mod `arms` arms have one point more. Each coordinate gets N(0, noise²). X: (n, 2), y: (n,).
    """
    k = _whole("arms", arms, 2)
    winding = _real("turns", turns)
    points = []
    for arm, share in enumerate(np.array_split(np.arange(_whole("n_samples", n_samples, k)), k)):
        r = np.linspace(0, 1, len(share) + 1)[1:]
        angle = 2 * np.pi * (winding * r + arm / k)
        points.append(_pairs(r * np.cos(angle), r * np.sin(angle)))
    return _shuffled(rng, points, noise)


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
    a, b = _real("slope", slope), _real("intercept", intercept)
    x = rng.uniform(-1, 1, _whole("n_samples", n_samples, 2))
    return _curve(rng, x, a * x + b, noise)


def sine(rng: np.random.Generator, n_samples: int = 500, noise: float = 0.1) -> Drawn:
    """One wave: y = sin x + N(0, noise²), x uniform in [−π, π].

    X: (n, 1), y: (n,).
    """
    x = rng.uniform(-np.pi, np.pi, _whole("n_samples", n_samples, 2))
    return _curve(rng, x, np.sin(x), noise)


def _halves(n_samples: int) -> tuple[int, int]:
    n = _whole("n_samples", n_samples, 2)
    return n // 2, n - n // 2


def _pairs(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([x, y], axis=1)


def _shuffled(rng: np.random.Generator, points: list[NDArray[np.float64]], noise: float) -> Drawn:
    X = np.concatenate(points)
    y = np.repeat(np.arange(len(points)), [len(p) for p in points])
    order = rng.permutation(len(X))
    X = X[order] + rng.normal(0, _spread("noise", noise), X.shape)
    return X.astype(np.float32), y[order].astype(np.int64)


def _curve(
    rng: np.random.Generator, x: NDArray[np.float64], y: NDArray[np.float64], noise: float
) -> Drawn:
    y = y + rng.normal(0, _spread("noise", noise), y.shape)
    return x[:, np.newaxis].astype(np.float32), y.astype(np.float32)


def _whole(name: str, value: object, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise BadValue(name, f"a whole number ≥ {least}", value)
    return int(value)


def _real(name: str, value: object) -> float:
    numbers = (int, float, np.floating, np.integer)
    if isinstance(value, bool) or not isinstance(value, numbers) or not np.isfinite(value):
        raise BadValue(name, "a finite number", value)
    return float(value)


def _spread(name: str, value: object) -> float:
    if _real(name, value) < 0:
        raise BadValue(name, "a number ≥ 0", value)
    return _real(name, value)


def _columns(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name=name, kind="numeric") for name in names)


def _classes(*names: str) -> Column:
    return Column(name="label", kind="categorical", categories=names)


_Y = Column(name="y", kind="numeric")
_OURS = "no rights apply: drawn on demand"

PATTERNS = (
    Dataset(
        id="moons",
        title="Two moons",
        summary="Two interleaving half circles with noise.",
        category="synthetic",
        task="binary",
        origin="generated",
        licence=_OURS,
        n_samples=1000,
        features=_columns("x1", "x2"),
        target=_classes("0", "1"),
        use_cases=("a curved decision boundary",),
        draw=moons,
    ),
    Dataset(
        id="circles",
        title="Two circles",
        summary="A circle inside another, with noise.",
        category="synthetic",
        task="binary",
        origin="generated",
        licence=_OURS,
        n_samples=1000,
        features=_columns("x1", "x2"),
        target=_classes("0", "1"),
        use_cases=("what no straight line separates",),
        draw=circles,
    ),
    Dataset(
        id="blobs",
        title="Gaussian blobs",
        summary="Round clouds around three random centres.",
        category="synthetic",
        task="multiclass",
        origin="generated",
        licence=_OURS,
        n_samples=1000,
        features=_columns("x1", "x2"),
        target=_classes("0", "1", "2"),
        use_cases=("a first classifier of several classes", "clustering"),
        draw=blobs,
    ),
    Dataset(
        id="xor",
        title="Exclusive or",
        summary="Four quadrants, equal across and different beside.",
        category="synthetic",
        task="binary",
        origin="generated",
        licence=_OURS,
        n_samples=1000,
        features=_columns("x1", "x2"),
        target=_classes("0", "1"),
        use_cases=("why a hidden layer is needed",),
        draw=xor,
    ),
    Dataset(
        id="spirals",
        title="Spirals",
        summary="Two arms that wind around one another.",
        category="synthetic",
        task="binary",
        origin="generated",
        licence=_OURS,
        n_samples=1000,
        features=_columns("x1", "x2"),
        target=_classes("0", "1"),
        use_cases=("depth and width", "a hard decision boundary"),
        difficulty=2,
        draw=spirals,
    ),
    Dataset(
        id="linear",
        title="A noisy line",
        summary="y = 2x + 1 with noise.",
        category="synthetic",
        task="regression",
        origin="generated",
        licence=_OURS,
        n_samples=200,
        features=_columns("x"),
        target=_Y,
        use_cases=("a first regression",),
        aliases=("linear_regression",),
        draw=linear,
    ),
    Dataset(
        id="sine",
        title="A noisy sine wave",
        summary="y = sin x with noise.",
        category="synthetic",
        task="regression",
        origin="generated",
        licence=_OURS,
        n_samples=500,
        features=_columns("x"),
        target=_Y,
        use_cases=("fitting a curve",),
        aliases=("sine_regression",),
        draw=sine,
    ),
)
