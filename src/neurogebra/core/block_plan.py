"""How a formula of large arrays is computed piece by piece: passes, lines, buffers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from neurogebra.core.program import Instruction, Program, program
from neurogebra.core.tree import Node
from neurogebra.ops import ALPHABET
from neurogebra.ops.into import APART, INTO
from neurogebra.ops.record import ELEMENTWISE

_ROW = 1 << 12  # elements of a product of vectors that BLAS computes in one thread


def _dot(a: np.ndarray, b: np.ndarray) -> Any:
    """Return Σ aᵢ bᵢ, row by row of so many that no sum is a long one."""
    if a.size % _ROW:
        return np.add.reduce(a * b)
    return np.add.reduce(np.vecdot(a.reshape(-1, _ROW), b.reshape(-1, _ROW)))


# `sum_of_products` reduces two arrays: a plan puts it in place of a product and its sum.
REDUCED: dict[str, Callable[..., Any]] = {
    "sum": np.add.reduce,
    "amax": np.maximum.reduce,
    "amin": np.minimum.reduce,
    "sum_of_products": _dot,
}
_TESTS = frozenset({"greater", "greater_equal", "equal"})
# What a plan treats itself; all else that is not elementwise is written out or declined.
_OWN = frozenset({"sum", "amax", "amin", "size", "expand_like", "sum_to"})


@dataclass(frozen=True, slots=True)
class Line:
    """One operation on pieces: `row` is computed from the rows `args` into a buffer.

    buffer: its number, None for the formula's own result; is_mask: it is one of truth values.
    """

    row: int
    op: str
    args: tuple[int, ...]
    buffer: int | None
    is_mask: bool


@dataclass
class Pass:
    """One walk over all pieces.

    scalars: (row, operation, args), computed before it; reduced: rows that it reduces, with the
    operation; sources: what they reduce, two rows of a sum of products; result: the row that is
    the formula's value.
    """

    scalars: list[Instruction] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    reduced: dict[int, str] = field(default_factory=dict)
    sources: dict[int, tuple[int, ...]] = field(default_factory=dict)
    result: int | None = None
    buffers: int = 0
    masks: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """A formula as passes; spread: its value is one number that fills the inputs' shape."""

    numbers: dict[int, Any]
    inputs: dict[int, str]
    passes: tuple[Pass, ...]
    last: tuple[Instruction, ...]
    output: int
    spread: bool


@lru_cache(maxsize=512)
def plan(root: Node, many: tuple[str, ...]) -> Plan | None:
    """Return how to compute `root`, of which the names `many` are arrays; None where it cannot."""
    whole = program([root], lambda op: op not in INTO and op not in _OWN)
    kinds = _Kinds(whole, many)
    return kinds.plan() if kinds.possible else None


