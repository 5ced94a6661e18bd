"""Operations that merge the elements along one axis, several or all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from neurogebra.ops import folds
from neurogebra.ops import kernels as k
from neurogebra.ops.calls import call
from neurogebra.ops.record import REDUCTION, Op

# The names in which the derivatives below are written.
exp, log, equal, where, total, mean = map(call, ("exp", "log", "equal", "where", "sum", "mean"))
size, expand_like, sum_to, amax, prod = map(call, ("size", "expand_like", "sum_to", "amax", "prod"))
prod_others, expand_dims, positions, reshape, reshape_like = map(
    call, ("prod_others", "expand_dims", "positions", "reshape", "reshape_like")
)

_AXES = ("axis", "keepdims")

REDUCTIONS = (
    Op("sum", np.sum, lambda g, y, a, **at: (expand_like(g, a, **at),), r"\sum {0}",
       kind=REDUCTION, tight=2, scalar=lambda a, **at: a, attrs=_AXES),
    Op("mean", k.mean, lambda g, y, a, **at: (expand_like(g, a, **at) / _count(a, at),),
       r"\operatorname{{mean}}({0})", kind=REDUCTION, scalar=lambda a, **at: a, attrs=_AXES,
       lower=lambda a, **at: total(a, **at) / _count(a, at)),
    Op("var", k.var,
       lambda g, y, a, **at: (
           expand_like(g, a, **at) * (2 * (a - expand_like(mean(a, **at), a, **at)))
           / _count(a, at),),
       r"\operatorname{{var}}({0})", kind=REDUCTION, scalar=lambda a, **at: 0 * a, attrs=_AXES,
       lower=lambda a, **at: mean((a - expand_like(mean(a, **at), a, **at)) ** 2, **at)),
    Op("amax", np.max, lambda g, y, a, **at: (expand_like(g, a, **at) * _among(a, y, at),),
       r"\max {0}", kind=REDUCTION, tight=2, scalar=lambda a, **at: a, attrs=_AXES),
    Op("amin", np.min, lambda g, y, a, **at: (expand_like(g, a, **at) * _among(a, y, at),),
       r"\min {0}", kind=REDUCTION, tight=2, scalar=lambda a, **at: a, attrs=_AXES),
    Op("logsumexp", k.logsumexp,
       lambda g, y, a, **at: (
           expand_like(g, a, **at) * exp(a - expand_like(y, a, **at)),),
       r"\ln \sum e^{{{0}}}", kind=REDUCTION, tight=2, scalar=lambda a, **at: a, attrs=_AXES,
       lower=lambda a, **at: lse(a, at)),
    Op("prod", folds.prod,
       lambda g, y, a, axis=None, keepdims=False: (
           expand_like(g, a, axis=axis, keepdims=keepdims) * prod_others(a, axis=axis),),
       r"\prod {0}", kind=REDUCTION, tight=2, scalar=lambda a, **at: a, attrs=_AXES),
    Op("prod_others", folds.prod_others,
       lambda g, y, a, axis=None: (_others_back(g, a, axis),),
       r"\prod_{{j \ne i}} {0}", kind=REDUCTION, tight=2, scalar=lambda a, **at: 1,
       attrs=("axis",)),
    Op("std", folds.std,
       lambda g, y, a, **at: (
           expand_like(g / (_or_one(y) * _count(a, at)), a, **at)
           * (a - expand_like(mean(a, **at), a, **at)),),
       r"\operatorname{{std}}({0})", kind=REDUCTION, scalar=lambda a, **at: 0 * a, attrs=_AXES),
    Op("norm", folds.norm,
       lambda g, y, a, **at: (expand_like(g, a, **at) * (a / expand_like(_or_one(y), a, **at)),),
       r"\left\|{0}\right\|", kind=REDUCTION, scalar=lambda a, **at: abs(a), attrs=_AXES),
    Op("argmax", np.argmax, None, r"\arg\max {0}", kind=REDUCTION, tight=2,
       scalar=lambda a, **at: 0, attrs=("axis",)),
)  # fmt: skip


def _count(a: Any, at: Mapping[str, Any]) -> Any:
    return size(a, axis=at["axis"]) if at.get("axis") is not None else size(a)


def _among(a: Any, y: Any, at: Mapping[str, Any]) -> Any:
    """The share of each element in an extreme value: ties share it evenly."""
    hit = equal(a, expand_like(y, a, **at))
    return hit / expand_like(total(hit, **at), a, **at)


def _or_one(y: Any) -> Any:
    """y, or 1 where it is 0: what is divided by it is 0 there as well, and so is the slope."""
    return where(equal(y, 0), 1, y)


def _others_back(g: Any, a: Any, axis: Any) -> Any:
    """Differentiate the products of the others: row i holds all but a_i, with 1 in its place."""
    if axis is None:
        flat = reshape(a, shape=(-1,))
        return reshape_like(_others_back(reshape(g, shape=(-1,)), flat, 0), a)
    if not isinstance(axis, int):
        return _others_back_over(g, a, axis)
    row, column = (axis, axis + 1) if axis >= 0 else (axis - 1, axis)
    places = positions(a, axis=axis)
    here = equal(expand_dims(places, axis=column), expand_dims(places, axis=row))
    rows = where(here, 1, expand_dims(a, axis=row))
    spread = expand_dims(g, axis=column)
    return total(spread * where(here, 0, prod_others(rows, axis=column)), axis=row)


def _others_back_over(g: Any, a: Any, axes: tuple[int, ...]) -> Any:
    """Split several axes: the others are those in the line, times the other lines."""
    first, *rest = axes
    if not rest:
        return _others_back(g, a, first)
    line, lines = prod_others(a, axis=first), prod(a, axis=first, keepdims=True)
    others = prod_others(lines, axis=tuple(rest))
    back = _others_back(sum_to(g * line, others), lines, tuple(rest))
    return _others_back(g * others, a, first) + expand_like(back, a) * line


def lse(a: Any, at: Mapping[str, Any]) -> Any:
    """Write logsumexp in simpler operations."""
    top = amax(a, **at)
    return log(total(exp(a - expand_like(top, a, **at)), **at)) + top
