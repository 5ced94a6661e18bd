"""A formula as mathematics, in LaTeX."""

from __future__ import annotations

import re
from collections.abc import Callable

from neurogebra.core.array_sample import Sample
from neurogebra.core.differentiate import CALL
from neurogebra.core.latex_names import latex_number, latex_symbol
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
    SUMS,
    TALL,
    TURNED,
    Page,
    Part,
    conditions,
    is_column,
    is_ones,
    render,
    squared,
)
from neurogebra.core.latex_places import (
    MARKED,
    at_axis,
    axis_letter,
    marks,
    place,
    sizes,
    turned_round,
)
from neurogebra.core.latex_unicode import unicode as unicode
from neurogebra.core.tree import NUMBER, SYMBOL, Node
from neurogebra.ops import ALPHABET
from neurogebra.ops.record import REDUCTION

# Functions that are written without brackets: ln x.
_NAMED = ("log", "sin", "cos", "sinh", "cosh", "tanh", "arctan")
_WORD = r"\\(mathrm|operatorname|ln|sin|cos|tan|arctan|max|min)"
# The sign of an operation that bears the letter of its axis.
_INDEXED = re.compile(r"\\operatorname\{\{[\w\\]+\}\}|\\(?:sum|max|min|prod|right\\\|)")


def latex(root: Node, sample: Sample | None = None) -> str:
    """Return the LaTeX of a formula; sample: an example of its inputs, for what shapes decide."""
    return render(root, sample, latex_symbol, latex_number, _node)[id(root)][0]


def _tall(part: Part, least: float) -> str:
    """Bracket what binds less than `least`, with brackets as tall as what is in them."""
    text, tight = part
    if tight >= least:
        return text
    return rf"\left({text}\right)" if TALL.search(text) else f"({text})"


def _node(node: Node, parts: list[Part], page: Page) -> Part:
    op = node.op
    if op in COMPARISONS:
        back = turned_round(node)
        a, b = (_tall(p, SUM) for p in (parts[::-1] if back else parts))
        return f"[{a} {(TURNED if back else COMPARISONS)[op][0]} {b}]", ATOM
    if op in _BY_PAGE:
        return _BY_PAGE[op](node, parts, page)
    written = _LATEX.get(op)
    if written is not None:
        return written(node, parts)
    if op.startswith(CALL):
        name = op[len(CALL) :]
        prime = "'" * name.count("′")
        inner = ", ".join(p[0] for p in parts)
        return rf"\operatorname{{{name.rstrip('′')}}}{prime}({inner})", ATOM
    if op in CALLED:
        inner = "; ".join(p[0] for p in parts[: 2 if op in INDEXED else 1])
        return rf"\operatorname{{{CALLED[op]}}}{_mark(node, page)}({inner})", ATOM
    row = ALPHABET[op]
    template = row.latex
    letter = _mark(node, page) if op in MARKED else ""
    if row.kind == REDUCTION and row.attrs[:1] == ("axis",):
        index = page.index(node)
        letter = f"_{{{index}}}" if index else ""
    if letter:
        mark = letter.replace("{", "{{").replace("}", "}}")
        template = _INDEXED.sub(lambda m: m[0] + mark, template, count=1)
    texts = [_tall(p, _least(row.latex, i, row.tight)) for i, p in enumerate(parts)]
    return template.format(*texts), row.tight


def _mark(node: Node, page: Page) -> str:
    """Return the whole numbers of an operation as an index of its name."""
    if node.op not in MARKED:
        return ""
    ranks = [r for part in (node, node.args[0]) if (r := page.rank(part)) is not None]
    found = marks(node, min(ranks, default=None))
    words = (re.sub(r"([a-z]{2,})( ?)", r"\\mathrm{\1}\2", m) for m in found)
    text = ", ".join(w.replace(" ", r"\ ") for w in words)
    return f"_{{{text}}}" if text else ""


def _place(node: Node, parts: list[Part], page: Page) -> Part:
    """Write a piece of an array, or an array with a new axis, by its index."""
    index = place(node, page.rank(node), r"\ldots", r"\mathrm{new}")
    if index is None or node.args[0].op == NUMBER:
        return parts[0]
    return _indexed(parts[0], index.replace(", ", ","))


