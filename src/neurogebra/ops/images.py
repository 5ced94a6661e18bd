"""Operations on images (batch, height, width, channels): patches, convolution, the largest of each.

Each is written a second time in the rest of the alphabet (`lower`), for libraries and engines
that have no kernel for it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from neurogebra.errors import BadValue
from neurogebra.ops.bounds import room
from neurogebra.ops.calls import call
from neurogebra.ops.record import LINEAR, SHAPE, Op

# The names in which the derivatives below are written.
windows, unwindow, permute, reshape, reshape_like, flatten, transpose = map(
    call, ("windows", "unwindow", "permute", "reshape", "reshape_like", "flatten", "transpose")
)
matmul, matmul_left, matmul_right, amax, argmax = map(
    call, ("matmul", "matmul_left", "matmul_right", "amax", "argmax")
)
expand_dims, squeeze, take_along, put_along = map(
    call, ("expand_dims", "squeeze", "take_along", "put_along")
)
patches, unpatches, max_pool_at, max_pool_back = map(
    call, ("patches", "unpatches", "max_pool_at", "max_pool_back")
)
conv, conv_left, conv_right = map(call, ("conv2d", "conv2d_left", "conv2d_right"))

PATCH = ("height", "width", "down", "right", "down_gap", "right_gap")
POOL = PATCH[:4]


def cells(x: Any, height: int, width: int, down: int = 1, right: int = 1,
          down_gap: int = 1, right_gap: int = 1) -> Any:  # fmt: skip
    """Return what lies under a height × width window as it slides, a view of x.

    x: (b, h, w, c) → (b, rows, columns, c, height, width); down, right: how far the window
    moves; down_gap, right_gap: how far its elements are apart.
    """
    if isinstance(x, np.ndarray) and x.ndim != 4:
        raise BadValue("images", "(batch, height, width, channels)", f"shape {x.shape}")
    rows = windows(x, axis=1, size=height, stride=down, dilation=down_gap)
    return windows(rows, axis=2, size=width, stride=right, dilation=right_gap)


def patches_of(x: Any, height: int, width: int, *steps: int, **named: int) -> Any:
    """Return each patch as a row: (b, h, w, c) → (b, rows, columns, height·width·c)."""
    found = np.transpose(cells(np.asarray(x), height, width, *steps, **named), (0, 1, 2, 4, 5, 3))
    room("patches", found.shape)
    return found.reshape(*found.shape[:3], -1)


def patches_back(g: Any, like: Any, height: int, width: int, **steps: int) -> Any:
    """Return zeros in the shape of `like` with every patch added back: the adjoint of patches."""
    return _unpatches(np.asarray(g), np.asarray(like), height, width, **steps)


def conv2d(x: Any, w: Any, height: int, width: int, down: int = 1, right: int = 1,
           down_gap: int = 1, right_gap: int = 1, groups: int = 1) -> Any:  # fmt: skip
    """Return Σ of each patch times each kernel: (b, rows, columns, filters).

    x: (b, h, w, groups·c), w: (height, width, c, filters); of filters, as many read each group
    of channels. As in every library the kernel is not flipped.
    """
    if np.ndim(w) != 4 or np.shape(w)[:2] != (height, width):
        raise BadValue("conv2d", f"kernels ({height}, {width}, c, filters)", np.shape(w))
    channels, filters = np.shape(w)[2:]
    if np.ndim(x) != 4 or np.shape(x)[-1] != groups * channels or filters % groups:
        want = f"images (batch, h, w, {groups * channels}), {groups} groups of filters"
        raise BadValue("conv2d", want, f"shapes {np.shape(x)} and {np.shape(w)}")
    steps = dict(zip(PATCH[2:], (down, right, down_gap, right_gap), strict=True))
    return _conv2d(np.asarray(x), np.asarray(w), height, width, groups=groups, **steps)


def conv2d_left(g: Any, w: Any, x: Any, **at: int) -> Any:
    """Return what the images x get from g, the slope by y = conv2d(x, w)."""
    return _to_image(np.asarray(g), np.asarray(w), np.asarray(x), **at)


def conv2d_right(x: Any, g: Any, w: Any, **at: int) -> Any:
    """Return what the kernels w get from g, the slope by y = conv2d(x, w)."""
    return _to_kernel(np.asarray(x), np.asarray(g), np.asarray(w), **at)


def max_pool(x: Any, **at: int) -> Any:
    """Return the largest element under each window, channel by channel."""
    return np.max(cells(np.asarray(x), **at), axis=(-2, -1))


def pooled_at(h: Any, x: Any, **at: int) -> Any:
    """Return the elements of h that lie where the largest of x are; of equals, the first."""
    return _at(np.asarray(h), np.asarray(x), **at)


def pooled_back(g: Any, x: Any, **at: int) -> Any:
    """Return zeros in the shape of x with g added where the largest are: max_pool's slope."""
    return _back(np.asarray(g), np.asarray(x), **at)


