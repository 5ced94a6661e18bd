"""Large arrays piece by piece: each piece stays in the cache, the pieces share the cores."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from neurogebra.core.block_plan import REDUCED, Line, Pass, Plan, plan
from neurogebra.core.program import Instruction
from neurogebra.core.tree import Node
from neurogebra.ops import ALPHABET
from neurogebra.ops.into import into

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

# Elements from which pieces pay, and elements a piece: long enough that a thread seldom asks
# for the interpreter, short enough that what is between two operations stays in the cache.
LARGE = 1 << 17
PIECE = 1 << 16
MOST_THREADS = 8
_BETWEEN = frozenset({"maximum", "minimum"})
_KEPT = 6  # arrays of a piece that a thread keeps between two evaluations

_FLOATS = (np.dtype(np.float64), np.dtype(np.float32))


def evaluate(root: Node, names: tuple[str, ...], values: Sequence[Any]) -> Any:
    """Return the value of a formula of large arrays; None where it is not one for pieces.

    It is one where every array is of the same shape and float dtype, lies in memory without
    gaps, and the formula has only elementwise operations and reductions of everything.
    """
    arrays = [v for v in values if type(v) not in (int, float)]
    like = arrays[0]
    if like.size < LARGE or like.dtype not in _FLOATS:
        return None
    for a in arrays:
        if a.shape != like.shape or a.dtype != like.dtype or not a.flags.c_contiguous:
            return None
    many = tuple(n for n, v in zip(names, values, strict=True) if type(v) not in (int, float))
    found = plan(root, many)
    if found is None:
        return None
    return _Run(found, dict(zip(names, values, strict=True)), like).value()


@lru_cache(maxsize=1)
def threads() -> int:
    """Return how many threads to use: one a core that this process may use, eight at most.

    OMP_NUM_THREADS, which NumPy's own products obey, bounds them further.
    """
    allowed = os.environ.get("OMP_NUM_THREADS", "")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    most = min(cores or 1, MOST_THREADS)
    return min(most, int(allowed)) if allowed.isdigit() and int(allowed) else most


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    from concurrent.futures import ThreadPoolExecutor  # costs a tenth of NumPy's own import

    return ThreadPoolExecutor(MOST_THREADS, "neurogebra")


if hasattr(os, "register_at_fork"):  # a child has the pool but none of its threads
    os.register_at_fork(after_in_child=_pool.cache_clear)


@dataclass
class _Shared:
    """What the threads of one pass share: the pieces still to do, and whether one has failed."""

    starts: Iterator[int]
    failed: bool = False


class _Run:
    """One evaluation: numbers by row, arrays flat."""

    def __init__(self, found: Plan, given: Mapping[str, Any], like: np.ndarray) -> None:
        self.plan, self.like, self.dtype = found, like, like.dtype
        self.numbers: dict[int, Any] = dict(found.numbers)
        self.flat: dict[int, np.ndarray] = {}
        for row, name in found.inputs.items():
            value = given[name]
            if type(value) in (int, float):
                self.numbers[row] = value
            else:
                self.flat[row] = value.reshape(-1)

    def value(self) -> Any:
        """Make the passes, one after the other, and return the formula's value."""
        out: np.ndarray | None = None
        for step in self.plan.passes:
            self._count(step.scalars)
            if step.result is not None:
                out = np.empty(self.like.size, self.dtype)
            for row, parts in self._pass(step, out).items():
                self.numbers[row] = _joined(step.reduced[row], parts)
        if out is not None:
            return out.reshape(self.like.shape)
        self._count(self.plan.last)
        found = self.numbers[self.plan.output]
        if self.plan.spread:
            return np.full(self.like.shape, found, self.dtype)
        return self.dtype.type(found)

    def _count(self, lines: Sequence[Instruction]) -> None:
        """Compute what depends on numbers only, in Python's."""
        for line in lines:
            if line.op == "size":
                self.numbers[line.out] = self.like.size
            elif line.op == "same":
                self.numbers[line.out] = self.numbers[line.args[0]]
            else:
                kernel = ALPHABET[line.op].scalar or ALPHABET[line.op].value
                self.numbers[line.out] = kernel(*(self.numbers[a] for a in line.args))

    def _pass(self, step: Pass, out: np.ndarray | None) -> dict[int, list[Any]]:
        """Run the pieces of one pass over the threads; return the reductions piece by piece."""
        starts = range(0, self.like.size, PIECE)
        partial = {row: [0.0] * len(starts) for row in step.reduced}
        shared, lock = _Shared(iter(starts)), threading.Lock()

        def work() -> None:
            whole = False
            try:
                with np.errstate(all="ignore"):
                    _Worker(self, step, out, partial).run(shared, lock)
                whole = True
            finally:
                shared.failed |= not whole

        helpers = [_pool().submit(work) for _ in range(min(threads(), len(starts)) - 1)]
        try:
            work()
        finally:
            failures = [h.exception() for h in helpers]
        for failure in filter(None, failures):
            raise failure
        return partial


