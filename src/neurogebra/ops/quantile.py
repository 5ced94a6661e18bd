"""Quantiles of the normal distribution, and the inverse of the error function, on arrays.

Both are the rational approximations of Wichura: of p − ½ in the middle, of √(−ln p) in the
tails [Wichura 1988, Algorithm AS 241, PPND16].
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Ratio = tuple[tuple[float, ...], tuple[float, ...]]

_MIDDLE: Ratio = (
    (2509.0809287301227, 33430.575583588128, 67265.770927008701, 45921.953931549871,
     13731.693765509461, 1971.5909503065514, 133.14166789178438, 3.3871328727963666),
    (5226.495278852854, 28729.085735721943, 39307.895800092711, 21213.794301586596,
     5394.1960214247511, 687.1870074920579, 42.313330701600911, 1.0),
)  # fmt: skip
_TAIL: Ratio = (
    (7.7454501427834141e-4, 0.022723844989269185, 0.24178072517745061, 1.2704582524523684,
     3.6478483247632046, 5.7694972214606914, 4.6303378461565453, 1.4234371107496836),
    (1.0507500716444169e-9, 5.475938084995345e-4, 0.015198666563616457, 0.14810397642748008,
     0.68976733498510005, 1.6763848301838038, 2.0531916266377588, 1.0),
)  # fmt: skip
_FAR: Ratio = (
    (2.0103343992922881e-7, 2.7115555687434876e-5, 1.2426609473880784e-3, 0.026532189526576123,
     0.29656057182850489, 1.7848265399172913, 5.4637849111641144, 6.6579046435011038),
    (2.0442631033899398e-15, 1.4215117583164459e-7, 1.8463183175100547e-5, 7.868691311456133e-4,
     0.014875361290850615, 0.13692988092273581, 0.59983220655588794, 1.0),
)  # fmt: skip


def ndtri(p: Any) -> Any:
    """Return x with Φ(x) = p: the normal quantile, within 8 ulp; ∓∞ at 0 and 1, NaN outside."""
    p, kind = _doubles(p)
    return _standard(p - 0.5, np.minimum(p, 1 - p)).astype(kind)[()]


def erfinv(x: Any) -> Any:
    """Return y with erf(y) = x, within 8 ulp; ±∞ at ±1, NaN outside."""
    x, kind = _doubles(x)
    # Half of 1 − |x| is exact where the tail begins, and so is half of x.
    return (_standard(x / 2, (1 - np.abs(x)) / 2) * np.sqrt(0.5)).astype(kind)[()]


def _doubles(x: Any) -> tuple[Array, Any]:
    x = np.asarray(x)
    return x.astype(np.float64), x.dtype if x.dtype.kind == "f" else np.dtype(np.float64)


def _standard(q: Array, tail: Array) -> Array:
    """Return the quantile at ½ + q, whose smaller side holds the probability `tail`."""
    with np.errstate(all="ignore"):
        r = np.sqrt(-np.log(tail))
        y = np.where(r <= 5, _ratio(_TAIL, r - 1.6), _ratio(_FAR, np.minimum(r, 30) - 5))
        y = np.copysign(np.where(tail > 0, y, np.inf), q)
        middle = q * _ratio(_MIDDLE, 0.180625 - q * q)
    y = np.where(np.abs(q) <= 0.425, middle, y)
    return np.where((tail >= 0) & ~np.isnan(q), y, np.nan)


def _ratio(of: Ratio, r: Array) -> Array:
    return _polynomial(of[0], r) / _polynomial(of[1], r)


def _polynomial(coefficients: tuple[float, ...], t: Array) -> Array:
    y = np.full_like(t, coefficients[0])
    for c in coefficients[1:]:
        y = y * t + c
    return y
