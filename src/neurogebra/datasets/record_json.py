"""A set's provenance record read from JSON, strictly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neurogebra.datasets.record import (
    KINDS,
    ORIGINS,
    TASKS,
    Artefact,
    Baseline,
    Column,
    Dataset,
    File,
    Parts,
    Provenance,
    Ranges,
)
from neurogebra.datasets.strict import Reader
from neurogebra.errors import BadValue

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
_ARTEFACT = ("package", "index", "version", "package_licence", "member")
_BASELINE = ("model", "metric", "score", "low", "high", "shuffled", "separates_from_shuffled")
_MEASURED = ("rows_used", "folds", "chance", "spread", "group", "period", "mae", "shuffled_range")
# Names under which a set was known that belong to another one; catalog.py tells who asks.
_MISNOMERS = frozenset({"monks2"})


def read_record(raw: object, where: str = "record") -> Dataset:
    """The record that a mapping describes; BadValue at the first field that is off."""
    r = Reader(raw, where)
    r.only(_REQUIRED, _OPTIONAL)
    splits = Reader(r.map("splits"), f"{where}.splits")
    splits.only(("default",), ("official",))
    default = Reader(splits.map("default"), f"{where}.splits.default")
    default.only(("kind",), ("test_fraction", "seed", "note"))
    parts = splits.map("official", {})
    for item in r.items("checked"):
        Reader(*item).only(("against", "result"))
    texts: Mapping[str, Any] = {name: r.text(name) for name in _TEXTS}
    lists: Mapping[str, Any] = {name: r.texts(name) for name in _LISTS}
    return Dataset(
        **texts,
        **lists,
        task=r.one_of("task", TASKS),
        origin=r.one_of("origin", ORIGINS[:3]),
        notice=r.text("required_notice", ""),
        aliases=_aliases(r),
        n_samples=r.whole("n_samples"),
        difficulty=r.whole("difficulty"),
        provenance=_provenance(r.map("provenance"), f"{where}.provenance"),
        features=tuple(_column(*item) for item in r.items("features")),
        other_targets=tuple(_column(*item) for item in r.items("other_targets")),
        target=_column(r.map("target"), f"{where}.target"),
        files=_files(r),
        sources=_sources(r.map("via"), f"{where}.via"),
        official=_parts(parts, f"{where}.splits.official") if parts else None,
        test_fraction=default.number("test_fraction", 0.2),
        seed=default.whole("seed", 42),
        period=r.whole("period", None),
        baseline=_baseline(r.map("baseline"), f"{where}.baseline"),
    )


def _aliases(r: Reader) -> tuple[str, ...]:
    names = (*r.texts("aliases", ()), r.text("survey_id", ""))
    return tuple(name for name in dict.fromkeys(names) if name and name not in _MISNOMERS)


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
        shape=r.wholes("shape", ()),
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
    several = "files" in r.raw
    readers = [Reader(*item) for item in r.items("files")] if several else [r]
    if several:
        for f in readers:
            f.only(_FILE, ("shape", "dtype"))
    return tuple(
        File(
            name=f.text("file"),
            bytes=f.whole("bytes"),
            sha256=f.text("sha256"),
            shape=f.wholes("shape", ()) if several else (),
        )
        for f in readers
    )


def _sources(raw: object, where: str) -> tuple[Artefact, ...]:
    r = Reader(raw, where)
    r.only(("sources", "recipe"))
    r.map("recipe")
    return tuple(_artefact(*item) for item in r.items("sources"))


def _artefact(raw: object, where: str) -> Artefact:
    r = Reader(raw, where)
    r.only(_ARTEFACT, ("artefact", "sha256", "member_sha256", "note"))
    package, index, version, licence, member = (r.text(name) for name in _ARTEFACT)
    return Artefact(package=package, index=index, version=version, licence=licence, member=member)


def _baseline(raw: object, where: str) -> Baseline:
    r = Reader(raw, where)
    r.only(_BASELINE, _MEASURED)
    return Baseline(
        model=r.text("model"),
        metric=r.text("metric"),
        score=r.number("score"),
        low=r.number("low"),
        high=r.number("high"),
        shuffled=r.number("shuffled"),
        separates=r.truth("separates_from_shuffled"),
        rows_used=r.whole("rows_used", None),
        group=r.text("group", ""),
        period=r.whole("period", None),
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
