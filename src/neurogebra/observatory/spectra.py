"""The spectrum of a weight matrix: how heavy its tail is, and what single weights put into it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from neurogebra.errors import BadValue
from neurogebra.observatory.events import Alert, SpectrumSeen
from neurogebra.observatory.rules import RULES, Context, Thresholds, examine

LEAST_SIDE, MOST_SIDE = 32, 2048
"""The shorter side of a matrix that is looked at: fewer eigenvalues have no tail to speak of."""

LEAST_TAIL = 10
"""The fewest values that make a tail."""

CANDIDATES = 256
"""The most places at which a tail is tried to begin."""

BEYOND = 4.0
"""How far beyond the edge of chance an eigenvalue stands out, in Tracy–Widom units.

Of pure chance the largest one gets there in less than one matrix of a thousand.
"""

Reals = npt.NDArray[np.float64]


class Tail(NamedTuple):
    """A power law p(x) ∝ x^−alpha from `least` on: error of alpha, KS distance, values in it."""

    alpha: float
    error: float
    distance: float
    least: float
    size: int


def spectra(weights: Mapping[str, npt.NDArray[Any]]) -> Iterator[SpectrumSeen]:
    """Yield the spectrum of each weight matrix, by the names "layer.parameter".

    A kernel of more than two axes counts as a matrix from all but its last axis to the last.
    Matrices with a side under LEAST_SIDE or both over MOST_SIDE, and such with a weight that is
    not finite, are passed over.
    """
    for name, array in weights.items():
        if array.ndim < 2 or not np.isfinite(array).all():
            continue
        matrix = np.asarray(array, np.float64).reshape(-1, array.shape[-1])
        values = eigenvalues(matrix) if LEAST_SIDE <= min(matrix.shape) <= MOST_SIDE else _NONE
        if np.count_nonzero(values > 0) < LEAST_SIDE:
            continue
        layer, _, param = name.rpartition(".")
        tail = tail_of(values[values > 0])
        yield SpectrumSeen(
            layer=layer,
            param=param,
            shape=array.shape,
            alpha=tail.alpha,
            error=tail.error,
            distance=tail.distance,
            tail=tail.size,
            spikes=spikes(matrix),
            traps=traps(matrix),
        )


def advice(
    weights: Mapping[str, npt.NDArray[Any]], thresholds: Thresholds | None = None
) -> tuple[Alert, ...]:
    """Return what the rules have to say of the spectra of these weights."""
    rules = tuple(r for r in RULES.values() if SpectrumSeen in r.on)
    context, t = Context(), thresholds or Thresholds()
    return tuple(a for e in spectra(weights) for a in examine(e, context, rules, t))


def eigenvalues(matrix: Reals) -> Reals:
    """Return those of WᵀW / n, n the longer side of W, the smallest first; rounding below 0 is 0.

    What lies below the rounding of the largest one counts as 0.
    """
    tall = matrix if matrix.shape[0] >= matrix.shape[1] else matrix.T
    found = np.linalg.eigvalsh(tall.T @ tall / len(tall))
    return np.where(found > found[-1] * len(found) * np.finfo(np.float64).eps, found, 0.0)


def tail_of(values: npt.ArrayLike) -> Tail:
    """Fit a power law to the largest of some positive values.

    The exponent is the likeliest one, 1 + n / Σ ln(x / x_min), its error (alpha − 1) / √n; the
    tail begins where the law is nearest to the values, by the largest difference of the two
    distribution functions [A. Clauset, C. R. Shalizi, M. E. J. Newman, Power-Law Distributions
    in Empirical Data, SIAM Review 51(4), 2009, sections 3.1 and 3.3]. Raises BadValue for
    fewer than LEAST_TAIL + 1 values, or one that is not above 0.
    """
    x = np.sort(np.asarray(values, np.float64).ravel())
    if x.size <= LEAST_TAIL or not x[0] > 0 or not np.isfinite(x[-1]):
        raise BadValue("values", f"more than {LEAST_TAIL} finite numbers above 0", x.size)
    logs = np.log(x)
    sums = np.cumsum(logs[::-1])[::-1]
    starts = np.unique(np.linspace(0, x.size - LEAST_TAIL, CANDIDATES).astype(int))
    best: Tail | None = None
    for i in starts:
        n = x.size - i
        excess = sums[i] - n * logs[i]
        if not excess > 0:
            continue
        alpha = 1 + n / excess
        law = -np.expm1((1 - alpha) * (logs[i:] - logs[i]))
        steps = np.arange(n + 1) / n
        distance = float(max(np.abs(law - steps[:-1]).max(), np.abs(steps[1:] - law).max()))
        if best is None or distance < best.distance:
            error = float((alpha - 1) / np.sqrt(n))
            best = Tail(float(alpha), error, distance, float(x[i]), int(n))
    if best is None:
        raise BadValue("values", "numbers that differ", float(x[-1]))
    return best


def traps(matrix: Reals, seed: int = 0) -> int:
    """Return how many eigenvalues are too large for chance once the elements are shuffled.

    What is shuffled has no structure left, so that they come of single very large elements.
    """
    mixed = np.random.default_rng(seed).permutation(matrix.ravel())
    return spikes(mixed.reshape(matrix.shape))


def spikes(matrix: Reals) -> int:
    """Return how many eigenvalues are too large for elements that are chance.

    They lie beyond the edge of Marchenko and Pastur's law, σ² (√n + √m)², of the elements about
    their mean, by more than the largest eigenvalue of chance varies [I. M. Johnstone, On the
    Distribution of the Largest Eigenvalue in Principal Components Analysis, Annals of
    Statistics 29(2), 2001].
    """
    x = matrix - matrix.mean()
    n, m = np.sqrt(max(x.shape)), np.sqrt(min(x.shape))
    edge, unit = (n + m) ** 2, (n + m) * (1 / n + 1 / m) ** (1 / 3)
    limit = float(np.mean(x * x)) * (edge + BEYOND * unit)
    return int(np.count_nonzero(eigenvalues(x) * max(x.shape) > limit))


_NONE = np.zeros(0)
