"""Shapes that follow from the form of a formula: a total is one number, whatever its inputs are."""

from __future__ import annotations

from neurogebra.core.tree import NUMBER, Node, build, in_order
from neurogebra.ops import ALPHABET
from neurogebra.ops.record import ELEMENTWISE, REDUCTION


def totals(root: Node) -> set[int]:
    """Return the ids of the nodes that are one number, whatever shapes the inputs have."""
    found: set[int] = set()
    for node in in_order(root):
        if node.op == NUMBER or _is_total(node) or _joins_totals(node, found):
            found.add(id(node))
    return found


def _is_total(node: Node) -> bool:
    op = ALPHABET.get(node.op)
    if op is None:
        return False
    return (op.kind == REDUCTION and not node.attrs) or node.op in ("size", "dot")


def _joins_totals(node: Node, found: set[int]) -> bool:
    op = ALPHABET.get(node.op)
    if not node.args or op is None:
        return False
    if op.kind == ELEMENTWISE:
        return all(id(a) in found for a in node.args)
    return node.op in ("sum_to", "expand_like", "reshape_like") and id(node.args[1]) in found


def tidy(root: Node) -> Node:
    """Return the formula without the spreading and summing that provably does nothing."""
    known = totals(root)
    made: dict[int, Node] = {}
    for node in in_order(root):
        args = tuple(made[id(a)] for a in node.args)
        if node.op in ("expand_like", "sum_to") and {id(a) for a in node.args} <= known:
            made[id(node)] = args[0]
        elif all(a is b for a, b in zip(args, node.args, strict=True)):
            made[id(node)] = node
        else:
            made[id(node)] = build(node.op, args, dict(node.attrs))
    return made[id(root)]


