"""Where the parts of a longer array lie from the start, so that nobody has to put them there."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from neurogebra.core.program import Instruction
from neurogebra.engines.fuse import PLACE, RESHAPED, STACK
from neurogebra.ops import ALPHABET

Shape = tuple[int, ...]


class Home(NamedTuple):
    """The line that a register is a part of, and which of its parts."""

    line: Instruction
    place: int


class Homes:
    """Finds for a part the piece of the whole's array that it may be written into at once.

    shape_of(register) → the shape of a value that is known by now, or None; new(register,
    shape) → an array for a whole.
    """

    def __init__(
        self,
        lines: tuple[Instruction, ...],
        shape_of: Callable[[int], Shape | None],
        new: Callable[[int, Shape], np.ndarray],
        taken: set[int],
    ) -> None:
        self.shape_of, self.new = shape_of, new
        made = {line.out: line for line in lines}
        self.of: dict[int, Home] = {}
        self.wholes: dict[int, np.ndarray | None] = {}
        for line in lines:
            if line.op in (PLACE, STACK):
                parts = line.args[1:] if line.op == PLACE else line.args
                for index, part in enumerate(parts):
                    source = part
                    while source in made and made[source].op in RESHAPED:
                        source = made[source].args[0]
                    if source in made and source not in taken:
                        self.of.setdefault(source, Home(line, index))

    def piece(self, register: int, shape: Shape) -> tuple[np.ndarray, int] | None:
        """Return the piece for a register of `shape`, and the register of the whole."""
        home = self.of.get(register)
        if home is None:
            return None
        line = home.line
        if line.out not in self.wholes:
            self.wholes[line.out] = self._whole(line, shape)
        whole = self.wholes[line.out]
        if whole is None:
            return None
        piece = whole[home.place] if line.op == STACK else cut(whole, line, home.place)
        if piece.size != math.prod(shape):
            return None
        found = piece.reshape(shape)
        return (found, line.out) if np.shares_memory(found, whole) else None

    def _whole(self, line: Instruction, shape: Shape) -> np.ndarray | None:
        if line.op == STACK:
            return self.new(line.out, (len(line.args), *shape))
        like = self.shape_of(line.args[0])
        if like is None or (cover(like, line) != 1).any():
            return None
        return self.new(line.out, like)


def cut(whole: np.ndarray, line: Instruction, index: int) -> np.ndarray:
    """Return the piece of a whole where a PLACE line puts one of its parts, as a view."""
    found: np.ndarray = ALPHABET["slice"].value(whole, **dict(dict(line.attrs)["cuts"][index]))
    return found


def cover(shape: Shape, line: Instruction) -> np.ndarray:
    """Return how many parts of a PLACE line come to lie on each element, as far as 2 tell."""
    found = np.zeros(shape, np.int8)
    for index in range(len(line.args) - 1):
        piece = cut(found, line, index)
        np.minimum(piece + 1, 2, out=piece)
    return found
