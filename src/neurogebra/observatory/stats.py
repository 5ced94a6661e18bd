"""What one array looks like, in few passes and without copies, and the small monitors over it."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from neurogebra.errors import BadValue, NotReady, UnknownName
from neurogebra.observatory.events import Stats
from neurogebra.observatory.quick import maker
from neurogebra.registry import near

RECTIFIED = frozenset({"relu", "relu6", "thresholded_relu"})
"""Activations whose exact 0 means that the unit did not fire."""

BOUNDED = {
    "sigmoid": (0.01, 0.99),
    "hard_sigmoid": (0.01, 0.99),
    "tanh": (-0.99, 0.99),
    "hard_tanh": (-0.99, 0.99),
    "softsign": (-0.99, 0.99),
}
"""Activations with two ends, and where their tails begin."""

BINS = 20
"""How many sizes a histogram tells apart on either side of 0."""

BIN_EDGES = tuple(4.0**k for k in range(-13, BINS - 12))
"""The sizes between which they lie; what is beyond is counted in the first and the last."""

# Elements that are summed at once, and that are read again while they are in the cache.
ROW, PIECE = 1024, 1 << 16
_ONES = {kind: np.ones(ROW, kind) for kind in "fdg"}

Floats = npt.NDArray[np.floating[Any]]


def of(array: npt.ArrayLike, activation: str = "", axis: int | None = None) -> Stats:
    """Return the statistics of one array.

    array: any shape, real; of a layer's output (rows, …, units), with `axis` where the units
    are not last. NaN and ±inf are counted and left out of the other numbers; what an array
    without a finite number has no value for is NaN. Raises BadValue for what is not real.
    """
    with np.errstate(all="ignore"):
        return seen(_real(array), activation, axis)


made: Callable[..., Stats] = maker(Stats, "size", "mean", "std", "min", "max", "norm", "zero_pct")
"""Statistics of these numbers, in this order, and then of `nonfinite` and what follows it."""


class Sums(NamedTuple):
    """What the statistics of an array follow from, where all of it is finite.

    square: the sum of squares; zeros: how many elements are exactly 0.
    """

    square: float
    total: float
    least: float
    most: float
    zeros: float


def seen(x: Floats, activation: str = "", axis: int | None = None) -> Stats:
    """Return what `of` does, of an array of float32 or float64; the caller ignores overflow."""
    flat = x.reshape(-1)
    return judged(x, flat, sums(flat), activation, axis)


def judged(
    x: Floats, flat: Floats, known: Sums, activation: str = "", axis: int | None = None
) -> Stats:
    """Return the statistics of an array of which the sums are known.

    flat: its elements in any order. The caller ignores overflow.
    """
    square, total, least, most, zeros = known
    if not 0 < square < math.inf:  # something is not finite, or nothing differs from 0
        return _seen_apart(x, flat, activation, axis)
    size = flat.size
    return made(
        size,
        total / size,
        _std(flat, square, total / size),
        least,
        most,
        math.sqrt(square),
        100.0 * zeros / size,
        0,
        *of_units(x, flat, activation, axis),
    )


def of_units(
    x: Floats, flat: Floats, activation: str, axis: int | None = None
) -> tuple[float, float]:
    """Return the percent of dead units and of saturated ones, of an output that can be either."""
    dead = dead_pct(x, axis) if activation in RECTIFIED else 0.0
    bounds = BOUNDED.get(activation)
    return dead, saturated_pct(flat, *bounds) if bounds else 0.0


def sums(flat: Floats) -> Sums:
    """Return the sums of an array, read in pieces that stay in the cache for all five of them."""
    if flat.size <= PIECE:
        return _sums(flat) if flat.size else Sums(0.0, 0.0, 0.0, 0.0, 0.0)
    parts = [_sums(flat[i : i + PIECE]) for i in range(0, flat.size, PIECE)]
    square, total, least, most, zeros = zip(*parts, strict=True)
    return Sums(sum(square), sum(total), min(least), max(most), sum(zeros))


def cancelled(dtype: np.dtype[Any]) -> float:
    """Return the share of the mean square below which a variance has lost its digits."""
    return 1e-3 if dtype == np.float32 else 1e-9


def histogram(array: npt.ArrayLike) -> tuple[int, ...]:
    """Return how many values lie where: the largest negative ones, …, exactly 0, …, the largest.

    array: any shape, real. 2·BINS + 1 counts between `BIN_EDGES` of either sign; NaN and ±inf
    are left out. Counts of two arrays may be added.
    """
    flat = _real(array).reshape(-1)
    x = flat[np.isfinite(flat)]
    exponents = np.frexp(x)[1]  # |x| is from 2^(e - 1) to 2^e
    size = np.clip((exponents - 1) // 2 + 13, 0, BINS - 1)
    place = np.where(x > 0, BINS + 1 + size, BINS - 1 - size)
    place[x == 0] = BINS
    return tuple(np.bincount(place, minlength=2 * BINS + 1).tolist())


def shape(array: npt.ArrayLike) -> tuple[int, ...]:
    """Return the shape of what `of` would look at."""
    return np.shape(array)


def difference(after: npt.ArrayLike, before: npt.ArrayLike) -> Floats:
    """Return after − before; BadValue when they differ in shape."""
    now, then = _real(after), _real(before)
    if now.shape != then.shape:
        raise BadValue("after", f"shape {then.shape}, as before", now.shape)
    return now - then


def _real(array: npt.ArrayLike) -> Floats:
    x = np.asarray(array)
    if x.dtype.kind == "f":
        return x if x.itemsize >= 4 else x.astype(np.float32)
    if x.dtype.kind in "biu":
        return x.astype(np.float64)
    raise BadValue("array", "real numbers", f"dtype {x.dtype}")


def _seen_apart(x: Floats, flat: Floats, activation: str, axis: int | None) -> Stats:
    """Return the statistics of an array with a square that says nothing, in more passes."""
    finite = flat[np.isfinite(flat)].astype(np.float64)
    if not finite.size:
        return _nothing(flat.size)
    square = float(finite.dot(finite))
    mean = float(finite.sum()) / finite.size
    return Stats(
        size=flat.size,
        mean=mean,
        std=_std(finite, square, mean),
        min=float(finite.min()),
        max=float(finite.max()),
        norm=math.sqrt(square) if math.isfinite(square) else _long_norm(finite),
        zero_pct=100.0 * (flat.size - int(np.count_nonzero(flat))) / flat.size,
        nonfinite=flat.size - finite.size,
        dead_pct=dead_pct(x, axis) if activation in RECTIFIED else 0.0,
        saturated_pct=saturated_pct(flat, *BOUNDED[activation]) if activation in BOUNDED else 0.0,
    )


def _sums(flat: Floats) -> Sums:
    # These find the ends of a short array several times faster than min() and max() do.
    least, most = flat[flat.argmin()], flat[flat.argmax()]
    zeros = float(flat.size - _nonzero(flat))
    return Sums(float(flat.dot(flat)), _total(flat), float(least), float(most), zeros)


def _total(flat: Floats) -> float:
    """Return the sum, by products with ones in rows short enough to lose no digits."""
    whole = flat.size - flat.size % ROW
    ones = _ONES[flat.dtype.char]
    total = float(flat[whole:].dot(ones[: flat.size - whole]))
    if whole:
        total += float(flat[:whole].reshape(-1, ROW).dot(ones).sum(dtype=np.float64))
    return total


def _nonzero(flat: Floats) -> int:
    """Return how many elements are not 0; of many, by a comparison that runs in vectors."""
    if flat.size < ROW:
        return int(np.count_nonzero(flat))
    return flat.size - int(np.count_nonzero(flat == 0))


def _nothing(size: int) -> Stats:
    nan = math.nan
    return Stats(size=size, mean=nan, std=nan, min=nan, max=nan, norm=nan, nonfinite=size)


def _std(x: Floats, square: float, mean: float) -> float:
    variance = square / x.size - mean * mean
    # Below this the subtraction has cancelled its digits away, and a second pass is due.
    if not variance > square / x.size * cancelled(x.dtype):
        away = x.astype(np.float64) - mean
        rest = float(away.sum()) / x.size  # what the sum in few digits had lost
        variance = max(0.0, float(away.dot(away)) / x.size - rest * rest)
    return math.sqrt(variance)


def _long_norm(x: Floats) -> float:
    largest = float(np.abs(x).max())
    scaled = x / largest
    return largest * math.sqrt(float(scaled.dot(scaled)))


def dead_pct(x: Floats, axis: int | None = None) -> float:
    """Return the percent of units that are exactly 0 on every row; axis: theirs, else the last."""
    units = np.moveaxis(x, axis, -1) if axis is not None else x
    rows = units.reshape(-1, units.shape[-1] if units.ndim else 1)
    silent = np.logical_and.reduce(rows == 0, 0)
    return 100.0 * float(np.count_nonzero(silent)) / int(silent.size)


def saturated_pct(flat: Floats, low: float, high: float) -> float:
    """Return the percent of elements outside an interval."""
    inside = np.count_nonzero((flat >= low) & (flat <= high))
    return 100.0 * (1.0 - float(inside) / flat.size)


class Monitor:
    """The recent statistics of named arrays, newest last."""

    def __init__(self, window: int = 100) -> None:
        if window < 1:
            raise BadValue("window", "int ≥ 1", window)
        self.window = window
        self._seen: dict[str, deque[Stats]] = {}

    def record(self, name: str, array: npt.ArrayLike) -> Stats:
        """Look at one array under a name and return its statistics."""
        return self._keep(name, of(array))

    def history(self, name: str) -> list[Stats]:
        """Return what is remembered of one name, or UnknownName."""
        if name not in self._seen:
            raise UnknownName("recorded array", name, near(name, self._seen))
        return list(self._seen[name])

    def latest(self, name: str) -> Stats:
        """Return the newest statistics of one name, or UnknownName."""
        return self.history(name)[-1]

    def summary(self) -> dict[str, Stats]:
        """Return the newest statistics of every name."""
        return {name: seen[-1] for name, seen in self._seen.items()}

    def reset(self) -> None:
        """Forget everything."""
        self._seen.clear()

    def _keep(self, name: str, stats: Stats) -> Stats:
        self._seen.setdefault(name, deque(maxlen=self.window)).append(stats)
        return stats


class GradientMonitor(Monitor):
    """Gradients by layer or parameter; `norms` compares their latest sizes."""

    def norms(self) -> dict[str, float]:
        """Return the latest L2 norm of every name."""
        return {name: stats.norm for name, stats in self.summary().items()}


class WeightMonitor(Monitor):
    """Weights by layer or parameter, and how far each moved since it was last recorded."""

    def __init__(self, window: int = 100) -> None:
        super().__init__(window)
        self._before: dict[str, Floats] = {}
        self._moved: dict[str, float] = {}

    def record(self, name: str, array: npt.ArrayLike) -> Stats:
        """Look at one array and at its distance (L2) from the one before under that name."""
        x = _real(array)
        before = self._before.get(name)
        if before is not None and before.shape == x.shape:
            self._moved[name] = of(x - before).norm
        self._before[name] = x.copy()
        return super().record(name, x)

    def deltas(self) -> dict[str, float]:
        """Return the latest distance of every name that was recorded twice in one shape."""
        return dict(self._moved)

    def reset(self) -> None:
        """Forget everything."""
        super().reset()
        self._before.clear()
        self._moved.clear()


class ActivationMonitor(Monitor):
    """Outputs of layers; with the activation's name also their dead and saturated shares."""

    def record(self, name: str, array: npt.ArrayLike, activation: str = "") -> Stats:
        """Look at one output (rows, …, units) and return its statistics."""
        return self._keep(name, of(array, activation))


class PerformanceMonitor:
    """Seconds and rows per step, between `start` and `stop`."""

    def __init__(self, window: int = 1000, clock: Callable[[], float] = time.perf_counter) -> None:
        self._steps: deque[tuple[float, int]] = deque(maxlen=window)
        self._clock = clock
        self._began: float | None = None

    def start(self) -> None:
        """A step begins now."""
        self._began = self._clock()

    def stop(self, rows: int = 0) -> float:
        """Return the seconds since `start`; NotReady when nothing was started."""
        if self._began is None:
            raise NotReady("PerformanceMonitor.stop() needs start() before it")
        seconds, self._began = self._clock() - self._began, None
        self._steps.append((seconds, rows))
        return seconds

    def summary(self) -> dict[str, float]:
        """Return steps, seconds, mean and median seconds a step, and rows a second."""
        if not self._steps:
            return {"steps": 0}
        seconds = np.array([s for s, _ in self._steps])
        rows, total = sum(r for _, r in self._steps), float(seconds.sum())
        return {
            "steps": len(seconds),
            "seconds": total,
            "mean_seconds": float(seconds.mean()),
            "median_seconds": float(np.median(seconds)),
            "rows_per_second": rows / total if total else math.inf,
        }
