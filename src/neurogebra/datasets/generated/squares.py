"""Classes by where a point of a square or a corner of a cube lies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neurogebra.datasets.generated.bayes import (
    accuracy_of_noisy_points,
    normal_cdf,
    parity_margin,
    unflipped,
    unit_square,
)
from neurogebra.datasets.generated.options import between, positive, real, spread, whole
from neurogebra.datasets.generated.recipe import (
    Drawn,
    Floats,
    classes,
    flipped,
    numbers,
    pairs,
    record,
    shuffled,
    single,
    sizes,
)

GAP, WIDTH = 0.25, 0.25  # of `corners`: from the axes to an L, and its strokes


def xor(rng: np.random.Generator, n_samples: int = 1000, noise: float = 0.1) -> Drawn:
    """Four quadrants, equal across and different beside.

    Points: uniform in [−1, 1]²; class 1 where exactly one coordinate is positive; after that
    each coordinate gets N(0, noise²). X: (n, 2), y: (n,).
    """
    points = rng.uniform(-1, 1, (whole("n_samples", n_samples, 2), 2))
    y = (points[:, 0] > 0) ^ (points[:, 1] > 0)
    points += rng.normal(0, spread("noise", noise), points.shape)
    return single(points), y.astype(np.int64)


def checkerboard(
    rng: np.random.Generator, n_samples: int = 1000, noise: float = 0.0, squares: int = 4
) -> Drawn:
    """The fields of a board.

    Points: uniform in [0, squares]²; class: (⌊x1⌋ + ⌊x2⌋) mod 2; after that each coordinate gets
    N(0, noise²). X: (n, 2), y: (n,).
    """
    side = whole("squares", squares, 2, 100)
    points = rng.uniform(0, side, (whole("n_samples", n_samples, 2), 2))
    y = np.floor(points).sum(axis=1) % 2
    points += rng.normal(0, spread("noise", noise), points.shape)
    return single(points), y.astype(np.int64)


def corners(rng: np.random.Generator, n_samples: int = 1000, noise: float = 0.05) -> Drawn:
    """Four angles that turn their elbows to the centre.

    Class k of 4: uniform in an L with two strokes of length 1 and width ¼, its elbow ¼ from
    both axes, turned by k quarter turns; the first n mod 4 classes have one point more. Each
    coordinate gets N(0, noise²). X: (n, 2), y: (n,).
    """
    cells = [rng.random((n, 2)) for n in sizes(n_samples, 4)]
    return shuffled(rng, _corners(cells), noise)


def wave_boundary(
    rng: np.random.Generator,
    n_samples: int = 1000,
    amplitude: float = 0.5,
    waves: float = 2.0,
    flip: float = 0.05,
) -> Drawn:
    """Two sides of a sine wave, some labels turned round.

    Points: uniform in [−1, 1]²; class 1 where x2 > amplitude · sin(π waves x1); each label is
    turned round with probability `flip` ≤ ½. X: (n, 2), y: (n,).
    """
    height, frequency = real("amplitude", amplitude), real("waves", waves)
    chance = between("flip", flip, 0, 0.5, closed=True)
    points = rng.uniform(-1, 1, (whole("n_samples", n_samples, 2), 2))
    above = points[:, 1] > height * np.sin(np.pi * frequency * points[:, 0])
    return single(points), flipped(rng, above, chance)


def parity(
    rng: np.random.Generator,
    n_samples: int = 1000,
    bits: int = 8,
    relevant: int = 3,
    flip: float = 0.0,
) -> Drawn:
    """Whether the number of ones among some bits is odd.

    X: `bits` independent fair bits, 0 or 1; y: the sum of the first `relevant` ones mod 2, then
    turned round with probability `flip` ≤ ½. X: (n, bits), y: (n,).
    """
    width = whole("bits", bits, 1, 10_000)
    chance = between("flip", flip, 0, 0.5, closed=True)
    used = whole("relevant", relevant, 1, width)
    X = rng.integers(0, 2, (whole("n_samples", n_samples, 2), width))
    return X.astype(np.float32), flipped(rng, X[:, :used].sum(axis=1) % 2, chance)


def hypercube(
    rng: np.random.Generator, n_samples: int = 1000, noise: float = 0.5, dimensions: int = 3
) -> Drawn:
    """A cloud at every corner of a cube, each a class.

    Class k of 2^dimensions: the corner whose coordinate i is +1 where bit i of k is set, else
    −1; the first classes have one point more where n does not divide. Each coordinate gets
    N(0, noise²). X: (n, dimensions), y: (n,).
    """
    d = whole("dimensions", dimensions, 1, 16)
    bits = (np.arange(2**d)[:, np.newaxis] >> np.arange(d)) & 1
    counts = sizes(n_samples, 2**d)
    points = [np.repeat(2.0 * b[np.newaxis] - 1, n, 0) for b, n in zip(bits, counts, strict=True)]
    return shuffled(rng, points, noise)


def stripes(
    rng: np.random.Generator, n_samples: int = 1000, period: float = 0.5, flip: float = 0.0
) -> Drawn:
    """Diagonal bands of two classes.

    Points: uniform in [−1, 1]²; class: ⌊(x1 + x2) / period⌋ mod 2, then turned round with
    probability `flip` ≤ ½. X: (n, 2), y: (n,).
    """
    width, chance = positive("period", period), between("flip", flip, 0, 0.5, closed=True)
    points = rng.uniform(-1, 1, (whole("n_samples", n_samples, 2), 2))
    return single(points), flipped(rng, np.floor(points.sum(axis=1) / width) % 2, chance)


def _corners(cells: Sequence[Floats]) -> list[Floats]:
    points = []
    for k, u in enumerate(cells):
        along = u[:, 0] * (2 - WIDTH)
        first = along < 1
        x = GAP + np.where(first, along, WIDTH * u[:, 1])
        y = GAP + np.where(first, WIDTH * u[:, 1], along - 1 + WIDTH)
        for _ in range(k):
            x, y = -y, x
        points.append(pairs(x, y))
    return points


def _best_xor(noise: float) -> float:
    return (1 + parity_margin(2, noise) ** 2) / 2


def _best_checkerboard(noise: float, squares: int) -> float:
    return (1 + parity_margin(whole("squares", squares, 2, 100), noise) ** 2) / 2


def _best_corners(noise: float) -> float:
    along_first = unit_square()[:, ::-1]
    return accuracy_of_noisy_points(_corners([along_first] * 4), noise)


def _best_hypercube(noise: float, dimensions: int) -> float:
    """Every coordinate must keep its sign: Φ(1 / noise)^dimensions."""
    sigma, d = spread("noise", noise), whole("dimensions", dimensions, 1, 16)
    return normal_cdf(1 / sigma) ** d if sigma else 1.0


_PLANE = numbers("x1", "x2")

SQUARES = (
    record(
        xor,
        "Exclusive or",
        "Four quadrants, equal across and different beside.",
        features=_PLANE,
        target=classes(2),
        task="binary",
        use_cases=("why a hidden layer is needed",),
        score=("accuracy", _best_xor),
    ),
    record(
        checkerboard,
        "Checkerboard",
        "Four by four fields of two classes.",
        features=_PLANE,
        target=classes(2),
        task="binary",
        use_cases=("a decision boundary of many pieces", "trees against networks"),
        difficulty=2,
        score=("accuracy", _best_checkerboard),
    ),
    record(
        corners,
        "Corners",
        "Four angles that turn their elbows to the centre.",
        features=_PLANE,
        target=classes(4),
        task="multiclass",
        use_cases=("several classes", "clusters that are not round"),
        score=("accuracy", _best_corners),
    ),
    record(
        wave_boundary,
        "A wave between two classes",
        "Two sides of a sine wave, one label in twenty turned round.",
        features=_PLANE,
        target=classes(2),
        task="binary",
        use_cases=("wrong labels", "overfitting"),
        score=("accuracy", unflipped),
    ),
    record(
        parity,
        "Parity",
        "Eight bits; whether the first three hold an odd number of ones.",
        features=numbers(*(f"bit{i + 1}" for i in range(8))),
        target=classes(2),
        task="binary",
        use_cases=("what no single input tells", "inputs that say nothing"),
        difficulty=3,
        score=("accuracy", unflipped),
    ),
    record(
        hypercube,
        "Corners of a cube",
        "A round cloud at each of the eight corners of a cube.",
        features=numbers("x1", "x2", "x3"),
        target=classes(8),
        task="multiclass",
        use_cases=("many classes", "a known limit of accuracy"),
        score=("accuracy", _best_hypercube),
    ),
    record(
        stripes,
        "Stripes",
        "Diagonal bands of two classes.",
        features=_PLANE,
        target=classes(2),
        task="binary",
        use_cases=("a feature that lies across the axes",),
        difficulty=2,
        score=("accuracy", unflipped),
    ),
)
