"""NumPy values of the operations that reorder, pick, cut, pad and join."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurogebra.errors import BadValue
from neurogebra.ops.bounds import room
from neurogebra.ops.kernels import float_type


def positions(x: Any, axis: int = -1) -> Any:
    """Return 0 … n−1 along an axis of x, with ones for the other axes; see `argsort`."""
    shape = np.shape(x)
    place = _place("positions", axis, len(shape))
    places = np.arange(shape[place], dtype=_counting(x, shape[place]))
    return places.reshape([-1 if i == place else 1 for i in range(len(shape))])


def sort(x: Any, axis: int = -1) -> Any:
    """Return x in ascending order along `axis`; NaN comes last."""
    return np.sort(x, axis=axis)


def argsort(x: Any, axis: int = -1) -> Any:
    """Return the places from which `sort` takes its elements, equal ones in their order.

    They have the floating dtype of x, or a wider one where that cannot count so far.
    """
    n = _length("argsort", x, axis)
    return np.argsort(x, axis=axis, kind="stable").astype(_counting(x, n))


def cumsum(x: Any, axis: int = -1) -> Any:
    """Return the running sums along `axis`."""
    return np.cumsum(x, axis=_place("cumsum", axis, np.ndim(x)))


def flip(x: Any, axis: int = -1) -> Any:
    """Return x with an axis reversed."""
    return np.flip(x, axis)


def take_along(x: Any, index: Any, axis: int = -1) -> Any:
    """Return the elements of x at `index` along `axis`, row by row: np.take_along_axis."""
    index = _whole("take_along", index, np.shape(x), axis)
    if index.ndim != np.ndim(x):
        raise BadValue("take_along", f"an index of {np.ndim(x)} axes, as x has", index.shape)
    return np.take_along_axis(np.asarray(x), index, axis)


def put_along(g: Any, index: Any, like: Any, axis: int = -1) -> Any:
    """Return zeros in the shape of `like` with g added at `index`: the adjoint of take_along."""
    shape = np.shape(like)
    index = _whole("take_along", index, shape, axis)
    out = np.zeros(shape, np.asarray(g).dtype)
    place = _place("take_along", axis, len(shape))
    key = [np.arange(n).reshape([-1 if i == d else 1 for i in range(len(shape))])
           for d, n in enumerate(shape)]  # fmt: skip
    key[place] = index
    np.add.at(out, tuple(key), g)
    return out


def take(x: Any, index: Any, axis: int = 0) -> Any:
    """Return the slices of x at `index` along `axis`; the axes of `index` take its place."""
    places, shape = _whole("take", index, np.shape(x), axis), np.shape(x)
    place = _place("take", axis, len(shape))
    room("take", (*shape[:place], *places.shape, *shape[place + 1 :]))
    return np.take(x, places, axis)


def take_back(g: Any, index: Any, like: Any, axis: int = 0) -> Any:
    """Return zeros in the shape of `like` with g added at `index`: the adjoint of take."""
    shape = np.shape(like)
    index = _whole("take", index, shape, axis)
    out = np.zeros(shape, np.asarray(g).dtype)
    place = _place("take", axis, len(shape))
    np.add.at(out, (slice(None),) * place + (index,), g)
    return out


def cut(x: Any, axis: int, start: int, stop: int | None = None) -> Any:
    """Return x[start:stop] along `axis`; negative numbers count from the end."""
    return np.asarray(x)[_span("slice", axis, np.ndim(x), slice(start, stop))]


def cut_back(g: Any, like: Any, axis: int, start: int, stop: int | None = None) -> Any:
    """Return zeros in the shape of `like` with g at [start:stop]: the adjoint of slice."""
    out = np.zeros(np.shape(like), np.asarray(g).dtype)
    out[_span("slice", axis, out.ndim, slice(start, stop))] = g
    return out


def expand_dims(x: Any, axis: int) -> Any:
    """Return x with a new axis of length 1 at `axis`."""
    return np.expand_dims(x, axis)


def squeeze(x: Any, axis: int) -> Any:
    """Return x without an axis of length 1."""
    if _length("squeeze", x, axis) != 1:
        raise BadValue("squeeze", f"an axis {axis} of length 1", f"shape {np.shape(x)}")
    return np.squeeze(x, axis)


def reshape(x: Any, shape: tuple[int, ...]) -> Any:
    """Return the elements of x in another shape; 0 keeps that axis' size, −1 takes the rest."""
    have = np.shape(x)
    if any(n == 0 and i >= len(have) for i, n in enumerate(shape)):
        raise BadValue("reshape", f"0 for one of the {len(have)} axes of x only", shape)
    want = tuple(have[i] if n == 0 else n for i, n in enumerate(shape))
    try:
        return np.reshape(x, want)
    except ValueError:
        raise BadValue("reshape", f"a shape for the elements of {have}", want) from None


def permute(x: Any, axes: tuple[int, ...]) -> Any:
    """Return x with its axes in another order."""
    if sorted(a % max(len(axes), 1) for a in axes) != list(range(np.ndim(x))):
        raise BadValue("permute", f"every one of the {np.ndim(x)} axes once", axes)
    return np.transpose(x, axes)


def concat(a: Any, b: Any, axis: int) -> Any:
    """Return b behind a along an axis that both have."""
    room("concat", (np.size(a) + np.size(b),))
    return np.concatenate((a, b), axis=axis)


def part_like(g: Any, like: Any, axis: int, last: int = 0) -> Any:
    """Return as much of g along `axis` as `like` has, from its beginning or its end."""
    return np.asarray(g)[_part(g, _length("concat", like, axis), axis, last)]


