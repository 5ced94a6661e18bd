"""The error function and its tail on arrays: polynomials, blocked over the cache."""

from __future__ import annotations

from collections.abc import Callable
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
_EDGE, _END, _MIDDLE = 1.5, 6.0, 3.0  # erf(6) rounds to 1
_TAIL_END = 28.0  # erfc(28) rounds to 0
_BLOCK = 1 << 16  # elements: the few arrays of a block stay in the cache


def erf(x: Any) -> Any:
    """Return the error function 2/√π ∫₀ˣ e^(−t²) dt within 3 ulp; float32 in, float32 out."""
    return _blocked(_erf, x)


def erfc(x: Any) -> Any:
    """Return 1 − erf(x) within 4 ulp, its tail too; float32 in, float32 out."""
    return _blocked(_erfc, x)


def _blocked(function: Callable[[Array], Array], x: Any) -> Any:
    given = np.asarray(x)
    kind = np.result_type(given, np.float16)
    if given.size <= _BLOCK and given.ndim:
        flat = given.reshape(-1).astype(np.float64, copy=False)
        return function(flat).reshape(given.shape).astype(kind, copy=False)
    out = np.empty(given.shape, kind)
    flat, found = given.reshape(-1), out.reshape(-1)
    for start in range(0, flat.size, _BLOCK):
        part = slice(start, start + _BLOCK)
        found[part] = function(flat[part].astype(np.float64, copy=False))
    return out if out.ndim else out[()]


def _erf(x: Array) -> Array:
    size = np.minimum(np.abs(x), _END)
    y = _polynomial(_NEAR, size * size)
    y *= size
    far = np.flatnonzero(size > _EDGE)
    if far.size:
        y[far] = _far(size[far])
    return np.copysign(y, x, out=y)


def _far(x: Array) -> Array:
    tail = _polynomial(_FAR, (x - _MIDDLE) / (x + _MIDDLE))
    tail *= np.exp(-x * x)
    return np.subtract(1.0, tail, out=tail)


def _erfc(x: Array) -> Array:
    """Return the tail from e^(−x²) whose square is exact: that of half the digits, and a rest.

    One polynomial everywhere, and 2 − y for x < 0 without a branch: on random numbers NumPy
    takes longer to pick elements than to compute all of them.
    """
    size = np.minimum(np.abs(x), _TAIL_END)
    u = size + _MIDDLE
    np.divide(size - _MIDDLE, u, u)
    y = _polynomial(_TAIL, u)
    head = size.astype(np.float32)
    np.multiply(head - size, head + size, u)
    np.expm1(u, u)  # nearly nothing: a product with its exponential would round once more
    u *= y
    y += u
    np.multiply(head, head, u, dtype=np.float64)
    np.negative(u, u)
    y *= np.exp(u, u)
    size *= 1.125
    size += 1
    y /= size
    np.less(x, 0, u)
    np.subtract(1.0, 2.0 * u, size)
    y *= size
    u *= 2
    y += u
    return y


def _polynomial(coefficients: tuple[float, ...], t: Array) -> Array:
    """Return Σ cᵢ tⁿ⁻ⁱ by Horner's rule."""
    y = coefficients[0] * t
    for c in coefficients[1:-1]:
        y += c
        y *= t
    y += coefficients[-1]
    return y
