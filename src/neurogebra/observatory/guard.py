"""Which looks at layers are examined, and what of the others must be all the same."""

from __future__ import annotations

import math
from typing import NamedTuple

from neurogebra.observatory.events import LayerSeen
from neurogebra.observatory.looks import Look
from neurogebra.observatory.pace import CALM, SUSPICIOUS
from neurogebra.observatory.rule import Context, Thresholds

# Looks of a run after which not each of many is examined, but so many of a run of known length.
PLENTY = 60
# Of a norm that alarms: from here on it is worth reading the statistics, which say it exactly.
NEARLY, LARGEST = 0.999, 1e150
# Of the limit of one array: what the sum of squares of several may come to. A long sum in few
# digits is never that far off.
ROOM = 0.5


class Sieve:
    """Which looks of a run are examined: all of the first, then as many as a run needs.

    It hangs on what was seen and on no clock, so that a log gives the same answers. After an
    alarm the next looks are examined, whatever the plan says.
    """

    def __init__(self, plenty: int = PLENTY) -> None:
        self._plenty = plenty
        self._step, self._open, self._taken = -1, True, 0
        self._due, self._close, self._calm = 0, 0, 0

    def takes(self, step: int, planned: int) -> bool:
        """Return whether the look after `step` updates, of so many planned ones, is examined."""
        if step != self._step:
            few = self._taken < self._plenty or not self._plenty
            self._step, self._open = step, few or step >= self._due or step <= self._close
            if self._open:
                self._taken += 1
                self._due = step + max(1, (planned or 10 * step) // max(1, self._plenty))
        return self._open

    def alarm(self, step: int) -> None:
        """Something is wrong: examine the next looks, unless they have been of late.

        Where an update is told late, there were looks after it already.
        """
        step = max(step, self._step)
        if step >= self._calm:
            self._close, self._calm = step + SUSPICIOUS, step + CALM


class Limits(NamedTuple):
    """Up to which sum of squares a group, and a single array of a look, alarm nobody."""

    groups: tuple[tuple[int, ...], ...]
    bounds: list[float]
    squares: list[float]


class Guard:
    """Says of each array of a look whether the rules are to be asked.

    They are of those that the sieve lets through; of the others where something is not finite,
    or a gradient is large enough to have exploded. Both hang on events alone, so that of a
    log the same are asked as during the run.
    """

    def __init__(self, context: Context, thresholds: Thresholds, plenty: int) -> None:
        self._context, self._thresholds = context, thresholds
        self._sieve = Sieve(plenty)
        self._limits: Limits | None = None

    def alarm(self, step: int) -> None:
        """Something is wrong after so many updates: let the next looks through."""
        self._sieve.alarm(step)

    def lets(self, event: LayerSeen) -> bool:
        """Return whether this array is to be examined."""
        if not (self._sieve.takes(event.step, self._context.planned) or self._alarms(event)):
            return False
        self._limits = None  # what it teaches may move them
        return True

    def is_calm(self, look: Look) -> bool:
        """Return whether it would let through no array of a look, from sums of squares alone."""
        if self._sieve.takes(look.step, self._context.planned):
            return False
        limits = self._limits
        if limits is None or limits.groups is not look.groups:
            limits = self._limits = self._limited(look)
        if _within(look.bounds(), limits.bounds):
            return True
        return _within(look.squares(), limits.squares)

    def _limited(self, look: Look) -> Limits:
        norms = [NEARLY * self._limit(p.layer, p.site, p.param) for p in look.places]
        squares = [min(norm, LARGEST) ** 2 for norm in norms]
        bounds = [ROOM * min(squares[i] for i in group) for group in look.groups]
        return Limits(look.groups, bounds, squares)

    def _alarms(self, event: LayerSeen) -> bool:
        if event.stats.nonfinite:
            return True
        if not event.stats.norm > self._limit(event.layer, event.site, event.param):
            return False
        self._sieve.alarm(event.step)
        return True

    def _limit(self, layer: str, site: str, param: str) -> float:
        """Return the norm up to which an array cannot have exploded."""
        if site != "gradient":
            return math.inf
        t, tracks = self._thresholds, self._context.tracks
        own, weight = tracks.get((layer, site, param)), tracks.get((layer, "weight", param))
        first = own.first[0] if own and own.first else 0.0
        known = weight.recent[-1].norm if weight and weight.recent else 0.0
        return max(t.explode_norm, t.explode_weights * known, t.explode_growth * first)


def _within(found: list[float], limits: list[float]) -> bool:
    for square, limit in zip(found, limits, strict=True):  # noqa: SIM110  in every update;
        if not square <= limit:  # all() takes as long again
            return False
    return True
