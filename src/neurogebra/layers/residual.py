"""Layers around other layers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from neurogebra.errors import BadValue
from neurogebra.layers.base import Array, Layer, Ops, Shape, Weights


@dataclass(frozen=True, slots=True)
class Residual:
    """The layers inside learn what to add to their input: a = x + f(x).

    x: (batch, …) → the same shape, which f must keep. The weights of the layers inside are
    named by them, "dense_0.W", and what they keep for themselves likewise.  [He et al. 2016]
    """

    layers: tuple[Layer, ...]
    name: str = ""

    @property
    def state(self) -> tuple[str, ...]:
        """Names of what the layers inside keep untrained."""
        return states(self.layers)

    def out_shape(self, shape: Shape) -> Shape:
        """The shape stays."""
        *_, last = placed(self.layers, shape)
        if last.out_shape != shape:
            raise BadValue(
                "Residual.layers", f"layers that give the shape {shape} back", last.out_shape
            )
        return shape

    def shapes(self, shape: Shape) -> dict[str, Shape]:
        """Return the shapes of the weights inside."""
        return inner_shapes(placed(self.layers, shape))

    def init(self, shape: Shape, rng: np.random.Generator) -> Weights:
        """Return the first weights of the layers inside, drawn one after the other."""
        return inner_init(placed(self.layers, shape), rng)

    def forward(self, ops: Ops, p: Mapping[str, Array], x: Array) -> Array:
        """Return x + f(x)."""
        return x + through(placed(self.layers, ops.shape), ops, p, x)


class Part(NamedTuple):
    """A layer inside another: its name there and the shapes around it."""

    name: str
    layer: Layer
    in_shape: Shape
    out_shape: Shape


def placed(layers: tuple[Layer, ...], shape: Shape) -> tuple[Part, ...]:
    """Return layers in a row with their names and shapes."""
    found = []
    for name, layer in _named(layers):
        try:
            after = layer.out_shape(shape)
        except BadValue as error:
            expected = f"{error.expected} for {name}"
            raise BadValue(error.where, expected, error.got, error.hint) from None
        found.append(Part(name, layer, shape, after))
        shape = after
    return tuple(found)


def states(layers: tuple[Layer, ...]) -> tuple[str, ...]:
    """Return the names of what layers in a row keep untrained."""
    return tuple(f"{name}.{key}" for name, layer in _named(layers) for key in layer.state)


def inner_shapes(parts: tuple[Part, ...]) -> dict[str, Shape]:
    """Return the shapes of the trained weights of layers inside another."""
    return {
        f"{part.name}.{key}": size
        for part in parts
        for key, size in part.layer.shapes(part.in_shape).items()
    }


def inner_init(parts: tuple[Part, ...], rng: np.random.Generator) -> Weights:
    """Return the first arrays of layers inside another."""
    return {
        f"{part.name}.{key}": array
        for part in parts
        for key, array in part.layer.init(part.in_shape, rng).items()
    }


def through(parts: tuple[Part, ...], ops: Ops, p: Mapping[str, Array], x: Array) -> Array:
    """Return x after the layers inside another, one after the other."""
    for part in parts:
        start = f"{part.name}."
        own = {key.removeprefix(start): a for key, a in p.items() if key.startswith(start)}
        with ops.inner(part.name, part.in_shape):
            x = ops.call(part.layer, own, x)
    return x


def _named(layers: tuple[Layer, ...]) -> Iterator[tuple[str, Layer]]:
    counts: Counter[str] = Counter()
    for layer in layers:
        kind = type(layer).__name__.lower()
        yield layer.name or f"{kind}_{counts[kind]}", layer
        counts[kind] += 1
