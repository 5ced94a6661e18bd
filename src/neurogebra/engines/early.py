"""What a backward pass needs of every step of a sequence, computed for all steps at once.

The factors of a derivative, 1 − tanh² and the like, depend on the forward pass only. Of steps
that are alike, one call computes them; what is left in the sequence is what each step needs of
the one before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from neurogebra.core.program import Instruction, Program
from neurogebra.engines.fuse import FEW, PLACE, RESHAPED, STACK

ROW = "row"  # (stack,), index: one of the arrays that lie in a row, a view

# What is worth it: an operation that takes little longer than to call it.
LIGHT = frozenset({"mul", "add", "sub", "neg"})
# How far a line's ancestors are compared before it counts as another step's same line: back to
# the weights of its own layer.
DEEP = 12


def early(program: Program) -> Program:
    """Return a program with the same results, like lines of many steps joined where they can be."""
    program = _regrouped(program)
    return _Joining(program).program()


def _regrouped(program: Program) -> Program:
    """Write (x a) b as x (a b) where both a and b are known long before x."""
    made = {line.out: line for line in program.lines}
    readers = Counter([*(a for line in program.lines for a in line.args), *program.outputs])
    depth: dict[int, int] = {}
    registers, lines = program.registers, []
    inner: set[int] = set()
    for line in program.lines:
        depth[line.out] = 1 + max((depth.get(a, 0) for a in line.args), default=0)
        first = made.get(line.args[0])
        if line.op == "mul" and first is not None and first.op == "mul":
            (x, a), b = first.args, line.args[1]
            late = depth.get(x, 0) > max(depth.get(a, 0), depth.get(b, 0))
            if late and min(a, b) not in program.numbers and readers[first.out] == 1:
                inner.add(first.out)
                lines.append(Instruction(registers, "mul", (a, b), ()))
                lines.append(Instruction(line.out, "mul", (x, registers), ()))
                registers += 1
                continue
        lines.append(line)
    kept = tuple(line for line in lines if line.out not in inner)
    return replace(program, registers=registers, lines=kept)


class _Joining:
    """Finds lines that are alike and ready before any of them is read, and joins them."""

    def __init__(self, program: Program) -> None:
        self.old = program
        self.made = {line.out: line for line in program.lines}
        self.ready = {line.out: place for place, line in enumerate(program.lines)}
        self.read: dict[int, int] = {}  # a register → the first line that reads it
        for place, line in enumerate(program.lines):
            for register in line.args:
                self.read.setdefault(register, place)
        self.registers = program.registers
        self.settled = set(self._settled())
        self.rows: dict[int, tuple[int, int]] = {}  # a joined line's result → its stack and place
        self.stacks: dict[int, tuple[int, ...]] = {}
        self.more: dict[int, list[Instruction]] = {}  # a place → lines that come after it
        self.gone: set[int] = set()

    def program(self) -> Program:
        """Return the program with like lines joined."""
        for group in self._groups():
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

    def _groups(self) -> list[list[Instruction]]:
        """Return lines that say the same of different steps, in the order of their first."""
        kinds: dict[tuple[int, str], int] = {}
        kind = dict.fromkeys(self.ready, -1)  # what is made, by what it is made of
        for _ in range(DEEP):
            names: dict[object, int] = {}
            kind = {
                line.out: names.setdefault(
                    (line.op, line.attrs, *(kind.get(a, (a,)) for a in line.args)), len(names)
                )
                for line in self.old.lines
                if line.op != STACK and line.op != PLACE
            }
        del kinds
        found: dict[int, list[Instruction]] = {}
        for line in self.old.lines:
            if line.op in LIGHT:
                found.setdefault(kind[line.out], []).append(line)
        return [group for group in found.values() if len(group) >= FEW]

    def _join(self, group: list[Instruction]) -> None:
        ready = max(self.ready.get(a, -1) for line in group for a in line.args)
        first = min(self.read.get(line.out, ready) for line in group)
        if ready < 0 or ready >= first or any(line.out in self.settled for line in group):
            return
        group = sorted(group, key=lambda line: [self._step(a) for a in line.args])
        columns = [tuple(column) for column in zip(*(line.args for line in group), strict=True)]
        if not all(self._may_stack(column) for column in columns):
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
            self.ready[line.out] = ready
        self.more.setdefault(ready, []).extend(lines)

    def _step(self, register: int) -> int:
        """Return what tells which step comes first."""
        row = self.rows.get(register)
        if row is not None:
            return self._step(self.old_args(register))
        return self.ready.get(self._whole(register), -1)

    def old_args(self, register: int) -> int:
        """Return what a joined line was computed from."""
        return max(self.made[register].args, key=lambda a: self.ready.get(a, -1))

    def _whole(self, register: int) -> int:
        line = self.made.get(register)
        return line.args[0] if line is not None and line.op == "slice" else register

    def _may_stack(self, column: Sequence[int]) -> bool:
        if len(set(column)) == 1:
            return column[0] in self.old.numbers
        wholes = {self._whole(register) for register in column}
        return not any(r in self.settled for r in wholes) and len(wholes) == len(column)

    def _stacked(self, column: tuple[int, ...], lines: list[Instruction]) -> int:
        """Return a register that holds a column in a row; write the lines it takes."""
        if column[0] in self.old.numbers:
            return column[0]
        cuts = {self.made[r].attrs if self._whole(r) != r else () for r in column}
        if cuts == {()}:
            return self._run(column, lines)
        whole = self._run(tuple(self._whole(r) for r in column), lines)
        attrs = dict(cuts.pop())
        moved = tuple({**attrs, "axis": attrs["axis"] + 1}.items())
        out = self._new()
        lines.append(Instruction(out, "slice", (whole,), moved))
        return out

    def _run(self, column: tuple[int, ...], lines: list[Instruction]) -> int:
        """Return a stack of a column, or that part of a longer one."""
        for stack, members in self.stacks.items():
            if members == column:
                return stack
            at = members.index(column[0]) if column[0] in members else -1
            if at >= 0 and members[at : at + len(column)] == column:
                out = self._new()
                attrs = (("axis", 0), ("start", at), ("stop", at + len(column)))
                lines.append(Instruction(out, "slice", (stack,), attrs))
                return out
        out = self._new()
        self.stacks[out] = column
        lines.append(Instruction(out, STACK, column, ()))
        return out

    def _new(self) -> int:
        self.registers += 1
        return self.registers - 1
