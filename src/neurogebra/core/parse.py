"""Formula text to a tree: a whitelist over the standard library's syntax tree, nothing runs."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from keyword import iskeyword
from typing import Any

from neurogebra.core.tree import Node, build, in_order, number, symbol
from neurogebra.errors import FormulaError
from neurogebra.ops import ALPHABET, Op
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
# Operators that are read from the left one after the other: a long sum is not a deep one.
_CHAINS = ({"add", "sub"}, {"mul", "div"})
_COMPARE: dict[type[ast.cmpop], tuple[str, bool]] = {
    ast.Gt: ("greater", False),
    ast.GtE: ("greater_equal", False),
    ast.Lt: ("greater", True),  # a < b is b > a
    ast.LtE: ("greater_equal", True),
    ast.Eq: ("equal", False),
}
_MANY = {"max": "maximum", "Max": "maximum", "min": "minimum", "Min": "minimum"}
_ONE = {"max": "amax", "Max": "amax", "min": "amin", "Min": "amin"}
_TOKEN = re.compile(
    r"(?P<space>\s+)|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?P<tail>\w*))"
    r"|(?P<sign>[-+*/(),<>=!^])",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a text says: the tree, and every name in the order of the text.

    A name may be missing from the tree, as x is from that of 0*x.
    """

    tree: Node
    names: tuple[str, ...]


def parse(text: str) -> Node:
    """Return the tree of a formula's text.

    Numbers, names, + - * / **, comparisons and calls of the alphabet's operations; a trailing
    whole number gives an axis: sum(x, -1). Raises FormulaError with the column and the limit.
    """
    return read(text).tree


def read(text: str) -> Parsed:
    """Return the tree and the names of a formula's text; see `parse`."""
    if not isinstance(text, str):
        raise FormulaError(f"expected a text, got {type(text).__name__}")
    if len(text) > MAX_CHARACTERS:
        raise FormulaError(f"{len(text)} characters; the limit is {MAX_CHARACTERS}")
    if not text.strip():
        raise FormulaError("an empty text is not a formula")
    _check_tokens(text)
    line = re.sub(r"\s", " ", text)
    try:
        found = ast.parse(f"({line}\n)", mode="eval")  # in brackets, leading spaces may stand
    except SyntaxError as error:
        column = min(max((error.offset or 2) - 1, 1), len(text))
        raise FormulaError(f"not a formula: {error.msg}", column) from None
    except (MemoryError, RecursionError):
        raise FormulaError(f"deeper than {MAX_DEPTH} levels") from None
    reader = _Reader()
    tree = reader.node(found.body, 1)
    return Parsed(tree, tuple(reader.names))


def _check_tokens(text: str) -> None:
    """Refuse characters, words and nesting that no formula has, before Python's parser sees any."""
    at = depth = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise FormulaError(f"{text[at]!r} has no place in a formula", at + 1)
        word, kind = token[0], token.lastgroup
        if kind == "name":
            _check_word(word, at + 1)
        elif token["tail"]:
            raise FormulaError(
                f"the number {word!r:.70} runs into letters; a product needs a *: 2*x", at + 1
            )
        depth += (word == "(") - (word == ")")
        if depth > MAX_DEPTH:
            raise FormulaError(f"brackets deeper than {MAX_DEPTH} levels", at + 1)
        if depth < 0:
            raise FormulaError("a bracket closes that was never opened", at + 1)
        at = token.end()


def _check_word(word: str, column: int) -> None:
    if word == "True":  # the last condition of Piecewise; refused elsewhere
        return
    if iskeyword(word):
        raise FormulaError(f"{word!r} is a word of Python; call it {word.lower()}_", column)
    if not NAME.fullmatch(word):
        raise FormulaError(f"{word!r:.70} is not a name: a letter, then letters, digits, _; "
                           "64 characters at most", column)  # fmt: skip


