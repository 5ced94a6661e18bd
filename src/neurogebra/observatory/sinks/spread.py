"""Few of many: numbers evenly spaced, and curves of which the extremes are kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise


def evenly(first: int, end: int, most: int) -> frozenset[int]:
    """Return at most `most` of the numbers from `first` to `end` - 1, evenly, both ends in."""
    n = end - first
    if n <= most:
        return frozenset(range(first, end))
    return frozenset(first + round(i * (n - 1) / (most - 1)) for i in range(most))


def thinned(values: Sequence[float], most: int) -> list[float]:
    """Return at most `most` (≥ 2) of the values in their order, no extreme of them lost.

    Of each stretch the smallest and the largest are kept, in the order in which they came, and
    in place of them the first value that is no finite number.
    """
    if len(values) <= most:
        return list(values)
    parts = most // 2
    edges = [round(i * len(values) / parts) for i in range(parts + 1)]
    return [v for a, b in pairwise(edges) for v in _ends(values[a:b])]


def _ends(part: Sequence[float]) -> Iterator[float]:
    odd = next((v for v in part if v - v != 0), None)
    if odd is not None:
        yield odd
        yield odd
        return
    low = min(range(len(part)), key=part.__getitem__)
    high = max(range(len(part)), key=part.__getitem__)
    yield part[min(low, high)]
    yield part[max(low, high)]


class Course:
    """A curve that grows, in bounded memory: when it has `most` points, half of them are left."""

    def __init__(self, most: int = 1024) -> None:
        self._most, self._values = most, list[float]()
        self._first: float | None = None
        self._last = 0.0

    def add(self, value: float) -> None:
        """Take in the next value."""
        self._first = value if self._first is None else self._first
        self._last = value
        self._values.append(value)
        if len(self._values) >= self._most:
            self._values = thinned(self._values, self._most // 2)

    def points(self, most: int) -> list[float]:
        """Return at most `most` points, extremes kept."""
        return thinned(list(self._values), most)  # a copy: another thread may draw it

    @property
    def ends(self) -> tuple[float, float] | None:
        """The first value and the last; None where there is none."""
        return None if self._first is None else (self._first, self._last)
