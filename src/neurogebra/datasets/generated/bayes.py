"""The best score that any rule can have, from the law that the rows are drawn from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import erf, exp, pi, sqrt
from statistics import NormalDist

import numpy as np

from neurogebra.datasets.generated.options import between, spread
from neurogebra.datasets.generated.recipe import Floats

GRID = 800  # midpoints along an axis of the plane
FINEST = 350  # parts of the extent that are still told apart
PER_SIGMA = 6  # grid lines of a normal density in each of its standard deviations
REACH = 6.0  # standard deviations beyond which a normal density counts as 0


def normal_cdf(x: float) -> float:
    """Φ(x)."""
    return 0.5 * (1 + erf(x / sqrt(2)))


def normal_pdf(x: float) -> float:
    """φ(x)."""
    return exp(-0.5 * x * x) / sqrt(2 * pi)


def normal_quantile(p: float) -> float:
    """Φ⁻¹(p)."""
    return NormalDist().inv_cdf(p)


def noise_variance(noise: float) -> float:
    """The error of who knows the curve: noise²."""
    return spread("noise", noise) ** 2


def unflipped(flip: float) -> float:
    """The accuracy of who knows the labels before some are turned round: 1 − flip."""
    return 1 - between("flip", flip, 0, 0.5, closed=True)


def certain() -> float:
    """1: the row determines its label."""
    return 1.0


def accuracy_of_noisy_points(points: Sequence[Floats], noise: float) -> float:
    """The Bayes accuracy for classes of equal weight: points with N(0, noise²) in each coordinate.

    points: for each class (m, 2), which stand for its law before the noise. Each class's density
    is summed on a grid; noise below a 350th of the extent counts as that, so the score is then
    a lower bound, and 1 without noise.
    """
    sigma = spread("noise", noise)
    if sigma == 0:
        return 1.0
    everything = np.concatenate(points)
    low, high = everything.min(0), everything.max(0)
    sigma = max(sigma, float((high - low).max()) / FINEST)
    reach, step = REACH * sigma, sigma / PER_SIGMA
    axes = [np.arange(a - reach, b + reach, step) for a, b in zip(low, high, strict=True)]
    highest = np.zeros([len(a) for a in axes])
    for cloud in points:
        bells = [_bells(cloud[:, i], axes[i], sigma) for i in (0, 1)]
        np.maximum(highest, bells[0].T @ bells[1] / len(cloud), out=highest)
    return min(1.0, float(highest.sum()) * step**2 / len(points))


def accuracy_on_plane(
    densities: Callable[[Floats, Floats], Iterable[Floats]], reach: float
) -> float:
    """∫ of the highest of some weighted densities over [−reach, reach]², by the midpoint rule.

    densities: called with x and y of the (n, n) midpoints, it returns one (n, n) for each class.
    """
    step = 2 * reach / GRID
    axis = step * (np.arange(GRID) + 0.5) - reach
    x, y = np.meshgrid(axis, axis, indexing="ij")
    highest = np.zeros_like(x)
    for density in densities(x, y):
        np.maximum(highest, density, out=highest)
    return min(1.0, float(highest.sum()) * step * step)


def parity_margin(cells: int, noise: float) -> float:
    """E|2p − 1| for p = P(x lies in an even cell | x + e), e N(0, noise²).

    x: uniform over `cells` cells of width 1 in a row. The accuracy for the parity of two such
    coordinates is (1 + margin²) / 2, because 2P − 1 of their sum is the product of theirs.
    """
    sigma = spread("noise", noise)
    if sigma < 0.5 / REACH:  # the edges are far apart, and each costs 4σ φ(0)
        return 1 - 4 * sigma * normal_pdf(0) * (cells - 1) / cells
    step = sigma / 16
    z = np.arange(-REACH * sigma, cells + REACH * sigma, step)
    below = [_cdf((z - edge) / sigma) for edge in range(cells + 1)]
    signed = [(-1) ** k * (below[k] - below[k + 1]) for k in range(cells)]
    return float(np.abs(np.sum(signed, axis=0)).sum() * step / cells)


def unit_square() -> Floats:
    """Points in equal steps over [0, 1]², twelve by 120: (1440, 2)."""
    u, v = np.meshgrid((np.arange(12) + 0.5) / 12, (np.arange(120) + 0.5) / 120)
    return np.stack([u.ravel(), v.ravel()], axis=1)


def _bells(centers: Floats, axis: Floats, sigma: float) -> Floats:
    z = (axis[np.newaxis] - centers[:, np.newaxis]) / sigma
    return np.asarray(np.exp(-0.5 * z * z) / (sigma * sqrt(2 * pi)))


def _cdf(x: Floats) -> Floats:
    return np.asarray(0.5 * (1 + np.vectorize(erf, otypes=[np.float64])(x / sqrt(2))))