class _Reader:
    """Reads one syntax tree; counts nodes and names on the way."""

    def __init__(self) -> None:
        self.count = 0
        self.names: dict[str, Node] = {}

    def node(self, at: ast.expr, depth: int) -> Node:
        self.count += 1
        if self.count > MAX_NODES:
            raise refusal(at, f"more than {MAX_NODES} nodes")
        if depth > MAX_DEPTH:
            raise refusal(at, f"deeper than {MAX_DEPTH} levels")
        read_it = _KINDS.get(type(at))
        if read_it is None:
            raise refusal(at, f"{type(at).__name__.lower()} has no place in a formula")
        return read_it(self, at, depth)

    def literal(self, at: ast.Constant, depth: int) -> Node:
        value = at.value
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise refusal(at, f"{value!r:.40} is not a number")
        return _bounded(at, number(value))

    def name(self, at: ast.Name, depth: int) -> Node:
        if at.id in CONSTANTS:
            return number(CONSTANTS[at.id])
        if at.id not in self.names and len(self.names) == MAX_NAMES:
            raise refusal(at, f"more than {MAX_NAMES} names")
        return self.names.setdefault(at.id, symbol(at.id))

    def unary(self, at: ast.UnaryOp, depth: int) -> Node:
        inner = self.node(at.operand, depth + 1)
        return -inner if isinstance(at.op, ast.USub) else inner

    def binary(self, at: ast.BinOp, depth: int) -> Node:
        op = _BINARY.get(type(at.op))
        if isinstance(at.op, ast.BitXor):
            raise refusal(at, "'^' is not a power here; write **")
        if op is None:
            raise refusal(at, f"no operator {type(at.op).__name__.lower()}; use + - * / **")
        a = self.node(at.left, depth + (not _chained(op, at.left)))
        b = self.node(at.right, depth + 1)
        if op == "pow" and not abs(_constant(b)) <= MAX_EXPONENT:
            raise refusal(at.right, f"an exponent above {MAX_EXPONENT}")
        return _bounded(at, build(op, (a, b), {}))

    def compare(self, at: ast.Compare, depth: int) -> Node:
        if len(at.ops) != 1:
            raise refusal(at, "one comparison at a time; join two with *")
        found = _COMPARE.get(type(at.ops[0]))
        if found is None:
            raise refusal(at, "only < <= > >= == compare")
        a, b = self.node(at.left, depth + 1), self.node(at.comparators[0], depth + 1)
        op, swap = found
        return build(op, (b, a) if swap else (a, b), {})

    def call(self, at: ast.Call, depth: int) -> Node:
        if not isinstance(at.func, ast.Name):
            raise refusal(at, "only operations can be called, by their names")
        if at.keywords or any(isinstance(a, ast.Starred) for a in at.args):
            raise refusal(at, "arguments are given by position only")
        name = at.func.id
        if name == "Piecewise":
            return _piecewise(self, at, depth)
        if name in _MANY and len(at.args) > 1:
            return _fold(self, _MANY[name], at, depth)
        name = _ONE.get(name, name)
        if name not in ALPHABET:
            close = near(name, [*ALPHABET, *_MANY])
            hint = f"; did you mean {close[0]!r}?" if close else ""
            if name in self.names or name in CONSTANTS:
                hint = "; a product needs a *"
            raise refusal(at, f"no operation called {name!r:.70}{hint}")
        return _operation(self, at, name, depth)


_KINDS: dict[type[ast.expr], Callable[[_Reader, Any, int], Node]] = {
    ast.Constant: _Reader.literal,
    ast.Name: _Reader.name,
    ast.UnaryOp: _Reader.unary,
    ast.BinOp: _Reader.binary,
    ast.Compare: _Reader.compare,
    ast.Call: _Reader.call,
}


def _operation(reader: _Reader, at: ast.Call, name: str, depth: int) -> Node:
    op = ALPHABET[name]
    given, extra = at.args[: op.arity], at.args[op.arity :]
    if not op.arity + op.required <= len(at.args) <= _most(op):
        raise refusal(at, f"{name} takes {_wanted(op)}, got {len(at.args)}")
    args = tuple(reader.node(a, depth + 1) for a in given)
    attrs = _attributes(op, name, extra)
    problem = op.check(**attrs) if op.check else ""
    if problem:
        raise refusal(at, f"{name} takes {problem}")
    return build(op.name, args, attrs)


