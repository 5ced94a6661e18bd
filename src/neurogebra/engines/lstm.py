"""An LSTM's steps in few calls, held to what the layer says step by step.

[W; U; b] is one array among a network's numbers, so that a step's gates are one product with
[x; h; 1]. σ(z) = ½ + ½ tanh(z/2): with z halved by the weights, one tanh bends all gates. What
the derivative of a step needs of the forward pass is computed for many steps at once; what is
left for the way back is one factor a block and the product with U.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from neurogebra.core.program import Instruction
from neurogebra.core.tree import Node
from neurogebra.engines.kernels import copy
from neurogebra.layers import LSTM, Shape

CELL = "lstm"  # (x, W, U, b), every: the last h, or each step's
BACK = "lstm_back"  # (g, h, x, W, U, b): the slopes of W, U and b below each other
PART = "lstm_part"  # (back, h), place: those of one of them
INTO = "lstm_into"  # (back, h, x, W): the slopes of x

# The blocks of a step: its gates, the cell before it and tanh of the cell after it.
I, F, O, G, OLD, TANH = range(6)  # noqa: E741
GATES = 4
# Numbers of which what a derivative needs is computed at once: they stay in the cache.
AT_ONCE = 1 << 17
# A processor lets a load wait for a store that is a multiple of so many bytes away.
PAGE, LINE = 4096, 64


def fits(layer: LSTM) -> bool:
    """Say whether an LSTM is one that this module computes."""
    return layer.activation == "tanh" and not layer.bidirectional


def cell(x: Node, W: Node, U: Node, b: Node, *, every: bool) -> Node:
    """Return the node of an LSTM: the last h, (batch, units), or every one, (batch, T, units)."""
    return Node(CELL, (x, W, U, b), (("every", every),))


def slopes(g: Node, y: Node, x: Node, W: Node, U: Node, b: Node, **attrs: Any) -> tuple[Node, ...]:
    """Return the derivative of a `cell`, as the table of an operation has it."""
    back = Node(BACK, (g, y, x, W, U, b), tuple(attrs.items()))
    parts = (Node(PART, (back, y), (("place", i),)) for i in range(3))
    return Node(INTO, (back, y, x, W)), *parts


def output_shape(x: Shape, U: Shape, *, every: bool) -> Shape:
    """Return the shape of a cell's value, given those of x and U."""
    return (*x[:2], U[0]) if every else (x[0], U[0])


class _Cell:
    """The arrays of one LSTM.

    Z: (T + 1, 6, units, batch), the blocks of its steps; sums: (T, 2, units, batch), i g and
    f c, which add up to c; X: (T + 1, n + units + 1, batch), x, the h before and 1. Where nobody
    asks for slopes, two steps of Z and one of sums are enough.
    """

    def __init__(self, x: np.ndarray, U: np.ndarray, *, taught: bool) -> None:
        batch, self.steps, self.features = x.shape
        self.units = u = U.shape[0]
        dtype = x.dtype
        self.Z = room((self.steps + 1 if taught else 2, 6, u, batch), dtype, 0)
        self.sums = room((self.steps if taught else 1, 2, u, batch), dtype, 3)
        self.X = room((self.steps + 1, self.features + u + 1, batch), dtype, 1)
        self.X[:, -1] = 1
        self.W = np.empty((self.X.shape[1], GATES * u), dtype)
        self.dZ = room((self.steps if taught else 0, GATES, u, batch), dtype, 2)

    @property
    def h(self) -> np.ndarray:
        """Every step's output after zeros for the first: (T + 1, units, batch)."""
        return self.X[:, self.features : -1]


def write_cell(recorder: Any, line: Instruction, args: list[np.ndarray]) -> np.ndarray:
    """Write down the steps of an LSTM."""
    x, W, U, b = args
    taught = any(other.op == BACK and other.args[1] == line.out for other in recorder.program.lines)
    made = _Cell(x, U, taught=taught)
    recorder.notes[line.out] = made
    call = _caller(recorder, line)
    _weights(call, made, W, U, b)
    call(copy, (x.transpose(1, 2, 0),), made.X[:-1, : made.features])
    if not taught:
        call(_clear, (), made.Z[0, OLD])
    for step in range(made.steps):
        _forward(call, made, step)
    recorder.writer.pop(line.out, None)
    h = made.h
    return h[1:].transpose(2, 0, 1) if dict(line.attrs)["every"] else h[-1].T


