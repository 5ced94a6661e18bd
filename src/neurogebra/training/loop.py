"""The one training loop: a generator of what happens."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from neurogebra.engines import Step
from neurogebra.observatory.events import (
    BatchEnd,
    EpochEnd,
    EpochStart,
    Event,
    LayerInfo,
    Level,
    TrainEnd,
    TrainStart,
)
from neurogebra.observatory.governor import Governor
from neurogebra.observatory.looks import Look, Looker
from neurogebra.observatory.quick import maker
from neurogebra.observatory.waited import Waited
from neurogebra.spec import ModelSpec
from neurogebra.spec.describe import describe
from neurogebra.training.baseline import baseline
from neurogebra.training.data import Batch, Data
from neurogebra.training.facts import facts
from neurogebra.training.session import Session

PASSED = Event()
"""An update that nobody asked to hear of: yielded in its turn, for who steps; never told."""

_ended: Callable[..., BatchEnd] = maker(
    BatchEnd, "epoch", "batch", "step", "rows", "loss", "metrics", "seconds"
)


@dataclass(frozen=True)
class Ears:
    """What those who listen ask for, and the account of what that takes.

    wants(level): whether anybody listens at a level; looks(): whether anybody asks for the
    layers of the next update; scores(): for its own metrics; quiet(): for how many updates from
    here nobody asks anything; whole: whether a look is told as one, unless passes(look) says
    that nobody takes anything of it; waited: how long the loop waited for its rows.
    """

    wants: Callable[[Level], bool]
    looks: Callable[[], bool]
    quiet: Callable[[], int]
    scores: Callable[[], bool]
    governor: Governor
    looker: Looker
    whole: bool = False
    passes: Callable[[Look], bool] = lambda look: False
    waited: Waited = field(default_factory=Waited)


def train(
    session: Session,
    wants: Callable[[Level], bool],
    looks: Callable[[], bool] = lambda: False,
    quiet: Callable[[], int] = lambda: 0,
    governor: Governor | None = None,
    *,
    scores: Callable[[], bool] | None = None,
    passes: Callable[[Look], bool] = lambda look: False,
    whole: bool = False,
) -> Iterator[Event]:
    """Yield what happens, as it happens, until the run is over.

    To pause is to stop asking, to cancel is to close. wants(level) says whether anybody
    listens at a level; layers are looked at in the first batch of an epoch, if anybody does,
    and in the others whenever looks() says so. quiet() says how many updates from here need
    not be told: each of them is PASSED, unless its loss is no finite number. scores() says
    whether the next update's own metrics are asked for; without it, who wants DETAILED does.
    What looking takes is the governor's to count, beside what its owner counts of the telling.
    whole: a look is one event, `Look`, to be read before the next is asked for, and no
    LayerSeen each; one that nobody takes anything of, as passes(look) says, is not told.
    """
    begun = time.perf_counter()
    looker = Looker([getattr(p.layer, "activation", "") for p in session.model.placed()])
    asked = scores or (lambda: wants(Level.DETAILED))
    ears = Ears(wants, looks, quiet, asked, governor or Governor(None), looker, whole, passes)
    yield _start(session)
    p = session.progress
    metrics: dict[str, float] = {}
    while not p.reason:
        epoch, clock = p.epoch, time.perf_counter()
        if p.batch == 0:
            yield EpochStart(epoch=epoch, epochs=session.run.epochs, batches=session.batches)
        yield from _batches(session, ears)
        if p.reason:
            break
        metrics, best = session.end_epoch()
        yield EpochEnd(
            epoch=epoch,
            step=p.step,
            metrics=metrics,
            learning_rate=session.last_rate,
            seconds=time.perf_counter() - clock,
            best=best,
            waited=ears.waited.take(),
        )
    session.finish()
    yield TrainEnd(
        reason=p.reason,
        epochs=p.epoch,
        step=p.step,
        seconds=time.perf_counter() - begun,
        best_epoch=p.best_epoch,
        metrics=metrics,
        acted=session.network.acted,
        observer=ears.governor.account(),
    )


def _batches(session: Session, ears: Ears) -> Iterator[Event]:
    """Make the updates of an epoch; most of them, where nobody listens, without a word."""
    p, g = session.progress, ears.governor
    if not g.started:
        g.begin()
        g.start()
    rest = 0
    for batch in _rows(session, ears):
        if not rest:
            g.step = p.step
            rest = ears.quiet()
        if rest > 0 and not (batch.index == 0 and ears.wants(Level.EXPERT)):
            rest -= 1
            done, metrics, seconds = session.step(batch, told=False)
            if not p.reason:
                yield PASSED
                continue
            yield _told(session, batch, done, metrics, seconds)
        else:
            yield from _heard(session, batch, ears)
            rest = 0
        if p.reason:
            return


def _rows(session: Session, ears: Ears) -> Iterator[Batch]:
    """Return the batches that are left of an epoch; nobody waits for rows in memory."""
    p, data = session.progress, session.data
    batches = data.epoch(p.epoch, session.run, start=p.batch)
    return batches if isinstance(data, Data) else ears.waited.over(batches)


def _heard(session: Session, batch: Batch, ears: Ears) -> Iterator[Event]:
    """Make one update that somebody hears of, its layers first if they are asked for."""
    p, g = session.progress, ears.governor
    g.step, before = p.step, g.spent
    probe = (batch.index == 0 and ears.wants(Level.EXPERT)) or ears.looks()
    scores = ears.scores()
    began = g.clock()
    done, metrics, seconds = session.step(batch, probe, scores)
    took = g.clock() - began
    if probe:
        g.probed(took)
        g.begin()
        deep = batch.index == 0 and ears.wants(Level.DEBUG)
        look = ears.looker.look(done.seen, p.epoch, p.batch - 1, p.step, deep=deep)
        seen = ((look,) if not ears.passes(look) else ()) if ears.whole else look.events
        if seen:
            g.end()
            yield from seen
            g.begin()
        look.close(again=ears.looker.keeps(p.step) and ears.looks())
        g.end()
        g.learn("look", g.spent - before)
    else:
        g.stepped(took)
    before = g.spent
    yield _told(session, batch, done, metrics, seconds)
    g.learn("batch", g.spent - before)


def _told(
    session: Session, batch: Batch, done: Step, metrics: dict[str, float], seconds: float
) -> BatchEnd:
    p = session.progress
    return _ended(p.epoch, batch.index, p.step, len(batch.x), done.loss, metrics, seconds)


def _start(session: Session) -> TrainStart:
    run, model = session.run, session.model
    return TrainStart(
        name=model.name,
        engine=run.engine,
        seed=run.seed,
        epochs=run.epochs,
        batches=session.batches,
        train_rows=len(session.data),
        val_rows=0 if session.validation is None else len(session.validation),
        layers=layer_infos(model),
        params=model.count(),
        run={**run.to_dict(), "baseline": _baseline(session), "facts": facts(session)},
        resumed_step=session.progress.step,
    )


def _baseline(session: Session) -> dict[str, float]:
    """Return what a constant would do, where all targets lie in memory."""
    data = session.data
    return baseline(session.model, session.run, data) if isinstance(data, Data) else {}


def layer_infos(model: ModelSpec) -> tuple[LayerInfo, ...]:
    """Return the rows of the architecture: names, formulas, shapes, exact counts."""
    return _layer_infos(model)


@lru_cache(maxsize=16)  # a model is described anew at every start of a training
def _layer_infos(model: ModelSpec) -> tuple[LayerInfo, ...]:
    return tuple(
        LayerInfo(
            name=d.placed.name,
            type=type(d.placed.layer).__name__,
            formula=d.forward,
            gradient=d.backward,
            in_shape=d.placed.in_shape,
            out_shape=d.placed.out_shape,
            params=model.count(d.placed),
            activation=getattr(d.placed.layer, "activation", ""),
            latex=d.latex,
        )
        for d in describe(model)
    )
