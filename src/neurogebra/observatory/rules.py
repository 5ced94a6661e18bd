"""The health rules as one table: name → row, the numbers they use, and their record."""

from __future__ import annotations

from neurogebra.observatory.rule import Context, Rule, Thresholds, examine
from neurogebra.observatory.rules_curves import CURVE_RULES
from neurogebra.observatory.rules_layers import LAYER_RULES
from neurogebra.registry import Registry

RULES: Registry[Rule] = Registry("health rule", (*CURVE_RULES, *LAYER_RULES))

__all__ = ["RULES", "Context", "Rule", "Thresholds", "examine"]
