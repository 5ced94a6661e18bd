"""The charts of a run as figures for papers: PNG at 300 dpi, and SVG with its text as text."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from neurogebra.errors import BadValue, MissingExtra, RunError, UnknownName
from neurogebra.observatory.events import Level, Stamped
from neurogebra.observatory.render.text import inert, number
from neurogebra.observatory.sinks.dashboard_charts import Chart, charts
from neurogebra.observatory.sinks.dashboard_facts import EpochRow, Facts
from neurogebra.observatory.sinks.dashboard_maps import HeatMap, maps
from neurogebra.observatory.sinks.dashboard_notes import note, note_record
from neurogebra.observatory.sinks.dashboard_svg import VAST, frame
from neurogebra.observatory.sinks.history import History
from neurogebra.observatory.sinks.ndjson_events import stored_events
from neurogebra.observatory.verbs import LogEvent
from neurogebra.registry import near

FORMATS = ("png", "svg", "pdf")
DPI = 300
WIDTH = 3.4  # inches: one column of a page of two

# Okabe and Ito's colours, told apart by all eyes, with a dash each for print in grey.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
_DASHES = ("-", "--", "-.", ":")
_STYLE: Any = {
    "font.size": 8,
    "axes.linewidth": 0.6,
    "lines.linewidth": 1.0,
    "svg.fonttype": "none",
    "svg.hashsalt": "neurogebra",
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def figures(
    run: str | os.PathLike[str] | History | Mapping[str, Sequence[float]] | Facts,
    folder: str | os.PathLike[str],
    formats: Iterable[str] = ("png", "svg"),
) -> list[Path]:
    """Draw what is known of a run into `folder` and return the files, one a chart and format.

    run: the folder of a run, or what `fit` returned; formats: of "png", "svg", "pdf". Raises
    MissingExtra without matplotlib, UnknownName for another format, RunError for a folder that
    cannot be read or written, BadValue for a run without a value.
    """
    known = _formats(formats)
    facts = _facts(run)
    heats = maps(facts.looks)
    pictures = [(_name(c.title, c.id), c) for c in charts(facts, heats) if c.values()]
    drawn: list[tuple[str, Chart | HeatMap]] = [*pictures]
    drawn += [(heat.id, heat) for heat in heats if heat.ends]
    if not drawn:
        raise BadValue("figures(run)", "a run with at least one value", "none")
    target = Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
        return [path for name, what in drawn for path in _draw(what, target / name, known)]
    except OSError as error:
        raise RunError(f"{target}: cannot be written: {error.strerror or error}") from error


class FigureExporter:
    """A sink of a run, and a backend of a TrainingLogger, that draws its figures at the end.

    It asks for the layers where `level` is EXPERT. Raises MissingExtra without matplotlib.
    """

    name = "figures"
    hears = Level.EXPERT

    def __init__(
        self,
        path: str | os.PathLike[str],
        level: Level = Level.DETAILED,
        *,
        formats: Iterable[str] = ("png", "svg"),
    ) -> None:
        self.path, self.level, self.formats = Path(path), level, _formats(formats)
        self.facts = Facts()
        self._stale = False

    def handle(self, stamped: Stamped) -> None:
        """Take one event of a run."""
        note(self.facts, stamped.event)
        self._stale = True

    def handle_event(self, record: LogEvent) -> None:
        """Take one record of a logger."""
        note_record(self.facts, record)
        self._stale = True

    def save(self) -> Path:
        """Draw the figures and return their folder; a run without a value has none."""
        if any(chart.values() for chart in charts(self.facts)):
            figures(self.facts, self.path, self.formats)
        self._stale = False
        return self.path

    def close(self) -> None:
        """Draw what came since the last `save`."""
        if self._stale:
            self.save()


def _formats(formats: Iterable[str]) -> tuple[str, ...]:
    found = (formats,) if isinstance(formats, str) else tuple(formats)
    for name in found:
        if name not in FORMATS:
            raise UnknownName("figure format", str(name), near(str(name), FORMATS) or FORMATS)
    if find_spec("matplotlib") is None:
        raise MissingExtra("matplotlib", "viz", "figures")
    return found


def _facts(run: Any) -> Facts:
    if isinstance(run, Facts):
        return run
    facts = Facts()
    curves = run.curves if isinstance(run, History) else run
    if isinstance(curves, Mapping):
        for epoch in range(max((len(values) for values in curves.values()), default=0)):
            found = {k: float(v[epoch]) for k, v in curves.items() if epoch < len(v)}
            facts.epoch(EpochRow(epoch, found, None, None))
        return facts
    for stamped in stored_events(run):
        note(facts, stamped.event)
    facts.looks.settle()
    return facts


def _name(title: str, otherwise: str) -> str:
    """Return a file's name for a chart: the words of its title, where those are plain."""
    word = title.lower().replace(" ", "-")
    return word if re.fullmatch(r"[a-z0-9_-]{1,60}", word) else otherwise


