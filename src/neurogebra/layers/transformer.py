"""The block of which language models are stacked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from neurogebra.layers.attention import MultiHeadAttention
from neurogebra.layers.base import Array, Layer, Ops, Shape, Shown, Weights
from neurogebra.layers.dense import Dense
from neurogebra.layers.dropout import Dropout
from neurogebra.layers.embedding import sequence
from neurogebra.layers.norm import LayerNorm
from neurogebra.layers.residual import Part, inner_init, inner_shapes, placed, through


@dataclass(frozen=True, slots=True)
class TransformerBlock:
    """Attention, then a small network at every position.

    Each is added to its input.

    x: (batch, T, C) → the same shape. norm_first: y = x + attention(norm(x)),
    a = y + feed_forward(norm(y)) [Xiong et al. 2020]; otherwise the norm comes after each sum
    [Vaswani et al. 2017]. feed_forward: Dense(ff_dim, activation), Dense(C), at every position.
    rate: share dropped of what is added, while training. Weights are named by the layers
    inside: "attention.Wq", "norm_0.gamma", "dense_0.W".
    """

    state: ClassVar[tuple[str, ...]] = ()

    num_heads: int
    key_dim: int
    ff_dim: int
    activation: str = "gelu"
    rate: float = 0.1
    causal: bool = False
    norm_first: bool = True
    eps: float = 1e-5
    name: str = ""

    def out_shape(self, shape: Shape) -> Shape:
        """(T, C) stays."""
        return sequence("TransformerBlock", shape)

    def shapes(self, shape: Shape) -> dict[str, Shape]:
        """Return the shapes of the weights inside."""
        return {**inner_shapes(self._attention(shape)), **inner_shapes(self._network(shape))}

    def init(self, shape: Shape, rng: np.random.Generator) -> Weights:
        """Return the first weights of the layers inside, drawn one after the other."""
        return {**inner_init(self._attention(shape), rng), **inner_init(self._network(shape), rng)}

    def forward(self, ops: Ops, p: Mapping[str, Array], x: Array) -> Array:
        """Return both halves, one after the other."""
        for half in (self._attention(ops.shape), self._network(ops.shape)):
            if self.norm_first:
                x = x + through(half, ops, p, x)
            else:
                *inside, norm = half
                x = through((norm,), ops, p, x + through(tuple(inside), ops, p, x))
        return x

    def formula(self, ops: Shown, p: Mapping[str, Array], x: Array) -> dict[str, Array]:
        """Return both halves in words, as they are shown."""
        y = ops.symbol("y")
        halves = {"": (y, "feed_forward"), "y": (x, "attention")}
        if self.norm_first:
            return {
                n: z + ops.activate(f, ops.activate("layer_norm", z))
                for n, (z, f) in halves.items()
            }
        return {
            n: ops.activate("layer_norm", z + ops.activate(f, z)) for n, (z, f) in halves.items()
        }

    def _attention(self, shape: Shape) -> tuple[Part, ...]:
        heads = MultiHeadAttention(
            self.num_heads, self.key_dim, causal=self.causal, name="attention"
        )
        return self._half((heads,), 0, shape)

    def _network(self, shape: Shape) -> tuple[Part, ...]:
        wide = Dense(self.ff_dim, self.activation, name="dense_0")
        narrow = Dense(shape[-1], initializer="glorot_uniform", name="dense_1")
        return self._half((wide, narrow), 1, shape)

    def _half(self, layers: tuple[Layer, ...], number: int, shape: Shape) -> tuple[Part, ...]:
        norm = LayerNorm(eps=self.eps, name=f"norm_{number}")
        inside = (*layers, Dropout(self.rate, name=f"dropout_{number}"))
        return placed((norm, *inside) if self.norm_first else (*inside, norm), shape)
