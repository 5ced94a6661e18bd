"""A program recorded once on arrays of known shape, replayed into buffers that it owns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from neurogebra.core.program import Instruction, Program
from neurogebra.engines.buffers import Buffers
from neurogebra.engines.image_kernels import columns_first, shape_of
from neurogebra.engines.inner import INNERS
from neurogebra.engines.kernels import (
    COMPARISONS,
    MEAN,
    SCALED_SUM,
    Call,
    Entry,
    by_every_row,
    by_longer_rows,
    copy,
    draw_into,
    kernel,
    scale_and_add,
    with_row,
)
from neurogebra.engines.long import LONG
from neurogebra.engines.lstm import CELLS
from neurogebra.engines.pools import POOLS
from neurogebra.ops import ALPHABET
from neurogebra.ops.into import UFUNCS
from neurogebra.ops.record import ELEMENTWISE

# Operations whose value is another look at the same numbers.
VIEWS = frozenset(
    {"transpose", "flatten", "reshape_like", "expand_like", "slice", "permute", "expand_dims"}
    | {"squeeze", "reshape", "part_like", "windows"}
)

# Lines about images and sequences that take notes or rooms of their own.
NOTING = {**POOLS, **INNERS, **CELLS}

UNIFORM = "uniform"  # (like, index): fresh numbers of the shape of `like`


@dataclass(frozen=True, slots=True)
class Uniform:
    """A number that stands for a whole array of `shape` filled with it."""

    value: Any
    shape: tuple[int, ...]


@dataclass
class Replay:
    """The recorded calls, to be made in order, and the arrays that hold the results.

    entries: what the calls were made of; calls that go to MKL know only addresses, so somebody
    must keep the arrays that lie there.
    """

    calls: list[Call] = field(default_factory=list)
    arrays: dict[int, Any] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)

    def run(self) -> None:
        """Make every call; no array is made."""
        for function, args in self.calls:
            function(*args)


class Recorder:
    """Walks a program once, on the arrays given for its inputs, and writes down calls.

    given: input name → array (a buffer that the caller fills before each run) or number.
    targets: register → array that must hold it after each run; outputs stay until the next
    run. rng: for programs that draw; free: spare arrays, see Buffers.
    """

    def __init__(
        self,
        program: Program,
        given: Mapping[str, Any],
        dtype: np.dtype[Any],
        targets: Mapping[int, np.ndarray] | None = None,
        rng: np.random.Generator | None = None,
        free: dict[int, list[np.ndarray]] | None = None,
    ) -> None:
        self.program, self.dtype, self.rng = program, dtype, rng
        inputs = {register: given[name] for register, name in program.inputs.items()}
        self.values: dict[int, Any] = {**program.numbers, **inputs}
        pinned = (*program.outputs, *program.inputs)
        self.buffers = Buffers(
            program, inputs, targets or {}, pinned, dtype, free, self._known_shape,
            _shown(program, targets or {}),
        )  # fmt: skip
        self.notes: dict[int, Any] = {}  # see `pools` and `lstm`
        self.entries: list[Entry] = []
        self.truths: dict[int, np.ndarray] = {}  # what comparisons find, by size
        self.writer: dict[int, Entry] = {}  # a register → the entry that writes its numbers

    def record(self) -> Replay:
        """Return the replay; `arrays` holds those of the outputs and targets."""
        with np.errstate(all="ignore"):
            for place, line in enumerate(self.program.lines):
                self.values[line.out] = self._line(place, line)
                self.buffers.release(place, line)
            saved = _save(self)
            for register, target in self.buffers.targets.items():
                if register in saved:
                    self.call(register, copy, (saved[register],), target)
                    self.values[register] = target
                else:
                    self._settle(register, target)
        for register in list(self.buffers.owned):
            self.buffers.give_back(register)
        arrays = {r: self._array(self.values[r]) for r in self.buffers.pinned}
        return Replay([entry.call() for entry in self.entries], arrays, self.entries)

    def _line(self, place: int, line: Instruction) -> Any:
        args = [self.values[a] for a in line.args]
        attrs = dict(line.attrs)
        if line.op == "size" or all(_is_host(a) for a in args):
            return _known_now(line.op, args, attrs)
        if line.op in VIEWS or (line.op == "sum_to" and np.shape(args[0]) == _shape(args[1])):
            return self._view(line, args, attrs)
        if line.op == UNIFORM:
            return self._draw(line, args)
        if line.op == SCALED_SUM:
            return _scaled_sum(self, line, args, attrs)
        if line.op in NOTING:
            return NOTING[line.op](self, line, [self._array(a) for a in args])
        if line.op in LONG:
            found = LONG[line.op](self, line, [self._array(a) for a in args])
            if found is not None:
                return found
        if line.op in UFUNCS:
            return self._ufunc(place, line, args)
        return self._kernel(line, args, attrs)

    def _view(self, line: Instruction, args: list[Any], attrs: dict[str, Any]) -> Any:
        source = self._array(args[0])
        if line.op == "sum_to":
            result = source
        else:
            like = [np.empty(_shape(a), np.bool_) for a in args[1:]]
            result = ALPHABET[line.op].value(source, *like, **attrs)
        if not np.may_share_memory(result, source):  # a reshape that had to copy
            out = self.buffers.take(line.out, result.shape)
            self.call(line.out, copy, (source,), out)
            return out
        self.buffers.show(line.out, line.args[0])
        return result

    def _draw(self, line: Instruction, args: list[Any]) -> np.ndarray:
        assert self.rng is not None, "a program that draws needs a generator"  # noqa: S101
        out = self.buffers.take(line.out, _shape(args[0]))
        self.entries.append(Entry(draw_into, (self.rng, np.empty(out.shape)), out))
        out[...] = 0.5  # recording must not move the run's stream
        return out

    def _ufunc(self, place: int, line: Instruction, args: list[Any]) -> np.ndarray:
        shape = np.broadcast_shapes(*(_shape(a) for a in args))
        arrays = [_operand(a, args, shape, self.dtype) for a in args]
        for register in dict.fromkeys(line.args):
            if self.buffers.dies(register, place) and _shape(self.values[register]) == shape:
                self.buffers.give_back(register)  # an elementwise result may take its place
        out = self.buffers.take(line.out, shape, apart=True)
        if line.op in COMPARISONS:
            return _comparison(self, line, arrays, out)
        arrays = [_as_number(a) if np.size(a) < out.size else a for a in arrays]
        every = by_every_row(arrays, out)
        if every is not None:
            place, ones, row = every
            arrays[place] = self.call(line.out, np.dot, (ones, row), np.empty(shape, self.dtype))
        longer = None if every is not None else by_longer_rows(arrays, out)
        if longer is None:
            return self.call(line.out, UFUNCS[line.op], tuple(arrays), out)
        self.call(line.out, with_row, (UFUNCS[line.op], *longer[:-1]), longer[-1])
        return out

    def _kernel(self, line: Instruction, args: list[Any], attrs: dict[str, Any]) -> np.ndarray:
        arrays = [self._array(a) for a in args]
        shape = () if line.op == MEAN else shape_of(line.op, arrays, attrs)
        if shape is None:
            shape = np.shape(ALPHABET[line.op].value(*arrays, **attrs))
        if columns_first(line.op, arrays[0]):
            out = np.moveaxis(self.buffers.take(line.out, (shape[-1], *shape[:-1])), 0, -1)
        else:
            out = self.buffers.take(line.out, shape)
        function, call_args = kernel(line.op, arrays, attrs, out)
        return self.call(line.out, function, call_args, out)

    def _known_shape(self, register: int) -> tuple[int, ...] | None:
        return _shape(self.values[register]) if register in self.values else None

    def call(
        self, register: int, function: Callable[..., Any], args: tuple[Any, ...], out: np.ndarray
    ) -> np.ndarray:
        """Make a call that writes `out` and note it, for the register that it belongs to."""
        entry = Entry(function, args, out)
        run, run_args = entry.call()
        run(*run_args)
        self.entries.append(entry)
        self.writer[register] = entry
        return out

    def _array(self, value: Any) -> np.ndarray:
        return _filled(value, self.dtype)

    def _settle(self, register: int, target: np.ndarray) -> None:
        """Make sure that `target` holds a register: written there at once, or copied."""
        value = self._array(self.values[register])
        if _same_memory(value, target):
            return
        owner = self.buffers.owner(register)
        entry = self.writer.get(owner)
        straight = value.flags.c_contiguous and entry is not None and value.size == entry.out.size
        alone = straight and self.buffers.feeds_only(owner, register)
        if entry is not None and alone and self.buffers.may_write(owner, target):
            np.copyto(target, value)
            entry.out = target.reshape(entry.out.shape)
        else:
            self.call(register, copy, (value,), target)
        self.values[register] = target


def _shown(program: Program, targets: Mapping[int, np.ndarray]) -> set[int]:
    """Return the registers whose numbers an output shows that is no more than a look at them."""
    found = set(program.outputs) - set(targets)
    for line in reversed(program.lines):
        if line.out in found and line.op in (*VIEWS, "sum_to"):
            found.add(line.args[0])
    return found


def _save(recorder: Recorder) -> dict[int, np.ndarray]:
    """Copy what lies in the array of another target before that is written."""
    targets = recorder.buffers.targets
    saved = {}
    for register, target in targets.items():
        value = recorder._array(recorder.values[register])
        others = (other for other in targets.values() if other is not target)
        if any(np.shares_memory(value, other) for other in others):
            spare = np.empty(value.shape, recorder.dtype)
            saved[register] = recorder.call(register, copy, (value,), spare)
    return saved


def _comparison(
    recorder: Recorder, line: Instruction, args: list[Any], out: np.ndarray
) -> np.ndarray:
    """Compare into truths and make numbers of them: in one call NumPy takes twice as long."""
    truths = recorder.truths.setdefault(out.size, np.empty(out.size, np.bool_)).reshape(out.shape)
    numbers = tuple(a if isinstance(a, np.ndarray) else np.asarray(a, out.dtype) for a in args)
    recorder.call(line.out, UFUNCS[line.op], numbers, truths)
    return recorder.call(line.out, copy, (truths,), out)


def _scaled_sum(
    recorder: Recorder, line: Instruction, args: list[Any], attrs: dict[str, Any]
) -> np.ndarray:
    out = recorder.buffers.take(line.out, args[1].shape)
    pairs = [(_signed(recorder, args[2], attrs["negative"]), args[0]), (args[3], args[1])]
    if _same_memory(out, args[0]):
        pairs.reverse()
    (a, x), (b, y) = pairs
    if not _same_memory(out, y):
        recorder.call(line.out, copy, (y,), out)
    return recorder.call(line.out, scale_and_add, (a, x, b), out)


def _signed(recorder: Recorder, scalar: Any, negative: bool) -> Any:
    """Return a scalar or its negative; of one that changes, a cell that follows it."""
    if not negative or not isinstance(scalar, np.ndarray):
        return -scalar if negative else scalar
    cell = np.negative(scalar)[...]
    recorder.entries.append(Entry(np.negative, (scalar,), cell))
    return cell


def _operand(a: Any, args: list[Any], shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
    """A filled array is passed as its number where the others give the shape."""
    if not isinstance(a, Uniform):
        return a
    others = np.broadcast_shapes(*(_shape(o) for o in args if o is not a))
    return a.value if others == shape else _filled(a, dtype)


def _as_number(value: Any) -> Any:
    """Return an array of one number without its axes: NumPy broadcasts that the fastest."""
    alone = isinstance(value, np.ndarray) and value.size == 1
    return value.reshape(()) if alone else value


def _filled(value: Any, dtype: np.dtype[Any]) -> np.ndarray:
    if isinstance(value, np.ndarray):
        return value
    return np.broadcast_to(np.asarray(_number(value), dtype), _shape(value))


def _known_now(op: str, args: list[Any], attrs: dict[str, Any]) -> Any:
    """Numbers known now are computed now; a filled array stays one number."""
    if op == "size":
        return ALPHABET[op].value(np.empty(_shape(args[0]), np.bool_), **attrs)
    if op in ("expand_like", "sum_to", "reshape_like"):
        full = np.broadcast_to(np.float64(_number(args[0])), _shape(args[0]))
        result = ALPHABET[op].value(full, np.empty(_shape(args[1]), np.bool_), **attrs)
        return Uniform(float(result.flat[0]), result.shape)
    shape = np.broadcast_shapes(*(_shape(a) for a in args))
    scalar = ALPHABET[op].scalar
    if ALPHABET[op].kind != ELEMENTWISE or scalar is None:
        return ALPHABET[op].value(*(np.full(_shape(a), _number(a)) for a in args), **attrs)
    value = scalar(*(_number(a) for a in args))
    return Uniform(value, shape) if shape else value


def _same_memory(a: np.ndarray, b: np.ndarray) -> bool:
    return a.ctypes.data == b.ctypes.data and a.shape == b.shape and a.strides == b.strides


def _is_host(value: Any) -> bool:
    return not isinstance(value, np.ndarray)


def _number(value: Any) -> Any:
    return value.value if isinstance(value, Uniform) else value


def _shape(value: Any) -> tuple[int, ...]:
    return value.shape if isinstance(value, (Uniform, np.ndarray)) else ()