def part_back(g: Any, like: Any, axis: int, last: int = 0) -> Any:
    """Return zeros in the shape of `like` with g at its beginning or end along `axis`."""
    out = np.zeros(np.shape(like), np.asarray(g).dtype)
    out[_part(like, _length("concat", g, axis), axis, last)] = g
    return out


def pad(x: Any, axis: int, before: int, after: int) -> Any:
    """Return x with zeros before and after along `axis`."""
    shape = list(np.shape(x))
    place = _place("pad", axis, len(shape))
    size, shape[place] = shape[place], shape[place] + before + after
    room("pad", shape)
    out = np.zeros(shape, np.asarray(x).dtype)
    out[_span("pad", axis, len(shape), slice(before, before + size))] = x
    return out


def windows(x: Any, axis: int, size: int, stride: int = 1, dilation: int = 1) -> Any:
    """Return the windows of `size` elements that slide along `axis`, as a view of x.

    The axis gets the number of windows, a new last axis the elements of each: stride apart the
    windows, dilation apart their elements. The view is read-only, since windows overlap.
    """
    x = np.asarray(x)
    place = _place("windows", axis, x.ndim)
    reach = (size - 1) * dilation + 1
    if x.shape[place] < reach:
        raise BadValue(
            "windows", f"an axis {axis} of at least {reach} elements", f"shape {x.shape}"
        )
    count = (x.shape[place] - reach) // stride + 1
    step = x.strides[place]
    room("windows", (*x.shape[:place], count, *x.shape[place + 1 :], size))
    return np.lib.stride_tricks.as_strided(
        x,
        (*x.shape[:place], count, *x.shape[place + 1 :], size),
        (*x.strides[:place], stride * step, *x.strides[place + 1 :], dilation * step),
        writeable=False,
    )


def unwindow(g: Any, like: Any, axis: int, size: int, stride: int = 1, dilation: int = 1) -> Any:
    """Return zeros in the shape of `like` with every window added back to where it came from."""
    g = np.asarray(g)
    out = np.zeros(np.shape(like), g.dtype)
    place = _place("windows", axis, out.ndim)
    reach = (g.shape[place] - 1) * stride + 1
    for k in range(size):
        at = slice(k * dilation, k * dilation + reach, stride)
        out[_span("windows", axis, out.ndim, at)] += g[..., k]
    return out


def tril(x: Any) -> Any:
    """Return the lower triangles of matrices, 0 above the diagonal."""
    _matrices("tril", x)
    return np.tril(x)


def diag(x: Any) -> Any:
    """Return matrices with vectors on their diagonals: (…, n) → (…, n, n)."""
    n = _length("diag", x, -1)
    room("diag", (*np.shape(x), n))
    out = np.zeros((*np.shape(x), n), np.asarray(x).dtype)
    out[..., np.arange(n), np.arange(n)] = x
    return out


def diagonal(x: Any) -> Any:
    """Return the diagonals of matrices: (…, n, m) → (…, min(n, m))."""
    _matrices("diagonal", x)
    return np.diagonal(x, axis1=-2, axis2=-1)


def diagonal_back(g: Any, like: Any) -> Any:
    """Return zeros in the shape of `like` with g on the diagonals: the adjoint of diagonal."""
    out = np.zeros(np.shape(like), np.asarray(g).dtype)
    n = np.arange(min(out.shape[-2:]))
    out[..., n, n] = g
    return out


def eye_like(x: Any) -> Any:
    """Return identity matrices in the shape of x."""
    _matrices("eye_like", x)
    return np.broadcast_to(np.eye(*np.shape(x)[-2:], dtype=float_type(x)), np.shape(x))


def _counting(x: Any, n: int) -> Any:
    """Return the floating dtype of x, wider if that does not hold every whole number below n."""
    kinds = (float_type(x), np.dtype(np.float32), np.dtype(np.float64))
    return next(kind for kind in kinds if n <= 2 / np.finfo(kind).eps)


def _matrices(name: str, x: Any) -> None:
    if np.ndim(x) < 2:
        raise BadValue(name, "matrices: at least two axes", f"shape {np.shape(x)}")


def _place(name: str, axis: int, ndim: int) -> int:
    if not -ndim <= axis < ndim:
        raise BadValue(name, f"an axis of the {ndim} that x has", axis)
    return axis % ndim


def _length(name: str, x: Any, axis: int) -> int:
    shape: tuple[int, ...] = np.shape(x)
    return shape[_place(name, axis, len(shape))]


def _span(name: str, axis: int, ndim: int, span: slice) -> tuple[slice, ...]:
    return (slice(None),) * _place(name, axis, ndim) + (span,)


def _part(whole: Any, count: int, axis: int, last: int) -> tuple[slice, ...]:
    size = _length("concat", whole, axis)
    span = slice(size - count, size) if last else slice(0, count)
    return _span("concat", axis, np.ndim(whole), span)


def _whole(name: str, index: Any, shape: tuple[int, ...], axis: int) -> Any:
    """Return an index as whole numbers; refuse halves, and places that x does not have."""
    given = np.asarray(index)
    found = given if given.dtype.kind in "iu" else given.astype(np.intp)
    if found is not given and not np.array_equal(found, given):
        raise BadValue(name, "an index of whole numbers", given.tolist())
    n = shape[_place(name, axis, len(shape))]
    if found.size and not (-n <= found.min() and found.max() < n):
        raise BadValue(name, f"an index below {n}, the length of axis {axis}", int(found.max()))
    return found