def _patches(x: Any, **at: int) -> Any:
    apart = permute(cells(x, **at), axes=(0, 1, 2, 4, 5, 3))
    return reshape(apart, shape=(0, 0, 0, -1))


def _unpatches(g: Any, like: Any, height: int, width: int, **steps: int) -> Any:
    apart = permute(reshape(g, shape=(0, 0, 0, height, width, -1)), axes=(0, 1, 2, 5, 3, 4))
    return _fold(apart, like, height, width, **steps)


def _fold(apart: Any, like: Any, height: int, width: int, down: int = 1, right: int = 1,
          down_gap: int = 1, right_gap: int = 1) -> Any:  # fmt: skip
    """Add windows (b, rows, columns, c, height, width) back to where they came from."""
    vertical = {"axis": 1, "size": height, "stride": down, "dilation": down_gap}
    wide = windows(like, **vertical)
    rows = unwindow(apart, wide, axis=2, size=width, stride=right, dilation=right_gap)
    return unwindow(rows, like, **vertical)


def _conv2d(x: Any, w: Any, height: int, width: int, groups: int = 1, **steps: int) -> Any:
    at = {"height": height, "width": width, **steps}
    if groups == 1:
        return matmul(patches(x, **at), _matrix(w))
    found = matmul(_grouped(x, groups, at), _matrices(w, groups))
    return _joined(found)


def _to_image(g: Any, w: Any, x: Any, height: int, width: int, groups: int = 1,
              **steps: int) -> Any:  # fmt: skip
    at = {"height": height, "width": width, **steps}
    if groups == 1:
        return unpatches(matmul(g, transpose(_matrix(w))), x, **at)
    parts = _grouped(x, groups, at)
    back = _stacked(matmul_left(_split(g, groups), _matrices(w, groups), parts))
    return _joined(_unstacked(unpatches(back, _stacked(_split(x, groups)), **at), groups))


def _to_kernel(x: Any, g: Any, w: Any, height: int, width: int, groups: int = 1,
               **steps: int) -> Any:  # fmt: skip
    at = {"height": height, "width": width, **steps}
    if groups == 1:
        return reshape_like(matmul(_lines(patches(x, **at)), transpose(_lines(g))), w)
    parts, slopes = _grouped(x, groups, at), _split(g, groups)
    return _from_matrices(matmul_right(parts, slopes, _matrices(w, groups)), w, groups)


def _matrix(w: Any) -> Any:
    """(height, width, c, filters) → (height·width·c, filters)."""
    return transpose(_lines(w))


def _lines(a: Any) -> Any:
    """(b, rows, columns, n) → (n, b·rows·columns)."""
    return flatten(permute(a, axes=(3, 0, 1, 2)))


def _split(x: Any, groups: int) -> Any:
    """(b, h, w, groups·c) → (groups, b, h, w, c)."""
    return permute(reshape(x, shape=(0, 0, 0, groups, -1)), axes=(3, 0, 1, 2, 4))


def _joined(a: Any) -> Any:
    """(groups, b, h, w, c) → (b, h, w, groups·c)."""
    return reshape(permute(a, axes=(1, 2, 3, 0, 4)), shape=(0, 0, 0, -1))


def _stacked(a: Any) -> Any:
    """(groups, b, h, w, c) → (groups·b, h, w, c)."""
    last = reshape(permute(a, axes=(2, 3, 4, 0, 1)), shape=(0, 0, 0, -1))
    return permute(last, axes=(3, 0, 1, 2))


def _unstacked(a: Any, groups: int) -> Any:
    """(groups·b, h, w, c) → (groups, b, h, w, c)."""
    last = reshape(permute(a, axes=(1, 2, 3, 0)), shape=(0, 0, 0, groups, -1))
    return permute(last, axes=(3, 4, 0, 1, 2))


def _grouped(x: Any, groups: int, at: dict[str, int]) -> Any:
    """Return the patches of each group of channels: (groups, b, rows, columns, n)."""
    return _unstacked(patches(_stacked(_split(x, groups)), **at), groups)


