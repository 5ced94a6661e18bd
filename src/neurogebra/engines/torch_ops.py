"""The alphabet in PyTorch: one function an operation, with NumPy's meaning of its attributes."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from neurogebra.engines.torch_images import IMAGES
from neurogebra.engines.torch_places import PLACES
from neurogebra.engines.torch_special import digamma, gammaln, polygamma
from neurogebra.ops import ALPHABET

Axis = int | tuple[int, ...] | None


def apply(op: str, *args: Any, **attrs: Any) -> Any:
    """Apply an operation of the alphabet to tensors and numbers; numbers alone stay numbers."""
    if any(isinstance(a, Tensor) for a in args):
        return TABLE[op](*args, **attrs)
    rule = ALPHABET[op]
    return (rule.scalar or rule.value)(*args, **attrs)


def _compare(test: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Tensor]:
    def value(a: Any, b: Any) -> Tensor:
        like = a if isinstance(a, Tensor) else b
        return torch.as_tensor(test(a, b)).to(like.dtype)

    return value


def _maximum(a: Any, b: Any) -> Tensor:
    """The larger of two; a tie with a number has derivative 0, and NaN stays NaN."""
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        return torch.maximum(a, b)
    x, bound = (a, b) if isinstance(a, Tensor) else (b, a)
    return torch.where(x <= bound, torch.full_like(x, bound), x)


def _minimum(a: Any, b: Any) -> Tensor:
    return -_maximum(-a, -b)


def _tensor(value: Any, like: Tensor) -> Tensor:
    """A number or tensor as a tensor of the dtype and on the device of `like`."""
    return torch.as_tensor(value, dtype=like.dtype, device=like.device)


def _tensors(*values: Any) -> tuple[Tensor, ...]:
    """All as tensors, like the first that is one."""
    like = next(v for v in values if isinstance(v, Tensor))
    return tuple(_tensor(v, like) for v in values)


def _where(c: Any, a: Any, b: Any) -> Tensor:
    condition, x, z = _tensors(c, a, b)
    return torch.where(condition != 0, x, z)


def _reduce(function: Callable[..., Any], **more: Any) -> Callable[..., Tensor]:
    def value(a: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
        axes = tuple(range(a.ndim)) if axis is None else axis
        found: Tensor = function(a, dim=axes, keepdim=keepdims, **more)
        return found

    return value


def _size(a: Tensor, axis: Axis = None) -> int:
    axes = range(a.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    return math.prod(a.shape[i] for i in axes)


def _expand_like(g: Any, like: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    spread = _tensor(g, like)
    if axis is not None and not keepdims:
        axes = (axis,) if isinstance(axis, int) else axis
        for i in sorted(i % like.ndim for i in axes):
            spread = spread.unsqueeze(i)
    return spread.expand(like.shape)


def _sum_to(g: Any, like: Tensor) -> Tensor:
    part = _tensor(g, like)
    return part.expand(like.shape) if part.ndim < like.ndim else part.sum_to_size(like.shape)


def _prod(a: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    axes = range(a.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    found = a
    for i in sorted((i % a.ndim for i in axes), reverse=True):
        found = torch.prod(found, dim=i, keepdim=keepdims)
    return found


def _norm(a: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    found: Tensor = torch.linalg.vector_norm(a, dim=axis, keepdim=keepdims)
    return found


def _std(a: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The population deviation as the norm of the gaps, whose slope is 0 where it is 0."""
    gaps = a - _reduce(torch.mean)(a, axis, keepdims=True)
    return _norm(gaps, axis, keepdims) / math.sqrt(_size(a, axis))


def _prod_others(a: Tensor, axis: Axis = None) -> Tensor:
    """The slope of the product, which torch finds without a division."""
    product = _reduce(lambda x, dim, keepdim: _prod(x, dim, keepdim))
    found: Tensor = torch.func.grad(lambda x: product(x, axis).sum())(a)
    return found


def _matmul_left(g: Tensor, b: Tensor, a: Tensor) -> Tensor:
    """What the left factor of a b gets from g; torch knows the rules for vectors."""
    found: Tensor = torch.func.vjp(lambda x: torch.matmul(x, b), a)[1](g)[0]
    return found


def _matmul_right(a: Tensor, g: Tensor, b: Tensor) -> Tensor:
    found: Tensor = torch.func.vjp(lambda x: torch.matmul(a, x), b)[1](g)[0]
    return found


TABLE: dict[str, Callable[..., Any]] = {
    "neg": operator.neg,
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "pow": operator.pow,
    "maximum": _maximum,
    "minimum": _minimum,
    "xlogy": torch.xlogy,
    "logaddexp": lambda a, b: torch.logaddexp(*_tensors(a, b)),
    "abs": torch.abs,
    "sign": torch.sign,
    "step": lambda a: _maximum(torch.sign(a), 0),
    "floor": torch.floor,
    "exp": torch.exp,
    "expm1": torch.expm1,
    "log": torch.log,
    "log1p": torch.log1p,
    "sqrt": torch.sqrt,
    "sin": torch.sin,
    "cos": torch.cos,
    "sinh": torch.sinh,
    "cosh": torch.cosh,
    "tanh": torch.tanh,
    "arctan": torch.arctan,
    "arcsin": torch.arcsin,
    "ceil": torch.ceil,
    "round": torch.round,
    "gammaln": gammaln,
    "digamma": digamma,
    "polygamma": polygamma,
    "erfinv": torch.erfinv,
    "ndtri": torch.special.ndtri,
    "sigmoid": torch.sigmoid,
    "softplus": lambda a: -functional.logsigmoid(-a),
    "relu": torch.relu,
    "erf": torch.erf,
    "erfc": torch.erfc,
    "greater": _compare(operator.gt),
    "greater_equal": _compare(operator.ge),
    "equal": _compare(operator.eq),
    "where": _where,
    "sum": _reduce(torch.sum),
    "mean": _reduce(torch.mean),
    "var": _reduce(torch.var, correction=0),
    "amax": _reduce(torch.amax),
    "amin": _reduce(torch.amin),
    "logsumexp": _reduce(torch.logsumexp),
    "prod": _prod,
    "prod_others": _prod_others,
    "std": _std,
    "norm": _norm,
    "argmax": lambda a, axis=None: torch.argmax(a, dim=axis),
    "size": _size,
    "transpose": lambda a: a.mT if a.ndim > 1 else a,
    "flatten": lambda a: a.reshape(len(a), math.prod(a.shape[1:])),
    "reshape_like": lambda g, like: _tensor(g, like).reshape(like.shape),
    "expand_like": _expand_like,
    "sum_to": _sum_to,
    "matmul": torch.matmul,
    "matmul_left": _matmul_left,
    "matmul_right": _matmul_right,
    "dot": lambda a, b: torch.dot(a, b) if a.ndim else a * b,
    "softmax": lambda a, axis=-1: torch.softmax(a, axis),
    "log_softmax": lambda a, axis=-1: torch.log_softmax(a, axis),
    **PLACES,
    **IMAGES,
}
