"""Layers that change only how numbers are arranged."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from neurogebra.layers.base import Array, Ops, Shape, Weights


@dataclass(frozen=True, slots=True)
class Flatten:
    """Make one row of features of every example.

    x: (batch, d1, d2, …) → (batch, d1·d2·…)
    """

    state: ClassVar[tuple[str, ...]] = ()

    name: str = ""

    def out_shape(self, shape: Shape) -> Shape:
        """(d1, d2, …) → (d1·d2·…,)."""
        return (math.prod(shape),)

    def shapes(self, shape: Shape) -> dict[str, Shape]:
        """Return nothing: there is nothing to train."""
        return {}

    def init(self, shape: Shape, rng: np.random.Generator) -> Weights:
        """Return nothing: nothing is drawn."""
        return {}

    def forward(self, ops: Ops, p: Mapping[str, Array], x: Array) -> Array:
        """Return x with everything behind the batch axis in one row."""
        return ops.apply("flatten", x)
