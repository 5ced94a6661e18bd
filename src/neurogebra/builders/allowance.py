"""What a proof may take: seconds, and the updates that follow from them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from neurogebra.builders.short_run import ShortRun
from neurogebra.observatory.remedy import FLOOR, SHARE

PATIENCE = 2.0
"""Seconds that the fewest updates may take where the allowance is less."""

BROKEN_OFF = 0.25
"""The least seconds for a run that ended early: its length says nothing of what it is."""

LEAST = 16
"""The updates (of a run that accumulates batches: so many times as many) below which a short
run says nothing."""

FIRST = 4
"""The updates from which the time of one is first judged."""

GOOD = 64
"""The updates from which on some of the time is better kept for a second try."""

RUNS = 4
"""The short runs that are planned with: without and with a change, and both once more."""

LOOKS = 4
"""Looks at the layers up to the first checkpoint, and as many again up to the second."""

PLANNED = 0.85
"""The part of the allowance that is given out: checkpoints, looks and the doctor take some."""


class Watch:
    """The seconds that a proof has taken of those that it may take.

    seconds: of the run in question; early: whether that ended before half of its updates;
    spent: what was taken before.
    """

    def __init__(
        self, seconds: float, clock: Callable[[], float], spent: float = 0.0, *, early: bool
    ) -> None:
        self.clock = clock
        self.allowed = max(SHARE * seconds, BROKEN_OFF if early else FLOOR)
        self._start = clock() - spent

    @property
    def spent(self) -> float:
        """All seconds so far."""
        return self.clock() - self._start

    def fits(self, seconds: float) -> bool:
        """Whether so many more may be taken."""
        return self.spent + seconds <= self.allowed


@dataclass(frozen=True)
class Plan:
    """How far the short runs go. fixed: what beginning one takes, in updates.

    purse: the updates that all of them together may make, with what beginning each takes. These
    numbers are rounded (to 1, 1.5, 2, 3, 4, 6, … updates), so that small changes of the clock
    change nothing; what is played follows from them alone, unless a changed run is so slow
    that the seconds run out.
    """

    updates: int
    fixed: int
    purse: int
    checkpoints: tuple[int, ...]

    @property
    def looks(self) -> frozenset[int]:
        """The updates whose layers are looked at: four up to each of the first checkpoints."""
        pace = max(1, self.checkpoints[0] // LOOKS)
        last = self.checkpoints[min(1, len(self.checkpoints) - 1)]
        return frozenset((*range(pace, last + 1, pace), *self.checkpoints))


def refusal(twin: ShortRun, watch: Watch) -> str:
    """Play the first updates of the run without a change; return why that takes too long, or ""."""
    least = _least(twin)
    twin.play(min(least, FIRST * twin.begun.run.accumulate))
    needs = twin.more(least) + twin.more(twin.step + least)
    if needs <= max(watch.allowed, PATIENCE) or twin.diverged:
        return ""
    return (
        f"too short: {least} updates with and without it would take {needs:.2g} s, "
        f"and {watch.allowed:.2g} s are allowed"
    )


def planned(twin: ShortRun, run: ShortRun | None, watch: Watch) -> Plan:
    """Plan by what the first updates of the run without a change take.

    run: that with the first change, whose beginning tells what others take (the very first of
    a process takes longer), and its updates where there are hardly any without the change.
    """
    if run is not None:
        run.play(FIRST if twin.step < FIRST else 1)
    least, unit = _least(twin), twin.begun.run.accumulate
    blocks, done = [], twin.step
    while twin.step < least and not twin.diverged:
        took = twin.play(min(least, twin.step + FIRST * unit))
        blocks.append(took / max(1, twin.step - done))
        done = twin.step
    known = twin if twin.step >= FIRST or run is None else run
    blocks = blocks or [known.more(known.step + 1) or known.takes(1)]
    each = max(median(blocks), 1e-7)
    fixed = max(1.0, (run or twin).takes(1) / each)
    rest = (PLANNED * watch.allowed - watch.spent) / each
    return _plan(fixed, rest + 2 * fixed + twin.step, least, twin)


def _least(twin: ShortRun) -> int:
    return min(LEAST * twin.begun.run.accumulate, twin.begun.updates)


def _plan(fixed: float, purse: float, least: int, twin: ShortRun) -> Plan:
    """fixed: what beginning a run takes; purse: what there is for all of them, in updates."""
    unit = twin.begun.run.accumulate
    took = _rounded(fixed)
    whole = max(_rounded(purse), 2 * (least + took))
    several, two = (_rounded((whole / n - took) / unit) * unit for n in (RUNS, 2))
    updates = several if several >= GOOD * unit else min(two, GOOD * unit)
    updates = min(max(updates, least), twin.begun.updates)
    parts = (updates // 8, updates // 4, updates // 2)
    checkpoints = (*(n for n in parts if n >= 2 * least), updates)
    return Plan(updates, took, whole, checkpoints)


def _rounded(updates: float) -> int:
    """Return the greatest of 1, 1.5, 2, 3, 4, 6, … that is no more than this, or 0."""
    if updates < 1:
        return 0
    power = 1 << int(math.log2(updates))
    return power * 3 // 2 if updates >= 1.5 * power else power
