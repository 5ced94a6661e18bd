"""Where a formula of arrays is looked at: shapes that fit, ordinary and lopsided contents."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neurogebra.core.array_sample import is_number_name
from neurogebra.core.expression import Expression
from neurogebra.core.verify_points import Point, inside, ordinary
from neurogebra.core.verify_truth import computed
from neurogebra.errors import BadValue
from neurogebra.repository.record import Interval, Rows

SIZES = {"n": 5, "m": 4, "d": 4, "p": 3, "q": 2, "h": 6, "one": 1}
VECTOR, SQUARE = (4,), (3, 3)
# Scales of the contents: those of any formula, then those of one whose numbers are free.
SCALES = (1.0, 0.1, 3.0, 10.0, 30.0, 100.0, 1e3, 1e4, 1e-3, 1e-6, 1e-9, 1e8, 1e20, 1e160, 1e-160)
RECORDED = (1e-9, 1e3)  # the scales at which the book's own formulas are held to their definition
MANY = 3  # random contents of ordinary size
Domains = Mapping[str, Interval | Rows]


def shapes_for(
    expression: Expression, domains: Domains, given: Mapping[str, Any] | None
) -> dict[str, tuple[int, ...]]:
    """Return a shape for every input: those given or recorded, else the first that fit.

    Raises BadValue where none of the customs fits.
    """
    known = {n: tuple(_size(s) for s in d.shape) for n, d in domains.items() if isinstance(d, Rows)}
    known |= {n: tuple(_size(s) for s in shape) for n, shape in (given or {}).items()}
    free = [n for n in expression.inputs if n not in known and n not in domains]
    numbers = [n for n, d in domains.items() if isinstance(d, Interval) and n not in known]
    fixed = known | dict.fromkeys(numbers, ())
    for shapes in _customs(expression, free):
        found = fixed | shapes
        if _fit(expression, found, domains):
            return {n: found[n] for n in expression.inputs}
    shown = ", ".join(free) or "the inputs"
    raise BadValue("shapes", f"shapes of {shown} that fit together", given or "none",
                   "give them, as in shapes={'X': (4, 3), 'w': (3,)}")  # fmt: skip


def _size(size: Any) -> int:
    if isinstance(size, str):
        return SIZES.get(size, 3)
    if type(size) is not int or not 1 <= size <= 16:
        raise BadValue("shapes", "sizes from 1 to 16", size)
    return size


def _customs(expression: Expression, free: Sequence[str]) -> list[dict[str, tuple[int, ...]]]:
    """Return shapes for the names that nobody gave one: as is customary, then alike."""
    found: list[dict[str, tuple[int, ...]]] = [{n: (4,) * _rank(n) for n in free}]
    for shape in (VECTOR, SQUARE, ()):
        found.append(dict.fromkeys(free, shape))
    if 1 < len(free) <= 4:
        found += [
            dict(zip(free, chosen, strict=True))
            for chosen in itertools.product(((4,), (4, 4), ()), repeat=len(free))
        ]
    return found


def _rank(name: str) -> int:
    """Return how many axes a name has by custom: A is a matrix, x a vector, lr a number."""
    return 0 if is_number_name(name) else 2 if name[0].isupper() else 1


def _fit(expression: Expression, shapes: Mapping[str, tuple[int, ...]], domains: Domains) -> bool:
    rng = np.random.default_rng(1)
    point = {n: _content(domains.get(n, Rows()), s, rng, 1.0) for n, s in shapes.items()}
    found = computed(expression, point, "float64")
    return found is not None and found.size <= 400


def places(
    expression: Expression, domains: Domains, shapes: Mapping[str, tuple[int, ...]]
) -> list[Point]:
    """Return contents for all inputs: random ones of all sizes, equal ones, far ones, a peak.

    A simplex stays one, a matrix definite, an interval is kept.
    """
    rng = np.random.default_rng(7)
    kinds = {n: domains.get(n, Rows()) for n in expression.inputs}
    fixed = {n: isinstance(d, Rows) and (d.simplex or d.one_hot or d.definite)
             for n, d in kinds.items()}  # fmt: skip
    found = [{n: _content(kinds[n], shapes[n], rng, 1.0) for n in kinds} for _ in range(MANY)]
    if all(fixed.values()):
        return found
    bounded = expression.record is not None
    for scale in (s for s in SCALES if not bounded or RECORDED[0] <= s <= RECORDED[1]):
        found.append({n: _content(kinds[n], shapes[n], rng, scale) for n in kinds})
        for sign in (1.0, -1.0):
            found.append({n: _equal(kinds[n], shapes[n], rng, sign * scale) for n in kinds})
        found.append({n: _offset(kinds[n], shapes[n], rng, scale) for n in kinds})
        found.append({n: _peak(kinds[n], shapes[n], rng, scale) for n in kinds})
    return found


def _content(kind: Any, shape: tuple[int, ...], rng: np.random.Generator, scale: float) -> Any:
    if isinstance(kind, Interval):
        return ordinary(kind, rng) if not shape else _within(kind, shape, rng, scale)
    if not shape:
        return float(np.float32(rng.normal() * scale))
    if kind.one_hot:
        return np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])]
    if kind.simplex:
        return _narrow(rng.dirichlet(np.ones(shape[-1]), shape[:-1]))
    if kind.definite:
        a = rng.normal(size=shape)
        return _narrow(a @ np.swapaxes(a, -1, -2) / shape[-1] + np.eye(shape[-1]))
    return _within(kind.of, shape, rng, scale)


def _within(of: Interval, shape: tuple[int, ...], rng: np.random.Generator, scale: float) -> Any:
    if of.whole:
        low, high = max(of.low, -20), min(of.high, 20)
        return rng.integers(int(low), int(high) + 1, shape).astype(float)
    if _is_free(of):
        return _narrow(rng.normal(size=shape) * scale)
    low, high = max(of.low, -10.0), min(of.high, max(10.0, of.low + 10.0))
    return np.clip(_narrow(rng.uniform(low + (high - low) * 1e-3, high, shape)), low, high)


def _is_free(of: Interval) -> bool:
    return of == Rows().of or (math.isinf(of.low) and math.isinf(of.high) and not of.whole)


def _narrow(values: Any) -> Any:
    """Return numbers that float32 has as well, where it has that size."""
    values = np.asarray(values, float)
    small = np.abs(values).max(initial=0) < 3e38 and np.abs(values).min(initial=1) > 1e-37
    return np.asarray(values, "float32").astype(float) if small else values


def _may(kind: Any, shape: tuple[int, ...], value: float) -> bool:
    """Say whether an input may be filled with a value of one's own choice."""
    if isinstance(kind, Interval):
        return not kind.whole and inside(value, kind)
    fixed = kind.simplex or kind.one_hot or kind.definite or kind.of.whole
    return not fixed and (_is_free(kind.of) or inside(value, kind.of))


def _equal(kind: Any, shape: tuple[int, ...], rng: np.random.Generator, value: float) -> Any:
    if not _may(kind, shape, value):
        return _content(kind, shape, rng, 1.0)
    return np.full(shape, value) if shape else value


def _offset(kind: Any, shape: tuple[int, ...], rng: np.random.Generator, by: float) -> Any:
    free = isinstance(kind, Rows) and _is_free(kind.of)
    if not shape or not free or not _may(kind, shape, by):
        return _content(kind, shape, rng, 1.0)
    return by + _narrow(rng.normal(size=shape))


def _peak(kind: Any, shape: tuple[int, ...], rng: np.random.Generator, value: float) -> Any:
    found = _content(kind, shape, rng, 1.0)
    if shape and _may(kind, shape, value):
        found = np.array(found, float)
        found.reshape(-1)[0] = value
    return found
