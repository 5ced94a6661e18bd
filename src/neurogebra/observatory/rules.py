"""The health rules as one table: name → row, the numbers they use, and their record."""

from __future__ import annotations

from neurogebra.observatory.rule import Context, Rule, Thresholds, examine
from neurogebra.observatory.rules_conduct import CONDUCT_RULES
from neurogebra.observatory.rules_course import COURSE_RULES
from neurogebra.observatory.rules_curves import CURVE_RULES
from neurogebra.observatory.rules_layers import LAYER_RULES
from neurogebra.observatory.rules_network import NETWORK_RULES
from neurogebra.observatory.rules_rare import RARE_RULES
from neurogebra.observatory.rules_static import STATIC_RULES
from neurogebra.observatory.rules_units import UNIT_RULES
from neurogebra.registry import Registry

RULES: Registry[Rule] = Registry(
    "health rule",
    (
        *STATIC_RULES,
        *NETWORK_RULES,
        *CURVE_RULES,
        *COURSE_RULES,
        *UNIT_RULES,
        *LAYER_RULES,
        *CONDUCT_RULES,
        *RARE_RULES,
    ),
)

__all__ = ["RULES", "Context", "Rule", "Thresholds", "examine"]