def _indexed(part: Part, index: str) -> Part:
    text = _tall(part, ATOM)
    if re.search(r"[_^]", text) and text[-1] not in ")]":
        text = rf"\left({text}\right)" if TALL.search(text) else f"({text})"
    return f"{text}_{{{index}}}", ATOM


def _take(node: Node, parts: list[Part], page: Page) -> Part:
    axis = dict(node.attrs).get("axis", 0)
    return _indexed(parts[0], at_axis(axis, page.rank(node.args[0]), parts[1][0], r"\ldots"))


def _concat(node: Node, parts: list[Part], page: Page) -> Part:
    """Write arrays side by side, or one under the other."""
    axis = dict(node.attrs)["axis"]
    rank = page.rank(node)
    below = (axis % rank if rank else axis) == 0 and rank != 1
    letter = "" if axis in (0, -1) else f"_{{{axis_letter(axis)}}}"
    tall = any(TALL.search(p[0]) for p in parts)
    left, right = (r"\left[", r"\right]") if tall else ("[", "]")
    sep = ";" if below else ","
    return rf"{left}{parts[0][0]}{sep}\, {parts[1][0]}{right}{letter}", ATOM


def _reshape(node: Node, parts: list[Part], page: Page) -> Part:
    shape = sizes(dict(node.attrs)["shape"], r" \times ")
    return rf"\operatorname{{reshape}}_{{{shape}}}({parts[0][0]})", ATOM


def _polygamma(node: Node, parts: list[Part], page: Page) -> Part:
    return rf"\psi^{{({dict(node.attrs).get('n', 1)})}}({parts[0][0]})", ATOM


def _least(template: str, i: int, tight: float) -> float:
    """Return how tightly an argument must bind: anything does between signs that enclose it."""
    hole = f"{{{i}}}"
    if any(sign + hole in template for sign in ("(", "{{", "|", "[", "floor ", "ceil ", ", ")):
        return 0
    return PRODUCT if tight == PRODUCT and (r"\sum" in template or r"\prod" in template) else ATOM


def _product(node: Node, parts: list[Part], page: Page) -> Part:
    """Write a product of matrices; a third argument only gives a shape."""
    turned = PRODUCTS[node.op]
    if turned is None and page.rank(node.args[0]) == 1 and not _is_row(node.args[0]):
        turned = 0
    a, b = (
        _turned(node.args[i], parts[i]) if i == turned else _factor(node.args[i], parts[i])
        for i in range(2)
    )
    return _beside(a, b), PRODUCT


def _is_row(node: Node) -> bool:
    return node.op == "transpose"


def _factor(node: Node, part: Part) -> str:
    if node.op in _NAMED and part[0].endswith(")"):
        return part[0]
    return _tall(part, PRODUCT if node.op in PRODUCTS or node.op == "solve" else POWER)


def _turned(node: Node, part: Part) -> str:
    """Write a transposed part; what is transposed already stands as it is."""
    if node.op == "transpose" or (node.op == "inverse" and part[0].endswith("^{-1}")):
        inner = re.fullmatch(r"(.*)\^(\\top|\{-1\}|\{-\\top\})", part[0], re.S)
        if inner:
            return inner[1] + {r"\top": "", "{-1}": r"^{-\top}"}.get(inner[2], "^{-1}")
    return rf"{_tall(part, ATOM)}^\top"


def _transpose(node: Node, parts: list[Part], page: Page) -> Part:
    return _turned(node.args[0], parts[0]), POWER


def _dot(node: Node, parts: list[Part], page: Page) -> Part:
    return _beside(_turned(node.args[0], parts[0]), _factor(node.args[1], parts[1])), PRODUCT


def _solve(node: Node, parts: list[Part], page: Page) -> Part:
    matrix = node.args[0]
    sign = r"^{-\top}" if matrix.op == "transpose" else "^{-1}"
    text = _turned(matrix, parts[0]) if matrix.op == "transpose" else _tall(parts[0], ATOM)
    return f"{text}{sign} {_factor(node.args[1], parts[1])}", PRODUCT


