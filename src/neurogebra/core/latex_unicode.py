"""A formula as one line of Unicode, for terminals."""

from __future__ import annotations

from collections.abc import Callable

from neurogebra.core.array_sample import Sample
from neurogebra.core.differentiate import CALL
from neurogebra.core.latex_names import unicode_number, unicode_symbol
from neurogebra.core.latex_page import (
    ATOM,
    CALLED,
    COMPARISONS,
    HADAMARD,
    INDEXED,
    POWER,
    PRODUCT,
    PRODUCTS,
    SHAPED,
    SUM,
    TURNED,
    Page,
    Part,
    conditions,
    is_column,
    is_ones,
    is_test,
    render,
)
from neurogebra.core.latex_places import at_axis, place, raised, sizes, turned_round, words
from neurogebra.core.tree import NUMBER, Node

_MINUS = "−"
_SHORT = {"maximum": "max", "minimum": "min", "amax": "max", "amin": "min", **CALLED}
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def unicode(root: Node, sample: Sample | None = None) -> str:
    """Return a formula as one line of Unicode: relu(x·W1 + b1)."""
    return render(root, sample, unicode_symbol, unicode_number, _node)[id(root)][0]


def lengths(root: Node, sample: Sample | None = None) -> dict[int, int]:
    """Return how many characters every part of a formula takes, by id."""
    made = render(root, sample, unicode_symbol, unicode_number, _node)
    return {part: len(text) for part, (text, _) in made.items()}


def _within(part: Part, least: float) -> str:
    text, tight = part
    return text if tight >= least else f"({text})"


def _node(node: Node, parts: list[Part], page: Page) -> Part:
    op = node.op
    if op in COMPARISONS:
        back = turned_round(node)
        a, b = (_within(p, SUM) for p in (parts[::-1] if back else parts))
        return f"[{a} {(TURNED if back else COMPARISONS)[op][1]} {b}]", ATOM
    if op in _BY_PAGE:
        return _BY_PAGE[op](node, parts, page)
    written = _UNICODE.get(op)
    if written is not None:
        return written(node, parts)
    ranks = [r for part in (node, node.args[0]) if (r := page.rank(part)) is not None]
    extra = words(node, min(ranks, default=None))
    name = _SHORT.get(op, op.removeprefix(CALL))
    shown = parts[: 2 if op in INDEXED else 1] if op in CALLED else parts
    return f"{name}({', '.join([*(p[0] for p in shown), *extra])})", ATOM


def _place(node: Node, parts: list[Part], page: Page) -> Part:
    """Write a piece of an array, or an array with a new axis, by its index."""
    index = place(node, page.rank(node), "…", "new")
    if index is None or node.args[0].op == NUMBER:
        return parts[0]
    return f"{_within(parts[0], ATOM)}[{index}]", ATOM


def _take(node: Node, parts: list[Part], page: Page) -> Part:
    axis = dict(node.attrs).get("axis", 0)
    index = at_axis(axis, page.rank(node.args[0]), parts[1][0], "…")
    return f"{_within(parts[0], ATOM)}[{index}]", ATOM


def _concat(node: Node, parts: list[Part], page: Page) -> Part:
    axis = dict(node.attrs)["axis"]
    rank = page.rank(node)
    sep = "; " if (axis % rank if rank else axis) == 0 and rank != 1 else ", "
    extra = "" if axis in (0, -1) else f", axis={axis}"
    return f"[{parts[0][0]}{sep}{parts[1][0]}{extra}]", ATOM


def _reshape(node: Node, parts: list[Part], page: Page) -> Part:
    shape = sizes(dict(node.attrs)["shape"], "×").replace("-", _MINUS)
    return f"reshape({parts[0][0]}, {shape})", ATOM


def _norm(node: Node, parts: list[Part], page: Page) -> Part:
    extra = words(node, page.rank(node.args[0]))
    return (f"norm({parts[0][0]}, {extra[0]})" if extra else f"‖{parts[0][0]}‖"), ATOM


def _polygamma(node: Node, parts: list[Part], page: Page) -> Part:
    return f"ψ{raised(dict(node.attrs).get('n', 1))}({parts[0][0]})", ATOM


def _product(node: Node, parts: list[Part], page: Page) -> Part:
    turned = PRODUCTS[node.op]
    if turned is None and page.rank(node.args[0]) == 1:
        turned = 0
    factors = (
        _turned(node.args[i], parts[i]) if i == turned else _factor(node.args[i], parts[i])
        for i in range(2)
    )
    return "·".join(factors), PRODUCT


def _factor(node: Node, part: Part) -> str:
    return _within(part, PRODUCT if node.op in PRODUCTS or node.op == "solve" else POWER)


def _turned(node: Node, part: Part) -> str:
    text = part[0]
    if node.op in ("transpose", "inverse"):
        for old, new in (("⁻ᵀ", "⁻¹"), ("ᵀ", ""), ("⁻¹", "⁻ᵀ")):
            if text.endswith(old):
                return text.removesuffix(old) + new
    return f"{_within(part, ATOM)}ᵀ"


