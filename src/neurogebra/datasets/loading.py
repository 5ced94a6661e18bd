"""The loaders: a function for every set, by how its rows come."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

from numpy.typing import NDArray

from neurogebra.datasets.arrays import Loaded, read_arrays
from neurogebra.datasets.catalog import catalog
from neurogebra.datasets.deal import Split, Wish, chosen, deal
from neurogebra.datasets.describe import describe, terminal_width
from neurogebra.datasets.frames import framed, read_frames, require_frame
from neurogebra.datasets.record import Dataset
from neurogebra.datasets.seeds import Seed, generator

Pair: TypeAlias = tuple[NDArray[Any], NDArray[Any]]
Arrays: TypeAlias = Pair | tuple[Pair, Pair]


@cache
def loader(name: str) -> Callable[..., Any]:
    """The function that loads the set of this id."""
    record = catalog()[name]
    load = _stored(record) if record.draw is None else _generated(record, record.draw)
    load.__name__ = load.__qualname__ = f"load_{record.id}"
    return load


def _stored(record: Dataset) -> Callable[..., Any]:
    def load(
        split: Split = "default",
        random_state: Seed = None,
        n_samples: int | None = None,
        *,
        return_frame: bool = False,
        verbose: bool = False,
    ) -> Any:
        if return_frame:
            require_frame(record)
        _tell(record, verbose)
        loaded = read_arrays(record, raw=n_samples is not None)
        return _dealt(record, loaded, Wish(split, random_state, n_samples), return_frame)

    load.__doc__ = f"""{record.title}: {record.summary}

    split: {_split_words(record)}; None → (X, y), a fraction for the test part, or "official".
    random_state: a seed or a generator (None: {record.seed}). n_samples: only so many rows,
    {_sample_words(record)}. return_frame: a DataFrame and a
    Series (pandas), with every feature as it stands in the file. verbose: also print the record.
    {_FORMS[record.form]}"""
    return load


_FORMS = {
    "table": """Numbers are raw, with NaN where missing; of words, two categories make one column of
    0 and 1, more make one column each; names, texts, dates and groups are left out.
    """,
    "series": """Returns t and y, each (rows,): t as it stands in the file, or days since the first
    date. Rows keep their order, and no chance takes part.
    """,
    "images": """X: (rows, height, width), colours (rows, height, width, 3); 0 to 255 as float32.
    """,
    "text": """X: (rows,) of str, the text columns joined by a space; y: class indices.
    """,
}


def _split_words(record: Dataset) -> str:
    if record.official is not None:
        return '"default" and "official" → the parts of the source'
    share = f"{record.test_fraction:.0%} of the rows for the test"
    if record.form == "series":
        return f'"default" → the last {share}'
    return f'"default" → {share}' + (", classes alike" if record.classes else "")


def _sample_words(record: Dataset) -> str:
    if record.form == "series":
        return "the last ones"
    return "drawn by chance" + (", each class keeping its share" if record.classes else "")


def _generated(record: Dataset, draw: Callable[..., Any]) -> Callable[..., Any]:
    def load(
        *args: Any,
        random_state: Seed = None,
        split: Split = None,
        return_frame: bool = False,
        verbose: bool = False,
        **options: Any,
    ) -> Any:
        if return_frame:
            require_frame(record)
        rng = generator(random_state)
        loaded = Loaded(*draw(rng, *args, **options))
        _tell(record, verbose)
        seed = record.seed if random_state is None else random_state
        return _dealt(record, loaded, Wish(split, seed), return_frame)

    ours = [p for p in inspect.signature(load).parameters.values() if p.kind is p.KEYWORD_ONLY]
    theirs = list(inspect.signature(draw).parameters.values())[1:]
    load.__signature__ = inspect.Signature([*theirs, *ours])  # type: ignore[attr-defined]
    load.__doc__ = draw.__doc__
    return load


def _tell(record: Dataset, verbose: bool) -> None:
    if verbose:
        sys.stdout.write(describe(record, terminal_width()) + "\n")


def _dealt(record: Dataset, loaded: Loaded, wish: Wish, return_frame: bool) -> Any:
    rows = deal(record, loaded, wish)
    if return_frame:
        made = record.supply != "bundled"
        X, y = framed(record, loaded) if made else read_frames(record)
        return _each(rows, lambda part: (X.iloc[part], y.iloc[part]))
    return _each(rows, lambda part: chosen(loaded.X, loaded.y, part))


def _each(rows: Any, take: Callable[[Any], Any]) -> Any:
    return tuple(map(take, rows)) if isinstance(rows, tuple) else take(rows)
