"""When the doctor asks for layers and for single updates: by a plan, as the budget allows."""

from __future__ import annotations

import math

from neurogebra.observatory.governor import STEPS, Governor

# The part of a run in which layers are looked at more often.
EARLY = 0.2
# The first updates, which are all looked at.
FIRST = 5
# Of the looks after them: one in so many is taken whatever it costs, so that what is found
# does not hang on the clock alone.
KEPT = 5
# After the early part two of so many looks are at updates in a row, so that their gradients can
# be laid side by side.
PAIRED = 4
# The first updates of which each is heard, and the most that are passed over at once.
HEARD, MOST = 20, 512
# Looks that an alert asks for, whatever they cost, and updates until another may.
SUSPICIOUS, CALM = 3, 100


class Pace:
    """The plan of the looks of one run, and which of them and of its updates are afforded.

    samples: the looks that a run of known length is planned to get, a third of them in its
    first fifth (0: none). Without a governor, or without a budget, all of them are taken and
    every update is heard. With one, the first looks, one in KEPT of the others, the looks
    after an alert and the first updates are taken all the same; the second look of a pair only
    where it is afforded.
    """

    def __init__(self, samples: int, governor: Governor | None = None) -> None:
        self.samples, self.governor = samples, governor
        self.limited = governor is not None and governor.budget is not None
        self._due, self._passed, self._from = 0, 0, 0
        self._suspicious, self._calm, self._listen = 0, 0, 0
        self._second = False  # the look that is due is the second of a pair

    def start(self, step: int) -> None:
        """Begin at an update: 0, or that of a checkpoint."""
        self._from = step

    def looks(self, step: int) -> bool:
        """Return whether the update after `step` is to be looked at."""
        g = self.governor
        if not self.samples or g is None or not self.limited:
            return bool(self.samples) and step + 1 >= self._due
        if self._suspicious:
            return True
        if step + 1 < self._due:
            return False
        if self._second:
            return g.affords("look")
        return self._passed < FIRST or self._passed % KEPT == 0 or g.affords("look")

    def affords(self) -> bool:
        """Return whether a look that is in no plan may be taken."""
        return self.governor is None or not self.limited or self.governor.affords("look")

    def quiet(self, step: int) -> int:
        """Return how many updates after `step` need not be heard."""
        if not self.limited or self._suspicious:
            return 0
        rest = self._listen - step - 1
        if self.samples:
            rest = min(rest, self._due - step - 1)
        return max(0, min(rest, MOST))

    def looked(self, step: int, planned: int) -> None:
        """Layers of an update were seen, of a run of so many updates (0: unknown)."""
        if self.samples and step >= self._due:
            self._suspicious -= self._suspicious > 0
            late = planned > 0 and step >= EARLY * planned
            self._next(step, planned, late and self._passed % PAIRED == 0)

    def heard(self, step: int, planned: int) -> None:
        """An update was told; a look that was due and not afforded is left out."""
        if self._suspicious:
            self._suspicious = min(self._suspicious, max(0, self._calm - step))
        g = self.governor
        if g is None or not self.limited:
            return
        if self.samples and step >= self._due:
            self._next(step, planned)
        made = step - self._from
        each = g.training / made if made else 0.0
        wait = 0.0 if made < HEARD or not each else g.wait("batch", STEPS) / each
        self._listen = step + 1 + math.ceil(min(wait, MOST))

    def suspect(self, step: int) -> None:
        """Something is wrong: look at the next updates."""
        if self.limited and self.samples and step >= self._calm:
            self._suspicious, self._calm = SUSPICIOUS, step + CALM
            self._due = step + 1

    def _next(self, step: int, planned: int, first: bool = False) -> None:
        """Plan the look after the one of this update. first: it may be the first of a pair."""
        stride = self._stride(step, planned)
        self._passed += 1
        self._second = first and stride > 1
        self._due = step + (1 if self._second else stride)

    def _stride(self, step: int, planned: int) -> int:
        """Return the updates until the next look: few at first, then many."""
        if self._suspicious:
            return 1
        if not planned:
            return max(1, step // 10)
        if step < FIRST:
            return 1
        apart = PAIRED / (PAIRED - 1)  # of so many looks two follow one another
        share = EARLY * 3 if step / planned < EARLY else (1 - EARLY) * 1.5 * apart
        return max(1, round(planned * share / self.samples))
