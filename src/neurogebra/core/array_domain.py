"""Examples of the inputs of a record of the book: arrays of its shapes, within its domain."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from neurogebra.core.array_sample import Sample
from neurogebra.repository.record import Domain, Interval, Rows

Domains = tuple[tuple[str, Domain], ...]
# Sizes by name, no two alike: n > m, m is twice q, a d of 4 is a box; others take the rest.
_SIZES = {"n": 9, "m": 4, "d": 4, "p": 3, "q": 2, "h": 6, "one": 1}
_BESIDE_D = {**_SIZES, "m": 8}
_OTHERS = (5, 7, 10, 11, 13)
_TIMES = 3  # examples that a tidied formula is held to


def has_shapes(domain: Domains) -> bool:
    """Say whether a domain names the shape of any input."""
    return any(isinstance(d, Rows) for _, d in domain)


def examples(domain: Domains, inputs: Sequence[str], params: Mapping[str, Any]) -> list[Sample]:
    """Return examples of `domain`, in which names without one are numbers; [] without shapes."""
    if not has_shapes(domain):
        return []
    found = []
    for i in range(_TIMES):
        values = _values(domain, i)
        numbers = dict(zip(inputs, _plain(i, len(inputs)), strict=True))
        moved = {n: v * (1 + 0.1 * i) if np.size(v) == 1 else v for n, v in params.items()}
        found.append(Sample({**numbers, **values, **moved}))
    return found


@lru_cache(maxsize=512)
def _values(domain: Domains, which: int) -> dict[str, Any]:
    names = dict.fromkeys(s for _, d in domain if isinstance(d, Rows) for s in d.shape)
    free = iter(_OTHERS)
    known = _BESIDE_D if "d" in names else _SIZES
    sizes = {s: known.get(s) or next(free, 2) for s in names}
    rng = np.random.default_rng([3, which])
    return {
        name: _rows(d, tuple(sizes[s] for s in d.shape), rng)
        if isinstance(d, Rows)
        else float(_within(d, rng, ()))
        for name, d in domain
    }


@lru_cache(maxsize=64)
def _plain(which: int, count: int) -> tuple[float, ...]:
    return tuple(np.random.default_rng([5, which]).normal(size=count).tolist())


def _rows(domain: Rows, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
    if domain.one_hot:
        return np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])]
    if domain.simplex:
        return rng.dirichlet(np.ones(shape[-1]), shape[:-1])
    if domain.definite:
        a = rng.normal(size=shape)
        return a @ np.swapaxes(a, -1, -2) / shape[-1] + np.eye(shape[-1])
    return _within(domain.of, rng, shape)


def _within(of: Interval, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Return numbers of an interval whose signs and magnitudes differ from place to place."""
    if of.whole:
        high = of.high if of.high - of.low < 100 else of.low + 9
        return rng.integers(int(of.low), int(high) + 1, shape).astype(float)
    if math.isinf(of.high - of.low) or of.high - of.low > 8:
        near = min(max(of.low, 0.0), of.high)  # the number of the interval next to 0
        x = rng.normal(size=shape) * 10.0 ** rng.uniform(-1, 0.3, shape)
        outside = (near + x < of.low) | (near + x > of.high)
        return near + np.where(outside, -x, x)
    return of.low + (of.high - of.low) * rng.uniform(0.02, 0.98, shape)
