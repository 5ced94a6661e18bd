"""Layers that centre and scale."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from neurogebra.errors import BadValue
from neurogebra.layers.base import Array, Ops, Shape, Weights


@dataclass(frozen=True, slots=True)
class BatchNorm:
    """Each feature centred and scaled over the batch, then by a learned γ and β.

    x: (batch, …, n) → the same shape;  gamma, beta: (n,);  mean, var: (n,) running, not
    trained. The places of an image or a sequence count as further rows of the batch.
    While training, the batch's own statistics; at inference the running ones, which follow
    by `momentum` (the share that stays; the variance kept is the unbiased one).
    [Ioffe & Szegedy 2015, Alg. 1 and 2, section 3.2 for images]
    """

    aliases: ClassVar[tuple[str, ...]] = ("BatchNormalization",)
    state: ClassVar[tuple[str, ...]] = ("mean", "var")

    momentum: float = 0.9
    eps: float = 1e-5
    name: str = ""

    def out_shape(self, shape: Shape) -> Shape:
        """The shape stays."""
        return _any_features("BatchNorm", shape)

    def shapes(self, shape: Shape) -> dict[str, Shape]:
        """Return gamma and beta: (n,)."""
        return {"gamma": shape[-1:], "beta": shape[-1:]}

    def init(self, shape: Shape, rng: np.random.Generator) -> Weights:
        """Return gamma and var of ones, beta and mean of zeros: (n,)."""
        n = shape[-1]
        return {"gamma": np.ones(n), "beta": np.zeros(n), "mean": np.zeros(n), "var": np.ones(n)}

    def forward(self, ops: Ops, p: Mapping[str, Array], x: Array) -> Array:
        """Return gamma (x − mean) / √(var + eps) + beta."""
        mean, var = p["mean"], p["var"]
        if ops.training:
            rows = tuple(range(len(ops.shape))) if len(ops.shape) > 1 else 0
            mean, var = ops.apply("mean", x, axis=rows), ops.apply("var", x, axis=rows)
            n, keep = ops.apply("size", x, axis=rows), self.momentum
            unbiased = var * (n / ops.apply("maximum", n - 1.0, 1.0))
            ops.remember("mean", keep * p["mean"] + (1.0 - keep) * mean)
            ops.remember("var", keep * p["var"] + (1.0 - keep) * unbiased)
        scale = p["gamma"] / ops.apply("sqrt", var + self.eps)
        return (x - mean) * scale + p["beta"]


@dataclass(frozen=True, slots=True)
class LayerNorm:
    """Each row of features centred and scaled by itself, then by a learned γ and β.

    x: (batch, …, n) → the same shape;  gamma, beta: (n,). Training and inference are alike.
    [Ba et al. 2016, eq. 4]
    """

    aliases: ClassVar[tuple[str, ...]] = ("LayerNormalization",)
    state: ClassVar[tuple[str, ...]] = ()

    eps: float = 1e-5
    name: str = ""

    def out_shape(self, shape: Shape) -> Shape:
        """The shape stays."""
        return _any_features("LayerNorm", shape)

    def shapes(self, shape: Shape) -> dict[str, Shape]:
        """Return gamma and beta: (n,)."""
        return {"gamma": shape[-1:], "beta": shape[-1:]}

    def init(self, shape: Shape, rng: np.random.Generator) -> Weights:
        """Return gamma of ones and beta of zeros: (n,)."""
        return {"gamma": np.ones(shape[-1]), "beta": np.zeros(shape[-1])}

    def forward(self, ops: Ops, p: Mapping[str, Array], x: Array) -> Array:
        """Return gamma (x − mean) / √(var + eps) + beta, over the last axis."""
        return _normalised(ops, x, -1, self.eps) * p["gamma"] + p["beta"]


@dataclass(frozen=True, slots=True)
class RMSNorm:
    """Each row of features divided by its root mean square, then scaled by a learned γ.

    x: (batch, …, n) → the same shape;  gamma: (n,)  [Zhang & Sennrich 2019, eq. 4]
    """

    aliases: ClassVar[tuple[str, ...]] = ("RMSNormalization",)
    state: ClassVar[tuple[str, ...]] = ()

    eps: float = 1e-5
    name: str = ""

    def out_shape(self, shape: Shape) -> Shape:
        """The shape stays."""
        return _any_features("RMSNorm", shape)

    def shapes(self, shape: Shape) -> dict[str, Shape]:
        """Return gamma: (n,)."""
        return {"gamma": shape[-1:]}

    def init(self, shape: Shape, rng: np.random.Generator) -> Weights:
        """Return gamma of ones: (n,)."""
        return {"gamma": np.ones(shape[-1])}

    def forward(self, ops: Ops, p: Mapping[str, Array], x: Array) -> Array:
        """Return gamma x / √(mean of x² + eps), over the last axis."""
        square = ops.apply("mean", x * x, axis=-1, keepdims=True)
        return x / ops.apply("sqrt", square + self.eps) * p["gamma"]


@dataclass(frozen=True, slots=True)
class GroupNorm:
    """Groups of channels, each centred and scaled over one example, then by a learned γ and β.

    x: (batch, …, n) → the same shape;  gamma, beta: (n,);  groups: a divisor of n.
    Training and inference are alike. [Wu & He 2018, eq. 1 and 7]
    """

    aliases: ClassVar[tuple[str, ...]] = ("GroupNormalization",)
    state: ClassVar[tuple[str, ...]] = ()

    groups: int
    eps: float = 1e-5
    name: str = ""

    def out_shape(self, shape: Shape) -> Shape:
        """The shape stays; its channels must come in whole groups."""
        n = _any_features("GroupNorm", shape)[-1]
        if n % self.groups:
            expected = f"a number that divides the {n} channels"
            hint = f"e.g. {math.gcd(n, self.groups)}"
            raise BadValue("GroupNorm.groups", expected, self.groups, hint)
        return shape

    def shapes(self, shape: Shape) -> dict[str, Shape]:
        """Return gamma and beta: (n,)."""
        return {"gamma": shape[-1:], "beta": shape[-1:]}

    def init(self, shape: Shape, rng: np.random.Generator) -> Weights:
        """Return gamma of ones and beta of zeros: (n,)."""
        return {"gamma": np.ones(shape[-1]), "beta": np.zeros(shape[-1])}

    def forward(self, ops: Ops, p: Mapping[str, Array], x: Array) -> Array:
        """Return gamma (x − mean) / √(var + eps) + beta, over places and channels of a group."""
        *places, n = ops.shape
        apart = (0, math.prod(places), self.groups, n // self.groups)
        parts = _normalised(ops, ops.apply("reshape", x, shape=apart), (1, 3), self.eps)
        return ops.apply("reshape", parts, shape=(0, *ops.shape)) * p["gamma"] + p["beta"]

    def formula(self, ops: Ops, p: Mapping[str, Array], x: Array) -> Array:
        """Return the same of one group."""
        return _normalised(ops, x, (1, 3), self.eps) * p["gamma"] + p["beta"]


def _any_features(layer: str, shape: Shape) -> Shape:
    if not shape:
        raise BadValue(f"{layer} input", "at least one feature axis", shape)
    return shape


def _normalised(ops: Ops, x: Array, axis: int | tuple[int, ...], eps: float) -> Array:
    """Return (x − mean) / √(var + eps) over the axes."""
    mean, var = (ops.apply(fold, x, axis=axis, keepdims=True) for fold in ("mean", "var"))
    return (x - mean) / ops.apply("sqrt", var + eps)
