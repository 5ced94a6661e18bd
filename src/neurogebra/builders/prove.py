"""A diagnosis tried out: short runs with and without each proposed change, compared."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice, zip_longest
from pathlib import Path

import numpy as np

from neurogebra.builders.alter import Beginning, altered, is_one_hot, is_yes_or_no
from neurogebra.builders.folder import RunFolder
from neurogebra.builders.project import reopen, threads_of
from neurogebra.errors import BadValue, DataError
from neurogebra.losses import LOSSES
from neurogebra.losses.table import SIGNS
from neurogebra.observatory import threads
from neurogebra.observatory.bus import Bus
from neurogebra.observatory.diagnosis import Diagnosis
from neurogebra.observatory.doctor import Doctor
from neurogebra.observatory.events import BatchEnd, TrainEnd
from neurogebra.observatory.remedy import (
    HELPED,
    NO_HELP,
    NOT_TRIED,
    UNTRIED,
    WORSE,
    Change,
    Outcome,
    Proof,
    Trial,
    proposed,
)
from neurogebra.observatory.render.text import many
from neurogebra.observatory.sinks.ndjson_events import stored_events
from neurogebra.training.baseline import baseline
from neurogebra.training.data import Data
from neurogebra.training.loop import train
from neurogebra.training.session import Session

SHARE = 0.24
"""The updates of the short runs, as a share of the run's own, where that is enough.

