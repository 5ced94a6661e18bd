"""The error function and its tail on arrays: polynomials, blocked over the cache."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

# erf(x)/x for |x| ≤ 1.5 as a polynomial in x², and e^(x²) erfc(x) for 1.5 ≤ x ≤ 6 as one in
# (x − 3)/(x + 3), highest power first; (1 + 2x) e^(x²) erfc(x) for 0.5 ≤ x ≤ 28 in the same.
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
    -1.541055292474667e-08,
    2.292393009921899e-08,
    1.1177528463195771e-07,
    -1.2169240627639653e-07,
    -6.299129103282541e-07,
    3.4482536968247793e-07,
    3.481686983452046e-06,
    -7.270603109882931e-07,
    -2.0104454851557477e-05,
    4.9484535339192485e-06,
    0.00012510037313823361,
    -0.0001051596522473519,
    -0.0007798324398793133,
    0.0018886903466049378,
    0.002529391832675186,
    -0.023770514918036445,
    0.06830802734307077,
    -0.11927366341532432,
    0.1296451587027835,
    -0.04756229435345058,
    -0.13562110612458134,
    1.2530080582697296,
)
_EDGE, _END, _MIDDLE = 1.5, 6.0, 3.0  # erf(6) rounds to 1
_TAIL_EDGE, _TAIL_END = 0.5, 28.0  # erfc(28) rounds to 0
_BLOCK = 16384  # elements: the four arrays of a block stay in the cache


def erf(x: Any) -> Any:
    """Return the error function 2/√π ∫₀ˣ e^(−t²) dt within 3 ulp; float32 in, float32 out."""
    return _blocked(_erf, x)


def erfc(x: Any) -> Any:
    """Return 1 − erf(x) within 4 ulp, its tail too; float32 in, float32 out."""
    return _blocked(_erfc, x)


def _blocked(function: Callable[[Array], Array], x: Any) -> Any:
    given = np.asarray(x)
    out = np.empty(given.shape, np.result_type(given, np.float16))
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
    y = 1.0 - _erf(x)
    far = np.flatnonzero(x > _TAIL_EDGE)
    if far.size:
        y[far] = _tail(np.minimum(x[far], _TAIL_END))
    return y


def _tail(x: Array) -> Array:
    """Return erfc from e^(−x²) whose square is exact: that of half the digits of x, and a rest."""
    head = x.astype(np.float32).astype(np.float64)
    tail = _polynomial(_TAIL, (x - _MIDDLE) / (x + _MIDDLE))
    tail /= 1 + 2 * x
    tail *= np.exp((head - x) * (head + x))
    tail *= np.exp(-head * head)
    return tail


def _polynomial(coefficients: tuple[float, ...], t: Array) -> Array:
    """Return Σ cᵢ tⁿ⁻ⁱ by Horner's rule."""
    y = coefficients[0] * t
    for c in coefficients[1:-1]:
        y += c
        y *= t
    y += coefficients[-1]
    return y