def _joined(op: str, parts: Sequence[float]) -> float:
    """Join what the pieces gave; the order in which threads took them changes nothing."""
    if op in ("sum", "sum_of_products"):
        return math.fsum(parts) if all(map(math.isfinite, parts)) else float(np.sum(parts))
    return float(REDUCED[op](parts))


def _aligned(dtype: np.dtype[Any]) -> np.ndarray:
    """Return an array of a piece that begins with a line of the cache: a fifth faster."""
    whole = np.empty(PIECE * dtype.itemsize + 64, np.uint8)
    return whole[-whole.ctypes.data % 64 :][: PIECE * dtype.itemsize].view(dtype)


class _Spare(threading.local):
    """Arrays of a piece that a thread keeps: new ones cost it more than what it computes there."""

    def __init__(self) -> None:
        self.rows: list[np.ndarray] = []

    def take(self, count: int, dtype: np.dtype[Any]) -> list[np.ndarray]:
        """Return arrays for one worker; the thread has no other at the time."""
        if self.rows and self.rows[0].size != PIECE:
            self.rows = []
        while len(self.rows) < min(count, _KEPT):
            self.rows.append(_aligned(np.dtype(np.float64)))
        kept = [row.view(dtype)[:PIECE] for row in self.rows[:count]]
        return kept + [_aligned(dtype) for _ in range(count - len(kept))]


_SPARE = _Spare()


class _Worker:
    """One thread's buffers, and the walk over its pieces."""

    def __init__(
        self, run: _Run, step: Pass, out: np.ndarray | None, partial: dict[int, list[float]]
    ) -> None:
        self.flat, self.step, self.out, self.partial = run.flat, step, out, partial
        self.size = run.like.size
        self.held: dict[int | None, Any] = dict(run.numbers.items())
        bounds = self._bounds()
        spare = _SPARE.take(step.buffers + len(bounds), run.dtype)
        self.buffers = spare[: step.buffers]
        self.bounds = {~row: a for row, a in zip(bounds, spare[step.buffers :], strict=True)}
        for row, array in self.bounds.items():  # filled here once; ~row is no row of the plan
            array.fill(self.held[~row])
        self.masks = [np.empty(PIECE, np.bool_) for _ in range(step.masks)]
        self.calls = [(into(line.op), self._arguments(line), line.row) for line in step.lines]
        self._lay(PIECE)

    def _bounds(self) -> list[int]:
        """Return the rows of numbers that arrays are compared with."""
        lines = (line for line in self.step.lines if line.op in _BETWEEN)
        rows = {row for line in lines for row in line.args}
        return [row for row in sorted(rows) if type(self.held.get(row)) in (int, float)]

    def _arguments(self, line: Line) -> tuple[int, ...]:
        """Return the rows a line reads; a bound is one that is an array.

        NumPy compares two arrays three times as fast as an array with a number.
        """
        if line.op not in _BETWEEN:
            return line.args
        return tuple(~row if ~row in self.bounds else row for row in line.args)

    def run(self, shared: _Shared, lock: threading.Lock) -> None:
        """Take pieces until there are none, or until another thread has failed."""
        while not shared.failed:
            with lock:
                start = next(shared.starts, None)
            if start is None:
                return
            if start + PIECE > self.size:
                self._lay(self.size - start)
            self._piece(start, min(start + PIECE, self.size))

    def _lay(self, length: int) -> None:
        """Give every line the array it writes into, of a piece's length."""
        for line in self.step.lines:
            if line.buffer is not None:
                spare = self.masks if line.is_mask else self.buffers
                self.held[line.row] = spare[line.buffer][:length]
        for row, bound in self.bounds.items():
            self.held[row] = bound[:length]

    def _piece(self, start: int, stop: int) -> None:
        held = self.held
        for row, flat in self.flat.items():
            held[row] = flat[start:stop]
        if self.out is not None:
            target = self.out[start:stop]
            if not self.calls:  # the formula is one of its inputs
                target[...] = held[self.step.result]
            held[self.step.result] = target
        for function, args, row in self.calls:
            function(*[held[a] for a in args], held[row])
        for row, op in self.step.reduced.items():
            reduced = REDUCED[op](*[held[a] for a in self.step.sources[row]])
            self.partial[row][start // PIECE] = float(reduced)
