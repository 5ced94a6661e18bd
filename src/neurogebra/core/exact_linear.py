"""Linear algebra, order and shapes in mpmath: matrices of exact numbers, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from mpmath import matrix, mp, mpf


def _rows(a: Any) -> Any:
    return matrix(a.tolist())


def _array(found: Any) -> Any:
    return np.array(found.tolist(), object).reshape(found.rows, found.cols)


def _each(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Apply a function of one matrix to the last two axes."""

    def value(a: Any) -> Any:
        a = np.asarray(a, object)
        lead = a.shape[:-2]
        found = [function(_rows(m)) for m in a.reshape(-1, *a.shape[-2:])]
        return np.array(found, object).reshape(*lead, *np.shape(found[0])) if lead else found[0]

    return value


def _symmetric(m: Any) -> Any:
    return (m + m.T) / 2


def _singular_values(m: Any) -> Any:
    small = m.T * m if m.rows >= m.cols else m * m.T
    values = mp.eigsy(small, eigvals_only=True)
    return sorted((mp.sqrt(max(v, 0)) for v in values), reverse=True)


def _solve(a: Any, b: Any) -> Any:
    a, b = np.asarray(a, object), np.asarray(b, object)
    inverse = _each(lambda m: _array(mp.inverse(m)))(a)
    return np.matmul(inverse, b)


def _whole(index: Any) -> Any:
    return np.vectorize(int, otypes=[np.intp])(index)


def _positions(a: Any, axis: int = -1) -> Any:
    shape = [1] * np.ndim(a)
    shape[axis] = -1
    return _exactly(np.arange(np.shape(a)[axis])).reshape(shape)


def _exactly(a: Any) -> Any:
    return np.frompyfunc(lambda v: mpf(int(v)), 1, 1)(a)


def _slice(a: Any, axis: int, start: int, stop: int | None = None) -> Any:
    a = np.asarray(a)
    return a[(slice(None),) * (axis % a.ndim) + (slice(start, stop),)]


def _pad(a: Any, axis: int, before: int, after: int) -> Any:
    widths = [(0, 0)] * np.ndim(a)
    widths[axis] = (before, after)
    return np.pad(a, widths, constant_values=mpf(0))


def _windows(a: Any, axis: int, size: int, stride: int = 1, dilation: int = 1) -> Any:
    rows = np.moveaxis(a, axis, 0)
    starts = range(0, len(rows) - (size - 1) * dilation, stride)
    found = [[rows[s + k * dilation] for k in range(size)] for s in starts]
    return np.moveaxis(np.moveaxis(np.array(found, object), 1, -1), 0, axis % np.ndim(a))


def _eye(a: Any) -> Any:
    n, m = np.shape(a)[-2:]
    return np.broadcast_to(_exactly(np.eye(n, m)), np.shape(a))


def _tril(a: Any) -> Any:
    keep = np.tril(np.ones(np.shape(a), bool))
    return np.where(keep, a, mpf(0))


def _diag(a: Any) -> Any:
    n = np.shape(a)[-1]
    return np.where(np.eye(n, dtype=bool), a[..., None], mpf(0))


def _diagonal(a: Any) -> Any:
    return np.diagonal(a, axis1=-2, axis2=-1)


def _reshape(a: Any, shape: Any) -> Any:
    return np.reshape(a, [np.shape(a)[i] if n == 0 else n for i, n in enumerate(shape)])


LINEAR: dict[str, Callable[..., Any]] = {
    "cumsum": lambda a, axis=-1: np.cumsum(a, axis=axis),
    "sort": lambda a, axis=-1: np.sort(a, axis=axis, kind="stable"),
    "argsort": lambda a, axis=-1: _exactly(np.argsort(a, axis=axis, kind="stable")),
    "positions": _positions,
    "flip": lambda a, axis=-1: np.flip(a, axis),
    "take_along": lambda a, index, axis=-1: np.take_along_axis(a, _whole(index), axis),
    "take": lambda a, index, axis=0: np.take(a, _whole(index), axis),
    "expand_dims": np.expand_dims,
    "squeeze": np.squeeze,
    "slice": _slice,
    "reshape": _reshape,
    "permute": np.transpose,
    "concat": lambda a, b, axis: np.concatenate((a, b), axis),
    "pad": _pad,
    "windows": _windows,
    "tril": _tril,
    "diag": _diag,
    "diagonal": _diagonal,
    "eye_like": _eye,
    "outer": lambda a, b: a[..., :, None] * b[..., None, :],
    "trace": lambda a: np.sum(_diagonal(a), axis=-1),
    "det": _each(mp.det),
    "logdet": _each(lambda m: mp.log(abs(mp.det(m)))),
    "inverse": _each(lambda m: _array(mp.inverse(m))),
    "solve": _solve,
    "cholesky": _each(lambda m: _array(mp.cholesky(_symmetric(m)))),
    "singular_values": _each(_singular_values),
    "eigvalsh": _each(lambda m: sorted(mp.eigsy(_symmetric(m), eigvals_only=True))),
}
