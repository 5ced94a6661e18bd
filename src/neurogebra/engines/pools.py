"""A program's pools rewritten: where the largest under a window lay is noted for the way back.

The derivative of a pool asks for what the forward pass knew. Noted, a byte a window, it is not
searched again, and the images before the pool need not be kept. A relu before a pool moves
behind it, where there are fewer numbers: max pool(max(0, z)) = max(0, max pool(z)); what a
window gives back is multiplied by relu's slope before it is spread, not after.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np

from neurogebra.core.program import Instruction, Program
from neurogebra.engines.fuse import needed
from neurogebra.engines.pool_kernels import noting, spreading

NOTED = "max_pool_noted"  # (x,), key: max_pool that notes where the largest lay
SPREAD = "max_pool_spread"  # (g,), key: max_pool_back by what was noted under that key


def pooled(program: Program) -> Program:
    """Return a program with the same results whose pools are not searched a second time.

    Relu's slope is read off its value, max(0, z) > 0 where z > 0: so z need not be kept.
    """
    if any(line.op == "max_pool" for line in program.lines):
        program = _Pooling(program).program()
    relus: dict[tuple[int, ...], int] = {}
    lines = []
    for line in program.lines:
        relus.update(dict.fromkeys(_pairs(program, line), line.out))
        if line.op == "greater" and line.args in relus:
            line = replace(line, args=(relus[line.args], line.args[1]))
        lines.append(line)
    return replace(program, lines=tuple(lines))


def _pairs(program: Program, line: Instruction) -> list[tuple[int, int]]:
    """Return [(z, the register of 0)] of a line that is max(0, z), [] of any other."""
    if line.op != "maximum":
        return []
    numbers = program.numbers
    zeros = [a for a in line.args if a in numbers and bool(numbers[a] == 0)]
    others = [a for a in line.args if a not in numbers]
    return [(others[0], zeros[0])] if zeros and others else []


class _Pooling:
    """Goes through a program's lines once; what its rules leave unread is left out."""

    def __init__(self, program: Program) -> None:
        self.before, self.registers = program, program.registers
        self.made = {line.out: line for line in program.lines}
        self.readers = Counter([a for line in program.lines for a in line.args])
        self.readers.update(program.outputs)
        pools = {(x.args, x.attrs): x.out for x in program.lines if x.op == "max_pool"}
        backs = [line for line in program.lines if line.op == "max_pool_back"]
        self.pool = {  # the way back → the pool
            b.out: pools[b.args[1:], b.attrs] for b in backs if (b.args[1:], b.attrs) in pools
        }
        masks = [line for line in program.lines if line.op == "mul"]
        self.masked = {  # the way back → the product with relu's slope that alone reads it
            a: line for line in masks for a in line.args if self._is_slope(a, line)
        }

    def program(self) -> Program:
        """Return the program rewritten."""
        lines = [new for line in self.before.lines for new in self._lines(line)]
        kept = needed(lines, self.before.outputs)
        return replace(self.before, registers=self.registers, lines=kept)

    def _lines(self, line: Instruction) -> list[Instruction]:
        if line.op == "max_pool":
            return self._forward(line)
        if line.out in self.pool:
            return [self._spread(line.out, line.args[0], line)]
        back = next((self.made[a] for a in line.args if self.masked.get(a) is line), None)
        return [line] if back is None else self._under_slope(back, line.out)

    def _forward(self, line: Instruction) -> list[Instruction]:
        """Write a pool; a relu before it, which nothing else needs, goes behind it."""
        backs = [back for back, of in self.pool.items() if of == line.out]
        op, attrs = line.op, line.attrs
        if backs:
            op, attrs = NOTED, (*attrs, ("key", line.out))
        relu = self._relu(line.args[0])
        alone = self.readers[line.args[0]] == 1 + len(backs)
        if relu is None or not alone or not all(back in self.masked for back in backs):
            return [replace(line, op=op, attrs=attrs)]
        (z, zero), inner = relu, self._new()
        first = Instruction(inner, op, (z,), attrs)
        return [first, Instruction(line.out, "maximum", (zero, inner), ())]

    def _under_slope(self, back: Instruction, out: int) -> list[Instruction]:
        """Write (what a pool gives back) · (z > 0) as what it gives back of g · (y > 0)."""
        relu = self._relu(back.args[1])
        assert relu is not None  # noqa: S101 - `_is_slope` saw it
        slope, g = self._new(), self._new()
        return [
            Instruction(slope, "greater", (self.pool[back.out], relu[1]), ()),
            Instruction(g, "mul", (back.args[0], slope), ()),
            self._spread(out, g, back),
        ]

    def _spread(self, out: int, g: int, back: Instruction) -> Instruction:
        return Instruction(out, SPREAD, (g,), (*back.attrs, ("key", self.pool[back.out])))

    def _relu(self, register: int) -> tuple[int, int] | None:
        """Return z and the register of 0, of a register that is max(0, z)."""
        line = self.made.get(register)
        return next(iter(_pairs(self.before, line)), None) if line is not None else None

    def _is_slope(self, back: int, product: Instruction) -> bool:
        """Say whether a line is what a pool of max(0, z) gives back, times (z > 0)."""
        if back not in self.pool or self.readers[back] != 1:
            return False
        relu = self._relu(self.made[back].args[1])
        slope = self.made.get(next((a for a in product.args if a != back), back))
        if relu is None or slope is None or slope.op != "greater":
            return False
        zero = self.before.numbers.get(slope.args[1])
        return slope.args[0] == relu[0] and zero is not None and bool(zero == 0)

    def _new(self) -> int:
        self.registers += 1
        return self.registers - 1


def write_noted(recorder: Any, line: Instruction, args: list[np.ndarray]) -> np.ndarray:
    """Write down a pool and keep its notes for the line of its way back."""
    attrs = dict(line.attrs)
    key = attrs.pop("key")
    notes, (function, made) = noting(args[0], attrs)
    recorder.notes[key] = notes, args[0].shape
    out: np.ndarray = recorder.buffers.take(line.out, notes.shape)
    return recorder.call(line.out, function, made, out)  # type: ignore[no-any-return]


def write_spread(recorder: Any, line: Instruction, args: list[np.ndarray]) -> np.ndarray:
    """Write down how slopes go to where the largest lay."""
    attrs = dict(line.attrs)
    notes, shape = recorder.notes[attrs.pop("key")]
    out: np.ndarray = recorder.buffers.take(line.out, shape)
    function, made = spreading(args[0], notes, attrs, shape)
    return recorder.call(line.out, function, made, out)  # type: ignore[no-any-return]


POOLS = {NOTED: write_noted, SPREAD: write_spread}
