"""A recorded program made shorter by algebra: what a loss and its derivative compute twice.

Each rule is an identity of numbers, so no formula has a second truth; laws hold both sides to
the same values. Rules look at shapes, which the recorder knows, because a derivative is full of
sums that undo a broadcast where nothing was broadcast.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from neurogebra.core.program import Instruction, Program
from neurogebra.core.tree import Node, build, in_order, same
from neurogebra.engines.fuse import needed
from neurogebra.engines.kernels import MEAN
from neurogebra.engines.lstm import CELL, output_shape
from neurogebra.ops import ALPHABET
from neurogebra.ops.record import ELEMENTWISE

Shape = tuple[int, ...]

# Numbers up to which a mean is one product with 1/n: longer ones are added in pairs.
SHORT_MEAN = 4096
# Numbers up to which log(eᵃ + eᵇ), one by one, takes less than the calls that it stands for.
FEW_LOGS = 256

LAST, KEPT = ("axis", -1), (("axis", -1), ("keepdims", True))
# Operations that read no more of their second value than the shape, which is that of the result.
LIKE = frozenset({"sum_to", "expand_like", "reshape_like"})
ROW_SUMS = frozenset({"amax", "sum"})


@lru_cache(maxsize=512)
def joined(root: Node) -> Node:
    """Return a formula with y·softplus(−z) + (1 − y)·softplus(z) as softplus(z) − y·z."""
    made: dict[int, Node] = {}
    for node in in_order(root):
        args = tuple(made[id(a)] for a in node.args)
        found = _one_softplus(node) if node.op == "add" else None
        if found is None:
            whole = all(a is b for a, b in zip(args, node.args, strict=True))
            found = node if whole else build(node.op, args, dict(node.attrs))
        made[id(node)] = found
    return made[id(root)]


def _one_softplus(node: Node) -> Node | None:
    yes, no = node.args
    if not yes.op == no.op == "mul":
        return None
    (y, minus), (rest, plus) = yes.args, no.args
    if not (minus.op == plus.op == "softplus" and rest.op == "sub"):
        return None
    z = plus.args[0]
    turned = minus.args[0]
    alike = turned.op == "neg" and same(turned.args[0], z) and same(rest.args[1], y)
    one = rest.args[0].is_number and rest.args[0].value == 1
    return plus - y * z if alike and one else None


def shared(program: Program, shapes: Mapping[str, Shape]) -> Program:
    """Return a program with the same results in fewer lines; shapes: of its inputs, by name."""
    return _Sharing(program, shapes).program()


class _Sharing:
    """Goes through a program's lines once and writes down shorter ones."""

    def __init__(self, program: Program, shapes: Mapping[str, Shape]) -> None:
        self.before = program
        self.numbers, self.registers = dict(program.numbers), program.registers
        self.shape: dict[int, Shape] = dict.fromkeys(program.numbers, ())
        self.shape.update({r: shapes[name] for r, name in program.inputs.items()})
        self.readers = Counter([a for line in program.lines for a in _read(line)])
        self.readers.update(program.outputs)
        self.made: dict[int, Instruction] = {}
        self.forms: dict[Any, int] = {}
        self.known: dict[Any, int] = {(type(v), v): r for r, v in program.numbers.items()}
        self.filled: dict[int, Any] = dict(program.numbers)  # arrays that one number fills
        self.instead: dict[int, int] = {}  # a register → another that holds the same
        for line in program.lines:
            self._line(line)

    def program(self) -> Program:
        """Return what was written."""
        lines = needed(list(self.made.values()), self.before.outputs)
        return replace(self.before, registers=self.registers, numbers=self.numbers, lines=lines)

    def _line(self, line: Instruction) -> None:
        args = tuple(self.instead.get(a, a) for a in line.args)
        line = replace(line, args=args) if args != line.args else line
        shape = self.shape_of(line)
        value = None if shape is None else self._value(line, shape)
        if value is not None:
            self.filled[line.out] = value
        elif shape is not None:
            line = _rewritten(self, self._lighter(line, shape))
        self._write(line, shape)

    def _write(self, line: Instruction, shape: Shape | None) -> None:
        """Write a line down, if no line does the same."""
        form = (line.op, line.args, line.attrs)
        known = self.forms.setdefault(form, line.out)
        if known != line.out and line.out not in self.before.outputs:
            self.instead[line.out] = known
            return
        self.made[line.out] = line
        if shape is not None:
            self.shape[line.out] = shape

    def new(self, op: str, args: tuple[int, ...], shape: Shape, attrs: Any = ()) -> int:
        """Write a line of a rule's own, or find it; return its register."""
        known = self.forms.get((op, args, attrs))
        if known is not None:
            return known
        self.registers += 1
        self._write(Instruction(self.registers - 1, op, args, attrs), shape)
        return self.registers - 1

    def _number(self, value: Any) -> int:
        key = (type(value), value)
        if key not in self.known:
            self.known[key] = self.registers
            self.numbers[self.registers], self.shape[self.registers] = value, ()
            self.filled[self.registers] = value
            self.registers += 1
        return self.known[key]

    def shape_of(self, line: Instruction) -> Shape | None:
        """Return the shape of a line's value, None of operations that no rule is about."""
        shapes = [self.shape.get(a) for a in line.args]
        if any(s is None for s in shapes):
            return None
        known: list[Shape] = [s for s in shapes if s is not None]
        if line.op in LIKE:
            return known[1]
        if line.op in ALPHABET and ALPHABET[line.op].kind == ELEMENTWISE:
            return _broadcast(known)
        if line.op == CELL:
            return output_shape(known[0], known[2], **dict(line.attrs))
        if line.op == "matmul" and len(known[0]) == len(known[1]) == 2:
            return known[0][0], known[1][1]
        if line.op == "transpose" and len(known[0]) == 2:
            return known[0][::-1]
        if line.op in ROW_SUMS and known[0]:
            kept = {(): (), (LAST,): known[0][:-1], KEPT: (*known[0][:-1], 1)}
            return kept.get(line.attrs)
        return () if line.op == "size" else None

    def _value(self, line: Instruction, shape: Shape) -> Any:
        """Return the number that fills a line's value, None where none does."""
        first = line.args[0]
        if line.op == "size":
            return math.prod(self.shape[first]) if not line.attrs else None
        if line.op in ("expand_like", "reshape_like"):
            return self.filled.get(first)
        if line.op == "sum_to":
            return self.filled.get(first) if self.shape[first] == shape else None
        scalar = ALPHABET[line.op].scalar if line.op in ALPHABET else None
        if scalar is None or not all(a in self.filled for a in line.args):
            return None
        return scalar(*(self.filled[a] for a in line.args))

    def _lighter(self, line: Instruction, shape: Shape) -> Instruction:
        """Return an elementwise line that reads numbers and rows instead of filled arrays."""
        if line.op == CELL or ALPHABET[line.op].kind != ELEMENTWISE:
            return line
        args = list(line.args)
        for i, register in enumerate(args):
            light = self._light(register)
            others = [self.shape[a] for j, a in enumerate(args) if j != i]
            if light != register and _broadcast([*others, self.shape[light]]) == shape:
                args[i] = light
        return replace(line, args=tuple(args))

    def _light(self, register: int) -> int:
        if register in self.filled:
            return self._number(self.filled[register])
        line = self.made.get(register)
        if line is None or line.op != "expand_like" or line.attrs != (LAST,):
            return register
        inner = self.made.get(line.args[0])
        return inner.args[0] if inner is not None and inner.op == "squeeze" else register


