"""From a table to the numbers a network reads: measured on training rows, kept as a record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurogebra.datasets.cells import CATEGORICAL, NUMERIC
from neurogebra.datasets.inputs import (
    Input,
    OneHot,
    fit_input,
    input_from_dict,
    input_to_dict,
)
from neurogebra.datasets.strict import Reader
from neurogebra.datasets.table import Table
from neurogebra.datasets.target import Target
from neurogebra.errors import BadValue, DataError, short
from neurogebra.registry import near

UNSEEN = ("error", "zero")


@dataclass(frozen=True)
class Preparation:
    """How a table becomes numbers, the same in training and afterwards.

    Numbers are standardised, words become one column a category, the target becomes class
    indices or a standardised number. dropped: columns of the training table that are not
    inputs, and that later tables may hold too. allow_missing: fill gaps instead of refusing.
    """

    columns: tuple[Input, ...]
    target: Target
    dropped: tuple[str, ...] = ()
    allow_missing: bool = False

    @classmethod
    def fit(
        cls,
        table: Table,
        target: str,
        task: str | None = None,
        rows: Any = None,
        allow_missing: bool = False,
        drop: Sequence[str] = (),
    ) -> Preparation:
        """Measure the columns over the training `rows` (indices or a mask; None: all).

        Every column but the target and `drop` is an input. Raises DataError for missing values
        (unless allowed), texts that name rows and targets that cannot be learned, UnknownName
        for a target or a dropped column that is not there.
        """
        for name in drop:
            table.column(name)
        index = np.arange(table.n_rows) if rows is None else np.arange(table.n_rows)[rows]
        if not len(index):
            raise DataError("there are no training rows")
        learned = Target.fit(table, target, task, index)
        names = [n for n in table.names if n != target and n not in drop]
        if not names:
            raise DataError(f"no column is left to learn from besides the target {short(target)}")
        if not allow_missing:
            refuse_missing(table, names)
        train = table.take(index)
        columns = tuple(fit_input(train, name) for name in names)
        return cls(columns, learned, tuple(drop), allow_missing)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the columns of X."""
        return tuple(name for column in self.columns for name in column.feature_names)

    @property
    def task(self) -> str:
        """ "binary", "multiclass" or "regression"."""
        return self.target.task

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names by index; empty for a regression."""
        return self.target.classes

    @property
    def kinds(self) -> dict[str, str]:
        """The kind of every column, for `read_csv`, so that a later file is read alike."""
        kinds = {column.name: column.kind for column in self.columns}
        ignored = dict.fromkeys(self.dropped, CATEGORICAL)
        return {**kinds, **ignored, self.target.name: self.target.kind}

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done beyond scaling and encoding, a sentence a column."""
        return tuple(filter(None, map(_note, self.columns)))

    def apply(self, table: Table, *, unseen: str = "error") -> NDArray[np.float64]:
        """The inputs of a table, by name: (rows, features).

        unseen: a category that the training rows did not hold is an error, or ("zero") all
        zeros. Raises DataError for missing values (unless allowed), and for columns that are
        missing, unknown, or of another kind than in training.
        """
        if unseen not in UNSEEN:
            raise BadValue("unseen", "one of " + ", ".join(UNSEEN), unseen)
        self._require_columns(table)
        if not self.allow_missing:
            refuse_missing(table, [column.name for column in self.columns])
        X = np.empty((table.n_rows, len(self.feature_names)))
        start = 0
        for column in self.columns:
            column.encode(table, X[:, start : start + column.width], unseen)
            start += column.width
        return X

    def gaps(self, table: Table) -> dict[str, int]:
        """How many values of each column `apply` fills or zeroes; others are left out."""
        counts = {}
        for column in self.columns:
            unseen = column.unseen_rows(table) if isinstance(column, OneHot) else ()
            counts[column.name] = int(table.missing(column.name).sum()) + len(unseen)
        return {name: count for name, count in counts.items() if count}

    def encode_target(self, table: Table) -> NDArray[Any]:
        """The answers of a table: (rows,) int64 class indices or float64 standardised numbers."""
        return self.target.encode(table)

    def decode(self, predictions: ArrayLike) -> NDArray[Any]:
        """What a model's output stands for; see `Target.decode`."""
        return self.target.decode(predictions)

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able description; `from_dict` gives back an equal record."""
        return {
            "columns": [input_to_dict(column) for column in self.columns],
            "target": self.target.to_dict(),
            "dropped": list(self.dropped),
            "allow_missing": self.allow_missing,
        }

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any], where: str = "preparation") -> Preparation:
        """Read what `to_dict` wrote; BadValue at the first field that is off."""
        r = Reader(raw, where)
        r.only(("columns", "target", "dropped", "allow_missing"))
        if not isinstance(raw["allow_missing"], bool):
            raise BadValue(f"{where}.allow_missing", "true or false", raw["allow_missing"])
        columns = tuple(input_from_dict(*item) for item in r.items("columns"))
        target = Target.from_dict(r.map("target"), f"{where}.target")
        return cls(columns, target, r.texts("dropped"), raw["allow_missing"])

    def _require_columns(self, table: Table) -> None:
        wanted = {column.name: column.kind for column in self.columns}
        extra = [n for n in table.names if n not in {*wanted, self.target.name, *self.dropped}]
        for name in [n for n in wanted if n not in table.names]:
            close = " or ".join(map(repr, near(name, extra or table.names)))
            raise DataError(
                f"{table.source} lacks the column {short(name)}"
                + (f"; is it {close} there?" if close else "")
            )
        if extra:
            raise DataError(
                f"{table.source} has {_listed('column', extra)} that training did not see; "
                "remove them"
            )
        for name, kind in wanted.items():
            if (table.kind(name) == NUMERIC) != (kind == NUMERIC):
                raise DataError(
                    f"{table.source}: the column {short(name)} was {kind} in training and is "
                    f"{table.kind(name)} here; read the file with kinds=preparation.kinds"
                )


def refuse_missing(table: Table, names: Sequence[str]) -> None:
    """Raise DataError at the first missing value, with the count in every column."""
    counts = {name: int(table.missing(name).sum()) for name in names}
    lacking = {name: count for name, count in counts.items() if count}
    if lacking:
        firsts = {name: int(np.argmax(table.missing(name))) for name in lacking}
        name = min(firsts, key=lambda n: firsts[n])
        listed = ", ".join(f"{count} in {short(n)}" for n, count in list(lacking.items())[:8])
        more = f" and {len(lacking) - 8} more columns" if len(lacking) > 8 else ""
        raise DataError(
            f"{table.place(firsts[name], name)}: the value is missing (missing in all: "
            f"{listed}{more}); fill it, drop the column, or allow missing values (--allow-missing)"
        )


def _note(column: Input) -> str:
    if isinstance(column, OneHot):
        gaps = "left without a category"
    else:
        gaps = f"filled with the training median {column.median:g}"
        if not column.std:
            return f"{column.name}: constant ({column.mean:g}) in the training rows, passed as 0"
    n = column.n_missing
    return f"{column.name}: {n} missing value{'s' * (n > 1)} {gaps}" if n else ""


def _listed(noun: str, names: Sequence[str]) -> str:
    shown = ", ".join(map(short, names[:8])) + (f" and {len(names) - 8} more" if names[8:] else "")
    return f"the {noun}{'s' * (len(names) > 1)} {shown}"
