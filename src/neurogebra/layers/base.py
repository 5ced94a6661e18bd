"""What a layer is: a frozen record with a shape rule, first weights and a forward formula."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np

Array: TypeAlias = Any  # an array of any library, a tape or a symbol: whatever the engine feeds
Shape: TypeAlias = tuple[int, ...]
Weights: TypeAlias = dict[str, np.ndarray]


class Ops(Protocol):
    """What an engine offers a layer beyond + − · / ** @ on its arrays.

    shape: that of the input which the layer is fed, without the batch.
    """

    training: bool
    shape: Shape

    def apply(self, op: str, *args: Array, **attrs: Any) -> Array:
        """Apply an operation of the alphabet."""

    def activate(self, name: str, z: Array) -> Array:
        """Apply an activation of the book to each element (softmax: to each row)."""

    def uniform(self, like: Array) -> Array:
        """Return fresh uniform numbers in [0, 1) of the shape of `like`, from the run's stream."""

    def remember(self, name: str, value: Array) -> None:
        """Let the layer's state `name` be `value` after this training step."""

    def unstack(self, x: Array, count: int) -> Sequence[Array]:
        """Return the `count` arrays along the first axis of x."""

    def stack(self, parts: Sequence[Array]) -> Array:
        """Return arrays of one shape along a new first axis."""

    def inner(self, name: str, shape: Shape) -> AbstractContextManager[None]:
        """Let what follows belong to the layer `name` inside this one, fed with `shape`."""

    def call(self, layer: Layer, p: Mapping[str, Array], x: Array) -> Array:
        """Return another layer's output."""


class Shown(Ops, Protocol):
    """The Ops of a layer's `formula`: what is shown of it where its forward says too much.

    formula(ops, p, x) returns the output, or several equations: {"": output, name: its value}.
    """

    def symbol(self, name: str) -> Array:
        """Return a letter for what is none of the layer's weights: the step before, a mask."""


@runtime_checkable
class Layer(Protocol):
    """One layer. Its parameters are the arrays of `init`; those in `state` are not trained.

    name: "" lets the model number it ("dense_0"). Shapes leave the batch axis out. A layer may
    also offer `formula(ops, p, x)`, what is shown instead of its forward (see Shown), and
    `check_input(where, x)`, which refuses numbers that it cannot take where it comes first.
    """

    @property
    def name(self) -> str:
        """The layer's own name, or ""."""

    @property
    def state(self) -> tuple[str, ...]:
        """Names of arrays that are kept but not trained (running statistics)."""

    def out_shape(self, shape: Shape) -> Shape:
        """Return the shape that follows `shape`; raise BadValue for one it cannot take."""

    def shapes(self, shape: Shape) -> dict[str, Shape]:
        """Return the shapes of the trained parameters for inputs of `shape`."""

    def init(self, shape: Shape, rng: np.random.Generator) -> Weights:
        """Return the first arrays for inputs of `shape`, in float64."""

    def forward(self, ops: Ops, p: Mapping[str, Array], x: Array) -> Array:
        """Return the layer's output for x: (batch, *shape)."""