def _mul(node: Node, parts: list[Part], page: Page) -> Part:
    left, right = node.args
    if left is right and left.op != NUMBER:
        return _power(left, parts[0], "2", page)
    if page.matrices and not page.is_scalar(left) and not page.is_scalar(right):
        a, b = (
            _tall(p, POWER if n.op in (*PRODUCTS, *SUMS) else HADAMARD)
            for n, p in zip(node.args, parts, strict=True)
        )
        return rf"{a} \odot {b}", HADAMARD
    loose = left.op in (*SUMS, "logdet") or (left.op == "mul" and left.args[1].op in SUMS)
    a = _tall(parts[0], 0 if left.op == NUMBER else POWER if loose else PRODUCT)
    bound = HADAMARD if page.matrices and page.is_scalar(left) else PRODUCT
    a = re.sub(r"(\\(?:ln|arctan|sinh?|cosh?|tanh)) (\S+)$", r"\1(\2)", a)  # ln x · y is not ln(xy)
    tight = parts[1][1] if parts[1][1] >= bound else PRODUCT
    return _beside(a, _tall(parts[1], bound)), min(PRODUCT, tight)


def _beside(a: str, b: str) -> str:
    """Write two factors next to each other, apart where their letters would run together."""
    if b[:1].isdigit():
        return rf"{a} \cdot {b}"
    apart = re.search(_WORD + r"[^ ]*$", a) or re.match(_WORD, b)
    return rf"{a} \, {b}" if apart else f"{a} {b}"


def _sum(node: Node, parts: list[Part], page: Page) -> Part:
    """Write a sum over everything of squares, beside matrices, as a squared length."""
    base, whole = squared(node.args[0]), dict(node.attrs).get("axis") is None
    if base is not None and whole and page.matrices:
        inner = re.fullmatch(
            r"(?:\\left)?\((.*?)(?:\\right)?\)\^\{(?:\\odot )?2\}", parts[0][0], re.S
        )
        inner = inner or re.fullmatch(r"(.*)\^\{(?:\\odot )?2\}", parts[0][0], re.S)
        if inner:
            index = "_F" if (page.rank(node.args[0]) or 1) > 1 else ""
            return rf"\left\|{inner[1]}\right\|{index}^{{2}}", POWER
    letter = page.index(node)
    sign = rf"\sum_{{{letter}}}" if letter else r"\sum"
    return rf"{sign} {_tall(parts[0], PRODUCT)}", PRODUCT


def _mean(node: Node, parts: list[Part], page: Page) -> Part:
    plain = dict(node.attrs).get("axis") is None
    first = dict(node.attrs).get("axis") in (0, -2) and page.rank(node.args[0]) is None
    if (
        not first
        and node.args[0].op == SYMBOL
        and len(parts[0][0]) == 1
        and (page.rank(node.args[0]) or 1) == 1
    ):
        return rf"\bar{{{parts[0][0]}}}", ATOM
    if plain and page.n_is_free and page.sample is None:
        return rf"\frac{{1}}{{n}} {_sum(node, parts, page)[0]}", PRODUCT
    if plain and page.sample is not None:
        count = page.sample.count(page.sample.shape(node.args[0]))
        shown = "n" if count is None and page.n_is_free else "" if count is None else latex(count)
        if shown:
            return rf"\frac{{1}}{{{shown}}} {_sum(node, parts, page)[0]}", PRODUCT
    letter = page.index(node)
    mark = f"_{{{letter}}}" if letter else ""
    return rf"\operatorname{{mean}}{mark}({parts[0][0]})", ATOM


def _norm(node: Node, parts: list[Part], page: Page) -> Part:
    letter = page.index(node)
    whole = dict(node.attrs).get("axis") is None and (page.rank(node.args[0]) or 1) > 1
    mark = "_F" if whole else f"_{{{letter}}}" if letter else ""
    return rf"\left\|{parts[0][0]}\right\|{mark}", ATOM


