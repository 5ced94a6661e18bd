"""The alphabet on plain Python numbers: IEEE limits instead of exceptions, integers kept."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

INF, NAN = math.inf, math.nan


def total(f: Callable[[float], float], high: float = INF) -> Callable[[Any], Any]:
    """Make a `math` function total: `high` where it overflows, NaN outside its domain."""

    def safe(x: Any) -> Any:
        try:
            return f(x)
        except OverflowError:
            return high
        except ValueError:
            return NAN

    return safe


def log(x: Any) -> Any:
    """Return ln x: −∞ at 0, NaN below."""
    return math.log(x) if x > 0 else (-INF if x == 0 else NAN)


def log1p(x: Any) -> Any:
    """Return ln(1 + x): −∞ at −1, NaN below."""
    return math.log1p(x) if x > -1 else (-INF if x == -1 else NAN)


def sinh(x: Any) -> Any:
    """Return sinh x, ±∞ where it overflows."""
    try:
        return math.sinh(x)
    except OverflowError:
        return math.copysign(INF, x)


def divide(a: Any, b: Any) -> Any:
    """Return a / b with IEEE's ±∞ and NaN where Python would raise."""
    try:
        return a / b
    except ZeroDivisionError:
        return NAN if a == 0 or a != a else math.copysign(INF, a) * math.copysign(1.0, b)
    except OverflowError:  # integers too large for a float
        return NAN


def power(a: Any, b: Any) -> Any:
    """Return a ** b; ∞ on overflow and at 0 to a negative power, NaN for a negative root."""
    try:
        y = float(a) ** b if abs(a) > 1e18 or abs(b) > 64 else a**b
    except OverflowError:
        return -INF if a < 0 and b % 2 == 1 else INF
    except ZeroDivisionError:
        return math.copysign(INF, a) if b % 2 == 1 else INF
    return NAN if isinstance(y, complex) else y


def sigmoid(x: Any) -> float:
    """Return 1 / (1 + e^−x), without overflow on either side."""
    if x >= 0:
        return 1.0 / (1.0 + math.exp(-x))
    e = math.exp(x)
    return NAN if x != x else e / (1.0 + e)


def softplus(x: Any) -> float:
    """Return ln(1 + e^x) = max(x, 0) + ln(1 + e^−|x|)."""
    return float(max(x, 0.0) + math.log1p(math.exp(-abs(x)))) if x == x else NAN


def logaddexp(a: Any, b: Any) -> float:
    """Return ln(e^a + e^b) from the larger of the two outward."""
    if a == b:
        return float(a + math.log(2.0))
    high, low = (a, b) if a > b else (b, a)
    return float(high + math.log1p(math.exp(low - high))) if high == high else NAN


def xlogy(a: Any, b: Any) -> Any:
    """Return a·ln b, which is 0 at a = 0 whatever b is."""
    return 0.0 * a if a == 0 and b == b else a * log(b)


def sign(x: Any) -> Any:
    """Return −1, 0 or 1."""
    return x if x != x else (x > 0) - (x < 0)


def step(x: Any) -> Any:
    """Return 1 above 0 and 0 elsewhere."""
    return x if x != x else int(x > 0)


def relu(x: Any) -> Any:
    """Return x above 0 and 0 elsewhere; NaN stays NaN."""
    return 0 if x <= 0 else x


def maximum(a: Any, b: Any) -> Any:
    """Return the larger; NaN if either is."""
    return a if a != a else (b if b != b or b > a else a)


def minimum(a: Any, b: Any) -> Any:
    """Return the smaller; NaN if either is."""
    return a if a != a else (b if b != b or b < a else a)


def floor(x: Any) -> Any:
    """Return the largest integer not above x; ±∞ and NaN stay."""
    return math.floor(x) if math.isfinite(x) else x


def ceil(x: Any) -> Any:
    """Return the smallest integer not below x; ±∞ and NaN stay."""
    return math.ceil(x) if math.isfinite(x) else x


def nearest(x: Any) -> Any:
    """Return the nearest integer, the even one of two; ±∞ and NaN stay."""
    return round(x) if math.isfinite(x) else x


def of_array(kernel: Callable[..., Any]) -> Callable[..., float]:
    """Make a kernel on arrays one on Python numbers, where Python's own is less exact."""

    def value(x: Any, **attrs: Any) -> float:
        return float(kernel(float(x), **attrs))

    return value
