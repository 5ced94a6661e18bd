"""A formula's derivatives beside exact differences; where its slope jumps or is no number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurogebra.core import exact
from neurogebra.core.exact_ops import OPS, Beyond
from neurogebra.core.expression import Expression
from neurogebra.core.expression_maths import Maths, derivative
from neurogebra.core.tree import Node, build, in_order, symbol, symbols
from neurogebra.core.verify_points import Point, edge, nice, placed, short
from neurogebra.core.verify_record import ERROR, WARNING, Finding
from neurogebra.core.verify_stability import usual
from neurogebra.core.verify_truth import NO_VALUE, TimeUp, Truth, computed

NEAR = 30.0  # how far out slopes are compared
SIDES = 1e-6  # by how much the slopes of two sides differ at a kink
STEEP = 1e20  # a slope that may be a jump: it is looked at by smaller steps
JUMP = 1e-100  # a change over 1e-400, as a share of the value, that is a jump
EXACTLY, ROUGHLY = 1e-12, 1e-5
MOST, MOST_PLACES = 6, 60
_WEIGHTS = "c_"  # arrays are summed with weights: the plain sum of a softmax has no slope


@dataclass(slots=True)
class Slopes:
    """What was seen of all derivatives: how many slopes were compared, and the findings."""

    compared: int
    findings: list[Finding]
    kinks: list[float]
    bad: list[tuple[str, Point]]


def check(
    truth: Truth, expression: Expression, places: Sequence[Point], kinks: Sequence[float]
) -> Slopes:
    """Compare the derivative by every input and parameter at the places, and near the kinks.

    kinks: numbers at which a formula of one input may have one.
    """
    result = Slopes(0, [], [], [])
    near = [p for p in places if _is_near(p) and not _has_ties(p)]
    far = [p for p in places if not _is_near(p)] if truth.elementwise else []
    try:
        if len(expression.inputs) == 1 and truth.elementwise:
            _kinks(truth, expression, kinks, result)
        for name in (*expression.inputs, *expression.params):
            if not np.issubdtype(np.asarray(expression.params.get(name, 0.0)).dtype, np.number):
                continue
            _by(truth, expression, name, _thinned(near, MOST_PLACES), result)
            if name in expression.inputs:
                _finite(truth, expression, name, _thinned(far, 20), result)
    except TimeUp:
        result.findings.append(_ended("slopes", result.compared))
    return result


def _is_near(point: Point) -> bool:
    """Say whether steps of 1e-30 are differentials for every number of a place."""
    sizes = [np.abs(np.asarray(v, float)) for v in point.values()]
    return all(bool(np.all((s <= NEAR) & ((s == 0) | (s > 1e-12)))) for s in sizes)


def _has_ties(point: Point) -> bool:
    """Say whether an array has equal elements, where orders and maxima have no slope."""
    return any(np.ndim(v) and np.unique(v).size < np.size(v) for v in point.values())


def _ended(what: str, count: int) -> Finding:
    sentence = f"time was up: {what} were compared at {count} places only"
    return Finding("limits", WARNING, sentence, {}, {"points": count})


def _thinned(places: Sequence[Point], most: int) -> Sequence[Point]:
    return places[:: max(1, -(-len(places) // most))]


def _by(
    truth: Truth, expression: Expression, name: str, places: Sequence[Point], result: Slopes
) -> None:
    """Compare the derivative by one name, exactly as a formula and roughly as floats."""
    weighted = not truth.elementwise
    maths = _weighted(expression.maths) if weighted else expression.maths
    shown, runs = expression.gradient(name).tree, derivative(maths.runs, name)
    slope = Expression("slope", runs, _own(maths.params, runs))
    known = truth.elementwise and all(not n.args or n.op in OPS for n in in_order(shown))
    off: list[tuple[bool, Point, Any, Any]] = []
    before = result.compared
    for place in places:
        truth.clock.tick()
        point = _with_weights(truth, place) if weighted else place
        if point is None:
            continue
        wanted = _exact_slope(maths.tree, {**truth.params, **point}, name)
        if wanted is None:
            continue
        values = {**truth.params, **point}
        at = {n: v for n, v in (values if weighted else point).items() if n in slope.inputs}
        found = computed(slope, at, "float64")
        wrong = known and _formula_wrong(shown, values, wanted)
        if found is None:
            continue
        found = np.asarray(np.broadcast_to(found, np.shape(wanted)), float)
        result.compared += 1
        if not np.all(np.isfinite(found)):
            _note_nan(name, point, found, wanted, result)
        elif wrong or _apart(found, wanted, ROUGHLY, _noise(truth, place, name)):
            off.append((wrong, point, found, wanted))
    if any(o[0] for o in off) or (not known and 3 * len(off) > result.compared - before):
        first = next((o for o in off if o[0]), off[0] if off else None)
        if first is not None:
            _note_off(name, *first[1:], result, wrong=True)
    elif off:
        _note_off(name, *off[0][1:], result, wrong=False)


def _own(params: Mapping[str, Any], root: Node) -> dict[str, Any]:
    """Return the parameters that a formula has."""
    return {n: v for n, v in params.items() if n in symbols(root)}


def _weighted(maths: Maths) -> Maths:
    """Return Σ c f, one number whatever the shape of f."""
    weights = symbol(_WEIGHTS)
    tree = build("sum", (maths.tree * weights,), {})
    runs = tree if maths.tree is maths.runs else build("sum", (maths.runs * weights,), {})
    return Maths(tree, runs, (*maths.inputs, _WEIGHTS), maths.params)


def _with_weights(truth: Truth, point: Point) -> Point | None:
    value = truth.at(point)
    if value is None:
        return None
    shape = np.shape(value)
    weights = 0.5 + np.arange(float(np.size(value))).reshape(shape) * 0.37 % 1.3
    return {**point, _WEIGHTS: weights if shape else 1.0}


def _exact_slope(root: Node, values: Mapping[str, Any], name: str) -> Any:
    """Return the slope by every element of an input; None where the two sides disagree."""
    x = np.asarray(values[name], float)
    found = np.empty(x.shape)
    parts: dict[int, Any] = {}
    try:
        for place in np.ndindex(x.shape):
            sides = exact.slopes(root, values, name, place, parts=parts)
            left, right = (np.asarray(s)[()] for s in sides)
            if not (exact.is_finite(left) and exact.is_finite(right)):
                return None
            if not smooth(left, right) or abs(left) > STEEP:
                return None
            found[place] = float((left + right) / 2)
    except (Beyond, *NO_VALUE):
        return None
    return found


def smooth(left: Any, right: Any) -> bool:
    """Say whether the slopes of two sides agree."""
    return bool(abs(left - right) <= SIDES * (1 + abs(left) + abs(right)))


def _formula_wrong(shown: Node, values: Mapping[str, Any], wanted: Any) -> bool:
    """Say whether the derivative's own formula, exactly worked out, is another number."""
    try:
        found = exact.at_digits(shown, values, exact.ENOUGH)[()]
    except (Beyond, *NO_VALUE):
        return False
    if not exact.is_finite(found):
        return False  # 0/0 in the formula; what runs is judged as floats
    gap = abs(float(found) - float(wanted))
    return gap > EXACTLY * (1 + abs(float(wanted))) and gap > 1e-9 * abs(float(wanted))


