"""A formula as mathematics: LaTeX for pages, one line of Unicode for terminals."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from neurogebra.core.differentiate import CALL
from neurogebra.core.latex_names import (
    latex_number,
    latex_symbol,
    unicode_number,
    unicode_symbol,
)
from neurogebra.core.tree import NUMBER, SYMBOL, Node, in_order, require_writable
from neurogebra.ops import ALPHABET

ATOM, POWER, PRODUCT, SUM = 4, 3, 2, 1
Part = tuple[str, int]  # a text and how tightly it binds
_MINUS = "−"

_COMPARISONS = {"greater": (">", ">"), "greater_equal": (r"\ge", "≥"), "equal": ("=", "=")}
# Products of matrices, and which factor of them is transposed.
_PRODUCTS = {"matmul": None, "matmul_left": 1, "matmul_right": 0}
_SHAPED = ("expand_like", "reshape_like")
# Functions that are written without brackets: ln x.
_NAMED = ("log", "sin", "cos", "sinh", "cosh", "tanh", "arctan")
_SUMS = ("sum", "amax", "amin", "logsumexp", "argmax", "sum_to", "mean")
_SHORT = {"maximum": "max", "minimum": "min", "amax": "max", "amin": "min"}
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class _Page:
    """What the whole formula decides: whether n may stand for a size, and the sign of products."""

    n_is_free: bool
    dot: str


def latex(root: Node) -> str:
    """Return the LaTeX of a formula."""
    return _render(root, latex_symbol, latex_number, _latex_node)


def unicode(root: Node) -> str:
    """Return a formula as one line of Unicode: relu(x·W1 + b1)."""
    return _render(root, unicode_symbol, unicode_number, _unicode_node)


def _render(
    root: Node,
    name: Callable[[str], str],
    number: Callable[[float], Part],
    join: Callable[[Node, list[Part], _Page], Part],
) -> str:
    require_writable(root)
    nodes = in_order(root)
    matrices = any(n.op in _PRODUCTS or n.op.startswith(CALL) for n in nodes)
    named_n = any(n.op == SYMBOL and n.value == "n" for n in nodes)
    page = _Page(not named_n, " ⊙ " if matrices else "·")
    made: dict[int, Part] = {}
    for node in nodes:
        if node.op == SYMBOL:
            made[id(node)] = (name(node.value), ATOM)
        elif node.op == NUMBER:
            made[id(node)] = number(node.value)
        else:
            made[id(node)] = join(node, [made[id(a)] for a in node.args], page)
    return made[id(root)][0]


def _within(part: Part, least: int) -> str:
    text, tight = part
    return text if tight >= least else f"({text})"


def _conditions(node: Node, part: Part, sep: str) -> str:
    """Return a condition without the brackets that make it a number."""
    text = part[0]
    return text[1:-1].replace("][", sep) if _is_test(node) else text


def _is_test(node: Node) -> bool:
    if node.op == "mul":
        return all(_is_test(a) for a in node.args)
    return node.op in _COMPARISONS


def _is_n(node: Node, page: _Page) -> bool:
    """Say whether a size may be written n: of everything, or of a row."""
    return page.n_is_free and dict(node.attrs).get("axis", -1) == -1


def _factors(
    op: str, parts: list[Part], transposed: str, within: Callable[[Part, int], str]
) -> list[str]:
    """Return the two factors of a matrix product; what follows them only gives a shape."""
    turned = _PRODUCTS[op]
    return [
        transposed.format(within(p, ATOM)) if i == turned else within(p, POWER)
        for i, p in enumerate(parts[:2])
    ]


def _tall(part: Part, least: int) -> str:
    """Bracket what binds less than `least`, with brackets as tall as what is in them."""
    text, tight = part
    if tight >= least:
        return text
    if re.search(r"\\frac|\\sum|\\begin", text):
        return rf"\left({text}\right)"
    return f"({text})"


def _latex_node(node: Node, parts: list[Part], page: _Page) -> Part:
    op = node.op
    if op in _COMPARISONS:
        return f"[{_tall(parts[0], SUM)} {_COMPARISONS[op][0]} {_tall(parts[1], SUM)}]", ATOM
    written = _LATEX.get(op)
    if written is not None:
        return written(node, parts)
    if op in _PRODUCTS:
        a, b = _factors(op, parts, r"{}^{{\top}}", _tall)
        return rf"{a} \, {b}", PRODUCT
    if op == "mean" and not node.attrs and page.n_is_free:
        return rf"\frac{{1}}{{n}} \sum {_tall(parts[0], PRODUCT)}", PRODUCT
    if op == "size" and not _is_n(node, page):
        return rf"\operatorname{{size}}({parts[0][0]})", ATOM
    if op.startswith(CALL):
        name = op[len(CALL) :]
        prime = "'" * name.count("′")
        inner = ", ".join(p[0] for p in parts)
        return rf"\operatorname{{{name.rstrip('′')}}}{prime}({inner})", ATOM
    if op in _SHAPED:
        ones = node.args[0].op == NUMBER and node.args[0].value == 1
        return (r"\mathbf{1}", ATOM) if ones else parts[0]
    row = ALPHABET[op]
    texts = [_tall(p, _least(row.latex, i, row.tight)) for i, p in enumerate(parts)]
    return row.latex.format(*texts), row.tight


def _least(template: str, i: int, tight: int) -> int:
    """Return how tightly an argument must bind: anything does between signs that enclose it."""
    hole = f"{{{i}}}"
    if any(sign + hole in template for sign in ("(", "{{", "|", "floor ", ", ")):
        return 0
    return PRODUCT if tight == PRODUCT and r"\sum" in template else ATOM


def _latex_add(node: Node, parts: list[Part]) -> Part:
    return f"{parts[0][0]} + {_tall(parts[1], PRODUCT)}", SUM


def _latex_sub(node: Node, parts: list[Part]) -> Part:
    return f"{parts[0][0]} - {_tall(parts[1], PRODUCT)}", SUM


def _latex_neg(node: Node, parts: list[Part]) -> Part:
    return f"-{_tall(parts[0], PRODUCT)}", SUM


def _latex_mul(node: Node, parts: list[Part]) -> Part:
    left, right = node.args
    if left is right and left.op != NUMBER:
        return _latex_power(left, parts[0], "2")
    a = _tall(parts[0], 0 if left.op == NUMBER else POWER if left.op in _SUMS else PRODUCT)
    b = _tall(parts[1], PRODUCT)
    a = re.sub(r"(\\(?:ln|arctan|sinh?|cosh?|tanh)) (\S+)$", r"\1(\2)", a)  # ln x · y is not ln(xy)
    if b[:1].isdigit():
        return rf"{a} \cdot {b}", PRODUCT
    word = r"\\(mathrm|operatorname|ln|sin|cos|tan|arctan|max|min)"
    apart = re.search(word + r"[^ ]*$", a) or re.match(word, b)
    return rf"{a} \, {b}" if apart else f"{a} {b}", PRODUCT


def _latex_div(node: Node, parts: list[Part]) -> Part:
    return f"\\frac{{{parts[0][0]}}}{{{parts[1][0]}}}", POWER


def _latex_pow(node: Node, parts: list[Part]) -> Part:
    return _latex_power(node.args[0], parts[0], parts[1][0])


def _latex_power(base: Node, part: Part, exponent: str) -> Part:
    named = re.match(r"(\\[a-z]+) ?(.*)", part[0]) if base.op in _NAMED else None
    if named and exponent.isdigit():
        return f"{named[1]}^{{{exponent}}} {named[2]}", PRODUCT
    return f"{_tall(part, ATOM)}^{{{exponent}}}", POWER


def _latex_where(node: Node, parts: list[Part]) -> Part:
    """Write a choice, and the choices in its other branch, one under the other."""
    condition = _conditions(node.args[0], parts[0], r"]\text{ and }[").replace("] [", "][")
    other = parts[2][0]
    rest = re.fullmatch(r"\\begin\{cases\} (.*) \\end\{cases\}", other, re.S)
    last = rest[1] if rest and node.args[2].op == "where" else rf"{other} & \text{{otherwise}}"
    return rf"\begin{{cases}} {parts[1][0]} & {condition} \\ {last} \end{{cases}}", SUM


def _latex_named(node: Node, parts: list[Part]) -> Part:
    name = ALPHABET[node.op].latex.split()[0]
    (part,) = parts
    plain = part[1] == ATOM or node.args[0].op in ("div", "exp")
    return (f"{name} {part[0]}" if plain else f"{name}{_tall(part, ATOM)}"), PRODUCT


def _latex_exp(node: Node, parts: list[Part]) -> Part:
    text = parts[0][0]
    if re.search(r"\\sum|\\begin", text):
        return rf"\exp\left({text}\right)", ATOM
    return f"e^{{{text}}}", POWER


_LATEX: dict[str, Callable[[Node, list[Part]], Part]] = {
    "add": _latex_add,
    "sub": _latex_sub,
    "neg": _latex_neg,
    "mul": _latex_mul,
    "div": _latex_div,
    "pow": _latex_pow,
    "where": _latex_where,
    "exp": _latex_exp,
    **dict.fromkeys(_NAMED, _latex_named),
}


def _unicode_node(node: Node, parts: list[Part], page: _Page) -> Part:
    op = node.op
    if op in _COMPARISONS:
        return f"[{_within(parts[0], SUM)} {_COMPARISONS[op][1]} {_within(parts[1], SUM)}]", ATOM
    if op == "mul":
        return _unicode_mul(node, parts, page)
    written = _UNICODE.get(op)
    if written is not None:
        return written(node, parts)
    if op in _PRODUCTS:
        return "·".join(_factors(op, parts, "{}ᵀ", _within)), PRODUCT
    if op == "size" and _is_n(node, page):
        return "n", ATOM
    if op in _SHAPED:
        ones = node.args[0].op == NUMBER and node.args[0].value == 1
        return ("𝟏", ATOM) if ones else parts[0]
    axis = dict(node.attrs).get("axis", -1)
    extra = [] if axis == -1 else [f"axis={axis}"]
    name = _SHORT.get(op, op.removeprefix(CALL))
    return f"{name}({', '.join([*(p[0] for p in parts), *extra])})", ATOM


def _unicode_mul(node: Node, parts: list[Part], page: _Page) -> Part:
    left, right = node.args
    if left is right and left.op != NUMBER:
        return f"{_within(parts[0], ATOM)}²", POWER
    if _is_test(node):
        return "".join(p[0] for p in parts), ATOM
    least = 0 if left.op == NUMBER and left.value < 0 else PRODUCT
    a = _within(parts[0], POWER if left.op == "sum_to" else least)
    return ("·" if left.op == NUMBER else page.dot).join((a, _within(parts[1], PRODUCT))), PRODUCT


def _unicode_pow(node: Node, parts: list[Part]) -> Part:
    base, exponent = _within(parts[0], ATOM), parts[1][0]
    if exponent.isdigit():
        return f"{base}{exponent.translate(_RAISED)}", POWER
    return f"{base}^{_within(parts[1], ATOM)}", POWER


def _unicode_where(node: Node, parts: list[Part]) -> Part:
    condition = _conditions(node.args[0], parts[0], " and ")
    other = parts[2][0]
    last = other[1:-1] if node.args[2].op == "where" else f"{other} otherwise"
    return f"{{{parts[1][0]} if {condition}; {last}}}", ATOM


_UNICODE: dict[str, Callable[[Node, list[Part]], Part]] = {
    "add": lambda n, p: (f"{p[0][0]} + {_within(p[1], PRODUCT)}", SUM),
    "sub": lambda n, p: (f"{p[0][0]} {_MINUS} {_within(p[1], PRODUCT)}", SUM),
    "neg": lambda n, p: (f"{_MINUS}{_within(p[0], PRODUCT)}", SUM),
    "div": lambda n, p: (f"{_within(p[0], PRODUCT)} / {_within(p[1], POWER)}", PRODUCT),
    "pow": _unicode_pow,
    "where": _unicode_where,
    "abs": lambda n, p: (f"|{p[0][0]}|", ATOM),
    "sqrt": lambda n, p: (f"√{_within(p[0], ATOM)}", POWER),
    "transpose": lambda n, p: (f"{_within(p[0], ATOM)}ᵀ", POWER),
    "sum_to": lambda n, p: (f"Σ {_within(p[0], PRODUCT)}", PRODUCT),
}
