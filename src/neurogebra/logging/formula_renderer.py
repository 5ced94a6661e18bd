"""The documented path to formulas as text; it leads to `observatory.render.notation`."""

from __future__ import annotations

from neurogebra.observatory.render.notation import FormulaRenderer

__all__ = ["FormulaRenderer"]