class _Kinds:
    """What each row is: an array or a number, and after how many passes it is known."""

    def __init__(self, whole: Program, many: Sequence[str]) -> None:
        self.whole, self.numbers, self.rows = whole, dict(whole.numbers), whole.registers
        self.products: dict[int, tuple[int, int]] = {}  # a row → the array and the number it is of
        self.arrays = {r for r, name in whole.inputs.items() if name in many}
        self.level = dict.fromkeys((*whole.numbers, *whole.inputs), 0)
        self.spread: set[int] = set()  # numbers that stand for an array filled with them
        self.same: dict[int, int] = {}  # rows that are another row
        self.lines: list[Instruction] = []  # what is left, in the names of those other rows
        self.possible = all(self._take(line) for line in whole.lines)

    def _take(self, line: Instruction) -> bool:
        """Find out what a line is; say whether it can be computed in pieces."""
        args = tuple(self.same.get(a, a) for a in line.args)
        line = Instruction(line.out, line.op, args, line.attrs)
        if any(value not in (None, False) for _, value in line.attrs):
            return False
        if line.op in REDUCED:
            return self._reduce(line)
        if line.op in ("expand_like", "sum_to"):
            return self._shape(line)
        if line.op == "size":
            if args[0] in self.arrays or args[0] in self.spread:
                self._keep(line, 0)
                return True
            return False
        if line.op not in ALPHABET or ALPHABET[line.op].kind != ELEMENTWISE:
            return False
        if any(a in self.arrays for a in args):
            self.arrays.add(line.out)
            line = self._cheaper(line)
        elif any(a in self.spread for a in args):
            self.spread.add(line.out)
        self._keep(line, max(self.level[a] for a in args))
        return True

    def _cheaper(self, line: Instruction) -> Instruction:
        """Return what a line is in fewer or faster passes, digit for digit.

        A division by a power of two is a product, and −(a x) with a number a is (−a) x.
        """
        if line.op == "div":
            by = self.numbers.get(line.args[1])
            if isinstance(by, (int, float)) and 1 <= by <= 2**60 and math.frexp(by)[0] == 0.5:
                row = self._row()
                self.numbers[row], self.level[row] = 1 / by, 0
                line = Instruction(line.out, "mul", (line.args[0], row), ())
        inner = self.products.get(line.args[0]) if line.op == "neg" else None
        if inner is not None:
            x, a = inner
            row = self._row()
            self._keep(Instruction(row, "neg", (a,), ()), self.level[a])
            return Instruction(line.out, "mul", (x, row), ())
        if line.op == "mul":
            x, a = sorted(line.args, key=lambda row: row not in self.arrays)
            if a not in self.arrays and a not in self.spread:
                self.products[line.out] = x, a
        return line

    def _row(self) -> int:
        self.rows += 1
        return self.rows - 1

    def _reduce(self, line: Instruction) -> bool:
        (source,) = line.args
        if source in self.arrays:
            self._keep(line, self.level[source] + 1)
            return True
        return False  # rare, and the plain way is as fast

    def _shape(self, line: Instruction) -> bool:
        source, like = line.args
        wide = like in self.arrays or like in self.spread
        if not wide and source in self.arrays:
            return line.op == "sum_to" and self._reduce(Instruction(line.out, "sum", (source,), ()))
        if not wide and source in self.spread:
            return False
        if wide and source not in self.arrays and source not in self.spread:
            self._keep(Instruction(line.out, "same", (source,), ()), self.level[source])
            self.spread.add(line.out)
            return True
        self.same[line.out] = source
        return True

    def _keep(self, line: Instruction, level: int) -> None:
        self.lines.append(line)
        self.level[line.out] = level

    def plan(self) -> Plan:
        """Put the lines in passes."""
        output = self.same.get(self.whole.outputs[0], self.whole.outputs[0])
        depth, wide = self.level[output], output in self.arrays
        passes = [self._pass(level, None) for level in range(depth)]
        if wide:
            passes.append(self._pass(depth, output))
        last = () if wide else tuple(self._scalars(depth))
        inputs = dict(self.whole.inputs)
        return Plan(self.numbers, inputs, tuple(passes), last, output, output in self.spread)

    def _scalars(self, level: int) -> list[Instruction]:
        return [
            line
            for line in self.lines
            if self.level[line.out] == level
            and line.out not in self.arrays
            and line.op not in REDUCED
        ]

    def _pass(self, level: int, result: int | None) -> Pass:
        reductions = [
            line for line in self.lines if line.op in REDUCED and self.level[line.out] == level + 1
        ]
        wanted = {line.args[0] for line in reductions} if result is None else {result}
        needed: list[Instruction] = []
        for line in reversed(self.lines):
            if line.out in wanted and line.out in self.arrays:
                needed.append(line)
                wanted.update(line.args)
        made = Pass(self._scalars(level), result=result)
        if result is None:
            made.reduced = {line.out: line.op for line in reductions}
            made.sources = {line.out: line.args for line in reductions}
        lines = _gated(made, _dotted(made, needed[::-1], self.arrays, self.numbers))
        _Buffers(made, lines, self.arrays).fill()
        return made