def _draw(what: Chart | HeatMap, path: Path, formats: Sequence[str]) -> list[Path]:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    tall = 0.12 * len(what.rows) + 1.1 if isinstance(what, HeatMap) else 2.2
    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        # A letter that the font lacks is drawn as a box: that is what there is to see.
        warnings.filterwarnings("ignore", message="Glyph")
        figure = Figure(figsize=(WIDTH, min(9.0, max(1.6, tall))), layout="constrained")
        place = figure.subplots()
        if isinstance(what, HeatMap):
            _heat(figure, place, what)
        else:
            _chart(place, what)
        made = []
        for kind in formats:
            made.append(path.with_name(f"{path.name}.{kind}"))
            dated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind)
            figure.savefig(made[-1], dpi=DPI, metadata=dated)
    return made


def _chart(place: Any, chart: Chart) -> None:
    place.set_autoscale_on(False)  # the page's own axes hold whatever a run says
    for i, series in enumerate(chart.series):
        xs = [x for x, _ in series.points]
        ys = [float("nan") if y is None or abs(y) > VAST else y for _, y in series.points]
        colour = _COLOURS[i % len(_COLOURS)]
        if chart.kind == "bar":
            place.bar(xs, ys, color=colour)
            continue
        dash = _DASHES[i // len(_COLOURS) % len(_DASHES)] if i >= len(_COLOURS) else _DASHES[i % 2]
        line = place.plot(xs, ys, dash, color=colour, marker="o", markersize=1.5)[0]
        line.set_label(
            inert(series.name, 24) if not series.name.startswith("_") else f" {series.name}"
        )
        line.set_marker("o" if len(xs) == 1 else "")
    _scaled(place, chart)
    _plain(place.set_xlabel(chart.x))
    _plain(
        place.set_ylabel(" ".join((chart.title, f"({chart.unit})" if chart.unit else "")).strip())
    )
    if len(chart.series) > 1:
        legend = place.legend(frameon=False, fontsize=7, ncols=2 if len(chart.series) > 4 else 1)
        for entry in legend.get_texts():
            _plain(entry)


def _scaled(place: Any, chart: Chart) -> None:
    x, y = frame(chart, chart.log) or frame(chart, log=False) or (None, None)
    if x is None or y is None:
        return
    place.set_xlim(x.low, x.high)
    place.set_ylim(y.low, y.high)
    if y.log:
        place.set_yscale("log", nonpositive="mask")
        place.minorticks_off()
    place.set_xticks(x.ticks, [number(tick) for tick in x.ticks])
    place.set_yticks(y.ticks, [number(float(f"{tick:.10g}")) for tick in y.ticks])


def _heat(figure: Any, place: Any, heat: HeatMap) -> None:
    from matplotlib.colors import LogNorm, Normalize

    grid = [[float("nan")] * heat.bins for _ in heat.rows]
    for row, cells in zip(grid, heat.rows.values(), strict=True):
        for cell in cells:
            value = float("nan") if cell.mean is None or cell.bad else cell.mean
            for at in range(cell.start, cell.stop):
                row[at] = value if value > 0 or not heat.quantity.log else float("nan")
    ends = heat.ends or (0.0, 1.0)
    norm = LogNorm(*ends) if heat.quantity.log else Normalize(*ends)
    right = heat.origin + heat.bins * heat.width
    drawn = place.imshow(
        grid,
        aspect="auto",
        interpolation="none",
        cmap="cividis",
        norm=norm,
        extent=(heat.origin, right, len(grid) - 0.5, -0.5),
    )
    names = [inert(name, 18) for name in heat.rows]
    every = max(1, len(names) // 40 + 1) if len(names) > 40 else 1
    place.set_yticks(range(0, len(names), every), names[::every])
    for label in place.get_yticklabels():
        _plain(label)
    place.set_xlabel("step")
    place.set_title(heat.quantity.what, fontsize=8, loc="left")
    figure.colorbar(drawn, ax=place, pad=0.02)


def _plain(text: Any) -> None:
    """Let a text be itself: nothing in it is read as mathematics."""
    text.set_parse_math(False)
