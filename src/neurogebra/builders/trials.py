"""The short runs of one proof: with a change, without it, and both once more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain

from neurogebra.builders.allowance import Plan, Watch, planned, refusal
from neurogebra.builders.alter import Beginning, altered
from neurogebra.builders.short_run import ShortRun
from neurogebra.builders.side_by_side import Pair, compared, have_same_unit, pairs_of
from neurogebra.errors import BadValue, DataError
from neurogebra.observatory.remedy import (
    HELPED,
    NOT_TRIED,
    UNCERTAIN,
    Again,
    Change,
    Outcome,
    Trial,
)

SEEN = 0.5
"""The seconds allowed from which on the layers are looked at: in less that takes too much."""


@dataclass(frozen=True)
class Idea:
    """A change to try, and what it comes to; begun is None where it cannot be made: see made."""

    cause: str
    changes: tuple[Change, ...]
    begun: Beginning | None
    made: str

    @property
    def fields(self) -> set[str]:
        """What it changes."""
        return {change.field for change in self.changes}


def made(begun: Beginning, change: Change) -> tuple[Beginning | None, str] | None:
    """Return what a change comes to, or why it cannot be made; None where it changes nothing."""
    try:
        return altered(begun, change)
    except (BadValue, DataError) as error:
        return None, str(error)


class Bench:
    """Tries changes of a beginning, as far as the time goes.

    plan: how far, once that is known; runs, played: the short runs so far and their updates;
    left: what was not tried for want of time.
    """

    def __init__(self, begun: Beginning, watch: Watch) -> None:
        self.begun, self.watch = begun, watch
        self.plan: Plan | None = None
        self.left: tuple[str, ...] = ()
        self._all: list[ShortRun] = []
        self._looks: frozenset[int] = frozenset()
        self._before: dict[int, Outcome] = {}
        self._twin = self._start(begun, listens=True)

    @property
    def runs(self) -> int:
        """The short runs so far."""
        return len(self._all)

    @property
    def played(self) -> int:
        """The updates of all of them."""
        return sum(run.step for run in self._all)

    def tried(self, ideas: Iterator[Idea]) -> Iterator[Trial]:
        """Yield a trial of each idea until one helps; at last of all that fit, together."""
        done: list[Idea] = []
        for idea in chain(ideas, self._last(done)):
            if not done and (why := refusal(self._twin, self.watch)):
                yield self._refused(idea, why)
                return
            run = None if done else self._begun(idea)
            plan = self.plan = self.plan or self._planned(run)
            pairs = pairs_of(self._twin, idea.begun or self.begun, plan)
            fit = tuple(p for p in pairs if self._affords(p, 0 if run else 1))
            if done and not fit:
                self.left = (idea.made,)
                return
            trial = self._trial(idea, run or self._begun(idea), fit or pairs[:1])
            yield trial
            if trial.verdict == HELPED:
                return
            done.append(idea)

    def _planned(self, run: ShortRun | str | None) -> Plan:
        plan = planned(self._twin, run if isinstance(run, ShortRun) else None, self.watch)
        self._looks = plan.looks if self.watch.allowed >= SEEN else frozenset()
        for each in self._all:
            each.looks = self._looks
        return plan

    def _last(self, done: list[Idea]) -> Iterator[Idea]:
        """Yield what was tried as one, where it is several."""
        both = together(self.begun, done)
        if both is not None:
            yield both

    def _start(self, begun: Beginning, *, listens: bool = False) -> ShortRun:
        first = next((run.marks[0] for run in self._all if _is_same(run.begun, begun)), None)
        run = ShortRun(begun, first=first, listens=listens, clock=self.watch.clock)
        run.looks = self._looks
        self._all.append(run)
        return run

    def _begun(self, idea: Idea) -> ShortRun | str:
        """Begin a run with a change; or return why there is none."""
        if idea.begun is None:
            return idea.made
        try:
            return self._start(idea.begun, listens=True)
        except (BadValue, DataError) as error:
            return str(error)

    def _affords(self, pair: Pair, runs: int) -> bool:
        """Whether there is time to compare after so many updates, with so many new runs.

        It is counted in updates, not seconds, unless these have run out.
        """
        if self.plan is None or not self.watch.fits(0.0):
            return False
        own = pair[0] - (self._twin.step if runs < 2 else 0)
        spent = self.played + (self.runs + runs) * self.plan.fixed
        return max(0, own) + pair[1] <= self.plan.purse - spent

    def _trial(self, idea: Idea, run: ShortRun | str, pairs: tuple[Pair, ...]) -> Trial:
        if isinstance(run, str):
            return self._refused(idea, run)
        same_unit = have_same_unit(self.begun, run.begun)
        found = compared(self._twin, run, pairs, self.watch, same_unit=same_unit)
        trial = Trial(
            cause=idea.cause,
            changes=idea.changes,
            made=idea.made,
            verdict=found.verdict,
            why=found.why,
            before=self._told(found.at[0]),
            after=run.outcome(found.at[1], skill=True, examined=True),
        )
        return self._confirmed(trial, run, found.at) if found.verdict == HELPED else trial

    def _refused(self, idea: Idea, why: str) -> Trial:
        self._twin.mark()
        return Trial(
            cause=idea.cause,
            changes=idea.changes,
            made=(idea.begun and idea.made) or idea.changes[0].text,
            verdict=NOT_TRIED,
            why=why,
            before=self._told(self._twin.step),
        )

    def _told(self, updates: int) -> Outcome:
        """Return where the run without a change stood, examined once."""
        if updates not in self._before:
            self._before[updates] = self._twin.outcome(updates, skill=True, examined=True)
        return self._before[updates]

    def _confirmed(self, trial: Trial, run: ShortRun, pair: Pair) -> Trial:
        """Try it as long once more with another seed, if that may differ and time allows."""
        seed, old = self.begun.run.seed + 1, (self._twin, run)
        seconds = sum(r.takes(n) for r, n in zip(old, pair, strict=True))
        if not (self._affords(pair, 2) and self.watch.fits(seconds)):
            return trial
        both = [replace(r.begun, run=replace(r.begun.run, seed=seed)) for r in old]
        if not any(map(_hangs_on_seed, both)):
            return trial
        twin, other = map(self._start, both)
        same_unit = have_same_unit(self.begun, run.begun)
        found = compared(twin, other, (pair,), self.watch, same_unit=same_unit)
        again = Again(
            seed=seed,
            updates=found.at[1],
            before=found.before,
            after=found.after,
            verdict=found.verdict,
            why=found.why,
        )
        verdict = HELPED if again.verdict == HELPED else UNCERTAIN
        return replace(trial, verdict=verdict, again=(again,))


def together(begun: Beginning, ideas: list[Idea]) -> Idea | None:
    """Return the first change of each kind as one; None where there are not several."""
    whole = Idea("", (), begun, "")
    for idea in ideas:
        (change,) = idea.changes
        found = None if change.field in whole.fields else made(whole.begun or begun, change)
        if found is not None and found[0] is not None:
            causes = dict.fromkeys(filter(None, (*whole.cause.split(", "), idea.cause)))
            said = ", ".join(filter(None, (whole.made, found[1])))
            whole = Idea(", ".join(causes), (*whole.changes, change), found[0], said)
    return whole if len(whole.changes) > 1 else None


def _is_same(one: Beginning, other: Beginning) -> bool:
    """Say whether two trainings stand at the same point before their first update."""
    drawn = one.weights is None and one.run.seed != other.run.seed
    parts = (
        (b.run.loss, b.run.loss_options, b.run.dtype, b.run.engine) for b in (one, other)
    )  # fmt: skip
    return (
        not drawn
        and one.model == other.model
        and one.data is other.data
        and one.checks is other.checks
        and one.weights is other.weights
        and next(parts) == next(parts)
    )


def _hangs_on_seed(begun: Beginning) -> bool:
    """Say whether another seed draws other first weights, or another order of the rows."""
    several = len(begun.data) > (begun.run.batch_size or len(begun.data))
    return begun.weights is None or (begun.run.shuffle and several)
