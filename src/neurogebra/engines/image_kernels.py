"""How the NumPy engine cuts images into patches, adds them back and pools, without allocating."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurogebra.engines import blas
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
    rows = _places(i, shape[1], attrs.get("down", 1), attrs.get("down_gap", 1))
    columns = _places(j, shape[2], attrs.get("right", 1), attrs.get("right_gap", 1))
    return slice(None), rows, columns


def _places(k: int, count: int, stride: int, gap: int = 1) -> slice:
    return slice(k * gap, k * gap + (count - 1) * stride + 1, stride)


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


@dataclass(frozen=True, slots=True)
class _Line:
    """The elements that windows along one axis have in common: their first, second, …"""

    axis: int
    size: int
    stride: int

    def parts(self, a: np.ndarray, count: int) -> list[np.ndarray]:
        """Return views of a: the first elements of all windows, the second ones, …"""
        lead = (slice(None),) * self.axis
        return [a[(*lead, _places(k, count, self.stride))] for k in range(self.size)]


def _lines(attrs: dict[str, Any]) -> tuple[_Line, _Line]:
    rows = _Line(1, attrs["height"], attrs.get("down", 1))
    return rows, _Line(2, attrs["width"], attrs.get("right", 1))


def _max_pool(args: list[Any], attrs: dict[str, Any], out: np.ndarray) -> Kernel:
    """Rows first: whole rows are compared, which is what a processor does fastest."""
    (x,), (rows, columns) = args, _lines(attrs)
    half = np.empty((x.shape[0], out.shape[1], *x.shape[2:]), x.dtype)
    upright = rows.parts(x, out.shape[1])
    across = columns.parts(half, out.shape[2])
    return _largest_of_both, (upright, half, across)


def _largest_of_both(
    upright: list[np.ndarray], half: np.ndarray, across: list[np.ndarray], out: np.ndarray
) -> None:
    _largest(upright, half)
    _largest(across, out)


def _largest(parts: list[np.ndarray], out: np.ndarray) -> None:
    if len(parts) == 1:
        np.copyto(out, parts[0])
        return
    np.maximum(parts[0], parts[1], out=out)
    for part in parts[2:]:
        np.maximum(out, part, out=out)


def _max_pool_back(args: list[Any], attrs: dict[str, Any], out: np.ndarray) -> Kernel:
    """Find the largest across, then upright, so that of equals the first in reading order wins."""
    (g, x), (rows, columns) = args, _lines(attrs)
    half = (*x.shape[:2], g.shape[2], x.shape[3])
    across = _Race(columns, columns.parts(x, g.shape[2]), np.empty(half, x.dtype))
    upright = _Race(rows, rows.parts(across.largest, g.shape[1]), np.empty(g.shape, x.dtype))
    return _back_both, (g, across, upright, np.zeros(half, x.dtype))


class _Race:
    """The elements of windows along one axis, and the largest so far after each of them."""

    def __init__(self, line: _Line, parts: list[np.ndarray], largest: np.ndarray) -> None:
        self.line, self.parts, self.largest = line, parts, largest
        self.so_far = [parts[0]]
        self.so_far += [np.empty_like(largest) for _ in parts[2:]]
        self.won, self.left = np.empty_like(largest), np.empty_like(largest)

    def run(self) -> None:
        """Find the largest so far after each but the last."""
        for k in range(1, len(self.so_far)):
            np.maximum(self.so_far[k - 1], self.parts[k], out=self.so_far[k])

    def finish(self) -> None:
        """Find the largest of all."""
        if len(self.parts) == 1:
            np.copyto(self.largest, self.parts[0])
        else:
            np.maximum(self.so_far[-1], self.parts[-1], out=self.largest)

    def share(self, g: np.ndarray, out: np.ndarray) -> None:
        """Give each window's g to the first of its largest elements."""
        apart = self.line.stride >= self.line.size
        if not apart or out.size != self.line.size * g.size:
            out.fill(0)
        places = self.line.parts(out, g.shape[self.line.axis])
        for k in range(len(places) - 1, 0, -1):
            np.greater(self.parts[k], self.so_far[k - 1], self.won)
            np.multiply(g, self.won, self.won)
            np.subtract(g, self.won, self.left)
            g = self.left
            _give(self.won, places[k], apart)
        _give(g, places[0], apart)


def _give(part: np.ndarray, place: np.ndarray, apart: bool) -> None:
    if apart:
        np.copyto(place, part)
    else:
        np.add(place, part, place)


def _back_both(
    g: np.ndarray, across: _Race, upright: _Race, half: np.ndarray, out: np.ndarray
) -> None:
    across.run()
    across.finish()
    upright.run()
    upright.share(g, half)
    across.share(half, out)


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
        (g[..., k], (*lead, _places(k, g.shape[axis], stride, gap))) for k in range(g.shape[-1])
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
