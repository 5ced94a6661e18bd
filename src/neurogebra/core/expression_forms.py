"""Formulas by their form: equal formulas have one number, whoever made them."""

from __future__ import annotations

from typing import Any

from neurogebra.core.tree import Node, in_order


class Forms:
    """Numbers nodes by form, and keeps them alive: an id that is freed may come back."""

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        self._known: dict[Any, int] = {}
        self._nodes: list[Node] = []
        self._alive: list[Node] = []
        # What was read of a node, what was written for a term, and the products of two nodes;
        # the nodes are kept with what was found.
        self.read: dict[int, tuple[Node, Any]] = {}
        self.written: dict[Any, Node] = {}
        self.joined: dict[tuple[int, int], tuple[Node, Node, Node]] = {}

    def number(self, root: Node) -> int:
        """Return the number of a formula's form."""
        if id(root) in self._numbers:
            return self._numbers[id(root)]
        for node in in_order(root, known=self._numbers):
            key = (
                node.op,
                tuple(self._numbers[id(a)] for a in node.args),
                node.attrs,
                type(node.value),
                repr(node.value),
            )
            if key not in self._known:
                self._known[key] = len(self._nodes)
                self._nodes.append(node)
            self._numbers[id(node)] = self._known[key]
            self._alive.append(node)
        return self._numbers[id(root)]

    def node(self, number: int) -> Node:
        """Return the first formula that had this form."""
        return self._nodes[number]
