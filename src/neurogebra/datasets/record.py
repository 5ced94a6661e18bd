"""What a data set is: a frozen record of its columns, its origin and its rights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from neurogebra.datasets.remote import Remote
from neurogebra.datasets.strict import Reader
from neurogebra.errors import BadValue

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
    labels: (code, meaning) pairs where the file holds codes.
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
    """One file of a set and the hash that its bytes must have."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """The score of a quick model on real labels, with the bounds that it must keep."""

    model: str
    metric: str
    score: float
    low: float
    high: float


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

    origin: observed (measured), simulated or rendered by its source, or generated here by
    `draw(rng, **options) -> (X, y)`. features, other_targets and target stand in file order;
    other_targets are kept out of the inputs because they follow from the answer. remote: the
    files of a set that must be fetched.
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
        r = Reader(raw, where)
        r.only(_REQUIRED, _OPTIONAL)
        parts = r.map("splits").get("official")
        default = Reader(r.map("splits").get("default"), f"{where}.splits.default")
        texts: Mapping[str, Any] = {name: r.text(name) for name in _TEXTS}
        lists: Mapping[str, Any] = {name: r.texts(name) for name in _LISTS}
        return cls(
            **texts,
            **lists,
            task=r.one_of("task", TASKS),
            origin=r.one_of("origin", ORIGINS[:3]),
            notice=r.text("required_notice", ""),
            aliases=r.texts("aliases", ()),
            n_samples=r.whole("n_samples"),
            difficulty=r.whole("difficulty"),
            provenance=_provenance(r.map("provenance"), f"{where}.provenance"),
            features=tuple(_column(*item) for item in r.items("features")),
            other_targets=tuple(_column(*item) for item in r.items("other_targets")),
            target=_column(r.map("target"), f"{where}.target"),
            files=_files(r),
            official=_parts(parts, f"{where}.splits.official") if parts else None,
            test_fraction=default.number("test_fraction", 0.2),
            seed=default.whole("seed", 42),
            period=r.whole("period", None),
            baseline=_baseline(r.map("baseline"), f"{where}.baseline"),
        )


_TEXTS = ("id", "title", "summary", "category", "licence", "rights_level", "rights_note")
_LISTS = ("cautions", "changes", "use_cases")
_COUNTS = ("n_samples", "n_features", "n_columns")
_PARTS = ("provenance", "features", "other_targets", "target", "splits", "baseline")
_REQUIRED = frozenset(
    (*_TEXTS, *_LISTS, *_COUNTS, *_PARTS, "task", "origin", "difficulty", "via", "checked")
)
_FILE = frozenset(("file", "bytes", "sha256", "bytes_uncompressed", "sha256_uncompressed"))
_OPTIONAL = _FILE | {"files", "aliases", "survey_id", "period", "required_notice"}
_COLUMN = frozenset(("unit", "role", "range", "categories", "n_categories", "classes", "labels"))
_COLUMN_EXTRA = frozenset(("max_length", "shape", "classes_train", "classes_test"))


def _column(raw: object, where: str) -> Column:
    r = Reader(raw, where)
    r.only(("name", "kind", "n_missing"), _COLUMN | _COLUMN_EXTRA)
    limits = r.take("range", list, "two numbers", [])
    if limits and not (len(limits) == 2 and all(isinstance(v, (int, float)) for v in limits)):
        raise BadValue(f"{where}.range", "two numbers", limits)
    classes = r.map("classes", {})
    return Column(
        name=r.text("name"),
        kind=r.one_of("kind", KINDS),
        unit=r.text("unit", ""),
        role=r.text("role", ""),
        n_missing=r.whole("n_missing"),
        range=(float(limits[0]), float(limits[1])) if limits else None,
        categories=tuple(classes) or r.texts("categories", ()),
        counts=tuple(Reader(classes, f"{where}.classes").whole(name) for name in classes),
        labels=tuple(sorted(r.map("labels", {}).items())),
    )


def _provenance(raw: object, where: str) -> Provenance:
    r = Reader(raw, where)
    r.only(("who", "where", "year"), ("uci", "doi", "article_doi"))
    return Provenance(
        who=r.text("who"),
        where=r.text("where"),
        year=r.whole("year"),
        uci=r.whole("uci", None),
        doi=r.text("doi", ""),
        article_doi=r.text("article_doi", ""),
    )


def _files(r: Reader) -> tuple[File, ...]:
    found = r.items("files") if "files" in r.raw else [(r.raw, r.where)]
    readers = [Reader(*item) for item in found]
    return tuple(
        File(name=f.text("file"), bytes=f.whole("bytes"), sha256=f.text("sha256")) for f in readers
    )


def _baseline(raw: object, where: str) -> Baseline:
    r = Reader(raw, where)
    return Baseline(
        model=r.text("model"),
        metric=r.text("metric"),
        score=r.number("score"),
        low=r.number("low"),
        high=r.number("high"),
    )


def _parts(raw: object, where: str) -> Parts:
    r = Reader(raw, where)
    r.only(("train", "test"), ("source",))
    return Parts(train=_ranges(r, "train"), test=_ranges(r, "test"))


def _ranges(r: Reader, key: str) -> Ranges:
    return tuple(_range(*item) for item in r.items(key))


def _range(raw: object, where: str) -> tuple[int, int]:
    match raw:
        case [int(start), int(stop)] if 0 <= start < stop:
            return start, stop
    raise BadValue(where, "a row range [from, to)", raw)
