"""What an engine is: a description and first weights in, a network that can be stepped out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from neurogebra.spec import ModelSpec, RunSpec

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class Seen:
    """One array of one layer as a probed step saw it; valid until the next step.

    site: forward, backward (dL/d output; where loss and activation are one formula, dL/d of
    the value before the activation), gradient, weight, update; param: for the last three.
    """

    index: int
    layer: str
    site: str
    param: str
    array: np.ndarray


class Standing(tuple[Seen, ...]):
    """What probed steps see where the arrays stay and only their numbers change."""

    __slots__ = ()
    stands = True


def looked_at(
    model: ModelSpec,
    values: Mapping[tuple[str, str], np.ndarray],
    parameters: Mapping[str, Arrays],
) -> Iterator[Seen]:
    """Yield what a probed step saw, layer by layer.

    values: by ("forward" or "backward", layer); parameters: by site, then by parameter.
    """
    for index, placed in enumerate(model.placed()):
        for site in ("forward", "backward"):
            array = values.get((site, placed.name))
            if array is not None:
                yield Seen(index, placed.name, site, "", array)
        for key in placed.layer.shapes(placed.in_shape):
            for site, arrays in parameters.items():
                yield Seen(index, placed.name, site, key, arrays[f"{placed.name}.{key}"])


class Step(NamedTuple):
    """What one batch gave: the loss, each head's output (valid until the next step), a look."""

    loss: float
    outputs: Arrays
    seen: tuple[Seen, ...] = ()


class Network(Protocol):
    """A model on an engine: parameters, their gradients, the optimiser's memory.

    x: (batch, *in_shape) and y: head → (batch, units) are arrays of the run's dtype, and so
    are weights: head → one number for each term of the loss's mean, (batch,) for losses that
    sum over units, else (batch, units); a term counts that much, and the mean is still divided
    by how many there are.
    """

    def step(
        self,
        x: np.ndarray,
        y: Arrays,
        *,
        lr: float,
        probe: bool = False,
        weights: Arrays | None = None,
    ) -> Step:
        """Take in one batch, update when it is its turn, and return the loss before that."""

    @property
    def acted(self) -> Mapping[str, int]:
        """How many updates each limit on gradients changed, and how many batches waited."""

    def evaluate(self, x: np.ndarray, y: Arrays, weights: Arrays | None = None) -> Step:
        """Return the loss and outputs in inference mode; nothing changes."""

    def gradients(
        self, x: np.ndarray, y: Arrays, weights: Arrays | None = None
    ) -> tuple[float, dict[str, np.ndarray]]:
        """Return the loss and dL/d parameter in training mode; nothing is updated."""

    def predict(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """Return each head's output in inference mode, as new arrays."""

    def weights(self) -> dict[str, np.ndarray]:
        """Return copies of all parameters and states by name."""

    def state(self) -> dict[str, np.ndarray]:
        """Return copies of everything an exact resume needs: weights/…, slots/…, step."""

    def load(self, state: Arrays) -> None:
        """Go on from a `state()`; BadValue names an array that is missing or misshapen."""


class Engine(Protocol):
    """Makes networks. `name` is how the command line and RunSpec call it."""

    name: str

    def build(
        self, model: ModelSpec, run: RunSpec, weights: Arrays, rng: np.random.Generator
    ) -> Network:
        """Return the network with these first weights; rng feeds what is drawn while training."""
