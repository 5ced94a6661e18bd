"""A streamed curve in bounded memory that never loses its lowest or its highest sample."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TypeAlias

Point: TypeAlias = tuple[float, float | None]


@dataclass(slots=True)
class Bucket:
    """Some neighbouring samples: where they begin, their two extremes and their mean."""

    x: float
    samples: int = 0
    values: int = 0  # the finite ones
    total: float = 0.0
    low: tuple[float, float] = (0.0, math.inf)  # (x, y)
    high: tuple[float, float] = (0.0, -math.inf)

    def add(self, x: float, y: float | None) -> None:
        """Take one sample in; None is a sample without a value."""
        self.samples += 1
        if y is None:
            return
        self.values += 1
        self.total += y
        if y < self.low[1]:
            self.low = (x, y)
        if y > self.high[1]:
            self.high = (x, y)

    def mean(self) -> float | None:
        """Return the mean of the values, or None without any (or beyond all numbers)."""
        return self.total / self.values if self.values and math.isfinite(self.total) else None

    def merge(self, later: Bucket) -> Bucket:
        """Return one bucket for the samples of both."""
        return Bucket(
            self.x,
            self.samples + later.samples,
            self.values + later.values,
            self.total + later.total,
            min(self.low, later.low, key=lambda p: p[1]),
            max(self.high, later.high, key=lambda p: p[1]),
        )

    def points(self) -> tuple[Point, ...]:
        """Return the extremes from left to right, or one gap where there is no value."""
        if not self.values:
            return ((self.x, None),)
        return (self.low,) if self.low == self.high else tuple(sorted((self.low, self.high)))


@dataclass
class Curve:
    """Samples in at most `limit` buckets; a full curve halves its resolution and goes on.

    NaN and ±inf are counted in `nonfinite` and drawn as gaps, as None is.
    """

    limit: int
    width: int = 1  # samples a bucket
    nonfinite: int = 0
    last: float | None = None  # the latest finite value
    ends: tuple[Point, ...] = ()  # the first and the latest sample
    buckets: list[Bucket] = field(default_factory=list)

    def add(self, x: float, y: float | None) -> None:
        """Append one sample; x never decreases."""
        if y is not None and not math.isfinite(y):
            self.nonfinite += 1
            y = None
        if y is not None:
            self.last = y
        self.ends = (*self.ends[:1], (x, y))
        if not self.buckets or self.buckets[-1].samples >= self.width:
            if len(self.buckets) >= self.limit:
                self._halve()
            self.buckets.append(Bucket(x))
        self.buckets[-1].add(x, y)

    def points(self) -> list[Point]:
        """Return the two ends and at most two points a bucket, ordered by x."""
        inner = [p for bucket in self.buckets for p in bucket.points()]
        if not inner:
            return []
        first, last = self.ends[0], self.ends[-1]
        before = [first] if inner[0][0] > first[0] else []
        after = [last] if inner[-1][0] < last[0] else []
        return before + inner + after

    def means(self) -> list[Point]:
        """Return the mean of each bucket at its first x."""
        return [(b.x, b.mean()) for b in self.buckets]

    def lowest(self) -> tuple[float, float] | None:
        """Return (x, y) of the smallest value of all, or None where there is none."""
        return min((b.low for b in self.buckets if b.values), key=lambda p: p[1], default=None)

    def highest(self) -> tuple[float, float] | None:
        """Return (x, y) of the largest value of all, or None where there is none."""
        return max((b.high for b in self.buckets if b.values), key=lambda p: p[1], default=None)

    def _halve(self) -> None:
        full, odd = self.buckets, len(self.buckets) % 2
        pairs = zip(full[0 : len(full) - odd : 2], full[1::2], strict=True)
        self.buckets = [a.merge(b) for a, b in pairs] + full[len(full) - odd :]
        self.width *= 2
