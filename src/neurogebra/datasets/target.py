"""The column to predict: which task it sets, its classes or its scale, and the way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurogebra.datasets.cells import KINDS, NUMERIC, Cells
from neurogebra.datasets.inputs import moments, ordered
from neurogebra.datasets.split import one_value
from neurogebra.datasets.strict import Reader
from neurogebra.datasets.table import Table
from neurogebra.errors import BadValue, DataError, short
from neurogebra.registry import near

BINARY, MULTICLASS, REGRESSION = TASKS = ("binary", "multiclass", "regression")
FEW = 20
MAX_CLASSES = 1_000


@dataclass(frozen=True)
class Target:
    """What is predicted: one of `classes`, or a number that is standardised by mean and std.

    kind: how the column stands in the table; classes come from all rows, mean and std from
    the training rows only.
    """

    name: str
    kind: str
    task: str
    classes: tuple[str, ...] = ()
    mean: float = 0.0
    std: float = 1.0

    @classmethod
    def fit(cls, table: Table, name: str, task: str | None, rows: NDArray[np.int64]) -> Target:
        """Measure the target; DataError for missing values, one value, or a task that cannot be."""
        refuse_missing_target(table, name)
        task = task_of(table, name, task)
        if task != REGRESSION:
            names = _names(table, name)
            if len(seen := ordered(names[rows])) < 2:
                raise DataError(one_value(name, seen[0]) + " from these training rows")
            return cls(name, table.kind(name), task, ordered(names))
        mean, std = moments(table.column(name)[rows], name)
        if not std:
            raise DataError(one_value(name, mean))
        return cls(name, NUMERIC, task, (), mean, std)

    @property
    def n_outputs(self) -> int:
        """How many numbers a model gives out: one a class, or one for two classes or a number."""
        return len(self.classes) if self.task == MULTICLASS else 1

    def encode(self, table: Table) -> NDArray[Any]:
        """Class indices, (rows,) of int64, or standardised numbers, (rows,) of float64."""
        refuse_missing_target(table, self.name)
        if self.task == REGRESSION:
            scaled: NDArray[np.float64] = (_numbers(table, self.name) - self.mean) / self.std
            return scaled
        words = _names(table, self.name)
        index = {name: i for i, name in enumerate(self.classes)}
        for row in [i for i, word in enumerate(words) if word not in index][:1]:
            known = ", ".join(map(repr, near(words[row], self.classes) or self.classes[:FEW]))
            where = table.place(row, self.name)
            raise DataError(f"{where}: no class called {short(words[row])}; known: {known}")
        return np.array([index[word] for word in words], dtype=np.int64)

    def decode(self, predictions: ArrayLike) -> NDArray[Any]:
        """The class names or the numbers in their own unit that a model's output stands for.

        predictions: (rows,) or (rows, 1), for two classes the probability of the second; for
        several classes scores of (rows, classes). Raises BadValue for another shape or NaN.
        """
        values = np.asarray(predictions, dtype=np.float64)
        if not np.isfinite(values).all():
            raise BadValue("predictions", "finite numbers", "NaN or infinity")
        if self.classes and values.shape[1:] == (len(self.classes),):
            return self._named(values.argmax(axis=1))
        if values.ndim not in (1, 2) or values.shape[1:] not in ((), (1,)) or self.n_outputs > 1:
            expected = f"(rows, {self.n_outputs})"
            raise BadValue("predictions", f"an array of shape {expected}", values.shape)
        flat = values.reshape(len(values))
        if self.task == REGRESSION:
            raw: NDArray[np.float64] = flat * self.std + self.mean
            return raw
        return self._named((flat >= 0.5).astype(np.int64))

    def _named(self, index: NDArray[np.int64]) -> Cells:
        names: Cells = np.array(self.classes, dtype=object)[index]
        return names

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able description."""
        return {**vars(self), "classes": list(self.classes)}

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any], where: str = "target") -> Target:
        """Read what `to_dict` wrote; BadValue for anything else."""
        r = Reader(raw, where)
        r.only(("name", "kind", "task", "classes", "mean", "std"))
        task, classes = r.one_of("task", TASKS), r.texts("classes")
        fits = {BINARY: len(classes) == 2, MULTICLASS: len(classes) > 2, REGRESSION: not classes}
        if not fits[task]:
            raise BadValue(f"{where}.classes", f"the classes of a {task} task", list(classes))
        kind, std = r.one_of("kind", KINDS), r.number("std")
        if std <= 0:
            raise BadValue(f"{where}.std", "a number > 0", std)
        return cls(r.text("name"), kind, task, classes, r.number("mean"), std)


