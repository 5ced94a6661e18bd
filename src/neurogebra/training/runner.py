"""A session run to its end under a bus: checkpoints on the way, stopped where it is whole."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from neurogebra.observatory.bus import Bus
from neurogebra.observatory.events import BatchEnd, CheckpointSaved, EpochEnd, TrainEnd
from neurogebra.observatory.governor import Governor
from neurogebra.training.checkpoint import save_checkpoint
from neurogebra.training.control import Control
from neurogebra.training.loop import PASSED, train
from neurogebra.training.session import Session

# Seconds between checkpoints at ends of epochs: what a crash can lose at the most, beside
# the epoch that is going on.
EVERY = 2.0


class Stop:
    """A wish to stop, asked for by a signal or by code, granted after the current update."""

    def __init__(self) -> None:
        self.asked = False

    def __call__(self) -> bool:
        return self.asked

    def ask(self) -> None:
        """Wish to stop."""
        self.asked = True


@contextmanager
def on_signals(stop: Stop) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM ask for a stop; a second one interrupts at once."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread hears signals
        return

    def hear(number: int, frame: FrameType | None) -> None:
        if stop.asked:
            raise KeyboardInterrupt
        stop.ask()

    before = {s: signal.signal(s, hear) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run(
    session: Session,
    bus: Bus,
    checkpoints: str | Path | None = None,
    stop: Callable[[], bool] = lambda: False,
    control: Control | None = None,
    governor: Governor | None = None,
) -> TrainEnd:
    """Train to the end, publishing every event; return the last one.

    checkpoints: a folder for the state of the run, written at ends of epochs, when stopped
    and when done. A stop leaves a state from which the same run goes on bit for bit; what
    listeners ask for through `control` is part of that state. governor: counts what watching
    takes, which the last event says; without one it is counted all the same.
    """
    saved = begun = time.monotonic()
    g = governor or Governor(None)
    steps = train(
        session, bus.wants, bus.looks, bus.quiet, g,
        scores=bus.scores, passes=bus.passes_over, whole=True,
    )  # fmt: skip
    for event in steps:
        if isinstance(event, TrainEnd):
            _save(session, bus, checkpoints)
            bus.publish(event)
            return event
        if event is not PASSED:
            g.begin()
            bus.publish(event)
            g.end()
            if not isinstance(event, (BatchEnd, EpochEnd)):
                continue
        asked = stop()
        if control is not None:
            control.grant(bus)
        if isinstance(event, EpochEnd) and time.monotonic() - saved >= EVERY:
            _save(session, bus, checkpoints)
            saved = time.monotonic()
        if asked and _may_stop(session):
            break
    _save(session, bus, checkpoints)
    p = session.progress
    end = TrainEnd(
        reason="interrupted",
        epochs=p.epoch,
        step=p.step,
        seconds=time.monotonic() - begun,
        best_epoch=p.best_epoch,
        acted=session.network.acted,
        observer=g.account(),
    )
    bus.publish(end)
    return end


def _may_stop(session: Session) -> bool:
    """An epoch whose last update is made is ended first: its end belongs to that update's step.

    Otherwise a log could not be cut at the step of a checkpoint.
    """
    return not session.progress.reason and session.progress.batch != session.batches


def _save(session: Session, bus: Bus, checkpoints: str | Path | None) -> None:
    if checkpoints is None:
        return
    path = save_checkpoint(checkpoints, session)
    p = session.progress
    epoch = p.epoch if p.batch else max(0, p.epoch - 1)  # the one that goes on, or that ended
    bus.publish(CheckpointSaved(epoch=epoch, step=p.step, what="last", path=path.name))
