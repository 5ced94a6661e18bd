"""NumPy values of products, norms and deviations over axes, safe at 0 and at the far ends."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurogebra.ops.kernels import float_type

Axis = int | tuple[int, ...] | None


def prod(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return the product over `axis` (all by default)."""
    return np.prod(x, axis=axis, keepdims=keepdims)


def prod_others(x: Any, axis: Axis = None) -> Any:
    """Return for each element the product of the others over `axis`, without a division."""
    x = np.asarray(x)
    axes = tuple(range(x.ndim)) if axis is None else (axis,) if isinstance(axis, int) else axis
    ends = tuple(range(-len(axes), 0))
    moved = np.moveaxis(x, axes, ends)
    rows = moved.reshape(*moved.shape[: moved.ndim - len(axes)], -1)
    before = np.ones_like(rows)
    after = np.ones_like(rows)
    np.cumprod(rows[..., :-1], axis=-1, out=before[..., 1:])
    np.cumprod(rows[..., :0:-1], axis=-1, out=after[..., -2::-1])
    return np.moveaxis((before * after).reshape(moved.shape), ends, axes)


def std(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return the population standard deviation over `axis` (all by default)."""
    return np.std(x, axis=axis, keepdims=keepdims)


def norm(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return √Σ x² over `axis` (all by default); neither overflows nor vanishes on the way."""
    x = np.asarray(x, float_type(x))
    with np.errstate(over="ignore", under="ignore"):
        total = np.sum(x * x, axis=axis, keepdims=keepdims)
    limits = np.finfo(x.dtype)
    if np.all((total > limits.tiny / limits.eps) & (total < limits.max)):
        return np.sqrt(total)
    top = np.max(np.abs(x), axis=axis, keepdims=True, initial=0)
    # A power of two scales without rounding.
    power = np.where(np.isfinite(top) & (top > 0), np.frexp(top)[1] - 1, 0)
    gaps = np.ldexp(x, -power)
    found = np.sqrt(np.sum(gaps * gaps, axis=axis, keepdims=True))
    y = np.ldexp(found, power).astype(x.dtype)
    return y if keepdims else np.squeeze(y, axis=axis)
