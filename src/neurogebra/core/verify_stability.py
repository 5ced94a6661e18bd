"""Where a formula's floats leave its value: overflow, NaN, lost digits, holes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from neurogebra.core import exact
from neurogebra.core.expression import Expression
from neurogebra.core.verify_points import Point, edge, placed, short
from neurogebra.core.verify_record import ERROR, WARNING, Finding
from neurogebra.core.verify_truth import Seen, TimeUp, Truth, computed, fits, judge, judged

EVERYDAY = (1e-9, 1e9)  # sizes at which trouble is an error, not a warning
HALF = 2.0**-26  # half of the digits of a float64
_DIGITS = {"float64": 16, "float32": 7}


@dataclass(frozen=True, slots=True)
class Places:
    """Where a formula was looked at, and what was seen there in both widths of floats."""

    points: list[Point]
    seen: Mapping[str, list[Seen]]

    @property
    def compared(self) -> int:
        """How many float64 values were compared with the truth."""
        return sum(s.kind != "skip" for s in self.seen["float64"])

    def bad(self, dtype: str, kind: str = "") -> list[int]:
        """Return where something is wrong."""
        kinds = (kind,) if kind else ("overflow", "digits")
        return [i for i, s in enumerate(self.seen[dtype]) if s.kind in kinds]

    @property
    def worst(self) -> float:
        """The largest error in float64 where nothing is wrong, in units of the last digit."""
        return max((s.ulp for s in self.seen["float64"] if s.kind == "good"), default=0.0)


def look(truth: Truth, expression: Expression, points: Sequence[Point]) -> Places:
    """Compare what is computed with the truth at every place, in both widths."""
    seen = {dtype: judged(truth, expression, points, dtype) for dtype in ("float64", "float32")}
    return Places(list(points), seen)


def troubles(truth: Truth, expression: Expression, places: Places) -> list[Finding]:
    """Return a finding for every region of overflow and of lost digits."""
    one = len(expression.inputs) == 1 and not any(np.ndim(v) for v in places.points[0].values())
    describe = _regions if one else _example
    found = []
    for kind in ("overflow", "digits"):
        made = describe(truth, expression, places, "float64", kind)
        if not made:
            made = describe(truth, expression, places, "float32", kind)
        found += made
    return found


def _regions(
    truth: Truth, expression: Expression, places: Places, dtype: str, kind: str
) -> list[Finding]:
    (name,) = expression.inputs
    order = sorted(range(len(places.seen[dtype])), key=lambda i: places.points[i][name])
    xs = [places.points[i][name] for i in order]
    seen = [places.seen[dtype][i] for i in order]
    found = []
    for first, last in _groups(xs, seen, kind):
        region = _Region(truth, expression, dtype, kind, xs, seen, first, last)
        found.append(region.overflow() if kind == "overflow" else region.digits())
    if kind == "overflow":
        found = _mirrored(found, name)
    if kind == "digits" and len(found) > 1:  # one sentence for what oscillates
        found = [max(found, key=lambda f: (f.severity == ERROR, f.numbers["lost"]))]
    return found[:3]


def _mirrored(found: list[Finding], name: str) -> list[Finding]:
    """Join what is the same on both sides of 0 into one sentence."""
    if len(found) != 2:
        return found
    left, right = found
    if left.numbers["edge"] != -right.numbers["edge"] or left.severity != right.severity:
        return found
    at = short(right.numbers["edge"], 5)
    said = right.sentence.replace(f"from {name} = {at} on", f"from {name} = ±{at} outwards")
    return [replace(right, sentence=said.replace("the value there is", "a value there is"))]


def _groups(xs: Sequence[float], seen: Sequence[Seen], kind: str) -> list[tuple[int, int]]:
    """Return the first and last place of each stretch; what cannot be compared does not end it."""
    found: list[list[int]] = []
    broken = True
    for i, s in enumerate(seen):
        if s.kind == kind:
            if broken:
                found.append([i, i])
            found[-1][1] = i
            broken = False
        elif s.kind == "good" and xs[i] != 0:
            broken = True
    return [(a, b) for a, b in found]


@dataclass(frozen=True, slots=True)
class _Region:
    """A stretch of one input in which something is wrong."""

    truth: Truth
    expression: Expression
    dtype: str
    kind: str
    xs: Sequence[float]
    seen: Sequence[Seen]
    first: int
    last: int

    def overflow(self) -> Finding:
        """Say from where on it gives ∞ or NaN, to the last digit."""
        start, stop = self._edge(self.first, -1), self._edge(self.last, +1)
        at = stop if start is None and stop is not None else start
        name = self.expression.inputs[0]
        at = self.xs[self.first] if at is None else at
        seen = judge(self.truth, self.expression, {name: at}, self.dtype)
        sentence = f"{self._where(start, stop)} it gives {_shown(seen.found)}"
        sentence += f", though the value there is {exact.words(seen.truth, 5)}"
        numbers = {"edge": at, "dtype": self.dtype, "value": exact.words(seen.truth, 17)}
        if self.dtype == "float64":
            narrow = self._narrow(start, stop)
            if narrow is not None:
                sentence += f"; in float32 already at {short(narrow, 5)}"
                numbers["edge_float32"] = narrow
        else:
            sentence = f"in float32 only: {sentence}"
        usual = EVERYDAY[0] <= abs(at) <= EVERYDAY[1] or at == 0
        severity = ERROR if usual and self.dtype == "float64" else WARNING
        return Finding("overflow", severity, sentence, {name: at}, numbers)

    def _edge(self, at: int, step: int) -> float | None:
        """Return the first float that is wrong towards a neighbour that is right; None for none."""
        beside = at + step
        while 0 <= beside < len(self.xs) and self.seen[beside].kind == "skip":
            beside += step
        if not 0 <= beside < len(self.xs):
            return None
        a, _ = edge(self.xs[at], self.xs[beside], self._wrong)
        return a

    def _wrong(self, x: float) -> bool:
        name = self.expression.inputs[0]
        x = float(np.asarray(x, self.dtype)) if self.dtype == "float32" else x
        return judge(self.truth, self.expression, {name: x}, self.dtype).kind == self.kind

    def _narrow(self, start: float | None, stop: float | None) -> float | None:
        """Return where float32 goes wrong on the way from 0 to where float64 does."""
        name = self.expression.inputs[0]
        far = start if stop is None else stop if start is None else None
        if far is None:
            return None

        def wrong(x: float) -> bool:
            found = computed(self.expression, {name: float(np.float32(x))}, "float32")
            return found is None or not np.all(np.isfinite(found))

        if abs(far) > 3e38 or not wrong(far) or wrong(0.0):
            return None
        a, _ = edge(far, 0.0, wrong)
        return float(np.float32(a)) if abs(a) < 0.99 * abs(far) else None

    def _where(self, start: float | None, stop: float | None) -> str:
        name = self.expression.inputs[0]
        if start is None and stop is None:
            return f"at every {name} that was looked at"
        if start is None:
            return f"from {name} = {short(stop or 0.0, 5)} down"
        if stop is None:
            return f"from {name} = {short(start, 5)} on"
        if start == stop:
            return f"at {name} = {short(start, 5)}"
        return f"from {name} = {short(start, 5)} to {short(stop, 5)}"

    def digits(self) -> Finding:
        """Say where digits are lost, with the plainest place as example."""
        name = self.expression.inputs[0]
        inside = range(self.first, self.last + 1)
        bad = [i for i in inside if self.seen[i].kind == "digits"]
        at = _plainest(bad, self.seen, [{name: x} for x in self.xs])
        low, high = self.xs[self.first], self.xs[self.last]
        if low < 0 < high:
            where = f"where {name} is between {_about(low)} and {_about(high)}"
        elif low == high:
            where = f"at {name} = {short(low)}"
        elif self.first == 0:
            where = f"below {name} = {_about(high)}"
        elif self.last == len(self.xs) - 1:
            where = f"above {name} = {_about(low)}"
        else:
            where = f"where {name} is between {_about(low)} and {_about(high)}"
        worst = max(bad, key=lambda i: self.seen[i].lost)
        return _lost(self.dtype, where, {name: self.xs[at]}, self.seen[at], self.seen[worst])


def _lost(dtype: str, where: str, point: Point, seen: Seen, worst: Seen) -> Finding:
    left = _right(seen.lost)
    shown = short(seen.found, left + 4), exact.words(seen.truth, left + 4)
    where = f"{where}: " if where else ""
    sentence = f"{where}at {placed(point)} it gives {shown[0]}, not {shown[1]}"
    sentence += f": {left or 'none'} of {_DIGITS[dtype]} digits are right"
    if dtype == "float32":
        sentence = f"in float32 only: {sentence}"
    severe = seen.lost > HALF and usual(point) and dtype == "float64"
    numbers = {
        "dtype": dtype,
        "found": seen.found,
        "value": exact.words(seen.truth, 17),
        "lost": min(worst.lost, 1e300),
        "ulp": min(worst.ulp, 1e300),
    }
    return Finding("digits", ERROR if severe else WARNING, sentence, point, numbers)


def _right(lost: float) -> int:
    """Return how many digits are right."""
    return 0 if lost >= 0.5 else max(1, round(-math.log10(lost)))


def _about(x: float) -> str:
    return f"{float(f'{x:.2g}'):g}"


def usual(point: Mapping[str, Any]) -> bool:
    """Say whether every number of a place, but for 0, is of everyday size."""
    sizes = np.concatenate([np.abs(np.asarray(v, float)).reshape(-1) for v in point.values()])
    sizes = sizes[sizes > 0]
    return bool(np.all((sizes >= EVERYDAY[0] * 0.999) & (sizes <= EVERYDAY[1])))


def _plainest(bad: Sequence[int], seen: Sequence[Seen], points: Sequence[Mapping[str, Any]]) -> int:
    """Return the most everyday of the places that are about as bad as the worst."""
    chosen = [i for i in bad if usual(points[i])] or list(bad)
    most = min(1.0, max(seen[i].lost for i in chosen))
    return min((i for i in chosen if seen[i].lost >= most / 2), key=lambda i: _strange(points[i]))


def _strange(point: Mapping[str, Any]) -> float:
    """Return how far, in powers of ten, the numbers of a place are from 1."""
    sizes = np.concatenate([np.abs(np.asarray(v, float)).reshape(-1) for v in point.values()])
    return float(np.sum(np.abs(np.log10(sizes[sizes > 0]))) / max(sizes.size, 1))


def _example(
    truth: Truth, expression: Expression, places: Places, dtype: str, kind: str
) -> list[Finding]:
    """Return one finding, at the plainest place, for a formula of several inputs or of arrays."""
    bad = places.bad(dtype, kind)
    if not bad:
        return []
    at = _plainest(bad, places.seen[dtype], places.points)
    point, seen = places.points[at], places.seen[dtype][at]

    def same(p: Point) -> Seen | None:
        found = judge(truth, expression, p, dtype)
        return found if found.kind == kind and found.lost >= min(seen.lost, 1) / 4 else None

    with suppress(TimeUp):  # then the place is less plain
        point, seen = _plainer(point, seen, same)
    numbers = {"dtype": dtype, "places": len(bad)}
    if kind == "digits":
        worst = max((places.seen[dtype][i] for i in bad), key=lambda s: s.lost)
        return [_lost(dtype, "", point, seen, worst)]
    sentence = f"at {placed(point)} it gives {_shown(seen.found)}"
    sentence += f", though the value there is {exact.words(seen.truth, 5)}"
    if dtype == "float32":
        sentence = f"in float32 only: {sentence}"
    severity = ERROR if usual(point) and dtype == "float64" else WARNING
    with suppress(TimeUp):
        equal = _equal_edge(truth, expression, point, dtype)
        if equal is not None:
            count = "×".join(map(str, np.shape(next(iter(point.values())))))
            sentence += f"; with {count} equal elements it does from {short(equal, 5)} on"
            numbers["edge"] = equal
    return [Finding("overflow", severity, sentence, point, numbers)]


def _equal_edge(truth: Truth, expression: Expression, point: Point, dtype: str) -> float | None:
    """Return from which size on an array of equal elements overflows, if one does."""
    ((name, given), *others) = point.items()
    if others or not np.ndim(given):
        return None

    def wrong(x: float) -> bool:
        filled = np.full(np.shape(given), x)
        filled = filled.astype(dtype).astype(float) if abs(x) < 1e38 else filled
        return (
            fits({name: filled}, dtype)
            and judge(truth, expression, {name: filled}, dtype).kind == "overflow"
        )

    far = next((s * x for x in (1e2, 1e3, 1e4, 1e160) for s in (1, -1) if wrong(s * x)), None)
    if far is None or wrong(1.0):
        return None
    return edge(far, 1.0 if far > 0 else -1.0, wrong)[0]


def _plainer(point: Point, seen: Seen, same: Callable[[Point], Seen | None]) -> tuple[Point, Seen]:
    """Give one input after the other a plain value for which the trouble stays."""
    for name, old in point.items():
        plain = [1.0, 0.0, 2.0, 0.5, -1.0, *_rounder(old)] if not np.ndim(old) else []
        for value in plain:
            found = same({**point, name: value}) if value != old else seen
            if found is not None:
                point, seen = {**point, name: value}, found
                break
    return point, seen


def _rounder(x: Any) -> list[float]:
    x = float(x)
    if not x:
        return []
    size = 10.0 ** round(math.log10(abs(x)))
    steps = [math.copysign(10.0**k, x) for k in (1, 2, 3, 4, 6, 8, 9)] if abs(x) > 10 else []
    return [*(s for s in steps if abs(s) < abs(x)), math.copysign(size, x), float(f"{x:.2g}")]


def _shown(found: float) -> str:
    return "NaN" if np.isnan(found) else short(found, 6) if np.isfinite(found) else (
        "inf" if found > 0 else "-inf"
    )  # fmt: skip


def holes(truth: Truth, expression: Expression, name: str, edges: Sequence[float]) -> list[Finding]:
    """Return a finding for every edge at which there is NaN, but a limit."""
    found = []
    for x in edges:
        given = computed(expression, {name: x}, "float64")
        if given is None or not np.any(np.isnan(given)):
            continue
        for side in (1, -1):
            tends = _tends(truth, {name: x}, side)
            if tends is not None:
                words = exact.words(tends, 6) if abs(tends) > 1e-60 else "0"
                sentence = f"at {name} = {short(x, 6)} it gives NaN, though it tends to {words}"
                found.append(Finding("overflow", WARNING, sentence, {name: x}, {"limit": words}))
                break
    return found


def _tends(truth: Truth, point: Mapping[str, Any], side: int) -> Any:
    values = {**truth.params, **point}
    nudges = dict.fromkeys(point, side)
    try:
        found = exact.limit(truth.root, values, nudges)
    except ArithmeticError:
        return None
    found = found[()] if isinstance(found, np.ndarray) else found
    return found if exact.is_finite(found) else None
