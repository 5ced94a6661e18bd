"""What is too dear for each look: how gradients of two updates agree, and what outputs span."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from neurogebra.observatory.events import NOTHING, Metrics

PAIRS_FROM = 5
"""The update from which on gradients are paired: those before tell little of the run."""

APART = 1.1
"""Two pairs of gradients are so far apart, as a factor of the updates made."""

SPARSE = 1.25
"""Likewise, two measurements of outputs."""

MEMORY = 4 * 2**20
"""Bytes up to which gradients are kept whole; of more, rows at even steps."""

LEAST_ROWS, LEAST_UNITS = 16, 8
MOST_ROWS, MOST_UNITS, MOST = 64, 512, 8192
"""Of an output, what says something, and what is read of it: so many numbers in all."""

Array = npt.NDArray[Any]


class Seldom:
    """Says in which looks the dear numbers are taken, and takes them.

    It hangs on the count of updates alone. Of the gradients of one look copies are kept when
    `keep` is called, which is worth it where the next update will be looked at as well.
    """

    def __init__(self, memory: int = MEMORY) -> None:
        self._memory = memory
        self._kept: dict[tuple[str, str], tuple[Array, int]] = {}
        self._kept_at = -1
        self._pair_from, self._measure_from = PAIRS_FROM, 1
        self._paired = self._measured = False

    def due(self, step: int) -> bool:
        """Return whether something is to be taken in the look at this update; ask once of each."""
        self._paired = bool(self._kept) and step == self._kept_at + 1
        self._measured = step >= self._measure_from
        if self._measured:
            self._measure_from = max(step + 1, math.ceil(step * SPARSE))
        return self._paired or self._measured

    def of(self, layer: str, site: str, param: str, array: Array, *, hidden: bool) -> Metrics:
        """Return what is taken of an array in a look that is due, by name.

        Of a gradient: `overlap`, its product with the one before it, and `spread`, half the
        square of their difference. Of a hidden output: `rank`, over how many directions its
        rows spread, and `kurtosis`, the excess of all its numbers.
        """
        if site == "gradient" and self._paired:
            kept = self._kept.pop((layer, param), None)
            return NOTHING if kept is None else together(array, *kept)
        if site == "forward" and self._measured and hidden:
            return outputs(array)
        return NOTHING

    def keeps(self, step: int) -> bool:
        """Return whether `keep` would keep copies of the gradients of this update."""
        return step >= self._pair_from

    def keep(self, step: int, gradients: Iterable[tuple[str, str, Array]]) -> None:
        """Keep copies of the gradients of an update, unless there was a pair of late."""
        self._kept.clear()
        if step < self._pair_from:
            return
        arrays = list(gradients)
        every = -(-sum(g.nbytes for *_, g in arrays) // self._memory) or 1
        for layer, param, g in arrays:
            stride = every if len(g) > every else 1
            self._kept[layer, param] = g[::stride].copy(), stride
        self._kept_at, self._pair_from = step, max(step + 2, math.ceil(step * APART))


def together(array: Array, before: Array, stride: int = 1) -> Metrics:
    """Return overlap and spread of a gradient and the one before it, of which rows were kept."""
    now, then = array[::stride].ravel(), before.ravel()
    if now.size != then.size or not now.size:
        return NOTHING
    apart, share = now - then, array.size / now.size
    overlap, spread = share * float(now.dot(then)), share * float(apart.dot(apart)) / 2
    if not (math.isfinite(overlap) and math.isfinite(spread)):
        return NOTHING
    return {"overlap": overlap, "spread": spread}


def outputs(array: Array) -> Metrics:
    """Return rank and kurtosis of an output (rows, …, units); nothing of a small or constant one.

    rank: the participation ratio (tr C)² / tr C² of the covariance C of at most MOST_ROWS rows,
    fewer of many units.
    """
    units = array.shape[-1] if array.ndim > 1 else 0
    if units < LEAST_UNITS or array.size < LEAST_ROWS * units:
        return NOTHING
    rows = array.reshape(-1, units)
    count = max(LEAST_ROWS, min(MOST_ROWS, MOST // units))
    part = rows[:: max(1, len(rows) // count)][:count, :: -(-units // MOST_UNITS)]
    x = part.astype(np.float64)
    x -= np.add.reduce(x, None) / x.size
    squares = np.square(x).ravel()
    second = float(np.add.reduce(squares)) / x.size
    fourth = float(squares.dot(squares)) / x.size
    x -= np.add.reduce(x, 0) / len(x)
    gram = (x @ x.T if len(x) <= x.shape[1] else x.T @ x).ravel()
    trace = float(np.add.reduce(gram[:: min(x.shape) + 1]))
    if not (math.isfinite(fourth) and second > 0 and trace > 0):
        return NOTHING
    return {"rank": trace**2 / float(gram.dot(gram)), "kurtosis": fourth / second**2 - 3.0}
