"""Formula text to a tree: a whitelist over the standard library's syntax tree, nothing runs."""

from __future__ import annotations

import ast
import math
import re
from typing import Any

from neurogebra.core.tree import Node, build, number, symbol
from neurogebra.errors import FormulaError
from neurogebra.ops import ALPHABET
from neurogebra.registry import near

MAX_CHARACTERS, MAX_NODES, MAX_DEPTH, MAX_NAMES = 4_000, 200, 40, 64
MAX_EXPONENT, MAX_BITS = 64, 128
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")

CONSTANTS = {"pi": math.pi}
_BINARY: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
    ast.Pow: "pow",
}
_COMPARE: dict[type[ast.cmpop], tuple[str, bool]] = {
    ast.Gt: ("greater", False),
    ast.GtE: ("greater_equal", False),
    ast.Lt: ("greater", True),  # a < b is b > a
    ast.LtE: ("greater_equal", True),
    ast.Eq: ("equal", False),
}
_MANY = {"max": "maximum", "Max": "maximum", "min": "minimum", "Min": "minimum"}
_ONE = {"max": "amax", "min": "amin"}


def parse(text: str) -> Node:
    """Return the tree of a formula's text.

    Numbers, names, + - * / **, comparisons and calls of the alphabet's operations; a trailing
    whole number gives an axis: sum(x, -1). Raises FormulaError with the column and the limit.
    """
    if not isinstance(text, str):
        raise FormulaError(f"expected a text, got {type(text).__name__}")
    if len(text) > MAX_CHARACTERS:
        raise FormulaError(f"{len(text)} characters; the limit is {MAX_CHARACTERS}")
    return _Reader(text).read()


