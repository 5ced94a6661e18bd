"""The course of a run: a live view on a terminal, evenly spaced lines elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

from rich.text import Text

from neurogebra.observatory.events import BatchEnd, EpochEnd, EpochStart, Level
from neurogebra.observatory.render.text import count, duration, number
from neurogebra.observatory.sinks.spread import evenly
from neurogebra.observatory.sinks.terminal_bar import Bar
from neurogebra.observatory.sinks.terminal_live import View
from neurogebra.observatory.sinks.terminal_screen import DIM, Screen
from neurogebra.observatory.sinks.terminal_text import epoch_line, scores, short_scores

_LINES = 20
# Without a view, steps are told in quarters of a few epochs, and whenever it takes this long.
_PARTS, _STEP_EPOCHS, _PATIENCE = 4, 3, 10.0
_WIDE = 100


class Epochs:
    """What is shown of epochs and steps; every redraw and every line starts here."""

    def __init__(self, screen: Screen, level: Level, view: View | None) -> None:
        self._screen, self._view = screen, view
        self._timed, self._every = level >= Level.DETAILED, level >= Level.DEBUG
        self._bar: Bar | None = None
        self._chosen: frozenset[int] | None = None
        self._epochs, self._batches = 0, 0
        self._above: Mapping[str, float] = {}
        self._last: EpochEnd | None = None
        self._told = -1
        self._slow: frozenset[int] = frozenset()
        self._silence = 0.0
        self._pace = _Pace()
        self._next = 0, 0  # epoch and batch of the next step
        self._asked: bool | None = None  # whether it is shown; None: nobody wanted to know

    @property
    def is_due(self) -> bool:
        """Whether the next step is to be shown, with what was measured of it."""
        if not self._timed:
            return False
        if self._bar is not None:
            due = self._bar.step_is_due(look=True)
        else:
            due = self._silence >= _PATIENCE or self._is_quarter(*self._next)
        self._asked = due or self._every
        return self._asked

    @property
    def is_calm(self) -> bool:
        """Whether no step is shown soon: without a bar, in an epoch whose steps are not told."""
        shows = self._every or self._bar is not None or self._next[0] in self._slow
        return not shows and self._silence < _PATIENCE / 2

    def begin(self, event: EpochStart) -> None:
        """Start an epoch; with the first one the view appears, or the lines are chosen."""
        self._epochs, self._batches, self._pace = event.epochs, event.batches, _Pace()
        self._next = event.epoch, 0
        if self._chosen is not None:
            return
        if self._view is not None:  # the last epoch is told at the end
            self._chosen = frozenset()
            self._bar = self._view.begin(event.epoch, event.epochs)
            return
        self._chosen = evenly(event.epoch, event.epochs, _LINES)
        self._slow = evenly(event.epoch, event.epochs, _STEP_EPOCHS)

    def step(self, event: BatchEnd) -> None:
        """Count a step; show it in the bar, or, without one, the quarters of chosen epochs."""
        if not self._timed:
            return
        self._pace.add(event)
        self._next = event.epoch, event.batch + 1
        if self._view is not None:
            self._view.stepped(event.loss)
        if self._bar is not None and self._asked is not False and self._bar.step_is_due():
            values = self._live(_of_step(event))
            rate = _rate(event)
            self._bar.step(event.epoch, event.batch, self._batches, rate=rate, values=values)
        if self._is_worth_a_line(event):
            self._silence = 0.0
            whole = f"/{self._batches}" if self._batches else ""
            place = f"  step {event.batch + 1:>{len(str(self._batches))}}{whole}  "
            line = Text.assemble((place, DIM), scores(_of_step(event), {}))
            self._screen.show_pair(line, _rate(event))

    def end(self, event: EpochEnd) -> None:
        """End an epoch: the bar always moves, a line is printed if this epoch was chosen."""
        self._last = event
        if self._view is not None:
            self._view.ended(event.metrics)
        if self._bar is not None and self._bar.epoch_is_due():
            self._bar.epoch(event.epoch, self._live(event.metrics))
        if event.epoch in (self._chosen or ()):
            self._tell(event)

    def close(self) -> None:
        """Tell the last epoch if nobody has, and leave the bar as it stands."""
        last = self._last
        if last is not None and last.epoch != self._told:
            self._tell(last)
        if self._bar is not None and self._view is not None:
            self._bar.close(last.epoch if last else -1)
            self._view.close()
            self._bar = None

    def _live(self, metrics: Mapping[str, float]) -> Text:
        return scores(metrics, {}) if self._screen.width >= _WIDE else short_scores(metrics)

    def _tell(self, event: EpochEnd) -> None:
        line = epoch_line(event, self._epochs, self._above)
        if self._timed:
            details = f"{self._pace.text(event.seconds)}  lr {number(event.learning_rate)}"
            self._screen.show_pair(line, Text(details, DIM))
        else:
            self._screen.show(line)
        self._above, self._told, self._silence = event.metrics, event.epoch, 0.0

    def _is_worth_a_line(self, event: BatchEnd) -> bool:
        if self._every or self._bar is not None:
            return self._every
        if self._silence >= _PATIENCE:
            return True
        self._silence += event.seconds
        return self._is_quarter(event.epoch, event.batch)

    def _is_quarter(self, epoch: int, batch: int) -> bool:
        """Whether a step ends a quarter of an epoch whose steps are told."""
        if epoch not in self._slow:
            return False
        quarter, done = self._batches // _PARTS, batch + 1
        return quarter > 1 and done < _PARTS * quarter and done % quarter == 0


class _Pace:
    """The steps, the rows and the seconds of one epoch."""

    def __init__(self) -> None:
        self.steps, self.rows, self.seconds = 0, 0, 0.0

    def add(self, event: BatchEnd) -> None:
        self.steps += 1
        self.rows += event.rows
        self.seconds += event.seconds

    def text(self, epoch_seconds: float) -> str:
        parts = [duration(epoch_seconds)]
        if self.steps and self.seconds > 0:
            parts.append(f"{duration(self.seconds / self.steps)}/step")
            parts.append(f"{count(round(self.rows / self.seconds))} rows/s")
        return "  ".join(parts)


def _of_step(event: BatchEnd) -> dict[str, float]:
    return {"loss": event.loss, **event.metrics}


def _rate(event: BatchEnd) -> Text:
    return Text(f"{duration(event.seconds)}/step", DIM)
