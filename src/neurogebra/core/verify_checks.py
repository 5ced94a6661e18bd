"""The checks that a verification consists of, one after the other, each within its time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from neurogebra.core import exact
from neurogebra.core.expression import Expression
from neurogebra.core.expression_text import text
from neurogebra.core.tree import Node, in_order, written_size
from neurogebra.core.verify_arrays import places as array_places
from neurogebra.core.verify_arrays import shapes_for
from neurogebra.core.verify_book import in_book
from neurogebra.core.verify_domain import Line, said, scan, within
from neurogebra.core.verify_points import Point, grid, inside, ordinary, points, short
from neurogebra.core.verify_record import ERROR, OK, WARNING, Finding
from neurogebra.core.verify_rewrites import Rewriting, rewritten
from neurogebra.core.verify_slopes import Slopes, check, corners
from neurogebra.core.verify_stability import Places, holes, look, troubles
from neurogebra.core.verify_truth import FREE, Clock, TimeUp, Truth, computed
from neurogebra.repository.record import Interval, Rows

Domains = Mapping[str, Interval | Rows]
# Up to which part of the time each check may go on.
DOMAIN, VALUES, EDGES, NAMES, SLOPES, REWRITES = 0.25, 0.5, 0.6, 0.65, 0.8, 1.0
PLAIN = (0.7, 1.3, 2.2, 0.4, 3.1, -0.6, -1.7, 5.0)
LONG = 2_000  # signs beyond which nobody looks for other ways to write a formula
REAL = Interval()


@dataclass(slots=True)
class _Work:
    """What the checks share and what they have found."""

    expression: Expression
    truth: Truth
    domains: Domains
    clock: Clock
    arrays: bool
    findings: list[Finding] = field(default_factory=list)
    points: dict[str, int] = field(default_factory=dict)
    lines: dict[str, Line] = field(default_factory=dict)

    def say(self, kind: str, severity: str, sentence: str, **numbers: Any) -> None:
        self.findings.append(Finding(kind, severity, sentence, {}, numbers))

    def interval(self, name: str) -> Interval:
        found = self.domains.get(name, REAL)
        return found if isinstance(found, Interval) else REAL


def checked(
    expression: Expression, domains: Domains, shapes: Mapping[str, Any] | None, seconds: float
) -> tuple[list[Finding], dict[str, int]]:
    """Run every check; return the findings, and how many places each looked at."""
    clock = Clock(seconds)
    record = expression.record
    allowed = (record.ulp, record.floor) if record is not None else ()
    truth = Truth(expression.tree, expression.params, clock, *allowed)
    plain = truth.elementwise and not shapes
    plain = plain and not any(isinstance(d, Rows) for d in domains.values())
    work = _Work(expression, truth, domains, clock, not plain)
    if work.arrays:
        chosen = shapes_for(expression, domains, shapes)
        work.arrays = any(chosen.values())
    if work.arrays:
        todo: list[Point] = array_places(expression, domains, chosen)
        _say_shapes(work, chosen)
    else:
        _domain(work)
        todo = _places(work)
    places = _values(work, todo)
    if places.compared:
        _names(work, places)
        slopes = _slopes(work, places)
        _instead(work, places, slopes)
    _book(work)
    return work.findings, work.points


def _say_shapes(work: _Work, shapes: Mapping[str, tuple[int, ...]]) -> None:
    shown = ", ".join(f"{n} {'×'.join(map(str, s)) or 'a number'}" for n, s in shapes.items())
    sizes = {n: list(s) for n, s in shapes.items()}
    work.say("domain", OK, f"looked at arrays: {shown}", shapes=sizes)


def _thin(work: _Work) -> int:
    """Look at fewer places where a formula is long."""
    return 1 + sum(1 for n in in_order(work.truth.root) if n.args) // 40


def _domain(work: _Work) -> None:
    """Say where there is a value, along every input."""
    names = work.expression.inputs
    for i, name in enumerate(names):
        work.clock.share(DOMAIN * (i + 1) / len(names))
        domain = work.interval(name)
        others = _others(work, name)
        xs = grid(domain, _thin(work) * (1 if len(names) == 1 else 2))
        line = scan(work.truth, name, others, xs, domain)
        work.lines[name] = line
        work.points["domain"] = work.points.get("domain", 0) + line.points
        _say_line(work, line, others)


def _others(work: _Work, name: str) -> Point:
    """Return ordinary values for the other inputs at which there is a value, if there are such."""
    rng = np.random.default_rng(2)
    names = [n for n in work.expression.inputs if n != name]
    found: Point = {}
    try:
        for i in range(12):
            found = {n: ordinary(work.interval(n), rng) for n in names}
            plain = {n: PLAIN[(i + j) % len(PLAIN)] for j, n in enumerate(names)}
            found |= {n: v for n, v in plain.items() if i < 8 and inside(v, work.interval(n))}
            for _ in range(3):
                at = work.truth.number({**found, name: ordinary(work.interval(name), rng)})
                if at is not None and exact.is_finite(at):
                    return found
    except TimeUp:
        pass
    return found


def _say_line(work: _Work, line: Line, others: Point) -> None:
    aside = ", ".join(f"{n} = {short(v, 3)}" for n, v in others.items())
    aside = f" (with {aside})" if aside else ""
    count = line.points - line.unknown
    numbers = {"points": count, "unknown": line.unknown, "runs": [list(r) for r in line.runs],
               "poles": line.poles, "holes": line.holes}  # fmt: skip
    if not count:
        work.say("limits", WARNING, f"too complicated to say where it has a value{aside}")
        return
    if not line.runs:
        work.say("domain", ERROR, f"no value at any of {count} {line.name}{aside}", **numbers)
        return
    sentence = f"a value for {said(line)}{aside}; looked at {count} places"
    if line.unknown:
        sentence += f", {line.unknown} more could not be settled"
    if line.ended:
        sentence += " before time was up, so the edges are not exact"
    if line.poles:
        poles = ", ".join(short(p, 6) for p in line.poles[:4])
        sentence += f"; it grows without end at {line.name} = {poles}"
        sentence += ", …" if len(line.poles) > 4 else ""
    work.say("domain", OK, sentence, **numbers)


def _places(work: _Work) -> list[Point]:
    """Return where values are compared: what lies where there is a value."""
    names = work.expression.inputs
    domains = {n: work.interval(n) for n in names}
    found = points(domains, names, _thin(work))
    if len(names) != 1:
        return found
    line = work.lines[names[0]]
    more = [e + s * 10.0**-k * max(abs(e), 1.0) for e in line.edges()[:6]
            for k in range(1, 13) for s in (-1, 1)]  # fmt: skip
    found += [{names[0]: x} for x in more if not domains[names[0]].whole]
    kept = {p[names[0]]: p for p in found if within(line, p[names[0]], domains[names[0]])}
    return [kept[x] for x in sorted(kept)] or found


def _values(work: _Work, todo: Sequence[Point]) -> Places:
    """Compare values with the truth and say where they part."""
    work.clock.share(VALUES)
    places = look(work.truth, work.expression, todo)
    count = places.compared
    work.points["values"] = count
    work.points["values_float32"] = sum(s.kind != "skip" for s in places.seen["float32"])
    if not count:
        work.say("limits", WARNING, "too complicated to check: no value could be settled")
        return places
    work.clock.share(EDGES)
    try:
        found = troubles(work.truth, work.expression, places)
        if not work.arrays and len(work.expression.inputs) == 1:
            name = work.expression.inputs[0]
            found += holes(work.truth, work.expression, name, _ends(work, name))
    except TimeUp:
        found = []
        work.say("limits", WARNING, "time was up before the edges of overflow were found")
    work.findings += found
    if len(places.seen["float64"]) < len(todo):
        looked = len(places.seen["float64"])
        sentence = f"time was up: values were compared at {looked} of {len(todo)} places only"
        work.say("limits", WARNING, sentence, points=looked)
    if not found and not places.bad("float64"):
        sentence = f"float64 and float32 give the value at all {count} places where it was"
        sentence += f" compared with 60 digits; off by {places.worst:.3g} units of the last digit"
        sentence += " at most"
        if places.worst > FREE:
            sentence += ", as far as the size of its exponents explains"
        work.say("stability", OK, sentence, points=count, worst_ulp=places.worst)
    return places


def _ends(work: _Work, name: str) -> list[float]:
    domain = work.interval(name)
    return [e for e in work.lines[name].edges()[:8] if domain.low <= e <= domain.high]


def _names(work: _Work, places: Places) -> None:
    """Say which names there are, and which of them change nothing."""
    work.clock.share(NAMES)
    inputs, params = work.expression.inputs, work.expression.params
    good = [p for p, s in zip(places.points, places.seen["float64"], strict=False)
            if s.kind == "good"][:200]  # fmt: skip
    ignored = []
    for name in (*inputs, *params):
        if not any(_matters(work, name, p) for p in good[:: max(1, len(good) // 40)]):
            ignored.append(name)
    plain = {n: v for n, v in params.items() if isinstance(v, (int, float))}
    values = ", ".join(f"{n} = {short(v)}" for n, v in plain.items())
    sentence = f"inputs {', '.join(inputs)}" if inputs else "no inputs"
    sentence += f"; parameters {values}" if values else ""
    for name in ignored:
        text_ = f"{name} changes nothing: the value is the same whatever it is"
        work.say("names", WARNING, text_, name=name, points=len(good))
    if good:
        sentence += "; each of them changes the value" if not ignored else ""
        work.say("names", OK, sentence, points=len(good), constants=_constants(work.truth.root))


def _constants(root: Node) -> list[float]:
    return sorted({float(n.value) for n in in_order(root) if n.is_number})


def _matters(work: _Work, name: str, point: Point) -> bool:
    """Say whether another value of a name gives another value of the formula."""
    base = {**work.expression.params, **point}
    before = computed(work.expression, base, "float64")
    for other in (base[name] * 1.1 + 0.05, base[name] + 1.0, 0.5 - base[name]):
        after = computed(work.expression, {**base, name: other}, "float64")
        if before is not None and after is not None and not np.array_equal(before, after):
            return True
    return False


def _slopes(work: _Work, places: Places) -> Slopes:
    """Compare derivatives with exact differences, and list the kinks."""
    work.clock.share(SLOPES)
    expression = work.expression
    good = [p for p, s in zip(places.points, places.seen["float64"], strict=False)
            if s.kind == "good"]  # fmt: skip
    kinks: list[float] = []
    if not work.arrays and len(expression.inputs) == 1:
        name = expression.inputs[0]
        line, domain = work.lines[name], work.interval(name)
        found = corners(expression.tree, name, expression.params, grid(domain))
        found += [*(float(k) for k in range(-6, 7))]
        if not domain.whole:
            ends = (domain.low, domain.high)
            kinks = [x for x in sorted(set(found)) if within(line, x, domain) and x not in ends]
    whole = [n for n in expression.inputs if _is_whole(work.domains.get(n, REAL))]
    if whole:
        good = []
    result = check(work.truth, expression, good, kinks)
    work.points["slopes"] = result.compared
    work.findings += result.findings
    wrong = [f for f in result.findings if f.severity != OK]
    if result.compared and not wrong:
        sentence = f"the derivative agrees with exact differences at {result.compared} places"
        work.say("slope", OK, sentence, points=result.compared)
    elif not result.compared and not wrong:
        why = "it takes whole numbers" if whole else "none of the places had one"
        work.say("slope", OK, f"no slopes were compared: {why}", points=0)
    return result


def _is_whole(domain: Interval | Rows) -> bool:
    return domain.whole if isinstance(domain, Interval) else domain.of.whole


def _instead(
    work: _Work, places: Places, slopes: Slopes, table: tuple[Rewriting, ...] | None = None
) -> None:
    """Suggest another way to write it, once that has been compared at the same places."""
    bad, ends = len(places.bad("float64")), _nan_ends(work, work.expression)
    narrow = len(places.bad("float32"))
    if not bad + narrow + len(ends) + len(slopes.bad) or written_size(work.truth.root) > LONG:
        return
    work.clock.share(REWRITES)
    best: tuple[tuple[float, ...], Node, Places] | None = None
    try:
        for tree in rewritten(work.truth.root, table):
            found = _proven(work, tree, places, slopes, bad + narrow + len(ends) + len(slopes.bad))
            if found is not None and (best is None or found[0] < best[0]):
                best = (found[0], tree, found[1])
    except TimeUp:
        work.say("limits", WARNING, "time was up before every other way to write it was tried")
    if best is None:
        return
    (left, *_), tree, seen = best
    sentence = f"{text(tree)}: compared at the same {seen.compared} places, off by {seen.worst:.2g}"
    sentence += " units of the last digit at most"
    if left:
        sentence += f", but for {int(left)} places that stay wrong"
    work.findings.append(Finding("instead", OK, sentence, {}, {
        "formula": text(tree), "worst_ulp": seen.worst, "points": seen.compared,
        "still_wrong": int(left)}))  # fmt: skip


def _nan_ends(work: _Work, expression: Expression) -> list[float]:
    """Return the edges at which there is a limit, but floats give NaN."""
    found = [f for f in work.findings if f.kind == "overflow" and "limit" in f.numbers]
    ends = [next(iter(f.where.values())) for f in found]
    name = work.expression.inputs[0] if ends else ""
    values = [(x, computed(expression, {name: x}, "float64")) for x in ends]
    return [x for x, v in values if v is None or np.any(np.isnan(v))]


def _proven(
    work: _Work, tree: Node, places: Places, slopes: Slopes, before: int
) -> tuple[tuple[float, ...], Places] | None:
    """Return how good another form is; None unless it is right wherever this one is, and better."""
    expression = Expression("instead", tree)
    params = {n: v for n, v in work.expression.params.items() if n in expression.inputs}
    expression = Expression("instead", tree, params=params)
    if set(expression.inputs) != set(work.expression.inputs):
        return None
    seen = look(work.truth, expression, places.points)
    if len(seen.seen["float64"]) < len(places.seen["float64"]):
        raise TimeUp("time was up")
    for dtype in ("float64", "float32"):
        pairs = zip(places.seen[dtype], seen.seen[dtype], strict=False)
        if any(old.kind == "good" and new.kind != "good" for old, new in pairs):
            return None
    steep = [
        (n, p) for n, p in slopes.bad
        if not np.all(np.isfinite(_slope(work, expression, n, p)))
    ]  # fmt: skip
    left = len(seen.bad("float64")) + len(_nan_ends(work, expression)) + len(steep)
    narrow = len(seen.bad("float32"))
    if left + narrow >= before:
        return None
    return (left, narrow, seen.worst > 16, written_size(tree)), seen


def _slope(work: _Work, expression: Expression, name: str, point: Point) -> Any:
    at = {n: v for n, v in point.items() if n in expression.inputs}
    found = computed(expression.gradient(name), at, "float64")
    return np.nan if found is None else found


def _book(work: _Work) -> None:
    """Say under which name the book knows the formula, or the one suggested."""
    own = work.expression.record
    if written_size(work.truth.root) > LONG:
        return
    names = in_book(work.truth.root, work.expression.params)
    names = [n for n in names if own is None or n != own.name]
    if names:
        work.say("book", OK, f"this is {' or '.join(names[:3])}", names=names[:3])
