"""Metrics of numbers: errors, relative errors, shares of the variance.

Equal to scikit-learn's; several outputs count alike (its "uniform_average"). Of classes they
take the labels as 0 and 1 and the answers as chances.
"""

from __future__ import annotations

import numpy as np

from neurogebra.losses.answers import Answers, numbers
from neurogebra.losses.metric import Metric, mean
from neurogebra.losses.tally import Tally

EPS = np.finfo(np.float64).eps


def _errors(a: Answers) -> np.ndarray:
    return np.asarray(a.y - numbers(a))


def _absolute(a: Answers) -> np.ndarray:
    """Return [Σ |e|, how many]."""
    e = _errors(a)
    return np.array((np.abs(e).sum(dtype=np.float64), e.size))


def _squares(a: Answers) -> np.ndarray:
    """Return [rows, Σ e² of each unit]."""
    e = _errors(a)
    return np.array((len(e), *np.square(e).sum(0, dtype=np.float64)))


def _logs(a: Answers) -> np.ndarray:
    """Return [rows, Σ squared difference of log(1 + ·) of each unit]."""
    y, p = a.y.astype(np.float64), numbers(a).astype(np.float64)
    return np.array((len(y), *np.square(np.log1p(y) - np.log1p(p)).sum(0)))


def _relative(a: Answers) -> np.ndarray:
    """Return [Σ |e| / |y|, how many], y held off 0."""
    y, e = a.y.astype(np.float64), _errors(a)
    return np.array(((np.abs(e) / np.maximum(np.abs(y), EPS)).sum(), e.size))


def _symmetric(a: Answers) -> np.ndarray:
    """Return [Σ 2 |e| / (|y| + |answer|), how many]; 0 where both are 0."""
    y, p = a.y.astype(np.float64), numbers(a).astype(np.float64)
    size = np.abs(y) + np.abs(p)
    share = 2 * np.abs(y - p) / np.where(size > 0, size, 1.0)
    return np.array((share.sum(), share.size))


def _moments(a: Answers) -> np.ndarray:
    """Return (9, units): rows, means of y, answer, error, sums of squares about them, Σ e²."""
    y, p = a.y.astype(np.float64), numbers(a).astype(np.float64)
    e = y - p
    means = [part.mean(0) for part in (y, p, e)]
    dy, dp, de = (part - m for part, m in zip((y, p, e), means, strict=True))
    rows = np.full(y.shape[-1], float(len(y)))
    sums = ((dy * dy).sum(0), (dp * dp).sum(0), (de * de).sum(0), (dy * dp).sum(0))
    return np.stack((rows, *means, *sums, (e * e).sum(0)))


def _join_moments(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the moments of both [Chan, Golub & LeVeque 1983]: no large numbers cancel."""
    n = a[0] + b[0]
    gap = b[1:4] - a[1:4]
    share = a[0] * b[0] / n
    more = np.stack((*(share * gap * gap), share * gap[0] * gap[1]))
    return np.stack((n, *(a[1:4] + gap * b[0] / n), *(a[4:8] + b[4:8] + more), a[8] + b[8]))


ABSOLUTE = Tally("absolute", _absolute, light=True)
SQUARES = Tally("squares", _squares, light=True)
LOGS = Tally("logs", _logs, light=True)
RELATIVE = Tally("relative", _relative, light=True)
SYMMETRIC = Tally("symmetric", _symmetric, light=True)
MOMENTS = Tally("moments", _moments, _join_moments)
LARGEST = Tally("largest", lambda a: np.abs(_errors(a)).max(keepdims=True), np.maximum, light=True)
EVERY = Tally("every", lambda a: np.abs(_errors(a)).astype(np.float64), keeps=True)


def _mean_square(state: np.ndarray) -> float:
    return float(state[1:].mean() / state[0])


def _root(state: np.ndarray) -> float:
    """Return the mean over units of the root of their mean square."""
    return float(np.sqrt(state[1:] / state[0]).mean())


def _of_variance(rest: np.ndarray, all_of_it: np.ndarray) -> float:
    """Return the mean of 1 − rest / all; nothing to explain is 1 if nothing is left, else 0."""
    plain = 1 - rest / np.where(all_of_it > 0, all_of_it, 1.0)
    return float(np.where(all_of_it > 0, plain, np.where(rest > 0, 0.0, 1.0)).mean())


def _r2(state: np.ndarray) -> float:
    return _of_variance(state[8], state[4]) if state[0, 0] > 1 else np.nan


def _explained(state: np.ndarray) -> float:
    return _of_variance(state[6], state[4])


def _pearson(state: np.ndarray) -> float:
    """Return the mean correlation of the units; NaN where one does not move."""
    spread = np.sqrt(state[4]) * np.sqrt(state[5])
    return float(np.where(spread > 0, state[7] / np.where(spread > 0, spread, 1), np.nan).mean())


NUMBER_METRICS = (
    Metric("mae", ABSOLUTE, mean, "lower", aliases=("mean_absolute_error",)),
    Metric("mse", SQUARES, _mean_square, "lower", aliases=("mean_squared_error",)),
    Metric("rmse", SQUARES, _root, "lower", aliases=("root_mean_squared_error",)),
    Metric("mape", RELATIVE, mean, "lower", aliases=("mean_absolute_percentage_error",)),
    Metric("smape", SYMMETRIC, mean, "lower"),
    Metric("msle", LOGS, _mean_square, "lower", aliases=("mean_squared_log_error",)),
    Metric("rmsle", LOGS, _root, "lower", aliases=("root_mean_squared_log_error",)),
    Metric("r2", MOMENTS, _r2, aliases=("r2_score",)),
    Metric("explained_variance", MOMENTS, _explained, aliases=("explained_variance_score",)),
    Metric("pearson", MOMENTS, _pearson, aliases=("correlation",)),
    Metric("max_error", LARGEST, lambda s: float(s.max()), "lower"),
    Metric("median_absolute_error", EVERY, lambda s: float(np.median(s, 0).mean()), "lower"),
)
