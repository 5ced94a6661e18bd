"""Operations that treat each element by itself, and broadcast."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from neurogebra.ops import gamma, quantile
from neurogebra.ops import kernels as k
from neurogebra.ops import scalars as s
from neurogebra.ops.calls import call, is_number
from neurogebra.ops.record import Op

# The names in which the derivatives below are written.
exp, log, log1p, sqrt, sign, step, sin, cos = map(
    call, ("exp", "log", "log1p", "sqrt", "sign", "step", "sin", "cos")
)
cosh, sinh, sigmoid, power, maximum, minimum = map(
    call, ("cosh", "sinh", "sigmoid", "pow", "maximum", "minimum")
)
greater, equal, where, absolute, digamma, polygamma = map(
    call, ("greater", "equal", "where", "abs", "digamma", "polygamma")
)

ARITHMETIC = (
    Op("neg", np.negative, lambda g, y, a: (-g,), "-{0}", tight=2, scalar=operator.neg),
    Op("add", np.add, lambda g, y, a, b: (g, g), "{0} + {1}", 2, tight=1,
       scalar=operator.add),
    Op("sub", np.subtract, lambda g, y, a, b: (g, -g), "{0} - {1}", 2, tight=1,
       scalar=operator.sub),
    Op("mul", np.multiply, lambda g, y, a, b: (g * b, g * a), "{0} {1}", 2, tight=2,
       scalar=operator.mul),
    Op("div", np.true_divide, lambda g, y, a, b: (g / b, -g * y / b), r"\frac{{{0}}}{{{1}}}", 2,
       tight=3, scalar=s.divide),
    Op("pow", np.power,
       lambda g, y, a, b: (g * (b * power(a, b - 1)), _of_exponent(g, y, a, b)),
       "{0}^{{{1}}}", 2, tight=3, scalar=s.power, domain=(0.0, math.inf)),
    Op("maximum", np.maximum,
       lambda g, y, a, b: (g * _share(a, b), g * _share(b, a)), r"\max({0}, {1})", 2,
       scalar=s.maximum, kinks=(0.0,)),
    Op("minimum", np.minimum,
       lambda g, y, a, b: (g * _share(b, a), g * _share(a, b)), r"\min({0}, {1})", 2,
       scalar=s.minimum, kinks=(0.0,)),
    Op("xlogy", k.xlogy, lambda g, y, a, b: (g * log(b), g * a / _or_one(b, a)),
       r"{0} \ln {1}", 2, tight=2, scalar=s.xlogy, domain=(0.0, math.inf)),
    Op("logaddexp", k.logaddexp,
       lambda g, y, a, b: (g * sigmoid(a - b), g * sigmoid(b - a)),
       r"\ln(e^{{{0}}} + e^{{{1}}})", 2, scalar=s.logaddexp,
       lower=lambda a, b: maximum(a, b) + log1p(exp(-absolute(a - b)))),
)  # fmt: skip

ELEMENTARY = (
    Op("abs", np.abs, lambda g, y, a: (g * sign(a),), r"\left|{0}\right|", scalar=abs,
       kinks=(0.0,), aliases=("Abs", "absolute")),
    Op("sign", np.sign, None, r"\operatorname{{sign}}({0})", scalar=s.sign, kinks=(0.0,)),
    Op("step", k.step, None, r"\mathbf{{1}}[{0} > 0]", scalar=s.step, kinks=(0.0,),
       aliases=("Heaviside",)),
    Op("floor", np.floor, None, r"\lfloor {0} \rfloor", scalar=s.floor, kinks=(0.0,)),
    Op("ceil", np.ceil, None, r"\lceil {0} \rceil", scalar=s.ceil, kinks=(0.0,),
       aliases=("ceiling",)),
    Op("round", np.rint, None, r"\operatorname{{round}}({0})", scalar=s.nearest, kinks=(0.5,)),
    Op("exp", np.exp, lambda g, y, a: (g * y,), "e^{{{0}}}", tight=3,
       scalar=s.total(math.exp)),
    Op("expm1", np.expm1, lambda g, y, a: (g * (y + 1),), "e^{{{0}}} - 1", tight=1,
       scalar=s.total(math.expm1)),
    Op("log", np.log, lambda g, y, a: (g / a,), r"\ln {0}", tight=2, scalar=s.log,
       domain=(0.0, math.inf), aliases=("ln",)),
    Op("log1p", np.log1p, lambda g, y, a: (g / (1 + a),), r"\ln(1 + {0})", scalar=s.log1p,
       domain=(-1.0, math.inf)),
    Op("sqrt", np.sqrt, lambda g, y, a: (g / (2 * y),), r"\sqrt{{{0}}}",
       scalar=s.total(math.sqrt), domain=(0.0, math.inf)),
    Op("sin", np.sin, lambda g, y, a: (g * cos(a),), r"\sin {0}", tight=2,
       scalar=s.total(math.sin)),
    Op("cos", np.cos, lambda g, y, a: (-g * sin(a),), r"\cos {0}", tight=2,
       scalar=s.total(math.cos)),
    Op("sinh", np.sinh, lambda g, y, a: (g * cosh(a),), r"\sinh {0}", tight=2, scalar=s.sinh),
    Op("cosh", np.cosh, lambda g, y, a: (g * sinh(a),), r"\cosh {0}", tight=2,
       scalar=s.total(math.cosh)),
    Op("tanh", np.tanh, lambda g, y, a: (g * (1 - y * y),), r"\tanh {0}", tight=2,
       scalar=math.tanh),
    Op("arctan", np.arctan, lambda g, y, a: (g / (1 + a * a),), r"\arctan {0}", tight=2,
       scalar=math.atan, aliases=("atan",)),
    Op("arcsin", np.arcsin, lambda g, y, a: (g / sqrt((1 - a) * (1 + a)),), r"\arcsin {0}", tight=2,
       scalar=s.total(math.asin, s.NAN), aliases=("asin",), domain=(-1.0, 1.0)),
    Op("sigmoid", k.sigmoid, lambda g, y, a: (g * (y * (1 - y)),), r"\sigma({0})",
       scalar=s.sigmoid, aliases=("expit",),
       lower=lambda a: exp(minimum(a, 0)) / (1 + exp(-absolute(a)))),
    Op("softplus", k.softplus, lambda g, y, a: (g * sigmoid(a),), r"\operatorname{{softplus}}({0})",
       scalar=s.softplus, lower=lambda a: maximum(a, 0) + log1p(exp(-absolute(a)))),
    Op("relu", k.relu, lambda g, y, a: (g * step(a),), r"\operatorname{{relu}}({0})",
       scalar=s.relu, kinks=(0.0,), lower=lambda a: maximum(a, 0)),
    Op("erf", k.erf, lambda g, y, a: (g * ((2 / math.sqrt(math.pi)) * exp(-(a * a))),),
       r"\operatorname{{erf}}({0})", scalar=math.erf),
    Op("erfc", k.erfc, lambda g, y, a: (g * ((-2 / math.sqrt(math.pi)) * exp(-(a * a))),),
       r"\operatorname{{erfc}}({0})", scalar=math.erfc),
)  # fmt: skip

SPECIAL = (
    Op("gammaln", gamma.gammaln, lambda g, y, a: (g * digamma(a),),
       r"\ln\left|\Gamma({0})\right|", tight=2, scalar=s.of_array(gamma.gammaln),
       aliases=("lgamma", "loggamma"), domain=(0.0, math.inf)),
    Op("digamma", gamma.digamma, lambda g, y, a: (g * polygamma(a, n=1),), r"\psi({0})",
       scalar=s.of_array(gamma.digamma), domain=(0.0, math.inf)),
    Op("polygamma", gamma.polygamma,
       lambda g, y, a, n=1: (g * polygamma(a, n=n + 1),), r"\operatorname{{polygamma}}({0})",
       scalar=s.of_array(gamma.polygamma), attrs=("n",), required=1, domain=(0.0, math.inf),
       check=lambda n: "" if n >= 0 else f"n ≥ 0, got {n}"),
    Op("erfinv", quantile.erfinv,
       lambda g, y, a: (g * ((math.sqrt(math.pi) / 2) * exp(y * y)),),
       r"\operatorname{{erf}}^{{-1}}({0})", scalar=s.of_array(quantile.erfinv),
       domain=(-1.0, 1.0)),
    Op("ndtri", quantile.ndtri,
       lambda g, y, a: (g * (math.sqrt(2 * math.pi) * exp(y * y / 2)),), r"\Phi^{{-1}}({0})",
       scalar=s.of_array(quantile.ndtri), domain=(0.0, 1.0), aliases=("probit",)),
)  # fmt: skip

CHOICES = (
    Op("greater", k.compare("greater"), None, "{0} > {1}", 2, tight=0,
       scalar=lambda a, b: int(a > b), kinks=(0.0,)),
    Op("greater_equal", k.compare("greater_equal"), None, r"{0} \ge {1}", 2, tight=0,
       scalar=lambda a, b: int(a >= b), kinks=(0.0,)),
    Op("equal", k.compare("equal"), None, "{0} = {1}", 2, tight=0,
       scalar=lambda a, b: int(a == b), kinks=(0.0,)),
    Op("where", k.where,
       lambda g, y, c, a, b: (None, where(c, g, 0), where(c, 0, g)),
       r"\begin{{cases}} {1} & {0} \\ {2} & \text{{otherwise}} \end{{cases}}", 3,
       scalar=lambda c, a, b: a if c else b),
)  # fmt: skip


def _of_exponent(g: Any, y: Any, a: Any, b: Any) -> Any:
    """A constant exponent has no derivative, and the logarithm of a negative base no value."""
    if is_number(b):
        return None
    return g * where(equal(a, 0), 0 * b, y * log(a))


def _or_one(b: Any, a: Any) -> Any:
    """b, or 1 where a is 0: a · ln b is flat there, and a / b must not be 0 / 0."""
    return where(equal(a, 0), 1, b)


def _share(a: Any, b: Any) -> Any:
    """The share of a in max(a, b): 1 where it is larger; ties share, but with a number give 0."""
    if is_number(a) or is_number(b):
        return greater(a, b)  # so that relu'(0) = 0, as everywhere in the field
    return greater(a, b) + 0.5 * equal(a, b)
