"""Charts as plain inline SVG: what is seen without JavaScript, without Chart.js and on paper."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from neurogebra.observatory.render.text import number
from neurogebra.observatory.sinks.dashboard_charts import Chart, Series
from neurogebra.observatory.sinks.dashboard_curve import Point

VAST = 1e290  # axes end here, so that a loss that runs away cannot break the arithmetic
_SIDE = 1000  # the plot's own units in both directions; it is stretched to its place


@dataclass(frozen=True)
class Axis:
    """A range with its ticks; `at` places a value between 0 and 1, or None off a log axis."""

    low: float
    high: float
    ticks: tuple[float, ...]
    log: bool = False

    def at(self, value: float) -> float | None:
        """Return the place of `value`."""
        if not self.log:
            return (value - self.low) / (self.high - self.low)
        if value <= 0:
            return None
        low, high = math.log10(self.low), math.log10(self.high)
        return (math.log10(value) - low) / (high - low)


def plot(chart: Chart) -> str:
    """Return the chart as markup; all text in it is inert. Empty when there is no value."""
    found = frame(chart, chart.log)
    if found is None:
        return ""
    x, y = found
    drawn = "".join(_bars(s, x, y) if chart.kind == "bar" else _line(s, x, y) for s in chart.series)
    return (
        f'<div class="plot"><svg class="ys">{_y_labels(y)}</svg>'
        f'<svg class="field" viewBox="0 0 {_SIDE} {_SIDE}" preserveAspectRatio="none">'
        f'<path class="grid" d="{_grid(y)}"/>{drawn}</svg>'
        f'<svg class="xs">{x_labels(x)}</svg></div>'
    )


def frame(chart: Chart, log: bool) -> tuple[Axis, Axis] | None:
    """Return the two axes of a chart, or None where it has no value to place."""
    values = [v for v in chart.values() if v > 0 or not log]
    if not values:
        return None
    bars = chart.kind == "bar"
    x = across(
        [p[0] for s in chart.series for p in s.points],
        _gap(chart.series[0].points) / 2 if bars else 0.0,
    )
    return x, decades(values) if log else upwards(values, bars)


def upwards(values: Iterable[float], from_zero: bool = False) -> Axis:
    """Return a linear axis that begins and ends on a tick; near 0 it begins at 0."""
    found = [max(-VAST, min(v, VAST)) for v in values]
    low, high = min(found), max(found)
    if from_zero or 0 <= low < 0.4 * high:
        low, high = min(low, 0.0), max(high, 0.0)
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        pad = abs(low) * 0.1 or 1.0
        low, high = low - pad, high + pad
    step = nice((high - low) / 4)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(i * step for i in range(first, last + 1))
    return Axis(ticks[0], ticks[-1], ticks)


def decades(values: Iterable[float]) -> Axis:
    """Return a log axis over positive values that begins and ends on a power of ten."""
    found = [math.log10(max(1 / VAST, min(v, VAST))) for v in values]
    low, high = math.floor(min(found) + 1e-9), math.ceil(max(found) - 1e-9)
    stride = max(1, math.ceil((high - low) / 5))
    high = low + max(1, math.ceil((high - low) / stride)) * stride
    ticks = tuple(10.0**k for k in range(low, high + 1, stride))
    return Axis(ticks[0], ticks[-1], ticks, log=True)


def across(values: Iterable[float], pad: float = 0.0) -> Axis:
    """Return an axis of whole numbers, from the first to the last one; the first has a tick."""
    found = list(values)
    first, last = min(found), max(found)
    pad = pad if first < last else 0.5
    low, high = first - pad, last + pad
    step = max(1.0, nice((high - low) / 6, (1, 2, 5, 10)))
    ticks = [i * step for i in range(math.ceil(low / step), math.floor(high / step) + 1)]
    if not ticks or ticks[0] - first > step / 2:
        ticks.insert(0, first)
    return Axis(low, high, tuple(ticks))


def nice(step: float, steps: Sequence[float] = (1, 2, 2.5, 5, 10)) -> float:
    """Return the next of `steps` × a power of ten that is not below `step`."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(m * power for m in steps if m * power >= step * (1 - 1e-9))


def _line(series: Series, x: Axis, y: Axis) -> str:
    parts: list[str] = []
    alone = False  # the point before stands alone so far
    pen_down = False
    for place in (_place(p, x, y) for p in series.points):
        if place is None:
            parts += ["h0"] if alone else []  # a round cap: one value between gaps is a dot
            pen_down = alone = False
            continue
        parts.append(f"{'L' if pen_down else 'M'}{place[0]:.0f} {place[1]:.0f}")
        alone, pen_down = not pen_down, True
    parts += ["h0"] if alone else []
    return f'<path class="line {series.tone}" d="{"".join(parts)}"/>'


def _bars(series: Series, x: Axis, y: Axis) -> str:
    half = 0.36 * _gap(series.points) / (x.high - x.low) * _SIDE
    parts = [
        f"M{p[0] - half:.1f} {_SIDE}V{p[1]:.0f}h{2 * half:.1f}V{_SIDE}z"
        for p in (_place(p, x, y) for p in series.points)
        if p
    ]
    return f'<path class="bar {series.tone}" d="{"".join(parts)}"/>'


def _gap(points: Sequence[Point]) -> float:
    return min((b[0] - a[0] for a, b in pairwise(points)), default=1.0)


def _place(point: Point, x: Axis, y: Axis) -> tuple[float, float] | None:
    if point[1] is None:
        return None
    across_, up = x.at(point[0]), y.at(point[1])
    return None if across_ is None or up is None else (across_ * _SIDE, (1 - up) * _SIDE)


def _grid(y: Axis) -> str:
    return "".join(f"M0 {(1 - (y.at(t) or 0)) * _SIDE:.1f}h{_SIDE}" for t in y.ticks)


def _y_labels(y: Axis) -> str:
    return "".join(
        f'<text x="100%" y="{(1 - (y.at(t) or 0)) * 100:.2f}%" dx="-8" dy="4">{_label(t)}</text>'
        for t in y.ticks
    )


def x_labels(x: Axis) -> str:
    """Return the ticks of an x axis as texts, placed in percent."""
    return "".join(
        f'<text x="{(x.at(t) or 0) * 100:.2f}%" y="18">{_label(t)}</text>' for t in x.ticks
    )


def _label(value: float) -> str:
    return escape(number(float(f"{value:.10g}")))