def _size(node: Node, parts: list[Part], page: Page) -> Part:
    if page.is_n(node):
        return "n", ATOM
    axis = dict(node.attrs).get("axis")
    mark = f"_{{{axis_letter(axis)}}}" if axis_letter(axis) else ""
    return rf"\operatorname{{size}}{mark}({parts[0][0]})", ATOM


def _shaped(node: Node, parts: list[Part], page: Page) -> Part:
    """Leave out what only shapes; a vector that is spread along columns is v 𝟏ᵀ."""
    if is_ones(node):
        return r"\mathbf{1}", ATOM
    if is_column(node) and not page.is_scalar(node.args[0]):
        return rf"{_factor(node.args[0], parts[0])} \mathbf{{1}}^\top", PRODUCT
    ranks = page.rank(node), page.rank(node.args[0])
    if node.op == "reshape_like" and None not in ranks and ranks[0] != ranks[1]:
        name = "vec" if ranks[0] == 1 else "mat"
        return rf"\operatorname{{{name}}}({parts[0][0]})", ATOM
    return parts[0]


def _singular(node: Node, parts: list[Part], page: Page) -> Part:
    """Write U diag(g) Vᵀ, which is U Vᵀ where g is 1."""
    left, right = ("V", "V") if node.op == "eigen_back" else ("U", "V")
    inner = "" if is_ones(node.args[0]) else rf"\operatorname{{diag}}({parts[0][0]}) \, "
    return rf"{left} {inner}{right}^\top", PRODUCT


def _latex_add(node: Node, parts: list[Part]) -> Part:
    return f"{parts[0][0]} + {_tall(parts[1], HADAMARD)}", SUM


def _latex_sub(node: Node, parts: list[Part]) -> Part:
    return f"{parts[0][0]} - {_tall(parts[1], HADAMARD)}", SUM


def _latex_neg(node: Node, parts: list[Part]) -> Part:
    return f"-{_tall(parts[0], HADAMARD)}", SUM


def _latex_div(node: Node, parts: list[Part]) -> Part:
    return f"\\frac{{{parts[0][0]}}}{{{parts[1][0]}}}", POWER


def _latex_where(node: Node, parts: list[Part]) -> Part:
    """Write a choice, and the choices in its other branch, one under the other."""
    condition = conditions(node.args[0], parts[0], r"]\text{ and }[").replace("] [", "][")
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


def _pow(node: Node, parts: list[Part], page: Page) -> Part:
    return _power(node.args[0], parts[0], parts[1][0], page)


def _power(base: Node, part: Part, exponent: str, page: Page) -> Part:
    """Write a power; of a matrix, element by element, with a sign that says so."""
    named = re.match(r"(\\[a-z]+) ?(.*)", part[0], re.S) if base.op in _NAMED else None
    if named and exponent.isdigit():
        return f"{named[1]}^{{{exponent}}} {named[2]}", PRODUCT
    if (page.rank(base) or 0) > 1:
        exponent = rf"\odot {exponent}"
    return f"{_tall(part, ATOM)}^{{{exponent}}}", POWER


_LATEX: dict[str, Callable[[Node, list[Part]], Part]] = {
    "add": _latex_add,
    "sub": _latex_sub,
    "neg": _latex_neg,
    "div": _latex_div,
    "where": _latex_where,
    "exp": _latex_exp,
    **dict.fromkeys(_NAMED, _latex_named),
}
_BY_PAGE: dict[str, Callable[[Node, list[Part], Page], Part]] = {
    "mul": _mul,
    "pow": _pow,
    "sum": _sum,
    "mean": _mean,
    "norm": _norm,
    "size": _size,
    "dot": _dot,
    "solve": _solve,
    "transpose": _transpose,
    "slice": _place,
    "take": _take,
    "concat": _concat,
    "reshape": _reshape,
    "polygamma": _polygamma,
    "singular_back": _singular,
    "eigen_back": _singular,
    **dict.fromkeys(PRODUCTS, _product),
    **dict.fromkeys(SHAPED, _shaped),
    "expand_dims": _place,
}
