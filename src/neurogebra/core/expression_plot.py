"""The drawing of a formula of one input, with its derivative."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurogebra.errors import BadValue, MissingExtra

if TYPE_CHECKING:
    from neurogebra.core.expression import Expression


def plot(
    expression: Expression,
    var: str | None = None,
    low: float = -5.0,
    high: float = 5.0,
    points: int = 400,
    gradient: bool = True,
    ax: Any = None,
    **values: float,
) -> Any:
    """Draw a formula over one input, dashed its derivative, and return matplotlib's axes.

    values: of the other inputs. Raises MissingExtra without matplotlib, BadValue where more
    than one input is free.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtra("matplotlib", "viz", "drawing a formula") from error
    free = [n for n in expression.inputs if n not in values]
    if var is None and len(free) == 1:
        var = free[0]
    if var is None or [n for n in free if n != var]:
        raise BadValue("visualize", f"values for all inputs but one of {', '.join(free)}", var)
    x = np.linspace(low, high, points)
    ax = ax if ax is not None else Figure(layout="constrained").add_subplot()
    ax.plot(x, np.broadcast_to(expression.eval(**{**values, var: x}), x.shape))
    if gradient:
        slope = expression.gradient(var).eval(**{**values, var: x})
        ax.plot(x, np.broadcast_to(slope, x.shape), linestyle="--")
        ax.legend([expression.name, f"d/d{var}"])
    ax.set(title=f"${expression.formula}$", xlabel=var)
    return ax