def _noise(truth: Truth, point: Point, name: str) -> float:
    """Return the slope that rounding alone may pretend: that of the value over the input."""
    size = float(np.max(np.abs(np.asarray(truth.at(point), float)), initial=0.0))
    x = np.asarray({**truth.params, **point}[name], float)
    return 1e-10 * size / max(float(np.max(np.abs(x), initial=0.0)), 1e-12)


def _apart(found: Any, wanted: Any, share: float, noise: float) -> bool:
    scale = float(np.max(np.abs(wanted), initial=0.0))
    near = share * np.abs(wanted) + share * 1e-3 * scale + noise
    return bool(np.any(np.abs(found - wanted) > near))


def _note_nan(name: str, point: Point, found: Any, wanted: Any, result: Slopes) -> None:
    result.bad.append((name, point))
    if any(f.kind == "slope" and f.numbers.get("name") == name for f in result.findings):
        return
    at = {k: v for k, v in point.items() if k != _WEIGHTS}
    true = _first(wanted, ~np.isfinite(found))
    sentence = (
        f"the slope by {name} at {placed(at)} is not a number"
        if np.any(np.isnan(found))
        else f"the slope by {name} at {placed(at)} is infinite"
    )
    sentence += f", though it is {short(true, 5)}"
    severity = ERROR if usual(at) else WARNING
    result.findings.append(Finding("slope", severity, sentence, at, {"name": name, "slope": true}))


def _note_off(
    name: str, point: Point, found: Any, wanted: Any, result: Slopes, *, wrong: bool
) -> None:
    result.bad.append((name, point))
    at = {k: v for k, v in point.items() if k != _WEIGHTS}
    off = np.abs(found - wanted) == np.max(np.abs(found - wanted))
    true, given = _first(wanted, off), _first(found, off)
    numbers = {"name": name, "found": given, "slope": true}
    if wrong:
        sentence = f"the derivative by {name} is wrong: at {placed(at)} it gives {short(given, 8)}"
        sentence += f", differences give {short(true, 8)}"
    else:
        sentence = f"the slope by {name} loses digits: at {placed(at)} it gives {short(given, 8)}"
        sentence += f", not {short(true, 8)}"
    severity = ERROR if wrong else WARNING
    result.findings.append(Finding("slope", severity, sentence, at, numbers))