def _weights(call: Callable[..., Any], made: _Cell, *weights: np.ndarray) -> None:
    """Write down how [W; U; b] is made, the columns of the gates with a sigmoid halved."""
    scale = np.ones(GATES * made.units, made.W.dtype)
    scale[: 3 * made.units] = 0.5
    whole = below_each_other(weights)
    if whole is not None:
        call(np.multiply, (whole, scale), made.W)
        return
    n = made.features
    for part, piece in zip(weights, (made.W[:n], made.W[n:-1], made.W[-1]), strict=True):
        call(np.multiply, (part, scale), piece)


def _forward(call: Callable[..., Any], made: _Cell, step: int) -> None:
    """Write down one step: z, the gates, c and h."""
    both = made.sums[step % len(made.sums)]
    now, after = made.Z[step % len(made.Z)], made.Z[(step + 1) % len(made.Z)]
    gates = now[:GATES].reshape(-1, now.shape[-1])
    call(np.dot, (made.W.T, made.X[step]), gates)
    call(np.tanh, (gates,), gates)
    call(np.multiply, (now[:G], 0.5), now[:G])
    call(np.add, (now[:G], 0.5), now[:G])
    call(np.multiply, (now[:O], now[G:TANH]), both)
    call(np.add, (both[0], both[1]), after[OLD])
    call(np.tanh, (after[OLD],), now[TANH])
    call(np.multiply, (now[O], now[TANH]), made.h[step + 1])