def task_of(table: Table, name: str, asked: str | None = None) -> str:
    """Which task a column sets: "binary", "multiclass" or "regression".

    Words set a classification, and so do whole numbers of at most FEW values that repeat
    (at least two rows a value on average); other numbers set a regression. asked: one of
    these, or "classification", to decide otherwise. Raises DataError where it cannot be.
    """
    if asked not in (None, "classification", *TASKS):
        raise BadValue("task", "classification, " + ", ".join(TASKS), asked)
    values = table.column(name)
    present = values[~table.missing(name)]
    distinct = np.unique(present.astype(str) if table.kind(name) != NUMERIC else present)
    if len(distinct) < 2:
        raise DataError(_too_few(name, distinct))
    if asked == REGRESSION or (asked is None and _is_measured(table, name, distinct, present)):
        if table.kind(name) != NUMERIC:
            raise DataError(f"the target {short(name)} holds words; a regression needs numbers")
        return REGRESSION
    return _class_task(table, name, distinct, len(present), asked)


def _class_task(table: Table, name: str, distinct: Cells, rows: int, asked: str | None) -> str:
    n = len(distinct)
    if n > MAX_CLASSES or (n > FEW and 2 * n > rows):
        raise DataError(
            f"the target {short(name)} has {n:,} different values in {rows:,} rows; "
            "that is too many to be classes"
        )
    if asked == BINARY and n != 2:
        raise DataError(f"the target {short(name)} has {n} classes; a binary task has two")
    if asked == MULTICLASS and n == 2:
        raise DataError(f"the target {short(name)} has two classes; that is a binary task")
    if table.kind(name) == NUMERIC and not (distinct == np.rint(distinct)).all():
        raise DataError(f"the target {short(name)} holds fractions; they cannot be classes")
    return BINARY if n == 2 else MULTICLASS


def _is_measured(table: Table, name: str, distinct: Cells, present: Cells) -> bool:
    if table.kind(name) != NUMERIC:
        return False
    repeats = len(distinct) <= FEW and 2 * len(distinct) <= len(present)
    return not (repeats and bool((distinct == np.rint(distinct)).all()))


def _too_few(name: str, distinct: Cells) -> str:
    if not len(distinct):
        return f"the target {short(name)} has no value in any row"
    return one_value(name, distinct.tolist()[0])


def refuse_missing_target(table: Table, name: str) -> None:
    """Raise DataError at the first row whose target is not known."""
    gaps = np.flatnonzero(table.missing(name))
    if len(gaps):
        raise DataError(
            f"{table.place(int(gaps[0]), name)}: the target is missing ({len(gaps)} of "
            f"{table.n_rows} rows); remove these rows, nothing can be learned from them"
        )


def _numbers(table: Table, name: str) -> Cells:
    if table.kind(name) != NUMERIC:
        raise DataError(f"the target {short(name)} was a number in training and is a word here")
    return table.column(name)


def _names(table: Table, name: str) -> Cells:
    values = table.column(name)
    if table.kind(name) != NUMERIC:
        return values
    return np.array([f"{v:.0f}" if v == round(v) else repr(float(v)) for v in values], dtype=object)
