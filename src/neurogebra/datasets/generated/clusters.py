"""Clouds: normal distributions around centres, and what lies outside of them."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, exp, log, pi, sqrt

import numpy as np

from neurogebra.datasets.generated.bayes import (
    REACH,
    accuracy_on_plane,
    certain,
    normal_cdf,
    normal_quantile,
)
from neurogebra.datasets.generated.options import between, positive, real, spread, whole
from neurogebra.datasets.generated.recipe import (
    Drawn,
    Floats,
    classes,
    numbers,
    pairs,
    record,
    shuffled,
    single,
    sizes,
)


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
    k = whole("centers", centers, 2)
    shares = sizes(n_samples, k)
    middle = rng.uniform(-10, 10, (k, whole("n_features", n_features, 1)))
    points = [np.repeat(m[np.newaxis], n, 0) for m, n in zip(middle, shares, strict=True)]
    return shuffled(rng, points, spread("cluster_std", cluster_std))


def two_gaussians(
    rng: np.random.Generator,
    n_samples: int = 1000,
    bayes_error: float = 0.1,
    n_features: int = 2,
) -> Drawn:
    """Two round clouds, as far apart as makes the least possible error the one that is asked for.

    Class 0, ⌊n/2⌋ points: N(−c, I), class 1, the others: N(c, I), where all d = `n_features`
    coordinates of c are Φ⁻¹(1 − bayes_error) / √d, bayes_error in (0, ½). X: (n, d), y: (n,).
    """
    half = -normal_quantile(between("bayes_error", bayes_error, 0, 0.5))
    d = whole("n_features", n_features, 1, 100_000)
    n = whole("n_samples", n_samples, 2)
    points = [np.full((m, d), s * half / sqrt(d)) for s, m in ((-1, n // 2), (1, n - n // 2))]
    return shuffled(rng, points, 1.0)


def imbalanced(
    rng: np.random.Generator, n_samples: int = 1000, share: float = 0.05, distance: float = 2.0
) -> Drawn:
    """A rare class beside a common one.

    Class 1, ⌈n share⌉ points: N((distance / 2, 0), I); class 0, the others:
    N((−distance / 2, 0), I); share in (0, ½]. X: (n, 2), y: (n,).
    """
    n, half = whole("n_samples", n_samples, 2), spread("distance", distance) / 2
    rare = _rare(n, share)
    points = [np.tile((s * half, 0.0), (m, 1)) for s, m in ((-1, n - rare), (1, rare))]
    return shuffled(rng, points, 1.0)


def outliers(
    rng: np.random.Generator, n_samples: int = 1000, share: float = 0.05, reach: float = 6.0
) -> Drawn:
    """A round cloud and a few points that lie anywhere.

    Class 1, ⌈n share⌉ points: uniform in [−reach, reach]²; class 0, the others: N(0, I); share
    in (0, ½]. X: (n, 2), y: (n,).
    """
    n, side = whole("n_samples", n_samples, 2), positive("reach", reach)
    rare = _rare(n, share)
    points = [rng.normal(size=(n - rare, 2)), rng.uniform(-side, side, (rare, 2))]
    return shuffled(rng, points, 0.0)


def pinwheel(
    rng: np.random.Generator,
    n_samples: int = 1000,
    arms: int = 5,
    radial: float = 0.3,
    tangential: float = 0.1,
    twist: float = 1.0,
) -> Drawn:
    """Long clouds around a centre, twisted like the arms of a whirl.

    Class k of `arms`: (1 + N(0, radial²), N(0, tangential²)), turned by 2π k / arms + twist · ρ
    where ρ is the point's distance from the centre; the first n mod `arms` classes have one
    point more. X: (n, 2), y: (n,).
    """
    k, sigma = whole("arms", arms, 2, 1000), positive("radial", radial)
    scale, bend = (sigma, positive("tangential", tangential)), real("twist", twist)
    points = []
    for arm, n in enumerate(sizes(n_samples, k)):
        z = np.array((1.0, 0.0)) + scale * rng.normal(size=(n, 2))
        angle = 2 * np.pi * arm / k + bend * np.hypot(z[:, 0], z[:, 1])
        points.append(_turned(z, angle))
    return shuffled(rng, points, 0.0)


def shells(rng: np.random.Generator, n_samples: int = 1000, n_classes: int = 3) -> Drawn:
    """One round cloud, cut into shells of equal probability.

    Points: N(0, I) of the plane; class: ⌊K (1 − exp(−ρ² / 2))⌋ for K = `n_classes` and ρ the
    distance from the centre, so that each class has probability 1 / K. X: (n, 2), y: (n,).
    """
    k = whole("n_classes", n_classes, 2, 1000)
    points = rng.normal(size=(whole("n_samples", n_samples, 2), 2))
    inside = -np.expm1(-0.5 * np.square(points).sum(axis=1))
    return single(points), np.minimum(np.floor(k * inside), k - 1).astype(np.int64)


def _rare(n: int, share: object) -> int:
    return min(ceil(n * between("share", share, 0, 0.5 + 1e-12)), n - 1)


def _turned(z: Floats, angle: Floats) -> Floats:
    cos, sin = np.cos(angle), np.sin(angle)
    return pairs(cos * z[:, 0] - sin * z[:, 1], sin * z[:, 0] + cos * z[:, 1])


def _best_two_gaussians(bayes_error: float) -> float:
    return 1 - between("bayes_error", bayes_error, 0, 0.5)


def _best_imbalanced(distance: float) -> float:
    """Φ(distance / √2): how often a rare row lies further along than a common one."""
    return normal_cdf(spread("distance", distance) / sqrt(2))


def _best_outliers(share: float, reach: float) -> float:
    """∫ max((1 − share) φ, share u): a disc around the centre is called common."""
    rare, side = between("share", share, 0, 0.5 + 1e-12), positive("reach", reach)
    out = rare / (4 * side * side)

    def densities(x: Floats, y: Floats) -> Iterable[Floats]:
        yield (1 - rare) / (2 * pi) * np.exp(-0.5 * (x * x + y * y))
        yield np.full_like(x, out)

    beyond = (1 - rare) * (1 - (2 * normal_cdf(side) - 1) ** 2)
    if side <= 20:
        return accuracy_on_plane(densities, side) + beyond
    squared = 2 * log((1 - rare) * 4 * side * side / (rare * 2 * pi))  # of the disc's radius
    kept = (1 - rare) * (1 - exp(-squared / 2))
    return kept + rare * (1 - pi * squared / (4 * side * side))


def _best_pinwheel(arms: int, radial: float, tangential: float) -> float:
    """How often a point of an arm is likeliest to be of that arm.

    The twist keeps every distance from the centre, so the accuracy is that without it.
    """
    k = whole("arms", arms, 2, 1000)
    sigma, tau = positive("radial", radial), positive("tangential", tangential)

    def of_its_arm(x: Floats, y: Floats) -> Iterable[Floats]:
        u, v = 1 + sigma * x, tau * y
        wins = np.ones(x.shape, dtype=bool)
        for arm in range(1, k):
            z = _turned(pairs(u.ravel(), v.ravel()), np.array(-2 * pi * arm / k))
            far = ((z[:, 0] - 1) / sigma) ** 2 + (z[:, 1] / tau) ** 2
            wins &= x * x + y * y <= far.reshape(x.shape)
        yield np.where(wins, np.exp(-0.5 * (x * x + y * y)) / (2 * pi), 0.0)

    return accuracy_on_plane(of_its_arm, REACH)


_PLANE = numbers("x1", "x2")

CLUSTERS = (
    record(
        blobs,
        "Gaussian blobs",
        "Round clouds around three random centres.",
        features=_PLANE,
        target=classes(3),
        task="multiclass",
        use_cases=("a first classifier of several classes", "clustering"),
    ),
    record(
        two_gaussians,
        "Two Gaussians at a chosen error",
        "Two round clouds as far apart as makes the least possible error one in ten.",
        features=_PLANE,
        target=classes(2),
        task="binary",
        use_cases=("a known limit of accuracy", "a linear classifier"),
        score=("accuracy", _best_two_gaussians),
        aliases=("gaussians",),
    ),
    record(
        imbalanced,
        "A rare class",
        "Two round clouds, one with a twentieth of the points.",
        features=_PLANE,
        target=classes(2),
        task="binary",
        use_cases=("rare classes", "why accuracy misleads"),
        score=("roc_auc", _best_imbalanced),
    ),
    record(
        outliers,
        "Outliers",
        "A round cloud, and one point in twenty that lies anywhere.",
        features=_PLANE,
        target=classes(2),
        task="binary",
        use_cases=("finding anomalies", "rare classes"),
        score=("accuracy", _best_outliers),
    ),
    record(
        pinwheel,
        "Pinwheel",
        "Five long clouds around a centre, twisted like a whirl.",
        features=_PLANE,
        target=classes(5),
        task="multiclass",
        use_cases=("clusters that are not round", "density estimation"),
        difficulty=2,
        score=("accuracy", _best_pinwheel),
    ),
    record(
        shells,
        "Shells of a cloud",
        "One round cloud cut into three shells of equal probability.",
        features=_PLANE,
        target=classes(3),
        task="multiclass",
        use_cases=("the radius as a feature",),
        score=("accuracy", certain),
        aliases=("gaussian_quantiles",),
    ),
)
