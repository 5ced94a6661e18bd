"""Values for a formula: what counts as a number, what as an array, and what comes back."""

from __future__ import annotations

import numbers
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from neurogebra.core import blocks
from neurogebra.core.evaluate import PLAIN, function
from neurogebra.core.expression_maths import Maths, missing
from neurogebra.core.tree import Node, is_elementwise, symbols
from neurogebra.errors import BadValue
from neurogebra.ops.kernels import float_type, sum_to


def evaluate(name: str, maths: Maths, given: Mapping[str, Any]) -> Any:
    """Return the value at `given`: names → numbers or arrays.

    Raises BadValue for a missing name, for what is no number, and for shapes that do not fit.
    """
    needed, elementwise = _facts(maths.tree, maths.runs)
    absent = [n for n in needed if n not in given]
    if absent:
        raise missing(name, maths, absent)
    names = (*maths.inputs, *maths.params)
    values = _as_wide([value(n, given[n]) if n in given else 0 for n in names], given, names)
    arrays = any(type(v) not in PLAIN for v in values)
    empty = [n for n, v in zip(names, values, strict=True) if arrays and np.size(v) == 0]
    if empty and not elementwise:
        raise BadValue(f"{name}.eval", f"at least one value of {empty[0]}", "none")
    try:
        try:
            return _computed(maths, names, values, arrays=arrays)
        except OverflowError:  # a Python integer beyond every float
            wide = [_float(v) if type(v) is int else v for v in values]
            return _computed(maths, names, wide, arrays=arrays)
    except (ValueError, TypeError, IndexError) as error:
        raise _misfit(name, names, values, error) from error


def _computed(maths: Maths, names: tuple[str, ...], values: list[Any], *, arrays: bool) -> Any:
    found = blocks.evaluate(maths.runs, names, values) if arrays else None
    if found is not None:
        return found
    run = function(maths.runs, names, arrays=arrays)
    with np.errstate(all="ignore"):  # ∞ and NaN are answers; a formula says where they come
        found = run(values)
    return _own(found, dict(zip(names, values, strict=True)), maths) if arrays else found


@lru_cache(maxsize=2048)
def _facts(tree: Node, runs: Node) -> tuple[tuple[str, ...], bool]:
    """Return the names that a value is needed for, and whether elements stay by themselves."""
    return tuple(sorted({*symbols(tree), *symbols(runs)})), is_elementwise(runs)


def value(name: str, given: Any) -> Any:
    """Return a Python number or a NumPy array of numbers; 64-bit NumPy numbers are Python's."""
    if type(given) in PLAIN:
        return given
    if isinstance(given, (bool, np.bool_, np.int64, np.float64)):
        return given.item() + 0 if isinstance(given, np.generic) else int(given)
    if isinstance(given, (np.ndarray, np.generic)):
        return _array(name, given)
    if isinstance(given, numbers.Real):
        return float(given)
    if isinstance(given, (str, bytes, bytearray, memoryview)) or given is None:
        raise BadValue(name, "a number or an array of numbers", given)
    try:
        return _array(name, np.asarray(given))
    except (ValueError, TypeError) as error:
        raise BadValue(name, "a number or an array of numbers", given, str(error)) from None


def _array(name: str, given: Any) -> Any:
    kind = given.dtype.kind
    if kind == "b":
        return np.asarray(given, np.int64)
    if kind not in "fiu":
        raise BadValue(name, "numbers", f"an array of {given.dtype}")
    return given


def _as_wide(values: list[Any], given: Mapping[str, Any], names: Sequence[str]) -> list[Any]:
    """Give truth values the dtype of the narrow floats beside them, which int64 would widen."""
    kinds = [v.dtype for v in values if type(v) not in PLAIN and v.dtype.kind == "f"]
    if not kinds or np.result_type(*kinds) == np.float64:
        return values
    truths = [getattr(given.get(n), "dtype", None) == np.bool_ for n in names]
    wide = np.result_type(*kinds)
    return [v.astype(wide) if t and np.ndim(v) else v for v, t in zip(values, truths, strict=True)]


def _float(v: Any) -> float:
    try:
        return float(v)
    except OverflowError:
        return float("inf") if v > 0 else float("-inf")


def _own(found: Any, values: Mapping[str, Any], maths: Maths) -> Any:
    """Give the value the shape that the inputs say, and the caller memory of their own."""
    given = [v for v in values.values() if np.ndim(v)]
    if given and _facts(maths.tree, maths.runs)[1]:
        shape = np.broadcast_shapes(*(v.shape for v in given))
        if np.shape(found) != shape:  # what an input with more axes decided has cancelled
            plain = type(found) in PLAIN
            found = np.broadcast_to(np.asarray(found, float_type(*given) if plain else None), shape)
    like: Any = values[maths.like] if maths.like is not None else None
    if np.ndim(like) and np.shape(found) != np.shape(like):
        found = sum_to(found, like)
    borrowed = isinstance(found, np.ndarray) and found.base is not None
    return found.copy() if borrowed or any(found is v for v in given) else found


def _misfit(name: str, names: Sequence[str], values: Sequence[Any], error: Exception) -> BadValue:
    shapes = ", ".join(f"{n} {np.shape(v)}" for n, v in zip(names, values, strict=True))
    return BadValue(f"{name}.eval", "shapes that fit together", _Plain(shapes), str(error))


class _Plain(str):
    """A text whose repr is itself, for a message."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)
