"""The best score that any rule can have, from the law that the rows are drawn from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import erf, exp, pi, sqrt
from statistics import NormalDist

import numpy as np

from neurogebra.datasets.generated.options import between, spread
from neurogebra.datasets.generated.recipe import Floats

FINEST = 500  # parts of the extent that are still told apart
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
    is summed on a grid; noise below a 500th of the extent counts as that, so the score is then
    a lower bound, and 1 without noise.
    """
    sigma = spread("noise", noise)
    if sigma == 0:
        return 1.0
    everything = np.concatenate(points)
    low, high = everything.min(0), everything.max(0)
    sigma = max(sigma, float((high - low).max()) / FINEST)
    axes = [_axis(a - REACH * sigma, b + REACH * sigma, sigma / 4) for a, b in zip(low, high)]  # noqa: B905
    highest = np.zeros([len(a) for a in axes])
    for cloud in points:
        bells = [_bells(cloud[:, i], axes[i], sigma) for i in (0, 1)]
        np.maximum(highest, bells[0].T @ bells[1] / len(cloud), out=highest)
    return min(1.0, float(highest.sum()) * (sigma / 4) ** 2 / len(points))


def accuracy_on_plane(densities: Callable[[Floats, Floats], Floats], reach: float) -> float:
    """∫ max over the weighted densities (classes, n, n) on [−reach, reach]², by the midpoint rule."""
    step = 2 * reach / 800
    axis = np.arange(-reach + step / 2, reach, step)
    x, y = np.meshgrid(axis, axis, indexing="ij")
    return min(1.0, float(densities(x, y).max(0).sum()) * step * step)


def parity_margin(edges: Floats, noise: float) -> float:
    """E|2p − 1| for p = P(even cell | x + e): x uniform over cells between `edges`, e N(0, noise²).

    The accuracy for the parity of two such coordinates is (1 + margin²) / 2.
    """
    sigma = spread("noise", noise)
    if sigma == 0:
        return 1.0
    reach = REACH * sigma
    cells = len(edges) - 1
    step = min(sigma / 8, (edges[-1] - edges[0]) / cells / 64)
    n = min(200_000, int((edges[-1] - edges[0] + 2 * reach) / step) + 1)
    z = np.linspace(edges[0] - reach, edges[-1] + reach, n)
    to_edges = [_cdf((z - edge) / sigma) for edge in edges]
    signed = [(-1) ** k * (to_edges[k] - to_edges[k + 1]) for k in range(cells)]
    return float(np.abs(np.sum(signed, axis=0)).sum() * (z[1] - z[0]) / (edges[-1] - edges[0]))


def _axis(low: float, high: float, step: float) -> Floats:
    return np.arange(low, high + step, step)


def _bells(centers: Floats, axis: Floats, sigma: float) -> Floats:
    z = (axis[np.newaxis] - centers[:, np.newaxis]) / sigma
    return np.asarray(np.exp(-0.5 * z * z) / (sigma * sqrt(2 * pi)))


def _cdf(x: Floats) -> Floats:
    return np.asarray(0.5 * (1 + np.vectorize(erf, otypes=[np.float64])(x / sqrt(2))))
