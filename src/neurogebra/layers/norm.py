"""Layers that centre and scale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from neurogebra.errors import BadValue
from neurogebra.layers.base import Array, Ops, Shape, Weights


@dataclass(frozen=True, slots=True)
class BatchNorm:
    """Each feature centred and scaled over the batch, then by a learned γ and β.

    x: (batch, n) → (batch, n);  gamma, beta: (n,);  mean, var: (n,) running, not trained.
    While training, the batch's own statistics; at inference the running ones, which follow
    by `momentum` (the share that stays; the variance kept is the unbiased one).
    [Ioffe & Szegedy 2015, Alg. 1 and 2]
    """

    state: ClassVar[tuple[str, ...]] = ("mean", "var")

    momentum: float = 0.9
    eps: float = 1e-5
    name: str = ""

    def out_shape(self, shape: Shape) -> Shape:
        """The shape stays; one feature axis is needed."""
        if len(shape) != 1:
            raise BadValue("BatchNorm input", "one feature axis: (n,)", shape, "put Flatten before")
        return shape

    def shapes(self, shape: Shape) -> dict[str, Shape]:
        """Return gamma and beta: (n,)."""
        return {"gamma": shape, "beta": shape}

    def init(self, shape: Shape, rng: np.random.Generator) -> Weights:
        """Return gamma and var of ones, beta and mean of zeros: (n,)."""
        n = shape[-1]
        return {"gamma": np.ones(n), "beta": np.zeros(n), "mean": np.zeros(n), "var": np.ones(n)}

    def forward(self, ops: Ops, p: Mapping[str, Array], x: Array) -> Array:
        """Return gamma (x − mean) / √(var + eps) + beta."""
        mean, var = p["mean"], p["var"]
        if ops.training:
            mean, var = ops.apply("mean", x, axis=0), ops.apply("var", x, axis=0)
            n, keep = ops.apply("size", x, axis=0), self.momentum
            unbiased = var * (n / ops.apply("maximum", n - 1.0, 1.0))
            ops.remember("mean", keep * p["mean"] + (1.0 - keep) * mean)
            ops.remember("var", keep * p["var"] + (1.0 - keep) * unbiased)
        scale = p["gamma"] / ops.apply("sqrt", var + self.eps)
        return (x - mean) * scale + p["beta"]
