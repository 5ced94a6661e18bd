"""An update rule recorded on flat arrays: scalars as Python floats, the rest in pieces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from neurogebra.core.program import Instruction, Program, program
from neurogebra.core.tree import Node, number, symbol, symbols
from neurogebra.engines import blas
from neurogebra.engines.gathering import Gathering
from neurogebra.engines.kernels import SCALED_SUM, Entry
from neurogebra.engines.parts import Part, frozen, left_over, options_of, parts
from neurogebra.engines.recorder import Recorder
from neurogebra.ops import ALPHABET
from neurogebra.optim import OPTIMIZERS
from neurogebra.spec import RunSpec

# Elements a piece: the weights, gradients, slots and two temporaries of a piece stay in cache.
PIECE = 3 << 14

Call = tuple[Callable[..., Any], tuple[Any, ...]]
Options = tuple[tuple[str, float], ...]
# Lines that Python computes: register, function of numbers, registers that it reads.
Prologue = list[tuple[int, Callable[..., Any], tuple[int, ...]]]


class Update:
    """The optimiser of one network, on flat arrays: w += change, slots in place.

    w, g: (n,) views of all trained numbers and their gradients; shapes: the parameters' by
    name, in the order in which they lie there (none: one parameter). slots: the rule's memory
    by name, zeros at first, with that of batches that wait for their update. Raises BadValue
    where the run's groups do not fit the parameters.
    """

    def __init__(
        self,
        run: RunSpec,
        w: np.ndarray,
        g: np.ndarray,
        shapes: Mapping[str, tuple[int, ...]] | None = None,
    ) -> None:
        shapes = {"w": w.shape} if shapes is None else shapes
        still = tuple(frozen(run, shapes))
        self.gathering = Gathering(run, g, lambda: np.zeros_like(g), _cut, still)
        self._lines: dict[Any, _Lines] = {}
        self._rule: dict[str, np.ndarray] = {}
        self.free: dict[int, list[np.ndarray]] = {}  # temporaries, the same for every piece
        for part in parts(run, shapes):
            lines = self._lines.get(part.setting)
            if lines is None:
                lines = self._lines[part.setting] = _Lines(run, part, w.dtype)
                for name in lines.slots:
                    self._rule.setdefault(name, np.zeros_like(w))
                for name in lines.scalars:
                    self._rule.setdefault(name, np.zeros(()))
            for piece in _pieces(part):
                slots = {k: _as(self._rule[k][piece], part) for k in lines.slots}
                ready = _as(self.gathering.ready[piece], part)
                lines.record(_as(w[piece], part), ready, slots, self.free)
        self._singles = [lines for lines in self._lines.values() if lines.scalars]
        self.slots = {**self._rule, **self.gathering.memory}

    @property
    def calls(self) -> list[Call]:
        """Everything that an update calls, in order."""
        return [call for lines in self._lines.values() for call in lines.calls]

    def take(self) -> bool:
        """Take in the gradient of a batch; say whether it is time for an update."""
        return self.gathering.take()

    def run(self, t: int, lr: float) -> None:
        """Make the update of step `t` (from 1) at learning rate `lr`."""
        for lines in self._lines.values():
            lines.run(t, lr, self._rule)
        for lines in self._singles:  # after all of them: parts with one setting read the old ones
            for name, register in lines.scalars.items():
                self._rule[name][()] = lines.values[register]


class _Lines:
    """The recorded update of all parts with one setting.

    slots: the names of those with a number a weight; scalars: of those that are one number,
    with the register of its next value.
    """

    def __init__(self, run: RunSpec, part: Part, dtype: np.dtype[Any]) -> None:
        anywhere = replace(part, start=0, stop=0)
        found = _recipe(run.optimizer, run.options, anywhere)
        self.slots, self._prologue = found.slots, found.prologue
        count = 1 + len(self.slots)
        self.scalars = dict(zip(found.single, found.main.outputs[count:], strict=True))
        self._main = replace(found.main, outputs=found.main.outputs[:count])
        if blas.has_sums(dtype) and not part.shape:  # a matrix may lie turned in memory
            self._main = with_sums(self._main)
        self._cells = {r: np.zeros((), dtype) for r in found.moving}
        self.values: dict[int, Any] = dict(found.main.numbers)  # of all that Python computes
        self._inputs = found.inputs
        self._t, self._lr = found.inputs.get("t", -1), found.inputs.get("lr", -2)
        self.calls: list[Call] = []
        self._kept: list[Entry] = []  # the arrays that calls know by address only

    def record(
        self,
        w: np.ndarray,
        g: np.ndarray,
        slots: Mapping[str, np.ndarray],
        free: dict[int, list[np.ndarray]],
    ) -> None:
        """Record the update of the arrays of a piece; the slots are zeros, before and after."""
        given: dict[str, Any] = {"w": w, "g": g}
        given.update({f"slot.{k}": a for k, a in slots.items()})
        given.update({f"scalar.{r}": cell for r, cell in self._cells.items()})
        outputs = (w, *slots.values())
        targets = dict(zip(self._main.outputs, outputs, strict=True))
        before = w.copy()
        replay = Recorder(self._main, given, w.dtype, targets, free=free).record()
        self.calls += replay.calls
        self._kept += replay.entries
        w[...] = before  # recording ran the rule once
        for slot in slots.values():
            slot.fill(0)

    def run(self, t: int, lr: float, slots: Mapping[str, np.ndarray]) -> None:
        """Make the update; `values` then holds the next ones of the slots that are one number."""
        values = self.values
        values[self._t], values[self._lr] = t, lr
        for name in self.scalars:
            values[self._inputs.get(f"slot.{name}", -3)] = float(slots[name])
        for out, scalar, args in self._prologue:
            if len(args) == 2:  # nearly all; a map would cost more than what it computes
                values[out] = scalar(values[args[0]], values[args[1]])
            else:
                values[out] = scalar(*(values[a] for a in args))
        for register, cell in self._cells.items():
            cell[()] = values[register]
        for function, call_args in self.calls:
            function(*call_args)


class _Recipe(NamedTuple):
    """What `_Lines` follow: the slots' names, what Python computes, what arrays do.

    inputs: name → register of everything that is read; moving: registers of scalars.
    """

    slots: list[str]
    single: list[str]
    prologue: Prologue
    main: Program
    moving: list[int]
    inputs: dict[str, int]


@lru_cache(maxsize=64)  # the same for every network trained in the same way
def _recipe(optimizer: str, options: Options, part: Part) -> _Recipe:
    names, new_w, new_slots = symbolic(RunSpec(optimizer=optimizer, options=options), part)
    single = _single(new_slots)
    slots = [name for name in names if name not in single]
    whole = program([new_w, *(new_slots[n] for n in (*slots, *single))])
    scalars = tuple(f"slot.{name}" for name in single)
    prologue, main, moving = split_scalars(whole, ("t", "lr", *scalars))
    inputs = {name: r for r, name in whole.inputs.items()}
    return _Recipe(slots, single, prologue, main, moving, inputs)


def _pieces(part: Part) -> list[slice]:
    if part.shape:
        return [part.place]
    starts = range(part.start, part.stop, PIECE)
    return [slice(start, min(start + PIECE, part.stop)) for start in starts]


def _as(flat: np.ndarray, part: Part) -> np.ndarray:
    return flat.reshape(part.shape) if part.shape else flat


def _cut(g: np.ndarray, limit: float) -> None:
    np.clip(g, -limit, limit, out=g)


def symbolic(run: RunSpec, part: Part | None = None) -> tuple[list[str], Node, dict[str, Node]]:
    """Return the rule's slot names, the new weights and the new slots as formulas.

    part: whose shape, rate and decay they are for; None for those of the run itself.
    """
    part = part or Part(0, 0, (), 1.0, run.decay)
    row = OPTIMIZERS[run.optimizer]
    w, g, t, rate = (symbol(n) for n in ("w", "g", "t", "lr"))
    lr = part.rate * rate
    options = {**options_of(run, part.decay), **row.roles(w, part.shape)}
    _, probe = row.rule(g, {}, t, lr=lr, **options)
    slots = {name: symbol(f"slot.{name}") for name in probe}
    change, new = row.rule(g, slots, t, lr=lr, **options)
    beside = left_over(run, part.decay)
    after = w + change if beside == 0 else w + change - (lr * beside) * w
    return list(slots), after, {k: v if isinstance(v, Node) else number(v) for k, v in new.items()}


def slot_names(run: RunSpec, parts: Iterable[Part]) -> tuple[list[str], list[str]]:
    """Return the names of the rule's slots: with a number a weight, and of one number alone."""
    own: dict[str, None] = {}
    single: dict[str, None] = {}
    for part in {part.setting: part for part in parts}.values():
        names, _, new = symbolic(run, part)
        single.update(dict.fromkeys(_single(new)))
        own.update(dict.fromkeys(names))
    return [name for name in own if name not in single], list(single)


def _single(slots: Mapping[str, Node]) -> list[str]:
    """Return the slots whose values depend on the step alone: one number for all weights."""
    known = {"t", "lr"}
    found: list[str] = []
    for name, node in slots.items():
        if set(symbols(node)) <= {*known, f"slot.{name}"}:
            found.append(name)
            known.add(f"slot.{name}")
    return found


def split_scalars(whole: Program, names: tuple[str, ...]) -> tuple[Prologue, Program, list[int]]:
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