class _Reader:
    """Reads one text; counts nodes and names on the way."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.count = 0
        self.names: dict[str, Node] = {}

    def read(self) -> Node:
        _check_nesting(self.text)
        try:
            tree = ast.parse(self.text.strip(), mode="eval")
        except SyntaxError as error:
            raise FormulaError(f"not a formula: {error.msg}", error.offset or 0) from None
        except (ValueError, MemoryError, RecursionError) as error:
            raise FormulaError(f"not a formula: {error}") from None
        return self.node(tree.body, 1)

    def node(self, at: ast.expr, depth: int) -> Node:
        self.count += 1
        if self.count > MAX_NODES:
            raise self.error(at, f"more than {MAX_NODES} nodes")
        if depth > MAX_DEPTH:
            raise self.error(at, f"deeper than {MAX_DEPTH} levels")
        if isinstance(at, ast.Constant):
            return number(self.literal(at))
        if isinstance(at, ast.Name):
            return self.name(at)
        if isinstance(at, ast.UnaryOp):
            return self.unary(at, depth)
        if isinstance(at, ast.BinOp):
            return self.binary(at, depth)
        if isinstance(at, ast.Compare):
            return self.compare(at, depth)
        if isinstance(at, ast.Call):
            return self.call(at, depth)
        raise self.error(at, f"{type(at).__name__.lower()} has no place in a formula")

    def literal(self, at: ast.Constant) -> int | float:
        value = at.value
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.error(at, f"{value!r:.40} is not a number")
        if isinstance(value, int) and value.bit_length() > MAX_BITS:
            raise self.error(at, f"an integer of more than {MAX_BITS} bits")
        if not math.isfinite(value):
            raise self.error(at, "a number too large for 64 bits")
        return value

    def name(self, at: ast.Name) -> Node:
        if at.id in CONSTANTS:
            return number(CONSTANTS[at.id])
        if not NAME.fullmatch(at.id):
            raise self.error(at, f"{at.id!r:.70} is not a name: [A-Za-z][A-Za-z0-9_]{{0,63}}")
        if at.id not in self.names and len(self.names) == MAX_NAMES:
            raise self.error(at, f"more than {MAX_NAMES} names")
        return self.names.setdefault(at.id, symbol(at.id))

    def unary(self, at: ast.UnaryOp, depth: int) -> Node:
        inner = self.node(at.operand, depth + 1)
        if isinstance(at.op, ast.USub):
            return -inner
        if isinstance(at.op, ast.UAdd):
            return inner
        raise self.error(at, "only + and - may stand before a value")

    def binary(self, at: ast.BinOp, depth: int) -> Node:
        op = _BINARY.get(type(at.op))
        if isinstance(at.op, ast.BitXor):
            raise self.error(at, "'^' is not a power here; write **")
        if op is None:
            raise self.error(at, f"no operator {type(at.op).__name__.lower()}; use + - * / **")
        a, b = self.node(at.left, depth + 1), self.node(at.right, depth + 1)
        if op == "pow" and b.is_number and abs(b.value) > MAX_EXPONENT:
            raise self.error(at.right, f"an exponent above {MAX_EXPONENT}")
        return self.checked(at, build(op, (a, b), {}))

    def compare(self, at: ast.Compare, depth: int) -> Node:
        if len(at.ops) != 1:
            raise self.error(at, "one comparison at a time; join two with *")
        found = _COMPARE.get(type(at.ops[0]))
        if found is None:
            raise self.error(at, "only < <= > >= == compare")
        a, b = self.node(at.left, depth + 1), self.node(at.comparators[0], depth + 1)
        op, swap = found
        return build(op, (b, a) if swap else (a, b), {})

    def call(self, at: ast.Call, depth: int) -> Node:
        if not isinstance(at.func, ast.Name):
            raise self.error(at, "only operations can be called, by their names")
        if at.keywords or any(isinstance(a, ast.Starred) for a in at.args):
            raise self.error(at, "arguments are given by position only")
        name = at.func.id
        if name == "Piecewise":
            return self.piecewise(at, depth)
        if name in _MANY and len(at.args) > 1:
            return self.fold(_MANY[name], at, depth)
        name = _ONE.get(name, name)
        if name not in ALPHABET:
            close = near(name, [*ALPHABET, *_MANY])
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise self.error(at, f"no operation called {name!r:.70}{hint}")
        return self.operation(at, name, depth)

    def operation(self, at: ast.Call, name: str, depth: int) -> Node:
        op = ALPHABET[name]
        given, extra = at.args[: op.arity], at.args[op.arity :]
        if len(given) < op.arity or len(extra) > len(op.attrs):
            some = f"{op.arity}" + (f" to {op.arity + len(op.attrs)}" if op.attrs else "")
            raise self.error(at, f"{op.name} takes {some} arguments, got {len(at.args)}")
        args = tuple(self.node(a, depth + 1) for a in given)
        attrs: dict[str, Any] = {}
        for key, value in zip(op.attrs, extra, strict=False):
            attrs[key] = self.whole(value) if key == "axis" else bool(self.whole(value))
        return build(op.name, args, attrs)

    def fold(self, op: str, at: ast.Call, depth: int) -> Node:
        nodes = [self.node(a, depth + 1) for a in at.args]
        found = nodes[0]
        for node in nodes[1:]:
            found = build(op, (found, node), {})
        return found

    def piecewise(self, at: ast.Call, depth: int) -> Node:
        pairs = [a.elts if isinstance(a, ast.Tuple) and len(a.elts) == 2 else None for a in at.args]
        if not pairs or None in pairs:
            raise self.error(at, "Piecewise takes pairs: Piecewise((value, condition), …)")
        *first, (last, always) = [p for p in pairs if p is not None]
        if not (isinstance(always, ast.Constant) and always.value is True):
            raise self.error(at, "the last condition of Piecewise must be True")
        found = self.node(last, depth + 1)
        for value, condition in reversed(first):
            c, a = self.node(condition, depth + 1), self.node(value, depth + 1)
            found = build("where", (c, a, found), {})
        return found

    def whole(self, at: ast.expr) -> int:
        sign = 1
        if isinstance(at, ast.UnaryOp) and isinstance(at.op, ast.USub):
            sign, at = -1, at.operand
        if isinstance(at, ast.Constant) and type(at.value) is int and abs(at.value) < 64:
            return sign * at.value
        raise self.error(at, "an axis is a whole number")

    def checked(self, at: ast.expr, node: Node) -> Node:
        """Refuse what folding constants made too large."""
        if node.is_number:
            value = node.value
            if isinstance(value, int) and value.bit_length() > MAX_BITS:
                raise self.error(at, f"an integer of more than {MAX_BITS} bits")
        return node

    def error(self, at: ast.AST, problem: str) -> FormulaError:
        return FormulaError(problem, getattr(at, "col_offset", -1) + 1)


def _check_nesting(text: str) -> None:
    """Refuse deep brackets before the syntax tree is built of them."""
    depth = 0
    for column, char in enumerate(text, 1):
        depth += (char in "([{") - (char in ")]}")
        if depth > MAX_DEPTH:
            raise FormulaError(f"brackets deeper than {MAX_DEPTH} levels", column)
