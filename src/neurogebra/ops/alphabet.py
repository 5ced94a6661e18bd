"""The table of operations, and the one way to apply them to whatever carries mathematics."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from neurogebra.ops import kernels as k
from neurogebra.ops import scalars as s
from neurogebra.ops.record import LINEAR, REDUCTION, SHAPE, Op
from neurogebra.registry import Registry

_CARRIERS: dict[type, Callable[..., Any]] = {}


def carry(kind: type, apply_op: Callable[..., Any]) -> None:
    """Let operations on values of `kind` be answered by apply_op(name, args, attrs)."""
    _CARRIERS[kind] = apply_op


def apply(name: str, args: tuple[Any, ...], attrs: Mapping[str, Any]) -> Any:
    """Apply an operation: symbols give a formula, tapes record, numbers and arrays their like."""
    plain = True
    for a in args:
        kind = type(a)
        answer = _CARRIERS.get(kind)
        if answer is not None:
            return answer(name, args, attrs)
        plain = plain and (kind is float or kind is int)
    op = ALPHABET[name]
    return (op.scalar if plain and op.scalar else op.value)(*args, **attrs)


def _op(name: str) -> Callable[..., Any]:
    def call(*args: Any, **attrs: Any) -> Any:
        return apply(name, args, attrs)

    call.__name__ = name
    return call


# The names in which the derivatives below are written.
exp, log, sqrt, sign, step, sin, cos, tanh, cosh, sinh, sigmoid = (
    _op(n)
    for n in ("exp", "log", "sqrt", "sign", "step", "sin", "cos", "tanh", "cosh", "sinh", "sigmoid")
)
greater, greater_equal, equal, where, xlogy = (
    _op(n) for n in ("greater", "greater_equal", "equal", "where", "xlogy")
)
total, mean, size, expand_like, sum_to, reshape_like = (
    _op(n) for n in ("sum", "mean", "size", "expand_like", "sum_to", "reshape_like")
)
transpose, matmul, matmul_left, matmul_right, softmax = (
    _op(n) for n in ("transpose", "matmul", "matmul_left", "matmul_right", "softmax")
)
maximum, minimum, absolute, log1p, neg, add, power = (
    _op(n) for n in ("maximum", "minimum", "abs", "log1p", "neg", "add", "pow")
)
amax = _op("amax")


def _names(torch: str, jax: str = "", tensorflow: str = "", sympy: str = "") -> dict[str, str]:
    pairs = {"torch": torch, "jax": jax, "tensorflow": tensorflow, "sympy": sympy}
    return {library: name for library, name in pairs.items() if name}


def _same(name: str, sympy: str | None = None) -> dict[str, str]:
    sympy = name if sympy is None else sympy
    return _names(f"torch.{name}", f"jnp.{name}", f"tf.math.{name}", sympy)


ARITHMETIC = (
    Op("neg", np.negative, lambda g, y, a: (-g,), "-{0}", tight=2, scalar=lambda a: -a,
       libraries=_same("negative", "")),
    Op("add", np.add, lambda g, y, a, b: (g, g), "{0} + {1}", 2, tight=1,
       scalar=lambda a, b: a + b, libraries=_same("add", "Add")),
    Op("sub", np.subtract, lambda g, y, a, b: (g, -g), "{0} - {1}", 2, tight=1,
       scalar=lambda a, b: a - b, libraries=_same("subtract", "")),
    Op("mul", np.multiply, lambda g, y, a, b: (g * b, g * a), "{0} {1}", 2, tight=2,
       scalar=lambda a, b: a * b, libraries=_same("multiply", "Mul")),
    Op("div", np.true_divide, lambda g, y, a, b: (g / b, -g * y / b), r"\frac{{{0}}}{{{1}}}", 2,
       tight=3, scalar=s.divide, libraries=_names("torch.div", "jnp.divide", "tf.math.divide")),
    Op("pow", np.power,
       lambda g, y, a, b: (g * (b * power(a, b - 1)), _of_exponent(g, y, a, b)),
       "{0}^{{{1}}}", 2, tight=3, scalar=s.power, domain=(0.0, math.inf),
       libraries=_names("torch.pow", "jnp.power", "tf.math.pow", "Pow")),
    Op("maximum", np.maximum,
       lambda g, y, a, b: (g * _share(a, b), g * _share(b, a)), r"\max({0}, {1})", 2,
       scalar=s.maximum, kinks=(0.0,), libraries=_same("maximum", "Max")),
    Op("minimum", np.minimum,
       lambda g, y, a, b: (g * _share(b, a), g * _share(a, b)), r"\min({0}, {1})", 2,
       scalar=s.minimum, kinks=(0.0,), libraries=_same("minimum", "Min")),
    Op("xlogy", k.xlogy, lambda g, y, a, b: (g * log(b), g * a / _or_one(b, a)),
       r"{0} \ln {1}", 2, tight=2, scalar=s.xlogy, domain=(0.0, math.inf),
       libraries=_names("torch.xlogy", "jax.scipy.special.xlogy", "tf.math.xlogy")),
    Op("logaddexp", k.logaddexp,
       lambda g, y, a, b: (g * sigmoid(a - b), g * sigmoid(b - a)),
       r"\ln(e^{{{0}}} + e^{{{1}}})", 2, scalar=s.logaddexp,
       lower=lambda a, b: maximum(a, b) + log1p(exp(-absolute(a - b))),
       libraries=_names("torch.logaddexp", "jnp.logaddexp")),
)  # fmt: skip

ELEMENTARY = (
    Op("abs", np.abs, lambda g, y, a: (g * sign(a),), r"\left|{0}\right|", scalar=abs,
       kinks=(0.0,), aliases=("Abs", "absolute"), libraries=_same("abs", "Abs")),
    Op("sign", np.sign, None, r"\operatorname{{sign}}({0})", scalar=s.sign, kinks=(0.0,),
       libraries=_same("sign")),
    Op("step", k.step, None, r"\mathbf{{1}}[{0} > 0]", scalar=s.step, kinks=(0.0,),
       aliases=("Heaviside",),
       libraries=_names("torch.heaviside", "jnp.heaviside", "", "Heaviside")),
    Op("floor", np.floor, None, r"\lfloor {0} \rfloor", scalar=s.floor, kinks=(0.0,),
       libraries=_same("floor")),
    Op("exp", np.exp, lambda g, y, a: (g * y,), "e^{{{0}}}", tight=3,
       scalar=s.total(math.exp), libraries=_same("exp")),
    Op("expm1", np.expm1, lambda g, y, a: (g * (y + 1),), "e^{{{0}}} - 1", tight=1,
       scalar=s.total(math.expm1), libraries=_same("expm1", "")),
    Op("log", np.log, lambda g, y, a: (g / a,), r"\ln {0}", tight=2, scalar=s.log,
       domain=(0.0, math.inf), aliases=("ln",), libraries=_same("log")),
    Op("log1p", np.log1p, lambda g, y, a: (g / (1 + a),), r"\ln(1 + {0})", scalar=s.log1p,
       domain=(-1.0, math.inf), libraries=_same("log1p", "")),
    Op("sqrt", np.sqrt, lambda g, y, a: (g / (2 * y),), r"\sqrt{{{0}}}",
       scalar=s.total(math.sqrt), domain=(0.0, math.inf), libraries=_same("sqrt")),
    Op("sin", np.sin, lambda g, y, a: (g * cos(a),), r"\sin {0}", tight=2,
       scalar=s.total(math.sin), libraries=_same("sin")),
    Op("cos", np.cos, lambda g, y, a: (-g * sin(a),), r"\cos {0}", tight=2,
       scalar=s.total(math.cos), libraries=_same("cos")),
    Op("sinh", np.sinh, lambda g, y, a: (g * cosh(a),), r"\sinh {0}", tight=2, scalar=s.sinh,
       libraries=_same("sinh")),
    Op("cosh", np.cosh, lambda g, y, a: (g * sinh(a),), r"\cosh {0}", tight=2,
       scalar=s.total(math.cosh), libraries=_same("cosh")),
    Op("tanh", np.tanh, lambda g, y, a: (g * (1 - y * y),), r"\tanh {0}", tight=2,
       scalar=math.tanh, libraries=_same("tanh")),
    Op("arctan", np.arctan, lambda g, y, a: (g / (1 + a * a),), r"\arctan {0}", tight=2,
       scalar=math.atan, aliases=("atan",),
       libraries=_names("torch.atan", "jnp.arctan", "tf.math.atan", "atan")),
    Op("sigmoid", k.sigmoid, lambda g, y, a: (g * (y * (1 - y)),), r"\sigma({0})",
       scalar=s.sigmoid, aliases=("expit",),
       lower=lambda a: exp(minimum(a, 0)) / (1 + exp(-absolute(a))),
       libraries=_names("torch.sigmoid", "jax.nn.sigmoid", "tf.math.sigmoid")),
    Op("softplus", k.softplus, lambda g, y, a: (g * sigmoid(a),), r"\operatorname{{softplus}}({0})",
       scalar=s.softplus, lower=lambda a: maximum(a, 0) + log1p(exp(-absolute(a))),
       libraries=_names("torch.nn.functional.softplus", "jax.nn.softplus", "tf.math.softplus")),
    Op("relu", k.relu, lambda g, y, a: (g * step(a),), r"\operatorname{{relu}}({0})",
       scalar=s.relu, kinks=(0.0,), lower=lambda a: maximum(a, 0),
       libraries=_names("torch.relu", "jax.nn.relu", "tf.nn.relu")),
    Op("erf", k.erf, lambda g, y, a: (g * ((2 / math.sqrt(math.pi)) * exp(-(a * a))),),
       r"\operatorname{{erf}}({0})", scalar=math.erf,
       libraries=_names("torch.erf", "jax.scipy.special.erf", "tf.math.erf", "erf")),
    Op("erfc", k.erfc, lambda g, y, a: (g * ((-2 / math.sqrt(math.pi)) * exp(-(a * a))),),
       r"\operatorname{{erfc}}({0})", scalar=math.erfc,
       libraries=_names("torch.erfc", "jax.scipy.special.erfc", "tf.math.erfc", "erfc")),
)  # fmt: skip

CHOICES = (
    Op("greater", k.compare("greater"), None, "{0} > {1}", 2, tight=0,
       scalar=lambda a, b: int(a > b), kinks=(0.0,), libraries=_same("greater", "Gt")),
    Op("greater_equal", k.compare("greater_equal"), None, r"{0} \ge {1}", 2, tight=0,
       scalar=lambda a, b: int(a >= b), kinks=(0.0,), libraries=_same("greater_equal", "Ge")),
    Op("equal", k.compare("equal"), None, "{0} = {1}", 2, tight=0,
       scalar=lambda a, b: int(a == b), kinks=(0.0,), libraries=_same("equal", "Eq")),
    Op("where", k.where,
       lambda g, y, c, a, b: (None, where(c, g, 0), where(c, 0, g)),
       r"\begin{{cases}} {1} & {0} \\ {2} & \text{{otherwise}} \end{{cases}}", 3,
       scalar=lambda c, a, b: a if c else b,
       libraries=_names("torch.where", "jnp.where", "tf.where", "Piecewise")),
)  # fmt: skip

_AXES = ("axis", "keepdims")

REDUCTIONS = (
    Op("sum", np.sum, lambda g, y, a, **at: (expand_like(g, a, **at),), r"\sum {0}",
       kind=REDUCTION, tight=2, scalar=lambda a, **at: a, attrs=_AXES, libraries=_same("sum", "")),
    Op("mean", k.mean, lambda g, y, a, **at: (expand_like(g, a, **at) / _count(a, at),),
       r"\operatorname{{mean}}({0})", kind=REDUCTION, scalar=lambda a, **at: a, attrs=_AXES,
       lower=lambda a, **at: total(a, **at) / _count(a, at), libraries=_same("mean", "")),
    Op("var", k.var,
       lambda g, y, a, **at: (
           expand_like(g, a, **at) * (2 * (a - expand_like(mean(a, **at), a, **at)))
           / _count(a, at),),
       r"\operatorname{{var}}({0})", kind=REDUCTION, scalar=lambda a, **at: 0 * a, attrs=_AXES,
       lower=lambda a, **at: mean((a - expand_like(mean(a, **at), a, **at)) ** 2, **at),
       libraries=_same("var", "")),
    Op("amax", np.max, lambda g, y, a, **at: (expand_like(g, a, **at) * _among(a, y, at),),
       r"\max {0}", kind=REDUCTION, tight=2, scalar=lambda a, **at: a, attrs=_AXES,
       libraries=_names("torch.amax", "jnp.max", "tf.math.reduce_max")),
    Op("amin", np.min, lambda g, y, a, **at: (expand_like(g, a, **at) * _among(a, y, at),),
       r"\min {0}", kind=REDUCTION, tight=2, scalar=lambda a, **at: a, attrs=_AXES,
       libraries=_names("torch.amin", "jnp.min", "tf.math.reduce_min")),
    Op("logsumexp", k.logsumexp,
       lambda g, y, a, **at: (
           expand_like(g, a, **at) * exp(a - expand_like(y, a, **at)),),
       r"\ln \sum e^{{{0}}}", kind=REDUCTION, tight=2, scalar=lambda a, **at: a, attrs=_AXES,
       lower=lambda a, **at: _lse(a, at),
       libraries=_names("torch.logsumexp", "jax.nn.logsumexp", "tf.math.reduce_logsumexp")),
    Op("argmax", np.argmax, None, r"\arg\max {0}", kind=REDUCTION, tight=2,
       scalar=lambda a, **at: 0, attrs=("axis",), libraries=_same("argmax", "")),
)  # fmt: skip

SHAPES = (
    Op("size", k.size, None, "n", kind=SHAPE, scalar=lambda a, **at: 1, attrs=("axis",)),
    Op("transpose", k.transpose, lambda g, y, a: (transpose(g),), r"{0}^{{\top}}", kind=SHAPE,
       tight=3, scalar=lambda a: a, aliases=("T",),
       libraries=_names("torch.Tensor.mT", "jnp.matrix_transpose", "tf.linalg.matrix_transpose")),
    Op("flatten", k.flatten, lambda g, y, a: (reshape_like(g, a),), r"\operatorname{{vec}}({0})",
       kind=SHAPE, scalar=lambda a: a, libraries=_names("torch.flatten")),
    Op("reshape_like", k.reshape_like, lambda g, y, a, like: (reshape_like(g, a), None),
       "{0}", 2, kind=SHAPE, scalar=lambda a, like: a),
    Op("expand_like", k.expand_like,
       lambda g, y, a, like, **at: (_reduce_back(g, a, at), None),
       "{0}", 2, kind=SHAPE, scalar=lambda a, like, **at: a, attrs=_AXES),
    Op("sum_to", k.sum_to, lambda g, y, a, like: (sum_to(g, a), None), r"\sum {0}", 2,
       kind=SHAPE, tight=2, scalar=lambda a, like: a),
)  # fmt: skip

LINEAR_ALGEBRA = (
    Op("matmul", np.matmul,
       lambda g, y, a, b: (matmul_left(g, b, a), matmul_right(a, g, b)), r"{0} {1}", 2,
       kind=LINEAR, tight=2, libraries=_same("matmul", "MatMul")),
    Op("matmul_left", k.matmul_left,
       lambda h, y, g, b, a: (matmul(h, b), matmul_right(h, g, b), None),
       r"{0} {1}^{{\top}}", 3, kind=LINEAR, tight=2,
       lower=lambda g, b, a: sum_to(matmul(g, transpose(b)), a)),
    Op("matmul_right", k.matmul_right,
       lambda h, y, a, g, b: (matmul_left(g, h, a), matmul(a, h), None),
       r"{0}^{{\top}} {1}", 3, kind=LINEAR, tight=2,
       lower=lambda a, g, b: sum_to(matmul(transpose(a), g), b)),
    Op("dot", k.dot, lambda g, y, a, b: (g * b, g * a), r"{0} \cdot {1}", 2, kind=LINEAR,
       tight=2, scalar=lambda a, b: a * b, libraries=_names("torch.dot", "jnp.dot", "")),
    Op("softmax", k.softmax,
       lambda g, y, a, axis=-1: (y * (g - total(g * y, axis=axis, keepdims=True)),),
       r"\operatorname{{softmax}}({0})", kind=LINEAR, scalar=lambda a, **at: 1.0, attrs=("axis",),
       lower=lambda a, axis=-1: _normalise(exp(a - amax(a, axis=axis, keepdims=True)), axis),
       libraries=_names("torch.softmax", "jax.nn.softmax", "tf.nn.softmax")),
    Op("log_softmax", k.log_softmax,
       lambda g, y, a, axis=-1: (g - exp(y) * total(g, axis=axis, keepdims=True),),
       r"\ln \operatorname{{softmax}}({0})", kind=LINEAR, tight=2, scalar=lambda a, **at: 0.0,
       attrs=("axis",), lower=lambda a, axis=-1: a - _lse(a, {"axis": axis, "keepdims": True}),
       libraries=_names("torch.log_softmax", "jax.nn.log_softmax", "tf.nn.log_softmax")),
)  # fmt: skip


def _of_exponent(g: Any, y: Any, a: Any, b: Any) -> Any:
    """A constant exponent has no derivative, and the logarithm of a negative base no value."""
    if _is_number(b):
        return None
    return g * where(equal(a, 0), 0 * b, y * log(a))


def _or_one(b: Any, a: Any) -> Any:
    """b, or 1 where a is 0: a · ln b is flat there, and a / b must not be 0 / 0."""
    return where(equal(a, 0), 1, b)


def _is_number(a: Any) -> bool:
    return isinstance(a, (int, float)) or bool(getattr(a, "is_number", False))


def _share(a: Any, b: Any) -> Any:
    """The share of a in max(a, b): 1 where it is larger; ties share, but with a number give 0."""
    if _is_number(a) or _is_number(b):
        return greater(a, b)  # so that relu'(0) = 0, as everywhere in the field
    return greater(a, b) + 0.5 * equal(a, b)


def _count(a: Any, at: Mapping[str, Any]) -> Any:
    return size(a, axis=at["axis"]) if at.get("axis") is not None else size(a)


def _among(a: Any, y: Any, at: Mapping[str, Any]) -> Any:
    """The share of each element in an extreme value: ties share it evenly."""
    hit = equal(a, expand_like(y, a, **at))
    return hit / expand_like(total(hit, **at), a, **at)


def _reduce_back(g: Any, a: Any, at: Mapping[str, Any]) -> Any:
    if at.get("axis") is None:
        return sum_to(g, a)
    return total(g, **at)


def _lse(a: Any, at: Mapping[str, Any]) -> Any:
    top = amax(a, **at)
    return log(total(exp(a - expand_like(top, a, **at)), **at)) + top


def _normalise(e: Any, axis: int) -> Any:
    return e / total(e, axis=axis, keepdims=True)


ALPHABET: Registry[Op] = Registry(
    "operation",
    (*ARITHMETIC, *ELEMENTARY, *CHOICES, *REDUCTIONS, *SHAPES, *LINEAR_ALGEBRA),
)
