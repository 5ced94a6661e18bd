"""The logarithm of the gamma function and its derivatives on arrays."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

# ln Γ(x) / (x − 1) for 0.7 ≤ x ≤ 1.5, ln Γ(x) / (x − 2) for 1.5 ≤ x ≤ 2.5, and ψ(x) / (x − zero)
# for 1 ≤ x ≤ 3, in t ∈ [−1, 1], highest power first; tools/gamma_coefficients.py computes them.
_ONE = (
    7.048724276451291e-12,
    -2.0172559186770542e-11,
    1.5535716092818377e-11,
    -4.5041026009413204e-11,
    2.419547447345299e-10,
    -6.995033962218187e-10,
    1.8602965080179233e-09,
    -5.416262891390925e-09,
    1.5984130224327677e-08,
    -4.687020984453826e-08,
    1.3794652272447456e-07,
    -4.083854091347018e-07,
    1.2162765732302133e-06,
    -3.647919967478833e-06,
    1.1034822959973527e-05,
    -3.373524525798853e-05,
    0.00010454317697979298,
    -0.00032990767445121276,
    0.001068183741262506,
    -0.0035965826170964673,
    0.012933483761653038,
    -0.05287223436292017,
    0.2998778887492818,
    -0.4987244125983972,
)
_TWO = (
    -5.087500004746109e-13,
    2.126623574915764e-12,
    -6.578658280844932e-12,
    2.807778288259308e-11,
    -1.2479231588038868e-10,
    5.352422368894483e-10,
    -2.3043275746445287e-09,
    1.0012495486246804e-08,
    -4.387338295809978e-08,
    1.9425326866834958e-07,
    -8.716982460279591e-07,
    3.981793089152702e-06,
    -1.8636779875268198e-05,
    9.032844784482085e-05,
    -0.00046159693929165936,
    0.0025726010534725475,
    -0.016838075263299546,
    0.16123351671205663,
    0.42278433509846713,
)
_ROOT = (
    2.7334936115473567e-09,
    -5.4669888399440215e-09,
    -1.0250592958849892e-08,
    2.0501183895194647e-08,
    3.314365249205256e-08,
    -6.628736705562654e-08,
    -2.2337287908168016e-08,
    4.46741085718643e-08,
    1.258090299216334e-07,
    -2.5162239592946485e-07,
    2.938946209899294e-07,
    -5.878282013270488e-07,
    1.322327646207658e-06,
    -2.6450069563210817e-06,
    5.216485445131201e-06,
    -1.043615113408139e-05,
    2.090944279433702e-05,
    -4.1847758637407615e-05,
    8.377541533754836e-05,
    -0.00016781485745549608,
    0.00033643307392409804,
    -0.0006753134172771423,
    0.001358142115660262,
    -0.002739572878878444,
    0.005552254176163854,
    -0.011338432553553088,
    0.023447309597562315,
    -0.04955103291766767,
    0.10899991701762841,
    -0.2607389546830014,
    0.7853075386041053,
)
_ZERO, _ZERO_REST = 1.4616321449683622, 9.549995429965697e-17
_BERNOULLI = tuple(
    Fraction(a, b)
    for a, b in (
        *((1, 6), (-1, 30), (1, 42), (-1, 30), (5, 66), (-691, 2730), (7, 6), (-3617, 510)),
        *((43867, 798), (-174611, 330), (854513, 138), (-236364091, 2730), (8553103, 6)),
    )
)
_STIRLING = tuple(float(b / (2 * k * (2 * k - 1))) for k, b in enumerate(_BERNOULLI[:9], 1))
_ASYMPTOTIC = tuple(float(b / (2 * k)) for k, b in enumerate(_BERNOULLI[:9], 1))
_FAR = 11.0  # from here on the asymptotic series are exact to the last digits
_HALF_LOG_TAU = 0.5 * math.log(2 * math.pi)


def gammaln(x: Any) -> Any:
    """Return ln |Γ(x)|; ∞ at 0 and the negative integers. float32 in, float32 out.

    Within 4 ulp for x > 0, at its zeros 1 and 2 too; below 0 within 4 ulp of the larger of the
    value and 1, since the function has a zero beside every pole.
    """
    return _in_double(_gammaln, x)


def digamma(x: Any) -> Any:
    """Return ψ(x) = d ln Γ(x) / dx; ∓∞ at ±0, NaN at the negative integers.

    Within 4 ulp for x > 0, at its zero too; below 0 within 8 ulp of the larger of value and 1.
    """
    return _in_double(_digamma, x)


def polygamma(x: Any, n: int = 1) -> Any:
    """Return the n-th derivative of ψ; n = 0 is ψ itself.

    Within 6 + n/2 ulp for x > 0: the power −(n + 1) feels the last digit of its base so often.
    """
    return digamma(x) if n == 0 else _in_double(lambda a: _polygamma(a, n), x)


def _in_double(kernel: Callable[[Array], Array], x: Any) -> Any:
    """Compute in double precision, and give the result back in the floating dtype of x."""
    x = np.asarray(x)
    kind = x.dtype if x.dtype.kind == "f" else np.dtype(np.float64)
    with np.errstate(all="ignore"):  # poles are values here
        y = kernel(x.astype(np.float64).ravel()) + 0.0  # no −0 at a zero
        return y.reshape(x.shape).astype(kind)[()]


def _gammaln(x: Array) -> Array:
    size = np.abs(x)
    below = x < 0.5
    y = np.empty_like(x)
    y[~below] = _gammaln_right(x[~below])
    small = below & (x > -0.5)
    y[small] = _near_one(x[small]) - np.log(size[small])
    left = below & ~small
    a = x[left]
    sine = np.abs(np.sin(np.pi * (a - np.round(a))))
    y[left] = -np.log(sine / np.pi) - _gammaln_right(1 - a)
    y[np.isinf(x) | (below & (x == np.floor(x)))] = np.inf
    return np.where(np.isnan(x), x, y)


def _near_one(gap: Array) -> Array:
    """Return ln Γ(1 + gap) for −0.5 ≤ gap ≤ 0.5."""
    y = gap * _polynomial(_ONE, (gap - 0.1) / 0.4)
    low = gap < -0.3
    y[low] = _near_two(gap[low]) - np.log1p(gap[low])
    return y


def _near_two(gap: Array) -> Array:
    """Return ln Γ(2 + gap) for −0.5 ≤ gap ≤ 0.5."""
    return gap * _polynomial(_TWO, 2 * gap)


def _gammaln_right(x: Array) -> Array:
    """Return ln Γ(x) for x ≥ 0.5: down to where a polynomial fits, or by Stirling's series."""
    y = np.empty_like(x)
    one, far = x < 1.5, x >= _FAR
    y[one] = _near_one(x[one] - 1)
    y[far] = _stirling(x[far])
    middle = ~(one | far)
    a = x[middle].copy()
    product = np.ones_like(a)
    for _ in range(int(_FAR)):
        down = a > 2.5
        a[down] -= 1
        product[down] *= a[down]
    y[middle] = _near_two(a - 2) + np.log(product)
    return y