def _most(op: Op) -> float:
    """Return how many arguments an operation takes at most."""
    return math.inf if op.variadic else op.arity + len(op.attrs)


def _wanted(op: Op) -> str:
    """Say how many arguments an operation takes, and which of them are whole numbers."""
    least, most = op.arity + op.required, _most(op)
    some = (
        f"{least}" if least == most else f"{least} or more" if op.variadic else f"{least} to {most}"
    )
    plural = "" if some == "1" else "s"
    numbers = f", the last the whole numbers {', '.join(op.attrs)}" if op.required else ""
    return f"{some} argument{plural}{numbers}"


def _attributes(op: Op, name: str, given: list[ast.expr]) -> dict[str, Any]:
    """Return the attributes that trailing whole numbers give."""
    if op.variadic:
        return {op.attrs[-1]: tuple(_whole(a, name, op.attrs[-1]) for a in given)}
    found: dict[str, Any] = {}
    for key, value in zip(op.attrs, given, strict=False):
        number = _whole(value, name, key)
        found[key] = bool(number) if key == "keepdims" else number
    return found


def _fold(reader: _Reader, op: str, at: ast.Call, depth: int) -> Node:
    """Read max(a, b, c) as maximum(maximum(a, b), c)."""
    found, *rest = (reader.node(a, depth + 1) for a in at.args)
    for node in rest:
        found = build(op, (found, node), {})
    return found


def _piecewise(reader: _Reader, at: ast.Call, depth: int) -> Node:
    pairs = [a.elts for a in at.args if isinstance(a, ast.Tuple) and len(a.elts) == 2]
    if not pairs or len(pairs) < len(at.args):
        raise refusal(at, "Piecewise takes pairs: Piecewise((value, condition), …)")
    *first, (last, always) = pairs
    if not (isinstance(always, ast.Constant) and always.value is True):
        raise refusal(always, "the last condition of Piecewise must be True")
    found = reader.node(last, depth + 1)
    for value, condition in reversed(first):
        a, c = reader.node(value, depth + 1), reader.node(condition, depth + 1)
        found = build("where", (c, a, found), {})
    return found


def _whole(at: ast.expr, name: str, key: str) -> int:
    sign, inner = 1, at
    if isinstance(inner, ast.UnaryOp) and isinstance(inner.op, ast.USub):
        sign, inner = -1, inner.operand
    if isinstance(inner, ast.Constant) and type(inner.value) is int and inner.value < 64:
        return sign * inner.value
    what = "an axis" if key == "axis" else f"{key} of {name}"
    raise refusal(at, f"{what} is a whole number below 64")


def _chained(op: str, left: ast.expr) -> bool:
    """Say whether `op` goes on with the sum or the product that its left side is."""
    inner = _BINARY.get(type(left.op)) if isinstance(left, ast.BinOp) else None
    return any(op in chain and inner in chain for chain in _CHAINS)


def _bounded(at: ast.expr, node: Node) -> Node:
    """Refuse numbers that are, or by folding became, too large or no numbers at all."""
    for found in (node, *node.args):
        value = found.value
        if not found.is_number:
            continue
        if isinstance(value, int) and value.bit_length() > MAX_BITS:
            raise refusal(at, f"an integer of more than {MAX_BITS} bits")
        if not math.isfinite(value):
            raise refusal(at, "a constant that is no finite 64-bit number")
    return node


def refusal(at: ast.AST, problem: str) -> FormulaError:
    """Return the error with the column of the text; one bracket stands before the text."""
    return FormulaError(problem, max(getattr(at, "col_offset", 1), 1))


def _constant(root: Node) -> float:
    """Return the number that a formula without names stands for; 0 for any other."""
    made: dict[int, Any] = {}
    for node in in_order(root):
        scalar = ALPHABET[node.op].scalar if node.args else None
        if node.is_symbol or (node.args and scalar is None):
            return 0.0
        args = (made[id(a)] for a in node.args)
        made[id(node)] = scalar(*args, **dict(node.attrs)) if scalar else node.value
    return float(made[id(root)])
