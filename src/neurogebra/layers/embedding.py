"""Tokens as vectors, and where in a sequence they stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from neurogebra.errors import BadValue
from neurogebra.layers.base import Array, Ops, Shape, Shown, Weights
from neurogebra.layers.initializers import INITIALIZERS


@dataclass(frozen=True, slots=True)
class Embedding:
    """Every token has a learned vector: a = W[x].

    x: (batch, …) whole numbers from 0 to below input_dim → (batch, …, output_dim);
    W: (input_dim, output_dim). First vectors are N(0, 1) by default, as PyTorch's are for
    [Mikolov et al. 2013]'s lookup; a token outside the vocabulary is refused.
    """

    state: ClassVar[tuple[str, ...]] = ()

    input_dim: int
    output_dim: int
    initializer: str = "normal"
    name: str = ""

    def out_shape(self, shape: Shape) -> Shape:
        """(…) → (…, output_dim)."""
        return (*shape, self.output_dim)

    def shapes(self, shape: Shape) -> dict[str, Shape]:
        """Return W: (input_dim, output_dim)."""
        return {"W": (self.input_dim, self.output_dim)}

    def init(self, shape: Shape, rng: np.random.Generator) -> Weights:
        """Return W drawn by the initializer."""
        n, m = self.input_dim, self.output_dim
        return {"W": INITIALIZERS[self.initializer].draw(rng, (n, m), n, m)}

    def forward(self, ops: Ops, p: Mapping[str, Array], x: Array) -> Array:
        """Return the rows of W that x names."""
        return ops.apply("take", p["W"], x, axis=0)

    def check_input(self, where: str, x: np.ndarray) -> None:
        """Refuse what is no token of the vocabulary."""
        expected = f"tokens, whole numbers from 0 to {self.input_dim - 1}"
        wrong = x[~((x >= 0) & (x < self.input_dim) & (x == np.floor(x)))]
        if wrong.size:
            hint = "a larger input_dim makes room for more tokens"
            beyond = bool(wrong[0] >= self.input_dim) and bool(np.isfinite(wrong[0]))
            raise BadValue(where, expected, wrong[0].item(), hint if beyond else "")


@dataclass(frozen=True, slots=True)
class PositionalEncoding:
    """Waves of many lengths say where a vector stands: a = x + PE.

    x: (batch, T, C) → the same shape;  PE[t, 2i] = sin(t / 10000^(2i/C)) and
    PE[t, 2i+1] = cos(t / 10000^(2i/C)). Nothing is learned.  [Vaswani et al. 2017, section 3.5]
    """

    state: ClassVar[tuple[str, ...]] = ()

    name: str = ""

    def out_shape(self, shape: Shape) -> Shape:
        """(T, C) stays."""
        return sequence("PositionalEncoding", shape)

    def shapes(self, shape: Shape) -> dict[str, Shape]:
        """Return nothing: there is nothing to train."""
        return {}

    def init(self, shape: Shape, rng: np.random.Generator) -> Weights:
        """Return nothing: nothing is drawn."""
        return {}

    def forward(self, ops: Ops, p: Mapping[str, Array], x: Array) -> Array:
        """Return x + sin(t·ω + φ), where φ = π/2 makes a cosine of every second wave."""
        t, c = ops.apply("positions", x, axis=-2), ops.apply("positions", x, axis=-1)
        pair = ops.apply("floor", c / 2.0)
        slower = ops.apply("exp", pair * (-2.0 * float(np.log(10000.0)) / ops.shape[-1]))
        return x + ops.apply("sin", t * slower + (c - 2.0 * pair) * float(np.pi / 2))

    def formula(self, ops: Shown, p: Mapping[str, Array], x: Array) -> Array:
        """Return what is shown: x + sin(t ω + φ)."""
        t, wave, start = map(ops.symbol, ("t", "ω", "φ"))
        return x + ops.apply("sin", t * wave + start)


@dataclass(frozen=True, slots=True)
class PositionalEmbedding:
    """Every place in a sequence has its vector: a = x + W[:T].

    x: (batch, T, C) → the same shape, T ≤ max_len;  W: (max_len, C).
    First vectors are small, N(0, 0.02²), so that the tokens speak first.  [Devlin et al. 2019]
    """

    state: ClassVar[tuple[str, ...]] = ()

    max_len: int
    name: str = ""

    def out_shape(self, shape: Shape) -> Shape:
        """(T, C) stays; T must not exceed max_len."""
        if sequence("PositionalEmbedding", shape)[0] > self.max_len:
            expected = f"at most max_len = {self.max_len} steps"
            raise BadValue("PositionalEmbedding input", expected, shape[0], "raise max_len")
        return shape

    def shapes(self, shape: Shape) -> dict[str, Shape]:
        """Return W: (max_len, C)."""
        return {"W": (self.max_len, shape[-1])}

    def init(self, shape: Shape, rng: np.random.Generator) -> Weights:
        """Return W: N(0, 0.02²)."""
        return {"W": rng.normal(0.0, 0.02, (self.max_len, shape[-1]))}

    def forward(self, ops: Ops, p: Mapping[str, Array], x: Array) -> Array:
        """Return x + W[:T]."""
        return x + ops.apply("slice", p["W"], axis=0, start=0, stop=ops.shape[0])


def sequence(kind: str, shape: Shape) -> Shape:
    """Return a shape that is (steps, features); BadValue for any other."""
    if len(shape) != 2:
        hint = "put Embedding before" if len(shape) == 1 else "put Reshape before"
        raise BadValue(f"{kind} input", "steps and features: (T, C)", shape, hint)
    return shape
