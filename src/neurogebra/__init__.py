"""A mathematical companion and observatory for neural networks."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from neurogebra.builders.estimators import NeurogebraClassifier as NeurogebraClassifier
    from neurogebra.builders.estimators import NeurogebraRegressor as NeurogebraRegressor
    from neurogebra.core.expression import Expression
    from neurogebra.core.forge import MathForge
    from neurogebra.tutorials.craft import NeuroCraft

_HOMES = {
    "Expression": "neurogebra.core.expression",
    "MathForge": "neurogebra.core.forge",
    "NeuroCraft": "neurogebra.tutorials.craft",
    "NeurogebraClassifier": "neurogebra.builders.estimators",
    "NeurogebraRegressor": "neurogebra.builders.estimators",
}

# Without the estimators, which need scikit-learn: a star import must not.
__all__ = ["Expression", "MathForge", "NeuroCraft", "__version__"]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first asked for (PEP 562), so that importing is cheap."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
