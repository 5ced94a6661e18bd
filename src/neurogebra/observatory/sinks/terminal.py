"""The terminal: a run as it happens, in the five Observatory colours and always also in words."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from neurogebra.observatory.events import (
    Alert,
    Asked,
    BatchEnd,
    CheckpointSaved,
    EpochEnd,
    EpochStart,
    Evaluated,
    Event,
    Level,
    Note,
    SinkFailed,
    Stamped,
    TrainEnd,
    TrainStart,
    Verdict,
)
from neurogebra.observatory.render.text import inert
from neurogebra.observatory.sinks import terminal_text as say
from neurogebra.observatory.sinks.terminal_epochs import Epochs
from neurogebra.observatory.sinks.terminal_formulas import Formulas
from neurogebra.observatory.sinks.terminal_live import View
from neurogebra.observatory.sinks.terminal_screen import DIM, Screen

if TYPE_CHECKING:  # it stands on NumPy, which the list of commands does not need
    from neurogebra.observatory.looks import Look

# The same alert is told in full once, then in one line, then only counted.
_SHORT_ALERTS = 2


class Terminal:
    """A sink that shows a run on a console.

    BASIC: the architecture, the epochs, alerts, scores, the verdict; DETAILED: also steps and
    timing; EXPERT: also the formulas and statistics of chosen steps; DEBUG: every array. On a
    terminal one view is redrawn in its place: bars, curves, at EXPERT the layers; elsewhere
    plain lines, without control codes, about twenty a run.
    """

    name = "terminal"

    def __init__(self, level: Level = Level.BASIC, console: Console | None = None) -> None:
        self.level = level
        self._screen = Screen(console)
        self._view = View(self._screen, level) if self._screen.live else None
        self._epochs = Epochs(self._screen, level, self._view)
        self._formulas = Formulas(self._screen, level, self._view)
        self._alerts: Counter[tuple[str, str]] = Counter()
        self._first: dict[tuple[str, str], Alert] = {}
        self._scores: list[Evaluated] = []
        self._saved: dict[str, CheckpointSaved] = {}

    def handle(self, stamped: Stamped) -> None:
        """Show one event, as far as the level asks for it."""
        event = stamped.event
        if isinstance(event, BatchEnd) and not self._scores:  # most of all events
            self._formulas.stepped()
            self._epochs.step(event)
            return
        if not isinstance(event, Evaluated):
            self._show_scores()
        self._formulas.hear(event)
        match event:
            case TrainStart():
                self._screen.show(*say.header(event))
            case EpochStart():
                self._epochs.begin(event)
            case BatchEnd():
                self._epochs.step(event)
            case EpochEnd():
                self._epochs.end(event)
            case Alert():
                self._alert(event)
            case Evaluated():
                self._scores.append(event)
            case TrainEnd():
                self._end(event)
            case _:
                self._remark(event)

    @property
    def scores(self) -> bool:
        """Whether the next update is shown, with its own metrics."""
        return self._epochs.is_due

    @property
    def late(self) -> bool:
        """Whether no update of this epoch is shown, so that it may hear of them later."""
        return self._epochs.is_calm

    def passes_over(self, look: Look) -> bool:
        """Whether a look is not to be shown, so that its statistics need not be taken."""
        return not self._formulas.takes_look(look.bounds)

    def handle_look(self, seq: int, time: float, look: Look) -> None:
        """Gather a look, where it is to be shown."""
        if not self.passes_over(look):
            for event in look.events:
                self._formulas.hear(event)

    def close(self) -> None:
        """Show what is still untold and give the terminal back; closing twice is fine."""
        self._epochs.close()
        self._show_scores()

    def _alert(self, event: Alert) -> None:
        key = event.rule, event.layer
        told = self._alerts[key]
        self._alerts[key] += 1
        self._first.setdefault(key, event)
        if not told:
            head, body = say.alert(event)
            self._screen.show(head)
            self._screen.show(*body, indent=2)
        elif told <= _SHORT_ALERTS:
            self._screen.show(say.again(event))

    def _end(self, event: TrainEnd) -> None:
        self._epochs.close()
        if often := [k for k, n in self._alerts.items() if n > 1 + _SHORT_ALERTS]:
            self._screen.show(say.tally((self._first[k], self._alerts[k]) for k in often))
        if self.level >= Level.DETAILED:
            for saved in self._saved.values():
                self._screen.show(say.saved(saved))
        self._screen.show(say.ending(event))

    def _remark(self, event: Event) -> None:
        match event:
            case CheckpointSaved():
                self._saved[event.what] = event
            case Verdict():
                self._screen.show(say.verdict(event))
            case Note() | Asked():
                self._screen.show(Text(inert(event.message, 2000), DIM))
            case SinkFailed():
                self._screen.show(say.sink_failed(event))

    def _show_scores(self) -> None:
        if self._scores:
            self._screen.show(Text(), say.score_table(self._scores), Text())
            self._scores = []