def _solve(node: Node, parts: list[Part], page: Page) -> Part:
    matrix = node.args[0]
    back = matrix.op == "transpose"
    text = _turned(matrix, parts[0]) + "⁻ᵀ" if back else _within(parts[0], ATOM) + "⁻¹"
    return f"{text}·{_factor(node.args[1], parts[1])}", PRODUCT


def _size(node: Node, parts: list[Part], page: Page) -> Part:
    if page.is_n(node):
        return "n", ATOM
    axis = dict(node.attrs).get("axis", -1)
    extra = "" if axis == -1 else f", axis={axis}"
    return f"size({parts[0][0]}{extra})", ATOM


def _shaped(node: Node, parts: list[Part], page: Page) -> Part:
    if is_ones(node):
        return "𝟏", ATOM
    if is_column(node) and not page.is_scalar(node.args[0]):
        return f"{_factor(node.args[0], parts[0])}·𝟏ᵀ", PRODUCT
    return parts[0]


def _mul(node: Node, parts: list[Part], page: Page) -> Part:
    left, right = node.args
    if left is right and left.op != NUMBER:
        return f"{_within(parts[0], ATOM)}²", POWER
    if is_test(node):
        return "".join(p[0] for p in parts), ATOM
    if page.matrices and not page.is_scalar(left) and not page.is_scalar(right):
        a, b = (
            _within(p, POWER if n.op in ("sum_to", "neg") else HADAMARD)
            for n, p in zip(node.args, parts, strict=True)
        )
        return f"{a} ⊙ {b}", HADAMARD
    if page.is_scalar(left) and left.op == "div" and not page.is_scalar(right):
        return f"({parts[0][0]})·{_within(parts[1], HADAMARD)}", HADAMARD
    least = 0 if left.op == NUMBER and left.value < 0 else PRODUCT
    a = _within(parts[0], POWER if left.op == "sum_to" else least)
    bound = HADAMARD if page.is_scalar(left) else PRODUCT
    tight = parts[1][1] if parts[1][1] >= bound else PRODUCT
    return f"{a}·{_within(parts[1], bound)}", min(PRODUCT, tight)


def _unicode_pow(node: Node, parts: list[Part]) -> Part:
    base, exponent = _within(parts[0], ATOM), parts[1][0]
    if exponent.isdigit():
        return f"{base}{exponent.translate(_RAISED)}", POWER
    return f"{base}^{_within(parts[1], ATOM)}", POWER


def _unicode_where(node: Node, parts: list[Part]) -> Part:
    condition = conditions(node.args[0], parts[0], " and ")
    other = parts[2][0]
    last = other[1:-1] if node.args[2].op == "where" else f"{other} otherwise"
    return f"{{{parts[1][0]} if {condition}; {last}}}", ATOM


_UNICODE: dict[str, Callable[[Node, list[Part]], Part]] = {
    "add": lambda n, p: (f"{p[0][0]} + {_within(p[1], HADAMARD)}", SUM),
    "sub": lambda n, p: (f"{p[0][0]} {_MINUS} {_within(p[1], HADAMARD)}", SUM),
    "neg": lambda n, p: (f"{_MINUS}{_within(p[0], HADAMARD)}", SUM),
    "div": lambda n, p: (f"{_within(p[0], PRODUCT)} / {_within(p[1], POWER)}", PRODUCT),
    "pow": _unicode_pow,
    "where": _unicode_where,
    "abs": lambda n, p: (f"|{p[0][0]}|", ATOM),
    "sqrt": lambda n, p: (f"√{_within(p[0], ATOM)}", POWER),
    "inverse": lambda n, p: (f"{_within(p[0], ATOM)}⁻¹", POWER),
    "digamma": lambda n, p: (f"ψ({p[0][0]})", ATOM),
    "eye_like": lambda n, p: ("I", ATOM),
    "conv2d": lambda n, p: (f"{_within(p[0], POWER)} ∗ {_within(p[1], POWER)}", PRODUCT),
    "conv2d_left": lambda n, p: (f"{_within(p[0], POWER)} ∗ᵀ {_within(p[1], POWER)}", PRODUCT),
    "conv2d_right": lambda n, p: (f"{_within(p[0], ATOM)}ᵀ ∗ {_within(p[1], POWER)}", PRODUCT),
    "sum_to": lambda n, p: (f"Σ {_within(p[0], HADAMARD)}", PRODUCT),
}
_BY_PAGE: dict[str, Callable[[Node, list[Part], Page], Part]] = {
    "mul": _mul,
    "size": _size,
    "solve": _solve,
    "norm": _norm,
    "slice": _place,
    "take": _take,
    "concat": _concat,
    "reshape": _reshape,
    "polygamma": _polygamma,
    "transpose": lambda n, p, page: (_turned(n.args[0], p[0]), POWER),
    **dict.fromkeys(PRODUCTS, _product),
    **dict.fromkeys(SHAPED, _shaped),
    "expand_dims": _place,
}
