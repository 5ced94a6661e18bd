"""A formula as mathematics: LaTeX for pages, one line of Unicode for terminals."""

from __future__ import annotations

import re
from collections.abc import Callable

from neurogebra.core.differentiate import CALL
from neurogebra.core.tree import NUMBER, SYMBOL, Node, in_order
from neurogebra.ops import ALPHABET

GREEK = (  # noqa: SIM905
    "alpha beta gamma delta epsilon zeta eta theta kappa lambda mu nu xi rho sigma tau phi chi "
    "psi omega"
).split()
_LETTERS = dict(zip(GREEK, "αβγδεζηθκλμνξρστφχψω", strict=True))
_HATS = {"y_pred": (r"\hat{y}", "ŷ"), "y_true": ("y", "y")}
ATOM, POWER, PRODUCT, SUM, COMPARISON = 4, 3, 2, 1, 0


def latex(root: Node) -> str:
    """Return the LaTeX of a formula."""
    return _render(root, _latex_symbol, _latex_node)


def unicode(root: Node) -> str:
    """Return a formula as one line of Unicode: relu(x·W1 + b1)."""
    return _render(root, _unicode_symbol, _unicode_node)


Part = tuple[str, int]  # a text and how tightly it binds
Symbol = Callable[[str], str]
Join = Callable[[Node, list[Part]], Part]


def _render(root: Node, name: Symbol, join: Join) -> str:
    made: dict[int, Part] = {}
    for node in in_order(root):
        if node.op == SYMBOL:
            made[id(node)] = (name(node.value), ATOM)
        elif node.op == NUMBER:
            made[id(node)] = (_number(node.value), ATOM if node.value >= 0 else SUM)
        else:
            made[id(node)] = join(node, [made[id(a)] for a in node.args])
    return made[id(root)][0]


def _number(value: float) -> str:
    if isinstance(value, int):
        return str(value)
    return f"{value:.6g}"


def _within(part: Part, least: int) -> str:
    text, tight = part
    return text if tight >= least else f"({text})"


# Products of matrices, and which factor of them is transposed.
_PRODUCTS = {"matmul": None, "matmul_left": 1, "matmul_right": 0}


def _factors(op: str, parts: list[Part], transposed: str) -> list[str]:
    """Return the two factors of a matrix product; what follows them only gives a shape."""
    turned = _PRODUCTS[op]
    return [
        transposed.format(_within(p, ATOM)) if i == turned else _within(p, ATOM)
        for i, p in enumerate(parts[:2])
    ]


def _latex_symbol(name: str) -> str:
    if name in _HATS:
        return _HATS[name][0]
    head, _, sub = name.rstrip("_").partition("_")
    digits = re.fullmatch(r"([A-Za-z]+)(\d+)", head)
    if digits and not sub:
        head, sub = digits.groups()
    shown = f"\\{head}" if head in GREEK else head if len(head) == 1 else rf"\mathrm{{{head}}}"
    return f"{shown}_{{{sub}}}".replace("_{}", "")


def _unicode_symbol(name: str) -> str:
    if name in _HATS:
        return _HATS[name][1]
    head, mark, sub = name.rstrip("_").partition("_")
    return _LETTERS.get(head, head) + mark + sub


def _latex_node(node: Node, parts: list[Part]) -> Part:
    op = node.op
    if op == "add":
        return f"{parts[0][0]} + {_within(parts[1], SUM)}", SUM
    if op == "sub":
        return f"{parts[0][0]} - {_within(parts[1], PRODUCT)}", SUM
    if op == "neg":
        return f"-{_within(parts[0], PRODUCT)}", SUM
    if op == "mul":
        if node.args[0] is node.args[1]:
            return f"{_within(parts[0], ATOM)}^{{2}}", POWER
        a, b = (_within(p, PRODUCT) for p in parts)
        dot = r" \cdot " if b[:1].isdigit() else r" \, " if b[:1].isalpha() else " "
        return f"{a}{dot}{b}", PRODUCT
    if op == "div":
        return f"\\frac{{{parts[0][0]}}}{{{parts[1][0]}}}", POWER
    if op == "pow":
        return f"{_within(parts[0], ATOM)}^{{{parts[1][0]}}}", POWER
    if op in _PRODUCTS:
        a, b = _factors(op, parts, r"{}^{{\top}}")
        return rf"{a} \, {b}", PRODUCT
    if op.startswith(CALL):
        return rf"\operatorname{{{op[len(CALL) :]}}}({', '.join(p[0] for p in parts)})", ATOM
    if op in ("expand_like", "reshape_like"):
        return parts[0]
    row = ALPHABET[op]
    wrapped = "({0})" in row.latex or "{{{0}}}" in row.latex or len(parts) > 1
    texts = [p[0] if wrapped else _within(p, ATOM) for p in parts]
    return row.latex.format(*texts), row.tight


_SIGNS = {"greater": ">", "greater_equal": "≥", "equal": "="}


def _unicode_node(node: Node, parts: list[Part]) -> Part:
    op = node.op
    if op == "add":
        return f"{parts[0][0]} + {_within(parts[1], SUM)}", SUM
    if op == "sub":
        return f"{parts[0][0]} − {_within(parts[1], PRODUCT)}", SUM
    if op == "neg":
        return f"−{_within(parts[0], PRODUCT)}", SUM
    if op == "mul":
        if node.args[0] is node.args[1]:
            return f"{_within(parts[0], ATOM)}²", POWER
        sign = "·" if node.args[0].op == NUMBER else " ⊙ "
        return sign.join(_within(p, PRODUCT) for p in parts), PRODUCT
    if op == "div":
        return f"{_within(parts[0], PRODUCT)} / {_within(parts[1], ATOM)}", PRODUCT
    if op == "pow":
        return f"{_within(parts[0], ATOM)}^{_within(parts[1], ATOM)}", POWER
    if op in _PRODUCTS:
        return "·".join(_factors(op, parts, "{}ᵀ")), PRODUCT
    if op == "transpose":
        return f"{_within(parts[0], ATOM)}ᵀ", POWER
    if op == "sqrt":
        return f"√{_within(parts[0], ATOM)}", POWER
    if op in _SIGNS:
        return f"{parts[0][0]} {_SIGNS[op]} {parts[1][0]}", COMPARISON
    if op in ("expand_like", "reshape_like"):
        return parts[0]
    if op == "sum_to":
        return f"Σ {_within(parts[0], PRODUCT)}", PRODUCT
    name = op.removeprefix(CALL)
    return f"{name}({', '.join(p[0] for p in parts)})", ATOM
