"""The formulas of the book as engines run them: the stable text, parsed once, parameters filled."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from neurogebra.core.parse import parse
from neurogebra.core.tree import Node, in_order, substitute
from neurogebra.losses import LOSSES
from neurogebra.repository import FORMULAS


@lru_cache(maxsize=256)
def tree(name: str) -> tuple[Node, tuple[str, ...]]:
    """Return the tree of a formula with its parameters at their defaults, and its inputs."""
    formula = FORMULAS[name]
    found = parse(formula.stable or formula.expr)
    return substitute(found, dict(formula.params)), tuple(formula.inputs)


def evaluate(root: Node, values: dict[str, Any], call: Callable[..., Any]) -> Any:
    """Evaluate a tree with call(op, *args, **attrs) on whatever `values` holds."""
    made: dict[int, Any] = {}
    for node in in_order(root):
        if node.args:
            args = (made[id(a)] for a in node.args)
            made[id(node)] = call(node.op, *args, **dict(node.attrs))
        else:
            made[id(node)] = values[node.value] if node.is_symbol else node.value
    return made[id(root)]


def loss_formula(loss: str, activation: str) -> tuple[Node, bool]:
    """Return a loss's tree in y and y_pred, and whether y_pred is the value before `activation`."""
    row = LOSSES[loss]
    fused = dict(row.fused).get(activation)
    return tree(fused or row.formula)[0], fused is not None
