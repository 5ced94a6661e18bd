"""Fully connected layers and activations by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from neurogebra.errors import BadValue
from neurogebra.layers.base import Array, Ops, Shape, Weights
from neurogebra.layers.initializers import INITIALIZERS


@dataclass(frozen=True, slots=True)
class Dense:
    """Every input feeds every unit: a = activation(x W + b).

    x: (batch, n) → a: (batch, units);  W: (n, units), b: (units,)
    First weights are He's by default: N(0, 2/n)  [He et al. 2015, eq. 10]; b starts at 0.
    """

    state: ClassVar[tuple[str, ...]] = ()

    units: int
    activation: str = "linear"
    use_bias: bool = True
    initializer: str = "he_normal"
    name: str = ""

    def out_shape(self, shape: Shape) -> Shape:
        """(…, n) → (…, units)."""
        if not shape:
            raise BadValue("Dense input", "at least one feature axis", shape)
        return (*shape[:-1], self.units)

    def shapes(self, shape: Shape) -> dict[str, Shape]:
        """Return W: (n, units) and, unless use_bias is False, b: (units,)."""
        W: dict[str, Shape] = {"W": (shape[-1], self.units)}
        return {**W, "b": (self.units,)} if self.use_bias else W

    def init(self, shape: Shape, rng: np.random.Generator) -> Weights:
        """Return W drawn by the initializer and b of zeros."""
        n = shape[-1]
        W = {"W": INITIALIZERS[self.initializer].draw(rng, (n, self.units), n, self.units)}
        return {**W, "b": np.zeros(self.units)} if self.use_bias else W

    def forward(self, ops: Ops, p: Mapping[str, Array], x: Array) -> Array:
        """Return activation(x W + b)."""
        z = x @ p["W"] + p["b"] if self.use_bias else x @ p["W"]
        return ops.activate(self.activation, z)


@dataclass(frozen=True, slots=True)
class Activation:
    """An activation of the book, element by element (softmax: over the last axis).

    x: (batch, …) → a: the same shape
    """

    state: ClassVar[tuple[str, ...]] = ()

    activation: str
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
        """Return activation(x)."""
        return ops.activate(self.activation, x)


@dataclass(frozen=True, slots=True)
class PReLU:
    """A ReLU whose slope below 0 is learned, one for each channel.

    x: (batch, …, n) → max(x, 0) + alpha · min(x, 0);  alpha: (n,), first `slope`.
    A layer and no `activation` name, since activations have nothing to learn: leaky_relu is
    the one whose slope is given.  [He et al. 2015, section 2.1]
    """

    state: ClassVar[tuple[str, ...]] = ()

    slope: float = 0.25
    name: str = ""

    def out_shape(self, shape: Shape) -> Shape:
        """The shape stays."""
        if not shape:
            raise BadValue("PReLU input", "at least one feature axis", shape)
        return shape

    def shapes(self, shape: Shape) -> dict[str, Shape]:
        """Return alpha: (n,)."""
        return {"alpha": shape[-1:]}

    def init(self, shape: Shape, rng: np.random.Generator) -> Weights:
        """Return alpha filled with the first slope."""
        return {"alpha": np.full(shape[-1], float(self.slope))}

    def forward(self, ops: Ops, p: Mapping[str, Array], x: Array) -> Array:
        """Return max(x, 0) + alpha · min(x, 0)."""
        return ops.apply("relu", x) - p["alpha"] * ops.apply("relu", -x)
