"""How the NumPy engine computes each operation into an array that is already there."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurogebra.engines import blas
from neurogebra.engines.image_kernels import OPERATIONS, image_kernel
from neurogebra.ops import ALPHABET
from neurogebra.ops.into import UFUNCS

Call = tuple[Callable[..., Any], tuple[Any, ...]]

# Operations of this engine only.
SCALED_SUM = "scaled_sum"  # (x, y, a, b): b·y ± a·x
MEAN = "mean_of_all"  # (x,): the mean of every number of x

COMPARISONS = frozenset({"greater", "greater_equal", "equal"})

# What may write over what it reads: an element is read before it is written.
IN_PLACE = frozenset({*UFUNCS, SCALED_SUM})

# What the recorder has a kernel for; the alphabet writes the others in these.
LOWERED = frozenset(
    name
    for name, op in ALPHABET.items()
    if op.lower is not None and name not in {*UFUNCS, *OPERATIONS, "sigmoid"}
)


@dataclass
class Entry:
    """One call before it is settled where it writes: function(*args, out)."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    out: np.ndarray

    def call(self) -> Call:
        """Return the call as it is replayed."""
        if self.function in (np.maximum, np.minimum):  # these take `out` by keyword only
            args, out = by_rows_of_numbers(self.args, self.out)
            return _of_both, (self.function, *_cells(args, out.dtype), out)
        if self.function is copy and self.args[0].shape == self.out.shape:
            return self.out.__setitem__, (..., self.args[0])
        if self.function is np.power and type(self.args[1]) is int and self.args[1] == 2:
            return np.square, (self.args[0], self.out)
        if self.function is scale_and_add:
            a, x, b = self.args
            return blas.scaled_sum(a, x, b, self.out)
        if self.function is np.dot and self.args[0].ndim == 2:
            left, right = self.args
            faster = blas.product(left, right, self.out)
            if faster is not None:
                return faster
        if self.function is np.dot:  # an array's own method is the shorter way to it
            return self.args[0].dot, (self.args[1], self.out)
        if isinstance(self.function, np.ufunc):
            return self.function, (*_cells(self.args, self.out.dtype), self.out)
        return self.function, (*self.args, self.out)


def _of_both(function: np.ufunc, a: Any, b: Any, out: np.ndarray) -> None:
    function(a, b, out=out)


def _cells(args: tuple[Any, ...], dtype: np.dtype[Any]) -> tuple[Any, ...]:
    """Return Python numbers as arrays (): a ufunc takes a microsecond to make one at each call."""
    return tuple(np.asarray(a, dtype) if type(a) in (int, float) else a for a in args)


def kernel(
    op: str, args: list[Any], attrs: dict[str, Any], out: np.ndarray
) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """Return function and args so that function(*args, out) is an operation without a ufunc."""
    found = image_kernel(op, args, attrs, out)
    if found is not None:
        return found
    a = args[0]
    if op == MEAN and a.flags.c_contiguous:
        return a.reshape(-1).dot, (np.full(a.size, 1 / a.size, out.dtype),)
    if op == MEAN:
        return _mean, (a,)
    if op == "matmul":  # dot is the shorter way to the same BLAS call
        return (np.dot if a.ndim == args[1].ndim == 2 else np.matmul), (a, args[1])
    if _sums_rows(op, a, attrs, out):  # BLAS sums columns fastest
        rows = a.reshape(-1, a.shape[-1])
        return np.dot, (np.ones(len(rows), out.dtype), rows)
    if op == "sum_to" and _only_sums(a.shape, out.shape):
        return _sum_to, (a, _summed_axes(a.shape, out.shape))
    if op in _REDUCTIONS:
        keep = bool(attrs.get("keepdims", False))
        return _reduce, (_REDUCTIONS[op].reduce, a, attrs.get("axis"), keep)
    if op == "step":
        return _step, (a,)
    if op == "where":
        return _choose, (*args, np.empty(np.shape(a), np.bool_))
    return _assign, (ALPHABET[op].value, args, attrs)


def _sums_rows(op: str, a: np.ndarray, attrs: dict[str, Any], out: np.ndarray) -> bool:
    """Say whether an operation leaves nothing but the last axis of rows that lie in order."""
    if not a.flags.c_contiguous or a.ndim < 2 or a.shape[-1:] != out.shape:
        return False
    if op == "sum":
        axis = attrs.get("axis")
        axes = axis if isinstance(axis, tuple) else (axis,)
        return not attrs.get("keepdims") and sorted(axes) == list(range(a.ndim - 1))
    return op == "sum_to"


# Rows shorter than this are repeated, so that NumPy adds more than a few numbers at a time.
SHORT_ROW, LONG_ROW, MANY_ROWS = 128, 512, 64
# Numbers up to which a bias, or a number to compare with, is written out for every element.
WHOLE = 1 << 12


