"""Layers that read a sequence step by step and carry a memory along."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeAlias

import numpy as np

from neurogebra.layers.base import Array, Ops, Shape, Shown, Weights
from neurogebra.layers.embedding import sequence
from neurogebra.layers.initializers import INITIALIZERS

State: TypeAlias = tuple[Array, ...]  # the output first; what else a layer carries along
FORWARD, BACKWARD = "", "_back"
# The activations of the book that look at a whole row.
OF_ROWS = frozenset(
    {"softmax", "log_softmax", "softmin", "temperature_softmax", "softmax_one", "sparsemax"}
)


class Recurrent(Protocol):
    """What the layers here have in common; `gates`: how many blocks of units W and U have."""

    gates: ClassVar[int]

    @property
    def units(self) -> int:
        """How many numbers each step gives."""

    @property
    def return_sequences(self) -> bool:
        """Whether every step's output is wanted, or the last one's."""

    @property
    def bidirectional(self) -> bool:
        """Whether a second memory reads from the end."""

    def step(self, ops: Ops, p: Mapping[str, Array], z: Array, before: State | None) -> State:
        """Return what follows `before` (None: zeros) when x·W + b is z: (gates·units, batch)."""


@dataclass(frozen=True, slots=True)
class SimpleRNN:
    """Each step sees its input and the step before.

    h_t = activation(x_t W + h_{t−1} U + b)

    x: (batch, T, n) → (batch, units), the last h, or (batch, T, units) with return_sequences;
    W: (n, units), U: (units, units), b: (units,). bidirectional: a second reader from the end,
    with W_back, U_back, b_back; both outputs side by side. W starts uniform as Glorot's, U
    orthogonal, b at 0.  [Elman 1990]
    """

    state: ClassVar[tuple[str, ...]] = ()
    backward: ClassVar[str] = "summed over the steps, each through all that follow it"
    gates: ClassVar[int] = 1

    units: int
    activation: str = "tanh"
    return_sequences: bool = False
    bidirectional: bool = False
    name: str = ""

    def out_shape(self, shape: Shape) -> Shape:
        """(T, n) → (units,), or (T, units)."""
        return out_shape(self, shape)

    def shapes(self, shape: Shape) -> dict[str, Shape]:
        """Return W, U and b, and the same for the reader from the end."""
        return weight_shapes(self, shape)

    def init(self, shape: Shape, rng: np.random.Generator) -> Weights:
        """Return W by Glorot, U orthogonal, b of zeros."""
        return drawn(self, shape, rng)

    def step(self, ops: Ops, p: Mapping[str, Array], z: Array, before: State | None) -> State:
        """Return (h_t,)."""
        z = z if before is None else z + p["U"] @ before[0]
        return (bent(ops, self.activation, z),)

    def forward(self, ops: Ops, p: Mapping[str, Array], x: Array) -> Array:
        """Return the last h, or all of them."""
        return unrolled(self, ops, p, x)

    def formula(self, ops: Shown, p: Mapping[str, Array], x: Array) -> dict[str, Array]:
        """Return one step, as it is shown."""
        return {
            "": ops.activate(self.activation, x @ p["W"] + ops.symbol("h_prev") @ p["U"] + p["b"])
        }


@dataclass(frozen=True, slots=True)
class LSTM:
    """A memory cell with gates: what to write, what to keep, what to show.

    c_t = σ(z_f) c_{t−1} + σ(z_i) activation(z_g),  h_t = σ(z_o) activation(c_t), where
    (z_i, z_f, z_o, z_g) = x_t W + h_{t−1} U + b: the gates lie in this order, so that one
    sigmoid takes three of them (Keras and PyTorch: i, f, g, o).
    x: (batch, T, n) → (batch, units), the last h, or (batch, T, units) with return_sequences;
    W: (n, 4·units), U: (units, 4·units), b: (4·units,). bidirectional: a second reader from
    the end, with W_back, U_back, b_back; both outputs side by side.
    unit_forget_bias: b_f starts at 1, so that memory lasts. W starts uniform as Glorot's, U
    orthogonal, the rest of b at 0.
    [Hochreiter & Schmidhuber 1997; Gers et al. 2000; Jozefowicz et al. 2015]
    """

    state: ClassVar[tuple[str, ...]] = ()
    backward: ClassVar[str] = "summed over the steps, each through all that follow it"
    gates: ClassVar[int] = 4

    units: int
    activation: str = "tanh"
    return_sequences: bool = False
    bidirectional: bool = False
    unit_forget_bias: bool = True
    name: str = ""

    def out_shape(self, shape: Shape) -> Shape:
        """(T, n) → (units,), or (T, units)."""
        return out_shape(self, shape)

    def shapes(self, shape: Shape) -> dict[str, Shape]:
        """Return W, U and b, and the same for the reader from the end."""
        return weight_shapes(self, shape)

    def init(self, shape: Shape, rng: np.random.Generator) -> Weights:
        """Return W by Glorot, U orthogonal, b of zeros but for the forget gate's ones."""
        found, u = drawn(self, shape, rng), self.units
        for way in ways(self):
            found[f"b{way}"][u : 2 * u] = float(self.unit_forget_bias)
        return found

    def step(self, ops: Ops, p: Mapping[str, Array], z: Array, before: State | None) -> State:
        """Return (h_t, c_t)."""
        u = self.units
        z = z if before is None else z + p["U"] @ before[0]
        gates = ops.apply("sigmoid", part(ops, z, 0, 3 * u))
        i, f, o = (part(ops, gates, at, at + u) for at in (0, u, 2 * u))
        c = i * bent(ops, self.activation, part(ops, z, 3 * u, 4 * u))
        if before is not None:
            c = f * before[1] + c
        return o * bent(ops, self.activation, c), c

    def forward(self, ops: Ops, p: Mapping[str, Array], x: Array) -> Array:
        """Return the last h, or all of them."""
        return unrolled(self, ops, p, x)

    def formula(self, ops: Shown, p: Mapping[str, Array], x: Array) -> dict[str, Array]:
        """Return one step, as it is shown."""
        i, f, o, g, c, old = map(ops.symbol, ("z_i", "z_f", "z_o", "z_g", "c", "c_prev"))
        write, keep, show = (ops.apply("sigmoid", gate) for gate in (i, f, o))
        return {
            "": show * ops.activate(self.activation, c),
            "c": keep * old + write * ops.activate(self.activation, g),
            "[z_i, z_f, z_o, z_g]": x @ p["W"] + ops.symbol("h_prev") @ p["U"] + p["b"],
        }


