"""The statistics of many arrays at once: few passes over the numbers, few calls of NumPy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from neurogebra.observatory import stats
from neurogebra.observatory.events import Stats

# Elements up to which arrays are joined to be looked at in one go; longer ones gain nothing.
SHORT = 8192


class Sweep:
    """Arrays of these sizes and dtypes, one look after another.

    flats: their elements; kinds: of a layer's output its activation, else "". Short arrays of
    one dtype are copied one behind the other and read in one go.
    """

    def __init__(self, flats: Sequence[stats.Floats], kinds: Sequence[str]) -> None:
        self._kinds = tuple(kinds)
        judged = stats.RECTIFIED | stats.BOUNDED.keys()
        self._active = [i for i, kind in enumerate(kinds) if kind in judged]
        self._counts = [x.size for x in flats]
        self._sizes = np.array(self._counts, np.float64)
        least = [stats.cancelled(x.dtype) for x in flats]
        self._least = np.array(least, np.float64)
        self._table = np.zeros((len(stats.Sums._fields), len(flats)))
        short = [i for i, x in enumerate(flats) if 0 < x.size <= SHORT]
        dtypes = {flats[i].dtype for i in short}
        self._members = short if len(dtypes) == 1 else []
        self._others = [i for i in range(len(flats)) if i not in set(self._members)]
        sizes = [flats[i].size for i in self._members]
        ends = np.cumsum(sizes, dtype=np.intp)
        self._starts = ends - sizes
        self._all = np.empty(sum(sizes), dtypes.pop() if self._members else np.float64)
        self._squares, self._zero = np.empty_like(self._all), np.empty(self._all.size, np.bool_)
        spans = zip(self._starts.tolist(), ends.tolist(), strict=True)
        self._zeros = [self._zero[start:end] for start, end in spans]
        every = not self._others
        self._at = slice(None) if every else np.array(self._members, np.intp)

    def statistics(
        self, arrays: Sequence[stats.Floats], flats: Sequence[stats.Floats]
    ) -> list[Stats]:
        """Return the statistics of each array; the caller ignores overflow."""
        if self._members:
            self._join(flats)
        for i in self._others:
            self._table[:, i] = stats.sums(flats[i])
        rows, odd = self._rows()
        for i in self._active:
            rows[i] = (*rows[i], 0, *stats.of_units(arrays[i], flats[i], self._kinds[i]))
        known = [stats.made(*row) for row in rows]
        for i in odd:
            sums = stats.Sums(*self._table[:, i].tolist())
            known[i] = stats.judged(arrays[i], flats[i], sums, self._kinds[i])
        return known

    def _join(self, flats: Sequence[stats.Floats]) -> None:
        x, starts, table, at = self._all, self._starts, self._table, self._at
        np.concatenate([flats[i] for i in self._members], out=x)
        np.multiply(x, x, self._squares)
        np.equal(x, 0, self._zero)
        table[0, at] = np.add.reduceat(self._squares, starts)
        table[1, at] = np.add.reduceat(x, starts)
        table[2, at] = np.minimum.reduceat(x, starts)
        table[3, at] = np.maximum.reduceat(x, starts)
        table[4, at] = [np.count_nonzero(zero) for zero in self._zeros]

    def _rows(self) -> tuple[list[tuple[Any, ...]], list[int]]:
        """Return what `stats.made` takes of each array, and the arrays of which it is not true."""
        square, total, least, most, zeros = self._table
        mean, mean_square = total / self._sizes, square / self._sizes
        variance = mean_square - mean * mean
        columns = (
            mean, np.sqrt(variance), least, most, np.sqrt(square), zeros * 100.0 / self._sizes,
        )  # fmt: skip
        rows = zip(self._counts, *(column.tolist() for column in columns), strict=True)
        # A variance that has not lost its digits is positive, and so is the sum of squares.
        plain = (variance > mean_square * self._least) & (square < math.inf)
        return list(rows), [] if plain.all() else np.flatnonzero(~plain).tolist()
