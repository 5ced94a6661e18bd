"""Where a formula of numbers is looked at: all magnitudes, dense near 0, 1 and every edge."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from neurogebra.repository.record import Interval

Point = dict[str, Any]
_FAR = (300, 250, 200, 150, 100, 60, 40)
_SIZES = (15.0, 20.0, 30.0, 50.0, 80.0, 89.0, 100.0, 150.0, 200.0, 300.0, 500.0, 700.0, 710.0,
          750.0, 1000.0)  # fmt: skip
MOST = 420


def grid(interval: Interval, least: int = 1) -> list[float]:
    """Return numbers of an interval in order; every `least`-th where time is short."""
    if interval.whole:
        return _whole(interval)
    bounded = math.isfinite(interval.low) and math.isfinite(interval.high)
    found = set(_base())
    if bounded:
        width = interval.high - interval.low
        found |= {interval.low + width * u for u in np.linspace(0, 1, 81)}
    found |= _near(interval.low) | _near(interval.high)
    kept = sorted({0.0, *(_rounded(x, interval) for x in found if inside(x, interval))})
    kept = [x for x in kept if inside(x, interval)]
    return kept if least <= 1 else kept[::least]


def _base() -> list[float]:
    found = [0.0, *np.arange(0.25, 12.01, 0.25).tolist(), *_SIZES]
    found += [m * 10.0**-k for k in _FAR for m in (1.0, 4.7)]
    found += [m * 10.0**k for k in _FAR for m in (1.0, 4.7)]
    found += [m * 10.0**k for k in range(-30, 31) for m in (1.3, 4.7)]
    found += [1 + s * 10.0**-k for k in range(2, 16) for s in (-1, 1)]
    return [s * x for x in found for s in (-1, 1)]


def _near(edge: float) -> set[float]:
    """Return numbers ever closer to an edge, and the edge."""
    if not math.isfinite(edge):
        return set()
    steps = [10.0**-k for k in range(1, 17)] if edge else [10.0**-k for k in (*range(1, 31), *_FAR)]
    return {edge, *(edge + s * d for d in steps for s in (-1, 1))}


def _rounded(x: float, interval: Interval) -> float:
    """Return x as float32 has it, unless that would lose its distance from 1 or from an edge."""
    x = float(x)
    if not 1e-37 < abs(x) < 3e38 or interval.whole:
        return x
    near = [abs(x - e) for e in (1.0, -1.0, interval.low, interval.high) if math.isfinite(e)]
    return x if min(near) < 1e-3 * abs(x) else float(np.float32(x))


def _whole(interval: Interval) -> list[float]:
    found = [*range(-12, 25), 50, 100, 150, 171, 200, 1000, 10**4, 10**6, 10**9]
    return [float(n) for n in sorted({*found, *(-n for n in found)}) if inside(n, interval)]


def inside(x: float, interval: Interval) -> bool:
    """Say whether a number belongs to an interval."""
    if not interval.low <= x <= interval.high:
        return False
    shut = (x == interval.low and interval.low_open) or (x == interval.high and interval.high_open)
    return not shut


def ordinary(interval: Interval, rng: np.random.Generator) -> float:
    """Return a number of everyday size from an interval."""
    low, high = max(interval.low, -8.0), min(interval.high, 8.0)
    if interval.low > 8 or interval.high < -8:
        low = interval.low if math.isfinite(interval.low) else interval.high - 8
        high = interval.high if math.isfinite(interval.high) else interval.low + 8
    if interval.whole:
        return float(rng.integers(math.ceil(low), math.floor(high) + 1))
    x = float(np.float32(low + (high - low) * rng.uniform(0.02, 0.98)))
    return x if inside(x, interval) else low + (high - low) / 2


def points(domain: Mapping[str, Interval], names: Sequence[str], least: int = 1) -> list[Point]:
    """Return the places at which a formula of numbers is looked at.

    One input: its grid. Several: each along its grid beside ordinary values of the others, all
    of everyday size, all of any size, and two of them almost equal.
    """
    if not names:
        return [{}]
    if len(names) == 1:
        return [{names[0]: x} for x in grid(domain[names[0]], least)]
    rng = np.random.default_rng(5)
    grids = {n: grid(domain[n]) for n in names}
    found: list[Point] = []
    share = max(12, MOST // (2 * len(names) * least))
    for name in names:
        for x in rng.permutation(grids[name])[:share]:
            found.append({n: ordinary(domain[n], rng) for n in names} | {name: float(x)})
    for _ in range(MOST // (4 * least)):
        found.append({n: ordinary(domain[n], rng) for n in names})
        found.append({n: float(rng.choice(grids[n])) for n in names})
    found += _twins(domain, names, rng, 40 // least + 4)
    return found


def _twins(
    domain: Mapping[str, Interval], names: Sequence[str], rng: np.random.Generator, count: int
) -> list[Point]:
    found = []
    for i in range(count):
        point = {n: ordinary(domain[n], rng) for n in names}
        a, b = rng.choice(len(names), 2, replace=False)
        size = 1.0 if i % 2 else 10.0 ** float(rng.integers(-200, 200))
        x = point[names[a]] * size
        y = x * (1 + float(rng.choice([0.0, 1e-15, 1e-12, 1e-8, 1e-4])))
        if inside(x, domain[names[a]]) and inside(y, domain[names[b]]):
            found.append(point | {names[a]: x, names[b]: y})
    return found


def between(a: float, b: float) -> float:
    """Return the float in the middle of two, counted in floats: 64 halvings reach neighbours."""
    return _float((_rank(a) + _rank(b)) // 2)


def edge(a: float, b: float, same_as_a: Callable[[float], bool]) -> tuple[float, float]:
    """Return two neighbouring floats between which an answer changes, the first as at `a`."""
    while abs(_rank(a) - _rank(b)) > 1:
        middle = between(a, b)
        if same_as_a(middle):
            a = middle
        else:
            b = middle
    return a, b


def _rank(x: float) -> int:
    (bits,) = struct.unpack("<q", struct.pack("<d", x + 0.0))
    return int(bits) if bits >= 0 else -int(bits + 2**63)


def _float(rank: int) -> float:
    bits = rank if rank >= 0 else -rank - 2**63
    (x,) = struct.unpack("<d", struct.pack("<q", bits))
    return float(x)


def short(x: float, digits: int = 4) -> str:
    """Return a number with few digits: 709.8, 1e-09, 0."""
    return f"{x:.{digits}g}"


def placed(point: Mapping[str, Any]) -> str:
    """Return where something is: x = 3, y = 0.5."""
    return ", ".join(f"{n} = {_placed(v)}" for n, v in point.items())


def _placed(v: Any) -> str:
    if not np.ndim(v):
        return short(float(v), 5)
    flat = np.asarray(v).reshape(-1)
    if np.all(flat == flat[0]):
        return f"{'×'.join(map(str, np.shape(v)))} times {short(float(flat[0]))}"
    some = ", ".join(short(float(f), 3) for f in flat[:4])
    return f"[{some}{', …' if len(flat) > 4 else ''}]"


def nice(x: float, holds: Callable[[float], bool]) -> float:
    """Return the shortest decimal near x for which something still holds, else x."""
    for digits in range(1, 16):
        short_one = float(f"{x:.{digits}g}")
        if abs(short_one - x) <= 1e-9 * abs(x) + 1e-300 and holds(short_one):
            return short_one
    return x
