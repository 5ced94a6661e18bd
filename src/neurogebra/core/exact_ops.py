"""The alphabet by its definitions, in mpmath: numbers of any length, arrays of them as objects."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from mpmath import mp, mpf

from neurogebra.core.exact_linear import LINEAR
from neurogebra.errors import NeurogebraError

HUGE = mpf(10) ** 400
NAN, INF = mpf("nan"), mpf("inf")
_TWO = mpf(2)._mpf_


class Beyond(NeurogebraError, ArithmeticError):
    """A value that no number of digits allowed here settles."""


def mapped(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of exact numbers as one of arrays of them."""
    made: dict[int, Any] = {}

    def wrapped(*args: Any) -> Any:
        if all(type(a) is mpf for a in args):
            return function(*args)
        count = len(args)
        if count not in made:
            made[count] = np.frompyfunc(function, count, 1)
        return made[count](*args)

    return wrapped


def number(v: Any) -> Any:
    """Return a Python or NumPy number as the exact one that it is."""
    return v if isinstance(v, mpf) else mpf(int(v)) if float(v).is_integer() else mpf(float(v))


def _div(a: Any, b: Any) -> Any:
    if b == 0:
        return NAN if a == 0 or mp.isnan(a) else INF * mp.sign(a)
    return a / b


def _pow(a: Any, b: Any) -> Any:
    if type(b) is mpf and b._mpf_ == _TWO and type(a) is mpf:
        return a * a
    if mp.isnan(a) or mp.isnan(b):
        return mpf(1) if b == 0 or a == 1 else NAN
    if a == 0:
        return INF if b < 0 else mpf(b == 0)
    if mp.isinf(a) or mp.isinf(b):
        return mpf(_float_power(float(a), float(b)))
    if a < 0 and not mp.isint(b):
        return NAN
    if abs(b) <= 64:
        return a**b
    size = _exp(b * mp.log(abs(a)))
    return -size if a < 0 and not mp.isint(b / 2) else size


def _float_power(a: float, b: float) -> float:
    with np.errstate(all="ignore"):
        return float(np.power(a, b))


def _exp(x: Any) -> Any:
    if mp.isnan(x) or abs(x) < HUGE:
        return mp.exp(x)
    return INF if x > 0 else mpf(0)


def _exp_within(x: Any) -> Any:
    if mp.isfinite(x) and abs(x) >= HUGE:
        raise Beyond("an exponential of more than 1e400")
    return _exp(x)


def _log(x: Any) -> Any:
    return NAN if x < 0 or mp.isnan(x) else -INF if x == 0 else mp.log(x)


def _log1p(x: Any) -> Any:
    return _log(1 + x) if abs(x) > 1 or x == -1 else mp.log1p(x)


def _expm1(x: Any) -> Any:
    return _exp(x) - 1 if not abs(x) < 1 else mp.expm1(x)


def _softplus(x: Any) -> Any:
    return max(x, mpf(0)) + mp.log1p(_exp(-abs(x))) if mp.isfinite(x) else _positive(x)


def _positive(x: Any) -> Any:
    return NAN if mp.isnan(x) else max(x, mpf(0))


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + _exp(-x))


def _logaddexp(a: Any, b: Any) -> Any:
    if mp.isinf(a) or mp.isinf(b) or mp.isnan(a) or mp.isnan(b):
        return NAN if mp.isnan(a) or mp.isnan(b) else max(a, b)
    return max(a, b) + mp.log1p(_exp(-abs(a - b)))


def _xlogy(a: Any, b: Any) -> Any:
    return mpf(0) if a == 0 and b >= 0 else a * _log(b)


