"""A recorded computation as a picture: the graph behind a Value or a Tensor, in text or SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from xml.sax.saxutils import escape

from neurogebra.core.chain import call_text, content, name_of, names_of, plain
from neurogebra.core.tape import users_first
from neurogebra.errors import BadValue

SHOWN = 80  # results and leaves in one picture
FORMS = ("unicode", "svg")

# Sizes of the picture in its own units; an edge that passes a column takes a lane of its own.
WIDTH, HEIGHT, GAP_X, GAP_Y, MARGIN, CHARACTER, LANE = 96, 58, 64, 18, 16, 7.3, 4

Key = int | tuple[int, int, int]  # a box, or (user, place, column) of an edge that passes by


@dataclass(frozen=True, slots=True)
class Box:
    """One number or array of the graph: what is written in its box, and where it stands.

    column: longest way from a leaf, leaves right before their first user; sources: the boxes
    it was computed from, with ∂ result / ∂ source where that is one number.
    """

    key: int
    title: str
    value: str
    grad: str
    kind: str  # leaf, result or root
    column: int
    sources: tuple[tuple[int, str], ...]


def draw(root: Any, form: str = "unicode") -> str:
    """Return the graph behind a Value or a Tensor as text ("unicode") or as a picture ("svg").

    Every box has its formula, its number and its gradient (0 or none before `backward`).
    Raises BadValue for another form and for graphs of more than 80 numbers.
    """
    if form not in FORMS:
        raise BadValue("form", " or ".join(map(repr, FORMS)), form)
    boxes = facts(root)
    return _svg(boxes) if form == "svg" else _text(boxes)


def facts(root: Any) -> tuple[Box, ...]:
    """Return the boxes of a graph, leaves first, the root last."""
    order = users_first(root)
    if len(order) > SHOWN:
        raise BadValue("draw", f"a graph of at most {SHOWN} numbers", len(order),
                       "explain() writes the last steps of a long computation")  # fmt: skip
    names = names_of(order)
    columns = _columns(order)
    return tuple(_box(node, root, names, columns) for node in reversed(order))


def _box(node: Any, root: Any, names: dict[Any, str], columns: Mapping[int, int]) -> Box:
    slopes = getattr(node, "_slopes", None) or ("",) * len(node._sources)
    title = names[node]
    if node._op:
        attrs = getattr(node, "_attrs", {})
        title += f" = {call_text(node._op.name, [name_of(a, names) for a in node._args], attrs)}"
    grad = "none" if node.grad is None else content(node.grad)
    return Box(
        id(node),
        title,
        content(node.data),
        grad,
        "root" if node is root else "result" if node._op else "leaf",
        columns[id(node)],
        tuple(
            (id(s), plain(slope) if slope != "" else "")
            for s, slope in zip(node._sources, slopes, strict=True)
        ),
    )


def _columns(order: Sequence[Any]) -> dict[int, int]:
    """Return each node's column; order: users before sources."""
    columns: dict[int, int] = {}
    for node in reversed(order):
        columns[id(node)] = 1 + max((columns[id(s)] for s in node._sources), default=-1)
    nearest: dict[int, int] = {}
    for node in order:
        for source in node._sources:
            user = columns[id(node)]
            nearest[id(source)] = min(nearest.get(id(source), user), user)
    leaves = {id(n): nearest[id(n)] - 1 for n in order if not n._sources and id(n) in nearest}
    return {**columns, **leaves}


def _text(boxes: Sequence[Box]) -> str:
    """Write the graph as a tree from the root; a part that is used again stands once."""
    by_key = {b.key: b for b in boxes}
    lines: list[str] = []
    told: set[int] = set()
    waiting = [(boxes[-1], "", "")]
    while waiting:
        box, before, branch = waiting.pop()
        shown = f"{box.title}   {box.value}   grad {box.grad}"
        again = box.key in told and box.sources
        lines.append(
            f"{before}{branch}{box.title}   as above" if again else before + branch + shown
        )
        told.add(box.key)
        inner = before + {"├─ ": "│  ", "└─ ": "   "}.get(branch, "")
        parts = [] if again else list(dict(box.sources))
        for i, key in reversed(list(enumerate(parts))):
            waiting.append((by_key[key], inner, "└─ " if i == len(parts) - 1 else "├─ "))
    return "\n".join(lines)


