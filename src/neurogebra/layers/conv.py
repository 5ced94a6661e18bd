"""Convolutions: one small kernel that is laid on every place of an image or a sequence."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from neurogebra.errors import BadValue
from neurogebra.layers.base import Array, Ops, Shape, Weights
from neurogebra.layers.initializers import INITIALIZERS
from neurogebra.layers.sliding import Size, check_rank, padded, padding, sizes, windows


@dataclass(frozen=True, slots=True)
class Conv2D:
    """Each filter is laid on every patch of an image: a = activation(x ∗ W + b).

    x: (batch, h, w, c) → a: (batch, rows, columns, filters)
    W: (kernel height, kernel width, c / groups, filters), b: (filters,)
    padding: "valid" keeps to the image, "same" pads with zeros to ⌈h / stride⌉ rows, an odd
    one behind, as Keras does. strides: how far the kernel moves; dilation: how far its
    elements are apart; groups: parts of the channels, each read by its own filters. The kernel
    is not flipped, as in every library of networks. First weights are He's by default, with
    kernel height · kernel width · c / groups inputs a filter  [He et al. 2015, eq. 10].
    [LeCun et al. 1998, section 2.A; Dumoulin & Visin 2016 for the shapes]
    """

    state: ClassVar[tuple[str, ...]] = ()

    filters: int
    kernel_size: Size = 3
    strides: Size = 1
    padding: str = "valid"
    dilation: Size = 1
    groups: int = 1
    activation: str = "linear"
    use_bias: bool = True
    initializer: str = "he_normal"
    name: str = ""

    def out_shape(self, shape: Shape) -> Shape:
        """(h, w, c) → (rows, columns, filters)."""
        return _out_shape(self, shape, 2)

    def shapes(self, shape: Shape) -> dict[str, Shape]:
        """Return W: (height, width, c / groups, filters) and, unless it is left out, b."""
        return _shapes(self, shape, 2)

    def init(self, shape: Shape, rng: np.random.Generator) -> Weights:
        """Return W drawn by the initializer and b of zeros."""
        return _init(self, shape, rng, 2)

    def forward(self, ops: Ops, p: Mapping[str, Array], x: Array) -> Array:
        """Return activation(x ∗ W + b)."""
        x = padded(ops, x, _pads(self, ops.shape, 2))
        z = ops.apply("conv2d", x, p["W"], **_steps(self, 2))
        return ops.activate(self.activation, z + p["b"] if self.use_bias else z)

    def formula(self, ops: Ops, p: Mapping[str, Array], x: Array) -> Array:
        """Return activation(x ∗ W + b); zeros around x are not written."""
        return _formula(self, ops, p, x, 2)


@dataclass(frozen=True, slots=True)
class Conv1D:
    """Each filter is laid on every stretch of a sequence: a = activation(x ∗ W + b).

    x: (batch, steps, c) → a: (batch, windows, filters)
    W: (kernel size, c / groups, filters), b: (filters,); the rest as in Conv2D, along one axis.
    [LeCun et al. 1998, section 2.A; Dumoulin & Visin 2016 for the shapes]
    """

    state: ClassVar[tuple[str, ...]] = ()

    filters: int
    kernel_size: Size = 3
    strides: Size = 1
    padding: str = "valid"
    dilation: Size = 1
    groups: int = 1
    activation: str = "linear"
    use_bias: bool = True
    initializer: str = "he_normal"
    name: str = ""

    def out_shape(self, shape: Shape) -> Shape:
        """(steps, c) → (windows, filters)."""
        return _out_shape(self, shape, 1)

    def shapes(self, shape: Shape) -> dict[str, Shape]:
        """Return W: (kernel size, c / groups, filters) and, unless it is left out, b."""
        return _shapes(self, shape, 1)

    def init(self, shape: Shape, rng: np.random.Generator) -> Weights:
        """Return W drawn by the initializer and b of zeros."""
        return _init(self, shape, rng, 1)

    def forward(self, ops: Ops, p: Mapping[str, Array], x: Array) -> Array:
        """Return activation(x ∗ W + b): a sequence is an image of one row."""
        x = padded(ops, x, _pads(self, ops.shape, 1))
        image, kernels = (ops.apply("expand_dims", a, axis=i) for i, a in ((1, x), (0, p["W"])))
        row = ops.apply("conv2d", image, kernels, **_steps(self, 1))
        z = ops.apply("squeeze", row, axis=1)
        return ops.activate(self.activation, z + p["b"] if self.use_bias else z)

    def formula(self, ops: Ops, p: Mapping[str, Array], x: Array) -> Array:
        """Return activation(x ∗ W + b); zeros around x are not written."""
        return _formula(self, ops, p, x, 1)


Conv = Conv1D | Conv2D


def _sizes(layer: Conv, axes: int) -> tuple[Shape, Shape, Shape]:
    """Return kernel, strides and dilation with one number an axis."""
    kind = type(layer).__name__
    kernel, strides, dilation = (
        sizes(f"{kind}.{key}", getattr(layer, key), axes)
        for key in ("kernel_size", "strides", "dilation")
    )
    return kernel, strides, dilation


def _out_shape(layer: Conv, shape: Shape, axes: int) -> Shape:
    kind = type(layer).__name__
    check_rank(kind, shape, axes)
    for what, n in (("channels of the input", shape[-1]), ("filters", layer.filters)):
        if n % layer.groups:
            expected = f"a number of groups that divides the {what}, {n}"
            raise BadValue(
                f"{kind}.groups", expected, layer.groups, f"e.g. {math.gcd(n, layer.groups)}"
            )
    return (*windows(kind, shape, *_sizes(layer, axes), layer.padding), layer.filters)


def _shapes(layer: Conv, shape: Shape, axes: int) -> dict[str, Shape]:
    kernel = _sizes(layer, axes)[0]
    W: dict[str, Shape] = {"W": (*kernel, shape[-1] // layer.groups, layer.filters)}
    return {**W, "b": (layer.filters,)} if layer.use_bias else W


def _init(layer: Conv, shape: Shape, rng: np.random.Generator, axes: int) -> Weights:
    wanted = _shapes(layer, shape, axes)["W"]
    fan_in, fan_out = math.prod(wanted[:-1]), math.prod(wanted[:-2]) * wanted[-1] // layer.groups
    draw = INITIALIZERS[layer.initializer].draw
    W = {"W": draw(rng, (fan_in, layer.filters), fan_in, fan_out).reshape(wanted)}
    return {**W, "b": np.zeros(layer.filters)} if layer.use_bias else W


def _formula(layer: Conv, ops: Ops, p: Mapping[str, Array], x: Array, axes: int) -> Array:
    z = ops.apply("conv2d", x, p["W"], **_steps(layer, axes))
    return ops.activate(layer.activation, z + p["b"] if layer.use_bias else z)


def _pads(layer: Conv, shape: Shape, axes: int) -> list[tuple[int, int]]:
    every = zip(shape, *_sizes(layer, axes), strict=False)
    return [padding(n, k, s, d, layer.padding) for n, k, s, d in every]


def _steps(layer: Conv, axes: int) -> dict[str, Any]:
    """Return the numbers of the operation; a sequence is one row high."""
    (kernel, strides, dilation) = ((1,) * (2 - axes) + own for own in _sizes(layer, axes))
    names = ("height", "width", "down", "right", "down_gap", "right_gap", "groups")
    return dict(zip(names, (*kernel, *strides, *dilation, layer.groups), strict=True))
