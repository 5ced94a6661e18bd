"""What tidying by arrays works with: shapes, and operations rebuilt with scalars in front."""

from __future__ import annotations

from dataclasses import dataclass, field

from neurogebra.core.array_sample import Sample, Shape
from neurogebra.core.array_terms import Terms
from neurogebra.core.expression_terms import ONE, Term, is_zero, term_of, times
from neurogebra.core.tree import NUMBER, SYMBOL, Node, build, number
from neurogebra.ops import ALPHABET
from neurogebra.ops.record import ELEMENTWISE

_LINEAR_IN_FIRST = (
    *("trace", "diag", "diagonal", "tril", "cumsum", "flip", "slice", "reshape", "permute"),
    *("squeeze", "expand_dims", "pad", "windows", "take", "take_along", "flatten", "put_along"),
    *("transpose", "reshape_like", "take_back", "slice_back", "part_like", "part_back"),
    *("unwindow", "diagonal_back", "columns", "singular_back", "eigen_back"),
)
# In which of its arguments an operation is linear, so that a scalar may stand before it.
_LINEAR: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(("matmul", "dot", "outer", "matmul_left", "matmul_right"), (0, 1)),
    **dict.fromkeys(("conv2d", "conv2d_left", "conv2d_right"), (0, 1)),
    "solve": (1,),
    "cofactor_slope": (0,),
    **dict.fromkeys(_LINEAR_IN_FIRST, (0,)),
}
# Which arguments give nothing but a shape.
LIKE: dict[str, int] = {
    **dict.fromkeys(("expand_like", "sum_to", "reshape_like", "columns", "slice_back"), 1),
    **dict.fromkeys(("part_like", "part_back", "unwindow", "diagonal_back"), 1),
    **dict.fromkeys(("matmul_left", "matmul_right", "put_along", "take_back"), 2),
    "eye_like": 0,
}
# Whose values have the shape of the first argument.
_SHAPED = ("softmax", "log_softmax", "cumsum", "tril", "sort", "flip", "inverse", "cofactor")


@dataclass
class Desk:
    """What one tidying knows: shapes, products and sums, and what each node became."""

    sample: Sample
    terms: Terms
    made: dict[int, Node] = field(default_factory=dict)

    def shape(self, node: Node) -> Shape:
        return self.sample.shape(node)


def linear(desk: Desk, node: Node, args: tuple[Node, ...]) -> Node:
    """Rebuild an operation on whole arrays, scalars taken out of what it is linear in."""
    outer = Term(ONE, {})
    new = list(args)
    for i in range(len(args)):
        if LIKE.get(node.op) == i:
            new[i] = bearer(desk, node.args[i])
        elif i in _LINEAR.get(node.op, ()):
            scalars, rest = desk.terms.split(args[i])
            if is_zero(rest):
                return number(0)
            outer, new[i] = times(outer, scalars), full(desk, rest, node.args[i])
        else:
            new[i] = full(desk, args[i], node.args[i])
    made = simplified(desk, build(node.op, tuple(new), dict(node.attrs)))
    return desk.terms.product(times(outer, term_of(desk.terms.forms, made)))


def full(desk: Desk, new: Node, old: Node) -> Node:
    """Give a tidy part the axes back that it lost."""
    shape = desk.shape(old)
    if desk.shape(new) == shape:
        return new
    scalars, rest = desk.terms.split(new)
    spread = build("expand_like", (rest, bearer(desk, old)), {})
    return desk.terms.product(times(scalars, Term(ONE, {desk.terms.forms.number(spread): 1})))


def bearer(desk: Desk, node: Node) -> Node:
    """Return the simplest part that has the shape of a formula, for the same reason as it."""
    shape = desk.shape(node)
    queue, seen = [node], {id(node)}
    for at in queue:
        if at.op == SYMBOL:
            return at
        op = ALPHABET.get(at.op)
        if op is None or op.kind == ELEMENTWISE:
            within = at.args
        elif at.op in LIKE:
            within = at.args[LIKE[at.op] :]
        elif at.op in _SHAPED:
            within = at.args[:1]
        else:
            continue
        fresh = [a for a in within if id(a) not in seen and desk.shape(a) == shape]
        seen.update(id(a) for a in fresh)
        queue.extend(fresh)
    return node


def simplified(desk: Desk, node: Node) -> Node:
    """Write a product with the identity, and transposes of products, as one would."""
    op, args = node.op, node.args
    if op == "matmul" and "eye_like" in (args[0].op, args[1].op):
        other = args[1] if args[0].op == "eye_like" else args[0]
        return other if desk.shape(other) == desk.shape(node) else node
    if op == "transpose" and args[0].op == "eye_like":
        return args[0]
    if op == "transpose" and args[0].op == "matmul":
        a, b = args[0].args
        if len(desk.shape(a)) >= 2 <= len(desk.shape(b)):
            left, right = (simplified(desk, build("transpose", (x,), {})) for x in (b, a))
            return build("matmul", (left, right), {})
    if op == "matmul" and args[0].op == "columns" and args[1].op == "transpose":
        (inner,) = args[1].args
        if inner.op == "columns":
            return build("outer", (args[0].args[0], inner.args[0]), {})
    if op == "diagonal_back" and args[0].op == "expand_like" and args[0].args[0].op == NUMBER:
        ones = build("eye_like", (args[1],), {})
        return args[0].args[0] * ones if desk.shape(ones) == desk.shape(node) else node
    if op == "reshape_like" and args[0].op == "columns":
        return args[0].args[0]
    if op == "transpose" and args[0].op == "outer":
        return build("outer", args[0].args[::-1], {})
    return node
