"""Layers that drop units at random while training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from neurogebra.layers.base import Array, Ops, Shape, Weights


@dataclass(frozen=True, slots=True)
class Dropout:
    """Each element becomes 0 with probability `rate`; the others grow by 1 / (1 − rate).

    x: (batch, …) → the same shape; at inference the identity.
    [Srivastava et al. 2014, in the inverted form that leaves inference alone]
    """

    state: ClassVar[tuple[str, ...]] = ()

    rate: float = 0.2
    name: str = ""

    def out_shape(self, shape: Shape) -> Shape:
        """The shape stays."""
        return shape

    def shapes(self, shape: Shape) -> dict[str, Shape]:
        """Return nothing: there is nothing to train."""
        return {}

    def init(self, shape: Shape, rng: np.random.Generator) -> Weights:
        """Return nothing: nothing is drawn."""
        return {}

    def forward(self, ops: Ops, p: Mapping[str, Array], x: Array) -> Array:
        """Return x with units dropped while training, x itself otherwise."""
        if not ops.training or self.rate == 0:
            return x
        kept = ops.apply("greater_equal", ops.uniform(x), self.rate)
        return x * (kept * (1.0 / (1.0 - self.rate)))
