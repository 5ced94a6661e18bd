"""The one view of a run on a terminal: layers, bars and curves, redrawn in their place."""

from __future__ import annotations

import math
from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from neurogebra.observatory.events import SEVERITIES, LayerInfo, Level
from neurogebra.observatory.render.formula import ascii_math
from neurogebra.observatory.render.text import inert, number, percent, scientific
from neurogebra.observatory.sinks.spread import Course
from neurogebra.observatory.sinks.terminal_bar import Bar
from neurogebra.observatory.sinks.terminal_layers import Step, ordered
from neurogebra.observatory.sinks.terminal_screen import BLUE, DIM, GREEN, MAGENTA, RED, Screen
from neurogebra.observatory.sinks.terminal_spark import curves
from neurogebra.observatory.sinks.terminal_text import COLOURS

_REDRAWS = 4.0  # a second
_WIDE = 100
AROUND, LEAST = 12, 3  # lines of the screen that are not for layers; that are in any case
_CURVES = {"loss": "loss", "val_loss": "val"}


class View:
    """What moves on a terminal while a run goes on; when it is over the last picture stays.

    BASIC: the bar of the epochs, and the loss of each as a curve; DETAILED: also the steps and
    their losses; EXPERT: also a table of the layers as they were last seen.
    """

    def __init__(self, screen: Screen, level: Level) -> None:
        self._screen, self._steps = screen, level >= Level.DETAILED
        names = [*_CURVES.values(), *(["steps"] if self._steps else [])]
        self._courses = {name: Course() for name in names}
        self._marks: dict[str, Text] = {}
        self._worst: dict[str, int] = {}
        self._looked: tuple[Step, Mapping[str, LayerInfo]] | None = None
        self._table: Table | None = None
        self._bar: Bar | None = None
        self._live: Live | None = None
        self._end: tuple[Text, ...] = ()

    def begin(self, first: int, epochs: int) -> Bar:
        """Appear, and return the bar of the epochs from `first` on."""
        self._bar = Bar(self._screen, first=first, epochs=epochs, steps=self._steps)
        console = self._screen.console
        self._live = Live(get_renderable=self._drawn, console=console, refresh_per_second=_REDRAWS)
        self._live.start()
        return self._bar

    def stepped(self, loss: float) -> None:
        """Draw the loss of one more update."""
        self._courses["steps"].add(loss)

    def ended(self, metrics: Mapping[str, float]) -> None:
        """Draw the losses of one more epoch."""
        for metric, name in _CURVES.items():
            if metric in metrics:
                self._courses[name].add(metrics[metric])

    def look(self, step: Step, infos: Mapping[str, LayerInfo]) -> None:
        """Show the layers as they were in a step."""
        self._looked = (step, infos)
        most = max(LEAST, self._screen.console.height - AROUND)
        self._table = layers(step, infos, self._marks, self._screen, most)

    def mark(self, layer: str, severity: str, rule: str) -> None:
        """Show an alert beside its layer from here on, unless a worse one is there."""
        weight = SEVERITIES.index(severity) if severity in SEVERITIES else 0
        if weight < self._worst.get(layer, 0):
            return
        word = inert(severity.upper(), 20) if self._screen.width >= _WIDE else "!" * max(1, weight)
        self._worst[layer] = weight
        self._marks[layer] = Text(f"{word} {inert(rule, 40)}", COLOURS.get(severity, ""))
        if self._looked is not None:
            self.look(*self._looked)

    def close(self) -> None:
        """Leave the picture as it stands."""
        if self._live is not None:
            self._end = (Text(),)
            self._live.stop()
            self._live = None

    def _drawn(self) -> RenderableType:
        ascii_only, table = self._screen.only_ascii, self._table
        lines = curves(self._courses, self._screen.width, ascii_only=ascii_only)
        parts: list[RenderableType] = [] if table is None else [Text(), table, Text()]
        parts += [] if self._bar is None else [self._bar.drawn]
        return Group(*parts, *([] if lines is None else [lines]), *self._end)


def layers(
    step: Step,
    infos: Mapping[str, LayerInfo],
    marks: Mapping[str, Text],
    screen: Screen,
    most: int,
) -> Table:
    """Return the layers of a step, one a line: formula, norms, the update as a share of |W|.

    Where there are more than `most`, those with an alert come before the others.
    """
    wide, names = screen.width >= _WIDE, ordered(step, infos)
    shown = names
    if len(names) > most:
        chosen = {*[n for n in names if n in marks], *names}
        first = sorted(chosen, key=lambda n: (n not in marks, names.index(n)))[:most]
        shown = [n for n in names if n in first]
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style=BLUE, overflow="ellipsis", max_width=14 if wide else 10)
    table.add_column(no_wrap=True, style=MAGENTA, overflow="ellipsis", ratio=1)
    for _ in range(4 if wide else 3):
        table.add_column(no_wrap=True, justify="right")
    table.add_column(no_wrap=True, overflow="ellipsis", max_width=32 if wide else 20)
    place = f"epoch {step.epoch + 1}, step {step.step}"
    heads = ["|a|", *(["|∂L/∂a|"] if wide else []), "|g|", "update"]
    heads = [ascii_math(h) for h in heads] if screen.only_ascii else heads
    table.add_row(Text("layer", DIM), Text(place, DIM), *(Text(h, DIM) for h in heads), Text())
    for name in shown:
        table.add_row(*_row(step, name, infos.get(name), marks.get(name, Text()), screen))
    if len(shown) < len(names):
        table.add_row(Text(f"+ {len(names) - len(shown)}", DIM), Text("more layers", DIM))
    return table


def _row(step: Step, name: str, info: LayerInfo | None, mark: Text, screen: Screen) -> list[Text]:
    forward = next(iter(step.of(name, "forward")), None)
    formula = (forward.formula if forward else "") or (info.formula if info else "") or name
    formula = inert(formula, 300)
    backward = next(iter(step.of(name, "backward")), None)
    seen = [forward, *([backward] if screen.width >= _WIDE else [])]
    cells = [Text("–", DIM) if e is None else _size(e.stats.norm, e.stats.nonfinite) for e in seen]
    gradients = step.of(name, "gradient")
    total = math.hypot(*(e.stats.norm for e in gradients))
    odd = sum(e.stats.nonfinite for e in gradients)
    cells.append(_size(total, odd, small=True) if gradients else Text("–", DIM))
    return [
        Text(inert(name, 24)),
        Text(ascii_math(formula) if screen.only_ascii else formula),
        *cells,
        _change(step, name),
        mark,
    ]


def _size(norm: float, nonfinite: int, *, small: bool = False) -> Text:
    if nonfinite:
        return Text("NaN/inf", f"bold {RED}")
    return Text(scientific(norm) if small else number(norm, 3), GREEN)


def _change(step: Step, name: str) -> Text:
    """Return how far the layer's largest parameter moved, as a share of its norm."""
    changes = step.of(name, "update")
    if not changes:
        return Text("–", DIM)
    change = max(changes, key=lambda e: e.stats.size)
    weight = step.seen.get((name, "weight", change.param))
    if change.stats.nonfinite:
        return Text("NaN/inf", f"bold {RED}")
    if weight is None or not weight.stats.norm:
        return Text(scientific(change.stats.norm))
    return Text(percent(100 * change.stats.norm / weight.stats.norm), GREEN)
