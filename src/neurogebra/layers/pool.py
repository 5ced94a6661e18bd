"""Pooling: what lies under a window becomes one number, channel by channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from neurogebra.layers.base import Array, Ops, Shape, Weights
from neurogebra.layers.sliding import SAME, Size, check_rank, padded, padding, sizes, windows


class _Plain:
    """What layers share that have nothing to train."""

    __slots__ = ()
    state: ClassVar[tuple[str, ...]] = ()

    def shapes(self, shape: Shape) -> dict[str, Shape]:
        """Return nothing: there is nothing to train."""
        return {}

    def init(self, shape: Shape, rng: np.random.Generator) -> Weights:
        """Return nothing: nothing is drawn."""
        return {}


class _Pooling(_Plain):
    """A window that slides, `strides` at a time; by default one window begins where one ends."""

    __slots__ = ()
    axes: ClassVar[int] = 2
    pool_size: Size
    strides: Size | None
    padding: str

    def out_shape(self, shape: Shape) -> Shape:
        """(h, w, c) → (rows, columns, c), a sequence likewise."""
        kind = type(self).__name__
        check_rank(kind, shape, self.axes)
        size, stride = self._sizes()
        found = windows(kind, shape, size, stride, (1,) * self.axes, self.padding)
        return (*found, shape[-1])

    def _sizes(self) -> tuple[Shape, Shape]:
        kind = type(self).__name__
        stride = self.pool_size if self.strides is None else self.strides
        size = sizes(f"{kind}.pool_size", self.pool_size, self.axes)
        return size, sizes(f"{kind}.strides", stride, self.axes)

    def _pads(self, shape: Shape) -> list[tuple[int, int]]:
        every = zip(shape, *self._sizes(), strict=False)
        return [padding(n, k, s, 1, self.padding) for n, k, s in every]


class _MaxPooling(_Pooling):
    """The largest under each window; what is padded is never the largest."""

    __slots__ = ()

    def forward(self, ops: Ops, p: Mapping[str, Array], x: Array) -> Array:
        """Return the largest element under each window."""
        pads = self._pads(ops.shape)
        if self.padding == SAME and any(map(any, pads)):
            inside = padded(ops, ops.apply("expand_like", 1.0, x), pads)
            x = ops.apply("where", inside, padded(ops, x, pads), float("-inf"))
        if self.axes == 2:
            return ops.apply("max_pool", x, **self._steps())
        image = ops.apply("expand_dims", x, axis=1)
        return ops.apply("squeeze", ops.apply("max_pool", image, **self._steps()), axis=1)

    def formula(self, ops: Ops, p: Mapping[str, Array], x: Array) -> Array:
        """Return the pooled input; what is padded is not written."""
        return ops.apply("max_pool", x, **self._steps())

    def _steps(self) -> dict[str, Any]:
        size, stride = ((1,) * (2 - self.axes) + own for own in self._sizes())
        return dict(zip(("height", "width", "down", "right"), (*size, *stride), strict=True))


class _AveragePooling(_Pooling):
    """The mean under each window; what is padded counts neither in the sum nor in the number."""

    __slots__ = ()

    def forward(self, ops: Ops, p: Mapping[str, Array], x: Array) -> Array:
        """Return the mean under each window."""
        pads = self._pads(ops.shape)
        if not any(map(any, pads)):
            return self._under(ops, "mean", x)
        count = self._under(ops, "sum", padded(ops, ops.apply("expand_like", 1.0, x), pads))
        return self._under(ops, "sum", padded(ops, x, pads)) / count

    def formula(self, ops: Ops, p: Mapping[str, Array], x: Array) -> Array:
        """Return the pooled input; what is padded is not written."""
        return self._under(ops, "mean", x)

    def _under(self, ops: Ops, fold: str, x: Array) -> Array:
        """Return the mean or sum under each window, one axis after the other."""
        for axis, (size, stride) in enumerate(zip(*self._sizes(), strict=True), 1):
            rows = ops.apply("windows", x, axis=axis, size=size, stride=stride)
            x = ops.apply(fold, rows, axis=-1)
        return x


@dataclass(frozen=True, slots=True)
class MaxPooling2D(_MaxPooling):
    """The largest element under each window of an image, channel by channel.

    x: (batch, h, w, c) → (batch, rows, columns, c)
    pool_size: the window, one number or a pair; strides: how far it moves, by default its
    own size; padding: "valid" keeps to the image, "same" goes over its edge, an odd pixel
    behind, as Keras does. Of equals the first, row by row, gets the slope.
    [Ranzato et al. 2007; Scherer et al. 2010]
    """

    aliases: ClassVar[tuple[str, ...]] = ("MaxPool2D",)

    pool_size: Size = 2
    strides: Size | None = None
    padding: str = "valid"
    name: str = ""


@dataclass(frozen=True, slots=True)
class MaxPooling1D(_MaxPooling):
    """The largest element under each window of a sequence, channel by channel.

    x: (batch, steps, c) → (batch, windows, c); the rest as in MaxPooling2D, along one axis.
    """

    aliases: ClassVar[tuple[str, ...]] = ("MaxPool1D",)
    axes: ClassVar[int] = 1

    pool_size: Size = 2
    strides: Size | None = None
    padding: str = "valid"
    name: str = ""


@dataclass(frozen=True, slots=True)
class AveragePooling2D(_AveragePooling):
    """The mean under each window of an image, channel by channel.

    x: (batch, h, w, c) → (batch, rows, columns, c)
    pool_size, strides, padding as in MaxPooling2D; with "same" the mean is of the pixels that
    are there, as Keras has it. [LeCun et al. 1998, section 2.B]
    """

    aliases: ClassVar[tuple[str, ...]] = ("AvgPool2D", "AvgPooling2D", "AveragePool2D")

    pool_size: Size = 2
    strides: Size | None = None
    padding: str = "valid"
    name: str = ""


@dataclass(frozen=True, slots=True)
class AveragePooling1D(_AveragePooling):
    """The mean under each window of a sequence, channel by channel.

    x: (batch, steps, c) → (batch, windows, c); the rest as in AveragePooling2D, along one axis.
    """

    aliases: ClassVar[tuple[str, ...]] = ("AvgPool1D", "AvgPooling1D", "AveragePool1D")
    axes: ClassVar[int] = 1

    pool_size: Size = 2
    strides: Size | None = None
    padding: str = "valid"
    name: str = ""


class _Whole(_Plain):
    """A fold over all places of an image or a sequence, channel by channel."""

    __slots__ = ()
    axes: ClassVar[int] = 2
    fold: ClassVar[str] = "mean"

    def out_shape(self, shape: Shape) -> Shape:
        """(…, c) → (c,)."""
        check_rank(type(self).__name__, shape, self.axes)
        return shape[-1:]

    def forward(self, ops: Ops, p: Mapping[str, Array], x: Array) -> Array:
        """Return one number a channel."""
        return ops.apply(self.fold, x, axis=(1, 2) if self.axes == 2 else 1)


@dataclass(frozen=True, slots=True)
class GlobalAveragePooling2D(_Whole):
    """The mean of each channel over the whole image.

    x: (batch, h, w, c) → (batch, c)  [Lin et al. 2014, section 3.2]
    """

    aliases: ClassVar[tuple[str, ...]] = ("GlobalAvgPool2D",)

    name: str = ""


@dataclass(frozen=True, slots=True)
class GlobalAveragePooling1D(_Whole):
    """The mean of each channel over the whole sequence.

    x: (batch, steps, c) → (batch, c)  [Lin et al. 2014, section 3.2]
    """

    aliases: ClassVar[tuple[str, ...]] = ("GlobalAvgPool1D",)
    axes: ClassVar[int] = 1

    name: str = ""


@dataclass(frozen=True, slots=True)
class GlobalMaxPooling2D(_Whole):
    """The largest element of each channel over the whole image; equals share the slope.

    x: (batch, h, w, c) → (batch, c)
    """

    aliases: ClassVar[tuple[str, ...]] = ("GlobalMaxPool2D",)
    fold: ClassVar[str] = "amax"

    name: str = ""


@dataclass(frozen=True, slots=True)
class GlobalMaxPooling1D(_Whole):
    """The largest element of each channel over the whole sequence; equals share the slope.

    x: (batch, steps, c) → (batch, c)
    """

    aliases: ClassVar[tuple[str, ...]] = ("GlobalMaxPool1D",)
    axes: ClassVar[int] = 1
    fold: ClassVar[str] = "amax"

    name: str = ""