def _wave(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A wave of something astronomic would ask for as many digits of π."""

    def value(x: Any) -> Any:
        if mp.isfinite(x) and abs(x) > HUGE:
            raise Beyond("the sine or cosine of more than 1e400")
        return function(x) if mp.isfinite(x) else NAN

    return value


def _whole(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: x if not mp.isfinite(x) or abs(x) > HUGE else function(x)


def _erf(x: Any) -> Any:
    return mpf(mp.sign(x)) if abs(x) > 100 else mp.erf(x)


def _erfc(x: Any) -> Any:
    return 1 - _erf(x) if abs(x) > 100 else mp.erfc(x)


def _at_pole(x: Any) -> bool:
    """Say whether x is one of 0, −1, −2, …; raise Beyond for what is too large to work with."""
    if mp.isfinite(x) and abs(x) > HUGE:
        raise Beyond("a gamma function of more than 1e400")
    return bool(x <= 0 and mp.isint(x))


def _gammaln(x: Any) -> Any:
    if not mp.isfinite(x):
        return INF if mp.isinf(x) else NAN
    return INF if _at_pole(x) else mp.re(mp.loggamma(x))


def _digamma(x: Any) -> Any:
    if not mp.isfinite(x):
        return INF if x > 0 else NAN
    return NAN if _at_pole(x) else mp.digamma(x)


def _polygamma(a: Any, n: int = 1) -> Any:
    def value(x: Any) -> Any:
        if not mp.isfinite(x):
            return mpf(0) if x > 0 else NAN
        return NAN if _at_pole(x) else mp.psi(n, x)

    return mapped(value)(a)


def _ndtri(p: Any) -> Any:
    """The normal quantile: by erfinv, in the tails by Newton's method on ln Φ."""
    if not 0 <= p <= 1:
        return NAN
    if p in (0, 1):
        return INF * (2 * p - 1)
    if p > mpf("0.1"):
        return -_ndtri(1 - p) if p > mpf("0.9") else mp.sqrt(2) * mp.erfinv(2 * p - 1)
    x = -mp.sqrt(-2 * mp.log(p))
    for _ in range(200):
        below = mp.erfc(-x / mp.sqrt(2)) / 2
        step = (mp.log(below) - mp.log(p)) * below / mp.npdf(x)
        x -= step
        if abs(step) < mp.eps * abs(x) * 64:
            break
    return x


def _erfinv(x: Any) -> Any:
    if not abs(x) < 1:
        return INF * x if abs(x) == 1 else NAN
    return -_ndtri((1 - x) / 2) / mp.sqrt(2)


def _arcsin(x: Any) -> Any:
    return mp.asin(x) if abs(x) <= 1 else NAN


def _pick(better: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda a, b: NAN if mp.isnan(a) or mp.isnan(b) else better(a, b)


def _over(function: Callable[..., Any]) -> Callable[..., Any]:
    def reduce(a: Any, axis: int | None = None, keepdims: bool = False) -> Any:
        a = np.asarray(a, object)
        return function(a, axis=axis, keepdims=bool(keepdims)) if a.ndim else a[()]

    return reduce


def _mean(a: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    return mapped(_div)(_over(np.sum)(a, axis, keepdims), mpf(_size(a, axis)))


def _size(a: Any, axis: int | None = None) -> int:
    shape = np.shape(a)
    return int(np.prod(shape)) if axis is None else shape[axis]


def _var(a: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    gap = a - (_mean(a, axis, True) if np.ndim(a) else a)
    return _mean(gap * gap, axis, keepdims)


def _logsumexp(a: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    return mapped(_log)(_over(np.sum)(mapped(_exp)(a), axis, keepdims))


def _softmax(a: Any, axis: int = -1) -> Any:
    e = mapped(_exp)(a)
    return mapped(_div)(e, np.sum(e, axis=axis, keepdims=True))


def _argmax(a: Any, axis: int | None = None) -> Any:
    return mapped(number)(np.argmax(np.asarray(a, object), axis=axis))


def _times(a: Any, b: Any) -> Any:
    return np.matmul(np.asarray(a, object), np.asarray(b, object))


def _chosen(c: Any, a: Any, b: Any) -> Any:
    return a if c != 0 else b


OPS: dict[str, Callable[..., Any]] = {
    **{
        name: mapped(function)
        for name, function in {
            "neg": operator.neg,
            "add": operator.add,
            "sub": operator.sub,
            "mul": lambda a, b: a * b,
            "div": _div,
            "pow": _pow,
            "maximum": _pick(max),
            "minimum": _pick(min),
            "relu": _positive,
            "abs": abs,
            "sign": lambda x: mpf(mp.sign(x)),
            "step": lambda x: mpf(x > 0),
            "floor": _whole(mp.floor),
            "ceil": _whole(mp.ceil),
            "round": _whole(lambda x: mp.nint(x)),
            "exp": _exp,
            "expm1": _expm1,
            "log": _log,
            "log1p": _log1p,
            "softplus": _softplus,
            "sigmoid": _sigmoid,
            "logaddexp": _logaddexp,
            "xlogy": _xlogy,
            "sqrt": lambda x: NAN if x < 0 else mp.sqrt(x),
            "sin": _wave(mp.sin),
            "cos": _wave(mp.cos),
            "sinh": lambda x: (_exp(x) - _exp(-x)) / 2,
            "cosh": lambda x: (_exp(x) + _exp(-x)) / 2,
            "tanh": lambda x: mpf(mp.sign(x)) if abs(x) > 10**4 else mp.tanh(x),
            "arctan": mp.atan,
            "arcsin": _arcsin,
            "gammaln": _gammaln,
            "digamma": _digamma,
            "erfinv": _erfinv,
            "ndtri": _ndtri,
            "erf": _erf,
            "erfc": _erfc,
            "greater": lambda a, b: mpf(a > b),
            "greater_equal": lambda a, b: mpf(a >= b),
            "equal": lambda a, b: mpf(a == b),
            "where": _chosen,
        }.items()
    },
    "sum": _over(np.sum),
    "mean": _mean,
    "var": _var,
    "prod": _over(np.prod),
    "std": lambda a, axis=None, keepdims=False: mapped(mp.sqrt)(_var(a, axis, keepdims)),
    "norm": lambda a, axis=None, keepdims=False: mapped(mp.sqrt)(
        _over(np.sum)(a * a, axis, keepdims)
    ),
    "polygamma": _polygamma,
    **LINEAR,
    "amax": _over(np.max),
    "amin": _over(np.min),
    "argmax": _argmax,
    "logsumexp": _logsumexp,
    "log_softmax": lambda a, axis=-1: mapped(_log)(_softmax(a, axis)),
    "size": lambda a, axis=None: mpf(_size(a, axis)),
    "softmax": _softmax,
    "transpose": lambda a: np.swapaxes(a, -1, -2) if np.ndim(a) > 1 else a,
    "flatten": lambda a: np.reshape(a, (len(a), -1)) if np.ndim(a) else a,
    "matmul": _times,
    "dot": _times,
}

# Instead of the above, where ∞ and 0 must not stand for numbers that are too large to write.
STRICT: dict[str, Callable[..., Any]] = {"exp": mapped(_exp_within)}
