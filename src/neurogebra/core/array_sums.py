"""Sums over axes as one would write them: what is constant in front, products with vectors."""

from __future__ import annotations

from neurogebra.core.array_desk import Desk, bearer, simplified
from neurogebra.core.array_sample import Shape
from neurogebra.core.expression_terms import ONE, Term, term_of, times
from neurogebra.core.tree import Node, build, number


def over_axes(
    desk: Desk, op: str, part: Node, old: Node, shape: Shape, axes: list[int], keep: bool
) -> Node:
    """Sum or average over axes; what is constant along them stands before the sum."""
    rank, forms = len(shape), desk.terms.forms
    fixed, moving = desk.terms.parted(part, lambda s: _is_fixed(s, rank, axes, keep))
    if moving == Term(ONE, {}) or not axes:
        count = Term(ONE, {})
        if op == "sum" and axes:
            count = term_of(forms, _counted(desk, old, shape, axes))
        return desk.terms.product(times(times(fixed, moving), count))
    found = _matrix_times_vector(desk, moving, shape, axes) if op == "sum" and not keep else None
    if found is not None:
        return desk.terms.product(times(fixed, term_of(forms, found)))
    rest = desk.terms.product(moving)
    if op == "sum":
        found = _known_sum(desk, rest, shape, axes)
        if found is not None:
            return desk.terms.product(times(fixed, term_of(forms, found)))
    have = desk.shape(rest)
    whole = len(axes) == rank
    lacks = any(a - rank < -len(have) or have[a - rank] != shape[a] for a in axes)
    if lacks or (whole and have != shape):
        like = bearer(desk, old) if desk.shape(old) == shape else old
        rest = build("expand_like", (rest, like), {})
    if whole and not keep:
        found = build(op, (rest,), {})
    else:
        found = rest
        for a in axes:
            found = build(op, (found,), {"axis": a - rank, **({"keepdims": True} if keep else {})})
    return desk.terms.product(times(fixed, term_of(forms, found)))


def _matrix_times_vector(desk: Desk, term: Term, shape: Shape, axes: list[int]) -> Node | None:
    """Write the sum over one axis of a matrix times a vector along it as their product."""
    if len(shape) != 2 or len(axes) != 1:
        return None
    forms = desk.terms.forms
    rows, columns, rest = Term(ONE, {}), Term(ONE, {}), Term(ONE, {})
    for base, exponent in term.powers.items():
        node = forms.node(base)
        if desk.shape(node) == shape[1:]:
            rows = times(rows, Term(ONE, {base: exponent}))
        elif _is_column(desk, node, shape):
            columns = times(columns, Term(ONE, {forms.number(node.args[0]): exponent}))
        else:
            rest = times(rest, Term(ONE, {base: exponent}))
    along, across = (rows, columns) if axes == [1] else (columns, rows)
    if not along.powers:
        return None
    vector = desk.terms.product(along)
    if not rest.powers:
        return desk.terms.product(times(across, term_of(forms, build("sum", (vector,), {}))))
    matrix = desk.terms.product(rest)
    if desk.shape(matrix) != shape:
        return None
    if axes == [0]:
        matrix = simplified(desk, build("transpose", (matrix,), {}))
    found = build("matmul", (matrix, vector), {})
    return desk.terms.product(times(across, Term(ONE, {forms.number(found): 1})))


def _is_column(desk: Desk, node: Node, shape: Shape) -> bool:
    """Say whether a part is a vector that stands in every column."""
    if node.op == "expand_like":
        last = dict(node.attrs).get("axis") in (-1, 1) and not dict(node.attrs).get("keepdims")
        return last and desk.shape(node) == shape
    return node.op == "expand_dims" and desk.shape(node) == (shape[0], 1)


def _known_sum(desk: Desk, node: Node, shape: Shape, axes: list[int]) -> Node | None:
    """Return what a sum is known to be: of deviations from a mean 0, of a softmax 1."""
    if node.op == "softmax" and desk.shape(node) == shape:
        along = dict(node.attrs).get("axis", -1) % len(shape)
        return number(1) if axes == [along] else None
    if node.op == "mul" and len(axes) == len(shape) == 2 and desk.shape(node) == shape:
        identity, other = node.args if node.args[0].op == "eye_like" else node.args[::-1]
        if identity.op == "eye_like" and desk.shape(other) == shape:
            return build("trace", (other,), {})
    if node.op != "sub" or node.args[1].op != "mean":
        return None
    mean = node.args[1]
    axis = dict(mean.attrs).get("axis")
    over = list(range(len(shape))) if axis is None else [axis % len(shape)]
    forms = desk.terms.forms
    same = forms.number(mean.args[0]) == forms.number(node.args[0])
    return number(0) if same and over == axes and desk.shape(node.args[0]) == shape else None


def _is_fixed(shape: Shape, rank: int, axes: list[int], keep: bool) -> bool:
    for a in axes:
        at = a - (rank - len(shape))
        if at >= 0 and not (keep and shape[at] == 1):
            return False
    return True


def _counted(desk: Desk, old: Node, shape: Shape, axes: list[int]) -> Node:
    named = desk.sample.count(tuple(shape[a] for a in axes))
    if named is not None:
        return named
    like, rank = bearer(desk, old), len(shape)
    if len(axes) == rank:
        return build("size", (like,), {})
    found = number(1)
    for a in axes:
        found = found * build("size", (like,), {"axis": a - rank})
    return found


def fitted(desk: Desk, part: Node, have: Shape, old: Node, like: Node) -> Node:
    """Sum a part of shape `have` over the axes along which `like` was spread."""
    want = desk.shape(like)
    lead = len(have) - len(want)
    if lead < 0 or have == want:
        return part
    kept = [lead + i for i, n in enumerate(want) if n == 1 and have[lead + i] != 1]
    if kept:
        part = over_axes(desk, "sum", part, old, have, kept, True)
        have = tuple(1 if i in kept else n for i, n in enumerate(have))
    return over_axes(desk, "sum", part, old, have, list(range(lead)), False) if lead else part