def _rewritten(s: _Sharing, line: Instruction) -> Instruction:
    """Return what stands for a line by one of the rules, or the line its."""
    found = None
    if line.op in ROW_SUMS and line.attrs == (LAST,):
        known = s.forms.get((line.op, line.args, KEPT))
        found = known and replace(line, op="squeeze", args=(known,))
    elif line.op == "sub":
        found = _exact_first(s, line)
    elif line.op == "add":
        found = _one_factor(s, line)
    elif line.op == "exp":
        found = _share_of_all(s, line)
    elif line.op == "div":
        found = _mean(s, line)
    return found or line


def _exact_first(s: _Sharing, line: Instruction) -> Instruction | None:
    """Write (max(z, 0) + l) − y·z as (max(z, 0) − y·z) + l: exact where y is 0 or 1.

    Where l is what makes a softplus of max(z, 0), few numbers are log(e^−y·z + e^(z − y·z)).
    """
    total, product = (s.made.get(a) for a in line.args)
    if total is None or product is None or (total.op, product.op) != ("add", "mul"):
        return None
    for upper, rest in (total.args, total.args[::-1]):
        top = s.made.get(upper)
        if top is None or top.op != "maximum" or s.readers[total.out] > 1:
            continue
        zeros = [a for a in top.args if s.filled.get(a) == 0]
        others = [a for a in top.args if a not in zeros]
        shape = s.shape[upper]
        alike = shape == s.shape[product.out] == s.shape[rest]
        if not (zeros and alike and others[0] in product.args):
            continue
        if math.prod(shape) <= FEW_LOGS and _is_soft_part(s, rest, others[0]):
            none, all_of_it = (others[0], product.out), (product.out,)
            a, b = s.new("neg", all_of_it, shape), s.new("sub", none, shape)
            return replace(line, op="logaddexp", args=(a, b))
        left = s.new("sub", (upper, product.out), shape)
        return replace(line, op="add", args=(left, rest))
    return None


