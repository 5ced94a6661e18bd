"""The rows of a `fit`: made ready, and dealt into those that teach and those that check."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from neurogebra.errors import BadValue, DataError
from neurogebra.spec import ModelSpec, RunSpec, check
from neurogebra.training.data import Data, prepare

# Keeps the dealing of rows apart from every stream of a run's seed.
DEAL = 0xDEA1


def as_rows(x: Any) -> np.ndarray:
    """Return x with one row an example: a list of numbers becomes a column."""
    array = np.asarray(x)
    return array[:, None] if array.ndim == 1 else array


def divide(
    model: ModelSpec, run: RunSpec, x: Any, y: Any, share: float, given: Any = None
) -> tuple[Data, Data | None]:
    """Return the training rows and the validation rows, checked and in the run's dtype.

    given: (X, y) of the validation, or None to hold back a share of the rows. Which rows
    depends on how many there are and on nothing else, so that what one `fit` has checked
    with, the next one does not learn. Raises BadValue, DataError.
    """
    share = check.real(0.0, 1.0, "a number from 0 to below 1")("validation_split", share)
    data = prepare(model, run, x, y)
    if given is not None:
        if not isinstance(given, (tuple, list)) or len(given) != 2:
            raise BadValue("validation_data", "(X, y)", type(given).__name__)
        return data, prepare(model, run, as_rows(given[0]), given[1], "validation")
    if not share:
        return data, None
    rows = len(data)
    held = math.ceil(rows * share - 1e-9)
    if held >= rows:
        raise DataError(f"X: {rows} rows cannot be divided; give validation_split=0")
    order = np.random.default_rng([DEAL, rows]).permutation(rows)
    return _some(data, order[held:]), _some(data, order[:held])


def _some(data: Data, rows: np.ndarray) -> Data:
    these = np.sort(rows)
    return Data(data.x[these], {head: a[these] for head, a in data.y.items()})
