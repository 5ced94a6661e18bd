"""Formulas as readable source for other libraries."""

from neurogebra.core.code.source import TARGETS, source

__all__ = ["TARGETS", "source"]
