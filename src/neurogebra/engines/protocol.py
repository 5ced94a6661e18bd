"""What an engine is: a description and first weights in, a network that can be stepped out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from neurogebra.errors import NotReady
from neurogebra.spec import ModelSpec, RunSpec

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class Seen:
    """One array of one layer as a probed step saw it; valid until the next step.

    site: forward, backward (dL/d output; where loss and activation are one formula, dL/d of
    the value before the activation), gradient, weight, update (w after − w before; see
    `Moved`); param: for the last three.
    """

    index: int
    layer: str
    site: str
    param: str
    array: np.ndarray


class Change:
    """How all weights move in each probed step, taken when somebody asks.

    w: (n,) the weights themselves; split: cuts such an array into the parameters, as the spec
    has them, without a copy. parts: the change by parameter, all of them in `flat`, where the
    weights before the update lie until then.
    """

    def __init__(self, w: np.ndarray, split: Callable[[np.ndarray], Arrays]) -> None:
        self._w, self.flat = w, np.zeros_like(w)
        self.parts = split(self.flat)
        self.waits = self.lost = False  # not taken yet; and the weights went on since

    def begin(self) -> None:
        """Remember the weights before the update of a probed step."""
        self._remember()
        self.waits, self.lost = True, False

    def take(self) -> None:
        """Take what changed in the latest probed step; NotReady where the weights went on."""
        if self.lost:
            raise NotReady("how the weights moved was not asked for before they moved on")
        self._subtract()
        self.waits = False

    def _remember(self) -> None:
        self.flat[...] = self._w

    def _subtract(self) -> None:
        with np.errstate(all="ignore"):  # weights that are no numbers are the rules' to tell
            np.subtract(self._w, self.flat, out=self.flat)


class Moved(Seen):
    """How a parameter moved in a step: an array that is taken when it is first read there.

    The first read of one of a step's rows takes the change of all parameters. Where rows stay
    the same from step to step, so do their arrays; who keeps one, or a view of it, reads
    `array` of any of these rows first in each step. After its step a row still says what it
    was asked for, until the next probed step; what nobody asked for is NotReady once the
    weights have moved on.
    """

    __slots__ = ("_change", "_name")
    _change: Change
    _name: str

    def __init__(self, index: int, layer: str, param: str, change: Change) -> None:
        told = {"index": index, "layer": layer, "site": "update", "param": param}
        more = {"_change": change, "_name": f"{layer}.{param}"}
        for name, value in {**told, **more}.items():
            object.__setattr__(self, name, value)

    @property
    def array(self) -> np.ndarray:
        """The weights after the update − those before it."""
        change = self._change
        if change.waits:
            change.take()
        return change.parts[self._name]


class Standing(tuple[Seen, ...]):
    """What probed steps see where the arrays stay and only their numbers change."""

    __slots__ = ()
    stands = True


def looked_at(
    model: ModelSpec,
    values: Mapping[tuple[str, str], np.ndarray],
    parameters: Mapping[str, Arrays],
    change: Change,
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
            yield Moved(index, placed.name, key, change)


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
