"""The tree of a formula: symbols and numbers joined by operations of the alphabet."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import Any

from neurogebra.errors import FormulaError
from neurogebra.ops import ALPHABET, apply, carry
from neurogebra.ops.record import ELEMENTWISE

NUMBER, SYMBOL = "number", "symbol"
# Signs that a formula may take on paper; one that shares parts can stand for many more.
MAX_WRITTEN = 5_000


class Node:
    """A number, a symbol or an operation on nodes; made once, never changed.

    Nodes compare by identity, so that a shared part stays shared; `same` compares by form.
    Operators build lightly simplified nodes (constants, zeros, ones, double negation).
    """

    __slots__ = ("args", "attrs", "op", "value")

    # Otherwise `array * node` would become an array of nodes.
    __array_ufunc__ = None

    def __init__(
        self,
        op: str,
        args: tuple[Node, ...] = (),
        attrs: tuple[tuple[str, Any], ...] = (),
        value: Any = None,
    ) -> None:
        self.op, self.args, self.attrs, self.value = op, args, attrs, value

    @property
    def is_number(self) -> bool:
        """Whether this is a plain number."""
        return self.op == NUMBER

    @property
    def is_symbol(self) -> bool:
        """Whether this is a name."""
        return self.op == SYMBOL

    def __repr__(self) -> str:
        if not self.args:
            return str(self.value)
        inner = [repr(a) for a in self.args] + [f"{k}={v}" for k, v in self.attrs]
        return f"{self.op}({', '.join(inner)})"

    def __neg__(self) -> Node:
        return build("neg", (self,), {})

    def __add__(self, other: Any) -> Node:
        return build("add", (self, other), {})

    def __radd__(self, other: Any) -> Node:
        return build("add", (other, self), {})

    def __sub__(self, other: Any) -> Node:
        return build("sub", (self, other), {})

    def __rsub__(self, other: Any) -> Node:
        return build("sub", (other, self), {})

    def __mul__(self, other: Any) -> Node:
        return build("mul", (self, other), {})

    def __rmul__(self, other: Any) -> Node:
        return build("mul", (other, self), {})

    def __truediv__(self, other: Any) -> Node:
        return build("div", (self, other), {})

    def __rtruediv__(self, other: Any) -> Node:
        return build("div", (other, self), {})

    def __pow__(self, other: Any) -> Node:
        return build("pow", (self, other), {})

    def __rpow__(self, other: Any) -> Node:
        return build("pow", (other, self), {})

    def __matmul__(self, other: Any) -> Node:
        return build("matmul", (self, other), {})

    def __rmatmul__(self, other: Any) -> Node:
        return build("matmul", (other, self), {})


def number(value: Any) -> Node:
    """Return the node of a Python or NumPy number."""
    return Node(NUMBER, value=value.item() if hasattr(value, "item") else value)


def symbol(name: str) -> Node:
    """Return a new node of the name `name`."""
    return Node(SYMBOL, value=name)


def build(op: str, args: tuple[Any, ...], attrs: Mapping[str, Any]) -> Node:
    """Return the simplified node of an operation; plain numbers among `args` become nodes."""
    nodes = tuple(a if isinstance(a, Node) else number(a) for a in args)
    simple = _SIMPLE.get(op)
    found = _fold(op, nodes, attrs)
    if found is None and simple is not None:
        found = simple(*nodes)
    return Node(op, nodes, tuple(sorted(attrs.items()))) if found is None else found


carry(Node, build)


def symbols(node: Node) -> list[str]:
    """Return the names in a formula, sorted."""
    return sorted({n.value for n in in_order(node) if n.op == SYMBOL})


def in_order(*roots: Node, known: Container[int] = ()) -> list[Node]:
    """Return every node once, arguments before what uses them, without recursion.

    known: ids of nodes that are left out, with what only they use.
    """
    seen: set[int] = set()
    order: list[Node] = []
    stack: list[Node | None] = list(reversed(roots))  # None: what lies below it is ready
    while stack:
        node = stack.pop()
        if node is None:
            order.append(stack.pop())  # type: ignore[arg-type]
        elif id(node) not in seen and id(node) not in known:
            seen.add(id(node))
            if node.args:
                stack += (node, None, *reversed(node.args))
            else:
                order.append(node)
    return order


def written_size(root: Node) -> int:
    """Return how many signs a formula takes when every shared part is written out again."""
    sizes: dict[int, int] = {}
    for node in in_order(root):
        sizes[id(node)] = 1 + sum(sizes[id(a)] for a in node.args)
    return sizes[id(root)]


def require_writable(root: Node) -> None:
    """Refuse a formula whose shared parts would fill books when written out."""
    size = written_size(root)
    if size > MAX_WRITTEN:
        raise FormulaError(
            f"too long to write out: {size:,} signs, the limit is {MAX_WRITTEN:,}; it can still "
            "be evaluated and differentiated"
        )


def substitute(root: Node, values: Mapping[str, Any]) -> Node:
    """Return the formula with some of its names replaced by nodes or numbers."""
    made: dict[int, Any] = {}
    for node in in_order(root):
        if node.op == SYMBOL:
            made[id(node)] = values.get(node.value, node)
        elif node.args:
            made[id(node)] = apply(node.op, tuple(made[id(a)] for a in node.args), dict(node.attrs))
        else:
            made[id(node)] = node
    found = made[id(root)]
    return found if isinstance(found, Node) else number(found)


def number_forms(roots: Iterable[Node]) -> dict[int, int]:
    """Number the nodes by form: id(node) → number, equal for equal formulas."""
    forms: dict[Any, int] = {}
    numbers: dict[int, int] = {}
    for node in in_order(*roots):
        key = (
            node.op,
            tuple(numbers[id(a)] for a in node.args),
            node.attrs,
            (type(node.value), repr(node.value)),
        )
        numbers[id(node)] = forms.setdefault(key, len(forms))
    return numbers


def same(a: Node, b: Node) -> bool:
    """Say whether two formulas are the same, sign by sign."""
    numbers = number_forms((a, b))
    return numbers[id(a)] == numbers[id(b)]


def is_elementwise(root: Node) -> bool:
    """Say whether every operation treats each element by itself."""
    return all(
        not n.args or (n.op in ALPHABET and ALPHABET[n.op].kind == ELEMENTWISE)
        for n in in_order(root)
    )


def _fold(op: str, args: tuple[Node, ...], attrs: Mapping[str, Any]) -> Node | None:
    """Join constants; a quotient of integers stays one, so that ⅓ prints as ⅓."""
    if attrs or not args or not all(a.op == NUMBER for a in args):
        return None
    values = [a.value for a in args]
    if op == "div" and (values[1] == 0 or _is_fraction(*values)):
        return None
    scalar = ALPHABET[op].scalar if op in _FOLDED else None
    return None if scalar is None else number(scalar(*values))


_FOLDED = frozenset({"neg", "add", "sub", "mul", "div", "pow"})


def _is_fraction(a: Any, b: Any) -> bool:
    return isinstance(a, int) and isinstance(b, int) and a % b != 0


def _is(node: Node, value: float) -> bool:
    return node.op == NUMBER and bool(node.value == value)


def _neg(a: Node) -> Node | None:
    return a.args[0] if a.op == "neg" else None


def _add(a: Node, b: Node) -> Node | None:
    if _is(a, 0):
        return b
    if _is(b, 0):
        return a
    if b.op == "neg":
        return a - b.args[0]
    if b.op == NUMBER and b.value < 0:
        return Node("sub", (a, number(-b.value)))
    if a.op == "neg":
        return b - a.args[0]
    return 2 * a if a is b else None


def _sub(a: Node, b: Node) -> Node | None:
    if _is(b, 0):
        return a
    if _is(a, 0):
        return -b
    if b.op == "neg":
        return a + b.args[0]
    if b.op == NUMBER and b.value < 0:
        return a + number(-b.value)
    return None


def _mul(a: Node, b: Node) -> Node | None:
    if _is(a, 0) or _is(b, 0):
        return number(0)
    if _is(a, 1):
        return b
    if _is(b, 1):
        return a
    if _is(a, -1):
        return -b
    if _is(b, -1):
        return -a
    if a.op == "neg":
        return -(a.args[0] * b)
    if b.op == "neg":
        return -(a * b.args[0])
    if b.op == NUMBER:
        return b * a if a.op != NUMBER else None
    if a.op == NUMBER and b.op == "mul" and b.args[0].op == NUMBER:
        return number(a.value * b.args[0].value) * b.args[1]
    return None


def _div(a: Node, b: Node) -> Node | None:
    if _is(b, 1):
        return a
    if _is(a, 0) and not _is(b, 0):
        return a
    if a.op == "neg":
        return -(a.args[0] / b)
    return None


def _pow(a: Node, b: Node) -> Node | None:
    if _is(b, 1):
        return a
    if _is(b, 0.5):
        return build("sqrt", (a,), {})
    return number(1) if _is(b, 0) else None


def _where(c: Node, a: Node, b: Node) -> Node | None:
    if a is b or (a.op == NUMBER and b.op == NUMBER and a.value == b.value):
        return a
    return None


def _transpose(a: Node) -> Node | None:
    return a.args[0] if a.op == "transpose" else None


_SIMPLE: dict[str, Any] = {
    "neg": _neg,
    "add": _add,
    "sub": _sub,
    "mul": _mul,
    "div": _div,
    "pow": _pow,
    "where": _where,
    "transpose": _transpose,
}
