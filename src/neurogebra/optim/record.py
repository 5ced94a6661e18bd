"""What an update rule is: a pure function with a name, a source and its settings."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Slots = Mapping[str, Any]
Step = tuple[Any, dict[str, Any]]

# What a rule is given at once: numbers in any order, or each parameter in its own shape.
ELEMENT, PARAMETER = "element", "parameter"


@dataclass(frozen=True, slots=True)
class Optimizer:
    """An update rule by name; `options` are its settings beside the learning rate.

    per: "element" where every number is updated by itself, so that all parameters may lie in
    one flat array; "parameter" where norms or products need a parameter's own shape.
    """

    name: str
    rule: Callable[..., Step]
    source: str
    aliases: tuple[str, ...] = ()
    per: str = ELEMENT

    @property
    def options(self) -> dict[str, float]:
        """The rule's settings with their defaults, the learning rate and the roles left out."""
        found = inspect.signature(self.rule).parameters.values()
        return {
            p.name: p.default for p in found if p.kind is p.KEYWORD_ONLY and p.name not in _ROLES
        }

    @property
    def learning_rate(self) -> float:
        """The rule's default learning rate."""
        return float(inspect.signature(self.rule).parameters["lr"].default)

    @property
    def takes_weights(self) -> bool:
        """Whether the rule wants the weights as `w`."""
        return "w" in inspect.signature(self.rule).parameters

    def roles(self, w: Any, shape: tuple[int, ...] | None = None) -> dict[str, Any]:
        """Return what the rule wants beside gradient, slots and count: weights and shape.

        shape: that of the parameter, for values (symbols) that do not know theirs.
        """
        known = inspect.signature(self.rule).parameters
        return {k: v for k, v in (("w", w), ("shape", shape)) if k in known}


_ROLES = ("lr", "w", "shape")
