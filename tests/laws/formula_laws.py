"""What every formula is held to; each law returns how many of its checks were effective."""

from dataclasses import replace
from functools import cache, cached_property, lru_cache, partial

import numpy as np
import torch
from mpmath import mp, mpf, workdps

from neurogebra.core.expression import Expression
from neurogebra.core.expression_maths import derivative
from neurogebra.core.latex import latex
from neurogebra.core.parse import parse
from neurogebra.core.tree import symbols
from neurogebra.engines import torch_ops
from neurogebra.engines.book import evaluate
from neurogebra.repository.record import VECTOR, Interval, Same, Value

from .exact import again, at_digits, limit
from .points import cases, domains, elementwise, is_plain, nudges
from .references import DERIVATIONS, call

STEP = mpf(10) ** -30
ENOUGH = 100  # digits for differences by STEP
INNER = 30.0  # how far out derivatives are compared
SIDES = 1e-6  # by how much the slopes of two sides differ at a kink


def names(formula):
    return (*formula.inputs, *(p for p, _ in formula.params))


@cache
def definition(formula):
    return parse(formula.expr)


@cache
def expression(formula):
    return Expression(formula.name, formula)


@lru_cache(maxsize=256)
def gradient(formula, name):
    return expression(formula).gradient(name)


def value(formula, values):
    """Return what a user gets: Python numbers from numbers, arrays from arrays."""
    with np.errstate(all="ignore"):
        return expression(formula).eval(**values)


def check_symbols(formula):
    """Every text has exactly the names of inputs and parameters."""
    texts = [t for t in (formula.expr, formula.stable) if t]
    for text in texts:
        assert symbols(parse(text)) == sorted(names(formula)), text
    return len(texts)


def check_latex(formula):
    """The definition prints, with balanced braces."""
    text = latex(definition(formula))
    depth = 0
    for char in text.replace(r"\{", "").replace(r"\}", ""):
        depth += (char == "{") - (char == "}")
        assert depth >= 0, text
    assert text
    assert depth == 0, text
    assert text.count(r"\begin") == text.count(r"\end")
    return 1


def check_references(formula):
    """Every reference of the record and every second derivation agrees; how many there are."""
    used = 0
    for check in formula.checks:
        if isinstance(check, Value):
            found = value(formula, {n: np.asarray(v)[()] for n, v in check.inputs})
            np.testing.assert_allclose(found, check.value, rtol=2e-14, atol=1e-15)
        else:
            agree(formula, lambda v, c=check: call(c, formula, v), check.path)
        used += 1
    if formula.name in DERIVATIONS:
        agree(formula, DERIVATIONS[formula.name], "derivation")
        used += 1
    return used


def agree(formula, reference, label):
    compared = 0
    for values in gradient_cases(formula):
        if not np.ndim(next(iter(values.values()))):
            continue
        wanted = np.asarray(reference(values), float)
        found = np.asarray(value(formula, values), float)
        np.testing.assert_allclose(
            found, wanted.reshape(found.shape), rtol=1e-9, atol=1e-12, err_msg=label
        )
        compared += int(np.sum(np.isfinite(found)))
    assert compared >= 2, f"{label}: compared at {compared} places only"


def check_exact(formula, dtype="float64", *, wide=False):
    """Agreement with the definition in mpmath; return the number of values and the worst ulp.

    wide: count in units that a sensitive formula's movement has widened, also where not needed.
    """
    count, worst = 0, 0.0
    for case, wanted, units in truths(formula, dtype):
        given = {n: _given(v, dtype) for n, v in case.values.items()}
        found = np.asarray(value(formula, given))
        if dtype == "float32":
            assert found.dtype == np.float32, f"float32 in, {found.dtype} out"
        wanted = np.broadcast_to(wanted, found.shape)
        for place, w in np.ndenumerate(wanted):
            ulp = units.held(found[place], w, place, wide)
            assert ulp <= formula.ulp, _off(ulp, found[place], w, given)
            count, worst = count + 1, max(worst, ulp)
        if elementwise(formula) and dtype == "float64":
            worst = max(worst, _exact_numbers(formula, case.values, wanted, units, wide))
    return count, worst


def _exact_numbers(formula, values, wanted, units, wide):
    """Hold Python numbers, one after the other, to what their array was held to."""
    worst = 0.0
    for place, w in np.ndenumerate(wanted):
        given = _row(values, place[0])
        found = value(formula, given)
        assert type(found) in (int, float), f"{type(found)} from numbers"
        ulp = units.held(found, w, place, wide)
        assert ulp <= formula.ulp, _off(ulp, found, w, given)
        worst = max(worst, ulp)
    return worst


