"""How the NumPy engine cuts images into patches, adds them back and pools, without allocating."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from neurogebra.engines import blas
from neurogebra.engines.pool_kernels import places, pooling, searching
from neurogebra.ops.images import cells

Kernel = tuple[Callable[..., Any], tuple[Any, ...]]

# Below so many channels a patch's numbers lie in pieces too short to copy one by one: the
# patches are laid out by columns then, each of which is a whole row of pixels after the other.
FEW_CHANNELS = 8


def columns_first(op: str, x: np.ndarray) -> bool:
    """Say whether the value of an operation is better laid out with its last axis first."""
    return op == "patches" and x.shape[-1] < FEW_CHANNELS


def shape_of(op: str, args: list[Any], attrs: dict[str, Any]) -> tuple[int, ...] | None:
    """Return the shape of an operation's value without computing it; None for other operations.

    Recording would compute every value once for its shape, and those of images are large.
    """
    if op in ("patches", "max_pool"):
        lead = cells(args[0], **attrs).shape
        return lead[:4] if op == "max_pool" else (*lead[:3], lead[3] * lead[4] * lead[5])
    if op in ("unpatches", "max_pool_back", "unwindow", "slice_back", "conv2d_left"):
        found: tuple[int, ...] = args[2 if op == "conv2d_left" else 1].shape
        return found
    return None


def image_kernel(op: str, args: list[Any], attrs: dict[str, Any], out: np.ndarray) -> Kernel | None:
    """Return function and args so that function(*args, out) is an operation on images."""
    made = _KERNELS.get(op)
    return None if made is None else made(args, attrs, out)


def _patches(args: list[Any], attrs: dict[str, Any], out: np.ndarray) -> Kernel:
    view = cells(args[0], **attrs).transpose(0, 1, 2, 4, 5, 3)
    if out.flags.c_contiguous:
        return _copy_shaped, (view,)
    view = view.transpose(3, 4, 5, 0, 1, 2)  # as `columns_first` lays it out
    return _copy_columns, (view,)


def _copy_shaped(view: np.ndarray, out: np.ndarray) -> None:
    np.copyto(out.reshape(view.shape), view)


def _copy_columns(view: np.ndarray, out: np.ndarray) -> None:
    np.copyto(out.transpose(3, 0, 1, 2).reshape(view.shape), view)


def _unpatches(args: list[Any], attrs: dict[str, Any], out: np.ndarray) -> Kernel:
    g, like = args
    height, width = attrs["height"], attrs["width"]
    apart = g.reshape(*g.shape[:3], height, width, like.shape[-1])
    parts = [
        (apart[:, :, :, i, j], _under(g.shape, attrs, i, j))
        for i in range(height)
        for j in range(width)
    ]
    return _add_parts, (parts,)


def _under(shape: tuple[int, ...], attrs: dict[str, Any], i: int, j: int) -> tuple[slice, ...]:
    """Return where in an image the elements (i, j) of all its windows lie."""
    rows = places(i, shape[1], attrs.get("down", 1), attrs.get("down_gap", 1))
    columns = places(j, shape[2], attrs.get("right", 1), attrs.get("right_gap", 1))
    return slice(None), rows, columns


def _add_parts(parts: list[tuple[np.ndarray, Any]], out: np.ndarray) -> None:
    out.fill(0)
    for part, place in parts:
        here = out[place]
        np.add(here, part, here)


def _conv2d_left(args: list[Any], attrs: dict[str, Any], out: np.ndarray) -> Kernel:
    """Multiply g by one element of the kernels at a time, and add it where that was laid.

    All elements in one product would be a larger product, whose parts lie in short pieces.
    """
    g, w, like = args
    groups, count, filters = attrs.get("groups", 1), g.size // g.shape[-1], g.shape[-1]
    spare = None if g.flags.c_contiguous else np.empty(g.shape, g.dtype)
    rows = (g if spare is None else spare).reshape(count, groups, filters // groups)
    part = np.empty((groups, count, w.shape[2]), g.dtype)
    laid = part.reshape(groups, *g.shape[:3], w.shape[2]).transpose(1, 2, 3, 0, 4)
    steps = []
    for i in range(attrs["height"]):
        for j in range(attrs["width"]):
            kernels = w[i, j].reshape(w.shape[2], groups, -1).transpose(1, 2, 0)
            steps.append((_product(rows, kernels, part), _under(g.shape, attrs, i, j)))
    whole = (*like.shape[:3], groups, w.shape[2])
    return _add_products, (g, spare, steps, laid, whole)


def _product(rows: np.ndarray, kernels: np.ndarray, part: np.ndarray) -> Kernel:
    if part.shape[0] > 1:
        return np.matmul, (rows.transpose(1, 0, 2), kernels, part)
    left, right, into = rows[:, 0], kernels[0], part[0]
    return blas.product(left, right, into) or (np.dot, (left, right, into))


def _add_products(
    g: np.ndarray, spare: Any, steps: list[Any], laid: np.ndarray, whole: Any, out: np.ndarray
) -> None:
    if spare is not None:
        np.copyto(spare, g)
    out.fill(0)
    image = out.reshape(whole)
    for (multiply, args), place in steps:
        multiply(*args)
        here = image[place]
        np.add(here, laid, here)


def _max_pool(args: list[Any], attrs: dict[str, Any], out: np.ndarray) -> Kernel:
    return pooling(args[0], attrs, out.shape)


def _max_pool_back(args: list[Any], attrs: dict[str, Any], out: np.ndarray) -> Kernel:
    g, x = args
    return searching(g, x, attrs)


def _pad(args: list[Any], attrs: dict[str, Any], out: np.ndarray) -> Kernel:
    (x,), axis = args, attrs["axis"] % out.ndim
    span = slice(attrs["before"], attrs["before"] + x.shape[axis])
    return _into_zeros, (x, (slice(None),) * axis + (span,))


def _slice_back(args: list[Any], attrs: dict[str, Any], out: np.ndarray) -> Kernel:
    span = slice(attrs["start"], attrs.get("stop"))
    return _into_zeros, (args[0], (slice(None),) * (attrs["axis"] % out.ndim) + (span,))


def _into_zeros(x: np.ndarray, place: tuple[slice, ...], out: np.ndarray) -> None:
    out.fill(0)
    np.copyto(out[place], x)


def _unwindow(args: list[Any], attrs: dict[str, Any], out: np.ndarray) -> Kernel:
    g, axis = args[0], attrs["axis"] % out.ndim
    stride, gap = attrs.get("stride", 1), attrs.get("dilation", 1)
    lead = (slice(None),) * axis
    parts = [
        (g[..., k], (*lead, places(k, g.shape[axis], stride, gap))) for k in range(g.shape[-1])
    ]
    return _add_parts, (parts,)


_KERNELS: dict[str, Callable[[list[Any], dict[str, Any], np.ndarray], Kernel]] = {
    "patches": _patches,
    "unpatches": _unpatches,
    "conv2d_left": _conv2d_left,
    "max_pool": _max_pool,
    "max_pool_back": _max_pool_back,
    "pad": _pad,
    "slice_back": _slice_back,
    "unwindow": _unwindow,
}
OPERATIONS = frozenset(_KERNELS)
