"""Which steps have their formulas shown: the first, a few evenly spaced, and those with alerts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import isfinite
from time import monotonic

from rich.text import Text

from neurogebra.observatory.events import (
    Alert,
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
from neurogebra.observatory.render.text import inert
from neurogebra.observatory.sinks.spread import evenly
from neurogebra.observatory.sinks.terminal_layers import Step, blocks, raw
from neurogebra.observatory.sinks.terminal_live import View
from neurogebra.observatory.sinks.terminal_screen import BLUE, DIM, Screen
from neurogebra.observatory.sinks.terminal_text import COLOURS

_EVENLY, _WITH_ALERTS = 9, 8
# Where a view shows the layers all the time: the first epoch and the last.
_WITH_VIEW = 2
# Seconds from one look in the view to the next.
_PAUSE = 0.1


class Formulas:
    """At EXPERT, the formulas of the first observed step of chosen epochs; at DEBUG every array.

    An epoch that was not chosen is shown as soon as it has an alert, at most 8 times a run.
    view: what shows the layers of the latest look, in short.
    """

    def __init__(self, screen: Screen, level: Level, view: View | None) -> None:
        self._screen, self._level, self._view = screen, level, view
        self._infos: dict[str, LayerInfo] = {}
        self._chosen: frozenset[int] | None = None
        self._step: Step | None = None
        self._latest: Step | None = None
        self._whole, self._wanted, self._shown = False, False, False
        self._seen = 0.0  # when the view last took a look
        self._marks: dict[str, Text] = {}
        self._left = _WITH_ALERTS
        self._gap: list[Text] = []

    def hear(self, event: Event) -> None:
        """Gather the arrays of a step, and show them when the step is over and wanted."""
        if self._level < Level.EXPERT:
            return
        match event:
            case TrainStart():
                self._infos = {layer.name: layer for layer in event.layers}
            case EpochStart():
                self._begin(event)
            case LayerSeen():
                self._gather(event)
            case BatchEnd() | EpochEnd() | TrainEnd():
                self.stepped()
            case Alert():
                self._alarm(event)

    def stepped(self) -> None:
        """An update is over: show its layers, where they were gathered and are wanted."""
        if self._latest is not None:
            self._look()
        if self._step is not None:
            self._finish()

    def takes_look(self, squares: Callable[[], Iterable[float]] = tuple) -> bool:
        """Return whether the layers of this update are shown, or kept in case of an alert.

        squares: gives sums of squares of the arrays; a view does not pass over NaN and infinity.
        """
        if self._level < Level.EXPERT:
            return False
        if self._level >= Level.DEBUG or not self._whole:
            return True
        if self._view is None:
            return False
        return monotonic() - self._seen >= _PAUSE or not all(map(isfinite, squares()))

    def _begin(self, event: EpochStart) -> None:
        self._step, self._whole, self._shown, self._marks = None, False, False, {}
        if self._chosen is None:
            most = _EVENLY if self._view is None else _WITH_VIEW
            self._chosen = evenly(event.epoch, event.epochs, most)
            if len(self._chosen) < event.epochs - event.epoch:
                self._screen.show(Text(_plan(self._chosen), DIM))
        self._wanted = event.epoch in self._chosen

    def _gather(self, event: LayerSeen) -> None:
        if self._level >= Level.DEBUG:
            self._screen.show_pair(*raw(event))
        if self._step is not None and self._step.step != event.step:
            self._finish()
        if self._step is None:
            self._step = Step(event.epoch, event.step)
        if not self._whole:
            self._step.add(event)
        if self._view is not None:
            if self._latest is None or self._latest.step != event.step:
                self._latest = Step(event.epoch, event.step)
            self._latest.add(event)

    def _look(self) -> None:
        if self._view is not None and self._latest is not None:
            self._view.look(self._latest, self._infos)
            self._latest, self._seen = None, monotonic()

    def _finish(self) -> None:
        if self._step is None:
            return
        self._whole = True
        if self._wanted:
            self._wanted = False
            self._show(self._step)

    def _alarm(self, event: Alert) -> None:
        if event.layer:
            mark = f"  {inert(event.severity.upper(), 20)} {inert(event.rule, 40)}"
            self._marks[event.layer] = Text(mark, COLOURS.get(event.severity, ""))
            if self._view is not None:
                self._view.mark(event.layer, event.severity, event.rule)
        if self._shown or self._wanted or not self._left:
            return
        self._left -= 1
        self._wanted = True
        if self._whole:
            self._finish()

    def _show(self, step: Step) -> None:
        self._shown = True
        title = Text(f"epoch {step.epoch + 1}, step {step.step}", BLUE)
        tables = blocks(step, self._infos, self._marks, self._screen.width)
        self._screen.show(*self._gap, title, *tables)
        self._gap = [Text()]


def _plan(chosen: frozenset[int]) -> str:
    epochs = ", ".join(str(e + 1) for e in sorted(chosen))
    return f"Formulas of epochs {epochs}, and of epochs with an alert."
