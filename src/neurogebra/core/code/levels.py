"""What each part of a program is: plain numbers, parameters or arrays; computed when, and how."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from neurogebra.core.code.scalar_tables import PARTIAL, PYTHON
from neurogebra.core.code.target import Target
from neurogebra.core.program import Instruction, Program

# How much is known before an array is: everything, sizes, the values of parameters, nothing.
CONSTANT, SIZE, PARAMETER, ARRAY = range(4)
ARITHMETIC = frozenset({"neg", "add", "sub", "mul", "div", "pow"})
COMPARISONS = {"greater": "{0} > {1}", "greater_equal": "{0} >= {1}", "equal": "{0} == {1}"}

Names = frozenset[str]


@dataclass(frozen=True, slots=True)
class Facts:
    """By register: its level, the names in it, whether it is a condition, how often it is used.

    lifted: parameters that are made arrays first. late: what may only be computed within the
    choice that asks for it.
    """

    level: Mapping[int, int]
    names: Mapping[int, Names]
    tests: Collection[int]
    uses: Mapping[int, int]
    late: Collection[int]
    lifted: tuple[str, ...]


def facts(program: Program, target: Target, params: Collection[str], arrays: Names) -> Facts:
    """Return what is known of a program; arrays: parameters that are arrays as they are."""
    names: dict[int, Names] = {r: frozenset() for r in program.numbers}
    names.update({r: frozenset({n}) for r, n in program.inputs.items()})
    uses = dict.fromkeys(range(program.registers), 0)
    tests: set[int] = set()
    for line in program.lines:
        names[line.out] = frozenset().union(*(names[a] for a in line.args))
        for a in line.args:
            uses[a] += 1
        if line.op in COMPARISONS or (line.op == "mul" and tests.issuperset(line.args)):
            tests.add(line.out)
    free = frozenset(params) - arrays if target.arrays and not target.loose else frozenset()
    lifted: Names = frozenset()
    while True:
        level = _levels(program, target, free - lifted)
        more = _lifts(program, target, level, names) & free - lifted
        if not more:
            break
        lifted |= more
    late = _late(program) if target.name == "python" else frozenset()
    return Facts(level, names, tests, uses, late, tuple(p for p in params if p in lifted))


def _levels(program: Program, target: Target, params: Names) -> dict[int, int]:
    if not target.arrays:
        return dict.fromkeys(range(program.registers), ARRAY)
    level = dict.fromkeys(program.numbers, CONSTANT)
    level.update({r: PARAMETER if n in params else ARRAY for r, n in program.inputs.items()})
    for line in program.lines:
        top = max(level[a] for a in line.args)
        if line.op == "size":
            top = SIZE if target.sizes else ARRAY
        elif not (line.op in ARITHMETIC or line.op in COMPARISONS or line.op == "where"):
            plain = top <= SIZE and line.op in PYTHON.rows
            top = top if plain else ARRAY
        level[line.out] = top
    return level


def _lifts(
    program: Program, target: Target, level: Mapping[int, int], names: Mapping[int, Names]
) -> Names:
    """Return the parameters that stand where only an array may."""
    found: Names = frozenset()
    for line in program.lines:
        for a in line.args:
            if level[a] == PARAMETER and _wants_array(program, target, line, a, level):
                found |= names[a]
    return found


def _wants_array(
    program: Program, target: Target, line: Instruction, arg: int, level: Mapping[int, int]
) -> bool:
    among = any(level[a] == ARRAY for a in line.args)
    if line.op == "pow":
        return level[line.out] != ARRAY and not is_whole(program, line.args[1])
    if line.op in ARITHMETIC:
        return False
    if line.op in COMPARISONS:
        return not among
    if line.op == "where":
        return arg == line.args[0] or not among
    return not (among and line.op in target.beside)


def is_whole(program: Program, register: int) -> bool:
    """Say whether a register is a constant whole number."""
    return isinstance(program.numbers.get(register), int)


def _late(program: Program) -> frozenset[int]:
    """Return what can raise and is only needed in a branch of a choice."""
    early = set(program.outputs)
    raises: set[int] = set()
    for line in reversed(program.lines):
        if line.out in early:
            early.update(line.args[:1] if line.op == "where" else line.args)
    for line in program.lines:
        if line.op in PARTIAL or raises & set(line.args):
            raises.add(line.out)
    return frozenset(raises - early)
