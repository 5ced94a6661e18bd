"""A formula computed eagerly with all its parts and slopes kept: what a trace is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurogebra.core.differentiate import gradient
from neurogebra.core.latex_unicode import unicode
from neurogebra.core.tree import Node, build, in_order, number, symbol
from neurogebra.engines import book
from neurogebra.engines.recorder import UNIFORM
from neurogebra.ops import ALPHABET, apply
from neurogebra.ops.record import ELEMENTWISE, REDUCTION


@dataclass(frozen=True, eq=False)
class Tape:
    """The parts of a formula in order, their numbers, and d root / d part, by id.

    users: a part's id → the parts that read it, each with the place among their arguments.
    """

    root: Node
    order: tuple[Node, ...]
    values: Mapping[int, Any]
    slopes: Mapping[int, np.ndarray]
    users: Mapping[int, tuple[tuple[Node, int], ...]]

    def rule(self, node: Node, names: Mapping[int, str]) -> str:
        """Write the chain rule for a part's slope in the slopes (δ) of what it went into."""
        if id(node) not in self.slopes:
            return ""
        if node is self.root:
            return "1"
        parts = []
        for user, place in self.users[id(node)]:
            if id(user) in self.slopes:
                part = cotangent(user, place, names)
                if part is not None:
                    parts.append(self._written(part, user, node))
        return " + ".join(parts) or "0"

    def _written(self, part: Node, user: Node, node: Node) -> str:
        """Write a cotangent; a sum sign stands where broadcasting is undone."""
        text = unicode(part)
        wide, narrow = np.shape(self.values[id(user)]), np.shape(self.values[id(node)])
        spread = ALPHABET[user.op].kind == ELEMENTWISE and wide != narrow
        return f"Σ({text})" if spread else text

    def formula(self, node: Node, names: Mapping[int, str]) -> str:
        """Write a part in the names of what it was computed from."""
        attrs = dict(node.attrs)
        if attrs.get("axis") == -1 and ALPHABET[node.op].kind == REDUCTION:
            # Numbered from the front, for the page leaves out a last axis.
            attrs["axis"] = np.ndim(self.values[id(node.args[0])]) - 1
        return unicode(Node(node.op, _named(node.args, names), tuple(sorted(attrs.items()))))

    def local(self, user: Node, place: int, index: tuple[int, ...]) -> np.ndarray:
        """Return ∂ user / ∂ element `index` of its argument at `place`, in the user's shape.

        A cotangent is linear in the slope that it is made of; its derivative by that slope is
        the answer, exactly.
        """
        arg = user.args[place]
        g = symbol("g")
        leaves = [a if a.is_number else symbol(f"a{i}") for i, a in enumerate(user.args)]
        vjp: Any = ALPHABET[user.op].vjp
        parts = vjp(g, symbol("out"), *leaves, **dict(user.attrs))
        part = parts[place] if isinstance(parts[place], Node) else number(parts[place])
        shape = np.shape(self.values[id(arg)])
        if ALPHABET[user.op].kind == ELEMENTWISE:
            part = build("sum_to", (part, leaves[place]), {})
        one = np.zeros(shape)
        one[index] = 1.0
        through = build("sum", (part * symbol("one"),), {})
        found = gradient(through, [g])[0]
        out = self.values[id(user)]
        given = {"g": np.ones_like(out), "out": out, "one": one}
        given |= {f"a{i}": self.values[id(a)] for i, a in enumerate(user.args)}
        value = book.evaluate(found, given, lambda op, *args, **attrs: apply(op, args, attrs))
        return np.broadcast_to(value, np.shape(out))


def cotangent(user: Node, place: int, names: Mapping[int, str]) -> Node | None:
    """Return what `user` hands back to its argument at `place`, in names; None for nothing."""
    op = ALPHABET.get(user.op)
    if op is None or op.vjp is None:
        return None
    back, out = symbol(f"δ{names[id(user)]}"), symbol(names[id(user)])
    part = op.vjp(back, out, *_named(user.args, names), **dict(user.attrs))[place]
    return part if part is None or isinstance(part, Node) else number(part)


def record(
    root: Node, others: tuple[Node, ...], given: Mapping[str, Any], rng: np.random.Generator
) -> Tape:
    """Compute a formula, and formulas beside it, on arrays; then its slopes from the end back.

    root: one number; given: symbol → array. Draws come from rng in the order of the formula.
    """
    order = tuple(in_order(*others, root))
    values: dict[int, Any] = {}
    users: dict[int, list[tuple[Node, int]]] = {}
    with np.errstate(all="ignore"):
        for node in order:
            for place, arg in enumerate(node.args):
                users.setdefault(id(arg), []).append((node, place))
            if node.op == UNIFORM:
                values[id(node)] = rng.random(np.shape(values[id(node.args[0])]))
            elif node.args:
                args = tuple(values[id(a)] for a in node.args)
                values[id(node)] = apply(node.op, args, dict(node.attrs))
            else:
                values[id(node)] = given[node.value] if node.is_symbol else node.value
        slopes = _backward(root, order, values)
    kept = {key: tuple(found) for key, found in users.items()}
    return Tape(root, order, values, slopes, {id(n): kept.get(id(n), ()) for n in order})


def _backward(
    root: Node, order: tuple[Node, ...], values: Mapping[int, Any]
) -> dict[int, np.ndarray]:
    slopes: dict[int, np.ndarray] = {id(root): np.ones_like(values[id(root)])}
    for node in reversed(order):
        op, g = ALPHABET.get(node.op), slopes.get(id(node))
        if g is None or not node.args or op is None or op.vjp is None:
            continue
        args = [values[id(a)] for a in node.args]
        parts = op.vjp(g, values[id(node)], *args, **dict(node.attrs))
        for arg, value, part in zip(node.args, args, parts, strict=True):
            if part is None or arg.is_number:
                continue
            if op.kind == ELEMENTWISE:
                part = apply("sum_to", (part, value), {})
            old = slopes.get(id(arg))
            slopes[id(arg)] = np.asarray(part) if old is None else old + part
    return slopes


def _named(args: tuple[Node, ...], names: Mapping[int, str]) -> tuple[Node, ...]:
    return tuple(a if a.is_number else symbol(names[id(a)]) for a in args)
