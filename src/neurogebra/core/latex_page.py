"""What LaTeX and Unicode share: how tightly parts bind, and what the whole formula decides."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from neurogebra.core.array_sample import Sample, is_number_name
from neurogebra.core.differentiate import CALL
from neurogebra.core.latex_places import LETTERS, axis_letter
from neurogebra.core.tree import NUMBER, SYMBOL, Node, in_order, require_writable
from neurogebra.ops import ALPHABET
from neurogebra.ops.record import ELEMENTWISE, REDUCTION

# How tightly a part binds; HADAMARD is an elementwise product beside products of matrices.
ATOM, POWER, PRODUCT, HADAMARD, SUM = 4, 3, 2, 1.5, 1
Part = tuple[str, float]  # a text and how tightly it binds

COMPARISONS = {"greater": (">", ">"), "greater_equal": (r"\geq", "≥"), "equal": ("=", "=")}
# The same, read from the right.
TURNED = {"greater": ("<", "<"), "greater_equal": (r"\leq", "≤")}
# Products of matrices, and which factor of them is transposed.
PRODUCTS = {"matmul": None, "matmul_left": 1, "matmul_right": 0, "outer": 1}
# What changes a shape only, and is not written.
SHAPED = ("expand_like", "reshape_like", "columns", "expand_dims", "squeeze")
SUMS = ("sum", "amax", "amin", "logsumexp", "argmax", "sum_to", "mean", "prod")
# What goes by another name on paper.
CALLED = {
    "put_along": "scatter",
    "take_back": "scatter",
    "unwindow": "fold",
    "slice_back": "embed",
    "part_like": "part",
    "part_back": "embed",
    "diagonal_back": "diag",
    "flatten": "vec",
    "unpatches": "fold",
    "max_pool_back": "unpool",
}
# Of these the index is written too.
INDEXED = ("put_along", "take_back")
_NUMBERS = ("size", "dot", "trace", "det", "logdet")


@dataclass(slots=True)
class Page:
    """What the whole formula decides: products of matrices, whether n may stand for a size.

    sample: an example of the inputs, where their shapes are known.
    """

    matrices: bool
    n_is_free: bool
    one_size: bool
    sample: Sample | None = None
    scalars: set[int] = field(default_factory=set)

    @property
    def dot(self) -> str:
        """The sign of an elementwise product in Unicode."""
        return " ⊙ " if self.matrices else "·"

    def is_scalar(self, node: Node) -> bool:
        """Say whether a part is one number, as far as the formula says."""
        return id(node) in self.scalars

    def rank(self, node: Node) -> int | None:
        """Return how many axes a part has; None where shapes are not known."""
        return None if self.sample is None else len(self.sample.shape(node))

    def index(self, node: Node) -> str:
        """Return the letter of the axis that an operation works along, where there are several."""
        axis, rank = dict(node.attrs).get("axis"), self.rank(node.args[0])
        if axis is None or (rank is not None and rank < 2):
            return ""
        if rank is None or isinstance(axis, tuple):
            return axis_letter(axis)
        return LETTERS[axis % rank % len(LETTERS)]

    def is_n(self, node: Node) -> bool:
        """Say whether a size may be written n: where it is the only one."""
        return self.n_is_free and self.one_size


def page_of(nodes: list[Node], sample: Sample | None) -> Page:
    """Return what a formula's nodes decide."""
    matrices = any(n.op in PRODUCTS or n.op.startswith(CALL) for n in nodes)
    if sample is not None:
        matrices = matrices or any(sample.shape(n) for n in nodes)
    named_n = any(n.op == SYMBOL and n.value == "n" for n in nodes)
    sizes = {repr(n) for n in nodes if n.op == "size"}
    page = Page(matrices, not named_n, len(sizes) == 1, sample)
    for node in nodes:
        if _is_scalar(node, page):
            page.scalars.add(id(node))
    return page


def _is_scalar(node: Node, page: Page) -> bool:
    if page.sample is not None:
        return page.sample.shape(node) == ()
    if node.op == SYMBOL:
        return is_number_name(node.value)
    op = ALPHABET.get(node.op)
    if node.op == NUMBER or node.op in _NUMBERS:
        return True
    if op is None or op.kind not in (ELEMENTWISE, REDUCTION):
        return False
    if op.kind == REDUCTION and dict(node.attrs).get("axis") is None:
        return not dict(node.attrs).get("keepdims")
    return all(page.is_scalar(a) for a in node.args)


def render(
    root: Node,
    sample: Sample | None,
    name: Callable[[str], str],
    figure: Callable[[float], Part],
    join: Callable[[Node, list[Part], Page], Part],
) -> dict[int, Part]:
    """Return every part of a formula, written by `join`, by id; FormulaError if it fills books."""
    require_writable(root)
    nodes = in_order(root)
    page = page_of(nodes, sample)
    made: dict[int, Part] = {}
    for node in nodes:
        if node.op == SYMBOL:
            made[id(node)] = (name(node.value), ATOM)
        elif node.op == NUMBER:
            made[id(node)] = figure(node.value)
        else:
            made[id(node)] = join(node, [made[id(a)] for a in node.args], page)
    return made


def conditions(node: Node, part: Part, sep: str) -> str:
    """Return a condition without the brackets that make it a number."""
    text = part[0]
    return text[1:-1].replace("][", sep) if is_test(node) else text


def is_test(node: Node) -> bool:
    """Say whether a part is a comparison, or several that must hold."""
    if node.op == "mul":
        return all(is_test(a) for a in node.args)
    return node.op in COMPARISONS


def is_ones(node: Node) -> bool:
    """Say whether a part is the number 1 in every place."""
    return node.op == "expand_like" and node.args[0].op == NUMBER and node.args[0].value == 1


def is_column(node: Node) -> bool:
    """Say whether a vector is spread along a last axis that it does not have."""
    attrs = dict(node.attrs)
    axis = attrs.get("axis")
    return node.op == "expand_like" and not attrs.get("keepdims") and axis not in (None, 0)


def squared(node: Node) -> Node | None:
    """Return what a part is the square of."""
    if node.op == "mul" and node.args[0] is node.args[1]:
        return node.args[0]
    power = node.op == "pow" and node.args[1].op == NUMBER and node.args[1].value == 2
    return node.args[0] if power else None


TALL = re.compile(r"\\frac|\\sum|\\begin|\\left|\\prod")