def _off(ulp, found, wanted, given):
    return f"{ulp:.3g} ulp: {found!r}, not {mp.nstr(wanted, 20)} at {given}"


def _given(v, dtype):
    if dtype == "float32":
        return np.asarray(v, dtype)
    return v if np.ndim(v) else float(v)


def distance(found, wanted, unit, dtype, floor=0.0):
    """Return how many units, beyond the floor, a number lies from the truth; NaN: infinitely."""
    largest = float(np.finfo(dtype).max)
    if mp.isnan(wanted):
        raise AssertionError("the definition has no value here, nor a limit")
    if np.isnan(found):
        return float("inf")
    if abs(wanted) > largest * (1 - 1e-3):
        return 0.0 if abs(found) > largest * 0.99 and (found > 0) == (wanted > 0) else float("inf")
    if np.isinf(found):
        return float("inf")
    with workdps(60):
        free = floor * float(np.finfo(dtype).eps)
        return float(max(abs(mpf(float(found)) - wanted) - free, 0) / unit)


@cache
def truths(formula, dtype):
    """Return (case, exact values, the size of the last digit that counts) for every case."""
    return tuple(
        (case, *truth(formula, case.values, nudges(formula, case.values), dtype))
        for case in cases(formula, dtype)
    )


def truth(formula, values, inward, dtype):
    root, params = definition(formula), dict(formula.params)
    wanted = np.asarray(limit(root, {**values, **params}, inward), object)
    return wanted, Units(formula, values, wanted, dtype)


class Units:
    """The size of the last digit that counts at every value of a case.

    For a sensitive formula it is widened by its movement, which is much work and can only
    forgive: it is worked out where a value is not near enough without.
    """

    def __init__(self, formula, values, wanted, dtype):
        self.formula, self.values, self.wanted, self.dtype = formula, values, wanted, dtype

    @cached_property
    def plain(self):
        return np.frompyfunc(lambda w: _spacing(w, self.dtype), 1, 1)(self.wanted)

    @cached_property
    def wide(self):
        if not self.formula.sensitive:
            return self.plain
        with workdps(60):
            eps = mpf(float(np.finfo(self.dtype).eps))
            return self.plain + eps * movement(self.formula, self.values)

    def held(self, found, wanted, place, wide=False):
        """Return how many units a value is off, in plain ones where that is near enough."""
        ulp = np.inf if wide else self._off(found, wanted, place, self.plain)
        if ulp > self.formula.ulp and (wide or self.formula.sensitive):
            ulp = self._off(found, wanted, place, self.wide)
        return ulp

    def _off(self, found, wanted, place, units):
        units = np.asarray(units, object)
        last = place[len(place) - units.ndim :]  # as if broadcast to the shape of what is found
        unit = units[tuple(i if n > 1 else 0 for i, n in zip(last, units.shape, strict=True))]
        return distance(found, wanted, unit, self.dtype, self.formula.floor)


def _spacing(w, dtype):
    largest = np.finfo(dtype).max / 2
    inside = min(abs(float(w)), float(largest)) if not mp.isnan(w) else 1.0
    return mpf(float(np.spacing(np.asarray(inside, dtype))))


def movement(formula, values):
    """Return Σ |x ∂f/∂x| over inputs and parameters: how far f moves with its last digits."""
    root, total = definition(formula), mpf(0)
    base, parts = {**values, **dict(formula.params)}, {}
    still = at_digits(root, base, ENOUGH, made=parts)
    for name in names(formula):
        for moved in _moves(base, name, elementwise(formula), relative=True):
            with workdps(ENOUGH):
                after = again(root, moved, name, ENOUGH, parts)
                total = total + np.frompyfunc(_gap, 2, 1)(after, still)
    return total


def _gap(a, b):
    found = abs(a - b) / STEP
    return found if mp.isfinite(found) else mpf(0)


def _moves(base, name, whole, *, relative=False, by=STEP):
    """Yield the values with `name` moved: all elements at once, or one after the other."""
    with workdps(ENOUGH):
        x = np.asarray(base[name], float)
        exactly = np.frompyfunc(lambda v: mpf(float(v)), 1, 1)(x) if x.ndim else mpf(float(x))
        shift = exactly * by if relative else by
        if whole or not x.ndim:
            yield {**base, name: exactly + shift}
            return
        for place in np.ndindex(x.shape):
            moved = exactly.copy()
            moved[place] = moved[place] + (shift[place] if relative else shift)
            yield {**base, name: moved}


