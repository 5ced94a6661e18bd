"""The shapes of what a program computes, as far as they are told by those of its inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from neurogebra.core.program import Instruction, Program
from neurogebra.engines.fuse import PLACE, STACK
from neurogebra.engines.lstm import CELL, output_shape
from neurogebra.ops import ALPHABET
from neurogebra.ops.record import ELEMENTWISE

Shape = tuple[int, ...]

# Operations that take numbers as they lie: what they do to a shape, they do to an empty array.
LOOKS = frozenset({"slice", "squeeze", "expand_dims", "transpose", "permute"})


def shapes(program: Program, given: Mapping[str, Any]) -> dict[int, Shape]:
    """Return the shapes that are known, by register; given: input name → array or number."""
    known = {register: np.shape(given[name]) for register, name in program.inputs.items()}
    known |= {register: np.shape(number) for register, number in program.numbers.items()}
    for line in program.lines:
        found = _shape(line, known)
        if found is not None:
            known[line.out] = found
    return known


def without_empty_sums(program: Program, known: Mapping[int, Shape]) -> Program:
    """Leave out every sum to a shape that its argument has already."""
    same: dict[int, int] = {}
    lines = []
    for line in program.lines:
        args = tuple(same.get(a, a) for a in line.args)
        if line.op == "sum_to" and line.out not in program.outputs:
            have, want = (known.get(a) for a in args)
            if have is not None and have == want:
                same[line.out] = args[0]
                continue
        as_it_was = args == line.args
        lines.append(line if as_it_was else Instruction(line.out, line.op, args, line.attrs))
    return replace(program, lines=tuple(lines))


def _shape(line: Instruction, known: Mapping[int, Shape]) -> Shape | None:
    args = [known.get(a) for a in line.args]
    have = [a for a in args if a is not None]
    if len(have) < len(args) and line.op not in _LIKE:
        return None
    if line.op in _LIKE:
        return args[_LIKE[line.op]]
    if line.op == CELL:
        return output_shape(*have[::2], **dict(line.attrs))
    rule = _RULES.get(line.op)
    if rule is not None:
        return rule(*have)
    if line.op in LOOKS:
        return _seen(line.op, line.attrs, have[0])
    if line.op in ALPHABET and ALPHABET[line.op].kind == ELEMENTWISE:
        return have[0] if len({*have}) == 1 else np.broadcast_shapes(*have)
    return None


@lru_cache(maxsize=1024)
def _seen(op: str, attrs: tuple[tuple[str, Any], ...], shape: Shape) -> Shape:
    """Return the shape of another look at an array of `shape`."""
    seen: np.ndarray = ALPHABET[op].value(np.broadcast_to(np.False_, shape), **dict(attrs))
    return seen.shape


def _product(a: Shape, b: Shape) -> Shape | None:
    if min(len(a), len(b)) < 2:
        return None
    return (*np.broadcast_shapes(a[:-2], b[:-2]), a[-2], b[-1])


# Which argument a result has the shape of.
_LIKE = {PLACE: 0, "sum_to": 1, "reshape_like": 1, "expand_like": 1, "slice_back": 1}
_RULES: dict[str, Callable[..., Shape | None]] = {
    "matmul": _product,
    STACK: lambda *parts: (len(parts), *parts[0]),
}
