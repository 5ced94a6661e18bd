"""Operations on where numbers stand: order, shapes, pieces and windows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neurogebra.ops import kernels as k
from neurogebra.ops import places as p
from neurogebra.ops.calls import call
from neurogebra.ops.record import SHAPE, Op

# The names in which the derivatives below are written.
total, transpose, reshape_like, expand_like, sum_to = map(
    call, ("sum", "transpose", "reshape_like", "expand_like", "sum_to")
)
argsort, take_along, put_along, take, take_back, flip, cumsum = map(
    call, ("argsort", "take_along", "put_along", "take", "take_back", "flip", "cumsum")
)
slice_, slice_back, permute, part_like, part_back = map(
    call, ("slice", "slice_back", "permute", "part_like", "part_back")
)
windows, unwindow, tril, diagonal, diagonal_back = map(
    call, ("windows", "unwindow", "tril", "diagonal", "diagonal_back")
)

_AXES = ("axis", "keepdims")


def _check_shape(shape: tuple[int, ...]) -> str:
    if min(shape) < -1 or shape.count(-1) > 1:
        return f"sizes ≥ 0 with at most one −1, got {shape}"
    return ""


def _check_axes(axes: tuple[int, ...]) -> str:
    n = len(axes)
    each_once = sorted(a % n for a in axes) == list(range(n))
    within = all(-n <= a < n for a in axes)
    return "" if each_once and within else f"each of {n} axes once, got {axes}"


def _check_pad(axis: int, before: int, after: int) -> str:
    return "" if min(before, after) >= 0 else f"before and after ≥ 0, got {before} and {after}"


def _check_windows(axis: int, size: int, stride: int = 1, dilation: int = 1) -> str:
    if min(size, stride, dilation) >= 1:
        return ""
    return f"size, stride and dilation ≥ 1, got {size}, {stride} and {dilation}"


def _inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    order = [a % len(axes) for a in axes]
    return tuple(order.index(i) for i in range(len(axes)))


def _backwards(g: Any, axis: int) -> Any:
    """Return what every element gets from the running sums behind it."""
    return flip(cumsum(flip(g, axis=axis), axis=axis), axis=axis)


def _reduce_back(g: Any, a: Any, at: Mapping[str, Any]) -> Any:
    if at.get("axis") is None:
        return sum_to(g, a)
    return total(g, **at)


SHAPES = (
    Op("size", k.size, None, "n", kind=SHAPE, scalar=lambda a, **at: 1, attrs=("axis",)),
    Op("transpose", k.transpose, lambda g, y, a: (transpose(g),), r"{0}^{{\top}}", kind=SHAPE,
       tight=3, scalar=lambda a: a, aliases=("T",)),
    Op("flatten", k.flatten, lambda g, y, a: (reshape_like(g, a),), r"\operatorname{{vec}}({0})",
       kind=SHAPE, scalar=lambda a: a),
    Op("reshape_like", k.reshape_like, lambda g, y, a, like: (reshape_like(g, a), None),
       "{0}", 2, kind=SHAPE, scalar=lambda a, like: a),
    Op("expand_like", k.expand_like,
       lambda g, y, a, like, **at: (_reduce_back(g, a, at), None),
       "{0}", 2, kind=SHAPE, scalar=lambda a, like, **at: a, attrs=_AXES),
    Op("sum_to", k.sum_to, lambda g, y, a, like: (sum_to(g, a), None), r"\sum {0}", 2,
       kind=SHAPE, tight=2, scalar=lambda a, like: a),
)  # fmt: skip

ORDER = (
    Op("cumsum", p.cumsum, lambda g, y, a, axis=-1: (_backwards(g, axis),),
       r"\operatorname{{cumsum}}({0})", kind=SHAPE, attrs=("axis",)),
    Op("sort", p.sort,
       lambda g, y, a, axis=-1: (put_along(g, argsort(a, axis=axis), a, axis=axis),),
       r"\operatorname{{sort}}({0})", kind=SHAPE, attrs=("axis",)),
    Op("argsort", p.argsort, None, r"\operatorname{{argsort}}({0})", kind=SHAPE, attrs=("axis",)),
    Op("positions", p.positions, None, r"\operatorname{{positions}}({0})", kind=SHAPE,
       attrs=("axis",)),
    Op("flip", p.flip, lambda g, y, a, axis=-1: (flip(g, axis=axis),),
       r"\operatorname{{flip}}({0})", kind=SHAPE, attrs=("axis",)),
    Op("take_along", p.take_along,
       lambda g, y, a, index, axis=-1: (put_along(g, index, a, axis=axis), None),
       r"\operatorname{{take\_along}}({0}, {1})", 2, kind=SHAPE, attrs=("axis",)),
    Op("put_along", p.put_along,
       lambda h, y, g, index, like, axis=-1: (take_along(h, index, axis=axis), None, None),
       r"\operatorname{{put\_along}}({0}, {1})", 3, kind=SHAPE, attrs=("axis",)),
    Op("take", p.take,
       lambda g, y, a, index, axis=0: (take_back(g, index, a, axis=axis), None),
       r"\operatorname{{take}}({0}, {1})", 2, kind=SHAPE, attrs=("axis",)),
    Op("take_back", p.take_back,
       lambda h, y, g, index, like, axis=0: (take(h, index, axis=axis), None, None),
       r"\operatorname{{take\_back}}({0}, {1})", 3, kind=SHAPE, attrs=("axis",)),
)  # fmt: skip

PIECES = (
    Op("expand_dims", p.expand_dims, lambda g, y, a, axis: (reshape_like(g, a),), "{0}",
       kind=SHAPE, attrs=("axis",), required=1),
    Op("squeeze", p.squeeze, lambda g, y, a, axis: (reshape_like(g, a),), "{0}", kind=SHAPE,
       attrs=("axis",), required=1),
    Op("slice", p.cut, lambda g, y, a, **at: (slice_back(g, a, **at),),
       r"\operatorname{{slice}}({0})", kind=SHAPE, attrs=("axis", "start", "stop"), required=2),
    Op("slice_back", p.cut_back, lambda h, y, g, like, **at: (slice_(h, **at), None),
       r"\operatorname{{slice\_back}}({0})", 2, kind=SHAPE, attrs=("axis", "start", "stop"),
       required=2),
    Op("reshape", p.reshape, lambda g, y, a, shape: (reshape_like(g, a),),
       r"\operatorname{{reshape}}({0})", kind=SHAPE, attrs=("shape",), required=1, variadic=True,
       check=_check_shape),
    Op("permute", p.permute,
       lambda g, y, a, axes: (permute(g, axes=_inverse(axes)),),
       r"\operatorname{{permute}}({0})", kind=SHAPE, attrs=("axes",), required=1, variadic=True,
       check=_check_axes),
    Op("concat", p.concat,
       lambda g, y, a, b, axis: (part_like(g, a, axis=axis), part_like(g, b, axis=axis, last=1)),
       r"\left[{0}, {1}\right]", 2, kind=SHAPE, attrs=("axis",), required=1),
    Op("part_like", p.part_like, lambda h, y, g, like, **at: (part_back(h, g, **at), None),
       r"\operatorname{{part}}({0})", 2, kind=SHAPE, attrs=("axis", "last"), required=1),
    Op("part_back", p.part_back, lambda h, y, g, like, **at: (part_like(h, g, **at), None),
       r"\operatorname{{part\_back}}({0})", 2, kind=SHAPE, attrs=("axis", "last"), required=1),
    Op("pad", p.pad,
       lambda g, y, a, axis, before, after: (
           slice_(g, axis=axis, start=before, **({"stop": -after} if after else {})),),
       r"\operatorname{{pad}}({0})", kind=SHAPE, attrs=("axis", "before", "after"), required=3,
       check=_check_pad),
    Op("windows", p.windows, lambda g, y, a, **at: (unwindow(g, a, **at),),
       r"\operatorname{{windows}}({0})", kind=SHAPE,
       attrs=("axis", "size", "stride", "dilation"), required=2, check=_check_windows),
    Op("unwindow", p.unwindow, lambda h, y, g, like, **at: (windows(h, **at), None),
       r"\operatorname{{unwindow}}({0})", 2, kind=SHAPE,
       attrs=("axis", "size", "stride", "dilation"), required=2, check=_check_windows),
)  # fmt: skip

TRIANGLES = (
    Op("tril", p.tril, lambda g, y, a: (tril(g),), r"\operatorname{{tril}}({0})", kind=SHAPE),
    Op("diag", p.diag, lambda g, y, a: (diagonal(g),), r"\operatorname{{diag}}({0})", kind=SHAPE),
    Op("diagonal", p.diagonal, lambda g, y, a: (diagonal_back(g, a),),
       r"\operatorname{{diagonal}}({0})", kind=SHAPE),
    Op("diagonal_back", p.diagonal_back, lambda h, y, g, like: (diagonal(h), None),
       r"\operatorname{{diag}}({0})", 2, kind=SHAPE),
    Op("eye_like", p.eye_like, None, "I", kind=SHAPE),
)  # fmt: skip
