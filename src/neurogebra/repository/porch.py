"""The documented names of the book that make Expressions: they live above, in `core.library`.

The book is data and imports nothing that computes. Its published path offers these all the same,
so this one file leads upstairs, when somebody asks.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

NAMES = (
    "ExpressionSearch",
    "get_activations",
    "get_losses",
    "get_regularizers",
    "get_algebra_expressions",
    "get_calculus_expressions",
    "get_statistics_expressions",
    "get_linalg_expressions",
    "get_optimization_expressions",
    "get_metrics_expressions",
    "get_transforms_expressions",
)


def lead(module: str, name: str) -> Any:
    """Return what `core.library` has under a documented name; AttributeError for any other."""
    if name in NAMES:
        return getattr(import_module("neurogebra.core.library"), name)
    raise AttributeError(f"module {module!r} has no attribute {name!r}")
