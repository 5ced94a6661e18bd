"""What a data set is: a frozen record of its columns, its origin and its rights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any, TypeAlias

from neurogebra.datasets.remote import Remote

KINDS = ("numeric", "categorical", "text", "datetime")
ORIGINS = ("observed", "simulated", "rendered", "generated")
TASKS = (
    "binary",
    "multiclass",
    "regression",
    "count",
    "ordinal",
    "forecasting",
    "text_binary",
    "text_multiclass",
)
Ranges: TypeAlias = tuple[tuple[int, int], ...]


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a file; of a class target `categories` are the classes, `counts` their rows.

    role: "identifier" (names a row), "group" (rows that belong together) or "".
    labels: (code, meaning) pairs where the file holds codes. shape: of what one row holds
    where that is more than one value, such as the (height, width) of an image.
    """

    name: str
    kind: str
    unit: str = ""
    role: str = ""
    n_missing: int = 0
    range: tuple[float, float] | None = None
    categories: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    shape: tuple[int, ...] = ()

    @property
    def learnable(self) -> bool:
        """Whether the column is an input as it stands: a number or a category of the row itself."""
        return self.kind in ("numeric", "categorical") and not self.role


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Who collected the numbers, where and when, and under which identifiers they are cited."""

    who: str
    where: str
    year: int
    uci: int | None = None
    doi: str = ""
    article_doi: str = ""


@dataclass(frozen=True, kw_only=True)
class File:
    """One file of a set, the hash that its bytes must have, and its shape if it is an array."""

    name: str
    bytes: int
    sha256: str
    shape: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Artefact:
    """The published package that a file was taken from, and where in it the rows lay."""

    package: str
    index: str
    version: str
    licence: str
    member: str


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """The score of a quick model on real labels, with the bounds that it must keep.

    rows_used: the most rows it is measured on; shuffled: its score when the answers are
    shuffled; separates: whether the two differ clearly; group: the column whose equal values
    stay in one fold; period: rows of a season (series).
    """

    model: str
    metric: str
    score: float
    low: float
    high: float
    shuffled: float
    separates: bool
    rows_used: int | None = None
    group: str = ""
    period: int | None = None


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The rows [from, to) of the parts that the source itself names."""

    train: Ranges
    test: Ranges


@dataclass(frozen=True, kw_only=True)
class Best:
    """The best score that any rule can have on rows drawn from a known distribution.

    score: called with the options of `draw`, it returns the Bayes-optimal value of `metric`.
    """

    metric: str
    score: Callable[..., float]


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A set of rows that can be learned from, and where it comes from.

    origin: observed (measured), simulated, rendered or generated, by its source or, where it is
    made here, by `draw(rng, **options) -> (X, y)`. features, other_targets and target stand in
    file order; other_targets are kept out of the inputs because they follow from the answer.
    remote: the files of a set that must be fetched.
    """

    id: str
    title: str
    summary: str
    category: str
    task: str
    origin: str
    licence: str
    n_samples: int
    features: tuple[Column, ...]
    target: Column
    provenance: Provenance | None = None
    rights_level: str = ""
    rights_note: str = ""
    notice: str = ""
    other_targets: tuple[Column, ...] = ()
    cautions: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    use_cases: tuple[str, ...] = ()
    difficulty: int = 1
    files: tuple[File, ...] = ()
    sources: tuple[Artefact, ...] = ()
    official: Parts | None = None
    test_fraction: float = 0.2
    seed: int = 42
    period: int | None = None
    baseline: Baseline | None = None
    aliases: tuple[str, ...] = ()
    draw: Callable[..., Any] | None = None
    best: Best | None = None
    remote: Remote | None = None

    @property
    def supply(self) -> str:
        """How its rows come: "bundled" with the package, "generated" or "fetched"."""
        return "generated" if self.draw else "fetched" if self.remote else "bundled"

    @property
    def form(self) -> str:
        """What its arrays are: a "series" (t, y), "images", "text", or a "table" of features."""
        if self.task == "forecasting":
            return "series"
        if self.task.startswith("text"):
            return "text"
        return "images" if any(len(c.shape) > 1 for c in self.features) else "table"

    @property
    def n_features(self) -> int:
        """How many values one row of the input holds: the columns, or the pixels of an image."""
        return sum(prod(c.shape) for c in self.features)

    @property
    def bytes(self) -> int:
        """The size of its files; 0 for a generated set and where a size is not known."""
        fetched = self.remote.files if self.remote else ()
        return sum(f.bytes for f in self.files) + sum(f.bytes or 0 for f in fetched)

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns of the file, in its order."""
        return (*self.features, *self.other_targets, self.target)

    @property
    def inputs(self) -> tuple[Column, ...]:
        """The features that can be learned from as they stand (no names, texts, groups, dates)."""
        return tuple(c for c in self.features if c.learnable)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes by index; empty for a number to predict."""
        return self.target.categories if self.target.counts else ()

    @classmethod
    def from_json(cls, raw: object, where: str = "record") -> Dataset:
        """Read a provenance record strictly; raises BadValue at the first field that is off."""
        from neurogebra.datasets.record_json import read_record  # which stands on this file

        return read_record(raw, where)