@dataclass(frozen=True, slots=True)
class GRU:
    """Two gates and no cell: what of the past stays, what is looked at.

    h_t = z h_{t−1} + (1 − z) n,  n = activation(x_t W_n + b_n + r (h_{t−1} U_n + c_n)), where
    z = σ(x_t W_z + h_{t−1} U_z + b_z + c_z), r likewise: the gates lie in the order z, r, n, as
    in Keras (PyTorch: r, z, n). x: (batch, T, n) → (batch, units), the last h, or
    (batch, T, units) with return_sequences; W: (n, 3·units), U: (units, 3·units), b, c:
    (3·units,). reset_after=False lets r act on h_{t−1} before U, as in the first paper, without
    c. bidirectional: a second reader from the end, with W_back, …; both outputs side by side.
    W starts uniform as Glorot's, U orthogonal, b and c at 0.  [Cho et al. 2014]
    """

    state: ClassVar[tuple[str, ...]] = ()
    backward: ClassVar[str] = "summed over the steps, each through all that follow it"
    gates: ClassVar[int] = 3

    units: int
    activation: str = "tanh"
    return_sequences: bool = False
    bidirectional: bool = False
    reset_after: bool = True
    name: str = ""

    def out_shape(self, shape: Shape) -> Shape:
        """(T, n) → (units,), or (T, units)."""
        return out_shape(self, shape)

    def shapes(self, shape: Shape) -> dict[str, Shape]:
        """Return W, U, b and c, and the same for the reader from the end."""
        return weight_shapes(self, shape, ("c",) if self.reset_after else ())

    def init(self, shape: Shape, rng: np.random.Generator) -> Weights:
        """Return W by Glorot, U orthogonal, b and c of zeros."""
        return drawn(self, shape, rng)

    def step(self, ops: Ops, p: Mapping[str, Array], z: Array, before: State | None) -> State:
        """Return (h_t,)."""
        u, h = self.units, None if before is None else before[0]
        from_x, from_h = part(ops, z, 2 * u, None), self._past(ops, p, h)
        gates = part(ops, z, 0, 2 * u)
        gates = ops.apply("sigmoid", gates if from_h is None else gates + from_h[0])
        keep, look = part(ops, gates, 0, u), part(ops, gates, u, None)
        if self.reset_after and from_h is not None:
            from_x = from_x + look * from_h[1]
        elif h is not None:
            from_x = from_x + part(ops, p["U"], 2 * u, None) @ (look * h)
        new = bent(ops, self.activation, from_x)
        return (new - keep * new if h is None else new + keep * (h - new),)

    def _past(self, ops: Ops, p: Mapping[str, Array], h: Array | None) -> State | None:
        """Return what the past adds to both gates, and what r lets through of it."""
        u = self.units
        if self.reset_after:
            past = p["c"] if h is None else p["U"] @ h + p["c"]
            return part(ops, past, 0, 2 * u), part(ops, past, 2 * u, None)
        return None if h is None else (part(ops, p["U"], 0, 2 * u) @ h,)

    def forward(self, ops: Ops, p: Mapping[str, Array], x: Array) -> Array:
        """Return the last h, or all of them."""
        return unrolled(self, ops, p, x)

    def formula(self, ops: Shown, p: Mapping[str, Array], x: Array) -> dict[str, Array]:
        """Return one step, as it is shown."""
        z, r, n, h = map(ops.symbol, ("z", "r", "n", "h_prev"))
        gates = {g: ops.symbol(f"x_{g}") for g in "zrn"}
        past = {g: ops.symbol(f"h_{g}") for g in "zrn"}
        if not self.reset_after:
            past["n"] = h @ p["U"]
        new = past["n"] * r if self.reset_after else (r * h) @ ops.symbol("U_n")
        lines = {
            "": z * h + (1 - z) * n,
            "n": ops.activate(self.activation, gates["n"] + new),
            "z": ops.apply("sigmoid", gates["z"] + past["z"]),
            "r": ops.apply("sigmoid", gates["r"] + past["r"]),
            "[x_z, x_r, x_n]": x @ p["W"] + p["b"],
        }
        after = h @ p["U"] + p["c"] if self.reset_after else h @ p["U"]
        return {**lines, "[h_z, h_r, h_n]" if self.reset_after else "[h_z, h_r]": after}


