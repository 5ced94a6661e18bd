"""Update rules as pure arithmetic: the same function computes on arrays and prints as a formula."""

from neurogebra.optim.rules import OPTIMIZERS, Optimizer

__all__ = ["OPTIMIZERS", "Optimizer"]
