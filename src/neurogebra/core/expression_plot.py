"""The drawing of a formula over one input, with its derivative, by matplotlib or Plotly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurogebra.errors import BadValue, MissingExtra
from neurogebra.registry import near

if TYPE_CHECKING:
    from neurogebra.core.expression import Expression

BACKENDS = ("matplotlib", "plotly")


@dataclass(frozen=True, slots=True)
class Curve:
    """What is drawn: x, y and slope: (points,), slope None where it was not asked for."""

    name: str
    latex: str
    var: str
    x: np.ndarray
    y: np.ndarray
    slope: np.ndarray | None


def plot(
    expression: Expression,
    var: str | None = None,
    low: float = -5.0,
    high: float = 5.0,
    points: int = 400,
    gradient: bool = True,
    ax: Any = None,
    backend: str = "matplotlib",
    **values: float,
) -> Any:
    """Draw a formula over one input, dashed its derivative.

    values: of the other inputs. Returns matplotlib's axes, or Plotly's figure where backend is
    "plotly". Raises MissingExtra where the library is absent, BadValue where more than one
    input is free or the range is none.
    """
    if backend not in BACKENDS:
        hint = next(iter(near(backend, BACKENDS)), "")
        where = f"did you mean {hint!r}?" if hint else ""
        raise BadValue("visualize.backend", " or ".join(BACKENDS), backend, where)
    found = curve(expression, var, (low, high, points), values, gradient=gradient)
    return _plotly(found) if backend == "plotly" else _matplotlib(found, ax)


def curve(
    expression: Expression,
    var: str | None,
    over: tuple[float, float, int],
    values: Mapping[str, float],
    *,
    gradient: bool,
) -> Curve:
    """Return the numbers of a drawing; over: first x, last x, how many."""
    low, high, points = over
    if not (low < high and points >= 2):
        raise BadValue("visualize", "low < high and at least 2 points", over)
    free = [n for n in expression.inputs if n not in values]
    if var is None and len(free) == 1:
        var = free[0]
    if var is None or [n for n in free if n != var]:
        raise BadValue("visualize", f"values for all inputs but one of {', '.join(free)}", var)
    x = np.linspace(low, high, points)
    given = {**values, var: x}
    y = np.broadcast_to(expression.eval(**given), x.shape)
    slope = None
    if gradient:
        slope = np.broadcast_to(expression.gradient(var).eval(**given), x.shape)
    return Curve(expression.name, expression.formula, var, x, y, slope)


def _matplotlib(found: Curve, ax: Any) -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtra("matplotlib", "viz", "drawing a formula") from error
    ax = ax if ax is not None else Figure(layout="constrained").add_subplot()
    ax.plot(found.x, found.y)
    if found.slope is not None:
        ax.plot(found.x, found.slope, linestyle="--")
        ax.legend([found.name, f"d/d{found.var}"])
    drawable = not any(sign in found.latex for sign in (r"\begin", r"\lfloor"))
    ax.set(title=f"${found.latex}$" if drawable else found.name, xlabel=found.var)
    return ax


def _plotly(found: Curve) -> Any:
    try:
        from plotly.graph_objects import Figure, Scatter
    except ImportError as error:
        raise MissingExtra("plotly", "viz", "drawing a formula that can be zoomed") from error
    figure = Figure(Scatter(x=found.x, y=found.y, name=found.name))
    if found.slope is not None:
        slope = Scatter(x=found.x, y=found.slope, name=f"d/d{found.var}", line_dash="dash")
        figure.add_trace(slope)
    figure.update_layout(title=found.name, xaxis_title=found.var, template="plotly_white")
    return figure
