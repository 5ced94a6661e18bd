"""Where formulas are looked at: dense inside their domains, at the edges, far out."""

import itertools
import math
from dataclasses import dataclass
from functools import cache

import numpy as np

from neurogebra.core.parse import parse
from neurogebra.core.tree import is_elementwise
from neurogebra.repository.record import REAL, Interval, Rows

# The sizes that shapes are made of: p 3 and q 2 are the small ones, d is even, one is one.
SIZES = {"n": 5, "m": 4, "d": 4, "p": 3, "q": 2, "h": 6, "one": 1}
FAR = {"float64": 1e300, "float32": 1e30}
DENSE, SINGLES, COMBINATIONS, ARRAYS = 40, 20, 60, 5


@dataclass(frozen=True, eq=False)
class Case:
    """Values for the inputs, each an array or a number; inner: away from edges and far points."""

    values: dict
    inner: bool


def domains(formula):
    """Return input → domain, REAL where the record names none."""
    named = dict(formula.domain)
    return {name: named.get(name, REAL) for name in formula.inputs}


def is_plain(formula):
    """Say whether every input is a number."""
    return all(isinstance(d, Interval) for d in domains(formula).values())


@cache
def elementwise(formula):
    """Say whether arrays are treated element by element."""
    return is_plain(formula) and is_elementwise(parse(formula.expr))


@cache
def cases(formula, dtype="float64"):
    """Return the places at which a formula is looked at, exactly representable in `dtype`."""
    rng = np.random.default_rng(sum(map(ord, formula.name)))
    if not is_plain(formula):
        return tuple(_arrays(formula, rng, dtype))
    if elementwise(formula):
        inner = {n: _dense(d, rng, DENSE, dtype) for n, d in domains(formula).items()}
        return Case(inner, True), Case(_corners(formula, dtype), False)
    singles = {n: _dense(d, rng, SINGLES, dtype) for n, d in domains(formula).items()}
    corners = _corners(formula, dtype)
    found = [Case(_element(singles, i), True) for i in range(SINGLES)]
    found += [Case(_element(corners, i), False) for i in range(_length(corners))]
    many = {n: _dense(d, rng, 5 * ARRAYS, dtype, 0) for n, d in domains(formula).items()}
    found += [Case({n: v[5 * i : 5 * i + 5] for n, v in many.items()}, True) for i in range(ARRAYS)]
    return tuple(found)


def nudges(formula, values):
    """Return for each input the direction from its edges into its domain."""
    found = {}
    for name, domain in domains(formula).items():
        within = domain.of if isinstance(domain, Rows) else domain
        v = np.asarray(values[name], float)
        found[name] = np.where(v >= within.high, -1, np.where(v <= within.low, 1, 0))
    return found


def _element(values, i):
    return {n: v[i] for n, v in values.items()}


def _length(values):
    return len(next(iter(values.values())))


def _dense(interval, rng, n, dtype, share=3):
    """Return numbers inside, evenly spread near 0; one in `share` over the magnitudes."""
    low, high = max(interval.low, -1e3), min(interval.high, 1e3)
    if interval.whole:
        wide = np.floor(np.exp(rng.uniform(0, math.log(min(interval.high, 1e4) + 1), n)))
        close = rng.integers(int(low), int(min(high, 200.0)) + 1, n)
        x = np.where(np.arange(n) % 2, np.clip(wide, low, interval.high), close)
        return _exactly(x.astype(float), dtype)
    near = rng.uniform(max(low, -6.0), min(high, 6.0), n)
    size = 10.0 ** rng.uniform(-6, math.log10(max(abs(low), abs(high), 1e-6)), n)
    wide = size * rng.choice([-1.0, 1.0], n)
    wide = np.where((wide > low) & (wide < high), wide, near)
    x = np.where(np.arange(n) % 3 == share - 1, wide, near)
    return _exactly(np.clip(x, low, high), dtype)


def _exactly(x, dtype):
    return np.asarray(np.asarray(x, dtype), "float64")


def edges(interval, dtype):
    """Return the edges of an interval that belong to it, 0, and far points."""
    far = (1e3, FAR[dtype]) if not interval.whole else (1e3,)
    candidates = [interval.low, interval.high, 0.0, 1.0, *far, *(-f for f in far)]
    kept = []
    for c in candidates:
        c = float(np.asarray(c, dtype))
        inside = interval.low <= c <= interval.high and math.isfinite(c)
        shut = (c == interval.low and interval.low_open) or (
            c == interval.high and interval.high_open
        )
        if inside and not shut and c not in kept:
            kept.append(c)
    return kept


def _corners(formula, dtype):
    """Return combinations of edges as columns, the first ones where there are too many."""
    lists = [edges(d, dtype) for d in domains(formula).values()]
    rng = np.random.default_rng(3)
    rows = list(itertools.islice(itertools.product(*lists), 20_000))
    if len(rows) > COMBINATIONS:
        rows = [rows[i] for i in sorted(rng.choice(len(rows), COMBINATIONS, replace=False))]
    return {n: np.array([r[i] for r in rows]) for i, n in enumerate(formula.inputs)}


def _arrays(formula, rng, dtype):
    for i in range(ARRAYS):
        size = 0.1 if i % 2 else 1.0  # bells are only seen from near
        yield Case({n: _array(d, rng, dtype, size) for n, d in domains(formula).items()}, True)
    for scale in (0.0, 1e3):
        values = {n: _edge(d, rng, dtype, scale) for n, d in domains(formula).items()}
        if any(v is not None for v in values.values()):
            whole = {
                n: _array(domains(formula)[n], rng, dtype) if v is None else v
                for n, v in values.items()
            }
            yield Case(whole, False)


def _shape(domain):
    return tuple(SIZES[s] for s in domain.shape)


def _array(domain, rng, dtype, size=1.0):
    if isinstance(domain, Interval):
        return _exactly(_dense(domain, rng, 1, dtype)[0], dtype)
    shape = _shape(domain)
    if domain.one_hot:
        return np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])]
    if domain.simplex:
        return _exactly(rng.dirichlet(np.ones(shape[-1]), shape[:-1]), dtype)
    if domain.definite:
        a = rng.normal(size=shape)
        return _exactly(a @ np.swapaxes(a, -1, -2) / shape[-1] + np.eye(shape[-1]), dtype)
    of = domain.of
    if of.whole:
        x = rng.integers(int(of.low), int(of.high) + 1, shape).astype(float)
        x.reshape(-1)[:2] = of.low, of.high
        return x
    low, high = max(of.low, -1e3 if of.low == -math.inf else of.low), min(of.high, 1e3)
    low = low + 1e-3 if of.low_open else low
    size = size if _default(domain) else 1.0
    return _exactly(size * rng.uniform(low, high, shape), dtype)


def _default(domain):
    return domain.of == Rows().of


def _edge(domain, rng, dtype, scale):
    """Return an array at the edge of its domain, or far out; None where there is nothing such."""
    if isinstance(domain, Interval) or domain.one_hot or domain.definite:
        return None
    shape = _shape(domain)
    if domain.simplex and not scale:
        sure = np.zeros(shape)
        sure[..., 0] = 1.0
        return sure
    return _array(domain, rng, dtype, scale) if scale and _default(domain) else None
