"""`Datasets`: every set as arrays, by name."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from functools import cache
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neurogebra.datasets.catalog import catalog, read_table
from neurogebra.datasets.describe import describe
from neurogebra.datasets.inputs import ordered
from neurogebra.datasets.record import Dataset, Ranges
from neurogebra.datasets.seeds import Seed, generator
from neurogebra.datasets.split import split_rows
from neurogebra.datasets.table import Table
from neurogebra.errors import BadValue, UnknownName

Pair: TypeAlias = tuple[NDArray[np.float32], NDArray[Any]]
Arrays: TypeAlias = Pair | tuple[Pair, Pair]
Split: TypeAlias = float | Literal["default", "official"] | None
PREFIX: Final = "load_"


class NoLoader(UnknownName, AttributeError):
    """A `load_<id>` for a set that is not there; an AttributeError too, so that hasattr works."""


class Shelf:
    """Every data set by name: `load_<id>`, `load(id)`, `list_all`, `search`, `get_info`.

    A set with a real name comes as ((X_train, y_train), (X_test, y_test)), a generated one as
    (X, y); `split` decides otherwise: None → (X, y), a fraction for the test part, "official"
    → the parts of the source. X: (rows, features) float32; y: (rows,), class indices as int64
    in the order of `get_info(id).classes`, or float32.
    """

    def load(self, name: str, *args: Any, **options: Any) -> Arrays:
        """Load one set; options as for its `load_<id>`. UnknownName with the near names."""
        arrays: Arrays = _loader(catalog()[name].id)(*args, **options)
        return arrays

    def list_all(self, category: str | None = None) -> list[str]:
        """The ids of all sets, or of one category; an unknown category has none."""
        return [d.id for d in catalog().values() if category in (None, d.category)]

    def search(self, query: str) -> list[str]:
        """The ids of the sets whose record holds every word of `query`, best match first."""
        words = query.lower().split()
        scores = {d.id: [_score(d, w) for w in words] for d in catalog().values()}
        hits = [name for name, found in scores.items() if all(found)]
        return sorted(hits, key=lambda name: -sum(scores[name]))

    def get_info(self, name: str) -> Dataset:
        """Print what is known of a set, and return its record."""
        record = catalog()[name]
        sys.stdout.write(describe(record) + "\n")
        return record

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """The loader of a set, under its id or an alias."""
        if not name.startswith(PREFIX):
            raise AttributeError(f"Datasets has no attribute {name!r}")
        wanted = name.removeprefix(PREFIX)
        if wanted not in catalog():
            raise NoLoader("dataset", wanted, catalog().near(wanted))
        return _loader(catalog()[wanted].id)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *(PREFIX + name for name in catalog())]

    def __repr__(self) -> str:
        return f"Datasets ({len(catalog())} sets; list_all() names them)"


Datasets: Final = Shelf()


@cache
def _loader(name: str) -> Callable[..., Any]:
    record = catalog()[name]
    load = _observed(record) if record.draw is None else _generated(record, record.draw)
    load.__name__ = load.__qualname__ = PREFIX + record.id
    return load


def _observed(record: Dataset) -> Callable[..., Any]:
    def load(
        split: Split = "default", random_state: Seed = None, *, verbose: bool = False
    ) -> Arrays:
        table = read_table(record)
        X, y = inputs(record, table), answers(record, table)
        if verbose:
            sys.stdout.write(describe(record) + "\n")
        return _dealt(record, X, y, split, random_state)

    load.__doc__ = f"""{record.title}: {record.summary}

    split: "default" → the official parts where the source has them, else {record.test_fraction:g}
    of the rows for the test, stratified for classes; None, a fraction or "official" as in
    `Datasets`. random_state: a seed or a generator (None: {record.seed}). verbose: also print
    the record. Numbers are raw, with NaN where missing; of words, two categories make one
    column of 0 and 1, more make one column each; names, texts and groups are left out.
    """
    return load


def _generated(record: Dataset, draw: Callable[..., Any]) -> Callable[..., Any]:
    def load(
        *args: Any,
        random_state: Seed = None,
        split: Split = None,
        verbose: bool = False,
        **options: Any,
    ) -> Arrays:
        X, y = draw(generator(random_state), *args, **options)
        if verbose:
            sys.stdout.write(describe(record) + "\n")
        return _dealt(record, X, y, split, random_state)

    ours = [p for p in inspect.signature(load).parameters.values() if p.kind is p.KEYWORD_ONLY]
    theirs = list(inspect.signature(draw).parameters.values())[1:]
    load.__signature__ = inspect.Signature([*theirs, *ours])  # type: ignore[attr-defined]
    load.__doc__ = draw.__doc__
    return load


def inputs(record: Dataset, table: Table) -> NDArray[np.float32]:
    """The inputs of a set as they stand in its file: (rows, features)."""
    blocks = [_block(table, column.name, column.kind) for column in record.inputs]
    return np.concatenate(blocks, axis=1, dtype=np.float32)


def answers(record: Dataset, table: Table) -> NDArray[Any]:
    """Class indices in the order of `record.classes`, or the numbers to predict: (rows,)."""
    values = table.column(record.target.name)
    if not record.classes:
        return values.astype(np.float32)
    index = {name: i for i, name in enumerate(record.classes)}
    return np.array([index[value] for value in values], dtype=np.int64)


def _block(table: Table, name: str, kind: str) -> NDArray[np.float32]:
    values = table.column(name)
    if kind == "numeric":
        return values.astype(np.float32)[:, np.newaxis]
    categories = ordered(values[values != ""])
    shown = categories[1:] if len(categories) == 2 else categories
    block = np.array([values == word for word in shown], dtype=np.float32).T
    if len(categories) == 2:
        block[table.missing(name)] = np.nan
    return block


def _dealt(
    record: Dataset, X: NDArray[np.float32], y: NDArray[Any], split: Split, seed: Seed
) -> Arrays:
    if split is None:
        return X, y
    train, test = _parts(record, y, split, record.seed if seed is None else seed)
    return (X[train], y[train]), (X[test], y[test])


def _parts(record: Dataset, y: NDArray[Any], split: Split, seed: Seed) -> tuple[Any, ...]:
    if split == "default":
        split = "official" if record.official else record.test_fraction
    if split == "official":
        if record.official is None:
            raise BadValue("split", "a fraction", split, f"{record.id} has no official parts")
        return tuple(map(_rows, (record.official.train, record.official.test)))
    if isinstance(split, bool) or not isinstance(split, (int, float)) or not 0 < split < 1:
        raise BadValue("split", 'None, "default", "official" or a fraction in (0, 1)', split)
    classes = bool(record.target.categories)
    return split_rows(y, (1 - split, split), seed=seed, stratify=classes, name=record.target.name)


def _rows(ranges: Ranges) -> NDArray[np.int64]:
    return np.concatenate([np.arange(start, stop) for start, stop in ranges])


def _score(record: Dataset, word: str) -> int:
    names = (record.id, *record.aliases)
    if word in names:
        return 8
    if any(word in name for name in names):
        return 4
    if word in (record.category, record.task, record.origin):
        return 2
    texts = (record.title, record.summary, record.category, record.task, *record.use_cases)
    return int(any(word in text.lower() for text in texts))
