"""The book: formulas as data, by name."""

from neurogebra.registry import Registry
from neurogebra.repository.activations import ACTIVATIONS
from neurogebra.repository.losses import LOSSES
from neurogebra.repository.record import CATEGORIES, Formula

FORMULAS: Registry[Formula] = Registry("formula", (*ACTIVATIONS, *LOSSES))

__all__ = ["CATEGORIES", "FORMULAS", "Formula"]