def _is_soft_part(s: _Sharing, register: int, z: int) -> bool:
    """Say whether a register is log(1 + e^−|z|)."""
    for op in ("log1p", "exp", "neg", "abs"):
        line = s.made.get(register)
        if line is None or line.op != op:
            return False
        register = line.args[0]
    return register == z


def _one_factor(s: _Sharing, line: Instruction) -> Instruction | None:
    """Write c·p + (−c)·q as c·(p − q)."""
    first, second = (s.made.get(_through(s, a)) for a in line.args)
    if first is None or second is None or not first.op == second.op == "mul":
        return None
    for one, other in ((first, second), (second, first)):
        for c, p in (one.args, one.args[::-1]):
            for d, q in (other.args, other.args[::-1]):
                whole = s.shape[p] == s.shape[q] == s.shape_of(line)
                if whole and _is_negative(s, d, c):
                    difference = s.new("sub", (p, q), s.shape[p])
                    return replace(line, op="mul", args=(c, difference))
    return None


def _is_negative(s: _Sharing, d: int, c: int) -> bool:
    """Say whether d is −c."""
    if d in s.filled and c in s.filled:
        return bool(s.filled[d] == -s.filled[c])
    line = s.made.get(_through(s, d))
    return line is not None and line.op == "neg" and line.args[0] == _through(s, c)


def _share_of_all(s: _Sharing, line: Instruction) -> Instruction | None:
    """Write exp(z − (log(s) + m)) as e/s, where e = exp(z − m) and s is its sum by rows."""
    shift = s.made.get(line.args[0])
    row = s.made.get(shift.args[1]) if shift and shift.op == "sub" else None
    total = s.made.get(row.args[0]) if row and row.op == "expand_like" else None
    if shift is None or total is None or total.op != "add":
        return None
    for a, b in (total.args, total.args[::-1]):
        log, low = s.made.get(a), _kept(s, b)
        high = _kept(s, log.args[0]) if log is not None and log.op == "log" else None
        if low is None or high is None or high not in s.made:
            continue
        moved = s.forms.get(("sub", (shift.args[0], low), ()))
        e = s.forms.get(("exp", (moved,), ()))
        if e is not None and s.made[high].args == (e,) and s.made[high].op == "sum":
            return replace(line, op="div", args=(e, high))
    return None


def _kept(s: _Sharing, register: int) -> int | None:
    line = s.made.get(register)
    return line.args[0] if line is not None and line.op == "squeeze" else None


def _mean(s: _Sharing, line: Instruction) -> Instruction | None:
    """Write the sum of few numbers, divided by how many there are, as one product."""
    total = s.made.get(line.args[0])
    if total is None or total.op != "sum" or total.attrs or s.readers[total.out] > 1:
        return None
    size = math.prod(s.shape[total.args[0]])
    if s.filled.get(line.args[1]) != size or not 0 < size <= SHORT_MEAN:
        return None
    return replace(line, op=MEAN, args=total.args)


def _through(s: _Sharing, register: int) -> int:
    """Return what a sum to a shape was made of, where nothing is summed."""
    line = s.made.get(register)
    while line is not None and line.op == "sum_to":
        if s.shape.get(line.args[0]) != s.shape.get(line.out):
            break
        register = line.args[0]
        line = s.made.get(register)
    return register


def _read(line: Instruction) -> tuple[int, ...]:
    """Return the registers of which a line reads more than the shape."""
    return line.args[:1] if line.op in LIKE else line.args


def _broadcast(shapes: list[Shape]) -> Shape:
    return shapes[0] if len(set(shapes)) == 1 else np.broadcast_shapes(*shapes)
