"""A formula's definition in mpmath, at as many digits as it takes to be sure of fifty."""

import operator

import numpy as np
from mpmath import mp, mpf, workdps

from neurogebra.core.tree import in_order

from .exact_linear import LINEAR

DIGITS = (60, 120, 420)
HUGE = mpf(10) ** 400
NAN, INF = mpf("nan"), mpf("inf")


def exact(root, values):
    """Return the value of a tree, with digits added until they no longer matter.

    values: names → arrays or numbers, taken as they are. A result of exactly 0 is asked for once
    more with the most digits, since 1 + erf(−20) is 0 with few.
    """
    found = [at_digits(root, values, d) for d in DIGITS[:2]]
    if not np.any(_doubtful(*found)):
        return found[1]
    return at_digits(root, values, DIGITS[2])


def limit(root, values, nudges):
    """Return `exact`, and where the definition is 0·∞ or 0/0 its value just inside the domain."""
    found = exact(root, values)
    if not np.any(_map(mp.isnan)(found)):
        return found
    with workdps(DIGITS[2]):
        near, nearer = (_moved(root, values, nudges, mpf(10) ** -d) for d in (80, 160))
        return _map(_limit)(found, near, nearer)


def _moved(root, values, nudges, by):
    inside = {n: _object(v) + nudges.get(n, 0) * by for n, v in values.items()}
    return at_digits(root, inside, DIGITS[2])


def _limit(at_edge, near, nearer):
    """What two steps towards an edge tend to: 0, a number, or ±∞ where they grow."""
    if not mp.isnan(at_edge):
        return at_edge
    if abs(nearer) < mpf(10) ** -70:
        return mpf(0)
    return INF * mp.sign(nearer) if abs(nearer) > 1.1 * abs(near) else nearer


def at_digits(root, values, digits):
    with workdps(digits):
        made = {}
        for node in in_order(root):
            if node.args:
                args = [made[id(a)] for a in node.args]
                made[id(node)] = OPS[node.op](*args, **dict(node.attrs))
            else:
                given = values[node.value] if node.is_symbol else node.value
                made[id(node)] = _object(given)
        return np.asarray(made[id(root)], object)


def _object(value):
    if isinstance(value, mpf):
        return value
    array = np.asarray(value)
    return np.frompyfunc(_number, 1, 1)(array if array.ndim else array[()])


def _number(v):
    return v if isinstance(v, mpf) else mpf(int(v)) if float(v).is_integer() else mpf(float(v))


def _map(function):
    def wrapped(*args):
        return np.frompyfunc(function, len(args), 1)(*args)

    return wrapped


def _differs(a, b):
    if mp.isnan(a) or mp.isnan(b) or mp.isinf(a) or mp.isinf(b):
        return False
    return b == 0 or abs(a - b) > mpf(10) ** -50 * abs(b)


def _doubtful(a, b):
    return np.asarray(_map(_differs)(a, b), bool)


def _div(a, b):
    if b == 0:
        return NAN if a == 0 or mp.isnan(a) else INF * mp.sign(a)
    return a / b


def _pow(a, b):
    if a == 0:
        return INF if b < 0 else mpf(b == 0)
    if a < 0 and b != int(b):
        return NAN
    if mp.isinf(a) or mp.isinf(b):
        return mpf(float(a) ** float(b))
    return mp.exp(b * mp.log(a)) if abs(b) > 64 else a**b


def _exp(x):
    if mp.isnan(x) or abs(x) < HUGE:
        return mp.exp(x)
    return INF if x > 0 else mpf(0)


def _log(x):
    return NAN if x < 0 or mp.isnan(x) else -INF if x == 0 else mp.log(x)


def _wave(function):
    return lambda x: function(x) if mp.isfinite(x) else NAN


def _erf(x):
    return mpf(mp.sign(x)) if abs(x) > 100 else mp.erf(x)


def _erfc(x):
    return 1 - _erf(x) if abs(x) > 100 else mp.erfc(x)


def _gammaln(x):
    if x == int(x) and x <= 0:
        return INF
    return mp.re(mp.loggamma(x))


def _digamma(x):
    return NAN if x == int(x) and x <= 0 else mp.digamma(x)


def _polygamma(a, n=1):
    return _map(lambda x: NAN if x == int(x) and x <= 0 else mp.psi(n, x))(a)


def _ndtri(p):
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


def _erfinv(x):
    return NAN if abs(x) > 1 else INF * x if abs(x) == 1 else -_ndtri((1 - x) / 2) / mp.sqrt(2)


def _arcsin(x):
    return mp.asin(x) if abs(x) <= 1 else NAN


def _pick(better):
    return lambda a, b: NAN if mp.isnan(a) or mp.isnan(b) else better(a, b)


def _over(function):
    def reduce(a, axis=None, keepdims=False):
        a = np.asarray(a, object)
        return function(a, axis=axis, keepdims=bool(keepdims)) if a.ndim else a[()]

    return reduce


def _mean(a, axis=None, keepdims=False):
    return _map(_div)(_over(np.sum)(a, axis, keepdims), mpf(_size(a, axis)))


def _size(a, axis=None):
    shape = np.shape(a)
    return int(np.prod(shape)) if axis is None else shape[axis]


def _var(a, axis=None, keepdims=False):
    gap = a - (_mean(a, axis, True) if np.ndim(a) else a)
    return _mean(gap * gap, axis, keepdims)


def _softmax(a, axis=-1):
    e = _map(_exp)(a)
    return _map(_div)(e, np.sum(e, axis=axis, keepdims=True))


def _times(a, b):
    return np.matmul(np.asarray(a, object), np.asarray(b, object))


def _chosen(c, a, b):
    return a if c != 0 else b


OPS = {
    **{
        name: _map(function)
        for name, function in {
            "neg": operator.neg,
            "add": operator.add,
            "sub": operator.sub,
            "mul": lambda a, b: a * b,
            "div": _div,
            "pow": _pow,
            "maximum": _pick(max),
            "minimum": _pick(min),
            "abs": abs,
            "sign": lambda x: mpf(mp.sign(x)),
            "step": lambda x: mpf(x > 0),
            "floor": mp.floor,
            "exp": _exp,
            "log": _log,
            "sqrt": lambda x: NAN if x < 0 else mp.sqrt(x),
            "sin": _wave(mp.sin),
            "cos": _wave(mp.cos),
            "sinh": lambda x: (_exp(x) - _exp(-x)) / 2,
            "cosh": lambda x: (_exp(x) + _exp(-x)) / 2,
            "tanh": lambda x: mpf(mp.sign(x)) if abs(x) > 10**4 else mp.tanh(x),
            "arctan": mp.atan,
            "arcsin": _arcsin,
            "ceil": mp.ceil,
            "round": lambda x: mp.nint(x),
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
    "std": lambda a, axis=None, keepdims=False: _map(mp.sqrt)(_var(a, axis, keepdims)),
    "norm": lambda a, axis=None, keepdims=False: _map(mp.sqrt)(
        _over(np.sum)(a * a, axis, keepdims)
    ),
    "polygamma": _polygamma,
    **LINEAR,
    "amax": _over(np.max),
    "amin": _over(np.min),
    "size": lambda a, axis=None: mpf(_size(a, axis)),
    "softmax": _softmax,
    "transpose": lambda a: np.swapaxes(a, -1, -2) if np.ndim(a) > 1 else a,
    "matmul": _times,
    "dot": _times,
}
