"""A derivative by arrays as one would write it: scalars in front, transposes, sums that sum.

What is tidied here is shown; what runs is the derivative as it was made. Every rule keeps the
value for arrays of the example's shapes; a part may lose axes along which it is constant, and
gets them back where an operation is not elementwise.
"""

from __future__ import annotations

from collections.abc import Callable

from neurogebra.core.array_desk import Desk, bearer, full, linear
from neurogebra.core.array_sample import Sample
from neurogebra.core.array_sums import fitted, over_axes
from neurogebra.core.array_terms import Terms
from neurogebra.core.expression_terms import is_zero, term_of, times
from neurogebra.core.tree import NUMBER, Node, build, in_order
from neurogebra.ops import ALPHABET
from neurogebra.ops.record import ELEMENTWISE, LINEAR, REDUCTION

_SPREADING = ("size", "sum_to", "expand_like")
_ROWWISE = ("softmax", "log_softmax", "cumsum", "prod_others", "sort", "argsort")


def kind_of(root: Node) -> str:
    """Return whether a formula is elementwise, has reductions, or matrices (linear)."""
    found = ELEMENTWISE
    for node in in_order(root):
        op = ALPHABET.get(node.op) if node.args else None
        if op is None or op.kind == ELEMENTWISE or op.name in _SPREADING:
            continue
        if op.kind != REDUCTION and op.name not in _ROWWISE:
            return LINEAR
        found = REDUCTION
    return found


def tidy_arrays(root: Node, sample: Sample) -> Node:
    """Return the formula as one would write it, of the same value at the shapes of `sample`."""
    desk = Desk(sample, Terms(sample))
    for node in in_order(root):
        desk.made[id(node)] = _tidied(desk, node) if node.args else node
    return full(desk, desk.made[id(root)], root)


def _tidied(desk: Desk, node: Node) -> Node:
    args = tuple(desk.made[id(a)] for a in node.args)
    rule = _RULES.get(node.op)
    found = rule(desk, node, args) if rule else None
    if found is not None:
        return found
    op = ALPHABET.get(node.op)
    if op is None or op.kind == ELEMENTWISE:
        return desk.terms.joined(node, args)
    return linear(desk, node, args)


def _expanded(desk: Desk, node: Node, args: tuple[Node, ...]) -> Node | None:
    """Leave a spreading to broadcasting where that does it."""
    attrs = dict(node.attrs)
    axis, rank = attrs.get("axis"), len(desk.shape(node.args[1]))
    if desk.shape(args[0]) == () or axis is None or attrs.get("keepdims") or axis in (0, -rank):
        return args[0]
    scalars, rest = desk.terms.split(args[0])
    rest = full(desk, rest, node.args[0])
    spread = build("expand_like", (rest, bearer(desk, node.args[1])), attrs)
    return desk.terms.product(times(scalars, term_of(desk.terms.forms, spread)))


def _summed_to(desk: Desk, node: Node, args: tuple[Node, ...]) -> Node:
    return fitted(desk, args[0], desk.shape(node.args[0]), node.args[0], node.args[1])


def _reduced(desk: Desk, node: Node, args: tuple[Node, ...]) -> Node:
    attrs, shape = dict(node.attrs), desk.shape(node.args[0])
    axis = attrs.get("axis")
    axes = list(range(len(shape))) if axis is None else [axis % len(shape)] if shape else []
    keep = bool(attrs.get("keepdims"))
    return over_axes(desk, node.op, args[0], node.args[0], shape, axes, keep)


def _size(desk: Desk, node: Node, args: tuple[Node, ...]) -> Node:
    shape = desk.shape(node.args[0])
    axis = dict(node.attrs).get("axis")
    named = desk.sample.count(shape if axis is None else (shape[axis],))
    if named is not None:
        return named
    attrs = {} if axis is None or len(shape) == 1 else {"axis": axis % len(shape) - len(shape)}
    return build("size", (bearer(desk, node.args[0]),), attrs)


def _times_left(desk: Desk, node: Node, args: tuple[Node, ...]) -> Node | None:
    """Write g bᵀ, what the left factor of a b gets, by what the factors are."""
    g, b, a = node.args
    ranks = len(desk.shape(a)), len(desk.shape(b))
    if ranks == (1, 1):
        return desk.terms.joined(Node("mul", (g, b)), args[:2])
    if ranks == (1, 2):
        return linear(desk, build("matmul", (b, g), {}), (args[1], args[0]))
    if ranks == (2, 1):
        return _outer(desk, node, (g, b), args[:2])
    if min(ranks) < 2:
        return None
    turned = Node("transpose", (b,))
    desk.made[id(turned)] = _transposed(desk, turned, (args[1],))
    product = build("matmul", (g, turned), {})
    found = linear(desk, product, (args[0], desk.made[id(turned)]))
    return fitted(desk, found, desk.shape(product), product, a)


