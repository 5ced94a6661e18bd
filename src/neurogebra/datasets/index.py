"""The listing of all sets: a few facts of each from one small file, without NumPy.

`index.json` is written from the records by tools/dataset_index.py; a test holds the two equal.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from neurogebra.datasets.record import Dataset
from neurogebra.registry import Registry

NAME = "index.json"


@dataclass(frozen=True)
class Entry:
    """What is needed to find a set and to list it; the facts are those of its `Dataset`.

    supply: "bundled", "generated" or "fetched"; form: "table", "series", "images" or "text";
    bytes: the size of its files, 0 for a generated set and where the size is not known.
    """

    id: str
    aliases: tuple[str, ...]
    supply: str
    form: str
    category: str
    task: str
    origin: str
    n_samples: int
    n_features: int
    bytes: int
    licence: str
    title: str
    summary: str
    use_cases: tuple[str, ...]

    @classmethod
    def of(cls, record: Dataset) -> Entry:
        """The entry of a record."""
        rest = {f.name: getattr(record, f.name) for f in fields(cls) if f.name not in _COUNTED}
        return cls(**rest, n_features=record.n_features, bytes=record.bytes)

    def score(self, word: str) -> int:
        """How well a word in small letters fits: 8 is the name, 0 is nowhere in the entry.

        5: its kind, such as its category; 4: a word of a name; 3: a part of one; 2: in the title.
        A plural fits where its singular does.
        """
        names = (self.id, *self.aliases)
        if word in names:
            return 8
        stem = word.removesuffix("s") if len(word) > 3 else word
        if {word, stem} & {self.category, self.task, self.form, self.origin, self.supply}:
            return 5
        if any({word, stem} & {*name.split("_")} for name in names):
            return 4
        if any(stem in name for name in names):
            return 3
        if stem in self.title.lower():
            return 2
        texts = (self.summary, self.category, self.task, *self.use_cases)
        return int(any(stem in text.lower() for text in texts))


_COUNTED = ("n_features", "bytes")


@cache
def entries() -> Registry[Entry]:
    """The entries of all sets by id and alias: bundled, generated, fetched."""
    raw = json.loads(Path(__file__).with_name(NAME).read_bytes())
    sets = [dict(zip(raw["fields"], row, strict=True)) for row in raw["sets"]]
    return Registry("dataset", map(_entry, sets), key=lambda e: e.id)


def _entry(raw: dict[str, Any]) -> Entry:
    listed = {name: tuple(raw[name]) for name in ("aliases", "use_cases")}
    return Entry(**{**raw, **listed})


def search(query: str) -> list[str]:
    """The ids of the sets whose entry holds every word of `query`, best match first."""
    words = query.lower().split()
    scores = {e.id: [e.score(w) for w in words] for e in entries().values()}
    hits = [name for name, found in scores.items() if all(found)]
    return sorted(hits, key=lambda name: -sum(scores[name]))