def _stirling(x: Array) -> Array:
    y: Array = (x - 0.5) * (np.log(x) - 1)
    y += _HALF_LOG_TAU - 0.5 + _polynomial(_STIRLING[::-1], x**-2.0) / x
    return y


def _digamma(x: Array) -> Array:
    y = np.empty_like(x)
    right = x >= 1
    y[right] = _digamma_right(x[right])
    small = ~right & (x > -0.5)
    y[small] = _digamma_right(1 + x[small]) - 1 / x[small]
    left = ~(right | small)
    a = x[left]
    y[left] = _digamma_right(1 - a) - np.pi / np.tan(np.pi * (a - np.round(a)))
    y[np.isnan(x) | (left & (x == np.floor(x)))] = np.nan
    return y


def _digamma_right(x: Array) -> Array:
    """Return ψ(x) for x ≥ 0.5."""
    a = x.copy()
    total = np.zeros_like(a)
    low = a < 1
    total[low] -= 1 / a[low]
    a[low] += 1
    far = a >= _FAR
    for _ in range(int(_FAR)):
        down = (a > 3) & ~far
        a[down] -= 1
        total[down] += 1 / a[down]
    gap = (a - _ZERO) - _ZERO_REST
    y = gap * _polynomial(_ROOT, np.where(far, 0, a - 2)) + total
    b = a[far]
    y[far] = np.log(b) - (0.5 + _polynomial(_ASYMPTOTIC[::-1], b**-2.0) / b) / b
    return y


def _polygamma(x: Array, n: int) -> Array:
    y = np.empty_like(x)
    right = x > 0
    y[right] = _hurwitz(x[right], n)
    left = ~right
    a = x[left]
    slope = np.pi ** (n + 1.0) * _slope_of_cot(np.pi * (a - np.round(a)), n)
    mirrored = _hurwitz(1 - a, n)
    found = -slope - mirrored if n % 2 else mirrored - slope
    pole = a == np.floor(a)
    found[pole] = np.inf if n % 2 else np.where(a[pole] == 0, np.copysign(np.inf, -a[pole]), np.nan)
    y[left] = found
    if n % 2 == 0:
        y[(x == 0) & ~np.signbit(x)] = -np.inf
    y[np.isnan(x) | (x == -np.inf)] = np.nan
    return y


def _hurwitz(x: Array, n: int) -> Array:
    """Return (−1)^(n+1) n! Σ_k (x + k)^−(n+1) for x > 0 by Euler and Maclaurin's formula."""
    s, steps = n + 1.0, 12 + n // 2
    total = sum((np.power(x + k, -s) for k in range(steps)), np.zeros_like(x))
    far = x + steps
    tail = 1 / n + 0.5 / far
    factor = s / 2
    for k, b in enumerate(_BERNOULLI, 1):
        tail = tail + float(2 * b / math.factorial(2 * k)) * factor * far ** (-2.0 * k)
        factor *= (s + 2 * k - 1) * (s + 2 * k)
    y: Array = total + tail * np.power(far, -float(n))
    y *= float((-1) ** (n + 1)) * _factorial(n)
    return y


def _factorial(n: int) -> float:
    return float(math.factorial(n)) if n <= 170 else math.inf


@cache
def cot_slopes(n: int) -> tuple[int, ...]:
    """Return the polynomial p, lowest power first, with dⁿ cot(x) / dxⁿ = p(cot x)."""
    p: list[int] = [0, 1]
    for _ in range(n):
        slope = [i * c for i, c in enumerate(p)][1:]
        p = [-a - b for a, b in zip([*slope, 0, 0], [0, 0, *slope], strict=True)]
    return tuple(p)


def _slope_of_cot(x: Array, n: int) -> Array:
    p = cot_slopes(n)
    return _polynomial(tuple(map(float, reversed(p))), 1 / np.tan(x))


def _polynomial(coefficients: tuple[float, ...], t: Array) -> Array:
    """Return Σ cᵢ tⁿ⁻ⁱ by Horner's rule."""
    y = np.full_like(t, coefficients[0])
    for c in coefficients[1:]:
        y *= t
        y += c
    return y