def _first(values: Any, where: Any) -> float:
    return float(np.atleast_1d(values)[np.atleast_1d(where)].flat[0])


def _finite(
    truth: Truth, expression: Expression, name: str, places: Sequence[Point], result: Slopes
) -> None:
    """Far out: where value and slope are numbers, the slope that is computed is one."""
    slope = expression.gradient(name)
    for point in places:
        value = computed(expression, point, "float64")
        found = computed(slope, point, "float64")
        if found is None or value is None or np.all(np.isfinite(found)):
            continue
        if not np.all(np.isfinite(value)):
            continue
        wanted = _exact_slope(truth.root, {**truth.params, **point}, name)
        if wanted is not None and np.all(np.isfinite(wanted)):
            result.compared += 1
            _note_nan(name, point, found, wanted, result)


def _kinks(
    truth: Truth, expression: Expression, candidates: Sequence[float], result: Slopes
) -> None:
    """List the numbers at which the slopes, or the values, of two sides differ."""
    (name,) = expression.inputs
    kinks: list[float] = []
    jumps: list[float] = []
    for x in candidates:
        truth.clock.tick()
        try:
            values = {**truth.params, name: x}
            found = turn(truth.root, values, name)
        except (Beyond, *NO_VALUE):
            continue
        if found:
            {"kink": kinks, "jump": jumps}[found].append(x)
    result.kinks = kinks
    for word, xs in (("its slope jumps", kinks), ("its value jumps", jumps)):
        if xs:
            shown = ", ".join(short(x, 6) for x in xs[:MOST]) + (", …" if len(xs) > MOST else "")
            sentence = f"{word} at {name} = {shown}"
            result.findings.append(Finding("kinks", "ok", sentence, {}, {"at": xs}))
    slope = expression.gradient(name)
    for x in kinks:
        given = computed(slope, {name: x}, "float64")
        if given is not None and np.any(np.isnan(given)):
            sentence = f"the slope at {name} = {short(x, 6)} is not a number, though both sides"
            sentence += " have one"
            numbers = {"name": name, "at": x}
            result.findings.append(Finding("slope", ERROR, sentence, {name: x}, numbers))
            result.bad.append((name, {name: x}))
            return


def turn(root: Node, values: Mapping[str, Any], name: str) -> str:
    """Return "kink" or "jump" where the slopes, or the values, of two sides differ, else ""."""
    left, right = (np.asarray(s)[()] for s in exact.slopes(root, values, name))
    if not (exact.is_finite(left) and exact.is_finite(right)):
        return ""
    if smooth(left, right) and abs(left) <= STEEP:
        return ""
    step, digits = exact.SMALLEST, exact.MOST_DIGITS
    finer = exact.slopes(root, values, name, step=step, digits=digits)
    left, right = (np.asarray(s)[()] for s in finer)
    height = abs(exact.at_digits(root, values, digits)[()]) + JUMP
    if (abs(left) + abs(right)) * step > JUMP * height:
        return "jump"
    return "" if smooth(left, right) else "kink"


def corners(root: Node, name: str, params: Mapping[str, Any], xs: Sequence[float]) -> list[float]:
    """Return where an absolute value, a maximum, a step or a comparison turns, by its sign."""
    found: set[float] = set()
    x = np.array(xs)
    for inner in _turning(root):
        free = Expression("turns", inner)
        if name not in free.inputs:
            continue
        given = {n: params[n] for n in free.inputs if n in params}
        values = computed_line(free, name, x, given)
        if values is None:
            continue
        found |= {float(v) for v in x[values == 0]}
        for i in np.flatnonzero(np.sign(values[:-1]) * np.sign(values[1:]) < 0)[:8]:
            sign = values[i] > 0

            def same(v: float, sign: Any = sign, free: Any = free, given: Any = given) -> bool:
                at = computed_line(free, name, np.array([v]), given)
                return at is not None and bool((at[0] > 0) == sign and at[0] != 0)

            _, b = edge(float(x[i]), float(x[i + 1]), same)
            found.add(nice(b, lambda v, i=i: bool(x[i] < v < x[i + 1])))  # type: ignore[misc]
    return sorted(found)[:80]


def _turning(root: Node) -> list[Node]:
    found = []
    for node in in_order(root):
        if node.op in ("abs", "sign", "step", "relu"):
            found.append(node.args[0])
        elif node.op in ("maximum", "minimum", "greater", "greater_equal", "equal"):
            found.append(node.args[0] - node.args[1])
        elif node.op in ("floor", "ceil"):
            found.append(node.args[0])
    return found


def computed_line(expression: Expression, name: str, x: Any, given: Mapping[str, Any]) -> Any:
    """Return values along one input; None where there are none."""
    try:
        with np.errstate(all="ignore"):
            found = np.asarray(expression.eval(**{**given, name: x}), float)
    except NO_VALUE:
        return None
    return np.broadcast_to(found, np.shape(x))
