"""How the recorder writes down the lines that stand for many: see `fuse`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from neurogebra.core.program import Instruction
from neurogebra.engines.early import ROW
from neurogebra.engines.fuse import PLACE, PRODUCT, STACK
from neurogebra.engines.homes import cover, cut
from neurogebra.engines.kernels import copy
from neurogebra.ops import ALPHABET


class Unlike(Exception):
    """Arrays that were to lie in a row have different shapes: record the program as it was."""


def place(recorder: Any, line: Instruction, args: list[np.ndarray]) -> np.ndarray:
    """Write down how parts come to where they were cut, with zeros between them."""
    like, *parts = args
    buffers = recorder.buffers
    whole: np.ndarray | None = buffers.homes.wholes.get(line.out)
    if whole is None:
        whole = buffers.take(line.out, like.shape)
    covered = cover(like.shape, line)
    if (covered != 1).any():
        recorder.call(line.out, _clear, (), whole)
    for index, part in enumerate(parts):
        piece = cut(whole, line, index)
        if (covered > 1).any():
            recorder.call(line.out, np.add, (part, piece), piece)
        elif not lies_at(part, piece):
            recorder.call(line.out, np.positive, (part,), piece)
    recorder.writer.pop(line.out, None)
    return whole


def stack(recorder: Any, line: Instruction, args: list[np.ndarray]) -> np.ndarray:
    """Write down how arrays come to lie in a row; nothing where they lie so already."""
    if len({a.shape for a in args}) > 1:
        raise Unlike
    buffers = recorder.buffers
    whole: np.ndarray | None = buffers.homes.wholes.get(line.out)
    if whole is None or whole.shape[1:] != args[0].shape:
        row = in_a_row(args)
        owners = {buffers.owner(register) for register in line.args}
        if row is not None and len(owners) == 1:
            buffers.show(line.out, line.args[0])
            return row
        whole = buffers.take(line.out, (len(args), *args[0].shape))
    for piece, part in zip(whole, args, strict=True):
        if not lies_at(part, piece):
            recorder.call(line.out, np.positive, (part,), piece)
    recorder.writer.pop(line.out, None)
    return whole


def row(recorder: Any, line: Instruction, args: list[np.ndarray]) -> np.ndarray:
    """Return one of the arrays that lie in a row; there is nothing to call."""
    recorder.buffers.show(line.out, line.args[0])
    found: np.ndarray = args[0][dict(line.attrs)["index"]]
    return found


def product(recorder: Any, line: Instruction, args: list[np.ndarray]) -> np.ndarray:
    """Write down one product for all rows of rows: Σ aᵀ g, as `like`."""
    a, g, like = args
    fits = a.ndim == g.ndim and a.shape[:-1] == g.shape[:-1]
    out = recorder.buffers.take(line.out, like.shape)
    if not fits or like.shape != (a.shape[-1], g.shape[-1]):
        recorder.call(line.out, _assign, (ALPHABET["matmul_right"].value, a, g, like), out)
        return out  # type: ignore[no-any-return]
    left, right = (_rows(recorder, line, v) for v in (a, g))
    found: np.ndarray = recorder.call(line.out, np.dot, (left.T, right), out)
    return found


def _rows(recorder: Any, line: Instruction, v: np.ndarray) -> np.ndarray:
    """Return every row of an array below the other, in one block of memory."""
    shape = (math.prod(v.shape[:-1]), v.shape[-1])
    rows = v.reshape(shape)  # BLAS takes rows that lie by columns as well
    if v.flags.c_contiguous or (rows.flags.f_contiguous and np.may_share_memory(rows, v)):
        return rows
    spare = np.empty(v.shape, v.dtype)
    recorder.call(line.out, copy, (v,), spare)
    return spare.reshape(shape)


def in_a_row(parts: Sequence[np.ndarray]) -> np.ndarray | None:
    """Return arrays of one shape as one array, if that is how they lie in memory."""
    first = parts[0]
    at = [part.ctypes.data for part in parts]
    step = at[1] - at[0] if len(at) > 1 else first.nbytes
    blocks = all(part.flags.c_contiguous for part in parts) and first.nbytes == step
    if not blocks or any(b - a != step for a, b in pairwise(at)):
        return None
    strides = (step, *first.strides)
    return np.lib.stride_tricks.as_strided(first, (len(parts), *first.shape), strides)


def lies_at(part: np.ndarray, piece: np.ndarray) -> bool:
    """Say whether a part has been written into its piece already, in whatever shape."""
    same = part.size == piece.size and part.ctypes.data == piece.ctypes.data
    return same and part.strides[-1:] == piece.strides[-1:]


def matmul(recorder: Any, line: Instruction, args: list[np.ndarray]) -> np.ndarray | None:
    """Write down rows of rows times a matrix as one product; None for any other two."""
    a, b = args
    if a.ndim < 3 or b.ndim != 2:
        return None
    rows = _rows(recorder, line, a)
    out: np.ndarray = recorder.buffers.take(line.out, (*a.shape[:-1], b.shape[1]))
    recorder.call(line.out, np.dot, (rows, b), out.reshape(len(rows), b.shape[1]))
    recorder.writer.pop(line.out, None)
    return out


def sigmoid(recorder: Any, line: Instruction, args: list[np.ndarray]) -> np.ndarray:
    """Write down 1 / (1 + e^−x) in four passes; where e^−x overflows, the quotient is 0."""
    out: np.ndarray = recorder.buffers.take(line.out, args[0].shape, apart=True)
    recorder.call(line.out, np.negative, (args[0],), out)
    recorder.call(line.out, np.exp, (out,), out)
    recorder.call(line.out, np.add, (out, 1.0), out)
    recorder.call(line.out, np.true_divide, (1.0, out), out)
    recorder.writer.pop(line.out, None)
    return out


def logaddexp(recorder: Any, line: Instruction, args: list[np.ndarray]) -> np.ndarray:
    """Write down log(eᵃ + eᵇ) number by number; `share` asks for it where numbers are few."""
    out: np.ndarray = recorder.buffers.take(line.out, args[0].shape)
    return recorder.call(line.out, np.logaddexp, tuple(args), out)  # type: ignore[no-any-return]


def sum_to(recorder: Any, line: Instruction, args: list[np.ndarray]) -> np.ndarray | None:
    """Write down a sum over first axes, or over all but the middle one; None for any other."""
    a, like = args
    if a.ndim == 3 and like.shape == a.shape[1:]:
        out: np.ndarray = recorder.buffers.take(line.out, like.shape)
        recorder.call(line.out, np.add.reduce, (a, 0, None), out)
        return out
    if a.ndim == 3 and like.shape == (a.shape[1], 1) and a.flags.c_contiguous:
        rows = np.empty(a.shape[:2], a.dtype)
        flat = a.reshape(-1, a.shape[2])
        recorder.call(line.out, np.matmul, (flat, _ones(a, 2)), rows.reshape(-1))
        out = recorder.buffers.take(line.out, like.shape)
        recorder.call(line.out, np.dot, (_ones(a, 0), rows), out.reshape(-1))
        recorder.writer.pop(line.out, None)
        return out
    return None


def add(recorder: Any, line: Instruction, args: list[np.ndarray]) -> np.ndarray | None:
    """Write down one column added to all of many matrices; None for any other two."""
    x, column = sorted(args, key=np.ndim, reverse=True)
    if x.ndim != 3 or column.shape != (x.shape[1], 1) or not x.flags.c_contiguous:
        return None
    register = line.args[args[1] is x]
    if recorder.buffers.dies(register, recorder.buffers.writes[line.out]):
        recorder.buffers.give_back(register)
    out: np.ndarray = recorder.buffers.take(line.out, x.shape)
    wide = np.empty(x.shape[1:], x.dtype)  # rows that short are added slowly
    recorder.call(line.out, np.positive, (column,), wide)
    rows = (x.reshape(len(x), -1), wide.reshape(-1))
    recorder.call(line.out, np.add, rows, out.reshape(len(x), -1))
    recorder.writer.pop(line.out, None)
    return out


def concat(recorder: Any, line: Instruction, args: list[np.ndarray]) -> np.ndarray:
    """Write down how two arrays come to lie one behind the other."""
    axis = dict(line.attrs)["axis"]
    sizes = [a.shape[axis] for a in args]
    shape = list(args[0].shape)
    shape[axis] = sum(sizes)
    out: np.ndarray = recorder.buffers.take(line.out, tuple(shape))
    for part, piece in zip(args, np.split(out, sizes[:1], axis), strict=True):
        recorder.call(line.out, np.positive, (part,), piece)
    recorder.writer.pop(line.out, None)
    return out


def take_back(recorder: Any, line: Instruction, args: list[np.ndarray]) -> np.ndarray | None:
    """Write down what the rows of a table get from where they were taken; None along others."""
    g, index, like = args
    if dict(line.attrs).get("axis", 0) != 0 or not index.size:
        return None
    out: np.ndarray = recorder.buffers.take(line.out, like.shape)
    rows = g.reshape(index.size, *like.shape[1:])
    if not np.shares_memory(rows, g):
        return None
    recorder.call(line.out, _scatter, (rows, index), out)
    return out


def _scatter(g: np.ndarray, index: np.ndarray, out: np.ndarray) -> None:
    """Add each row of g to its row of `out`, number by number: NumPy is quickest so."""
    wide = g.size // len(g)
    rows = index.reshape(-1, 1).astype(np.intp) % len(out)
    out.fill(0)
    np.add.at(out.reshape(-1), (rows * wide + np.arange(wide)).reshape(-1), g.reshape(-1))


def _ones(like: np.ndarray, axis: int) -> np.ndarray:
    return np.ones(like.shape[axis], like.dtype)


def _assign(value: Callable[..., Any], a: Any, g: Any, like: Any, out: np.ndarray) -> None:
    out[...] = value(a, g, like)


def _clear(out: np.ndarray) -> None:
    out.fill(0)


LONG: dict[str, Callable[..., np.ndarray | None]] = {
    PLACE: place,
    STACK: stack,
    ROW: row,
    PRODUCT: product,
    "matmul": matmul,
    "sigmoid": sigmoid,
    "logaddexp": logaddexp,
    "sum_to": sum_to,
    "take_back": take_back,
    "concat": concat,
    "add": add,
}
