"""The first layer's bias as one more row of its weights, which a column of ones beside x reads.

x W + b is [x 1] [W; b]: one product, where a bias takes a sum and a product of its own; and the
slopes of both are one product too. A layer's weights and bias lie one behind the other among a
network's numbers, so that nothing is moved for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from neurogebra.core.program import Instruction, Program
from neurogebra.engines.fuse import needed
from neurogebra.layers import Dense
from neurogebra.spec import ModelSpec

# Features up to which it pays: a column more makes long rows lie at odd addresses.
NARROW = 128

X = "x"
X_ONE = "x beside 1"  # (rows, n + 1), an input
JOINED = ".[W; b]"


def joined_layer(model: ModelSpec) -> str:
    """Return the name of the first layer where it is of the kind that this is about, or ""."""
    placed = next(iter(model.placed()))
    layer = placed.layer
    fits = isinstance(layer, Dense) and layer.use_bias and len(placed.in_shape) == 1
    return placed.name if fits and placed.in_shape[0] <= NARROW else ""


def both(layer: str) -> str:
    """Return the name of a layer's weights with its bias below them."""
    return f"{layer}{JOINED}"


def room(rows: int, features: int, dtype: np.dtype[np.floating]) -> np.ndarray:
    """Return ones for a batch and the column beside it."""
    return np.ones((rows, features + 1), dtype)


def whole(views: Mapping[str, np.ndarray], layer: str) -> np.ndarray:
    """Return a layer's W and b as the one array that they are parts of: (n + 1, units).

    views: of one flat array, by parameter name.
    """
    W, b = views[f"{layer}.W"], views[f"{layer}.b"]
    assert b.ctypes.data == W.ctypes.data + W.nbytes, "b lies behind W"  # noqa: S101
    shape, strides = (W.shape[0] + 1, W.shape[1]), W.strides
    return np.lib.stride_tricks.as_strided(W, shape, strides)


def slopes(views: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    """Return the view of a parameter's slopes, or that of a layer's W and b together."""
    return views[name] if name in views else whole(views, name.removesuffix(JOINED))


def beside(program: Program, layer: str, asked: Sequence[int]) -> tuple[Program, int]:
    """Return a program that reads [x 1] and [W; b] of a layer, and the register of their slopes.

    asked: the registers that hold the slopes of W and of b, none where nobody wants them. The
    register is −1 where these stay as they are.
    """
    joining = _Joining(program, layer)
    return (program, -1) if joining.z < 0 else joining.program(*asked)


class _Joining:
    """Knows which lines of a program are x·W and x·W + b."""

    def __init__(self, program: Program, layer: str) -> None:
        self.old, self.layer = program, layer
        self.made = {line.out: line for line in program.lines}
        named = {name: register for register, name in program.inputs.items()}
        self.x, self.W, self.b = (named.get(n, -1) for n in (X, f"{layer}.W", f"{layer}.b"))
        self.product = self.z = -1
        for line in program.lines:
            if line.op == "matmul" and line.args == (self.x, self.W):
                self.product = line.out
            if line.op == "add" and line.args == (self.product, self.b):
                self.z = line.out
        if self.product in program.outputs or not self._only_its_shape_is_read():
            self.z = -1

    def _only_its_shape_is_read(self) -> bool:
        """Say whether x·W is read by the sum, and else as what something is summed to."""
        readers = [line for line in self.old.lines if self.product in line.args]
        return all(
            line.out == self.z or (line.op == "sum_to" and line.args[0] != self.product)
            for line in readers
        )

    def program(self, of_W: int = -1, of_b: int = -1) -> tuple[Program, int]:
        """Return the program with one product for the layer, and one for its slopes."""
        old, n = self.old, self.old.registers
        x, W, g = n, n + 1, self._g(of_W, of_b)
        lines: list[Instruction] = []
        for line in old.lines:
            args = tuple(self.z if a == self.product else a for a in line.args)
            if line.out == self.z:
                lines.append(Instruction(line.out, "matmul", (x, W), ()))
            elif g >= 0 and line.out == of_W:
                lines.append(Instruction(n + 2, "transpose", (x,), ()))
                lines.append(Instruction(n + 3, "matmul", (n + 2, g), ()))
                lines.append(Instruction(n + 4, "sum_to", (n + 3, W), ()))
            elif line.out != self.product:
                lines.append(replace(line, args=args) if args != line.args else line)
        outputs, found = old.outputs, -1
        if g >= 0:
            found = n + 4
            outputs = (*(r for r in outputs if r not in (of_W, of_b)), found)
        inputs = {**old.inputs, x: X_ONE, W: both(self.layer)}
        kept = needed(lines, outputs)
        return replace(old, registers=n + 5, inputs=inputs, lines=kept, outputs=outputs), found

    def _g(self, of_W: int, of_b: int) -> int:
        """Return the slopes of x·W + b from which both are made, −1 where it is not so."""
        weights, bias = self.made.get(of_W), self.made.get(of_b)
        if weights is None or bias is None or not weights.op == bias.op == "sum_to":
            return -1
        product = self.made.get(weights.args[0])
        if product is None or product.op != "matmul":
            return -1
        turned = self.made.get(product.args[0])
        if turned is None or (turned.op, turned.args) != ("transpose", (self.x,)):
            return -1
        g = self._through(product.args[1])
        return g if g == self._through(bias.args[0]) else -1

    def _through(self, register: int) -> int:
        """Return what was summed to the shape that it had."""
        line = self.made.get(register)
        alike = (self.product, self.z)
        while line is not None and line.op == "sum_to" and line.args[1] in alike:
            register = line.args[0]
            line = self.made.get(register)
        return register
