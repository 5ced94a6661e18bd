"""What is known of a data set, as words: facts, columns, how to load it. Every text is inert."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from neurogebra.datasets.record import Artefact, Column, Dataset
from neurogebra.observatory.render.text import count, inert, many, number, sizes

SHOWN: Final = 8
ORIGINS: Final = {
    "observed": "measured or counted in the world",
    "simulated": "computed by a rule or a simulator, by whoever published it",
    "rendered": "drawn by a program, by whoever published it",
    "generated": "drawn here from a stated distribution",
    "file": "a file of yours; where its numbers come from is not known here",
    "unstated": "its source does not say where the numbers come from",
}
_HERE: Final = {
    "simulated": "computed here by a stated rule; of nothing in the world",
    "rendered": "drawn here by a program; of nothing in the world",
}


_METRICS: Final = {
    "roc_auc": "ROC AUC",
    "r2": "R²",
    "mse": "mean squared error",
    "one_step_mse": "mean squared error one step ahead",
    "mae_ratio": "error, the training mean's being 1,",
    "tfidf_logistic": "logistic regression on TF-IDF",
}


class ColumnRow(NamedTuple):
    """A line of the table of columns: all of it text."""

    name: str
    kind: str
    unit: str
    values: str
    missing: str


def origin(record: Dataset) -> str:
    """Where the numbers come from: the word of the record and what it means."""
    words = ORIGINS[record.origin]
    if record.supply == "generated":
        words = _HERE.get(record.origin, words)
    return f"{record.origin}: {words}"


def facts(record: Dataset) -> Iterator[tuple[str, str]]:
    """Yield (label, text) of what is known; labels come again, empty texts do not come."""
    for label, text in _facts(record):
        if text:
            yield label, inert(text, 4000)


def _facts(record: Dataset) -> Iterator[tuple[str, str]]:
    yield "id", _also(record)
    yield "kind", f"{record.category}, {record.task}; {record.supply} {record.form}"
    yield "origin", origin(record)
    yield "size", _size(record)
    yield "target", _target(record)
    yield "kept out", _kept_out(record)
    yield "parts", _parts(record)
    yield "season", many(record.period, "row") if record.period else ""
    yield "drawn", distribution(record)
    yield "options", options(record)
    yield "best score", _best(record)
    yield "baseline", _baseline(record)
    yield "made by", made_by(record)
    yield "by way of", _some(f"{s.package} {s.version} ({s.index})" for s in _sources(record))
    yield "fetched", _addresses(record)
    yield "licence", record.licence
    yield "rights", record.rights_note
    yield "notice", record.notice
    yield "changed", "; ".join(record.changes)
    yield "good for", "; ".join(record.use_cases)


def columns(record: Dataset) -> Iterator[ColumnRow]:
    """Yield a line for each column of the file, in its order."""
    kept = {c.name for c in record.other_targets}
    for c in record.columns:
        role = "target" if c is record.target else "kept out" if c.name in kept else c.role
        kind = f"{c.kind}, {role}" if role else c.kind
        cells = (c.name, kind, c.unit, _values(c), count(c.n_missing) if c.n_missing else "")
        yield ColumnRow(*(inert(cell, 200) for cell in cells))


def how_to_load(record: Dataset) -> tuple[str, str]:
    """A line of Python and a command that begin with the set; empty for a file of the user's."""
    if record.origin == "file":
        return "", ""
    x = {"series": "t", "table": "X", "images": "X", "text": "X"}[record.form]
    if record.draw:
        python = f"{x}, y = Datasets.load_{record.id}(random_state=0)"
    else:
        python = f"({x}, y), ({x}_test, y_test) = Datasets.load_{record.id}()"
    command = f"neurogebra datasets plot {record.id}"
    if record.form == "table":
        gaps = any(c.n_missing for c in record.inputs)
        command = f"neurogebra train {record.id}" + (" --allow-missing" if gaps else "")
    return inert(python), inert(command)


def distribution(record: Dataset) -> str:
    """The law that the rows of a generated set are drawn from."""
    if record.draw is None:
        return ""
    return " ".join((inspect.getdoc(record.draw) or "").split())


def options(record: Dataset) -> str:
    """The options of a generated set with their defaults."""
    if record.draw is None:
        return ""
    found = list(inspect.signature(record.draw).parameters.values())[1:]
    return ", ".join(f"{p.name} = {p.default!r}" for p in found)


def best(record: Dataset) -> tuple[str, float] | None:
    """The metric and the best value that any rule can have at the default options."""
    return (record.best.metric, float(record.best.score())) if record.best else None


