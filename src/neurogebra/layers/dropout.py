"""Layers that drop units at random while training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from neurogebra.layers.base import Array, Ops, Shape, Weights
from neurogebra.layers.sliding import check_rank


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


@dataclass(frozen=True, slots=True)
class SpatialDropout1D:
    """Each channel of a sequence becomes 0 as a whole with probability `rate`.

    x: (batch, steps, c) → the same shape; the channels that stay grow by 1 / (1 − rate); at
    inference the identity. Neighbours tell the same, so that dropping one of them alone
    hides nothing. [Tompson et al. 2015, section 3.2]
    """

    state: ClassVar[tuple[str, ...]] = ()

    rate: float = 0.2
    name: str = ""

    def out_shape(self, shape: Shape) -> Shape:
        """The shape stays."""
        check_rank("SpatialDropout1D", shape, 1)
        return shape

    def shapes(self, shape: Shape) -> dict[str, Shape]:
        """Return nothing: there is nothing to train."""
        return {}

    def init(self, shape: Shape, rng: np.random.Generator) -> Weights:
        """Return nothing: nothing is drawn."""
        return {}

    def forward(self, ops: Ops, p: Mapping[str, Array], x: Array) -> Array:
        """Return x with channels dropped while training, x itself otherwise."""
        return _by_channel(ops, x, self.rate, 1)


@dataclass(frozen=True, slots=True)
class SpatialDropout2D:
    """Each channel of an image becomes 0 as a whole with probability `rate`.

    x: (batch, h, w, c) → the same shape; the channels that stay grow by 1 / (1 − rate); at
    inference the identity. Neighbours tell the same, so that dropping one of them alone
    hides nothing. [Tompson et al. 2015, section 3.2]
    """

    state: ClassVar[tuple[str, ...]] = ()

    rate: float = 0.2
    name: str = ""

    def out_shape(self, shape: Shape) -> Shape:
        """The shape stays."""
        check_rank("SpatialDropout2D", shape, 2)
        return shape

    def shapes(self, shape: Shape) -> dict[str, Shape]:
        """Return nothing: there is nothing to train."""
        return {}

    def init(self, shape: Shape, rng: np.random.Generator) -> Weights:
        """Return nothing: nothing is drawn."""
        return {}

    def forward(self, ops: Ops, p: Mapping[str, Array], x: Array) -> Array:
        """Return x with channels dropped while training, x itself otherwise."""
        return _by_channel(ops, x, self.rate, 2)


def _by_channel(ops: Ops, x: Array, rate: float, axes: int) -> Array:
    if not ops.training or rate == 0:
        return x
    one = x
    for axis in range(1, axes + 1):
        one = ops.apply("slice", one, axis=axis, start=0, stop=1)
    kept = ops.apply("greater_equal", ops.uniform(one), rate)
    return x * (kept * (1.0 / (1.0 - rate)))
