"""L-BFGS: quasi-Newton steps from the last few slopes, each along a strong Wolfe line search."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]
Objective = Callable[[Array], tuple[float, Array]]  # point → value and slope

MEMORY = 10
# A step must lower the value by _ENOUGH of what the slope promises, and leave at most _FLAT of
# the slope along it [Nocedal & Wright 2006, section 3.1].
_ENOUGH, _FLAT = 1e-4, 0.9
_TRIALS, _GROWTH = 40, 4.0
_UNSEEN = 1e-16  # of the value: a promise below this cannot be seen in 64 bits
_CURVED = 1e-12  # below this part of its lengths a pair says nothing of the curvature


@dataclass(frozen=True, slots=True)
class Point:
    """A place with its value and its slope."""

    at: Array
    value: float
    slope: Array


@dataclass(frozen=True, slots=True)
class _Trial:
    """A step of length t along the line: the point, and its slope along the line."""

    t: float
    point: Point
    rise: float


def lbfgs(
    objective: Objective, start: Array, *, first: float = 0.01, memory: int = MEMORY
) -> Iterator[Point]:
    """Yield the point after every iteration; end where no step lowers the value any more.

    start: (n,); first: the length of the first trial step, which the search may stretch.
    Nothing is yielded where the slope is 0 or the value at the start is not finite
    [Nocedal & Wright 2006, Alg. 7.4 and 7.5].
    """
    here = Point(start, *objective(start))
    pairs: deque[tuple[Array, Array]] = deque(maxlen=memory)
    while np.isfinite(here.value) and np.any(here.slope):
        along = -_newton(here.slope, pairs)
        if not float(along @ here.slope) < 0:  # the memory misleads: forget it
            pairs.clear()
            along = -here.slope
        if -float(along @ here.slope) <= _UNSEEN * abs(here.value):
            return
        t = 1.0 if pairs else first / float(np.linalg.norm(along))
        found = _search(objective, here, along, t)
        if found is None and pairs:
            pairs.clear()
            continue
        if found is None or found.value >= here.value:
            return
        step, bend = found.at - here.at, found.slope - here.slope
        if step @ bend > _CURVED * float(np.linalg.norm(step) * np.linalg.norm(bend)):
            pairs.append((step, bend))
        here = found
        yield here


def _newton(slope: Array, pairs: deque[tuple[Array, Array]]) -> Array:
    """Return the inverse Hessian that the pairs describe, times the slope: two loops."""
    q, parts = slope.copy(), []
    for s, y in reversed(pairs):
        a = float(s @ q) / float(s @ y)
        q -= a * y
        parts.append(a)
    if pairs:
        s, y = pairs[-1]
        q *= float(s @ y) / float(y @ y)
    for (s, y), a in zip(pairs, reversed(parts), strict=True):
        q += (a - float(y @ q) / float(s @ y)) * s
    return q


def _search(objective: Objective, here: Point, along: Array, t: float) -> Point | None:
    """Return a point along a line that fulfils the strong Wolfe conditions.

    Where no such step is found, the lowest point seen that lowers the value enough; None
    without one [Nocedal & Wright 2006, Alg. 3.5 and 3.6].
    """
    low = _Trial(0.0, here, float(along @ here.slope))
    fall, high, best = low.rise, None, None
    for _ in range(_TRIALS):
        trial = _tried(objective, here, along, t)
        value = trial.point.value
        enough = value <= here.value + _ENOUGH * t * fall
        if enough and (best is None or value < best.value):
            best = trial.point
        if not enough or value >= low.point.value:
            high = trial
        elif abs(trial.rise) <= -_FLAT * fall:
            return trial.point
        else:
            if trial.rise * ((high.t if high else np.inf) - low.t) >= 0:
                high = low
            low = trial
        if high is None:
            t *= _GROWTH
        else:
            t = _between(low, high)
            if abs(high.t - low.t) <= 1e-14 * max(abs(t), 1e-300):
                break
    return best


def _tried(objective: Objective, here: Point, along: Array, t: float) -> _Trial:
    at = here.at + t * along
    value, slope = objective(at)
    if not np.isfinite(value) or not np.isfinite(slope).all():
        return _Trial(t, Point(at, np.inf, slope), np.inf)
    return _Trial(t, Point(at, value, slope), float(along @ slope))


def _between(low: _Trial, high: _Trial) -> float:
    """Return where the cubic through both ends is lowest, kept away from the ends."""
    width = high.t - low.t
    middle = low.t + width / 2
    if not np.isfinite(high.point.value) or not np.isfinite(high.rise):
        return low.t + width / 10
    d = low.rise + high.rise - 3 * (high.point.value - low.point.value) / width
    inside = d * d - low.rise * high.rise
    if inside < 0:
        return middle
    root = np.sign(width) * np.sqrt(inside)
    below = high.rise - low.rise + 2 * root
    t = high.t - width * (high.rise + root - d) / below if below else middle
    edge = 0.1 * abs(width)
    least, most = min(low.t, high.t) + edge, max(low.t, high.t) - edge
    return float(min(max(t, least), most)) if np.isfinite(t) else middle