def by_longer_rows(args: list[Any], out: np.ndarray) -> tuple[Any, ...] | None:
    """Return (row, room for it repeated, x, whether the row comes first, out), by longer rows.

    args: x of shape (…, n) and a row (n,), in any order. NumPy starts anew for each row of such
    a sum, which for a bias of 16 numbers takes four times as long as the sum itself. None where
    there is nothing to gain, or a number would have to move.
    """
    n = out.shape[-1] if out.ndim > 1 else 0
    if n == 0:
        return None
    first = [isinstance(a, np.ndarray) and a.shape == (n,) for a in args]
    if len(args) != 2 or sum(first) != 1 or n >= SHORT_ROW or out.size < MANY_ROWS * n:
        return None
    row, x = args if first[0] else args[::-1]
    whole = isinstance(x, np.ndarray) and x.shape == out.shape and x.flags.c_contiguous
    if not whole or not out.flags.c_contiguous:
        return None
    rows = out.size // n
    times = next((t for t in range(LONG_ROW // n, 1, -1) if rows % t == 0), 0)
    if not times:
        return None
    shape = (rows // times, times * n)
    room = np.empty((times, n), out.dtype)
    return row, room, x.reshape(shape), first[0], out.reshape(shape)


def by_every_row(args: list[Any], out: np.ndarray) -> tuple[int, np.ndarray, np.ndarray] | None:
    """Return (place of the row, a column of ones, the row as a matrix) of a short row and a matrix.

    args: a row (n,) and x of the shape of `out`, a small matrix. The product of column and row
    is what NumPy would broadcast, at a third of the time. None where there is nothing to gain.
    """
    n = out.shape[-1] if out.ndim == 2 else 0
    places = [i for i, a in enumerate(args) if isinstance(a, np.ndarray) and a.shape == (n,)]
    if not 1 < n < SHORT_ROW or out.size > WHOLE or len(args) != 2 or len(places) != 1:
        return None
    x = args[1 - places[0]]
    if not (isinstance(x, np.ndarray) and x.shape == out.shape and len(out) > 1):
        return None
    return places[0], np.ones((len(out), 1), out.dtype), args[places[0]].reshape(1, n)


def by_rows_of_numbers(
    args: tuple[Any, ...], out: np.ndarray
) -> tuple[tuple[Any, ...], np.ndarray]:
    """Return the same with a row in the place of a number: NumPy compares that twice as fast."""
    arrays = [a for a in args if isinstance(a, np.ndarray)]
    alike = len(arrays) == 1 and arrays[0].shape == out.shape and arrays[0].flags.c_contiguous
    n = out.size if out.size <= WHOLE else math.gcd(out.size, WHOLE)
    if not alike or not out.flags.c_contiguous or n < SHORT_ROW:
        return args, out
    shape = (n,) if n == out.size else (-1, n)  # what need not be broadcast begins at once
    rows = (a.reshape(shape) if isinstance(a, np.ndarray) else _row_of(a, n, out) for a in args)
    return tuple(rows), out.reshape(shape)


def _row_of(number: Any, n: int, out: np.ndarray) -> np.ndarray:
    return np.full(n, number, out.dtype)


def with_row(
    ufunc: Any, row: np.ndarray, room: np.ndarray, x: np.ndarray, first: bool, out: np.ndarray
) -> None:
    """Compute ufunc(x, row), or ufunc(row, x) where the row comes first, on longer rows."""
    np.copyto(room, row)
    if first:
        ufunc(room.reshape(-1), x, out=out)
    else:
        ufunc(x, room.reshape(-1), out=out)


_REDUCTIONS: dict[str, np.ufunc] = {"sum": np.add, "amax": np.maximum, "amin": np.minimum}


def _reduce(reduce: Any, a: np.ndarray, axis: Any, keep: bool, out: np.ndarray) -> None:
    reduce(a, axis, None, out, keep)


def _mean(a: np.ndarray, out: np.ndarray) -> None:
    np.add.reduce(a, axis=None, out=out)
    np.divide(out, a.size, out)


def _only_sums(have: tuple[int, ...], want: tuple[int, ...]) -> bool:
    """Say whether an array of one shape is summed to another, and broadcast along no axis."""
    pairs = zip(have[::-1], want[::-1], strict=False)
    return len(have) >= len(want) and all(m in (1, n) for n, m in pairs)


def _summed_axes(have: tuple[int, ...], want: tuple[int, ...]) -> tuple[int, ...]:
    lead = len(have) - len(want)
    return tuple(i for i, n in enumerate(have) if i < lead or want[i - lead] != n)


def _sum_to(a: np.ndarray, axes: tuple[int, ...], out: np.ndarray) -> None:
    whole = out.reshape((1,) * (a.ndim - out.ndim) + out.shape)
    _reduce(np.add.reduce, a, axes, True, whole)


def copy(source: np.ndarray, out: np.ndarray) -> None:
    """Copy numbers in order, whatever the two shapes are."""
    np.copyto(out.reshape(source.shape), source)


def scale_and_add(a: Any, x: np.ndarray, b: Any, out: np.ndarray) -> None:
    """Make `out` the sum a·x + b·out; stands for `blas.scaled_sum` until it is replayed."""
    np.add(a * x, b * out, out)


def _step(x: np.ndarray, out: np.ndarray) -> None:
    np.sign(x, out)
    np.maximum(out, 0, out=out)


def _choose(condition: Any, a: Any, b: Any, chosen: np.ndarray, out: np.ndarray) -> None:
    np.not_equal(condition, 0, chosen)
    np.copyto(out, b)
    np.copyto(out, a, where=chosen)


def _assign(value: Callable[..., Any], args: list[Any], attrs: Any, out: np.ndarray) -> None:
    out[...] = value(*args, **attrs)


def draw_into(rng: np.random.Generator, draws: np.ndarray, out: np.ndarray) -> None:
    """Draw uniform numbers in float64, for every dtype and engine the same, and cast them."""
    rng.random(out=draws)
    np.copyto(out, draws, casting="same_kind")
