"""Reverse-mode differentiation of a formula: the answer is a formula of the same alphabet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from neurogebra.core.tree import SYMBOL, Node, build, in_order, is_elementwise, number
from neurogebra.errors import BadValue
from neurogebra.ops import ALPHABET
from neurogebra.ops.record import ELEMENTWISE

# A function known by name only ("call:relu"): its derivative is that name with a prime.
CALL = "call:"

Rules: TypeAlias = Mapping[str, Callable[..., tuple[Any, ...]]]


def gradient(root: Node, wrt: Sequence[Node], rules: Rules | None = None) -> list[Node]:
    """Return d root / d leaf for each symbol node of `wrt`, shaped like that leaf.

    rules: derivatives of operations that are not of the alphabet, written as `Op.vjp` is.
    Where `root` is not one number, this is the derivative of the sum of its elements; of an
    elementwise formula that is its derivative element by element. Cost: linear in the graph.
    """
    plain = is_elementwise(root)
    order = [n for n in in_order(root) if _depends(n)]
    needed = _reaching(order, {id(w) for w in wrt})
    grads: dict[int, Node] = {id(root): number(1) if plain or _is_total(root) else _ones(root)}
    for node in reversed(order):
        g = grads.get(id(node))
        if g is None or not node.args or id(node) not in needed:
            continue
        for arg, part in zip(node.args, _cotangents(node, g, rules or {}), strict=True):
            if part is None or id(arg) not in needed:
                continue
            part = part if plain else _summed(part, arg, node)
            old = grads.get(id(arg))
            grads[id(arg)] = part if old is None else old + part
    return [grads.get(id(w), number(0)) for w in wrt]


def leaves(root: Node, name: str) -> list[Node]:
    """Return the nodes of the symbol `name`; a parsed formula has one a name."""
    return [n for n in in_order(root) if n.op == SYMBOL and n.value == name]


def _depends(node: Node) -> bool:
    return bool(node.args) or node.op == SYMBOL


def _reaching(order: Sequence[Node], wrt: set[int]) -> set[int]:
    """Return the ids of the nodes through which a leaf of `wrt` is reached."""
    needed = set(wrt)
    for node in order:
        if any(id(a) in needed for a in node.args):
            needed.add(id(node))
    return needed


def _cotangents(node: Node, g: Node, rules: Rules) -> tuple[Node | None, ...]:
    if node.op.startswith(CALL):
        return tuple(g * Node(f"{node.op}′", node.args) for _ in node.args)
    op = ALPHABET.get(node.op)
    rule = rules.get(node.op) if op is None else op.vjp
    if rule is None:  # flat where it is defined: signs, steps, comparisons, counts
        return (None,) * len(node.args)
    parts = rule(g, node, *node.args, **dict(node.attrs))
    if len(parts) != len(node.args):
        raise BadValue(f"derivative of {node.op}", f"{len(node.args)} cotangents", len(parts))
    return tuple(p if p is None or isinstance(p, Node) else number(p) for p in parts)


def _summed(part: Node, arg: Node, node: Node) -> Node:
    """Undo the broadcasting of `arg`; with nothing to broadcast against, nothing is undone."""
    op = ALPHABET.get(node.op)
    if op is None or op.kind != ELEMENTWISE:
        return part
    if all(a is arg or a.op == "number" for a in node.args):
        return part
    return build("sum_to", (part, arg), {})


def _is_total(root: Node) -> bool:
    return root.op in ("sum", "mean", "var", "amax", "amin", "logsumexp", "dot") and not root.attrs


def _ones(root: Node) -> Node:
    return build("expand_like", (number(1), root), {})
