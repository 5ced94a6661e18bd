"""Operations written into arrays that are already there, in as few passes as NumPy allows."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from neurogebra.ops import kernels
from neurogebra.ops.alphabet import ALPHABET

Array = np.ndarray[Any, Any]
Into = Callable[..., Any]  # f(*arrays or numbers, array to write into)

# Below this e^−x overflows, though 1 / (1 + e^−x) is still a number.
_SIGMOID_END = {np.dtype(np.float64): -708.0, np.dtype(np.float32): -87.0}


def sigmoid(x: Array, out: Array) -> None:
    """Write 1 / (1 + e^−x); may write over x."""
    if not np.min(x) > _SIGMOID_END[out.dtype]:  # also where there is a NaN
        out[...] = kernels.sigmoid(x)
        return
    np.negative(x, out)
    np.exp(out, out)
    out += 1
    np.divide(1.0, out, out)


def relu(x: Array, out: Array) -> None:
    """Write max(x, 0); `out` is not x."""
    maximum(x, 0.0, out)


def maximum(a: Any, b: Any, out: Array) -> None:
    """Write the larger of two, one of which may be a number; `out` is none of them."""
    _extreme(np.maximum, a, b, out)


def minimum(a: Any, b: Any, out: Array) -> None:
    """Write the smaller of two, one of which may be a number; `out` is none of them."""
    _extreme(np.minimum, a, b, out)


def _extreme(better: Any, a: Any, b: Any, out: Array) -> None:
    """NumPy compares two arrays twice as fast as an array with a number."""
    if np.ndim(a) and np.ndim(b):
        better(a, b, out=out)
    else:
        x, bound = (a, b) if np.ndim(a) else (b, a)
        out.fill(bound)
        better(x, out, out=out)


def power(a: Any, b: Any, out: Array) -> None:
    """Write a to the power b; may write over both."""
    if type(b) in (int, float) and b == 2:
        np.multiply(a, a, out)
    else:
        np.power(a, b, out)


def where(c: Any, a: Any, b: Any, out: Array) -> None:
    """Write a where c is not 0, b elsewhere; `out` is none of them.

    Bits are masked instead of branched on: a branch that cannot be foretold costs a processor
    five times as much.
    """
    bits = np.dtype(f"i{out.itemsize}")
    chosen = c if getattr(c, "dtype", None) == np.bool_ else np.not_equal(c, 0)
    mask = np.negative(chosen.view(np.int8)).astype(bits)
    left, right = (_bits(v, out.dtype, bits) for v in (a, b))
    found = out.view(bits)
    np.bitwise_xor(left, right, found)
    found &= mask
    found ^= right


def _bits(v: Any, dtype: np.dtype[Any], bits: np.dtype[Any]) -> Any:
    return np.asarray(v, dtype).view(bits)


def into(op: str) -> Into:
    """Return the function that writes an elementwise operation of the alphabet."""
    return INTO.get(op) or _by_value(op)


@lru_cache(maxsize=256)
def _by_value(op: str) -> Into:
    value = ALPHABET[op].value

    def assign(*args: Any) -> None:
        *given, out = args
        out[...] = value(*given)

    return assign


# What may not write over what it reads.
APART = frozenset({"maximum", "minimum", "relu", "where"})

# Those that one ufunc of NumPy's computes, which may write over what it reads.
UFUNCS: dict[str, Any] = {
    "neg": np.negative, "add": np.add, "sub": np.subtract, "mul": np.multiply,
    "div": np.true_divide, "pow": np.power, "maximum": np.maximum, "minimum": np.minimum,
    "abs": np.abs, "sign": np.sign, "floor": np.floor, "exp": np.exp, "expm1": np.expm1,
    "log": np.log, "log1p": np.log1p, "sqrt": np.sqrt, "sin": np.sin, "cos": np.cos,
    "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh, "arctan": np.arctan,
    "greater": np.greater, "greater_equal": np.greater_equal, "equal": np.equal,
}  # fmt: skip

INTO: dict[str, Into] = {
    **UFUNCS,
    "pow": power,
    "maximum": maximum,
    "minimum": minimum,
    "sigmoid": sigmoid,
    "relu": relu,
    "where": where,
}
