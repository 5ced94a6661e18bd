"""Every position of a sequence looks at every other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from neurogebra.layers.base import Array, Ops, Shape, Shown, Weights
from neurogebra.layers.embedding import sequence
from neurogebra.layers.initializers import INITIALIZERS

# What a hidden position's score becomes: e to it is 0, and a row of nothing else stays finite.
HIDDEN = -1e9


@dataclass(frozen=True, slots=True)
class MultiHeadAttention:
    """Positions mix each other's values, by how queries meet keys.

    x: (batch, T, C) → (batch, T, C).  a = [head_1, …, head_h] Wo + bo, each head
    softmax(Q Kᵀ / √key_dim) V with Q = x Wq + bq, and K, V likewise; Wq, Wk, Wv:
    (C, num_heads·key_dim), Wo: (num_heads·key_dim, C).
    causal: a position sees itself and what came before. rate: share of the softmax's weights
    dropped while training. mask_value: positions of this layer's own input whose features all
    equal it are hidden from the others, as in Keras' Masking; their own rows are computed
    still, and where everything is hidden all weigh the same. W start uniform as Glorot's, b at
    0.  [Vaswani et al. 2017, section 3.2]
    """

    state: ClassVar[tuple[str, ...]] = ()

    num_heads: int
    key_dim: int
    causal: bool = False
    use_bias: bool = True
    rate: float = 0.0
    mask_value: float | None = None
    name: str = ""

    def out_shape(self, shape: Shape) -> Shape:
        """(T, C) stays."""
        return sequence("MultiHeadAttention", shape)

    def shapes(self, shape: Shape) -> dict[str, Shape]:
        """Return Wq, Wk, Wv, Wo and, unless use_bias is False, bq, bk, bv, bo."""
        n, wide = shape[-1], self.num_heads * self.key_dim
        found: dict[str, Shape] = {}
        for letter in "qkvo":
            size = (wide, n) if letter == "o" else (n, wide)
            found[f"W{letter}"] = size
            if self.use_bias:
                found[f"b{letter}"] = size[1:]
        return found

    def init(self, shape: Shape, rng: np.random.Generator) -> Weights:
        """Return W uniform as Glorot's and b of zeros."""
        draw = INITIALIZERS["glorot_uniform"].draw
        return {
            name: draw(rng, size, *size) if len(size) == 2 else np.zeros(size)
            for name, size in self.shapes(shape).items()
        }

    def forward(self, ops: Ops, p: Mapping[str, Array], x: Array) -> Array:
        """Return the heads' mixtures, side by side and through Wo."""
        q, k, v = (self._heads(ops, self._linear(p, x, letter)) for letter in "qkv")
        scores = (q @ ops.apply("transpose", k)) * self.key_dim**-0.5
        hidden = self._hidden(ops, x, scores)
        if hidden is not None:
            scores = ops.apply("where", hidden, HIDDEN, scores)
        weights = ops.activate("softmax", scores)
        if ops.training and self.rate:
            kept = ops.apply("greater_equal", ops.uniform(weights), self.rate)
            weights = weights * (kept * (1.0 / (1.0 - self.rate)))
        mixed = ops.apply("permute", weights @ v, axes=(0, 2, 1, 3))
        return self._linear(p, ops.apply("reshape", mixed, shape=(0, 0, -1)), "o")

    def formula(self, ops: Shown, p: Mapping[str, Array], x: Array) -> dict[str, Array]:
        """Return the heads side by side, and one head, as it is shown."""
        one, last, q, k, v, d = map(ops.symbol, ("H_1", f"H_{self.num_heads}", *"QKV", "d"))
        heads = ops.apply("concat", one, last, axis=-1) if self.num_heads > 1 else one
        scores = (q @ ops.apply("transpose", k)) / ops.apply("sqrt", d)
        if self.causal or self.mask_value is not None:
            scores = scores + ops.symbol("mask")  # −∞ where a position is hidden, 0 elsewhere
        found = {"": self._linear(p, heads, "o"), "H_i": ops.activate("softmax", scores) @ v}
        return {**found, **{letter.upper(): self._linear(p, x, letter) for letter in "qkv"}}

    def _linear(self, p: Mapping[str, Array], x: Array, letter: str) -> Array:
        z = x @ p[f"W{letter}"]
        return z + p[f"b{letter}"] if self.use_bias else z

    def _heads(self, ops: Ops, z: Array) -> Array:
        """(batch, T, heads·key_dim) → (batch, heads, T, key_dim)."""
        apart = ops.apply("reshape", z, shape=(0, 0, self.num_heads, self.key_dim))
        return ops.apply("permute", apart, axes=(0, 2, 1, 3))

    def _hidden(self, ops: Ops, x: Array, scores: Array) -> Array | None:
        """Return 1 where a score, (batch, heads, looking, looked at), is not to count."""
        later = None
        if self.causal:
            looked, looking = (ops.apply("positions", scores, axis=axis) for axis in (-1, -2))
            later = ops.apply("greater", looked, looking)
        if self.mask_value is None:
            return later
        empty = ops.apply("amin", ops.apply("equal", x, self.mask_value), axis=-1)
        for _ in range(2):
            empty = ops.apply("expand_dims", empty, axis=1)
        return empty if later is None else ops.apply("maximum", empty, later)
