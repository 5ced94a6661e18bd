"""Curves in one line of blocks: extremes kept, one scale for all, logarithmic where it helps."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from rich.table import Table
from rich.text import Text

from neurogebra.observatory.render.text import inert, metric
from neurogebra.observatory.sinks.spread import Course
from neurogebra.observatory.sinks.terminal_screen import BLUE, DIM, GREEN, MAGENTA, RED

BLOCKS, ASCII = "▁▂▃▄▅▆▇█", "_.-=+*#@"
ODD, ASCII_ODD = "×", "!"
# From this quotient of the largest and the smallest on, what is small is shown as well.
LOGARITHMIC = 30.0
_COLOURS = (BLUE, MAGENTA, GREEN)
_LEAST, _MOST, _SIDES = 8, 120, 31  # columns of a curve; of what stands beside it


def spark(values: Sequence[float], low: float, high: float, *, ascii_only: bool = False) -> str:
    """Return one character a value, from `low` to `high`; one of its own for NaN and infinity."""
    marks, odd = (ASCII, ASCII_ODD) if ascii_only else (BLOCKS, ODD)
    is_log = logarithmic(low, high)
    bottom, top = (math.log(low), math.log(high)) if is_log else (low, high)
    text = ""
    for value in values:
        if not math.isfinite(value):
            text += odd
            continue
        at = math.log(value) if is_log else value
        share = (at - bottom) / (top - bottom) if top > bottom else 0.0
        text += marks[min(len(marks) - 1, int(share * len(marks)))]
    return text


def logarithmic(low: float, high: float) -> bool:
    """Whether a range is drawn on a logarithmic scale."""
    return low > 0 and high / low >= LOGARITHMIC


def curves(courses: Mapping[str, Course], width: int, *, ascii_only: bool = False) -> Table | None:
    """Return a line for each curve of two points or more, on one scale; None for none of them.

    Beside it stand its first and its last value.
    """
    columns = max(_LEAST, min(_MOST, width - _SIDES))
    points = {name: course.points(columns) for name, course in courses.items()}
    points = {name: found for name, found in points.items() if len(found) > 1}
    if not points:
        return None
    low, high = _range(value for found in points.values() for value in found)
    grid = Table.grid(padding=(0, 1, 0, 0))
    for _ in range(3):
        grid.add_column(no_wrap=True)
    for i, (name, found) in enumerate(points.items()):
        line = Text(spark(found, low, high, ascii_only=ascii_only), _COLOURS[i % len(_COLOURS)])
        line.highlight_regex(f"[{ODD}{ASCII_ODD}]", f"bold {RED}")
        first, last = courses[name].ends or (math.nan, math.nan)
        arrow = "->" if ascii_only else "→"
        text = Text.assemble((f"{metric(first)} {arrow} ", DIM), metric(last))
        if not i and logarithmic(low, high):
            text.append("  log", DIM)
        grid.add_row(Text(inert(name, 8), DIM), line, text)
    return grid


def _range(values: Iterable[float]) -> tuple[float, float]:
    known = [value for value in values if math.isfinite(value)]
    return (min(known), max(known)) if known else (0.0, 0.0)
