"""An update rule recorded on flat arrays: scalars as Python floats, the rest in pieces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from neurogebra.core.program import Instruction, Program, program
from neurogebra.core.tree import Node, number, symbol
from neurogebra.engines import blas
from neurogebra.engines.kernels import SCALED_SUM, Entry
from neurogebra.engines.recorder import Recorder
from neurogebra.ops import ALPHABET
from neurogebra.optim import OPTIMIZERS
from neurogebra.spec import RunSpec

# Elements a piece: the weights, gradients, slots and two temporaries of a piece stay in cache.
PIECE = 1 << 17

Call = tuple[Callable[..., Any], tuple[Any, ...]]


class Update:
    """The optimiser of one network, on flat arrays: w += change, slots in place.

    w, g: (n,) views of all trained numbers and their gradients. slots: the rule's memory by
    name, zeros at first. Raises nothing: the run was checked when it was described.
    """

    def __init__(self, run: RunSpec, w: np.ndarray, g: np.ndarray) -> None:
        slot_names, new_w, new_slots = symbolic(run)
        self.slots = {name: np.zeros_like(w) for name in slot_names}
        whole = program([new_w, *new_slots.values()])
        self._prologue, self._main, scalars = split_scalars(whole, ("t", "lr"))
        if blas.has_sums(w.dtype):
            self._main = with_sums(self._main)
        self._cells = {r: np.zeros((), w.dtype) for r in scalars}
        self._constants = dict(whole.numbers)
        self._inputs = {name: r for r, name in whole.inputs.items()}
        self.calls: list[Call] = []
        self._kept: list[Entry] = []  # the arrays that calls know by address only
        self._free: dict[int, list[np.ndarray]] = {}  # temporaries, the same for every piece
        for start in range(0, w.size, PIECE):
            self._record(w, g, slice(start, min(start + PIECE, w.size)))

    def run(self, t: int, lr: float) -> None:
        """Make the update of step `t` (from 1) at learning rate `lr`."""
        values = {**self._constants, self._inputs.get("t", -1): t, self._inputs.get("lr", -2): lr}
        for out, scalar, args in self._prologue:
            values[out] = scalar(*(values[a] for a in args))
        for register, cell in self._cells.items():
            cell[()] = values[register]
        for function, call_args in self.calls:
            function(*call_args)

    def _record(self, w: np.ndarray, g: np.ndarray, piece: slice) -> None:
        given: dict[str, Any] = {"w": w[piece], "g": g[piece]}
        given.update({f"slot.{k}": a[piece] for k, a in self.slots.items()})
        given.update({f"scalar.{r}": cell for r, cell in self._cells.items()})
        outputs = (w[piece], *(a[piece] for a in self.slots.values()))
        targets = dict(zip(self._main.outputs, outputs, strict=True))
        before = [a.copy() for a in outputs]
        replay = Recorder(self._main, given, w.dtype, targets, free=self._free).record()
        self.calls += replay.calls
        self._kept += replay.entries
        for array, old in zip(outputs, before, strict=True):
            array[...] = old  # recording ran the rule once


def symbolic(run: RunSpec) -> tuple[list[str], Node, dict[str, Node]]:
    """Return the rule's slot names, the new weights and the new slots as formulas."""
    row = OPTIMIZERS[run.optimizer]
    w, g, t, lr = (symbol(n) for n in ("w", "g", "t", "lr"))
    options: dict[str, Any] = dict(run.options)
    if row.takes_weights:
        options["w"] = w
    _, probe = row.rule(g, {}, t, lr=lr, **options)
    slots = {name: symbol(f"slot.{name}") for name in probe}
    change, new = row.rule(g, slots, t, lr=lr, **options)
    after = w + change
    return list(slots), after, {k: v if isinstance(v, Node) else number(v) for k, v in new.items()}


def split_scalars(
    whole: Program, names: tuple[str, ...]
) -> tuple[list[tuple[int, Callable[..., Any], tuple[int, ...]]], Program, list[int]]:
    """Split off the lines that need only numbers and the scalar inputs `names`.

    Returns those lines as (out, function of Python numbers, args); the rest as a program
    whose inputs "scalar.R" are the registers R that it reads of them; and these registers.
    """
    scalar = set(whole.numbers) | {r for r, n in whole.inputs.items() if n in names}
    prologue, rest = [], []
    for line in whole.lines:
        function = ALPHABET[line.op].scalar
        if function is not None and all(a in scalar for a in line.args):
            scalar.add(line.out)
            prologue.append((line.out, function, line.args))
        else:
            rest.append(line)
    read = {a for line in rest for a in line.args}
    moving = sorted((scalar - set(whole.numbers)) & read)
    inputs = {r: n for r, n in whole.inputs.items() if n not in names}
    inputs.update({r: f"scalar.{r}" for r in moving})
    main = Program(whole.registers, whole.numbers, inputs, tuple(rest), whole.outputs)
    return prologue, main, moving


def with_sums(main: Program) -> Program:
    """Return the program with every b·y ± a·x that ends in y's own place as one line.

    a and b are registers of numbers, of scalars that change from step to step, or of a 1.
    """
    one = main.registers
    made = {line.out: line for line in main.lines}
    readers = Counter([*(a for line in main.lines for a in line.args), *main.outputs])
    scalars = {r for r, name in main.inputs.items() if name.startswith("scalar.")}
    lines: dict[int, Instruction] = {}
    for line in main.lines:
        lines[line.out] = line
        if line.op not in ("add", "sub") or line.out not in main.outputs:
            continue
        (b, y), (a, x) = (_scaled(r, made, {*main.numbers, *scalars}, one) for r in line.args)
        if y not in main.inputs or y in scalars or {a, b} == {one}:
            continue
        if all(readers[r] == 1 for r in line.args if r in made):
            attrs = (("negative", line.op == "sub"),)
            lines[line.out] = Instruction(line.out, SCALED_SUM, (x, y, a, b), attrs)
            for part in {*line.args} & {*made} - {x, y}:
                del lines[part]
    numbers = {**main.numbers, one: 1.0}
    return replace(main, registers=one + 1, numbers=numbers, lines=tuple(lines.values()))


def _scaled(
    register: int, made: Mapping[int, Instruction], scalars: set[int], one: int
) -> tuple[int, int]:
    """Return (c, x) of a register that is c·x; of any other, 1 and itself."""
    line = made.get(register)
    if line is not None and line.op == "mul" and line.args[0] in scalars:
        return line.args[0], line.args[1]
    return one, register