def _svg(boxes: Sequence[Box]) -> str:
    """Draw columns of boxes from the leaves to the root, joined by curves."""
    by_key = {b.key: b for b in boxes}
    columns = _lanes(boxes, by_key)
    widths = [max([WIDTH, *(_width(by_key[k]) for k in c if isinstance(k, int))]) for c in columns]
    starts = [MARGIN + sum(widths[:i]) + GAP_X * i for i in range(len(columns))]
    tall = max(_tall(c) for c in columns)
    places: dict[Key, tuple[float, float]] = {}
    for x, column in zip(starts, columns, strict=True):
        y = MARGIN + (tall - _tall(column)) / 2
        for key in column:
            places[key] = (x, y)
            y += (HEIGHT if isinstance(key, int) else LANE) + GAP_Y
    lines = [
        _edge(by_key, box, place, places, widths)
        for box in boxes
        for place in range(len(box.sources))
    ]
    drawn = [_drawn(b, *places[b.key], widths[b.column]) for b in boxes]
    wide, high = starts[-1] + widths[-1] + MARGIN, tall + 2 * MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:g} {high:g}" '
        f'width="{wide:g}" height="{high:g}" role="img" font-family="ui-monospace, monospace" '
        f'font-size="12"><title>{escape(boxes[-1].title)}</title>{_STYLE}'
        f"{''.join(lines)}{''.join(drawn)}</svg>"
    )


def _lanes(boxes: Sequence[Box], by_key: Mapping[int, Box]) -> list[list[Key]]:
    """Return what stands in each column from above: boxes, and edges that pass by.

    Each column is ordered by where the sources of its boxes stand in the one before.
    """
    columns: list[list[Key]] = [[] for _ in range(max(b.column for b in boxes) + 1)]
    before: dict[Key, list[Key]] = {}
    for box in boxes:
        columns[box.column].append(box.key)
        for place, (key, _) in enumerate(box.sources):
            last: Key = key
            for column in range(by_key[key].column + 1, box.column):
                lane = (box.key, place, column)
                columns[column].append(lane)
                before[lane] = [last]
                last = lane
            before.setdefault(box.key, []).append(last)
    for left, right in pairwise(columns):
        at = {key: i for i, key in enumerate(left)}
        right.sort(key=lambda k: _middle([at[b] for b in before.get(k, ()) if b in at], len(left)))
    return columns


def _middle(places: Sequence[int], count: int) -> float:
    return sum(places) / len(places) if places else float(count)


def _tall(column: Sequence[Key]) -> float:
    boxes = sum(isinstance(key, int) for key in column)
    return boxes * HEIGHT + (len(column) - boxes) * LANE + GAP_Y * (len(column) - 1)


def _width(box: Box) -> float:
    return 20 + CHARACTER * max(map(len, (box.title, box.value, f"grad {box.grad}")))


_STYLE = """<style>
.box{stroke-width:1.2;fill:#f6f8fa;stroke:#8c959f}.leaf{fill:#ddf4ff;stroke:#0969da}
.root{fill:#dafbe1;stroke:#1a7f37}.edge{fill:none;stroke:#8c959f}
text{fill:#1f2328}.small{fill:#59636e}
@media(prefers-color-scheme:dark){
.box{fill:#21262d;stroke:#6e7681}.leaf{fill:#0c2d4b;stroke:#58a6ff}
.root{fill:#12331c;stroke:#3fb950}.edge{stroke:#6e7681}
text{fill:#e6edf3}.small{fill:#9198a1}}
</style>"""


def _drawn(box: Box, x: float, y: float, width: float) -> str:
    middle = x + width / 2
    rows = ((18, box.title, ""), (34, box.value, ""), (50, f"grad {box.grad}", ' class="small"'))
    words = "".join(
        f'<text x="{middle:g}" y="{y + dy:g}" text-anchor="middle"{look}>{escape(text)}</text>'
        for dy, text, look in rows
    )
    return (
        f'<rect class="box {box.kind}" x="{x:g}" y="{y:g}" width="{width:g}" height="{HEIGHT}" '
        f'rx="7"/>{words}'
    )


def _edge(
    by_key: Mapping[int, Box],
    box: Box,
    place: int,
    places: Mapping[Key, tuple[float, float]],
    widths: Sequence[float],
) -> str:
    """Draw the curve from a source to its place on the box, with the local derivative there."""
    key, slope = box.sources[place]
    source = by_key[key]
    x, y = places[key][0] + widths[source.column], places[key][1] + HEIGHT / 2
    line = f"M{x:g},{y:g}"
    for column in range(source.column + 1, box.column):
        left, lane = places[box.key, place, column]
        line += _bend(x, y, left, lane) + f" H{left + widths[column]:g}"
        x, y = left + widths[column], lane
    left, top = places[box.key]
    entry = top + HEIGHT * (place + 1) / (len(box.sources) + 1)
    line += _bend(x, y, left, entry)
    word = (
        f'<text class="small" font-size="10" text-anchor="end" x="{left - 4:g}" '
        f'y="{entry - 3:g}">{escape(slope)}</text>'
    )
    return f'<path class="edge" d="{line}"/>{word if slope else ""}'


def _bend(x0: float, y0: float, x1: float, y1: float) -> str:
    half = (x1 - x0) / 2
    return f" C{x0 + half:g},{y0:g} {x1 - half:g},{y1:g} {x1:g},{y1:g}"
