"""The documented path to what helps to read formulas; it leads to `core.card` and `core.latex`."""

from __future__ import annotations

from neurogebra.core.card import card, compare
from neurogebra.core.latex import latex, unicode

__all__ = ["card", "compare", "latex", "unicode"]
