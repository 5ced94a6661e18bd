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
        ("size", f"{record.n_samples:,} rows, {len(record.features)} features"),
        ("features", _some(map(_column, record.features))),
        ("target", _column(target) + _classes(record)),
        ("from", _who(record)),
        ("licence", record.licence),
        ("notice", record.notice),
        *(("caution", caution) for caution in record.cautions),
        ("good for", "; ".join(record.use_cases)),
    ]
    body = [f"{label:<{WIDTH}}{text}" for label, text in rows if text]
    return "\n".join([record.title, record.summary, "", *body])


def _column(column: Column) -> str:
    unit = f" [{column.unit}]" if column.unit else ""
    gaps = f" ({column.n_missing} missing)" if column.n_missing else ""
    return column.name + unit + gaps


def _classes(record: Dataset) -> str:
    if not record.classes:
        return ""
    pairs = zip(record.classes, record.target.counts, strict=True)
    return ": " + _some(f"{name} ({count})" for name, count in pairs)


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
