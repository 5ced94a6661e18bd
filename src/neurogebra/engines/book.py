"""The formulas of the book as engines run them: the stable text, parsed once, parameters filled."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from neurogebra.core.parse import parse
from neurogebra.core.tree import Node, build, in_order, substitute, symbol
from neurogebra.errors import BadValue
from neurogebra.losses import LOSSES, Loss
from neurogebra.losses.record import BINARY, SMOOTHING
from neurogebra.repository import FORMULAS

Options = tuple[tuple[str, float], ...]
NO_MEAN = "its value is not a mean of terms, so that rows cannot count more or less"


@lru_cache(maxsize=512)
def tree(name: str, options: Options = ()) -> tuple[Node, tuple[str, ...]]:
    """Return the tree of a formula and its inputs; options: parameters not at their defaults."""
    formula = FORMULAS[name]
    found = parse(formula.stable or formula.expr)
    return substitute(found, {**dict(formula.params), **dict(options)}), tuple(formula.inputs)


def evaluate(root: Node, values: dict[str, Any], call: Callable[..., Any]) -> Any:
    """Evaluate a tree with call(op, *args, **attrs) on whatever `values` holds."""
    made: dict[int, Any] = {}
    for node in _order(root):
        if node.args:
            args = (made[id(a)] for a in node.args)
            made[id(node)] = call(node.op, *args, **dict(node.attrs))
        else:
            made[id(node)] = values[node.value] if node.is_symbol else node.value
    return made[id(root)]


@lru_cache(maxsize=512)
def _order(root: Node) -> list[Node]:
    return in_order(root)


def loss_formula(
    loss: str, activation: str, options: Options = (), *, weighted: bool = False
) -> tuple[Node, bool]:
    """Return a loss's tree in y and y_pred, and whether y_pred is the value before `activation`.

    options: the loss's parameters that are not at their defaults; weighted: the tree also reads
    w, a factor for each term of the mean, which is divided by how many terms there are.
    """
    row = LOSSES[loss]
    fused = dict(row.fused).get(activation)
    return _loss_tree(fused or row.formula, row.name, tuple(options), weighted), fused is not None


@lru_cache(maxsize=256)
def _loss_tree(formula: str, loss: str, options: Options, weighted: bool) -> Node:
    given = dict(options)
    smoothing = given.pop(SMOOTHING, 0.0)
    # Without options it is the very tree of the formula, by which engines know what is faster.
    root = tree(formula, tuple(given.items()))[0] if given else tree(formula)[0]
    if smoothing:
        root = substitute(root, {"y": _smoothed(symbol("y"), smoothing, LOSSES[loss].target)})
    return _with_weights(root, LOSSES[loss]) if weighted else root


def _smoothed(y: Node, share: float, target: str) -> Node:
    """Return y with `share` of it dealt evenly among the classes, yes and no being two."""
    classes = 2 if target == BINARY else build("size", (y,), {"axis": -1})
    return (1 - share) * y + share / classes


def _with_weights(root: Node, loss: Loss) -> Node:
    """Return a tree whose means over terms, mean(e), are mean(w * e): it is linear in them."""
    means = [n for n in in_order(root) if n.op == "mean" and not n.attrs]
    if not loss.over or not means:
        raise BadValue("weights", "a loss that is a mean over rows", loss.name, NO_MEAN)
    made: dict[int, Node] = {}
    for node in in_order(root):
        args = tuple(made[id(a)] for a in node.args)
        args = (symbol("w") * args[0],) if node in means else args
        made[id(node)] = build(node.op, args, dict(node.attrs)) if args else node
    return made[id(root)]
