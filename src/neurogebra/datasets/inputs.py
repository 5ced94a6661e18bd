"""How one column becomes numbers: scaled, or one column a category."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neurogebra.datasets.cells import CATEGORICAL, KINDS, NUMERIC, Cells
from neurogebra.datasets.strict import Reader
from neurogebra.datasets.table import Table
from neurogebra.errors import DataError, short
from neurogebra.registry import near

MAX_CATEGORIES = 1_000
FEW = 20

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Scaled:
    """A number, standardised: (x − mean) / std over the training rows.

    A missing value becomes the training median first; a column that is constant in the
    training rows (std 0) is passed as 0. n_missing: how many training rows lacked it.
    """

    name: str
    mean: float
    std: float
    median: float
    n_missing: int = 0
    kind: ClassVar[str] = NUMERIC
    width: ClassVar[int] = 1

    @classmethod
    def fit(cls, table: Table, name: str) -> Scaled:
        """Measure the column over all rows of `table`; DataError if it is empty or too large."""
        values = table.column(name)
        present = values[~np.isnan(values)]
        if not len(present):
            raise DataError(
                f"the column {short(name)} holds no value in the training rows; drop it"
            )
        median = float(np.median(present))
        filled = np.where(np.isnan(values), median, values)
        mean, std = moments(filled, name)
        return cls(name, mean, std, median, len(values) - len(present))

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The name of the one column of numbers that comes out."""
        return (self.name,)

    def encode(self, table: Table, out: Floats, unseen: str) -> None:
        """Write the standardised values into `out`: (rows, 1)."""
        values = table.column(self.name)
        filled = np.where(np.isnan(values), self.median, values)
        with np.errstate(over="ignore"):
            out[:, 0] = (filled - self.mean) / self.std if self.std else 0.0
        for row in np.flatnonzero(~np.isfinite(out[:, 0]))[:1]:
            far = f"{values[row]:g} is too far from the training mean {self.mean:g}"
            raise DataError(f"{table.place(int(row), self.name)}: {far}")


@dataclass(frozen=True)
class OneHot:
    """A word, one column a category seen in the training rows; a missing word is all zeros."""

    name: str
    categories: tuple[str, ...]
    n_missing: int = 0
    kind: str = CATEGORICAL

    @classmethod
    def fit(cls, table: Table, name: str) -> OneHot:
        """Collect the categories; DataError if there are none or they look like names of rows."""
        words = table.column(name)
        present = words[words != ""]
        if not len(present):
            raise DataError(
                f"the column {short(name)} holds no value in the training rows; drop it"
            )
        categories = ordered(present)
        n, rows = len(categories), len(present)
        if n > MAX_CATEGORIES or (n > FEW and 2 * n > rows):
            raise DataError(
                f"the column {short(name)} has {n:,} different texts in {rows:,} rows, such as "
                f"{short(categories[0])}: it names the rows instead of describing them; drop it"
            )
        return cls(name, categories, len(words) - rows, table.kind(name))

    @property
    def width(self) -> int:
        """The number of columns that come out."""
        return len(self.categories)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the columns that come out: `column=category`."""
        return tuple(f"{self.name}={category}" for category in self.categories)

    def encode(self, table: Table, out: Floats, unseen: str) -> None:
        """Write 0 and 1 into `out`: (rows, width); unseen: "error" or "zero"."""
        for row in self.unseen_rows(table)[:1] if unseen == "error" else ():
            word = table.column(self.name)[row]
            known = ", ".join(map(repr, near(word, self.categories) or self.categories))
            raise DataError(
                f"{table.place(int(row), self.name)}: the value {short(word)} was not seen in "
                f"training; known: {known if len(known) < 200 else known[:200] + '…'}"
            )
        codes = self._codes(table)
        rows = np.flatnonzero(codes >= 0)
        out[:] = 0.0
        out[rows, codes[rows]] = 1.0

    def unseen_rows(self, table: Table) -> NDArray[np.int64]:
        """The rows whose word is neither missing nor among the categories."""
        return np.flatnonzero((self._codes(table) < 0) & ~table.missing(self.name))

    def _codes(self, table: Table) -> NDArray[np.int64]:
        index = {category: i for i, category in enumerate(self.categories)}
        return np.array([index.get(word, -1) for word in table.column(self.name)], dtype=np.int64)


Input: TypeAlias = Scaled | OneHot


def fit_input(table: Table, name: str) -> Input:
    """Measure one input column by its kind."""
    return (Scaled if table.kind(name) == NUMERIC else OneHot).fit(table, name)


def moments(values: Floats, name: str) -> tuple[float, float]:
    """Mean and standard deviation (of the population); exactly (value, 0) for a constant."""
    if values.min() == values.max():
        return float(values[0]), 0.0
    with np.errstate(over="ignore"):
        mean, std = float(values.mean()), float(values.std())
    if not (np.isfinite(mean) and np.isfinite(std)):
        raise DataError(f"the column {short(name)} holds numbers too large to standardise")
    return mean, std


def ordered(words: Cells) -> tuple[str, ...]:
    """The different words in order: as whole numbers where all are, else by alphabet."""
    names = sorted(set(words.tolist()))
    if all(name.removeprefix("-").isdecimal() for name in names):
        names.sort(key=int)
    return tuple(names)


def input_to_dict(column: Input) -> dict[str, Any]:
    """A JSON-able description of one column."""
    if isinstance(column, Scaled):
        return {"kind": NUMERIC, **vars(column)}
    return {**vars(column), "categories": list(column.categories)}


def input_from_dict(raw: object, where: str) -> Input:
    """Read what `input_to_dict` wrote; BadValue for anything else."""
    r = Reader(raw, where)
    kind = r.one_of("kind", KINDS)
    name, n_missing = r.text("name"), r.whole("n_missing")
    if kind == NUMERIC:
        r.only(("kind", "name", "mean", "std", "median", "n_missing"))
        return Scaled(name, r.number("mean"), r.number("std"), r.number("median"), n_missing)
    r.only(("kind", "name", "categories", "n_missing"))
    return OneHot(name, r.texts("categories"), n_missing, kind)
