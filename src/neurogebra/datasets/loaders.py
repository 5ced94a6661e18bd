"""`Datasets`: every set as arrays, by name."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from os import PathLike
from typing import Any, Final

from neurogebra.datasets.catalog import catalog
from neurogebra.datasets.describe import describe, terminal_width
from neurogebra.datasets.index import entries, search
from neurogebra.datasets.record import Dataset
from neurogebra.errors import UnknownName

PREFIX: Final = "load_"


class NoLoader(UnknownName, AttributeError):
    """A `load_<id>` for a set that is not there; an AttributeError too, so that hasattr works."""


class Shelf:
    """Every data set by name: `load_<id>`, `load(id)`, `list_all`, `search`, `get_info`.

    A set with a real name comes as ((X_train, y_train), (X_test, y_test)), a generated one as
    (X, y), a series with t in the place of X; `split` decides otherwise: None → (X, y), a
    fraction for the test part, "official" → the parts of the source. X: (rows, features),
    (rows, height, width) of images, float32, or (rows,) of str; y: (rows,), class indices as
    int64 in the order of `get_info(id).classes`, or float32. Parts may be views of one array.
    """

    def load(self, name: str, *args: Any, memory_map: bool = False, **options: Any) -> Any:
        """Load one set; options as for its `load_<id>`. UnknownName with the near names.

        memory_map: of a stored set, as read-only maps of files in the cache.
        """
        record = catalog()[name]
        if memory_map:
            from neurogebra.datasets.fetched.large import mapped

            return mapped(record, *args, **options)
        return _loader(record.id)(*args, **options)

    def batches(self, name: str, *args: Any, **options: Any) -> Iterator[Any]:
        """Pass once over a stored set, some rows at a time; options as for `large.batches`."""
        from neurogebra.datasets.fetched.large import batches

        return batches(catalog()[name], *args, **options)

    def load_file(self, path: str | PathLike[str], *args: Any, **options: Any) -> Any:
        """Load your own CSV, Parquet, NPZ, JSONL or folder of images; see `own.load_file`."""
        from neurogebra.datasets.fetched.own import load_file

        return load_file(path, *args, **options)

    def load_openml(self, number: int, version: int | None = None, **options: Any) -> Any:
        """Load any set of OpenML by its number; options as for `own.load_openml`."""
        from neurogebra.datasets.fetched.own import load_openml

        return load_openml(number, version, **options)

    def list_all(self, category: str | None = None) -> list[str]:
        """The ids of all sets, or of one category; an unknown category has none."""
        return [e.id for e in entries().values() if category in (None, e.category)]

    def search(self, query: str) -> list[str]:
        """The ids of the sets whose entry holds every word of `query`, best match first."""
        return search(query)

    def get_info(self, name: str) -> Dataset:
        """Print what is known of a set, with its cautions, and return its record."""
        record = catalog()[name]
        sys.stdout.write(describe(record, terminal_width()) + "\n")
        return record

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """The loader of a set, under its id or an alias."""
        if not name.startswith(PREFIX):
            raise AttributeError(f"Datasets has no attribute {name!r}")
        wanted, sets = name.removeprefix(PREFIX), catalog()
        if wanted in sets:
            return _loader(sets[wanted].id)
        problem = sets.unknown(wanted)
        if isinstance(problem, AttributeError):
            raise problem
        raise NoLoader("dataset", wanted, sets.near(wanted))

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *(PREFIX + name for name in entries())]

    def __repr__(self) -> str:
        return f"Datasets ({len(entries())} sets; list_all() names them)"


Datasets: Final = Shelf()


def _loader(name: str) -> Callable[..., Any]:
    from neurogebra.datasets.loading import loader  # NumPy: nobody needs it to list the sets

    return loader(name)
