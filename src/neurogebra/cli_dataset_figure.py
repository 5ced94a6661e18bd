"""A data set drawn into a PNG or SVG file, by matplotlib."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np

from neurogebra.cli_dataset_views import Bars, Line, Pictures, Points, View
from neurogebra.cli_tables import write_new
from neurogebra.errors import MissingExtra
from neurogebra.observatory.render.text import inert

# Colours that people with any colour vision tell apart [Okabe & Ito 2008].
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#f0e442", "#555555")
MARKERS = "os^Dvp*X"


def write_figure(view: View, title: str, out: Path) -> Path:
    """Draw into a new file and return it; MissingExtra without matplotlib."""
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ModuleNotFoundError as e:
        raise MissingExtra("matplotlib", "viz", "plot --out") from e
    # Dollar signs in the names of columns are no formulas, and SVG files do not vary.
    plain: Any = {"text.parse_math": False, "svg.hashsalt": "neurogebra"}
    with matplotlib.rc_context(plain):
        figure = Figure(figsize=(8, 5), layout="constrained")
        figure.suptitle(inert(title, 120))
        _draw(figure, view)
        kind = out.suffix.lower().removeprefix(".")
        buffer = io.BytesIO()
        undated = {"Date": None} if kind == "svg" else {}
        figure.savefig(buffer, format=kind, dpi=144, metadata=undated)
    write_new(out, buffer.getvalue())
    return out


def _draw(figure: Any, view: View) -> None:
    if isinstance(view, Pictures):
        _pictures(figure, view)
        return
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    match view:
        case Points():
            _points(axes, view)
        case Line():
            axes.plot(view.t, view.y, color=COLOURS[0], linewidth=1)
            axes.set_xlabel(f"{inert(view.labels[0])} ({view.ends[0]} to {view.ends[1]})")
            axes.set_ylabel(inert(view.labels[1], 60))
        case Bars():
            names, counts = zip(*view.bars, strict=True)
            axes.barh([inert(n, 30) for n in names], counts, color=COLOURS[0])
            axes.invert_yaxis()
            axes.set_xlabel("rows")
            axes.set_ylabel(inert(view.label, 60))


def _points(axes: Any, view: Points) -> None:
    for i in np.unique(view.groups).tolist():
        rows = view.groups == i
        style = {"color": COLOURS[i % len(COLOURS)], "marker": MARKERS[i % len(MARKERS)]}
        name = inert(view.names[i], 30) if view.names else "all"
        axes.scatter(view.x[rows], view.y[rows], s=14, alpha=0.7, linewidths=0, label=name, **style)
    axes.set_xlabel(inert(view.labels[0], 60))
    axes.set_ylabel(inert(view.labels[1], 60))
    if view.names:
        axes.legend(frameon=False)


def _pictures(figure: Any, view: Pictures) -> None:
    across = min(len(view.images), 5)
    down = -(-len(view.images) // across)
    grid = np.atleast_1d(figure.subplots(down, across, squeeze=False)).ravel()
    for axes in grid:
        axes.axis("off")
    for axes, image, name in zip(grid, view.images, view.names, strict=False):
        axes.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        axes.set_title(inert(name, 24), fontsize=10)
