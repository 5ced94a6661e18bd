"""Where a formula of numbers has a value: intervals, their edges, poles and holes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from neurogebra.core import exact
from neurogebra.core.verify_points import edge, inside, nice, short
from neurogebra.core.verify_truth import TimeUp, Truth
from neurogebra.repository.record import Interval

VALUE, POLE, NONE, UNKNOWN = "value", "pole", "none", "unknown"
MOST_POLES, MOST_SHOWN = 8, 4
COARSE = ((0, 8), (4, 8), (2, 4), (1, 2))  # where to begin, and how far apart


@dataclass(slots=True)
class Line:
    """What was seen along one input, the others staying as they are.

    runs: (low, high, low_open, high_open) with a value throughout; holes: single places without
    one between two runs; poles: where it grows beyond every number.
    """

    name: str
    runs: list[tuple[float, float, bool, bool]] = field(default_factory=list)
    holes: list[float] = field(default_factory=list)
    poles: list[float] = field(default_factory=list)
    points: int = 0
    unknown: int = 0
    ended: bool = False

    def edges(self) -> list[float]:
        """Return every finite edge, hole and pole."""
        ends = [e for run in self.runs for e in run[:2] if math.isfinite(e)]
        return sorted({*ends, *self.holes, *self.poles})


def scan(
    truth: Truth, name: str, others: Mapping[str, Any], xs: Sequence[float], domain: Interval
) -> Line:
    """Look along one input at the numbers `xs`, and bisect to where the answer changes."""
    line = Line(name)

    def value(x: float) -> Any:
        return truth.number({**others, name: x})

    def kind(x: float) -> str:
        return _kind(value(x))

    seen: list[tuple[float, str]] = []
    try:
        for x in (x for step in COARSE for x in xs[step[0] :: step[1]]):
            seen.append((x, kind(x)))
    except TimeUp:
        line.ended = True
    seen.sort()
    line.points = len(seen)
    line.unknown = sum(k == UNKNOWN for _, k in seen)
    known = [(x, k) for x, k in seen if k != UNKNOWN]
    _runs(line, known, kind, domain)
    try:
        if not domain.whole:
            _hidden_poles(line, [x for x, k in known if k == VALUE], value)
    except TimeUp:
        line.ended = True
    return line


def _kind(value: Any) -> str:
    if value is None:
        return UNKNOWN
    if exact.is_nan(value):
        return NONE
    return VALUE if exact.is_finite(value) else POLE


def _runs(
    line: Line, known: Sequence[tuple[float, str]], kind: Callable[[float], str], domain: Interval
) -> None:
    """Join neighbours that have a value into runs with exact edges."""
    start: tuple[float, bool] | None = None
    for i, (x, k) in enumerate(known):
        before = known[i - 1] if i else None
        if k == VALUE and start is None:
            start = _end(x, before, kind, domain.low, domain.low_open, domain.whole)
        if k != VALUE and start is not None and before is not None:
            stop = _end(before[0], (x, k), kind, x, True, domain.whole)
            line.runs.append((start[0], stop[0], start[1], stop[1]))
            start = None
        if k == POLE:
            line.poles.append(x)
    if start is not None:
        line.runs.append((start[0], domain.high, start[1], domain.high_open))
    ends = {r[1] for r in line.runs if r[3]} & {r[0] for r in line.runs if r[2]}
    line.holes = sorted(ends - set(line.poles))


def _end(
    good: float,
    other: tuple[float, str] | None,
    kind: Callable[[float], str],
    outer: float,
    outer_open: bool,
    whole: bool,
) -> tuple[float, bool]:
    """Return the last number with a value towards `other`, or the first without; open or not."""
    if other is None:
        return outer, outer_open
    if whole:
        return good, False
    try:
        return _edge(good, other[0], kind)
    except TimeUp:
        return good, False


def _edge(good: float, bad: float, kind: Callable[[float], str]) -> tuple[float, bool]:
    """Bisect between a number that has a value and one that has none."""
    last, first = edge(good, bad, lambda x: kind(x) in (VALUE, UNKNOWN))
    if abs(first - last) <= 1e-300 or kind(first) == POLE:
        return (first, True) if kind(first) == POLE or first == 0 else (last, False)
    if _beyond(kind, first, last):
        return nice(first, lambda x: kind(x) != VALUE), True
    return last, False


def _beyond(kind: Callable[[float], str], first: float, last: float) -> bool:
    """Say whether a single float without a value stands between two sides that have one."""
    return kind(math.nextafter(first, first + (first - last) * 1e300)) == VALUE


def _hidden_poles(line: Line, xs: Sequence[float], value: Callable[[float], Any]) -> None:
    """Find poles between the numbers looked at: where the sign changes, or the size peaks."""
    found = [(x, value(x)) for x in xs]
    tries = 0
    for (a, f), (b, g) in pairwise(found):
        if tries >= MOST_POLES or any(a < p < b for p in (*line.poles, *line.holes)):
            continue
        if f == 0 or g == 0 or (f > 0) == (g > 0):
            continue
        tries += 1
        left, right = edge(a, b, lambda x, f=f: _same_sign(value(x), f))  # type: ignore[misc]
        if _grown(value, left, right, f, g):
            line.poles.append(nice(right, lambda x, a=a, b=b: a < x < b))  # type: ignore[misc]
    for (a, f), (m, h), (b, g) in zip(found, found[1:], found[2:], strict=False):
        if tries >= 2 * MOST_POLES:
            break
        if abs(h) > abs(f) and abs(h) > abs(g) and abs(a) < 1e6 and abs(b) < 1e6:
            tries += 1
            top = _climb(value, a, b, m)
            if top is not None and not any(abs(p - top) < 1e-6 for p in line.poles):
                line.poles.append(top)
    line.poles = sorted(set(line.poles))


def _same_sign(v: Any, f: Any) -> bool:
    return v is not None and exact.is_finite(v) and v != 0 and (v > 0) == (f > 0)


def _grown(value: Callable[[float], Any], left: float, right: float, f: Any, g: Any) -> bool:
    bound = 1e6 * max(abs(f), abs(g))
    near = [value(x) for x in (left, right)]
    return any(v is not None and not exact.is_nan(v) and abs(v) > bound for v in near)


def _climb(value: Callable[[float], Any], a: float, b: float, m: float) -> float | None:
    """Follow a peak by thirds; return its place where it grows without end."""
    start = abs(value(m))

    def height(x: float) -> Any:
        v = value(x)
        return abs(v) if v is not None and not exact.is_nan(v) else 0

    for _ in range(60):
        left, right = a + (b - a) / 3, b - (b - a) / 3
        if height(left) > height(right):
            b = right
        else:
            a = left
    top = (a + b) / 2
    grown = height(top) > 1e9 * start
    return nice(top, lambda x: a <= x <= b or abs(x - top) < 1e-9 * abs(top)) if grown else None


def said(line: Line) -> str:
    """Return where there is a value, as a reader would write it: x > 0, -1 ≤ x ≤ 1, x ≠ 0."""
    name = line.name
    if not line.runs:
        return f"no {name}"
    gaps = sorted({*line.holes, *line.poles})
    low, high = line.runs[0][0], line.runs[-1][1]
    joined = all(a[1] == b[0] for a, b in zip(line.runs, line.runs[1:], strict=False))
    if joined:
        whole = _interval(name, low, high, line.runs[0][2], line.runs[-1][3])
        inner = [g for g in gaps if low < g < high]
        if not inner:
            return whole or f"every {name}"
        shown = ", ".join(short(g, 6) for g in inner[:MOST_SHOWN])
        more = ", …" if len(inner) > MOST_SHOWN else ""
        return f"{whole + ', ' if whole else ''}{name} ≠ {shown}{more}"
    shown = " or ".join(_interval(name, *run) for run in line.runs[:MOST_SHOWN])
    return shown + (" or …" if len(line.runs) > MOST_SHOWN else "")


def _interval(name: str, low: float, high: float, low_open: bool, high_open: bool) -> str:
    a, b = short(low, 6), short(high, 6)
    if low == high:
        return f"{name} = {a}"
    left, right = ("<" if low_open else "≤"), ("<" if high_open else "≤")
    if math.isinf(low) and math.isinf(high):
        return ""
    if math.isinf(low):
        return f"{name} {right} {b}"
    if math.isinf(high):
        return f"{name} {'>' if low_open else '≥'} {a}"
    return f"{a} {left} {name} {right} {b}"


def within(line: Line | None, x: float, domain: Interval) -> bool:
    """Say whether a number lies where there is a value, as far as is known."""
    if not inside(x, domain):
        return False
    if line is None or not line.runs:
        return line is None
    return any(low <= x <= high for low, high, *_ in line.runs) and x not in line.edges()
