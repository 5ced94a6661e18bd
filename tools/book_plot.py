"""Small drawings of formulas of one number: the curve, its derivative dashed, as SVG text."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from neurogebra.core.expression import Expression
from neurogebra.core.tree import is_elementwise
from neurogebra.repository.record import Interval, Rows

WIDTH, HEIGHT, POINTS = 960, 480, 57
LOW, HIGH = -5.0, 5.0
_TINY = 1e-9

Points = list[tuple[float, float]]


def svg(expression: Expression) -> str:
    """Return the drawing of a formula of one number; "" where it takes another thing."""
    domain = domain_of(expression)
    if domain is None:
        return ""
    (name,) = expression.inputs
    breaks = expression.record.kinks if expression.record else ()
    x = _places(domain, bounds(domain), breaks)
    y = _values(expression, name, x)
    slope = [] if domain.whole else _values(expression.gradient(name), name, x)
    frame = _frame(y, slope)
    if frame is None:
        return ""
    corner = (x[0], x[-1], *frame)
    curves = "".join(
        f'<path class="{kind}" d="{path}"/>'
        for kind, found in (("d", slope), ("f", y))
        if found and (path := _path(list(zip(x, found, strict=True)), corner, breaks))
    )
    return (
        f'<svg class="ng-plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{expression.name}{" and its derivative" if slope else ""}">'
        f'<path class="a" d="{_axes(corner)}"/>{curves}{_labels(corner)}</svg>'
    )


def domain_of(expression: Expression) -> Interval | None:
    """Return where the one number of a formula may lie; None for what is no curve."""
    record = expression.record
    if record is None or len(expression.inputs) != 1 or not is_elementwise(expression.tree):
        return None
    domain = dict(record.domain).get(expression.inputs[0], Interval())
    return None if isinstance(domain, Rows) else domain


def bounds(domain: Interval) -> tuple[float, float]:
    """Return the first and the last number that is drawn."""
    if math.isfinite(domain.low) and domain.high - domain.low <= 100:
        return domain.low, domain.high
    if domain.low >= HIGH or domain.whole:
        return domain.low, domain.low + 20
    if domain.high <= LOW:
        return domain.high - 20, domain.high
    return max(LOW, domain.low), min(HIGH, domain.high)


def _places(domain: Interval, over: tuple[float, float], breaks: Sequence[float]) -> list[float]:
    """Return where the formula is looked at: evenly, and on both sides of every kink."""
    low, high = over
    even = np.linspace(low, high, POINTS)
    if domain.whole:
        even = np.unique(np.round(even))
    width = (high - low) * _TINY
    sides = [k + s for k in breaks if low < k < high for s in (-width, width)]
    inside = [float(v) for v in even]
    inside[0] += 1e-3 * (high - low) if domain.low_open and inside[0] == domain.low else 0
    inside[-1] -= 1e-3 * (high - low) if domain.high_open and inside[-1] == domain.high else 0
    return sorted({*(v for v in inside if v not in breaks), *sides})


def _values(expression: Expression, name: str, x: Sequence[float]) -> list[float]:
    return [float(expression.eval(**{name: v})) for v in x]


def _frame(y: Sequence[float], slope: Sequence[float]) -> tuple[float, float] | None:
    """Return the lowest and the highest value that is shown: poles and cliffs are cut."""
    seen = np.array([v for v in y if math.isfinite(v)])
    if seen.size < 2:
        return None
    low, high = (float(v) for v in np.quantile(seen, (0.04, 0.96)))
    spread = high - low
    if seen.max() - seen.min() <= 4 * spread or spread == 0:
        low, high = float(seen.min()), float(seen.max())
    span = (high - low) or max(abs(high), 1.0)
    steep = np.array([v for v in slope if math.isfinite(v)])
    if steep.size:
        low = min(low, max(float(steep.min()), low - span))
        high = max(high, min(float(steep.max()), high + span))
    margin = 0.06 * ((high - low) or 1.0)
    return low - margin, high + margin


def _spot(point: tuple[float, float], corner: tuple[float, ...]) -> tuple[int, int]:
    left, right, low, high = corner
    across = (point[0] - left) / (right - left) * WIDTH
    return round(across), round((high - point[1]) / (high - low) * HEIGHT)


def _path(points: Points, corner: tuple[float, ...], breaks: Sequence[float]) -> str:
    """Return the strokes of a curve, lifted where it leaves the frame or jumps at a kink."""
    return "".join(
        f"M{spots[0][0]} {spots[0][1]}l"
        + " ".join(f"{b[0] - a[0]} {b[1] - a[1]}" for a, b in pairwise(spots))
        for stroke in _strokes(points, corner[2:], breaks)
        if len(spots := _turns([_spot(p, corner) for p in stroke])) > 1
    ).replace(" -", "-")


def _turns(spots: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return a stroke without the spots that a straight line passes within a dot of."""
    kept, last = spots[:1], 0
    for i in range(1, len(spots)):
        if i + 1 == len(spots) or not _straight(spots[last : i + 2]):
            kept.append(spots[i])
            last = i
    return kept


def _straight(spots: list[tuple[int, int]]) -> bool:
    (x, y), (end, top) = spots[0], spots[-1]
    slope = (top - y) / (end - x) if end != x else math.inf
    return all(abs(y + slope * (a - x) - b) <= 1 for a, b in spots[1:-1] if a != x)


def _strokes(points: Points, frame: tuple[float, ...], breaks: Sequence[float]) -> Iterator[Points]:
    stroke: Points = []
    for before, point in zip([points[0], *points], points, strict=False):
        jumps = any(before[0] < k < point[0] for k in breaks)
        inside = math.isfinite(point[1]) and frame[0] <= point[1] <= frame[1]
        if jumps or not inside:
            yield stroke
            stroke = []
        if inside:
            stroke.append(point)
    yield stroke


def _axes(corner: tuple[float, ...]) -> str:
    left, right, low, high = corner
    across, down = _spot((0.0, 0.0), corner)
    lines = [f"M0 {down}H{WIDTH}"] if low <= 0 <= high else []
    return "".join(lines + ([f"M{across} 0V{HEIGHT}"] if left <= 0 <= right else []))


def _labels(corner: tuple[float, ...]) -> str:
    left, right, low, high = (f"{v:.3g}".replace("-", "−") for v in corner)
    below, end = HEIGHT - 12, WIDTH - 9
    return (
        f'<text x="9" y="{below}">({left}, {low})</text>'
        f'<text x="{end}" y="36" text-anchor="end">({right}, {high})</text>'
    )
