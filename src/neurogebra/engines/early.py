"""What a backward pass needs of every step of a sequence, computed for all steps at once.

The factors of a derivative, 1 − tanh² and the like, depend on the forward pass only. Of steps
that are alike, one call computes them; what is left in the sequence is what each step needs of
the one before.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from neurogebra.core.program import Instruction, Program
from neurogebra.engines.fuse import FEW, PLACE, RESHAPED, STACK
from neurogebra.engines.shapes import Shape, shapes, without_empty_sums

ROW = "row"  # (stack,), index: one of the arrays that lie in a row, a view

# What is worth it: an operation that takes little longer than to call it.
LIGHT = frozenset({"mul", "add", "sub", "neg"})
SMALL = 1 << 13  # numbers; arrays any larger are better left where they were read last
# How far back lines of one shape are compared before they count as one line of many steps.
DEEP = 4


def early(program: Program, given: Mapping[str, Any]) -> Program:
    """Return a program with the same results, like lines of many steps joined where they can be.

    given: input name → array or number, of the shapes that the program will run on.
    """
    known = shapes(program, given)
    program = _regrouped(without_empty_sums(program, known), known)
    return _Joining(program, known).program()


def _regrouped(program: Program, known: dict[int, Shape]) -> Program:
    """Write (x a) b as x (a b) where both a and b are known long before x."""
    made = {line.out: line for line in program.lines}
    readers = Counter([*(a for line in program.lines for a in line.args), *program.outputs])
    depth: dict[int, int] = {}
    registers, lines = program.registers, []
    inner: set[int] = set()
    for line in program.lines:
        depth[line.out] = 1 + max((depth.get(a, 0) for a in line.args), default=0)
        first = made.get(line.args[0]) if line.op == "mul" else None
        if first is not None and first.op == "mul" and readers[first.out] == 1:
            (x, a), b = first.args, line.args[1]
            late = depth.get(x, 0) > max(depth.get(a, 0), depth.get(b, 0))
            if late and known.get(x) == known.get(a) == known.get(b) and _is_small(known.get(x)):
                inner.add(first.out)
                known[registers] = known[a]
                lines.append(Instruction(registers, "mul", (a, b), ()))
                line = made[line.out] = Instruction(line.out, "mul", (x, registers), ())
                registers += 1
        lines.append(line)
    kept = tuple(line for line in lines if line.out not in inner)
    return replace(program, registers=registers, lines=kept)


def _groups(program: Program, known: Mapping[int, Shape]) -> list[list[Instruction]]:
    """Return lines that say the same of different steps, in the order of their first."""
    lines = [line for line in program.lines if line.op not in (PLACE, STACK)]
    texts: dict[object, int] = {}
    first = {
        line.out: texts.setdefault((*_said(line), known.get(line.out)), len(texts))
        for line in lines
    }
    kind = first  # what is made → a number for what is made so
    for _ in range(DEEP - 1):
        names: dict[object, int] = {}
        before, kind = kind, {}
        for line in lines:
            name = (first[line.out], *(before.get(a, -a - 1) for a in line.args))
            kind[line.out] = names.setdefault(name, len(names))
    found: dict[int, list[Instruction]] = {}
    for line in lines:
        if line.op in LIGHT and _is_small(known.get(line.out)):
            found.setdefault(kind[line.out], []).append(line)
    return [group for group in found.values() if len(group) >= FEW]


def _is_small(shape: Shape | None) -> bool:
    return bool(shape) and math.prod(shape or ()) <= SMALL


def _said(line: Instruction) -> tuple[object, ...]:
    """Return what a line says beside its arguments, but not which step it takes."""
    if line.op != "slice":
        return line.op, line.attrs
    cut = dict(line.attrs)
    return line.op, () if cut.get("stop") == cut.get("start", 0) + 1 else line.attrs


class _Joining:
    """Finds lines that are alike and ready before any of them is read, and joins them."""

    def __init__(self, program: Program, known: Mapping[int, Shape]) -> None:
        self.old, self.known = program, known
        self.made = {line.out: line for line in program.lines}
        self.ready = {line.out: place for place, line in enumerate(program.lines)}
        self.read: dict[int, int] = {}  # a register → the first line that reads it
        for place, line in enumerate(program.lines):
            for register in line.args:
                self.read.setdefault(register, place)
        self.registers = program.registers
        self.settled = set(self._settled())
        self.rows: dict[int, tuple[int, int]] = {}  # a joined line's result → its row, its place
        self.stacks: dict[int, tuple[int, ...]] = {}
        self.more: dict[int, list[Instruction]] = {}  # a place → lines that come after it
        self.placed: set[int] = set()  # what lies in one of the stacks
        self.gone: set[int] = set()

    def program(self) -> Program:
        """Return the program with like lines joined."""
        for group in _groups(self.old, self.known):
            self._join(group)
        lines: list[Instruction] = []
        for place, line in enumerate(self.old.lines):
            if line.out not in self.gone:
                lines.append(line)
            lines += self.more.get(place, ())
        return replace(self.old, registers=self.registers, lines=tuple(lines))

    def _settled(self) -> Iterator[int]:
        """Yield registers that lie where something else wants them."""
        yield from self.old.outputs
        for line in self.old.lines:
            if line.op in (PLACE, STACK):
                for register in line.args[line.op == PLACE :]:
                    yield self._source(register)

    def _source(self, register: int) -> int:
        while register in self.made and self.made[register].op in RESHAPED:
            register = self.made[register].args[0]
        return register

    def _join(self, group: list[Instruction]) -> None:
        """Compute the lines of a group in one, if none is read before all can be."""
        rows = Counter(map(self._rows_of, group)).most_common(1)[0][0]
        group = [line for line in group if self._rows_of(line) == rows]
        if len(group) < FEW or any(line.out in self.settled for line in group):
            return
        group = sorted(group, key=lambda line: [self._step(a) for a in line.args])
        columns = [tuple(column) for column in zip(*(line.args for line in group), strict=True)]
        ready = max(self._known_at(column) for column in columns)
        first = min(self.read.get(line.out, ready) for line in group)
        shape = self.known[group[0].out]
        if ready >= first or not all(self._may_stack(column, shape) for column in columns):
            return
        lines: list[Instruction] = []
        args = tuple(self._stacked(column, lines) for column in columns)
        out = self._new()
        self.stacks[out] = tuple(line.out for line in group)
        lines.append(Instruction(out, group[0].op, args, group[0].attrs))
        for index, line in enumerate(group):
            lines.append(Instruction(line.out, ROW, (out,), (("index", index),)))
            self.gone.add(line.out)
            self.rows[line.out] = (out, index)
            self.placed.add(line.out)
            self.ready[line.out] = ready
        self.more.setdefault(ready, []).extend(lines)

    def _rows_of(self, line: Instruction) -> tuple[int, ...]:
        """Return of which joined lines' results a line takes its arguments."""
        return tuple(self.rows.get(self._whole(a), (-1, 0))[0] for a in line.args)

    def _step(self, register: int) -> int:
        """Return what tells which step comes first."""
        whole = self._whole(register)
        row = self.rows.get(whole)
        return self.ready.get(whole, -1) if row is None else row[1]

    def _whole(self, register: int) -> int:
        line = self.made.get(register)
        return line.args[0] if line is not None and line.op == "slice" else register

    def _cut(self, register: int) -> tuple[tuple[str, Any], ...]:
        return () if self._whole(register) == register else self.made[register].attrs

    def _known_at(self, column: Sequence[int]) -> int:
        """Return after which line a column can lie in a row."""
        wholes = tuple(self._whole(register) for register in column)
        found = (members for members in self.stacks.values() if _place(wholes, members) >= 0)
        return max(self.ready.get(r, -1) for r in (*wholes, *next(found, ())))

    def _may_stack(self, column: Sequence[int], shape: Shape) -> bool:
        """Say whether a column is one number or arrays of `shape` that may lie in a row."""
        if len({*column}) == 1:
            return not np.shape(self.old.numbers.get(column[0], shape))
        wholes = tuple(self._whole(register) for register in column)
        like = len({self._cut(register) for register in column}) == 1
        like = like and len({self.known.get(r) for r in wholes}) == 1
        if not like or any(self.known.get(r) != shape for r in column):
            return False
        if any(r in self.settled for r in wholes):
            return False
        free = not any(r in self.placed for r in wholes) and len({*wholes}) == len(wholes)
        return free or any(_place(wholes, members) >= 0 for members in self.stacks.values())

    def _stacked(self, column: tuple[int, ...], lines: list[Instruction]) -> int:
        """Return a register that holds a column in a row; write the lines it takes."""
        if column[0] in self.old.numbers:
            return column[0]
        whole = self._run(tuple(self._whole(r) for r in column), lines)
        attrs = dict(self._cut(column[0]))
        if not attrs:
            return whole
        axis = attrs["axis"]
        moved = tuple({**attrs, "axis": axis + (axis >= 0)}.items())
        out = self._new()
        lines.append(Instruction(out, "slice", (whole,), moved))
        return out

    def _run(self, column: tuple[int, ...], lines: list[Instruction]) -> int:
        """Return a stack of a column, or that part of a longer one."""
        for stack, members in self.stacks.items():
            at = _place(column, members)
            if at >= 0 and len(members) == len(column):
                return stack
            if at >= 0:
                out = self._new()
                attrs = (("axis", 0), ("start", at), ("stop", at + len(column)))
                lines.append(Instruction(out, "slice", (stack,), attrs))
                return out
        out = self._new()
        self.stacks[out] = column
        self.placed.update(column)
        place = max(self.ready[register] for register in column)
        self.more.setdefault(place, []).append(Instruction(out, STACK, column, ()))
        return out

    def _new(self) -> int:
        self.registers += 1
        return self.registers - 1


def _place(column: tuple[int, ...], members: tuple[int, ...]) -> int:
    """Return where a column stands in a stack's members one after the other, or −1."""
    at = members.index(column[0]) if column[0] in members else -1
    return at if at >= 0 and members[at : at + len(column)] == column else -1
