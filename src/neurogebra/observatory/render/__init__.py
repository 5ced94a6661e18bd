"""Facts as text: inert user strings, short numbers, the architecture, ASCII formulas."""

from neurogebra.observatory.render.architecture import architecture, summary
from neurogebra.observatory.render.formula import ascii_math
from neurogebra.observatory.render.text import (
    count,
    duration,
    inert,
    many,
    metric,
    number,
    percent,
    scientific,
    shape,
    sizes,
)

__all__ = [
    "architecture",
    "ascii_math",
    "count",
    "duration",
    "inert",
    "many",
    "metric",
    "number",
    "percent",
    "scientific",
    "shape",
    "sizes",
    "summary",
]