def _dotted(
    made: Pass, lines: list[Instruction], arrays: set[int], numbers: Mapping[int, Any]
) -> list[Instruction]:
    """Put one reduction in place of every sum of a product that nothing else reads."""
    by_row = {line.out: line for line in lines}
    read = _readers(made, lines)
    for row, op in list(made.reduced.items()):
        line = by_row.get(made.sources[row][0])
        if op != "sum" or line is None or read[line.out] > 1:
            continue
        square = line.op == "pow" and numbers.get(line.args[1]) == 2
        pair = (line.args[0],) * 2 if square else line.args
        if (square or line.op == "mul") and arrays.issuperset(pair):
            made.reduced[row], made.sources[row] = "sum_of_products", pair
            lines = [other for other in lines if other is not line]
    return lines


def _gated(made: Pass, lines: list[Instruction]) -> list[Instruction]:
    """Put a gate in place of every product with a sigmoid that nothing else reads."""
    read = _readers(made, lines)
    gates = {x.out: x.args[0] for x in lines if x.op == "sigmoid" and read[x.out] == 1}
    found: list[Instruction] = []
    for line in lines:
        inner = next((a for a in line.args if a in gates), None) if line.op == "mul" else None
        if inner is not None:
            (other,) = (a for a in line.args if a != inner)
            found = [f for f in found if f.out != inner]
            line = Instruction(line.out, "gate", (other, gates[inner]), ())
        found.append(line)
    return found


def _readers(made: Pass, lines: Sequence[Instruction]) -> Counter[int]:
    """Count how often each row is read in a pass."""
    read = Counter(a for line in lines for a in line.args)
    read.update(_sources(made))
    read.update([made.result] if made.result is not None else [])
    return read


def _sources(made: Pass) -> list[int]:
    return [row for rows in made.sources.values() for row in rows]


class _Buffers:
    """Hands out buffers to the lines of a pass, and takes them back after the last reader."""

    def __init__(self, made: Pass, lines: list[Instruction], arrays: set[int]) -> None:
        self.made, self.lines, self.arrays = made, lines, arrays
        self.last = {a: i for i, line in enumerate(lines) for a in line.args}
        for source in _sources(made):
            self.last[source] = len(lines)
        self.free: dict[bool, list[int]] = {True: [], False: []}
        self.held: dict[int, tuple[bool, int]] = {}

    def fill(self) -> None:
        """Write the lines with their buffers into the pass."""
        for i, line in enumerate(self.lines):
            dying = [a for a in dict.fromkeys(line.args) if self.last[a] == i and a in self.held]
            if line.op not in APART:
                self._release(dying)
            is_mask = self._is_mask(line)
            buffer = None if line.out == self.made.result else self._take(line.out, is_mask)
            self.made.lines.append(Line(line.out, line.op, line.args, buffer, is_mask))
            if line.op in APART:
                self._release(dying)

    def _release(self, rows: Sequence[int]) -> None:
        for row in rows:
            kind, number = self.held.pop(row)
            self.free[kind].append(number)

    def _take(self, row: int, is_mask: bool) -> int:
        if self.free[is_mask]:
            number = self.free[is_mask].pop()
        elif is_mask:
            number, self.made.masks = self.made.masks, self.made.masks + 1
        else:
            number, self.made.buffers = self.made.buffers, self.made.buffers + 1
        self.held[row] = is_mask, number
        return number

    def _is_mask(self, line: Instruction) -> bool:
        """Say whether a comparison only ever chooses: then truth values are enough."""
        if line.op not in _TESTS or line.out in (self.made.result, *_sources(self.made)):
            return False
        readers = [r for r in self.lines if line.out in r.args]
        return all(r.op == "where" and line.out not in r.args[1:] for r in readers)