def made_by(record: Dataset) -> str:
    """Who collected the numbers, where and when, with what it is cited by."""
    source = record.provenance
    if source is None:
        return ""
    cited = {"UCI": source.uci, "doi": source.doi, "article doi": source.article_doi}
    ids = [f"{label}:{value}" for label, value in cited.items() if value]
    return ", ".join((f"{source.who}, {source.where}, {source.year}", *ids))


def _also(record: Dataset) -> str:
    return record.id + (f" (also {', '.join(record.aliases)})" if record.aliases else "")


def _size(record: Dataset) -> str:
    shapes = [sizes(c.shape) for c in record.features if c.shape]
    of = f" ({', '.join(shapes)})" if shapes else ""
    text = f"{many(record.n_samples, 'row')}, {many(record.n_features, 'feature')}{of}"
    words = {"bundled": " on disk", "fetched": " to fetch", "generated": ""}[record.supply]
    return text + (f", {size(record.bytes)}{words}" if record.bytes else "")


def size(n: int) -> str:
    """A number of bytes in the unit that suits it: `858 B`, `47 kB`, `9.2 MB`."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n >= scale * 0.9995:
            places = 1 if n < 9.95 * scale else 0
            return f"{n / scale:.{places}f} {unit}"
    return f"{n} B"


def _target(record: Dataset) -> str:
    target = record.target
    head = target.name + (f" [{target.unit}]" if target.unit else "")
    if not record.classes:
        classes = _some(target.categories)
        return head + (f": {classes}" if classes else "")
    meaning = dict(target.labels)
    pairs = zip(record.classes, target.counts, strict=True)
    named = ((f"{c} = {meaning[c]}" if c in meaning else c, n) for c, n in pairs)
    return f"{head}: " + _some(f"{name} ({count(n)})" for name, n in named)


def _kept_out(record: Dataset) -> str:
    names = _some(c.name for c in record.other_targets)
    return f"{names}; they follow from the answer" if names else ""


def _parts(record: Dataset) -> str:
    if record.official is not None:
        train, test = (
            sum(stop - start for start, stop in part)
            for part in (record.official.train, record.official.test)
        )
        return f"{count(train)} training and {count(test)} test rows, as the source deals them"
    if record.draw:
        return ""
    share = f"{100 * record.test_fraction:g} % of the rows to test"
    if record.form == "series":
        return f"the last {share}"
    alike = ", classes alike" if record.classes else ""
    return f"{share}, dealt with seed {record.seed}{alike}"


def _best(record: Dataset) -> str:
    found = best(record)
    if found is None:
        return ""
    metric, value = found
    return f"{_words(metric)} {number(value)} at the default options; no rule can do better"


def _baseline(record: Dataset) -> str:
    b = record.baseline
    if b is None:
        return ""
    rows = f" on {many(b.rows_used, 'row')}" if b.rows_used else ""
    told = f"{_words(b.model)}: {_words(b.metric)} {number(b.score)}{rows}"
    unclear = "" if b.separates else ", which cannot be told apart"
    return f"{told}; with shuffled answers {number(b.shuffled)}{unclear}"


def _words(name: str) -> str:
    return _METRICS.get(name, name.replace("_", " "))


def _sources(record: Dataset) -> Iterable[Artefact]:
    return {(s.package, s.version): s for s in record.sources}.values()


def _addresses(record: Dataset) -> str:
    if record.remote is None:
        return ""
    remote = record.remote
    if remote.missing:
        return f"not at all: {remote.missing}"
    if remote.openml is not None and not remote.files:
        version = f", version {remote.version}" if remote.version else ""
        return f"OpenML data set {remote.openml}{version}; its hash comes from there"
    hosts = dict.fromkeys(urlsplit(url).netloc for file in remote.files for url in file.urls)
    told = f"{many(len(remote.files), 'file')} from {' or '.join(hosts)}"
    return told + (f"; bundled and near to it: {remote.instead}" if remote.instead else "")


def _values(column: Column) -> str:
    if column.range is not None:
        low, high = (f"{v:.7g}" for v in column.range)
        return f"{low} to {high}"
    if not column.categories:
        return sizes(column.shape) if column.shape else ""
    meaning = dict(column.labels)
    return _some((f"{c} = {meaning[c]}" if c in meaning else c for c in column.categories), 6)


def _some(texts: Iterable[str], shown: int = SHOWN) -> str:
    listed = list(texts)
    more = f" … and {len(listed) - shown} more" if len(listed) > shown + 1 else ""
    return ", ".join(listed[: shown if more else None]) + more
