"""A network as mathematics: each layer's own forward, fed with symbols, prints its formula."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from neurogebra.core.differentiate import CALL, gradient
from neurogebra.core.latex import latex, unicode
from neurogebra.core.tree import Node, build, in_order, symbol
from neurogebra.layers import Layer, Shape
from neurogebra.ops import ALPHABET
from neurogebra.ops.record import ELEMENTWISE, REDUCTION
from neurogebra.spec.model import ADD, Head, ModelSpec, Placed


class Described(NamedTuple):
    """What there is to say of one layer, in one-line mathematics and in LaTeX.

    forward: "a1 = relu(x·W1 + b1)", "; " between several equations; backward: one line a
    trained parameter, then the layer's input; δ is the derivative of the loss by the output.
    """

    placed: Placed
    forward: str
    backward: tuple[str, ...]
    latex: str


class _Symbols:
    """Ops that leave names: an activation stays a name, with a prime where it is derived.

    A layer inside another numbers its letters on: W2a, W2b.
    """

    def __init__(self, number: str, shape: Shape) -> None:
        self.training = True
        self.number, self.shape = number, shape
        self.before: dict[int, str] = {}  # the node before an activation → its letter
        self.aside: dict[str, Node] = {}  # equations of layers inside, beside their outputs

    def apply(self, op: str, *args: Any, **attrs: Any) -> Any:
        """Build the node of an operation."""
        return build(op, args, attrs)

    def activate(self, name: str, z: Any) -> Any:
        """Build "name(z)"."""
        if name == "linear":
            return z
        which = len(set(self.before.values()))  # several activations in one layer
        self.before[id(z)] = f"z{self.number}{chr(ord('a') + which % 26) if which else ''}"
        if name in ALPHABET and ALPHABET[name].kind != ELEMENTWISE:
            return build(name, (z,), {})  # a row at once: its derivative is no factor an element
        return Node(f"{CALL}{name}", (z,))

    def uniform(self, like: Any) -> Any:
        """Build the symbol of the layer's draw."""
        return symbol(f"u{self.number}")

    def remember(self, name: str, value: Any) -> None:
        """Leave what a layer keeps for itself out of its formula."""

    def symbol(self, name: str) -> Node:
        """Build a letter."""
        return symbol(name)

    def unstack(self, x: Any, count: int) -> list[Node]:
        """Build the letters of the steps."""
        return [symbol(f"x_{i}") for i in range(1, count + 1)]

    def stack(self, parts: Sequence[Any]) -> Any:
        """Build what the last step stands for."""
        return parts[-1]

    def call(self, layer: Layer, p: Mapping[str, Any], x: Any) -> Any:
        """Build the output of a layer inside another, by what it shows of itself."""
        found = shown(layer, self, p, x)
        if not isinstance(found, Mapping):
            return found
        self.aside.update({name: node for name, node in found.items() if name})
        return found[""]

    @contextmanager
    def inner(self, name: str, shape: Shape) -> Iterator[None]:
        """Let what follows belong to a layer inside the present one."""
        outer, self.shape = self.shape, shape
        yield
        self.shape = outer


def shown(layer: Layer, ops: Any, p: Mapping[str, Any], x: Any) -> Any:
    """Return what a layer offers to be shown: its `formula`, or else its forward."""
    return getattr(layer, "formula", layer.forward)(ops, p, x)


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
    ops = _Symbols(number, placed.in_shape)
    x = symbol(before)
    names = (*placed.layer.shapes(placed.in_shape), *placed.layer.state)
    p = dict(zip(names, _letters(names, number), strict=True))
    found = shown(placed.layer, ops, p, x)
    if found is x:
        return Described(placed, f"a{number} = {before}", (), f"a_{{{number}}} = {before}")
    parts = found if isinstance(found, Mapping) else {"": found, **ops.aside}
    out = f"a{number}"
    forward = "; ".join(f"{name or out} = {unicode(node)}" for name, node in parts.items())
    formula = r", \quad ".join(
        f"{latex(symbol(out)) if not name else _name_latex(name)} = {latex(node)}"
        for name, node in parts.items()
    )
    if isinstance(found, Mapping) or ops.aside:
        back: tuple[str, ...] = _unwritten(placed, number, before)
    else:
        back = _backward(placed, found, x, p, number, ops.before)
    return Described(placed, forward, back, formula)


def _letters(names: Iterable[str], number: str) -> list[Node]:
    """Name a layer's weights: W1, or W1a, W1b where layers inside it have their own."""
    inside = list(dict.fromkeys(n.rpartition(".")[0] for n in names if "." in n))
    found = []
    for name in names:
        path, _, last = name.rpartition(".")
        which = chr(ord("a") + inside.index(path) % 26) if path else ""
        found.append(symbol(f"{_SIGNS.get(last, last)}{number}{which}"))
    return found


def _unwritten(placed: Placed, number: str, before: str) -> tuple[str, ...]:
    """Say what is derived from several equations, whose chain is too long for a line."""
    names = [f"{name}{number}" for name in placed.layer.shapes(placed.in_shape)]
    reason = getattr(placed.layer, "backward", "by the chain rule through these equations")
    these = ", ".join(names) if len(names) <= MANY_NAMES else f"each of the {len(names)} weights"
    lines = [f"∂L/∂({these}): {reason}"] if names else []
    return (*lines, *([] if before == "x" else [f"∂L/∂{before}: likewise"]))


def _name_latex(name: str) -> str:
    """Write the left side of an equation: one letter, or several in brackets."""
    names = name.strip("[]").split(", ")
    inside = ", ".join(latex(symbol(n)) for n in names)
    return rf"\left[{inside}\right]" if name.startswith("[") else inside


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
        return bool(like.value[0] in "bγβμσα")
    if like.op == "sum_to":
        return _is_smaller(like.args[1])
    op = ALPHABET.get(like.op)
    if op is None or op.kind == REDUCTION:
        return op is not None
    parts = [a for a in like.args if not a.is_number]
    return op.kind == ELEMENTWISE and bool(parts) and all(_is_smaller(a) for a in parts)


# A layer with more weights than this does not list their names in a line.
MANY_NAMES = 8

_SIGNS = {"gamma": "γ", "beta": "β", "mean": "μ", "var": "σ²", "alpha": "α"}
