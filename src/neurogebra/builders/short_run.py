"""The beginning of a training made once more, up to a checkpoint and on to the next."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from neurogebra.builders.alter import Beginning, is_one_hot, is_yes_or_no
from neurogebra.losses import LOSSES
from neurogebra.losses.table import SIGNS
from neurogebra.observatory.doctor import Doctor
from neurogebra.observatory.events import (
    Alert,
    Event,
    LayerSeen,
    Level,
    Stamped,
    TrainEnd,
    TrainStart,
)
from neurogebra.observatory.remedy import Outcome
from neurogebra.training.baseline import baseline
from neurogebra.training.data import Data
from neurogebra.training.loop import PASSED, train
from neurogebra.training.session import EVALUATE_ROWS, Session

CHECKED = EVALUATE_ROWS
"""Rows that a short run is judged on: as many as are evaluated at once."""

FIRST, EVERY = 8, 8
"""The updates that are told at first, and then one of so many: enough for the rules on losses."""

ENDLESS = 1_000_000
"""Epochs where no schedule counts them, the most there may be: who plays a run ends it."""

# Rules that speak of a run's length, which a trial does not have.
OF_LENGTH = ("too_few_updates", "still_falling", "near_chance")


class Mark(NamedTuple):
    """Where a short run stood: loss on the rows that judge it, share of right answers or None."""

    loss: float
    accuracy: float | None


class ShortRun:
    """A training from a beginning, played as far as is asked; its numbers at each checkpoint.

    first: the mark before the first update, where it is known; listens: whether what it says
    is kept for a doctor; looks: the updates whose layers it then keeps as well. clock: counts
    `seconds`, all that it took so far. Raises BadValue or DataError where it cannot begin.
    """

    def __init__(
        self,
        begun: Beginning,
        *,
        first: Mark | None = None,
        listens: bool = False,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        start = clock()
        self.begun, self._clock, self._listens = begun, clock, listens
        self.looks: frozenset[int] = frozenset()
        # A schedule may count on the whole length.
        epochs = begun.run.epochs if begun.run.schedule else ENDLESS
        run = replace(
            begun.run, epochs=epochs, patience=0, restore_best=False, monitor="val_loss",
            min_delta=0.0,
        )  # fmt: skip
        self._session = Session(begun.model, run, begun.data, None, begun.weights)
        self._rows = _some(begun.data if begun.checks is None else begun.checks)
        self._heard: list[tuple[int, Event]] = []
        self._events = self._going()
        self._later = 0.0  # the seconds of all updates but the first, which sets things up
        self.marks: dict[int, Mark] = {0: self._mark() if first is None else first}
        self.seconds = clock() - start

    @property
    def step(self) -> int:
        """The updates made."""
        return self._session.progress.step

    @property
    def diverged(self) -> bool:
        """Whether the loss of its latest batch is no finite number."""
        return self._session.progress.reason == "diverged"

    def play(self, updates: int) -> float:
        """Go on until so many updates are made, or to its end; return the seconds it took."""
        if self.step == 0 < updates - 1:
            return self.play(1) + self.play(updates)
        start, before = self._clock(), self.step
        with np.errstate(all="ignore"):
            while self.step < updates and not self.diverged:
                if next(self._events, None) is None:
                    break
        took = self._clock() - start
        self.seconds += took
        self._later += took if before else 0.0
        return took

    def more(self, updates: int) -> float:
        """Return the seconds that going on to so many updates may take, by what others took."""
        return max(0, updates - self.step) * self._later / max(1, self.step - 1)

    def takes(self, updates: int) -> float:
        """Return the seconds that another run like this one may take up to so many updates."""
        return self.seconds - self._later + (updates - 1) * self._later / max(1, self.step - 1)

    def mark(self) -> Mark:
        """Return where it stands, evaluated once for each number of updates."""
        if self.step not in self.marks:
            start = self._clock()
            self.marks[self.step] = self._mark()
            self.seconds += self._clock() - start
        return self.marks[self.step]

    def outcome(self, updates: int, *, skill: bool = False, examined: bool = False) -> Outcome:
        """Return what there is to say of its state at a checkpoint, or at its end before that.

        skill: whether the loss is set beside that of the best constant; examined: whether a
        doctor is asked for alerts.
        """
        start = self._clock()
        done = max(n for n in self.marks if n <= updates)
        found, first = self.marks[done], self.marks[0]
        trivial = self._trivial if skill else 0.0
        alerts = dict.fromkeys(a.rule for a in self._alerts(done)) if examined else {}
        self.seconds += self._clock() - start
        return Outcome(
            updates=done,
            rows=len(self._rows),
            unseen=self.begun.checks is not None,
            first=first.loss,
            loss=found.loss,
            skill=1 - found.loss / trivial if trivial > 0 and math.isfinite(found.loss) else None,
            accuracy=found.accuracy,
            alerts=tuple(rule for rule in alerts if rule not in OF_LENGTH),
            looks=len({n for n, e in self._heard if isinstance(e, LayerSeen) and n <= done}),
            diverged=(self.diverged and done == self.step) or not math.isfinite(found.loss),
            seconds=self.seconds,
        )

    def _going(self) -> Iterator[Event]:
        """Make the training's updates one by one, and keep what is told of them."""
        for event in train(self._session, self._wants, self._looks, self._quiet):
            if isinstance(event, TrainEnd):
                return  # a trial has no end that a rule may judge
            if self._listens and event is not PASSED:
                self._heard.append((self.step, event))
            yield event

    def _wants(self, level: Level) -> bool:
        return self._listens and level <= Level.DETAILED

    def _looks(self) -> bool:
        return self._listens and self.step + 1 in self.looks

    def _quiet(self) -> int:
        """Return how many updates need not be told: the next one that is may be a look."""
        if not self._listens:
            return ENDLESS
        if self.step < FIRST:
            return 0
        told = [EVERY - 1 - self.step % EVERY, *(n - self.step - 1 for n in self.looks)]
        return min(n for n in told if n >= 0)

    def _alerts(self, updates: int) -> list[Alert]:
        """Return what a doctor says of the updates so far; judged by the length there is."""
        said: list[Event] = []
        doctor = Doctor(said.append, samples=0)
        epochs = -(-updates // self._session.batches)
        for i, (step, event) in enumerate(self._heard):
            if step > updates:
                break
            if isinstance(event, TrainStart):
                event = replace(event, epochs=max(1, epochs))
            doctor.handle(Stamped(i, 0.0, event))
        return doctor.alerts

    def _mark(self) -> Mark:
        """Evaluate: the loss and the share of right answers of the rows that judge."""
        name = self.begun.model.heads[0].name
        total, outputs = 0.0, []
        with np.errstate(all="ignore"):
            for batch in self._rows.in_order(EVALUATE_ROWS):
                done = self._session.network.evaluate(batch.x, batch.y, batch.weights)
                total += done.loss * len(batch.x)
                outputs.append(np.array(done.outputs[name]))
        found = np.concatenate(outputs)
        return Mark(total / len(self._rows), _accuracy(self.begun, self._rows, found))

    @cached_property
    def _trivial(self) -> float:
        return baseline(self.begun.model, self.begun.run, self._rows).get("trivial_loss", 0.0)


def _some(rows: Data) -> Data:
    n = len(rows)
    return rows if n <= CHECKED else rows.at(np.linspace(0, n - 1, CHECKED).astype(np.int64))


def _accuracy(begun: Beginning, rows: Data, found: np.ndarray) -> float | None:
    """Return the share of right answers, whatever the loss is, where the targets name classes."""
    if len(begun.model.heads) != 1:
        return None
    head, run = begun.model.heads[0], begun.run
    loss = LOSSES[head.loss_of(run.loss, run.loss_options)[0]]
    y = rows.y[head.name]
    signed = loss.target == SIGNS
    y = (y + 1) / 2 if signed else y
    if not is_yes_or_no(y) or y.shape != found.shape or not np.isfinite(found).all():
        return None
    if is_one_hot(y):
        return float((found.argmax(-1) == y.argmax(-1)).mean())
    border = 0.0 if signed or loss.logits else 0.5
    return float(((found > border) == (y > 0.5)).mean())
