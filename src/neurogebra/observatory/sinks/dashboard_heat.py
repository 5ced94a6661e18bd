"""What was seen of the layers over time, in a grid whose size does not grow with the run."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from operator import add
from typing import NamedTuple, TypeAlias

from neurogebra.observatory.events import LayerSeen, Stats

BINS = 96
MOST_LAYERS = 128

Floats: TypeAlias = "array[float]"


class Cell(NamedTuple):
    """One stretch of time in one row: bins `start` to `stop`, what was seen, in how many looks.

    mean, low and high are None where no look had a finite value; bad: looks with NaN or ±inf.
    """

    start: int
    stop: int
    mean: float | None
    low: float | None
    high: float | None
    looks: int
    bad: int


class Row:
    """One quantity of one layer in `BINS` stretches of time."""

    __slots__ = ("bad", "finite", "high", "looks", "low", "total")

    def __init__(self) -> None:
        # Arrays of the standard library: single numbers go in and out of them fastest.
        self.total = array("d", bytes(8 * BINS))
        self.looks = array("d", bytes(8 * BINS))
        self.finite = array("d", bytes(8 * BINS))  # looks that have a value
        self.bad = array("d", bytes(8 * BINS))
        self.low = array("d", [math.inf]) * BINS
        self.high = array("d", [-math.inf]) * BINS

    def add(self, place: int, value: float, bad: bool) -> None:
        """Take one look in; a value that is not finite is a bad one."""
        self.looks[place] += 1
        if not math.isfinite(value):
            self.bad[place] += 1
            return
        if bad:
            self.bad[place] += 1
        self.finite[place] += 1
        self.total[place] += value
        if value < self.low[place]:
            self.low[place] = value
        if value > self.high[place]:
            self.high[place] = value

    def halve(self) -> None:
        """Merge each pair of neighbours, and free the second half."""
        for name in ("total", "looks", "finite", "bad"):
            setattr(self, name, _paired(getattr(self, name), add, 0.0))
        self.low = _paired(self.low, min, math.inf)
        self.high = _paired(self.high, max, -math.inf)

    def cells(self) -> Iterator[Cell]:
        """Yield what was seen from left to right; each stretch lasts until the next look."""
        seen = [i for i, looks in enumerate(self.looks) if looks]
        for start, stop in zip_longest(seen, seen[1:]):
            yield self._cell(start, start + 1 if stop is None else stop)

    def _cell(self, at: int, stop: int) -> Cell:
        looks, bad = int(self.looks[at]), int(self.bad[at])
        if not self.finite[at]:
            return Cell(at, stop, None, None, None, looks, bad)
        low, high = self.low[at], self.high[at]
        mean = self.total[at] / self.finite[at]
        return Cell(at, stop, min(max(mean, low), high), low, high, looks, bad)


def _paired(values: Floats, merge: Callable[[float, float], float], empty: float) -> Floats:
    merged = map(merge, values[0::2], values[1::2])
    return array("d", merged) + array("d", [empty]) * (BINS // 2)


Seen: TypeAlias = tuple[float, bool, Stats]
"""One site of a layer in one update: the joint norm, whether any is bad, the latest array's."""


@dataclass
class Bars:
    """How the values of one array were spread at its first and at its latest look."""

    param: str
    size: int
    first: tuple[int, ...]
    first_step: int
    last: tuple[int, ...]
    last_step: int


@dataclass
class Looks:
    """Every look at the layers: a grid for each quantity, and the spread of the values.

    The statistics of the parameters of one layer in one update are joined before they are
    kept: the norm is that of the layer. origin: the first update; width: updates a bin.
    """

    origin: int = 0
    width: int = 1
    seen: int = 0  # updates in which layers were looked at
    last: int = -1  # the latest of them
    rows: dict[str, dict[str, Row]] = field(default_factory=dict)  # quantity → layer
    bars: dict[tuple[str, str], Bars] = field(default_factory=dict)  # (layer, site)
    layers: dict[str, int] = field(default_factory=dict)  # name → its place in the network
    left_out: int = 0
    _waiting: dict[str, dict[str, Seen]] = field(default_factory=dict)  # by layer and site
    _step: int = -1

    def add(self, event: LayerSeen) -> None:
        """Take in one array of one layer."""
        if not self._knows(event.layer, event.index):
            return
        self._begin(event.step)
        sites = self._waiting.setdefault(event.layer, {})
        stats, before = event.stats, sites.get(event.site)
        norm, bad = stats.norm, stats.nonfinite > 0
        if before is not None:
            norm, bad = math.hypot(norm, before[0]), bad or before[1]
        sites[event.site] = (norm, bad, stats)
        if event.histogram:
            self._spread(event)

    def settle(self) -> None:
        """Join and keep what was seen in the update that is over."""
        if not self._waiting:
            return
        self._fit(self._step)
        place = (self._step - self.origin) // self.width
        for layer, sites in self._waiting.items():
            for name, value, bad in _quantities(sites):
                by_layer = self.rows.setdefault(name, {})
                row = by_layer.get(layer)
                if row is None:
                    row = by_layer[layer] = Row()
                row.add(place, value, bad)
        self._waiting = {}
        self.seen, self.last = self.seen + 1, self._step

    def _knows(self, layer: str, index: int) -> bool:
        if layer in self.layers:
            return True
        if len(self.layers) >= MOST_LAYERS:
            self.left_out += 1
            return False
        self.layers[layer] = index
        return True

    def _begin(self, step: int) -> None:
        if step == self._step:
            return
        self.settle()
        if self.seen == 0:
            self.origin = step
        self._step = max(step, self.origin)

    def _fit(self, step: int) -> None:
        while (step - self.origin) // self.width >= BINS:
            self.width *= 2
            for by_layer in self.rows.values():
                for row in by_layer.values():
                    row.halve()

    def _spread(self, event: LayerSeen) -> None:
        key, size = (event.layer, event.site), event.stats.size
        before = self.bars.get(key)
        if before is None or size > before.size:  # of W and b, the larger one
            made = event.histogram, event.step
            self.bars[key] = Bars(event.param, size, *made, *made)
        elif before.param == event.param:
            before.last, before.last_step = event.histogram, event.step


def _quantities(sites: dict[str, Seen]) -> Iterator[tuple[str, float, bool]]:
    """Yield the numbers that one look at one layer comes to: name, value, whether it is bad."""
    gradient, weight, update = (sites.get(s) for s in ("gradient", "weight", "update"))
    if gradient is not None:
        yield "gradient", gradient[0], gradient[1]
    if weight is not None:
        yield "weight", weight[0], weight[1]
        if update is not None and weight[0]:
            yield "update", update[0] / weight[0], update[1] or weight[1]
    if "forward" in sites:
        _, bad, out = sites["forward"]
        yield "activation", math.hypot(out.mean, out.std), bad
        yield "idle", max(out.dead_pct, out.saturated_pct), False
