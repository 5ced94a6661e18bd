"""What watching costs, by its own clock, and what it may still cost."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from neurogebra.errors import BadValue

# Of the budget: what single updates may take, so that something is left to look at layers.
STEPS = 0.6
# Reads of the clock from which the cost of one is taken.
READS = 16


@dataclass
class Governor:
    """Own seconds, and the share of all seconds that they may take.

    budget: 0.03 allows 3 % of the time since the first update; None allows everything.
    Each stretch of work is between `begin` and `end`, which read the clock once each; that
    reading, and the calls that it cannot see, are added to each stretch. What may be done is
    judged as of its beginning, `now`.
    """

    budget: float | None = 0.03
    clock: Callable[[], float] = time.perf_counter
    spent: float = 0.0
    costs: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        budget = self.budget
        if budget is not None and (isinstance(budget, bool) or not 0 < budget <= 1):
            raise BadValue("budget", "a share above 0 and up to 1, or None", budget)
        first = self.clock()
        for _ in range(READS):
            last = self.clock()
        self.tick = 2 * (last - first) / READS
        self._since: float | None = None
        self.now = last

    def start(self) -> None:
        """Count the seconds of the run from here; nothing is spent yet."""
        self._since, self.spent = self.now, 0.0

    def begin(self) -> None:
        """Begin a stretch of own work."""
        self.now = self.clock()

    def end(self) -> None:
        """End it, and count it."""
        self.spent += self.clock() - self.now + self.tick

    def so_far(self) -> float:
        """Return the own seconds up to this moment of a stretch."""
        return self.spent + self.clock() - self.now

    def learn(self, what: str, seconds: float) -> None:
        """Remember what one piece of work took; the newest counts as much as all before."""
        known = self.costs.get(what, seconds)
        self.costs[what] = (known + seconds) / 2

    def affords(self, what: str, share: float = 1.0) -> bool:
        """Return whether a piece of work, at its known cost, fits into a share of the budget."""
        if self.budget is None or self._since is None:
            return self.budget is None
        allowed = self.budget * share * (self.now - self._since)
        return self.spent + self.costs.get(what, 0.0) <= allowed

    @property
    def elapsed(self) -> float:
        """Seconds since the first update; 0 before it."""
        return 0.0 if self._since is None else self.clock() - self._since

    @property
    def share(self) -> float:
        """Own seconds as a share of all; NaN before there are any."""
        elapsed = self.elapsed
        return self.spent / elapsed if elapsed > 0 else math.nan
