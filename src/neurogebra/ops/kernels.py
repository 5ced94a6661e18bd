"""NumPy values of the operations that NumPy itself does not have, stable at the edges."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from neurogebra.errors import BadValue
from neurogebra.ops.erf import erf as erf
from neurogebra.ops.erf import erfc as erfc

_USE = "matmul multiplies matrices"


def sigmoid(x: Any) -> Any:
    """Return 1 / (1 + e^−x); e is taken of −|x| only, so that nothing overflows."""
    e = np.exp(-np.abs(x))
    return np.where(np.greater_equal(x, 0), np.ones_like(e), e) / (1 + e)


def softplus(x: Any) -> Any:
    """Return ln(1 + e^x) = max(x, 0) + ln(1 + e^−|x|)."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def logaddexp(a: Any, b: Any) -> Any:
    """Return ln(e^a + e^b)."""
    with np.errstate(invalid="ignore"):  # ∞ − ∞ on the way to ∞
        return np.logaddexp(a, b)


def xlogy(a: Any, b: Any) -> Any:
    """Return a·ln b, which is 0 at a = 0 whatever b is."""
    kind = float_type(a, b)
    zero = np.equal(a, 0) & ~np.isnan(b)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(a, kind) * np.log(np.where(zero, kind.type(1), np.asarray(b, kind)))


def step(x: Any) -> Any:
    """Return 1 above 0 and 0 elsewhere, in the dtype of x; NaN stays NaN."""
    return np.maximum(np.sign(x), 0)


def relu(x: Any) -> Any:
    """Return x above 0 and 0 elsewhere."""
    return np.maximum(x, 0)


def float_type(*xs: Any) -> Any:
    """Return the floating dtype that a function of `xs` has: theirs, or double for integers."""
    if all(isinstance(x, (int, float)) and not isinstance(x, np.generic) for x in xs):
        return np.dtype(np.float64)
    return np.result_type(*xs, np.float16)


def compare(name: str) -> Any:
    """Return a comparison that answers 1 or 0 in the floating dtype of its operands."""
    test = getattr(np, name)

    def value(a: Any, b: Any) -> Any:
        return test(a, b).astype(float_type(a, b))

    return value


def where(c: Any, a: Any, b: Any) -> Any:
    """Return a where c is not 0, b elsewhere."""
    return np.where(np.not_equal(c, 0), a, b)


def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the arithmetic mean over `axis` (all by default)."""
    return np.mean(x, axis=axis, keepdims=keepdims)


def var(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the population variance over `axis` (all by default)."""
    return np.var(x, axis=axis, keepdims=keepdims)


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return ln Σ e^x from the maximum outward; ±∞ where that is the maximum."""
    top = np.max(x, axis=axis, keepdims=True)
    gaps = x - np.where(np.isfinite(top), top, 0)
    total = np.sum(np.exp(np.minimum(gaps, 0)), axis=axis, keepdims=True)
    y = np.log(np.maximum(total, 1)) + top
    return y if keepdims else np.squeeze(y, axis=axis)


def softmax(x: Any, axis: int = -1) -> Any:
    """Return e^x / Σ e^x along `axis`."""
    x = np.asarray(x)
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


def log_softmax(x: Any, axis: int = -1) -> Any:
    """Return ln softmax(x) along `axis`, without forming the softmax."""
    x = np.asarray(x)
    z = x - np.max(x, axis=axis, keepdims=True)
    return z - np.log(np.sum(np.exp(z), axis=axis, keepdims=True))


def size(x: Any, axis: Any = None) -> Any:
    """Return how many elements a reduction over `axis` (all by default) would merge."""
    shape = np.shape(x)
    axes = range(len(shape)) if axis is None else (axis,) if isinstance(axis, int) else axis
    return math.prod(shape[a] for a in axes)


def transpose(x: Any) -> Any:
    """Swap the last two axes; vectors and numbers stay as they are."""
    return np.swapaxes(x, -1, -2) if np.ndim(x) > 1 else x


def flatten(x: Any) -> Any:
    """Make rows of everything behind the first axis."""
    return np.reshape(x, (np.shape(x)[0], -1))


def expand_like(g: Any, like: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Give a reduced `g` back the axes that a reduction of `like` took, and spread it there."""
    shape = np.shape(like)
    if axis is not None and not keepdims and shape:  # a number has no axes to lose
        axes = (axis,) if isinstance(axis, int) else axis
        g = np.expand_dims(g, tuple(a % len(shape) for a in axes))
    return np.broadcast_to(g, shape)


def sum_to(g: Any, like: Any) -> Any:
    """Sum `g` over the axes along which `like` was broadcast, to the shape of `like`."""
    have, want = np.shape(g), np.shape(like)
    if have == want:
        return g
    if len(have) < len(want):
        return np.broadcast_to(g, want)
    lead = len(have) - len(want)
    axes = tuple(range(lead)) + tuple(
        lead + i for i, n in enumerate(want) if n == 1 and have[lead + i] != 1
    )
    return np.reshape(np.sum(g, axis=axes), want) if axes else np.broadcast_to(g, want)


def dot(a: Any, b: Any) -> Any:
    """Return Σ aᵢ bᵢ of two vectors (of two numbers: their product)."""
    if np.ndim(a) != np.ndim(b) or np.ndim(a) > 1:
        raise BadValue("dot", "two vectors", f"shapes {np.shape(a)} and {np.shape(b)}", _USE)
    return np.dot(a, b)


def matmul_left(g: Any, b: Any, a: Any) -> Any:
    """Return g bᵀ in the shape of a: what the left factor of y = a b gets from g = dL/dy."""
    g, b = _with_axes(g, a, b), b if np.ndim(b) > 1 else np.reshape(b, (-1, 1))
    return _sum_to(np.matmul(g, np.swapaxes(b, -1, -2)), a, -2)


def matmul_right(a: Any, g: Any, b: Any) -> Any:
    """Return aᵀ g in the shape of b: what the right factor of y = a b gets from g = dL/dy."""
    g, a = _with_axes(g, a, b), a if np.ndim(a) > 1 else np.reshape(a, (1, -1))
    if np.ndim(b) < 3 < np.ndim(a) + 1:  # one product over all rows instead of a sum of products
        a, g = (np.reshape(x, (-1, np.shape(x)[-1])) for x in (a, g))
    return _sum_to(np.matmul(np.swapaxes(a, -1, -2), g), b, -1)


def _with_axes(g: Any, a: Any, b: Any) -> Any:
    """Give g = dL/d(a b) back the axes that a product with a vector drops."""
    if np.ndim(b) == 1:
        g = np.expand_dims(g, -1)
    return np.expand_dims(g, -2) if np.ndim(a) == 1 else g


def _sum_to(part: Any, like: Any, axis: int) -> Any:
    """Sum a batch of matrices to `like`; a vector stands for one row (−2) or column (−1)."""
    if np.ndim(like) > 1:
        return sum_to(part, like)
    return np.sum(np.squeeze(part, axis), axis=tuple(range(np.ndim(part) - 2)))


def reshape_like(g: Any, like: Any) -> Any:
    """Give `g` the shape of `like`, element by element."""
    return np.reshape(g, np.shape(like))