def part(ops: Ops, z: Array, start: int, stop: int | None) -> Array:
    """Return a block of units."""
    return ops.apply("slice", z, axis=0, start=start, stop=stop)


def bent(ops: Ops, name: str, z: Array) -> Array:
    """Return an activation of units that lie below each other."""
    if name not in OF_ROWS:
        return ops.activate(name, z)
    return ops.apply("transpose", ops.activate(name, ops.apply("transpose", z)))


def ways(layer: Recurrent) -> tuple[str, ...]:
    """Return what the names of the weights end in, for each reader."""
    return (FORWARD, BACKWARD) if layer.bidirectional else (FORWARD,)


def out_shape(layer: Recurrent, shape: Shape) -> Shape:
    """(T, n) → (units,) or (T, units), twice the units for two readers."""
    steps, _ = sequence(type(layer).__name__, shape)
    features = layer.units * len(ways(layer))
    return (steps, features) if layer.return_sequences else (features,)


def weight_shapes(layer: Recurrent, shape: Shape, more: tuple[str, ...] = ()) -> dict[str, Shape]:
    """Return the shapes of W, U, b and of the biases `more`, for each reader."""
    wide = layer.gates * layer.units
    one = {"W": (shape[-1], wide), "U": (layer.units, wide), **dict.fromkeys(("b", *more), (wide,))}
    return {f"{name}{way}": size for way in ways(layer) for name, size in one.items()}


def drawn(layer: Any, shape: Shape, rng: np.random.Generator) -> Weights:
    """Return W by Glorot over all gates at once, as Keras draws it, U orthogonal, the rest 0."""
    found = {}
    for name, size in layer.shapes(shape).items():
        kind = {"W": "glorot_uniform", "U": "orthogonal"}.get(name[0], "zeros")
        found[name] = INITIALIZERS[kind].draw(rng, size, size[0], size[-1])
    return found


def unrolled(layer: Any, ops: Ops, p: Mapping[str, Array], x: Array) -> Array:
    """Write the recurrence out, step after step; x·W of all steps is one product.

    A step's units lie below each other, (units, batch), so that gates are blocks of memory.
    """
    x = ops.apply("permute", x, axes=(1, 2, 0))
    found = []
    for way in ways(layer):
        own = _turned(ops, p, way)
        given = ops.unstack(own["W"] @ x + own["b"], ops.shape[0])
        outputs = _outputs(layer.step, ops, own, given[::-1] if way == BACKWARD else given)
        found.append(outputs[::-1] if way == BACKWARD and layer.return_sequences else outputs)
    if layer.return_sequences:
        return ops.apply("permute", _below(ops, [ops.stack(o) for o in found]), axes=(2, 0, 1))
    return ops.apply("transpose", _below(ops, [outputs[-1] for outputs in found]))


def _turned(ops: Ops, p: Mapping[str, Array], way: str) -> dict[str, Array]:
    """Return one reader's weights for units below each other: Wᵀ, Uᵀ, biases as columns."""
    found = {}
    for name, value in p.items():
        if name.endswith(BACKWARD) == (way == BACKWARD):
            matrix = name[0] in "WU"
            turned = (
                ops.apply("transpose", value) if matrix else ops.apply("expand_dims", value, axis=1)
            )
            found[name.removesuffix(way)] = turned
    return found


def _outputs(
    step: Callable[..., State], ops: Ops, p: Mapping[str, Array], given: Sequence[Array]
) -> list[Array]:
    state, found = None, []
    for z in given:
        state = step(ops, p, z, state)
        found.append(state[0])
    return found


def _below(ops: Ops, parts: list[Array]) -> Array:
    return parts[0] if len(parts) == 1 else ops.apply("concat", *parts, axis=-2)