def write_back(recorder: Any, line: Instruction, args: list[np.ndarray]) -> np.ndarray:
    """Write down how slopes go back through the steps, and those of W, U and b."""
    g, _, _, _, U, _ = args
    made: _Cell = recorder.notes[line.args[1]]
    call = _caller(recorder, line)
    turned = g.transpose(*range(1, g.ndim), 0)  # (T, units, batch), or without the T
    if g.ndim == 3:
        turned = call(copy, (turned,), np.empty(turned.shape, g.dtype))
    many = max(1, min(made.steps, AT_ONCE // made.Z[0].size))
    factors = room((5, many, made.units, len(g)), g.dtype, 4)
    spare = room((3, made.units, len(g)), g.dtype, 5)
    for stop in range(made.steps, 0, -many):
        steps = range(max(0, stop - many), stop)
        _factors(call, made, slice(steps.start, stop), factors[:, : len(steps)])
        for step in reversed(steps):
            own = turned[step] if g.ndim == 3 else turned
            by = factors[:, step - steps.start]
            _backward(call, made, step, (own, U, by, spare), every=g.ndim == 3)
    out = _home(recorder, line, (made.W.shape, made.features))
    _product(call, made, out)
    recorder.writer.pop(line.out, None)
    return out


def _factors(call: Callable[..., Any], made: _Cell, steps: slice, out: np.ndarray) -> None:
    """Write down what the slopes of c (for i, f, g) and of h (for o and c) are multiplied by.

    They are σ′(i) g = i g (1 − i), σ′(f) c = f c (1 − f), σ′(o) tanh c = h (1 − o),
    i g′ = i − i g g and o tanh′ c = o − h tanh c.
    """
    Z, sums, h = (a[steps].swapaxes(0, 1) for a in (made.Z, made.sums, made.h[1:, None]))
    parts = (sums[I], sums[F], h[0])
    for gate, part in enumerate(parts):
        call(np.subtract, (1.0, Z[gate]), out[gate])
        call(np.multiply, (out[gate], part), out[gate])
    for gate, part, bent, place in ((I, sums[I], Z[G], G), (O, h[0], Z[TANH], 4)):
        call(np.multiply, (part, bent), out[place])
        call(np.subtract, (Z[gate], out[place]), out[place])


def _backward(
    call: Callable[..., Any],
    made: _Cell,
    step: int,
    arrays: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    *,
    every: bool,
) -> None:
    """Write down one step: the slope of h is spread over o and c, that of c over the rest.

    arrays: the slopes of its h from outside, U, the step's factors, room for three slopes, of
    which the last is that of the cell before.
    """
    g, U, by, (dh, dc, before) = arrays
    now, last = made.dZ[step], step == made.steps - 1
    if not last:
        call(np.dot, (U, made.dZ[step + 1].reshape(-1, g.shape[-1])), dh)
        g = call(np.add, (dh, g), dh) if every else dh
    call(np.multiply, (by[O], g), now[O])
    call(np.multiply, (by[4], g), dc)
    if not last:
        call(np.add, (dc, before), dc)
    for gate in (I, F, G):
        call(np.multiply, (by[gate], dc), now[gate])
    if step:
        call(np.multiply, (made.Z[step, F], dc), before)


def _product(call: Callable[..., Any], made: _Cell, out: np.ndarray) -> None:
    """Write down the slopes of W, U and b: one product over all steps, each row a step's batch."""
    X = made.X[:-1]
    dZ = made.dZ.reshape(made.steps, -1, X.shape[-1])
    sides = []
    for source in (X, dZ):
        steps, rows, batch = source.shape
        side = np.empty((rows, steps, batch), source.dtype)
        whole = f"V{source.strides[1]}"  # a row at a time is quicker than a number at a time
        call(copy, (source.view(whole)[..., 0].T,), side.view(whole)[..., 0])
        sides.append(side.reshape(rows, -1))
    call(np.dot, (sides[0], sides[1].T), out)


def write_part(recorder: Any, line: Instruction, args: list[np.ndarray]) -> np.ndarray:
    """Return the slopes of W, of U or of b; there is nothing to call."""
    whole, n = args[0], recorder.notes[line.args[1]].features
    recorder.buffers.show(line.out, line.args[0])
    return (whole[:n], whole[n:-1], whole[-1])[dict(line.attrs)["place"]]


def write_into(recorder: Any, line: Instruction, args: list[np.ndarray]) -> np.ndarray:
    """Write down the slopes of x: W times those of the gates, for all steps."""
    made: _Cell = recorder.notes[line.args[1]]
    x, W = args[2:]
    dZ = made.dZ.reshape(made.steps, -1, len(x))
    out: np.ndarray = recorder.buffers.take(line.out, (made.steps, made.features, len(x)))
    _caller(recorder, line)(np.matmul, (W, dZ), out)
    recorder.writer.pop(line.out, None)
    return out.transpose(2, 0, 1)


def below_each_other(parts: Any) -> np.ndarray | None:
    """Return arrays with rows of one length as one, if they lie one behind the other in memory."""
    first, rows = parts[0], 0
    for part in parts:
        alike = part.flags.c_contiguous and part.dtype == first.dtype
        if not alike or part.ctypes.data != first.ctypes.data + rows * first.strides[0]:
            return None
        rows += part.size // first.shape[1]
    return np.lib.stride_tricks.as_strided(first, (rows, first.shape[1]), first.strides)


def _home(recorder: Any, line: Instruction, size: tuple[tuple[int, ...], int]) -> np.ndarray:
    """Return the array for the slopes of W, U and b: where they belong, if that is one place."""
    shape, features = size
    targets: dict[int, np.ndarray] = {}
    for part in recorder.program.lines:
        if part.op == PART and part.args[0] == line.out and part.out in recorder.buffers.targets:
            targets[dict(part.attrs)["place"]] = recorder.buffers.targets[part.out]
    if len(targets) == 3 and targets[0].shape == (features, shape[1]):
        whole = below_each_other([targets[i] for i in range(3)])
        if whole is not None and whole.shape == shape:
            return whole
    found: np.ndarray = recorder.buffers.take(line.out, shape)
    return found


def _caller(recorder: Any, line: Instruction) -> Callable[..., Any]:
    """Return what writes down a call for a line."""

    def call(function: Callable[..., Any], args: tuple[Any, ...], out: np.ndarray) -> np.ndarray:
        found: np.ndarray = recorder.call(line.out, function, args, out)
        return found

    return call


def room(shape: tuple[int, ...], dtype: np.dtype[Any], place: int) -> np.ndarray:
    """Return zeros for one of the arrays of a cell, at an address of its own within a page."""
    count = math.prod(shape) * dtype.itemsize
    whole = np.zeros(count + 2 * PAGE, np.uint8)
    start = -whole.ctypes.data % PAGE + 9 * LINE * place
    return whole[start : start + count].view(dtype).reshape(shape)


def _clear(out: np.ndarray) -> None:
    out.fill(0)


CELLS = {CELL: write_cell, BACK: write_back, PART: write_part, INTO: write_into}
