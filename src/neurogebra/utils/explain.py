"""The documented path to explanations; it leads to `core.explain`."""

from __future__ import annotations

from neurogebra.core.explain import LEVELS, explain

__all__ = ["LEVELS", "explain"]
