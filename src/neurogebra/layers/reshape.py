"""Layers that change only how numbers are arranged."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from neurogebra.errors import BadValue
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


@dataclass(frozen=True, slots=True)
class Reshape:
    """The same numbers in another shape, last axis first to run.

    x: (batch, …) → (batch, *target_shape); one size may be −1 and takes what is left.
    """

    state: ClassVar[tuple[str, ...]] = ()

    target_shape: tuple[int, ...]
    name: str = ""

    def out_shape(self, shape: Shape) -> Shape:
        """(…) → target_shape, its −1 worked out."""
        count, known = math.prod(shape), math.prod(n for n in self.target_shape if n > 0)
        if -1 not in self.target_shape and count == known:
            return self.target_shape
        if -1 in self.target_shape and count % known == 0:
            return tuple(count // known if n == -1 else n for n in self.target_shape)
        where, got = "Reshape.target_shape", self.target_shape
        raise BadValue(where, f"sizes whose product is the {count} of {shape}", got)

    def shapes(self, shape: Shape) -> dict[str, Shape]:
        """Return nothing: there is nothing to train."""
        return {}

    def init(self, shape: Shape, rng: np.random.Generator) -> Weights:
        """Return nothing: nothing is drawn."""
        return {}

    def forward(self, ops: Ops, p: Mapping[str, Array], x: Array) -> Array:
        """Return x in its new shape."""
        return ops.apply("reshape", x, shape=(0, *self.target_shape))


@dataclass(frozen=True, slots=True)
class Permute:
    """The axes behind the batch in another order.

    x: (batch, d1, d2, …) → (batch, …);  dims: which axis comes when, counted from 1 as Keras
    does: (2, 1) turns (batch, d1, d2) into (batch, d2, d1).
    """

    state: ClassVar[tuple[str, ...]] = ()

    dims: tuple[int, ...]
    name: str = ""

    def out_shape(self, shape: Shape) -> Shape:
        """(d1, d2, …) → the same sizes in the order of dims."""
        if sorted(self.dims) != list(range(1, len(shape) + 1)):
            expected = f"each axis of {shape} once, from 1 to {len(shape)}"
            raise BadValue("Permute.dims", expected, self.dims)
        return tuple(shape[d - 1] for d in self.dims)

    def shapes(self, shape: Shape) -> dict[str, Shape]:
        """Return nothing: there is nothing to train."""
        return {}

    def init(self, shape: Shape, rng: np.random.Generator) -> Weights:
        """Return nothing: nothing is drawn."""
        return {}

    def forward(self, ops: Ops, p: Mapping[str, Array], x: Array) -> Array:
        """Return x with its axes in order."""
        return ops.apply("permute", x, axes=(0, *self.dims))
