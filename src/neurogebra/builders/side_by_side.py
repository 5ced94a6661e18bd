"""Two short runs side by side: where they are compared, and what that shows."""

from __future__ import annotations

from typing import NamedTuple

from neurogebra.builders.allowance import Plan, Watch
from neurogebra.builders.alter import Beginning
from neurogebra.builders.judge import is_plain, judge
from neurogebra.builders.short_run import ShortRun

FEWEST = 4
"""The updates of the larger batches, where two sizes of them are compared."""

Pair = tuple[int, int]
"""The updates without a change and with it, after which the two are compared."""


class Compared(NamedTuple):
    """What two short runs say: after how many updates of each, the verdict, their losses."""

    at: Pair
    verdict: str
    why: str
    before: float
    after: float


def pairs_of(twin: ShortRun, other: Beginning, plan: Plan) -> tuple[Pair, ...]:
    """Return the checkpoints at which a change is compared: after as many rows of both.

    twin: the run without it, which has made some updates already.
    """
    sizes = [b.run.batch_size or len(b.data) for b in (twin.begun, other)]
    if sizes[0] == sizes[1]:
        return tuple((n, n) for n in plan.checkpoints)
    large = max(FEWEST, plan.updates * min(sizes) // max(sizes))
    own, changed = (large * max(sizes) // size for size in sizes)
    if own < twin.step and own not in twin.marks:  # it has passed by
        own, changed = twin.step, max(1, twin.step * sizes[0] // sizes[1])
    return ((own, changed),)


def compared(
    twin: ShortRun, run: ShortRun, pairs: tuple[Pair, ...], watch: Watch, *, same_unit: bool
) -> Compared:
    """Play both from checkpoint to checkpoint until it is plain what comes of the change.

    It is where two checkpoints in a row say it, or where the changed run has diverged.
    """
    latest = ""
    for i, (own, changed) in enumerate(pairs):
        if i and not watch.fits(twin.more(own) + run.more(changed)):
            break
        for each, updates in ((twin, own), (run, changed)):
            each.play(updates)
            each.mark()
        before = twin.outcome(own, skill=not same_unit)
        after = run.outcome(changed, skill=not same_unit)
        verdict, why = judge(before, after, same_unit=same_unit)
        found = Compared((own, changed), verdict, why, before.loss, after.loss)
        if run.diverged or verdict == latest:
            break
        latest = verdict if is_plain(before, after, same_unit=same_unit) else ""
    return found


def have_same_unit(one: Beginning, other: Beginning) -> bool:
    """Say whether the losses of two trainings can be compared as they are."""
    units = [(b.run.loss, b.run.loss_options, b.model.heads) for b in (one, other)]
    return units[0] == units[1] and _has_same_targets(one, other)


def _has_same_targets(one: Beginning, other: Beginning) -> bool:
    return all(one.data.y[name] is other.data.y.get(name) for name in one.data.y)
