"""Shapes as far as a formula says them, when its inputs have one shape."""

from __future__ import annotations

from collections.abc import Collection

from neurogebra.core.expression_forms import Forms
from neurogebra.core.tree import NUMBER, SYMBOL, Node, in_order
from neurogebra.ops import ALPHABET
from neurogebra.ops.record import ELEMENTWISE, REDUCTION

# A shape is a set of marks: none for one number, INPUT for an input's, the number of its form
# for whatever else decides its own shape.
Shape = frozenset[int]
INPUT = -1
_ONE: Shape = frozenset()
_GIVEN = ("sum_to", "expand_like", "reshape_like")


class Shapes:
    """The shapes of nodes: inputs have one, or that of what they are joined with; `scalars` none.

    It remembers every node that it was asked about, and what that node is made of.
    """

    def __init__(self, scalars: Collection[str], forms: Forms) -> None:
        self._scalars, self._forms = scalars, forms
        self._known: dict[int, Shape] = {}
        self._alive: list[Node] = []
        # A reduction that keeps its axes fits into its argument.
        self._within: dict[int, Shape] = {}

    def of(self, root: Node) -> Shape:
        """Return the shape of a formula."""
        if id(root) in self._known:
            return self._known[id(root)]
        for node in in_order(root, known=self._known):
            self._known[id(node)] = self._shape(node, [self._known[id(a)] for a in node.args])
            self._alive.append(node)
        return self._known[id(root)]

    def _shape(self, node: Node, args: list[Shape]) -> Shape:
        op = ALPHABET.get(node.op)
        if node.op == NUMBER or (node.op == SYMBOL and node.value in self._scalars):
            return _ONE
        if node.op == SYMBOL:
            return frozenset({INPUT})
        if node.op in _GIVEN:
            return args[1]
        if op is not None and op.kind == ELEMENTWISE:
            return self._union(args)
        total = op is not None and op.kind == REDUCTION and not node.attrs
        if total or node.op in ("size", "dot"):
            return _ONE
        if node.op in ("softmax", "log_softmax"):
            return args[0]
        mark = self._forms.number(node)
        if dict(node.attrs).get("keepdims"):
            self._within[mark] = args[0]
        return frozenset({mark})

    def _union(self, args: list[Shape]) -> Shape:
        within = self._within
        marks: Shape = frozenset().union(*args)
        marks -= {m for m in marks if m in within and within[m] <= marks - {m}}
        others = marks - {INPUT}
        return others if any(m not in within for m in others) else marks