Of one change it holds; of three it holds where one of the first two helps, as most do.
"""

FLOOR = 40
"""The updates below which a short run says little."""

MOST = 3
"""How many changes are tried at the most."""

CHECKED = 4096
"""Rows that a short run is judged on."""

LOOKS = 12
"""Looks at the layers in a short run, which cost more than its updates where those are small."""

CLEAR = 0.05
"""The share of the loss, or the accuracy, from which on a difference counts."""

SLIGHT, FASTER = 0.003, 2.0
"""Or a smaller share, where the loss fell so many times as far."""

BROKEN = "the weights that it began with are no finite numbers; make the model anew"

# Rules that speak of a run's length, which a trial does not have.
OF_LENGTH = ("too_few_updates", "still_falling", "near_chance")


@dataclass(frozen=True)
class _Idea:
    cause: str
    changes: tuple[Change, ...]
    begun: Beginning | None  # None where the change cannot be made, for the reason in `made`
    made: str

    @property
    def fields(self) -> set[str]:
        """What it changes."""
        return {change.field for change in self.changes}


def prove(begun: Beginning, found: Diagnosis, done: int, seconds: float) -> Proof:
    """Try the changes that a diagnosis proposes, one after another until one helps, then all.

    done, seconds: the updates and the time of the run in question. Each change is compared
    with a run that differs in nothing else: same beginning, seed, rows and number of updates
    (for another batch size: number of rows). Nothing of `begun` is changed.
    """
    broken = not all(np.isfinite(a).all() for a in (begun.weights or {}).values())
    ideas = [] if broken else list(islice(_ideas(begun, found), MOST))
    untried = (
        (BROKEN,)
        if broken
        else tuple(
            f"{c.name} ({UNTRIED.get(c.name, 'no change of this run is known to put it right')})"
            for c in found.causes
            if all(idea.cause != c.name for idea in ideas)
            and not any(_made(begun, each) for each in c.changes)
        )
    )
    updates = length(begun, done, len(ideas))
    start = time.perf_counter()
    trials = tuple(_tried(begun, ideas, updates))
    spent = time.perf_counter() - start if trials else 0.0
    return Proof(
        trials=trials, untried=untried, updates=updates if trials else 0, seconds=spent,
        run_updates=done, run_seconds=seconds,
    )  # fmt: skip


def prove_run(path: str | Path, found: Diagnosis) -> Diagnosis:
    """Return the diagnosis of a run folder with the proof of its proposals.

    The data are opened again and their digest compared; the folder stays as it is. Raises
    RunError where the data have changed, DataError where they are gone, Corrupt.
    """
    folder = RunFolder(Path(path))
    project = reopen(folder)
    begun = Beginning(
        project.model, project.run, project.parts["training"], project.parts["validation"]
    )
    done, seconds = 0, 0.0
    for stamped in stored_events(folder.path):
        event = stamped.event
        if isinstance(event, (BatchEnd, TrainEnd)):
            done = max(done, event.step)
        if isinstance(event, TrainEnd):
            seconds += event.seconds  # of a run that was resumed, each part's
    with threads.applied(threads_of(folder)):
        return replace(found, proof=prove(begun, found, done, seconds))


def length(begun: Beginning, done: int, tries: int) -> int:
    """Return the updates of one short run, when so many changes may be tried, and all of them."""
    fair = int(SHARE * done / ((3 + tries) / 2))
    least = FLOOR * begun.run.accumulate
    return max(1, min(max(fair, least), begun.updates))


def _ideas(begun: Beginning, found: Diagnosis) -> Iterator[_Idea]:
    """Yield what can be tried: the first change of every cause, then the second, and so on."""
    causes = [(c.name, c.changes) for c in found.causes]
    named = {rule for c in found.causes for rule in c.rules}
    rules = dict.fromkeys(a.rule for a in found.findings if a.rule not in named)
    others = [(rule, proposed(rule, (), {})) for rule in rules]  # what no cause explains
    pairs = (
        pair
        for these in (causes, others)
        for row in zip_longest(*([(name, c) for c in changes] for name, changes in these))
        for pair in row
        if pair is not None
    )
    seen: set[str] = set()
    for name, change in pairs:
        made = _made(begun, change)
        if made is not None and made[1] not in seen:
            seen.add(made[1])
            yield _Idea(name, (change,), *made)


def _made(begun: Beginning, change: Change) -> tuple[Beginning | None, str] | None:
    try:
        return altered(begun, change)
    except (BadValue, DataError) as error:
        return None, str(error)


def _tried(begun: Beginning, ideas: list[_Idea], updates: int) -> Iterator[Trial]:
    plain: dict[int, Outcome] = {}
    for idea in ideas:
        trial = _trial(begun, idea, updates, plain)
        yield trial
        if trial.verdict == HELPED:
            return
    together = _together(begun, ideas)
    if together is not None:
        yield _trial(begun, together, updates, plain)


def _together(begun: Beginning, ideas: list[_Idea]) -> _Idea | None:
    """Return the first change of each kind as one; None where there are not several."""
    whole = _Idea("", (), begun, "")
    for idea in ideas:
        (change,) = idea.changes
        made = None if change.field in whole.fields else _made(whole.begun or begun, change)
        if made is not None and made[0] is not None:
            causes = dict.fromkeys(filter(None, (*whole.cause.split(", "), idea.cause)))
            said = ", ".join(filter(None, (whole.made, made[1])))
            whole = _Idea(", ".join(causes), (*whole.changes, change), made[0], said)
    return whole if len(whole.changes) > 1 else None


def _trial(begun: Beginning, idea: _Idea, updates: int, plain: dict[int, Outcome]) -> Trial:
    """plain: updates → the run without a change, kept from trial to trial."""
    own, changed = updates, updates
    if idea.begun is not None and idea.begun.run.batch_size != begun.run.batch_size:
        own, changed = _same_rows(begun, idea.begun, updates)
    before = plain[own] if own in plain else plain.setdefault(own, shortly(begun, own))
    told = partial(Trial, cause=idea.cause, changes=idea.changes, before=before)
    if idea.begun is None:
        return told(made=idea.changes[0].text, verdict=NOT_TRIED, why=idea.made)
    try:
        after = shortly(idea.begun, changed)
    except (BadValue, DataError) as error:
        return told(made=idea.made, verdict=NOT_TRIED, why=str(error))
    same = _unit(begun) == _unit(idea.begun) and "targets" not in idea.fields
    verdict, why = judge(before, after, same_unit=same)
    return told(made=idea.made, verdict=verdict, why=why, after=after)


def _unit(begun: Beginning) -> object:
    return begun.run.loss, begun.run.loss_options, begun.model.heads


def _same_rows(begun: Beginning, other: Beginning, updates: int) -> tuple[int, int]:
    """Return the updates of both for the same number of rows, and enough of them for each."""
    sizes = [b.run.batch_size or len(b.data) for b in (begun, other)]
    rows = max(updates, FLOOR) * max(sizes)
    own, changed = (max(1, rows // size) for size in sizes)
    return own, changed


def shortly(begun: Beginning, updates: int) -> Outcome:
    """Train for some updates from a beginning, under a doctor, and judge where that leads."""
    start = time.perf_counter()
    batches = begun.data.batches(begun.run.batch_size)
    # A schedule may count on the whole length; the doctor judges by the length there is.
    epochs = begun.run.epochs if begun.run.schedule else -(-updates // batches)
    run = replace(
        begun.run, epochs=epochs, patience=0, restore_best=False, monitor="val_loss", min_delta=0.0
    )
    session = Session(begun.model, run, begun.data, None, begun.weights)
    rows = _some(begun.data if begun.checks is None else begun.checks)
    bus = Bus()
    doctor = Doctor(bus.publish, samples=LOOKS)
    bus.add(doctor)
    with np.errstate(all="ignore"):
        first = session.evaluate(rows)["loss"]
        for event in train(session, bus.wants, bus.looks):
            if isinstance(event, TrainEnd):
                break  # a trial has no end that a rule may judge
            bus.publish(event)
            if isinstance(event, BatchEnd) and event.step >= updates:
                break
        loss = session.evaluate(rows)["loss"]
        outputs = session.network.predict(rows.x)
    bus.close()
    trivial = baseline(begun.model, run, rows).get("trivial_loss", 0.0)
    return Outcome(
        updates=session.progress.step,
        rows=len(rows),
        unseen=begun.checks is not None,
        first=first,
        loss=loss,
        skill=1 - loss / trivial if trivial > 0 and math.isfinite(loss) else None,
        accuracy=_accuracy(begun, rows, outputs),
        alerts=tuple(dict.fromkeys(a.rule for a in doctor.alerts if a.rule not in OF_LENGTH)),
        diverged=session.progress.reason == "diverged" or not math.isfinite(loss),
        seconds=time.perf_counter() - start,
    )


def _some(rows: Data) -> Data:
    n = len(rows)
    return rows if n <= CHECKED else rows.at(np.linspace(0, n - 1, CHECKED).astype(np.int64))


def _accuracy(begun: Beginning, rows: Data, outputs: dict[str, np.ndarray]) -> float | None:
    """Return the share of right answers, whatever the loss is, where the targets name classes."""
    if len(begun.model.heads) != 1:
        return None
    head, run = begun.model.heads[0], begun.run
    loss = LOSSES[head.loss_of(run.loss, run.loss_options)[0]]
    y, found = rows.y[head.name], outputs[head.name]
    signed = loss.target == SIGNS
    y = (y + 1) / 2 if signed else y
    if not is_yes_or_no(y) or y.shape != found.shape or not np.isfinite(found).all():
        return None
    if is_one_hot(y):
        return float((found.argmax(-1) == y.argmax(-1)).mean())
    border = 0.0 if signed or loss.logits else 0.5
    return float(((found > border) == (y > 0.5)).mean())


def judge(before: Outcome, after: Outcome, *, same_unit: bool) -> tuple[str, str]:
    """Return the verdict on a change and its reason.

    same_unit: whether both losses are of one kind; otherwise the accuracies are compared, and
    what the losses are beside those of the best constants. A change helps only where the
    changed run is better at its end than at its beginning.
    """
    if after.diverged:
        said = f"it diverges after {many(after.updates, 'update')}"
        return (NO_HELP, f"{said} as well") if before.diverged else (WORSE, said)
    learned = after.loss < after.first
    if before.diverged:
        if learned:
            return HELPED, f"without it the run diverges after {many(before.updates, 'update')}"
        return NO_HELP, "it diverges no more, and learns nothing either"
    gain, what = _gain(before, after, same_unit=same_unit)
    if gain is None:
        return NO_HELP, what
    if gain <= -CLEAR:
        return WORSE, what
    if gain < CLEAR and not (same_unit and _is_faster(before, after, gain)):
        return NO_HELP, what
    if not learned:
        return NO_HELP, f"{what}, and yet no better than before the first update"
    return HELPED, what


def _gain(before: Outcome, after: Outcome, *, same_unit: bool) -> tuple[float | None, str]:
    right = None
    if before.accuracy is not None and after.accuracy is not None:
        right = after.accuracy - before.accuracy
    if same_unit:
        gain = (before.loss - after.loss) / max(abs(before.loss), 1e-30)
        if right is not None and gain * right < 0 and abs(right) > CLEAR:
            return 0.0, "loss and accuracy say opposite things"
        fell = (before.first - before.loss, after.first - after.loss)
        more = f", it fell {fell[1] / fell[0]:.1f} times as far" if 0 < fell[0] < fell[1] else ""
        return gain, f"the loss is {abs(gain):.1%} {'lower' if gain >= 0 else 'higher'}{more}"
    if right is not None and abs(right) >= CLEAR:
        return right, f"{abs(right):.1%} more rows are {'right' if right > 0 else 'wrong'}"
    if before.skill is None or after.skill is None:
        return right, "the losses are of two kinds, which cannot be compared"
    gain = max(-1.0, after.skill) - max(-1.0, before.skill)
    return gain, (
        f"beside the loss of the best constant it is {abs(gain):.1%} "
        f"{'lower' if gain >= 0 else 'higher'}"
    )


def _is_faster(before: Outcome, after: Outcome, gain: float) -> bool:
    """Say whether the loss fell much farther, small as both falls are in a short run."""
    fell = max(0.0, before.first - before.loss)
    return gain >= SLIGHT and after.first - after.loss >= FASTER * fell
