"""Formulas in the notations that screens, papers and plain terminals want."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from neurogebra.core.latex import latex, unicode
from neurogebra.core.parse import parse
from neurogebra.errors import BadValue, UnknownName
from neurogebra.observatory.events import LayerInfo
from neurogebra.observatory.render.formula import ascii_math
from neurogebra.observatory.render.text import inert
from neurogebra.registry import near

STYLES = ("unicode", "latex", "ascii")


class Written(Protocol):
    """What knows its own notations, such as an Expression."""

    def to_latex(self) -> str:
        """Return the formula in LaTeX."""

    def to_unicode(self) -> str:
        """Return the formula as one line of Unicode."""


class FormulaRenderer:
    """Writes a formula in one style: "unicode" (the default), "latex" or "ascii".

    A formula is a text in the grammar of the book ("log(1 + exp(x))"), an Expression, or a
    layer of a run. Raises UnknownName for another style, FormulaError for a text that is none.
    """

    def __init__(self, style: str = "unicode") -> None:
        if style not in STYLES:
            raise UnknownName("style", str(style), near(str(style), STYLES) or STYLES)
        self.style = style

    def render(self, formula: str | Written | LayerInfo) -> str:
        """Return the formula in the style of this renderer."""
        if self.style == "latex":
            return self.latex(formula)
        return self.unicode(formula) if self.style == "unicode" else self.ascii(formula)

    def unicode(self, formula: str | Written | LayerInfo) -> str:
        """Return a formula as one line: `x²·σ(x)`."""
        if isinstance(formula, LayerInfo):
            return inert(formula.formula)
        return unicode(parse(formula)) if isinstance(formula, str) else formula.to_unicode()

    def latex(self, formula: str | Written | LayerInfo) -> str:
        """Return a formula in LaTeX, without dollar signs; BadValue for a layer that has none."""
        if isinstance(formula, LayerInfo):
            if not formula.latex:
                raise BadValue(f"layer {inert(formula.name, 60)!r}", "its LaTeX", "none")
            return inert(formula.latex, 5000)
        return latex(parse(formula)) if isinstance(formula, str) else formula.to_latex()

    def ascii(self, formula: str | Written | LayerInfo) -> str:
        """Return a formula in signs that every screen has: `x^2*sigmoid(x)`."""
        return ascii_math(self.unicode(formula))

    def layers(self, layers: Iterable[LayerInfo]) -> str:
        """Return a network: a line a layer with its formula, and below it its gradients."""
        lines = []
        for layer in layers:
            lines.append(f"{inert(layer.name, 60)}: {self.render(layer)}")
            if self.style != "latex":
                spelt = str if self.style == "unicode" else ascii_math
                lines += [f"    {spelt(inert(gradient))}" for gradient in layer.gradient]
        return "\n".join(lines)
