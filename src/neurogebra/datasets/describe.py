"""What is known of a data set, as text for people."""

from __future__ import annotations

from collections.abc import Iterable

from neurogebra.datasets.record import Column, Dataset

WIDTH = 13
SHOWN = 8


def describe(record: Dataset) -> str:
    """The record in lines of text, with the origin and every caution."""
    target = record.target
    rows = [
        ("id", ", ".join((record.id, *record.aliases))),
        ("kind", f"{record.category}, {record.task}, {record.origin}"),
        ("size", _size(record)),
        ("features", _some(map(_column, record.features))),
        ("target", _column(target) + _classes(record)),
        ("kept out", _some(map(_column, record.other_targets))),
        ("parts", _parts(record)),
        ("from", _who(record)),
        ("by way of", _some(dict.fromkeys(f"{s.package} ({s.index})" for s in record.sources))),
        ("licence", record.licence),
        ("rights", record.rights_note),
        ("notice", record.notice),
        *(("caution", caution) for caution in record.cautions),
        ("good for", "; ".join(record.use_cases)),
    ]
    body = [f"{label:<{WIDTH}}{text}" for label, text in rows if text]
    return "\n".join([record.title, record.summary, "", *body])


def _size(record: Dataset) -> str:
    shapes = ["×".join(map(str, c.shape)) for c in record.features if c.shape]
    of = f" ({', '.join(shapes)})" if shapes else ""
    n = record.n_features
    on_disk = f", {record.bytes / 1e6:,.2g} MB packed" if record.bytes >= 1e5 else ""
    return f"{record.n_samples:,} rows, {n:,} feature{'s' * (n != 1)}{of}{on_disk}"


def _column(column: Column) -> str:
    unit = f" [{column.unit}]" if column.unit else ""
    role = f" ({column.role})" if column.role else ""
    gaps = f" ({column.n_missing} missing)" if column.n_missing else ""
    return column.name + unit + role + gaps


def _classes(record: Dataset) -> str:
    if not record.classes:
        return ""
    meaning = dict(record.target.labels)
    pairs = zip(record.classes, record.target.counts, strict=True)
    named = ((f"{c} = {meaning[c]}" if c in meaning else c, n) for c, n in pairs)
    return ": " + _some(f"{name} ({count:,})" for name, count in named)


def _parts(record: Dataset) -> str:
    if record.official is None:
        return ""
    train, test = (
        sum(stop - start for start, stop in part)
        for part in (record.official.train, record.official.test)
    )
    return f"{train:,} training and {test:,} test rows, as the source deals them"


def _who(record: Dataset) -> str:
    source = record.provenance
    if source is None:
        return ""
    doi = source.doi or source.article_doi
    return f"{source.who}, {source.where}, {source.year}" + (f", doi:{doi}" if doi else "")


def _some(texts: Iterable[str]) -> str:
    listed = list(texts)
    more = f" … and {len(listed) - SHOWN} more" if len(listed) > SHOWN + 1 else ""
    return ", ".join(listed[: SHOWN if more else None]) + more
