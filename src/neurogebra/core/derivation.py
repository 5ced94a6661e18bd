"""A derivative as a mathematician writes it down: one formula, and what its letters stand for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from neurogebra.core.array_sample import Sample, of_shapes
from neurogebra.core.expression_maths import checked_name, derivative, of_source
from neurogebra.core.latex import latex, unicode
from neurogebra.core.latex_names import latex_symbol, unicode_symbol
from neurogebra.core.matrix_tidy import tidy_arrays
from neurogebra.core.named_parts import Named, named_parts
from neurogebra.core.second import along
from neurogebra.core.tree import Node, build, in_order, symbol, symbols
from neurogebra.errors import BadValue


@dataclass(frozen=True, slots=True)
class Derivation:
    """A function, its derivative by one name, and how both are written.

    tree: the function; made: the derivative as it was made; tidied: the same as one would write
    it; short and parts: that with letters for what comes back. v: the direction of a
    Hessian–vector product, or None. sample: an example of the declared shapes. carried: the
    letter of dL/df where f is an array, whose derivative is what flows backwards through it.
    """

    tree: Node
    made: Node
    tidied: Node
    short: Node
    parts: tuple[Named, ...]
    by: str
    v: str | None
    sample: Sample
    carried: str | None = None

    def latex(self) -> str:
        """Return the derivative in LaTeX, aligned with what its letters stand for."""
        by = latex_symbol(self.by)
        if self.v is not None:
            left = rf"\nabla_{{{by}}}^2 f \, {latex_symbol(self.v)}"
        elif self.carried is not None:
            left = rf"\nabla_{{{by}}} \langle {latex_symbol(self.carried)}, f \rangle"
        elif self.sample.shape(self.made) == ():
            left = rf"\frac{{\partial f}}{{\partial {by}}}"
        else:
            left = rf"\nabla_{{{by}}} f"
        if not self.parts:
            return f"{left} = {latex(self.short, self.sample)}"
        rows = [f"{left} &= {latex(self.short, self.sample)}"]
        rows += [f"{latex_symbol(n)} &= {latex(p, self.sample)}" for n, p in self.parts]
        rows[1] = r"\text{where}\quad " + rows[1]
        return r"\begin{aligned} " + r" \\ ".join(rows) + r" \end{aligned}"

    def unicode(self) -> str:
        """Return the derivative as one line of Unicode: …, where S = softmax(…)."""
        return f"{self.sign()} = {self.right()}"

    def sign(self) -> str:
        """Return what `unicode` says before the sign of equality."""
        by = unicode_symbol(self.by)
        if self.v is not None:
            return f"∇²_{by} f {unicode_symbol(self.v)}"
        return f"∇_{by} f" if self.carried is None else f"∇_{by} ⟨{self.carried}, f⟩"

    def right(self) -> str:
        """Return what `unicode` says behind the sign of equality."""
        text = unicode(self.short, self.sample)
        names = [f"{unicode_symbol(n)} = {unicode(p, self.sample)}" for n, p in self.parts]
        return f"{text}, where {', '.join(names)}" if names else text

    def function(self) -> str:
        """Return the function itself in LaTeX."""
        return f"f = {latex(self.tree, self.sample)}"


def derive(
    formula: Any,
    by: str,
    shapes: Mapping[str, Sequence[str | int]],
    *,
    v: str | None = None,
    values: Mapping[str, Any] | None = None,
    carried: bool = False,
) -> Derivation:
    """Return the derivative of a formula by one of its names, written for declared shapes.

    formula: a text, a tree or a Formula. shapes: name → sizes, by name or number, as in
    {"X": ("n", "d"), "w": ("d",), "a": ()}. v: a direction; then it is the Hessian times v.
    values: arrays for names whose values matter to the formula, such as indices. carried: of an
    array f, derive ⟨g, f⟩ with g = dL/df, not the sum of its elements.
    Raises BadValue for a name without a shape and for shapes that do not fit, FormulaError
    for a derivative that would fill books.
    """
    maths = of_source(formula, None, None)
    by = checked_name(maths, by, "derive")
    absent = [n for n in maths.inputs if n not in shapes]
    if absent:
        raise BadValue("shapes", "a shape for every name", f"none for {', '.join(absent)}")
    given = {**shapes, **({} if v is None else {v: shapes[by]})}
    sample = of_shapes(given, values)
    try:
        sample.value(maths.tree)
        letter = _letter(maths.tree, sample) if carried else None
        tree = maths.tree if letter is None else build("sum", (symbol(letter) * maths.tree,), {})
        made = derivative(tree, by) if v is None else along(tree, by, v)
        sample.value(made)
    except (ValueError, TypeError, IndexError) as error:
        raise BadValue("shapes", "shapes that fit together", dict(shapes), str(error)) from error
    tidied = tidy_arrays(made, sample)
    short, parts = named_parts(tidied, sample)
    whole = sized(maths.tree, sample)
    return Derivation(whole, made, tidied, short, parts, by, v, sample, letter)


def _letter(root: Node, sample: Sample) -> str | None:
    """Return the letter of dL/df, defined in the sample; None where f is one number."""
    shape, taken = sample.shape(root), {*symbols(root), *sample.labels}
    if shape == ():
        return None
    letter = next(c for c in ("gkuvw" if len(shape) < 2 else "GKUVW") if c not in taken)
    sample.define(letter, root)
    return letter


def sized(root: Node, sample: Sample) -> Node:
    """Return the formula with the names of its sizes."""
    made: dict[int, Node] = {}
    for node in in_order(root):
        new = Node(node.op, tuple(made[id(a)] for a in node.args), node.attrs, node.value)
        if node.op == "size":
            shape, axis = sample.shape(node.args[0]), dict(node.attrs).get("axis")
            new = sample.count(shape if axis is None else (shape[axis],)) or new
        made[id(node)] = new if node.args else node
    return made[id(root)]
