"""Which array holds which register while a program runs, and when it may hold another."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from neurogebra.core.program import Instruction, Program
from neurogebra.engines.homes import Homes
from neurogebra.engines.kernels import IN_PLACE

Shape = tuple[int, ...]


class Buffers:
    """Hands out arrays for registers and takes them back when the last reader is done.

    given: input register → its array; targets: register → the array it must end in; pinned:
    registers that stay; shown: what some of these are other looks at. free: spare arrays by
    size, which programs may share that never run at the same time.
    """

    def __init__(
        self,
        program: Program,
        given: Mapping[int, Any],
        targets: Mapping[int, np.ndarray],
        pinned: Iterable[int],
        dtype: np.dtype[Any],
        free: dict[int, list[np.ndarray]] | None = None,
        shape_of: Callable[[int], Shape | None] = lambda register: None,
        shown: Iterable[int] = (),
    ) -> None:
        self.lines, self.dtype = program.lines, dtype
        self.targets, self.pinned = dict(targets), {*pinned, *targets}
        self.stays = {*self.pinned, *shown}
        self.given = {r: a for r, a in given.items() if isinstance(a, np.ndarray)}
        self.free = {} if free is None else free
        self.owned: dict[int, np.ndarray] = {}
        self.root: dict[int, int] = {}  # a view's register → the one that owns the numbers
        self.looks: dict[int, list[int]] = {}  # the other way round
        self.until: dict[int, int] = {}  # an owner → the last line that reads it or a look at it
        self.readers: dict[int, list[int]] = {}
        for place, line in enumerate(program.lines):
            for register in set(line.args):
                self.readers.setdefault(register, []).append(place)
        self.writes = {line.out: place for place, line in enumerate(program.lines)}
        self.early = dict(self._early())
        self.homes = Homes(program.lines, shape_of, self._room, self.stays)

    def owner(self, register: int) -> int:
        """Return the register that owns the numbers which `register` shows."""
        return self.root.get(register, register)

    def show(self, register: int, of: int) -> None:
        """Note that `register` is another look at the numbers of `of`."""
        self.root[register] = self.owner(of)
        owner = self.owner(of)
        self.looks.setdefault(owner, []).append(register)
        self.until[owner] = max(self._last(owner), self._last(register))

    def take(self, register: int, shape: Shape, *, apart: bool = False) -> np.ndarray:
        """Return an array of `shape` for a register: its target, or a spare one, or a new one.

        apart: its rows may lie apart, so that it can be a piece of a longer array.
        """
        target = self.targets.get(register, self.early.get(register))
        if target is not None and target.shape == shape and self.may_write(register, target):
            return target
        return self._room(register, shape, apart)

    def _room(self, register: int, shape: Shape, apart: bool = False) -> np.ndarray:
        """Return a piece of a longer array that a register is a part of, or an array for it."""
        piece = self.homes.piece(register, shape)
        if piece is not None and (apart or piece[0].flags.c_contiguous):
            self.show(register, piece[1])
            return piece[0]
        size = math.prod(shape)
        # What must stay gets memory of its own: programs that share spares run in between.
        flat = None if register in self.stays else self._spare(size, longest=2 * size)
        if flat is None:
            flat = np.empty(size, self.dtype)
        if register not in self.stays:
            self.owned[register] = flat
        return flat[:size].reshape(shape)

    def _spare(self, size: int, longest: int) -> np.ndarray | None:
        """Return the shortest spare array of `size` to `longest` numbers, if there is one."""
        fits = (n for n, spare in self.free.items() if spare and size <= n <= longest)
        best = size if self.free.get(size) else min(fits, default=None)
        return None if best is None else self.free[best].pop()

    def dies(self, register: int, place: int) -> bool:
        """Say whether nobody reads a register's own array after the line at `place`."""
        return register in self.owned and self._last(register) <= place

    def give_back(self, register: int) -> None:
        """Make a register's own array a spare one."""
        flat = self.owned.pop(register, None)
        if flat is not None:
            self.free.setdefault(flat.size, []).append(flat)

    def release(self, place: int, line: Instruction) -> None:
        """Give back what the line at `place` was the last to read."""
        for register in line.args:
            if self.dies(self.owner(register), place):
                self.give_back(self.owner(register))

    def feeds_only(self, owner: int, register: int) -> bool:
        """Say whether an owner's numbers are read as `register` and in no other way."""
        same = {owner, register}
        straight = all(self.lines[i].out in same for r in same for i in self.readers.get(r, ()))
        return straight and [r for r in self.pinned if self.owner(r) == owner] == [register]

    def _last(self, register: int) -> int:
        found = self.until.get(register)
        if found is None:
            own = self.readers.get(register, [-1])[-1]
            found = self.until[register] = len(self.lines) if register in self.pinned else own
        return found

    def may_write(self, register: int, target: np.ndarray) -> bool:
        """A target's old numbers may go once nobody reads them after the register's line.

        Only what is IN_PLACE may read them in that line itself.
        """
        first = self.writes[register] + self._in_place(register)
        for source, array in self.given.items():
            looks = [source, *self.looks.get(source, ())]
            later = any(i >= first for r in looks for i in self.readers.get(r, ()))
            asked = any(r in self.targets or r in self.pinned - {source} for r in looks)
            if (later or asked) and np.shares_memory(array, target):
                return False
        return True

    def _in_place(self, register: int) -> bool:
        return self.lines[self.writes[register]].op in IN_PLACE

    def _early(self) -> Iterable[tuple[int, np.ndarray]]:
        """Yield registers that only feed a target and may lie in its array already.

        Such is b₁·m on the way to the new m: written over the old m, nothing else is touched.
        """
        for register, target in self.targets.items():
            place = self.writes.get(register)
            if place is None or not self._in_place(register):
                continue
            for r in self.lines[place].args:
                if r in self.writes and self.readers.get(r) == [place] and r not in self.pinned:
                    yield r, target
                    break