def slopes(formula, values, name, parts=None):
    """Return the slopes to the left and right for every element of an input, exactly.

    parts: an empty table to share between the names of one place.
    """
    root, base = definition(formula), {**values, **dict(formula.params)}
    parts = {} if parts is None else parts
    if not parts:
        at_digits(root, base, ENOUGH, made=parts)
    sides, still = [], np.asarray(parts[id(root)], object)
    for by in (-STEP, STEP):
        changes = []
        for moved in _moves(base, name, elementwise(formula), by=by):
            with workdps(ENOUGH):
                change = (again(root, moved, name, ENOUGH, parts) - still) / by
                change = change if elementwise(formula) else np.sum(change)
            changes.append(np.asarray(change, float))
        shape = np.shape(values[name]) if name in values else ()
        sides.append(changes[0] if elementwise(formula) else np.reshape(changes, shape))
    return sides


def gradient_cases(formula):
    """Return the inner cases, far points left out."""
    for case in cases(formula):
        if not case.inner:
            continue
        if elementwise(formula):
            keep = np.all([np.abs(v) <= INNER for v in case.values.values()], axis=0)
            keep |= np.array([_integers(formula)] * len(keep))
            yield {n: v[keep] for n, v in case.values.items()}
        elif all(np.all(np.abs(v) <= INNER) for v in case.values.values()):
            yield case.values


def _integers(formula):
    return any(isinstance(d, Interval) and d.whole for d in domains(formula).values())


def weighted(formula):
    """Return a formula of arrays as one number, Σ c f: the sum of a softmax has no slope."""
    texts = [t and f"sum(({t}) * c_)" for t in (formula.expr, formula.stable)]
    inputs = (*formula.inputs, "c_")
    domain = (*formula.domain, ("c_", VECTOR))
    return replace(formula, expr=texts[0], stable=texts[1], inputs=inputs, domain=domain)


def with_weights(formula, values):
    rng = np.random.default_rng(11)
    return {**values, "c_": rng.normal(size=np.shape(value(formula, values)))}


def check_gradient(formula, gradients=None):
    """Gradients equal exact differences and torch's autograd; return {name: effective checks}."""
    places = list(gradient_cases(formula))
    own = names(formula)
    if not elementwise(formula) and np.ndim(value(formula, places[0])):
        places = [with_weights(formula, v) for v in places]
        formula = weighted(formula)
    gradients = gradients or {n: gradient(formula, n) for n in own}
    effective = dict.fromkeys(own, 0)
    for values in places:
        by_torch, parts = torch_gradients(formula, values), {}
        for name in own:
            left, right = slopes(formula, values, name, parts)
            with np.errstate(all="ignore"):
                found = np.broadcast_to(gradients[name].eval(**values), left.shape)
            smooth = _smooth(left, right)
            wanted = (left + right) / 2
            if elementwise(formula):
                numbers = [gradients[name].eval(**_row(values, i)) for i in range(3)]
                _close(numbers, wanted[:3], smooth[:3], partial(_by, "of numbers", name, values))
            _close(found, wanted, smooth, partial(_by, "differences", name, values))
            effective[name] += int(np.sum(smooth & (np.abs(wanted) > 1e-20)))
            if name not in values:
                found, smooth = np.sum(found), np.all(smooth)
            _close(found, by_torch[name], smooth, partial(_by, "torch", name, values))
    return effective


def _by(reference, name, values):
    return f"{reference}: d/d{name} at {values}"


def _row(values, i):
    return {n: float(v[i]) for n, v in values.items()}


def _smooth(left, right):
    """Say where the two sides agree; a slope of 10²⁰ is a jump."""
    size = np.abs(left) + np.abs(right)
    return (np.abs(left - right) <= SIDES * (1 + size)) & (size < 1e20)


def _close(found, wanted, where, message):
    """Compare where the slope is one number; message: makes the words, if they are needed."""
    found, wanted, where = np.atleast_1d(found, wanted, where)
    least = 1e-10 * (1 + float(np.max(np.abs(wanted), initial=0.0)))
    found, wanted = found[where], wanted[where]
    with np.errstate(invalid="ignore"):
        near = np.abs(found - wanted) <= least + 1e-8 * np.abs(wanted)
    if not np.all(near):
        np.testing.assert_allclose(found, wanted, rtol=1e-8, atol=least, err_msg=message())


