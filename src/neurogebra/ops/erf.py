"""The error function and its tail on arrays: a table, and between its points a short integral."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

# erf(x)/x for |x| ≤ 1.5 as a polynomial in x², and e^(x²) erfc(x) for 1.5 ≤ x ≤ 6 as one in
# (x − 3)/(x + 3), highest power first; (1 + 9x/8) e^(x²) erfc(x) for 0 ≤ x ≤ 28 in the same.
# tools/erf_coefficients.py computes them.
_NEAR = (
    1.5889546007818838e-13,
    -4.9101179846805086e-12,
    8.685870114391334e-11,
    -1.2083048517022723e-09,
    1.4765666857055745e-08,
    -1.6359841594724727e-07,
    1.6461484722454145e-06,
    -1.4925602741550847e-05,
    0.00012055330429899759,
    -0.0008548326929470691,
    0.005223977623179348,
    -0.02686617064480267,
    0.11283791670952624,
    -0.37612638903183676,
    1.1283791670955126,
)
_FAR = (
    2.008336345992353e-06,
    -7.511813266366019e-06,
    -1.2843568979162558e-05,
    6.398632783713611e-05,
    4.5254021041830215e-05,
    -0.0005970566646595143,
    0.0007077464884842448,
    0.004269136128131292,
    -0.02439249931958811,
    0.07166583720176094,
    -0.15011593650077085,
    0.24560380171230464,
    -0.3262335600430372,
    0.17900115118138998,
)
_TAIL = (
    -4.724635543071813e-10,
    -3.2645356822578616e-09,
    -3.903016270911134e-09,
    1.9670170001374514e-08,
    5.1126157280360584e-08,
    -6.099635220160991e-08,
    -3.2828952003146133e-07,
    1.005336860760082e-07,
    1.821116918317177e-06,
    1.3485212897042678e-07,
    -1.0377753447298576e-05,
    -7.057011959943579e-07,
    6.474159965859974e-05,
    -3.1127801198665215e-05,
    -0.0004188564105391478,
    0.000801173747611558,
    0.0017324219588897665,
    -0.01150316749805491,
    0.027751546929315037,
    -0.03573763189691371,
    0.0072496795512068035,
    0.08069787267532737,
    -0.21901405471390564,
    0.783130036418581,
)
_EDGE, _MIDDLE = 1.5, 3.0
_BLOCK = 1 << 15  # elements: the few arrays of a block stay in the cache


def erf(x: Any) -> Any:
    """Return the error function 2/√π ∫₀ˣ e^(−t²) dt within 3 ulp; float32 in, float32 out."""
    return _value(erf_into, x)


def erfc(x: Any) -> Any:
    """Return 1 − erf(x) within 4 ulp, its tail too; float32 in, float32 out."""
    return _value(erfc_into, x)


def erf_into(x: Array, out: Array) -> None:
    """Write erf(x); may write over x."""
    _write(_erf_table(), x, out)


def erfc_into(x: Array, out: Array) -> None:
    """Write 1 − erf(x); may write over x."""
    _write(_erfc_table(), x, out)


def _value(write: Callable[[Array, Array], None], x: Any) -> Any:
    given = np.asarray(x)
    given = given.astype(np.result_type(given, np.float16), copy=False)
    out = np.empty(given.shape, given.dtype)
    write(given, out)
    return out if out.ndim else out[()]


@dataclass(frozen=True, slots=True)
class _Table:
    """A function f at points `steps` to the unit, from `low` to `high`; beyond it is constant.

    values: f there, with its derivative ±2/√π e^(−c²) as imaginary parts, since to fetch both
    at once is faster. magic: x + magic is magic + the nearest point, the last bits of which count
    points; first: those bits at `low`.
    """

    low: float
    high: float
    values: Array
    magic: float
    first: int


def _table(low: int, high: int, steps: int, sign: int, f: Callable[[Array], Array]) -> _Table:
    points = np.arange(low * steps, high * steps + 1) / steps
    magic = 1.5 * 2.0**52 / steps
    first = int(np.float64(magic).view(np.int64)) + low * steps
    values = f(points).astype(np.complex128)
    values.imag = sign * 2 / math.sqrt(math.pi) * np.exp(-points * points)  # the square is exact
    return _Table(low, high, values, magic, first)


@lru_cache(maxsize=1)
def _erf_table() -> _Table:
    return _table(-6, 6, 2048, 1, _erf)  # erf(6) rounds to 1


@lru_cache(maxsize=1)
def _erfc_table() -> _Table:
    return _table(-6, 28, 1024, -1, _erfc)  # erfc(28) rounds to 0


class _Scratch(threading.local):
    """Each thread's arrays of a block: five, and a complex one in place of the last two."""

    @cached_property
    def rows(self) -> tuple[Array, ...]:
        room = np.empty(5 * _BLOCK + 8)
        room = room[-room.ctypes.data % 64 // 8 :][: 5 * _BLOCK]  # lines of the cache begin here
        return (*room.reshape(5, _BLOCK), room[3 * _BLOCK :].view(np.complex128))


_SCRATCH = _Scratch()


def _write(table: _Table, x: Array, out: Array) -> None:
    flat = x.reshape(-1)
    found = out.reshape(-1)
    for start in range(0, flat.size, _BLOCK):
        part = slice(start, start + _BLOCK)
        _block(table, flat[part], found[part])
    if not np.may_share_memory(found, out):
        out[...] = found.reshape(out.shape)


def _block(table: _Table, x: Array, out: Array) -> None:
    """Write f(c) + f′(c) ∫₀ᵈ e^(−2ct − t²) dt, with c the table's point nearest to x = c + d.

    The integral is d e^Λ. With v = cd + d²/2 and q = v² + d², Λ = −v + q/6 − q²/180, up to d⁴/120
    and v⁶/2835: it is the mean of e^(−2cds − d²s²) for s from 0 to 1, in cumulants.
    """
    c, d, rest, v, q, found = (r[: x.size] for r in _SCRATCH.rows)
    np.clip(x, table.low, table.high, out=v, casting="same_kind")
    np.add(v, table.magic, c)
    places = rest.view(np.int64)
    np.subtract(c.view(np.int64), table.first, places)
    np.subtract(c, table.magic, c)
    np.subtract(v, c, d)
    v += c
    v *= 0.5
    v *= d
    np.multiply(d, d, q)
    np.multiply(v, v, c)
    q += c
    np.multiply(q, -1 / 180, c)
    c += 1 / 6
    c *= q
    c -= v
    np.exp(c, c)
    c *= d
    table.values.take(places, out=found, mode="clip")  # a NaN has no place
    c *= found.imag
    np.add(found.real, c, out, casting="same_kind")


def _erf(x: Array) -> Array:
    """Return erf at the points of its table, −0 at 0, so that erf(−0) is −0."""
    size = np.abs(x)
    y = _polynomial(_NEAR, size * size)
    y *= size
    far = size > _EDGE
    y[far] = 1 - _far(size[far])
    np.copysign(y, x, out=y)
    y[x == 0] = -0.0
    return y


def _far(x: Array) -> Array:
    y = _polynomial(_FAR, (x - _MIDDLE) / (x + _MIDDLE))
    y *= np.exp(-x * x)
    return y


def _erfc(x: Array) -> Array:
    """Return 1 − erf at the points of its table, whose squares are exact."""
    size = np.abs(x)
    y = _polynomial(_TAIL, (size - _MIDDLE) / (size + _MIDDLE))
    y *= np.exp(-size * size)
    y /= 1 + 1.125 * size
    return np.where(x < 0, 2 - y, y)


def _polynomial(coefficients: tuple[float, ...], t: Array) -> Array:
    """Return Σ cᵢ tⁿ⁻ⁱ by Horner's rule."""
    y = coefficients[0] * t
    for c in coefficients[1:-1]:
        y += c
        y *= t
    y += coefficients[-1]
    return y
