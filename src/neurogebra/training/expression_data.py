"""Rows for an expression: one array an input, from an array, a mapping or a table of columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from neurogebra.errors import DataError
from neurogebra.registry import near


def columns(X: Any, inputs: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Return an array an input; raise DataError where X does not say which is which."""
    if isinstance(X, Mapping) or hasattr(X, "columns"):
        return _by_name(X, inputs)
    found = _floats(X, "X")
    if len(inputs) == 1:
        one = found.ndim == 2 and found.shape[1] == 1
        return {inputs[0]: found[:, 0] if one else found}
    if not inputs and found.size:
        raise DataError("the expression has no inputs, only parameters; give X as {}")
    if found.ndim != 2 or found.shape[1] != len(inputs):
        raise DataError(
            f"X of shape {found.shape} does not give {len(inputs)} columns for the inputs "
            f"{', '.join(inputs)}; give an array an input, by name: {{{inputs[0]!r}: …}}"
        )
    return {name: found[:, i] for i, name in enumerate(inputs)}


def _by_name(X: Any, inputs: tuple[str, ...]) -> dict[str, np.ndarray]:
    given: Iterable[Any] = X if isinstance(X, Mapping) else X.columns
    names = [str(n) for n in given]
    for name in inputs:
        if name not in names:
            close = "".join(f"; is it {c!r}?" for c in near(name, names)[:1])
            raise DataError(f"X has no column {name!r}, only {', '.join(names)}{close}")
    spare = [n for n in names if n not in inputs]
    if spare:
        raise DataError(f"the expression has no input {spare[0]!r}; it has {', '.join(inputs)}")
    return {name: _floats(X[name], f"X[{name!r}]") for name in inputs}


def target(y: Any) -> np.ndarray:
    """Return the targets, one a row; a single column becomes a vector."""
    found = _floats(y, "y")
    return found[:, 0] if found.ndim == 2 and found.shape[1] == 1 else found


def _floats(values: Any, name: str) -> np.ndarray:
    try:
        found = np.asarray(values, np.float64)
    except (ValueError, TypeError) as error:
        raise DataError(f"{name} is not numbers: {error}") from None
    if found.ndim == 0 or len(found) == 0:
        raise DataError(f"{name} has no rows")
    bad = ~np.isfinite(found.reshape(len(found), -1)).all(1)
    if bad.any():
        raise DataError(f"{name} is not finite in row {int(bad.argmax())}")
    return found


def check_rows(rows: Mapping[str, np.ndarray], y: np.ndarray) -> None:
    """Raise DataError where the columns and the targets are not as many."""
    for name, column in rows.items():
        if len(column) != len(y):
            raise DataError(f"{name} has {len(column)} rows, y has {len(y)}")


def check_shape(found: Any, y: np.ndarray) -> None:
    """Raise DataError where a prediction is not one value a row of y."""
    if np.shape(found) not in ((), y.shape):
        raise DataError(
            f"the expression gives an array of shape {np.shape(found)}, not one value a row of y, "
            f"whose shape is {y.shape}"
        )
