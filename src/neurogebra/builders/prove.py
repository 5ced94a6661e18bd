"""A diagnosis tried out: short runs with and without each proposed change, compared."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain, islice, zip_longest
from pathlib import Path

import numpy as np

from neurogebra.builders.allowance import Watch
from neurogebra.builders.alter import Beginning
from neurogebra.builders.folder import RunFolder
from neurogebra.builders.project import reopen, threads_of
from neurogebra.builders.trials import Bench, Idea, made
from neurogebra.engines import ENGINES
from neurogebra.observatory import threads
from neurogebra.observatory.diagnosis import Diagnosis
from neurogebra.observatory.events import BatchEnd, TrainEnd, TrainStart
from neurogebra.observatory.remedy import UNTRIED, Change, Proof, proposed
from neurogebra.observatory.sinks.ndjson import TIERS
from neurogebra.observatory.sinks.ndjson_events import stored_events
from neurogebra.observatory.sinks.ndjson_lines import numbered

MOST = 3
"""How many changes are tried at the most."""

BROKEN = "the weights that it began with are no finite numbers; make the model anew"


def prove(
    begun: Beginning,
    found: Diagnosis,
    done: int,
    seconds: float,
    *,
    spent: float = 0.0,
    clock: Callable[[], float] = time.perf_counter,
) -> Proof:
    """Try the changes that a diagnosis proposes, one after another until one helps, then all.

    done, seconds: the updates and the time of the run in question. Each change is compared
    with a run that differs in nothing else: same beginning, seed, rows and number of updates
    (for another batch size: number of rows). What helps is tried once more with another seed,
    where the time allows. Nothing of `begun` is changed.

    All of it takes at most a quarter of `seconds`, or 0.05 s where that is more: no run of
    less than 0.2 s can be proven in a quarter of its time. One that ended before half of its
    updates, as those do that diverge, is given at least 0.25 s. The first updates without a
    change tell how many there is time for; the fewest that say anything, 16, are played all
    the same where they take up to 2 s, else nothing is. spent: seconds that are gone already.
    """
    ENGINES[begun.run.engine].load()  # a program's start is not the proof's time
    watch = Watch(seconds, clock, spent, early=2 * done < begun.updates)
    broken = not all(np.isfinite(a).all() for a in (begun.weights or {}).values())
    maker = _Maker(begun)
    ideas = iter(()) if broken else islice(_ideas(maker, found), MOST)
    first = next(ideas, None)
    bench = None if first is None else Bench(begun, watch)
    trials = tuple(bench.tried(chain([first], ideas))) if bench and first else ()
    tried = {name for trial in trials for name in trial.cause.split(", ")}
    return Proof(
        trials=trials,
        untried=(BROKEN,) if broken else tuple(_untried(maker, found, tried)),
        updates=bench.plan.updates if bench and bench.plan else 0,
        seconds=watch.spent if trials else 0.0,
        run_updates=done,
        run_seconds=seconds,
        allowed=watch.allowed,
        runs=bench.runs if bench else 0,
        played=bench.played if bench else 0,
        left=bench.left if bench else (),
    )


def prove_run(path: str | Path, found: Diagnosis) -> Diagnosis:
    """Return the diagnosis of a run folder with the proof of its proposals.

    The data are opened again and their digest compared, which is part of the time; the folder
    stays as it is. Raises RunError where the data have changed, DataError where they are gone,
    Corrupt.
    """
    start = time.perf_counter()
    folder = RunFolder(Path(path))
    project = reopen(folder)
    begun = Beginning(
        project.model, project.run, project.parts["training"], project.parts["validation"]
    )
    done, seconds = _length(folder.path)
    with threads.applied(threads_of(folder)):
        spent = time.perf_counter() - start
        return replace(found, proof=prove(begun, found, done, seconds, spent=spent))


def _length(folder: Path) -> tuple[int, float]:
    """Return the updates and the seconds of a stored run; of one resumed, all parts together."""
    ends = [
        (record["step"], record["data"]["seconds"])
        for _, record in numbered(folder / f"{TIERS[0]}.log")
        if record is not None and record["event_type"] == TrainEnd.kind
    ]
    if ends:
        return max(step for step, _ in ends), sum(seconds for _, seconds in ends)
    stamped = [s for s in stored_events(folder) if isinstance(s.event, (TrainStart, BatchEnd))]
    span = stamped[-1].time - stamped[0].time if stamped else 0.0
    steps = [s.event.step for s in stamped if isinstance(s.event, BatchEnd)]
    return max(steps, default=0), span


class _Maker:
    """Makes each change of a beginning once."""

    def __init__(self, begun: Beginning) -> None:
        self._begun = begun
        self._known: dict[Change, tuple[Beginning | None, str] | None] = {}

    def __call__(self, change: Change) -> tuple[Beginning | None, str] | None:
        if change not in self._known:
            self._known[change] = made(self._begun, change)
        return self._known[change]


def _ideas(maker: _Maker, found: Diagnosis) -> Iterator[Idea]:
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
        known = maker(change)
        if known is not None and known[1] not in seen:
            seen.add(known[1])
            yield Idea(name, (change,), *known)


def _untried(maker: _Maker, found: Diagnosis, tried: set[str]) -> Iterator[str]:
    """Yield a sentence for each cause of which no change can be made."""
    for cause in found.causes:
        if cause.name not in tried and not any(maker(change) for change in cause.changes):
            why = UNTRIED.get(cause.name, "no change of this run is known to put it right")
            yield f"{cause.name} ({why})"
