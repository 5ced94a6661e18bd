"""Reverse-mode automatic differentiation: of numbers (`Value`) and of arrays (`Tensor`)."""

from neurogebra.core.tensor import Tensor, concat, stack
from neurogebra.core.value import Value

__all__ = ["Tensor", "Value", "concat", "stack"]