def _by_group(w: Any, groups: int) -> Any:
    """(height, width, c, groups·f) → (groups, f, height, width, c)."""
    return permute(reshape(w, shape=(0, 0, 0, groups, -1)), axes=(3, 4, 0, 1, 2))


def _matrices(w: Any, groups: int) -> Any:
    """(height, width, c, groups·f) → (groups, 1, 1, height·width·c, f)."""
    rows = transpose(reshape(_by_group(w, groups), shape=(0, 0, -1)))
    return expand_dims(expand_dims(rows, axis=1), axis=1)


def _from_matrices(a: Any, w: Any, groups: int) -> Any:
    """Undo `_matrices`."""
    rows = transpose(squeeze(squeeze(a, axis=1), axis=1))
    apart = reshape_like(rows, _by_group(w, groups))
    return reshape_like(permute(apart, axes=(2, 3, 4, 0, 1)), w)


def _listed(x: Any, **at: int) -> Any:
    """Return the elements under each window in a row: (b, rows, columns, c, height·width)."""
    return reshape(cells(x, **at), shape=(0, 0, 0, 0, -1))


def _first(x: Any, **at: int) -> Any:
    """Return where in its row of `_listed` the first of the largest elements stands."""
    return expand_dims(argmax(_listed(x, **at), axis=-1), axis=-1)


def _at(h: Any, x: Any, **at: int) -> Any:
    return squeeze(take_along(_listed(h, **at), _first(x, **at), axis=-1), axis=-1)


def _back(g: Any, x: Any, **at: int) -> Any:
    rows = _listed(x, **at)
    spread = put_along(expand_dims(g, axis=-1), _first(x, **at), rows, axis=-1)
    shape = (0, 0, 0, 0, at["height"], at["width"])
    return _fold(reshape(spread, shape=shape), x, **at)


def _check_sizes(**at: int) -> str:
    return "" if min(at.values()) >= 1 else f"sizes and steps ≥ 1, got {tuple(at.values())}"


IMAGES = (
    Op("patches", patches_of, lambda g, y, a, **at: (unpatches(g, a, **at),),
       r"\operatorname{{patches}}({0})", kind=SHAPE, attrs=PATCH, required=2,
       lower=_patches, check=_check_sizes),
    Op("unpatches", patches_back, lambda h, y, g, like, **at: (patches(h, **at), None),
       r"\operatorname{{fold}}({0})", 2, kind=SHAPE, attrs=PATCH, required=2,
       lower=_unpatches, check=_check_sizes),
    Op("conv2d", conv2d,
       lambda g, y, a, w, **at: (conv_left(g, w, a, **at), conv_right(a, g, w, **at)),
       r"{0} * {1}", 2, kind=LINEAR, tight=2, attrs=(*PATCH, "groups"), required=2,
       lower=_conv2d, check=_check_sizes),
    Op("conv2d_left", conv2d_left,
       lambda h, y, g, w, a, **at: (conv(h, w, **at), conv_right(h, g, w, **at), None),
       r"{0} *^{{\top}} {1}", 3, kind=LINEAR, tight=2, attrs=(*PATCH, "groups"), required=2,
       lower=_to_image, check=_check_sizes),
    Op("conv2d_right", conv2d_right,
       lambda h, y, a, g, w, **at: (conv_left(g, h, a, **at), conv(a, h, **at), None),
       r"{0}^{{\top}} * {1}", 3, kind=LINEAR, tight=2, attrs=(*PATCH, "groups"), required=2,
       lower=_to_kernel, check=_check_sizes),
    Op("max_pool", max_pool, lambda g, y, a, **at: (max_pool_back(g, a, **at),),
       r"\operatorname{{maxpool}}({0})", kind=SHAPE, attrs=POOL, required=2,
       lower=lambda a, **at: amax(cells(a, **at), axis=(-2, -1)), check=_check_sizes),
    Op("max_pool_at", pooled_at,
       lambda g, y, h, a, **at: (max_pool_back(g, a, **at), None),
       r"\operatorname{{maxpool}}({0})", 2, kind=SHAPE, attrs=POOL, required=2, lower=_at,
       check=_check_sizes),
    Op("max_pool_back", pooled_back,
       lambda h, y, g, a, **at: (max_pool_at(h, a, **at), None),
       r"\operatorname{{unpool}}({0})", 2, kind=SHAPE, attrs=POOL, required=2, lower=_back,
       check=_check_sizes),
)  # fmt: skip