def torch_gradients(formula, values):
    """Return autograd's derivative of the sum of the definition's elements, by name."""
    leaves = {
        n: torch.tensor(np.asarray(v, float), requires_grad=True)
        for n, v in {**values, **dict(formula.params)}.items()
    }
    y = evaluate(expression(formula).maths.runs, leaves, torch_ops.apply)
    if not y.requires_grad:  # comparisons only
        return {n: np.zeros(np.shape(v)) for n, v in leaves.items()}
    found = torch.autograd.grad(
        y.sum(), list(leaves.values()), allow_unused=True, materialize_grads=True
    )
    return {n: g.numpy() for n, g in zip(leaves, found, strict=True)}


def check_shown(formula):
    """What is shown of a derivative has the values of the one that runs, at the record's shapes."""
    e, count = expression(formula), 0
    places = list(gradient_cases(formula))
    for name in names(formula):
        d = gradient(formula, name)
        tree, needed = Expression("shown", d.tree), symbols(d.tree)
        raw = e._new("untidied", replace(d.maths, runs=derivative(e.tree, name)))
        for values in places:
            known = {**dict(formula.params), **values}
            with np.errstate(all="ignore"):
                wanted = np.asarray(d.eval(**values), float)
                found = tree.eval(**{n: known[n] for n in needed})
            found = np.array(np.broadcast_to(found, wanted.shape))
            count += _same_where_usual(found, wanted, name)
            with np.errstate(all="ignore"):  # where the definition keeps its digits, so does it
                untidied = np.array(raw.eval(**values), float)
                lost = np.abs(untidied - wanted) > 1e-11 * (1 + np.abs(wanted))
            if elementwise(formula):  # joined fractions cancel next to a pole, in print only
                lost |= np.any([np.abs(v) < 0.01 for v in values.values()], axis=0)
            untidied[lost] = np.nan
            _same_where_usual(found, untidied, name, rtol=1e-8, atol=1e-11)
    return count


def _same_where_usual(found, wanted, name, rtol=1e-6, atol=1e-9):
    usual = np.isfinite(found) & np.isfinite(wanted)  # a definition may overflow, cancel
    least = atol * (1 + np.max(np.abs(wanted[usual]), initial=0.0))
    np.testing.assert_allclose(found[usual], wanted[usual], rtol, least, err_msg=name)
    return int(usual.sum())


def check_kinks(formula):
    """The slopes of the two sides differ at declared kinks, and at no other round number."""
    if len(formula.inputs) != 1 or not is_plain(formula):
        return 0
    (name,) = formula.inputs
    domain = domains(formula)[name]
    if domain.whole:
        return 0
    grid = [x for x in np.arange(-7.0, 7.01, 0.25) if domain.low < x < domain.high]
    grid = np.array(sorted({*grid, *formula.kinks}))
    left, right = _both_slopes(formula, name, grid)
    seen = grid[~_smooth(left, right)]
    assert tuple(seen) == tuple(sorted(formula.kinks)), f"kinks at {seen}, not {formula.kinks}"
    return len(grid)


def _both_slopes(formula, name, grid):
    if elementwise(formula):
        return slopes(formula, {name: grid}, name)
    return np.array([slopes(formula, {name: x}, name) for x in grid]).T


def check_no_name_ignored(formula):
    """Every input and parameter changes what comes out; return how many do."""
    used = set()
    for case in cases(formula):
        if not case.inner:
            continue
        base = {**case.values, **dict(formula.params)}
        before = np.asarray(value(formula, base), float)
        for name in names(formula):
            moved = {**base, name: base[name] * 1.1 + 0.05}
            if _is_whole(formula, name):
                moved[name] = 1 - base[name] if np.max(base[name]) <= 1 else base[name] + 7
            if not np.array_equal(before, np.asarray(value(formula, moved), float)):
                used.add(name)
    assert used == set(names(formula)), f"ignored: {set(names(formula)) - used}"
    return len(used)


def _is_whole(formula, name):
    domain = domains(formula).get(name)
    return domain is not None and getattr(domain, "of", domain).whole


def references(formula):
    """Return how many independent references a formula has."""
    return len(formula.checks) + (formula.name in DERIVATIONS)


def libraries(formula):
    """Return how many of them are other libraries or second derivations, not single values."""
    return sum(isinstance(c, Same) for c in formula.checks) + (formula.name in DERIVATIONS)