def _times_right(desk: Desk, node: Node, args: tuple[Node, ...]) -> Node | None:
    """Write aᵀ g, what the right factor of a b gets, by what the factors are."""
    a, g, b = node.args
    ranks = len(desk.shape(a)), len(desk.shape(b))
    if ranks == (1, 1):
        return desk.terms.joined(Node("mul", (g, a)), (args[1], args[0]))
    if ranks == (1, 2):
        return _outer(desk, node, (a, g), args[:2])
    if min(ranks) < 2 and ranks != (2, 1):
        return None
    turned = Node("transpose", (a,))
    desk.made[id(turned)] = _transposed(desk, turned, (args[0],))
    product = build("matmul", (turned, g), {})
    found = linear(desk, product, (desk.made[id(turned)], args[1]))
    return fitted(desk, found, desk.shape(product), product, b)


def _outer(desk: Desk, node: Node, old: tuple[Node, Node], args: tuple[Node, ...]) -> Node | None:
    if "outer" not in ALPHABET:
        return None
    return linear(desk, build("outer", old, {}), args)


def _transposed(desk: Desk, node: Node, args: tuple[Node, ...]) -> Node:
    if len(desk.shape(node.args[0])) < 2 or desk.shape(args[0]) == ():
        return args[0]
    return linear(desk, node, args)


def _reshaped(desk: Desk, node: Node, args: tuple[Node, ...]) -> Node | None:
    same = desk.shape(node.args[0]) == desk.shape(node.args[1])
    return args[0] if same or desk.shape(args[0]) == () else None


def _new_axis(desk: Desk, node: Node, args: tuple[Node, ...]) -> Node | None:
    """Leave a new first axis to broadcasting."""
    rank = len(desk.shape(node))
    return args[0] if not desk.shape(args[0]) or dict(node.attrs)["axis"] % rank == 0 else None


def _column(desk: Desk, node: Node, args: tuple[Node, ...]) -> Node | None:
    """Leave a matrix as it is: only a vector is made a column."""
    return args[0] if len(desk.shape(node.args[1])) != 1 else None


def _solved(desk: Desk, node: Node, args: tuple[Node, ...]) -> Node | None:
    """Write the solution for a column as the column of the solution."""
    if node.args[1].op != "columns" or len(desk.shape(node.args[1].args[1])) != 1:
        return None
    old = node.args[1].args[0]
    scalars, column = desk.terms.split(args[1])
    if column.op != "columns":
        return None
    found = linear(desk, build("solve", (node.args[0], old), {}), (args[0], column.args[0]))
    more, inner = desk.terms.split(found)
    made = build("columns", (inner, column.args[1]), {})
    return desk.terms.product(times(times(scalars, more), term_of(desk.terms.forms, made)))


def _chosen(desk: Desk, node: Node, args: tuple[Node, ...]) -> Node | None:
    """Leave out that a length of 0 is divided by as if it were 1."""
    test, at_zero, other = args
    length = test.args[0] if test.op == "equal" and is_zero(test.args[1]) else None
    if length is None or _stripped(length).op not in ("norm", "std"):
        return None
    return other if at_zero.op == NUMBER and at_zero.value in (0, 1) else None


def _stripped(node: Node) -> Node:
    return node.args[0] if node.op == "expand_like" else node


def _exponential(desk: Desk, node: Node, args: tuple[Node, ...]) -> Node | None:
    """Write e^(z − ln Σ e^z) as what it is, a softmax."""
    (at,) = args
    if at.op == "log_softmax":
        return build("softmax", at.args, dict(at.attrs))
    if at.op == "log":
        return at.args[0]
    found = desk.terms.without(at, lambda n: _total(n) is not None)
    if found is None:
        return None
    rest, taken = found
    total = _total(taken)
    if total is None or desk.terms.forms.number(rest) != desk.terms.forms.number(total.args[0]):
        return None
    rank = len(desk.shape(rest))
    axis = dict(total.attrs).get("axis", -1 if rank == 1 else None)
    return None if axis is None else build("softmax", (rest,), {"axis": axis - rank * (axis >= 0)})


def _total(node: Node) -> Node | None:
    at = node.args[0] if node.op == "expand_like" else node
    return at if at.op == "logsumexp" else None


Rule = Callable[[Desk, Node, tuple[Node, ...]], Node | None]
_RULES: dict[str, Rule] = {
    "expand_like": _expanded,
    "sum_to": _summed_to,
    "sum": _reduced,
    "mean": _reduced,
    "size": _size,
    "matmul_left": _times_left,
    "matmul_right": _times_right,
    "transpose": _transposed,
    "reshape_like": _reshaped,
    "exp": _exponential,
    "expand_dims": _new_axis,
    "columns": _column,
    "solve": _solved,
    "where": _chosen,
}
