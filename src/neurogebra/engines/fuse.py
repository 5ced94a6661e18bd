"""A program's long sums made short: what many steps add to one array is written side by side.

A recurrence uses one weight at every step and cuts one array into its steps. Its derivative is
a sum as long as the sequence, each term as large as the whole. These sums become three lines of
this engine only: PLACE puts parts where they belong, STACK lays arrays of one shape in a row,
PRODUCT multiplies rows of rows at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from neurogebra.core.program import Instruction, Program

PLACE = "place"  # (like, part, …), cuts: zeros like `like` with the parts where they were cut
STACK = "stack"  # (part, …): arrays of one shape along a new first axis
MIXTURE = "mixture"  # a sum of g aᵀ, which is written in other lines
PRODUCT = "product"  # (a, g, like): the sum of aᵀ g over every axis but the last two's, as `like`

# Operations that keep every number in its order; a sum to a shape does where nothing is summed.
RESHAPED = frozenset({"reshape_like", "reshape", "expand_dims", "squeeze", "flatten", "sum_to"})
LOOKS = RESHAPED | {"transpose", "slice"}
BACK = "slice_back"
# Fewer terms than this are added as they are: laying them in a row costs more than it gains.
FEW = 4


def fused(program: Program) -> Program:
    """Return a program with the same results and fewer, longer lines."""
    rewriting = _Rewriting(program)
    lines = [new for line in program.lines for new in rewriting.lines(line)]
    return replace(program, registers=rewriting.registers, lines=needed(lines, program.outputs))


def needed(lines: list[Instruction], outputs: tuple[int, ...]) -> tuple[Instruction, ...]:
    """Leave out what nobody reads."""
    asked, kept = set(outputs), []
    for line in reversed(lines):
        if line.out in asked:
            asked.update(line.args)
            kept.append(line)
    return tuple(reversed(kept))


def _alone(kind: str, leaves: list[int]) -> bool:
    """Say whether terms of a kind are added one by one."""
    return not kind or len(leaves) < (2 if kind == PLACE else FEW)


class _Reading:
    """Knows what a program's lines are parts of."""

    def __init__(self, program: Program) -> None:
        self.made = {line.out: line for line in program.lines}
        self.readers = Counter([*(a for line in program.lines for a in line.args)])
        self.readers.update(program.outputs)
        self.into = {a: line for line in program.lines for a in line.args}
        self.inputs = program.inputs

    def product(self, register: int) -> tuple[int, ...]:
        """Return (a, g, like) of a register that is the sum of aᵀ g, () of any other."""
        factors = self.factors(register)
        turned = self.made.get(factors[0]) if factors else None
        if turned is None or turned.op != "transpose":
            return ()
        return turned.args[0], *factors[1:]

    def mixture(self, register: int) -> tuple[int, ...]:
        """Return (g, a, like) of a register that is the sum of g aᵀ, () of any other."""
        factors = self.factors(register)
        turned = self.made.get(factors[1]) if factors else None
        if turned is None or turned.op != "transpose":
            return ()
        return factors[0], turned.args[0], factors[2]

    def factors(self, register: int) -> tuple[int, ...]:
        """Return (p, q, like) of a register that is p q summed to the shape of `like`."""
        line = self.made.get(register)
        if line is None or line.op != "sum_to" or not self.is_weight(line.args[1]):
            return ()
        inner = self.made.get(line.args[0])
        if inner is None or inner.op != "matmul" or self.readers[inner.out] > 1:
            return ()
        return *inner.args, line.args[1]

    def leaves(self, root: Instruction, *, inner: bool = False) -> list[int]:
        """Return the terms of a sum or a pile from left to right, or else its inner lines."""
        found: list[int] = []
        between: list[int] = []
        stack = list(reversed(root.args))
        while stack:
            register = stack.pop()
            line = self.made.get(register)
            if line is not None and line.op == root.op and self.is_inside(line):
                between.append(register)
                stack.extend(reversed(line.args))
            else:
                found.append(register)
        return list(reversed(between)) if inner else found

    def is_inside(self, line: Instruction) -> bool:
        """Say whether a line is only a part of a longer one of its kind."""
        above = self.into.get(line.out)
        same = above is not None and (above.op, above.attrs) == (line.op, line.attrs)
        return same and self.readers[line.out] == 1

    def is_pile(self, line: Instruction) -> bool:
        """Say whether a line joins arrays along a first axis that each got for it."""
        if line.attrs != (("axis", 0),):
            return False
        tops = [self.made.get(leaf) for leaf in self.leaves(line)]
        return all(t is not None and (t.op, t.attrs) == ("expand_dims", line.attrs) for t in tops)

    def is_weight(self, register: int) -> bool:
        """Say whether a register is an input of the program, or a look at one."""
        while register in self.made and self.made[register].op in LOOKS:
            register = self.made[register].args[0]
        return register in self.inputs

    def source(self, register: int) -> int:
        """Return the register that another is a reshaped look at."""
        while register in self.made and self.made[register].op in RESHAPED:
            register = self.made[register].args[0]
        return register


