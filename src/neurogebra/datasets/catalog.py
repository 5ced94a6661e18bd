"""The sets there are by name, and why some are not."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from neurogebra.datasets.index import Entry, entries
from neurogebra.datasets.record import Dataset
from neurogebra.errors import UnknownName
from neurogebra.registry import Registry

# The package offers `catalog`, and listing sets needs no NumPy: what does is imported by the
# functions that stand on it.
if TYPE_CHECKING:
    from neurogebra.datasets.seeds import Seed
    from neurogebra.datasets.table import Table


class NotOffered(UnknownName, AttributeError):
    """A set that is known and left out on purpose: why, and what to use instead."""

    def __init__(self, name: str, reason: str, instead: str) -> None:
        super().__init__("dataset", name)
        self.reason, self.instead = reason, instead
        self.message = f"{name!r} is not offered: {reason}; use {instead!r} instead"


class Absence(NamedTuple):
    """Why a set is not offered, and the id of the one to use."""

    reason: str
    instead: str


_BOSTON = Absence(
    "one of its inputs (B) is a formula over the share of Black residents which takes for granted "
    "that segregation raises prices (Harrison & Rubinfeld 1978), and what learns from it carries "
    "that on",
    "california_housing",
)
NOT_OFFERED: dict[str, Absence] = {
    **dict.fromkeys(("boston", "boston_housing", "boston_house_prices"), _BOSTON),
    "monks2": Absence(
        "the file that goes round as the second of the MONK's problems holds the third", "monks3"
    ),
}


class Catalog(Mapping[str, Dataset]):
    """Every data set by id and alias; the record of a bundled set is read when it is asked for.

    Raises UnknownName with the near names, NotOffered with the reason and the alternative.
    """

    def __init__(self, bundled: Iterable[Entry], made: Iterable[Dataset]) -> None:
        self._names: Registry[Entry | Dataset] = Registry(
            "dataset", (*bundled, *made), key=lambda d: d.id
        )

    def __getitem__(self, name: str) -> Dataset:
        member = self._names.get(name)
        if member is None:
            raise self.unknown(name)
        return member if isinstance(member, Dataset) else bundled_record(member.id)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def near(self, name: str, n: int = 3) -> list[str]:
        """Return up to `n` names, aliases included, that look like `name`."""
        return self._names.near(name, n)

    def unknown(self, name: str) -> UnknownName:
        """The error for a name that is not here."""
        if name in NOT_OFFERED:
            return NotOffered(name, *NOT_OFFERED[name])
        return UnknownName("dataset", name, self.near(name))


@cache
def catalog() -> Catalog:
    """Every data set by id and alias: bundled by alphabet, then generated, then fetched."""
    bundled = [e for e in entries().values() if e.supply == "bundled"]
    return Catalog(bundled, made())


def made() -> tuple[Dataset, ...]:
    """The records of the sets that are not bundled: generated, then fetched."""
    from neurogebra.datasets.fetched import FETCHED
    from neurogebra.datasets.generated import GENERATED

    return (*GENERATED, *FETCHED)


@cache
def bundled_record(name: str) -> Dataset:
    """The record of a bundled set from its JSON file."""
    path = Path(__file__).with_name("data") / f"{name}.json"
    return Dataset.from_json(json.loads(path.read_bytes()), path.name)


def read_table(record: Dataset, seed: Seed = None) -> Table:
    """The whole table of a set; see `table_of`."""
    from neurogebra.datasets.tables import table_of

    return table_of(record, seed)
