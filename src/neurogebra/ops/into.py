"""Operations written into arrays that are already there, in as few passes as NumPy allows."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from neurogebra.ops import kernels
from neurogebra.ops.alphabet import ALPHABET
from neurogebra.ops.erf import erf_into, erfc_into

Array = np.ndarray[Any, Any]
Into = Callable[..., Any]  # f(*arrays or numbers, array to write into)


def sigmoid(x: Array, out: Array) -> None:
    """Write 1 / (1 + e^−x); `out` is not x."""
    gate(1.0, x, out)


def gate(a: Any, x: Array, out: Array) -> None:
    """Write a / (1 + e^−x), which is a times the sigmoid of x; `out` is none of them.

    Where e^−x overflows, its inverse may still be a number. That NumPy says so costs nothing,
    while to look for the smallest x would be one more pass.
    """
    np.negative(x, out)
    try:
        with np.errstate(over="raise"):
            np.exp(out, out)
    except FloatingPointError:
        np.multiply(a, kernels.sigmoid(x), out)
        return
    out += 1
    np.divide(a, out, out)


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
    left, right = (_bits(v, out.dtype, bits) for v in (a, b))
    found = out.view(bits)
    np.bitwise_xor(left, right, found)
    found &= np.negative(chosen.view(np.int8))  # −1 has every bit, however wide it is made
    found ^= right


def _bits(v: Any, dtype: np.dtype[Any], bits: np.dtype[Any]) -> Any:
    return np.asarray(v, dtype).view(bits)


def into(op: str) -> Into:
    """Return the function that writes an elementwise operation of the alphabet, or a gate."""
    return INTO.get(op) or _by_value(op)


@lru_cache(maxsize=256)
def _by_value(op: str) -> Into:
    value = ALPHABET[op].value

    def assign(*args: Any) -> None:
        *given, out = args
        out[...] = value(*given)

    return assign


# What may not write over what it reads.
APART = frozenset({"maximum", "minimum", "relu", "where", "sigmoid", "gate"})

# Those that one ufunc of NumPy's computes, or what is like one: f(*arrays, out), which may write
# over what it reads.
UFUNCS: dict[str, Any] = {
    "neg": np.negative, "add": np.add, "sub": np.subtract, "mul": np.multiply,
    "div": np.true_divide, "pow": np.power, "maximum": np.maximum, "minimum": np.minimum,
    "abs": np.abs, "sign": np.sign, "floor": np.floor, "exp": np.exp, "expm1": np.expm1,
    "log": np.log, "log1p": np.log1p, "sqrt": np.sqrt, "sin": np.sin, "cos": np.cos,
    "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh, "arctan": np.arctan,
    "greater": np.greater, "greater_equal": np.greater_equal, "equal": np.equal,
    "erf": erf_into, "erfc": erfc_into,
}  # fmt: skip

# `gate` is no operation of the alphabet: a plan puts it in place of two.
INTO: dict[str, Into] = {
    **UFUNCS,
    "gate": gate,
    "pow": power,
    "maximum": maximum,
    "minimum": minimum,
    "sigmoid": sigmoid,
    "relu": relu,
    "where": where,
}