class _Rewriting:
    """Looks for sums and joins of many in a program, and writes the lines that replace them."""

    def __init__(self, program: Program) -> None:
        self.read = _Reading(program)
        self.made = self.read.made
        self.registers = program.registers
        self.slots: dict[int, int] = {}  # what a part is a look at → where it is placed
        self.piles: dict[int, tuple[int, ...]] = {}  # a join of many → its parts
        self.gone: set[int] = set()  # joins inside these
        for line in program.lines:
            if line.op == "concat" and not self.read.is_inside(line) and self.read.is_pile(line):
                self.piles[line.out] = tuple(self.made[a].args[0] for a in self.read.leaves(line))
                self.gone.update(self.read.leaves(line, inner=True))

    def lines(self, line: Instruction) -> Iterator[Instruction]:
        """Yield what stands for a line: itself mostly, nothing inside a longer sum."""
        if line.op == "add" and not self.read.is_inside(line):
            yield from self._sum(line)
        elif line.out in self.piles:
            yield Instruction(line.out, STACK, self.piles[line.out], ())
        elif self.read.product(line.out):
            yield Instruction(line.out, PRODUCT, self.read.product(line.out), ())
        elif line.op == BACK:
            yield self._place(line.out, [line])
        elif line.out not in self.gone and not (line.op == "add" and self.read.is_inside(line)):
            yield line

    def _sum(self, root: Instruction) -> Iterator[Instruction]:
        """Yield the lines of a sum, with terms of one kind for one array joined."""
        groups: dict[tuple[str, int], list[int]] = {}
        for leaf in reversed(self.read.leaves(root)):
            groups.setdefault(self._kind(leaf), []).append(leaf)
        if all(_alone(kind, leaves) for (kind, _), leaves in groups.items()):
            yield from self._as_it_was(root)
            return
        terms: list[int] = []
        for (kind, like), leaves in groups.items():
            if _alone(kind, leaves):
                terms += leaves
                continue
            out = root.out if len(groups) == 1 else self._new()
            terms.append(out)
            if kind == PLACE:
                yield self._place(out, [self.made[leaf] for leaf in leaves])
            else:
                yield from self._at_once(kind, like, leaves, out)
        yield from self._added(root.out, terms)

    def _as_it_was(self, root: Instruction) -> Iterator[Instruction]:
        """Yield the lines of a sum where nothing can be joined."""
        for register in self.read.leaves(root, inner=True):
            yield self.made[register]
        yield root

    def _added(self, out: int, terms: list[int]) -> Iterator[Instruction]:
        total = terms[0]
        for i, term in enumerate(terms[1:], 2):
            register = out if i == len(terms) else self._new()
            yield Instruction(register, "add", (total, term), ())
            total = register

    def _place(self, out: int, backs: list[Instruction]) -> Instruction:
        for back in backs:
            self.slots[self.read.source(back.args[0])] = dict(back.attrs).get("start", 0)
        cuts = tuple(back.attrs for back in backs)
        parts = tuple(back.args[0] for back in backs)
        return Instruction(out, PLACE, (backs[0].args[1], *parts), (("cuts", cuts),))

    def _at_once(self, kind: str, like: int, leaves: list[int], out: int) -> Iterator[Instruction]:
        """Yield one product of rows of rows, or one sum of them, for many."""
        if kind == PRODUCT:
            pairs = sorted(
                (self.read.product(n)[:2] for n in leaves), key=lambda p: self._slot_of(p[1])
            )
            yield from self._stacked(out, kind, zip(*pairs, strict=True), like)
        elif kind == MIXTURE:
            pairs = sorted(
                (self.read.mixture(n)[:2] for n in leaves), key=lambda p: self._slot_of(p[0])
            )
            yield from self._mixed(out, pairs, like)
        else:
            terms = sorted((self.made[n].args[0] for n in leaves), key=self._slot_of)
            yield from self._stacked(out, kind, (terms,), like)

    def _stacked(
        self, out: int, op: str, columns: Iterable[Sequence[int]], like: int
    ) -> Iterator[Instruction]:
        stacks = [Instruction(self._new(), STACK, tuple(column), ()) for column in columns]
        yield from stacks
        yield Instruction(out, op, (*(s.out for s in stacks), like), ())

    def _mixed(self, out: int, pairs: list[tuple[int, ...]], like: int) -> Iterator[Instruction]:
        """Yield Σ g aᵀ as one product a step, all of them in one call, and one sum."""
        g, a = (Instruction(self._new(), STACK, c, ()) for c in zip(*pairs, strict=True))
        turned = Instruction(self._new(), "transpose", (a.out,), ())
        each = Instruction(self._new(), "matmul", (g.out, turned.out), ())
        yield from (g, a, turned, each, Instruction(out, "sum_to", (each.out, like), ()))

    def _slot_of(self, register: int) -> int:
        """Return where a register is placed too: in that order nothing needs to be copied."""
        return self.slots.get(self.read.source(register), -1)

    def _kind(self, leaf: int) -> tuple[str, int]:
        """Return what a term does and to which array; a term of no kind is alone with itself."""
        line = self.made.get(leaf)
        if line is None or self.read.readers[leaf] > 1:
            return "", leaf
        if line.op == BACK:
            return PLACE, line.args[1]
        for kind, read in ((PRODUCT, self.read.product), (MIXTURE, self.read.mixture)):
            if found := read(leaf):
                return kind, found[2]
        sums = line.op == "sum_to" and self.read.is_weight(line.args[1])
        return ("sum_to", line.args[1]) if sums else ("", leaf)

    def _new(self) -> int:
        self.registers += 1
        return self.registers - 1
