"""How plain Python and SymPy write the operations: one number at a time."""

from __future__ import annotations

from neurogebra.core.code.target import CHOICE, PRODUCT, SUM, Infix, Row, Target

_HELPERS = {
    "_larger": '''
def _larger(a, b):
    """The larger of two; NaN if either is."""
    return a if a != a or a > b else b
''',
    "_smaller": '''
def _smaller(a, b):
    """The smaller of two; NaN if either is."""
    return a if a != a or a < b else b
''',
    "_sign": '''
def _sign(x):
    """−1, 0 or 1."""
    return x if x != x else (x > 0) - (x < 0)
''',
    "_step": '''
def _step(x):
    """1 above 0 and 0 elsewhere."""
    return x if x != x else int(x > 0)
''',
    "_xlogy": '''
def _xlogy(a, b):
    """a · ln b, which is 0 at a = 0 whatever b is."""
    return 0.0 if a == 0 and b == b else a * math.log(b)
''',
    "_logaddexp": '''
def _logaddexp(a, b):
    """ln(e^a + e^b), from the larger of the two outward."""
    return a + math.log(2) if a == b else max(a, b) + math.log1p(math.exp(-abs(a - b)))
''',
    "_softplus": '''
def _softplus(x):
    """ln(1 + e^x), without overflow."""
    return max(x, 0) + math.log1p(math.exp(-abs(x)))
''',
    "_sigmoid": '''
def _sigmoid(x):
    """1 / (1 + e^−x), without overflow."""
    e = math.exp(-abs(x))
    return (e if x < 0 else 1) / (1 + e)
''',
    "_ndtri": '''
def _ndtri(p):
    """The quantile of the standard normal distribution."""
    return statistics.NormalDist().inv_cdf(p)
''',
}

_PYTHON: dict[str, Row] = {
    "maximum": "_larger({0}, {1})",
    "maximum number": "max({0}, {1})",
    "minimum": "_smaller({0}, {1})",
    "minimum number": "min({0}, {1})",
    "pow real": "math.pow({0}, {1})",
    "abs": "abs({0})",
    "sign": "_sign({0})",
    "step": "_step({0})",
    "round": "round({0})",
    "relu": "max({0}, 0)",
    "arctan": "math.atan({0})",
    "arcsin": "math.asin({0})",
    "gammaln": "math.lgamma({0})",
    **{n: f"math.{n}({{0}})" for n in ("exp", "expm1", "log", "log1p", "sqrt", "sin", "cos")},
    **{n: f"math.{n}({{0}})" for n in ("sinh", "cosh", "tanh", "erf", "erfc", "floor", "ceil")},
    **{n: f"_{n}({{0}})" for n in ("sigmoid", "softplus", "ndtri")},
    **{n: f"_{n}({{0}}, {{1}})" for n in ("xlogy", "logaddexp")},
}

PYTHON = Target(
    "python",
    _PYTHON,
    {"math": "import math", "statistics": "import statistics"},
    _HELPERS,
    where="{1} if {0} else {2}",
    truth="int({0})",
    both=" and ",
    arrays=False,
    loose=True,
    note="Takes and gives numbers; raises where math has no finite value.",
)

# What raises where it has no value: it must not be computed before the choice that avoids it.
PARTIAL = frozenset(
    [
        "div",
        "pow",
        "exp",
        "expm1",
        "log",
        "log1p",
        "sqrt",
        "sinh",
        "cosh",
        "arcsin",
        "xlogy",
        "gammaln",
        "ndtri",
        "floor",
        "ceil",
        "round",
    ]
)

_SYMPY: dict[str, Row] = {
    "maximum": "sp.Max({0}, {1})",
    "minimum": "sp.Min({0}, {1})",
    "fraction": "sp.Rational({0}, {1})",
    "xlogy": Infix("{0} * sp.log({1})", PRODUCT, PRODUCT),
    "logaddexp": "sp.log(sp.exp({0}) + sp.exp({1}))",
    "abs": "sp.Abs({0})",
    "step": "sp.Heaviside({0}, 0)",
    "ceil": "sp.ceiling({0})",
    "expm1": Infix("sp.exp({0}) - 1", SUM, CHOICE),
    "log1p": Infix("sp.log(1 + {0})", 6, PRODUCT),
    "arctan": "sp.atan({0})",
    "arcsin": "sp.asin({0})",
    "sigmoid": Infix("1 / (1 + sp.exp(-{0}))", PRODUCT, 5),
    "softplus": "sp.log(1 + sp.exp({0}))",
    "relu": "sp.Max({0}, 0)",
    "gammaln": "sp.loggamma({0})",
    "digamma": "sp.digamma({0})",
    "polygamma": "sp.polygamma({n}, {0})",
    "erfinv": "sp.erfinv({0})",
    "ndtri": Infix("sp.sqrt(2) * sp.erfinv(2 * {0} - 1)", PRODUCT, PRODUCT),
    **{n: f"sp.{n}({{0}})" for n in ("sign", "floor", "exp", "log", "sqrt", "sin", "cos")},
    **{n: f"sp.{n}({{0}})" for n in ("sinh", "cosh", "tanh", "erf", "erfc")},
}

SYMPY = Target(
    "sympy",
    _SYMPY,
    {"sp": "import sympy as sp"},
    where="sp.Piecewise(({1}, {0}), ({2}, True))",
    truth="sp.Piecewise((1, {0}), (0, True))",
    both="sp.And",
    same="sp.Eq({0}, {1})",
    arrays=False,
    loose=True,
    exact=True,
    pi="sp.pi",
    note="Takes SymPy symbols or numbers, gives a SymPy expression.",
)
