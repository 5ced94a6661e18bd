"""How the NumPy engine computes each operation into an array that is already there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from neurogebra.engines import blas
from neurogebra.ops import ALPHABET
from neurogebra.ops.into import UFUNCS

Call = tuple[Callable[..., Any], tuple[Any, ...]]

SCALED_SUM = "scaled_sum"  # (x, y, a, b): b·y ± a·x, an operation of this engine only

# What may write over what it reads: an element is read before it is written.
IN_PLACE = frozenset({*UFUNCS, SCALED_SUM})

# What the recorder has a kernel for; the alphabet writes the others in these.
LOWERED = frozenset(
    name for name, op in ALPHABET.items() if op.lower is not None and name not in UFUNCS
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
            return partial(self.function, *self.args, out=self.out), ()
        if self.function is scale_and_add:
            a, x, b = self.args
            return blas.scaled_sum(a, x, b, self.out)
        if self.function is np.dot and self.args[0].ndim == 2:
            left, right = self.args
            faster = blas.product(left, right, self.out)
            if faster is not None:
                return faster
        return self.function, (*self.args, self.out)


def kernel(
    op: str, args: list[Any], attrs: dict[str, Any], out: np.ndarray
) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """Return function and args so that function(*args, out) is an operation without a ufunc."""
    a = args[0]
    if op == "matmul":  # dot is the shorter way to the same BLAS call
        return (np.dot if a.ndim == args[1].ndim == 2 else np.matmul), (a, args[1])
    if op == "sum_to" and a.ndim == 2 and out.ndim == 1 and a.shape[1] == out.shape[0]:
        op, attrs = "sum", {"axis": 0}
    if op == "sum" and a.ndim == 2 and attrs == {"axis": 0} and a.flags.c_contiguous:
        return np.dot, (np.ones(a.shape[0], out.dtype), a)  # BLAS sums columns fastest
    if op in _REDUCTIONS:
        keep = bool(attrs.get("keepdims", False))
        return _reduce, (_REDUCTIONS[op].reduce, a, attrs.get("axis"), keep)
    if op == "where":
        return _choose, (*args, np.empty(np.shape(a), np.bool_))
    return _assign, (ALPHABET[op].value, args, attrs)


_REDUCTIONS: dict[str, np.ufunc] = {"sum": np.add, "amax": np.maximum, "amin": np.minimum}


def _reduce(reduce: Any, a: np.ndarray, axis: Any, keep: bool, out: np.ndarray) -> None:
    reduce(a, axis, None, out, keep)


def copy(source: np.ndarray, out: np.ndarray) -> None:
    """Copy numbers in order, whatever the two shapes are."""
    np.copyto(out.reshape(source.shape), source)


def scale_and_add(a: Any, x: np.ndarray, b: Any, out: np.ndarray) -> None:
    """Make `out` the sum a·x + b·out; stands for `blas.scaled_sum` until it is replayed."""
    np.add(a * x, b * out, out)


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
