"""The one training loop: a generator of what happens."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import lru_cache

from neurogebra.engines import Step
from neurogebra.observatory import stats
from neurogebra.observatory.events import (
    BatchEnd,
    EpochEnd,
    EpochStart,
    Event,
    LayerInfo,
    LayerSeen,
    Level,
    TrainEnd,
    TrainStart,
)
from neurogebra.spec import ModelSpec
from neurogebra.spec.describe import describe
from neurogebra.training.baseline import baseline
from neurogebra.training.data import Data
from neurogebra.training.facts import facts
from neurogebra.training.session import Session

ACTIVE = ("forward", "backward")


def train(
    session: Session,
    wants: Callable[[Level], bool],
    looks: Callable[[], bool] = lambda: False,
) -> Iterator[Event]:
    """Yield what happens, as it happens, until the run is over.

    To pause is to stop asking, to cancel is to close. wants(level) says whether anybody
    listens at a level; layers are looked at in the first batch of an epoch, if anybody does,
    and in the others whenever looks() says so.
    """
    begun = time.perf_counter()
    yield _start(session)
    p = session.progress
    metrics: dict[str, float] = {}
    while not p.reason:
        epoch, clock = p.epoch, time.perf_counter()
        if p.batch == 0:
            yield EpochStart(epoch=epoch, epochs=session.run.epochs, batches=session.batches)
        yield from _batches(session, wants, looks)
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
    )


def _batches(
    session: Session, wants: Callable[[Level], bool], looks: Callable[[], bool]
) -> Iterator[Event]:
    p = session.progress
    for batch in session.data.epoch(p.epoch, session.run, start=p.batch):
        probe = wants(Level.EXPERT) if batch.index == 0 else looks()
        done, metrics, seconds = session.step(batch, probe, wants(Level.DETAILED))
        if probe:
            yield from _looks(session, done)
        yield BatchEnd(
            epoch=p.epoch,
            batch=batch.index,
            step=p.step,
            rows=len(batch.x),
            loss=done.loss,
            metrics=metrics,
            seconds=seconds,
        )
        if p.reason:
            return


def _looks(session: Session, done: Step) -> Iterator[Event]:
    p = session.progress
    for look, activation in session.seen(done):
        active = look.site in ACTIVE
        yield LayerSeen(
            epoch=p.epoch,
            batch=p.batch - 1,
            step=p.step,
            index=look.index,
            layer=look.layer,
            site=look.site,
            param=look.param,
            shape=look.array.shape,
            stats=stats.of(look.array, activation=activation if look.site == "forward" else ""),
            activation=activation if active else "",
        )


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
