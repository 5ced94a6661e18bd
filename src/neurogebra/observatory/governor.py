"""What watching costs, by its own clock, and what it may still cost."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

from neurogebra.errors import BadValue

BUDGET = 0.03
"""The share of the training's time that watching takes unless somebody says otherwise."""

# Of the budget: what single updates may take, so that something is left to look at layers.
STEPS = 0.6
# Of the budget: what is planned with. The rest is for what no clock sees: caches left cold.
PLANNED = 0.6
# Seconds that watching may take in a run too short for its budget to be worth anything.
GRACE = 0.02
# Updates from which it is known what one takes that nobody looks at.
SETTLED = 3
# Updates that were looked at and wait until it is known; of more, the latest.
AWAIT = 1024
# Reads of the clock from which the cost of one is taken.
READS = 16


def checked(budget: float | None, where: str = "budget") -> float | None:
    """Return a budget: a share above 0 and up to 1, or None for no limit; else BadValue."""
    if budget is None:
        return None
    real = isinstance(budget, (int, float)) and not isinstance(budget, bool)
    if not (real and 0 < budget <= 1):
        raise BadValue(where, "a share above 0 and up to 1, or None", budget)
    return float(budget)


@dataclass
class Governor:
    """Own seconds, and the share of the training's seconds that they may take.

    budget: 0.03 allows 3 % of the time since the first update, not counting the own; None
    allows everything. Where that is less than `grace` seconds, those are allowed; `planned` is
    the part of the budget that is given out.
    Each stretch of work is between `begin` and `end`, which read the clock once each; that
    reading, and the calls that it cannot see, are added to each stretch. What may be done is
    judged as of its beginning, `now`. step: the updates made so far, kept by the loop.
    """

    budget: float | None = BUDGET
    clock: Callable[[], float] = time.perf_counter
    grace: float = GRACE
    planned: float = PLANNED
    spent: float = 0.0
    step: int = 0
    costs: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.budget = checked(self.budget)
        first = self.clock()
        for _ in range(READS):
            last = self.clock()
        self.tick = 2 * (last - first) / READS
        self._plain: deque[float] = deque(maxlen=2 * SETTLED + 1)
        self._probed: deque[float] = deque(maxlen=AWAIT)
        self._since: float | None = None
        self._ended: float | None = None
        self.now = last

    def start(self) -> None:
        """Count the seconds of the run from here; nothing is spent yet."""
        self._since, self._ended, self.spent = self.now, None, 0.0

    def stop(self) -> None:
        """The run is over: what comes after it is not its time."""
        self._ended = self.clock()

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
        self.counts[what] = self.counts.get(what, 0) + 1

    def stepped(self, seconds: float) -> None:
        """Take in what an update took that was not looked at."""
        self._plain.append(seconds)
        if self._probed and len(self._plain) >= SETTLED:
            self._settle()

    def probed(self, seconds: float) -> None:
        """Count what an update took more for being looked at, once it is known what others take."""
        self._probed.append(seconds)
        if len(self._plain) >= SETTLED:
            self._settle()

    def _settle(self) -> None:
        usual = median(self._plain) if self._plain else math.inf
        self.spent += sum(max(0.0, seconds - usual) for seconds in self._probed)
        self._probed.clear()

    def affords(self, what: str, share: float = 1.0) -> bool:
        """Return whether a piece of work, at its known cost, fits into a share of the budget."""
        return self.wait(what, share) <= 0

    def wait(self, what: str, share: float = 1.0) -> float:
        """Return the seconds of training until a piece of work is affordable; 0 when it is."""
        if self.budget is None:
            return 0.0
        if self._since is None:
            return math.inf
        rate = self.budget * share * self.planned
        cost = self.spent + self.costs.get(what, 0.0)
        return 0.0 if cost <= self.grace * share else max(0.0, cost / rate - self.training)

    @property
    def started(self) -> bool:
        """Whether the run has begun."""
        return self._since is not None

    @property
    def training(self) -> float:
        """Seconds since the first update, as of `now`, that were not the observer's own."""
        return 0.0 if self._since is None else max(0.0, self.now - self._since - self.spent)

    @property
    def elapsed(self) -> float:
        """Seconds since the first update; 0 before it."""
        if self._since is None:
            return 0.0
        return (self.clock() if self._ended is None else self._ended) - self._since

    @property
    def share(self) -> float:
        """Own seconds as a share of the training's; NaN before there are any."""
        rest = self.elapsed - self.spent
        return self.spent / rest if rest > 0 else math.nan

    def account(self) -> dict[str, float]:
        """Return what watching took, for the end of a run: {} before there was an update.

        share: own seconds to those of the training; seconds: own; looks, told: the updates
        whose layers were looked at, and those told one by one; budget, where there is one.
        """
        self._settle()
        share = self.share
        if not math.isfinite(share):
            return {}
        found = {
            "share": share,
            "seconds": self.spent,
            "looks": float(self.counts.get("look", 0)),
            "told": float(self.counts.get("batch", 0)),
        }
        return found if self.budget is None else {**found, "budget": self.budget}
