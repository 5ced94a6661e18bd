"""Classes that lie along curves and rings, blurred by normal noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neurogebra.datasets.generated.bayes import accuracy_of_noisy_points, unit_square
from neurogebra.datasets.generated.options import between, real, whole
from neurogebra.datasets.generated.recipe import (
    Drawn,
    Floats,
    classes,
    numbers,
    pairs,
    polar,
    record,
    shuffled,
    sizes,
)

FINE = 800  # points that stand for a whole curve where its Bayes accuracy is computed


def moons(rng: np.random.Generator, n_samples: int = 1000, noise: float = 0.2) -> Drawn:
    """Two interleaving half circles.

    Class 0, ⌊n/2⌋ points: (cos t, sin t); class 1, the others: (1 − cos t, ½ − sin t), t in
    equal steps over [0, π]. Each coordinate gets N(0, noise²). X: (n, 2), y: (n,).
    """
    return shuffled(rng, _moons(_halves(n_samples)), noise)


def circles(
    rng: np.random.Generator, n_samples: int = 1000, noise: float = 0.05, factor: float = 0.5
) -> Drawn:
    """A circle inside another.

    Class 0, ⌊n/2⌋ points: radius 1; class 1, the others: radius `factor`, both at equal angles.
    Each coordinate gets N(0, noise²). X: (n, 2), y: (n,).
    """
    inner = between("factor", factor, 0, 1)
    return shuffled(rng, _rings((1.0, inner), _halves(n_samples)), noise)


def rings(
    rng: np.random.Generator, n_samples: int = 1000, noise: float = 0.05, n_rings: int = 3
) -> Drawn:
    """Rings around one centre, each a class.

    Class k of K = `n_rings`: radius (k + 1) / K at equal angles; the first n mod K classes have
    one point more. Each coordinate gets N(0, noise²). X: (n, 2), y: (n,).
    """
    radii = _radii(n_rings)
    return shuffled(rng, _rings(radii, sizes(n_samples, len(radii))), noise)


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
    k = whole("arms", arms, 2, 1000)
    return shuffled(rng, _spirals(sizes(n_samples, k), real("turns", turns)), noise)


def clusters_in_clusters(
    rng: np.random.Generator, n_samples: int = 1000, noise: float = 0.2
) -> Drawn:
    """A round cloud inside a ring.

    Class 0, ⌊n/2⌋ points: the origin; class 1, the others: radius 1 at equal angles. Each
    coordinate gets N(0, noise²). X: (n, 2), y: (n,).
    """
    return shuffled(rng, _rings((0.0, 1.0), _halves(n_samples)), noise)


def half_kernel(rng: np.random.Generator, n_samples: int = 1000, noise: float = 0.05) -> Drawn:
    """Two half rings, one inside the other.

    Angle: uniform in [0, π]; radius: class 0, ⌊n/2⌋ points, uniform in [0.4, 0.6], class 1, the
    others, in [0.8, 1]. Each coordinate gets N(0, noise²). X: (n, 2), y: (n,).
    """
    cells = [rng.random((n, 2)) for n in _halves(n_samples)]
    return shuffled(rng, _half_kernel(cells), noise)


def crescent(rng: np.random.Generator, n_samples: int = 1000, noise: float = 0.05) -> Drawn:
    """A full moon above a crescent.

    Class 0, ⌊n/2⌋ points: uniform in the disc of radius 0.45 around (0, 0.1). Class 1, the
    others: angle a uniform in [π, 2π], radius uniform between 1 − 0.3 |sin a| and 1. Each
    coordinate gets N(0, noise²). X: (n, 2), y: (n,).
    """
    cells = [rng.random((n, 2)) for n in _halves(n_samples)]
    return shuffled(rng, _crescent(cells), noise)


def _halves(n_samples: object) -> list[int]:
    n = whole("n_samples", n_samples, 2)
    return [n // 2, n - n // 2]


def _radii(n_rings: object) -> list[float]:
    k = whole("n_rings", n_rings, 2, 1000)
    return [(i + 1) / k for i in range(k)]


def _moons(counts: Sequence[int]) -> list[Floats]:
    t, s = (np.linspace(0, np.pi, n) for n in counts)
    return [pairs(np.cos(t), np.sin(t)), pairs(1 - np.cos(s), 0.5 - np.sin(s))]


def _rings(radii: Sequence[float], counts: Sequence[int]) -> list[Floats]:
    angles = [np.linspace(0, 2 * np.pi, n, endpoint=False) for n in counts]
    return [r * polar(1.0, a) for r, a in zip(radii, angles, strict=True)]


def _spirals(counts: Sequence[int], turns: float) -> list[Floats]:
    points = []
    for arm, n in enumerate(counts):
        r = np.linspace(0, 1, n + 1)[1:]
        points.append(polar(r, 2 * np.pi * (turns * r + arm / len(counts))))
    return points


def _half_kernel(cells: Sequence[Floats]) -> list[Floats]:
    return [
        polar(inner + 0.2 * u[:, 0], np.pi * u[:, 1])
        for inner, u in zip((0.4, 0.8), cells, strict=True)
    ]


def _crescent(cells: Sequence[Floats]) -> list[Floats]:
    disc, bow = cells
    moon = polar(0.45 * np.sqrt(disc[:, 0]), 2 * np.pi * disc[:, 1]) + np.array((0, 0.1))
    angle = np.pi * (1 + bow[:, 1])
    return [moon, polar(1 - 0.3 * np.abs(np.sin(angle)) * bow[:, 0], angle)]


def _best_moons(noise: float) -> float:
    return accuracy_of_noisy_points(_moons((FINE, FINE)), noise)


def _best_circles(noise: float, factor: float) -> float:
    radii = (1.0, between("factor", factor, 0, 1))
    return accuracy_of_noisy_points(_rings(radii, (FINE, FINE)), noise)


def _best_rings(noise: float, n_rings: int) -> float:
    radii = _radii(n_rings)
    return accuracy_of_noisy_points(_rings(radii, [FINE] * len(radii)), noise)


def _best_spirals(noise: float, arms: int, turns: float) -> float:
    counts = [FINE] * whole("arms", arms, 2, 1000)
    return accuracy_of_noisy_points(_spirals(counts, real("turns", turns)), noise)


def _best_clusters_in_clusters(noise: float) -> float:
    return accuracy_of_noisy_points(_rings((0.0, 1.0), (1, FINE)), noise)


def _best_half_kernel(noise: float) -> float:
    return accuracy_of_noisy_points(_half_kernel([unit_square()] * 2), noise)


def _best_crescent(noise: float) -> float:
    return accuracy_of_noisy_points(_crescent([unit_square()] * 2), noise)


_PLANE = numbers("x1", "x2")

CURVES = (
    record(
        moons,
        "Two moons",
        "Two interleaving half circles with noise.",
        features=_PLANE,
        target=classes(2),
        task="binary",
        use_cases=("a curved decision boundary",),
        score=("accuracy", _best_moons),
        aliases=("two_moons",),
    ),
    record(
        circles,
        "Two circles",
        "A circle inside another, with noise.",
        features=_PLANE,
        target=classes(2),
        task="binary",
        use_cases=("what no straight line separates",),
        score=("accuracy", _best_circles),
    ),
    record(
        rings,
        "Concentric rings",
        "Three rings around one centre, with noise.",
        features=_PLANE,
        target=classes(3),
        task="multiclass",
        use_cases=("several classes that no lines separate", "the radius as a feature"),
        score=("accuracy", _best_rings),
    ),
    record(
        spirals,
        "Spirals",
        "Two arms that wind around one another.",
        features=_PLANE,
        target=classes(2),
        task="binary",
        use_cases=("depth and width", "a hard decision boundary"),
        difficulty=2,
        score=("accuracy", _best_spirals),
        aliases=("spiral",),
    ),
    record(
        clusters_in_clusters,
        "A cluster in a cluster",
        "A round cloud inside a ring, both blurred.",
        features=_PLANE,
        target=classes(2),
        task="binary",
        use_cases=("kernels and hidden layers", "clusters that are not round"),
        score=("accuracy", _best_clusters_in_clusters),
        aliases=("cluster_in_cluster",),
    ),
    record(
        half_kernel,
        "Half kernel",
        "Two half rings of some width, one inside the other.",
        features=_PLANE,
        target=classes(2),
        task="binary",
        use_cases=("a bent decision boundary", "clusters that are not round"),
        score=("accuracy", _best_half_kernel),
    ),
    record(
        crescent,
        "Crescent and full moon",
        "A disc above a crescent that grows thin at its tips.",
        features=_PLANE,
        target=classes(2),
        task="binary",
        use_cases=("classes of different density",),
        score=("accuracy", _best_crescent),
    ),
)
