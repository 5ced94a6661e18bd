"""A name or a path on one side, a table that can be learned from on the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from neurogebra.datasets.catalog import catalog, read_table
from neurogebra.datasets.cells import CATEGORICAL
from neurogebra.datasets.prepare import Preparation
from neurogebra.datasets.record import Dataset
from neurogebra.datasets.seeds import Seed
from neurogebra.datasets.split import FRACTIONS, Rows, split_rows
from neurogebra.datasets.table import Table, read_csv
from neurogebra.datasets.target import REGRESSION, TASKS, refuse_missing_target, task_of
from neurogebra.errors import BadValue, DataError, short

ENDINGS = (".csv", ".csv.gz")


@dataclass(frozen=True, eq=False)
class Source:
    """A table, the column to predict, and where both come from.

    dropped: columns of the table that are not inputs; origin: as in `Dataset`, or "file";
    record: of a set with a name, else None.
    """

    name: str
    title: str
    table: Table
    target: str
    task: str
    origin: str
    dropped: tuple[str, ...] = ()
    record: Dataset | None = None

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the input columns."""
        return tuple(n for n in self.table.names if n not in {*self.dropped, self.target})

    def split(self, seed: Seed, fractions: Sequence[float] = FRACTIONS) -> tuple[Rows, ...]:
        """Deal the rows into training, validation and test, classes alike; see `split_rows`."""
        return split_rows(
            self.table.column(self.target),
            fractions,
            seed=seed,
            stratify=self.task != REGRESSION,
            name=self.target,
        )

    def prepare(self, rows: Any = None, *, allow_missing: bool = False) -> Preparation:
        """Measure the inputs over the training rows; see `Preparation.fit`."""
        return Preparation.fit(
            self.table, self.target, self.task, rows, allow_missing, self.dropped
        )


def open_data(
    name_or_path: str | PathLike[str],
    target: str | None = None,
    *,
    task: str | None = None,
    drop: Sequence[str] = (),
    kinds: Mapping[str, str] | None = None,
    seed: Seed = 0,
) -> Source:
    """Open a data set by its id, or a CSV file by its path.

    target: the column to predict (a data set has its own; a file needs one). task: None finds
    it out from the target, see `task_of`. drop: columns to leave out. kinds: for a file, as in
    `read_csv`. seed: draws a generated set. Raises UnknownName for a set or a column that is
    not there, DataError for a table that cannot be learned from.
    """
    text = fspath(name_or_path)
    if text in catalog():
        if kinds:
            raise BadValue("kinds", "nothing for a data set with a name", dict(kinds))
        return _named(catalog()[text], target, task, drop, seed)
    if text.lower().endswith(ENDINGS) or Path(text).exists():
        return _from_file(text, target, task, drop, kinds or {})
    if "/" in text or "\\" in text or Path(text).suffix:
        raise DataError(f"no file {text!r}; expected a CSV file or the name of a dataset")
    raise catalog().unknown(text)


def _named(
    record: Dataset, target: str | None, task: str | None, drop: Sequence[str], seed: Seed
) -> Source:
    if record.form != "table":
        raise DataError(f"{record.id} {_NO_TABLE[record.form]}; Datasets.load_{record.id}() has it")
    table = read_table(record, seed)
    own = record.target.name
    goal = own if target is None else target
    if task is None and goal == own:
        task = record.task if record.task in TASKS else REGRESSION
    inputs = {c.name for c in (*record.inputs, record.target)}
    left_out = (*drop, *(n for n in table.names if n not in inputs and n != goal))
    return _source(record.id, record.title, table, goal, task, left_out, record)


_NO_TABLE = {
    "series": "is a time series, one number after another, and has no columns to learn from",
    "images": "holds images, and has no columns to learn from",
    "text": "holds texts, and has no columns of numbers or categories to learn from",
}


def _from_file(
    path: str,
    target: str | None,
    task: str | None,
    drop: Sequence[str],
    kinds: Mapping[str, str],
) -> Source:
    # A column that is left out is not looked into, however odd its cells are.
    table = read_csv(path, kinds={**dict.fromkeys(drop, CATEGORICAL), **kinds})
    for name in kinds:
        table.column(name)
    if target is None:
        shown = _listed(table.names)
        raise DataError(f"{table.source}: name the column to predict, one of {shown}")
    return _source(path, Path(path).name, table, target, task, tuple(drop), None)


def _source(
    name: str,
    title: str,
    table: Table,
    target: str,
    task: str | None,
    dropped: Sequence[str],
    record: Dataset | None,
) -> Source:
    for column in (target, *dropped):
        table.column(column)
    if target in dropped:
        raise BadValue("drop", "columns other than the target", target)
    left_out = tuple(n for n in table.names if n in dropped)
    if len(left_out) + 1 == len(table.names):
        raise DataError(f"{table.source}: no column is left to learn {short(target)} from")
    refuse_missing_target(table, target)
    found = task_of(table, target, task)
    origin = "file" if record is None else record.origin
    return Source(name, title, table, target, found, origin, left_out, record)


def _listed(names: Sequence[str], limit: int = 20) -> str:
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(map(short, names[:limit])) + more
