"""What a picture of a data set shows, as plain arrays: points, a line, images, lengths, counts."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neurogebra.datasets import Datasets
from neurogebra.datasets.bundled import read_columns
from neurogebra.datasets.cells import NUMERIC
from neurogebra.datasets.record import Dataset
from neurogebra.datasets.table import Table
from neurogebra.datasets.tables import table_of
from neurogebra.errors import BadValue
from neurogebra.observatory.render.text import count, many

MOST_IMAGES: Final = 20
Numbers: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Points:
    """Two columns, each (n,); groups: (n,) of indices into `names`, the classes (none: all one)."""

    x: Numbers
    y: Numbers
    labels: tuple[str, str]
    groups: NDArray[np.int64]
    names: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True, eq=False)
class Line:
    """A series, t and y (n,), y with NaN where there is none; ends: what t begins and ends with."""

    t: Numbers
    y: Numbers
    ends: tuple[str, str]
    labels: tuple[str, str]
    note: str = ""


@dataclass(frozen=True, eq=False)
class Pictures:
    """Images (n, h, w) or (n, h, w, 3) from 0 to 1, each with the name of its class."""

    images: Numbers
    names: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True, eq=False)
class Bars:
    """How many rows fall under each label."""

    label: str
    bars: tuple[tuple[str, int], ...]
    note: str = ""


View: TypeAlias = Points | Line | Pictures | Bars


def view_of(record: Dataset, x: str | None = None, y: str | None = None) -> View:
    """What to draw of a set; x, y: the columns to use where it is a table.

    Raises BadValue for columns where there are none to choose, UnknownName for one there is not.
    """
    side = image_side(record)
    if (x or y) and (record.form != "table" or side):
        raise BadValue("--x" if x else "--y", "no column for a set of this kind", record.form)
    if side:
        return _pictures(record, side)
    if record.form == "series":
        return _line(record)
    if record.form == "text":
        return _lengths(record)
    return _points(record, table_of(record, record.seed), x, y)


def image_side(record: Dataset) -> tuple[int, ...]:
    """The (height, width) or (height, width, 3) of a set of images, also of one column a pixel."""
    if record.form == "images":
        return record.features[0].shape
    side = round(record.n_features**0.5)
    square = record.category == "image" and side * side == record.n_features
    return (side, side) if square else ()


def _pictures(record: Dataset, side: tuple[int, ...]) -> Pictures:
    X, y = Datasets.load(record.id, split=None, random_state=record.seed)
    _, first = np.unique(y, return_index=True)
    chosen = first[:MOST_IMAGES]
    images = X[chosen].astype(np.float64).reshape(len(chosen), *side)
    low, high = float(images.min()), float(images.max())
    classes, meaning = record.target.categories, dict(record.target.labels)
    known = [classes[i] if i < len(classes) else str(i) for i in y[chosen].tolist()]
    names = tuple(meaning.get(name, name) for name in known)
    note = f"the first row of each class, {len(chosen)} of {count(len(first))}"
    return Pictures((images - low) / ((high - low) or 1.0), names, note)


def _line(record: Dataset) -> Line:
    t, y = Datasets.load(record.id, split=None, random_state=record.seed)
    labels = (record.features[0].name, _labelled(record.target.name, record.target.unit))
    ends = f"{t[0]:g}", f"{t[-1]:g}"
    if record.supply == "bundled":
        texts = read_columns(record)[0]
        ends = texts[0], texts[-1]
    gaps = int(np.isnan(y).sum())
    note = many(len(y), "row") + (f", {many(gaps, 'gap')}" if gaps else "")
    return Line(t.astype(np.float64), y.astype(np.float64), ends, labels, note)


def _lengths(record: Dataset) -> Bars:
    X, _ = Datasets.load(record.id, split=None, random_state=record.seed)
    words = np.array([len(str(text).split()) for text in X])
    low, top = int(words.min()), max(1, int(np.quantile(words, 0.99)))
    step = max(1, -(-(top - low + 1) // 15))
    edges = np.arange(low // step * step, top + step + 1, step)
    counts, _ = np.histogram(np.minimum(words, edges[-1] - 1), edges)
    names = [f"{a}" if step == 1 else f"{a}–{b - 1}" for a, b in pairwise(edges.tolist())]
    if words.max() >= edges[-1]:
        names[-1] = f"{edges[-2]} or more"
    bars = tuple(zip(names, counts.tolist(), strict=True))
    return Bars("words in a text", bars, f"{many(len(words), 'text')}, median {np.median(words):g}")


def _points(record: Dataset, table: Table, x: str | None, y: str | None) -> View:
    target = record.target.name
    roles = {c.name: c.role for c in record.features}
    names = [n for n in table.names if table.kind(n) == NUMERIC and n != target]
    names = [n for n in names if not roles.get(n)] or names
    classes = table.kind(target) != NUMERIC
    codes = _codes(record, table, target) if classes else np.zeros(table.n_rows, np.int64)
    fit = _ranked(table, names, codes, target, classes)
    if not fit and not (x and y):
        return _counted(record, table, target)
    across, up = _chosen(fit, target if not classes else "", x, y)
    values = [_numeric(table, name) for name in (across, up)]
    known = np.isfinite(values[0]) & np.isfinite(values[1])
    units = {c.name: c.unit for c in record.columns}
    told = [many(int(known.sum()), "row")]
    if not known.all():
        told.append(f"{count(int((~known).sum()))} with a gap left out")
    if x is None and y is None and len(fit) > (2 if classes else 1):
        told.append(_WHY[classes])
    return Points(
        values[0][known],
        values[1][known],
        (_labelled(across, units.get(across, "")), _labelled(up, units.get(up, ""))),
        codes[known],
        _meanings(record, table, target) if classes else (),
        "; ".join(told),
    )


_WHY = {
    True: "the two numbers that differ most between the classes",
    False: "the number that the target follows most closely",
}


def _chosen(fit: list[str], target: str, x: str | None, y: str | None) -> tuple[str, str]:
    if x and y:
        return x, y
    if x or y:
        other = target or next((n for n in fit if n not in (x, y)), fit[0])
        return (x, other) if x else (other, y or other)
    if target:
        return fit[0], target
    return fit[0], fit[min(1, len(fit) - 1)]


def _ranked(
    table: Table, names: list[str], codes: NDArray[np.int64], target: str, classes: bool
) -> list[str]:
    """The names by how much the classes differ in them, or by how they follow the target."""
    if len(names) <= 2 and classes:
        return names
    scores = {}
    for name in names:
        values = table.column(name)
        known = np.isfinite(values)
        if classes:
            scores[name] = _between(values[known], codes[known])
        else:
            both = known & np.isfinite(table.column(target))
            scores[name] = _correlation(values[both], table.column(target)[both])
    return sorted(names, key=lambda n: -scores[n])


def _between(values: Numbers, codes: NDArray[np.int64]) -> float:
    """The share of the variance that lies between the classes."""
    if not len(values) or not values.std() > 0:
        return -1.0
    sums, rows = np.bincount(codes, values - values.mean()), np.bincount(codes)
    there = rows > 0
    return float((sums[there] ** 2 / rows[there]).sum() / (len(values) * values.var()))


def _correlation(a: Numbers, b: Numbers) -> float:
    if len(a) < 2 or not (a.std() > 0 and b.std() > 0):
        return -1.0
    return float(abs(np.corrcoef(a, b)[0, 1]))


def _numeric(table: Table, name: str) -> Numbers:
    values = table.column(name)
    if table.kind(name) != NUMERIC:
        raise BadValue("--x and --y", "columns of numbers", name)
    return values.astype(np.float64)


def _class_names(record: Dataset, table: Table, target: str) -> tuple[str, ...]:
    if record.target.categories:
        return record.target.categories
    return tuple(sorted({str(v) for v in table.column(target)}))


def _meanings(record: Dataset, table: Table, target: str) -> tuple[str, ...]:
    meaning = dict(record.target.labels)
    return tuple(meaning.get(name, name) for name in _class_names(record, table, target))


def _codes(record: Dataset, table: Table, target: str) -> NDArray[np.int64]:
    index = {name: i for i, name in enumerate(_class_names(record, table, target))}
    return np.array([index[str(v)] for v in table.column(target)], dtype=np.int64)


def _counted(record: Dataset, table: Table, target: str) -> Bars:
    values = [str(v) for v in table.column(target)]
    names = _class_names(record, table, target)
    bars = tuple((name, values.count(name)) for name in names)
    return Bars(_labelled(target, ""), bars, f"{many(len(values), 'row')}; no input is a number")


def _labelled(name: str, unit: str) -> str:
    return f"{name} [{unit}]" if unit else name
