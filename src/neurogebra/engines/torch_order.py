"""The order in which the torch engine keeps its weights: that in which torch's kernels read them.

Turned at every step, gates and kernels would cost more than all that Python does, and torch's
products take matrices with a row for each unit faster; so they are turned where arrays come
and go.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from neurogebra.engines.parts import Shapes
from neurogebra.layers import GRU, LSTM, Conv2D, Dense, Shape, SimpleRNN
from neurogebra.optim import OPTIMIZERS
from neurogebra.optim.record import PARAMETER
from neurogebra.spec import ModelSpec, RunSpec

# Which of our blocks of columns stands at each place in torch, by the kind of layer: gates
# i, f, g, o and r, z, n; one block elsewhere.
BLOCKS: dict[type[Any], tuple[int, ...]] = {
    LSTM: (0, 1, 3, 2),
    GRU: (1, 0, 2),
    SimpleRNN: (0,),
    Dense: (0,),
    Conv2D: (0,),
}
# Which of our axes stands at each place in torch: outputs come first, then inputs.
AXES: dict[int, tuple[int, ...]] = {1: (0,), 2: (1, 0), 4: (3, 2, 0, 1)}


class Place(NamedTuple):
    """A parameter in the flat arrays; blocks: () where it lies as the spec has it."""

    at: slice
    shape: Shape
    blocks: tuple[int, ...]


class Order:
    """Where each number of the flat arrays lies on this engine.

    shapes, places: the parameters' by name, as torch has them; turned: the names of the layers
    whose kernels get them so. Where the rule of the update looks at whole matrices, none is.
    """

    def __init__(self, model: ModelSpec, run: RunSpec) -> None:
        whole = OPTIMIZERS[run.optimizer].per == PARAMETER
        shapes: dict[str, Shape] = {}
        start, self.places, turned = 0, dict[str, Place](), set[str]()
        for placed in model.placed():
            layer = placed.layer
            blocks = () if whole or not at_once(layer) else BLOCKS.get(type(layer), ())
            for key, shape in layer.shapes(placed.in_shape).items():
                place = Place(slice(start, start + math.prod(shape)), shape, blocks)
                start = place.at.stop
                self.places[f"{placed.name}.{key}"] = place
                axes = AXES[len(shape)] if blocks else range(len(shape))
                shapes[f"{placed.name}.{key}"] = tuple(shape[i] for i in axes)
            if blocks:
                turned.add(placed.name)
        self.shapes: Shapes = shapes
        self.turned = frozenset(turned)
        self.is_view = all(len(p.blocks) < 2 for p in self.places.values())  # what `split` returns

    def inward(self, flat: np.ndarray) -> np.ndarray:
        """Return numbers in our order in torch's; the array itself where both are one."""
        if not self.turned:
            return flat
        return np.concatenate([turn(flat[p.at], p).ravel() for p in self.places.values()])

    def split(self, flat: np.ndarray) -> dict[str, np.ndarray]:
        """Return the parameters' parts of a flat array in torch's order, as the spec has them.

        They look into it but for gates, whose blocks are dealt anew.
        """
        return {name: spread(flat[p.at], p) for name, p in self.places.items()}

    def outward(self, flat: np.ndarray) -> np.ndarray:
        """Return numbers in torch's order in ours; the array itself where both are one."""
        if not self.turned:
            return flat
        return np.concatenate([turn_back(flat[p.at], p).ravel() for p in self.places.values()])


def at_once(layer: Any) -> bool:
    """Say whether one call of torch makes all steps of a recurrent layer; others do so."""
    if isinstance(layer, GRU):
        return layer.activation == "tanh" and layer.reset_after
    bent = {LSTM: ("tanh",), SimpleRNN: ("tanh", "relu")}.get(type(layer))
    return bent is None or layer.activation in bent


def turn(numbers: np.ndarray, place: Place) -> np.ndarray:
    """Return a parameter's numbers as torch lists them."""
    array = numbers.reshape(place.shape)
    if not place.blocks:
        return array
    return _dealt(array, place.blocks).transpose(AXES[array.ndim])


def turn_back(numbers: np.ndarray, place: Place) -> np.ndarray:
    """Return a parameter's numbers as the spec has them."""
    if not place.blocks:
        return numbers
    axes = AXES[len(place.shape)]
    array = numbers.reshape([place.shape[i] for i in axes]).transpose(_back(axes))
    return _dealt(array, _back(place.blocks))


def spread(numbers: np.ndarray, place: Place) -> np.ndarray:
    """Return a parameter, in its shape, from its numbers as torch lists them."""
    return turn_back(numbers, place).reshape(place.shape)


@cache
def _back(order: tuple[int, ...]) -> tuple[int, ...]:
    """Return the order that undoes an order."""
    return tuple(order.index(i) for i in range(len(order)))


def _dealt(array: np.ndarray, blocks: tuple[int, ...]) -> np.ndarray:
    """Return an array with the blocks of its last axis in another order."""
    if len(blocks) == 1:
        return array
    cut = array.reshape(*array.shape[:-1], len(blocks), -1)
    return cut[..., blocks, :].reshape(array.shape)
