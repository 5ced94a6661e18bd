"""A network as mathematics: each layer's own forward, fed with symbols, prints its formula."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from neurogebra.core.differentiate import CALL, gradient
from neurogebra.core.latex import latex, unicode
from neurogebra.core.tree import Node, build, in_order, symbol
from neurogebra.ops import ALPHABET
from neurogebra.ops.record import ELEMENTWISE, REDUCTION
from neurogebra.spec.model import ADD, Head, ModelSpec, Placed


class Described(NamedTuple):
    """What there is to say of one layer, in one-line mathematics and in LaTeX.

    forward: "a1 = relu(x·W1 + b1)"; backward: one line a trained parameter, then the layer's
    input; δ is the derivative of the loss by the layer's output.
    """

    placed: Placed
    forward: str
    backward: tuple[str, ...]
    latex: str


class _Symbols:
    """Ops that leave names: an activation stays a name, with a prime where it is derived."""

    def __init__(self, number: str) -> None:
        self.training = True
        self.number = number
        self.before: dict[int, str] = {}  # the node before an activation → its letter

    def apply(self, op: str, *args: Any, **attrs: Any) -> Any:
        """Build the node of an operation."""
        return build(op, args, attrs)

    def activate(self, name: str, z: Any) -> Any:
        """Build "name(z)"."""
        if name == "linear":
            return z
        self.before[id(z)] = f"z{self.number}"
        if name in ALPHABET and ALPHABET[name].kind != ELEMENTWISE:
            return build(name, (z,), {})  # a row at once: its derivative is no factor an element
        return Node(f"{CALL}{name}", (z,))

    def uniform(self, like: Any) -> Any:
        """Build the symbol of the layer's draw."""
        return symbol(f"u{self.number}")

    def remember(self, name: str, value: Any) -> None:
        """Leave what a layer keeps for itself out of its formula."""


def describe(model: ModelSpec) -> tuple[Described, ...]:
    """Return every layer of the trunk and the heads, described in order."""
    found: list[Described] = []
    before = "x"
    for number, placed in enumerate(model.trunk, 1):
        found.append(_layer(placed, str(number), before))
        before = f"a{number}"
    starts = {p.name: f"a{i}" for i, p in enumerate(model.trunk, 1)}
    for head in model.heads:
        name = _joined(head, [starts[n] for n in model.reads(head)])
        for i, placed in enumerate(model.branches[head.name], 1):
            found.append(_layer(placed, f"_{head.name}{i}", name))
            name = f"a_{head.name}{i}"
    return tuple(found)


def _joined(head: Head, names: list[str]) -> str:
    """Write what a head reads: one output, a sum, or several side by side."""
    if len(names) == 1:
        return names[0]
    return " + ".join(names) if head.join == ADD else f"[{', '.join(names)}]"


def _layer(placed: Placed, number: str, before: str) -> Described:
    ops = _Symbols(number)
    x = symbol(before)
    names = (*placed.layer.shapes(placed.in_shape), *placed.layer.state)
    p = {n: symbol(_SIGNS.get(n, n) + number) for n in names}
    out = placed.layer.forward(ops, p, x)
    if out is x:
        return Described(placed, f"a{number} = {before}", (), f"a_{{{number}}} = {before}")
    forward = f"a{number} = {unicode(out)}"
    return Described(
        placed,
        forward,
        _backward(placed, out, x, p, number, ops.before),
        f"{latex(symbol(f'a{number}'))} = {latex(out)}",
    )


def _backward(
    placed: Placed,
    out: Node,
    x: Node,
    p: Mapping[str, Node],
    number: str,
    letters: Mapping[int, str],
) -> tuple[str, ...]:
    """Return dL/d parameter and dL/d input, by the same differentiation that trains."""
    wrt = [p[n] for n in placed.layer.shapes(placed.in_shape)]
    if x.value != "x":  # nobody needs the derivative by the data
        wrt.append(x)
    through = build("sum", (build("mul", (symbol(f"δ{number}"), out), {}),), {})
    grads = gradient(through, wrt)
    return tuple(
        f"∂L/∂{w.value} = {unicode(_short(g, letters))}" for w, g in zip(wrt, grads, strict=True)
    )


def _short(root: Node, letters: Mapping[int, str]) -> Node:
    """Write z for what stands before the activation, and leave out what only shapes."""
    made: dict[int, Node] = {}
    for node in in_order(root):
        if id(node) in letters:
            made[id(node)] = symbol(letters[id(node)])
        elif node.op in ("expand_like", "sum_to") and _only_shapes(node):
            made[id(node)] = made[id(node.args[0])]
        elif node.args:
            args = tuple(made[id(a)] for a in node.args)
            made[id(node)] = build(node.op, args, dict(node.attrs))
        else:
            made[id(node)] = node
    return made[id(root)]


def _only_shapes(node: Node) -> bool:
    """Say whether a node changes no number: a sum shows where it adds up rows."""
    part, like = node.args
    return node.op == "expand_like" or not _is_smaller(like) or _is_smaller(part)


def _is_smaller(like: Node) -> bool:
    """Say whether an array has one number a feature: a vector of parameters, a mean over rows."""
    if like.is_symbol:
        return bool(like.value[0] in "bγβμσ")
    if like.op == "sum_to":
        return _is_smaller(like.args[1])
    op = ALPHABET.get(like.op)
    if op is None or op.kind == REDUCTION:
        return op is not None
    parts = [a for a in like.args if not a.is_number]
    return op.kind == ELEMENTWISE and bool(parts) and all(_is_smaller(a) for a in parts)


_SIGNS = {"gamma": "γ", "beta": "β", "mean": "μ", "var": "σ²"}
