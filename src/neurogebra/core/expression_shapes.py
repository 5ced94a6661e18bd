"""Which spreading and summing in a derivative does nothing, when inputs have one shape."""

from __future__ import annotations

from collections.abc import Collection

from neurogebra.core.expression_forms import Forms
from neurogebra.core.tree import NUMBER, SYMBOL, Node, in_order
from neurogebra.ops import ALPHABET
from neurogebra.ops.record import ELEMENTWISE, LINEAR, REDUCTION

# A shape is a set of marks: none for one number, INPUT for an input's, the number of its form
# for whatever else decides its own shape.
Shape = frozenset[int]
INPUT = -1
_ONE: Shape = frozenset()
_GIVEN = ("sum_to", "expand_like", "reshape_like")


def idle(root: Node, scalars: Collection[str], forms: Forms) -> set[int]:
    """Return the ids of sum_to and expand_like nodes that may be left out of what is shown.

    Inputs are taken to have one shape, or that of the matrix product they are joined with, and
    `scalars` none.
    """
    shapes: dict[int, Shape] = {}
    within: dict[int, Shape] = {}  # a reduction that keeps its axes fits into its argument
    found: set[int] = set()
    for node in in_order(root):
        args = [shapes[id(a)] for a in node.args]
        shapes[id(node)] = _shape(node, args, scalars, forms, within)
        if node.op == "expand_like" or (node.op == "sum_to" and args[0] <= args[1]):
            found.add(id(node))
        if ALPHABET.get(node.op) is not None and ALPHABET[node.op].kind == LINEAR:
            # a matrix of ones is not the number 1
            found -= {id(a) for a in node.args if a.op == "expand_like"}
    return found


def _shape(
    node: Node, args: list[Shape], scalars: Collection[str], forms: Forms, within: dict[int, Shape]
) -> Shape:
    op = ALPHABET.get(node.op)
    if node.op == NUMBER or (node.op == SYMBOL and node.value in scalars):
        return _ONE
    if node.op == SYMBOL:
        return frozenset({INPUT})
    if node.op in _GIVEN:
        return args[1]
    if op is not None and op.kind == ELEMENTWISE:
        return _union(args, within)
    if (op is not None and op.kind == REDUCTION and not node.attrs) or node.op in ("size", "dot"):
        return _ONE
    if node.op in ("softmax", "log_softmax"):
        return args[0]
    mark = forms.number(node)
    if dict(node.attrs).get("keepdims"):
        within[mark] = args[0]
    return frozenset({mark})


def _union(args: list[Shape], within: dict[int, Shape]) -> Shape:
    marks = frozenset().union(*args)
    marks -= {m for m in marks if m in within and within[m] <= marks - {m}}
    return marks - {INPUT} if any(m not in within for m in marks - {INPUT}) else marks
