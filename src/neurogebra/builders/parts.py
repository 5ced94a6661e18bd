"""What `fit` is given: made ready, and dealt into what teaches and what checks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from neurogebra.errors import BadValue, DataError
from neurogebra.spec import ModelSpec, RunSpec, check
from neurogebra.training.data import Data, with_class_weight
from neurogebra.training.sources import Feed, Mapped, Source, Stream, open_rows, opened, stream

# Keeps the dealing of rows apart from every stream of a run's seed.
DEAL = 0xDEA1
# The share of rows that checks, where nobody says another; batches hold nothing back.
SHARE = 0.2


def as_rows(x: Any) -> np.ndarray:
    """Return x with one row an example: a list of numbers becomes a column.

    The path of a .npy file is mapped into memory.
    """
    x = opened(x)
    try:
        array = np.asarray(x)
    except ValueError:
        raise DataError("X: rows of different lengths are no table") from None
    return array[:, None] if array.ndim == 1 else array


def given_rows(x: Any, y: Any, steps: int | None) -> np.ndarray | Feed:
    """Return what a `fit` was given: rows where there is y, else an iterable of batches."""
    if y is not None:
        if steps is not None:
            raise BadValue("steps_per_epoch", "nothing for arrays, batch_size decides", steps)
        return as_rows(x)
    if hasattr(x, "dtype") or isinstance(x, (str, Path, Mapping)):
        raise BadValue("y", "the targets of X", None, "only batches (x, y) come without")
    return Feed(x, steps)


def sources(
    model: ModelSpec,
    run: RunSpec,
    rows: np.ndarray | Feed,
    y: Any,
    share: float = SHARE,
    given: Any = None,
    sample_weight: Any = None,
    class_weight: Any = None,
) -> tuple[Source, Source | None]:
    """Return what teaches and what checks, ready for a run.

    given: the validation, (X, y) or (X, y, weights) or an iterable of batches, or None to hold
    back a share of the rows. Raises BadValue, DataError.
    """
    share = check.real(0.0, 1.0, "a number from 0 to below 1")("validation_split", share)
    if isinstance(rows, Feed):
        if sample_weight is not None:
            raise BadValue("sample_weight", "nothing: batches bring theirs, (x, y, weights)", "…")
        if share not in (0.0, SHARE):
            raise BadValue("validation_split", "0 for batches", share, "give validation_data")
        data: Source = stream(model, run, rows)
        checks = None
    else:
        data = open_rows(model, run, rows, y, sample_weight=sample_weight)
        data, checks = _dealt(data, share if given is None else 0.0)
    if given is not None:
        checks = _validation(model, run, given)
    if class_weight is not None:  # of what teaches only: a score should not depend on it
        data = _class_weighted(model, run, data, class_weight)
    return data, checks


def _class_weighted(model: ModelSpec, run: RunSpec, data: Source, class_weight: Any) -> Source:
    if isinstance(data, Data):
        return with_class_weight(model, run, data, class_weight)
    each = class_weight.values() if isinstance(class_weight, Mapping) else (class_weight,)
    if any(isinstance(w, str) for w in each):
        expected = "a weight for each class of rows that come batch by batch"
        raise BadValue("class_weight", expected, class_weight, "nobody has counted all of them")
    assert isinstance(data, (Mapped, Stream))  # noqa: S101
    data.kw["class_weight"] = class_weight
    return data


def _validation(model: ModelSpec, run: RunSpec, given: Any) -> Source:
    where = "validation"
    if isinstance(given, (tuple, list)) and len(given) in (2, 3) and not _is_batch(given[0]):
        x, y, *weights = given
        return open_rows(
            model, run, as_rows(x), y, where, **dict(zip(("sample_weight",), weights, strict=False))
        )
    if hasattr(given, "dtype") or not (callable(given) or isinstance(given, Iterable)):
        raise BadValue("validation_data", "(X, y)", type(given).__name__)
    feed = Feed(given, 1 if hasattr(given, "__next__") else None, where)
    if feed.once:
        raise BadValue(
            "validation_data", "batches that can be gone through again", type(given).__name__
        )
    return stream(model, run, feed)


def _is_batch(part: Any) -> bool:
    """Say whether the first part of a validation is a batch (x, y) and not rows."""
    return isinstance(part, tuple) and len(part) in (2, 3) and hasattr(part[0], "shape")


def _dealt(data: Source, share: float) -> tuple[Source, Source | None]:
    """Hold back a share of the rows to check with.

    Which rows depends on how many there are and on nothing else, so that what one `fit` has
    checked with, the next one does not learn.
    """
    if not share or not isinstance(data, (Data, Mapped)):
        return data, None
    rows = len(data)
    held = math.ceil(rows * share - 1e-9)
    if held >= rows:
        raise DataError(
            f"X: {rows} {'row' if rows == 1 else 'rows'} cannot be divided; give validation_split=0"
        )
    order = np.random.default_rng([DEAL, rows]).permutation(rows)
    return data.at(np.sort(order[held:])), data.at(np.sort(order[:held]))
