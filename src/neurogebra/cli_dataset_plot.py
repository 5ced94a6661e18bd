"""A data set drawn in a terminal: dots of Braille, half blocks, bars."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.style import Style
from rich.text import Text

from neurogebra.cli_dataset_rows import heading
from neurogebra.cli_dataset_views import Bars, Line, Numbers, Pictures, Points, View, view_of
from neurogebra.cli_text import screen
from neurogebra.datasets import catalog
from neurogebra.errors import BadValue
from neurogebra.observatory.render.image import SHADES
from neurogebra.observatory.render.text import count, inert, number
from neurogebra.observatory.sinks.terminal_screen import BLUE, DIM, GREEN, MAGENTA

HEIGHT, WIDTH = 20, 100  # of a drawing, in characters: rows, and columns at most
# Braille: where the dot of (row, column) of a character is in its code.
DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
BLANK = 0x2800
COLOURS = (
    BLUE,
    "yellow",
    GREEN,
    MAGENTA,
    "red",
    "cyan",
    "bright_white",
    "bright_yellow",
    "bright_green",
    "bright_magenta",
)
MARKS = "●○▲△■□◆◇✕+"  # of classes where there are no colours
FEW = 300  # places with points, which are seen better as discs than as dots
EIGHTHS = "▏▎▍▌▋▊▉█"
MOST_PIXELS = 24  # of an image across, where several stand beside each other


def tell_plot(name: str, x: str | None, y: str | None, out: Path | None) -> None:
    """Draw a set on the screen, or into a new .png or .svg file."""
    if out is not None and out.suffix.lower() not in (".png", ".svg"):
        raise BadValue("--out", "a file that ends in .png or .svg", str(out))
    record = catalog()[name]
    view = view_of(record, x, y)
    title = f"{record.title} ({record.origin})"
    if out is not None:
        from neurogebra.cli_dataset_figure import write_figure

        screen().show(Text(inert(write_figure(view, title, out), 2000), GREEN))
        return
    to = screen()
    coloured = to.console.color_system is not None and not to.console.no_color
    to.show(heading(record), Text(), *drawn(view, min(to.width, WIDTH), coloured))
    if view.note:
        to.show(Text(), Text(inert(view.note), DIM))


def drawn(view: View, width: int, coloured: bool) -> list[Text]:
    """The rows of characters of a picture."""
    match view:
        case Points():
            return _points(view, width, coloured)
        case Line():
            return _line(view, width)
        case Pictures():
            return _pictures(view, width, coloured)
        case Bars():
            return _bars(view, width)


def _points(view: Points, width: int, coloured: bool) -> list[Text]:
    scale = [_ends(view.x), _ends(view.y)]
    marks = [number(scale[1][1]), number(scale[1][0])]
    columns = width - max(map(len, marks)) - 3
    inside = _inside(view.x, scale[0]) & _inside(view.y, scale[1])
    across = _dots(view.x[inside], scale[0], 2 * columns)
    down = 4 * HEIGHT - 1 - _dots(view.y[inside], scale[1], 4 * HEIGHT)
    groups = view.groups[inside]
    n_groups = max(1, len(view.names))
    votes = np.zeros((HEIGHT, columns, n_groups), np.int64)
    np.add.at(votes, (down // 4, across // 2, groups), 1)
    codes = np.zeros((HEIGHT, columns), np.int64)
    np.bitwise_or.at(codes, (down // 4, across // 2), DOTS[down % 4, across % 2])
    winner = votes.argmax(2)
    few = int(np.count_nonzero(codes)) <= FEW
    rows = []
    for i in range(HEIGHT):
        row = Text()
        for code, group in zip(codes[i].tolist(), winner[i].tolist(), strict=True):
            row.append(*_dot(code, group, n_groups, coloured, few))
        rows.append(row)
    ends = (number(scale[0][0]), number(scale[0][1]))
    return [*_framed(rows, marks, ends, view.labels), *_legend(view, coloured, width)]


def _dot(code: int, group: int, n_groups: int, coloured: bool, few: bool) -> tuple[str, str]:
    if not code:
        return " ", ""
    if not coloured and n_groups > 1:
        return MARKS[group % len(MARKS)], ""
    return MARKS[0] if few else chr(BLANK + code), COLOURS[group % len(COLOURS)]


def _legend(view: Points, coloured: bool, width: int) -> list[Text]:
    if not view.names:
        return []
    there = np.flatnonzero(np.bincount(view.groups, minlength=len(view.names))).tolist()
    lines = [Text()]
    for i in there:
        mark = "●" if coloured else MARKS[i % len(MARKS)]
        part = Text.assemble((mark, COLOURS[i % len(COLOURS)]), f" {inert(view.names[i], 30)}   ")
        if lines[-1].cell_len + part.cell_len > width and lines[-1].plain:
            lines.append(Text())
        lines[-1].append_text(part)
    again = len(there) > len(COLOURS)
    return [*lines, *([Text("colours and marks come again", DIM)] if again else [])]


def _line(view: Line, width: int) -> list[Text]:
    scale = _ends(view.y, most=None)
    marks = [number(scale[1]), number(scale[0])]
    columns = width - max(map(len, marks)) - 3
    codes = np.zeros((HEIGHT, columns), np.int64)
    known = np.flatnonzero(np.isfinite(view.y))
    across = _dots(view.t, _ends(view.t, most=None), 2 * columns)[known]
    down = 4 * HEIGHT - 1 - _dots(view.y[known], scale, 4 * HEIGHT)
    for i in range(len(known)):
        joined = i and known[i] == known[i - 1] + 1
        _stroke(codes, across, down, i - 1 if joined else i, i)
    rows = [Text("".join(chr(BLANK + c) if c else " " for c in row), MAGENTA) for row in codes]
    ends = inert(view.ends[0], 20), inert(view.ends[1], 20)
    return _framed(rows, marks, ends, view.labels)


def _stroke(
    codes: NDArray[np.int64], x: NDArray[np.int64], y: NDArray[np.int64], a: int, b: int
) -> None:
    steps = int(max(abs(x[b] - x[a]), abs(y[b] - y[a]))) + 1
    xs = np.round(np.linspace(x[a], x[b], steps)).astype(np.int64)
    ys = np.round(np.linspace(y[a], y[b], steps)).astype(np.int64)
    np.bitwise_or.at(codes, (ys // 4, xs // 2), DOTS[ys % 4, xs % 2])


def _framed(
    rows: list[Text], marks: list[str], ends: tuple[str, str], labels: tuple[str, str]
) -> list[Text]:
    margin = max(map(len, marks))
    columns = rows[0].cell_len
    framed = [Text(" " * margin + " " + inert(labels[1], columns), DIM)]
    for i, row in enumerate(rows):
        mark = marks[0] if i == 0 else marks[1] if i == len(rows) - 1 else ""
        framed.append(Text.assemble((mark.rjust(margin) + " │", DIM), row))
    framed.append(Text(" " * margin + " └" + "─" * columns, DIM))
    room = columns - len(ends[0]) - len(ends[1])
    middle = inert(labels[0], max(1, room - 2)).center(room)
    framed.append(Text(" " * (margin + 2) + ends[0] + middle + ends[1], DIM))
    return framed


def _ends(values: Numbers, most: float | None = 8.0) -> tuple[float, float]:
    """The lowest and highest value; a few far ones do not decide (`most` inner spans away)."""
    found = values[np.isfinite(values)]
    if not found.size:
        return 0.0, 1.0
    low, high = float(found.min()), float(found.max())
    if most is not None:
        a, b = (float(q) for q in np.quantile(found, (0.01, 0.99)))
        if b > a and high - low > most * (b - a):
            low, high = max(low, a - (b - a)), min(high, b + (b - a))
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _inside(values: Numbers, ends: tuple[float, float]) -> NDArray[np.bool_]:
    return (values >= ends[0]) & (values <= ends[1])


def _dots(values: Numbers, ends: tuple[float, float], n: int) -> NDArray[np.int64]:
    share = (values - ends[0]) / (ends[1] - ends[0])
    return np.asarray(np.round(np.nan_to_num(share) * (n - 1)), np.int64)


def _pictures(view: Pictures, width: int, coloured: bool) -> list[Text]:
    height, across = view.images.shape[1:3]
    side = across // -(-across // MOST_PIXELS)
    tall = max(2, round(height * side / across / 2) * 2)
    images = [_resized(image, tall, side) for image in view.images]
    beside = max(1, (width + 2) // (side + 2))
    lines: list[Text] = []
    for start in range(0, len(images), beside):
        block = images[start : start + beside]
        heads = [inert(name, side).ljust(side) for name in view.names[start : start + beside]]
        lines.append(Text("  ".join(heads), BLUE))
        for y in range(0, tall, 2):
            row = Text()
            for image in block:
                row.append_text(_half_blocks(image[y : y + 2], coloured)).append("  ")
            lines.append(row)
        lines.append(Text())
    return lines[:-1]


def _half_blocks(two_rows: Numbers, coloured: bool) -> Text:
    text = Text()
    for upper, lower in zip(two_rows[0], two_rows[1], strict=True):
        if coloured:
            text.append("▀", Style.parse(f"{_rgb(upper)} on {_rgb(lower)}"))
        else:
            shade = float(np.mean([upper, lower]))
            text.append(SHADES[min(int(shade * len(SHADES)), len(SHADES) - 1)])
    return text


def _rgb(pixel: Numbers) -> str:
    r, g, b = (round(255 * float(v)) for v in np.broadcast_to(pixel, 3))
    return f"#{r:02x}{g:02x}{b:02x}"


def _resized(image: Numbers, height: int, width: int) -> Numbers:
    """Means over the pixels that fall into one, or the nearest one where it is to be larger."""
    for axis, n in ((0, height), (1, width)):
        size = image.shape[axis]
        edges = np.arange(n) * size // n
        if n <= size:
            counts = np.diff([*edges, size]).reshape(
                [-1 if i == axis else 1 for i in range(image.ndim)]
            )
            image = np.add.reduceat(image, edges, axis=axis) / counts
        else:
            image = np.take(image, edges, axis=axis)
    return image


def _bars(view: Bars, width: int) -> list[Text]:
    names = [inert(name, 30) for name, _ in view.bars]
    margin = max(map(len, (*names, "")))
    most = max(n for _, n in view.bars) or 1
    room = width - margin - len(count(most)) - 3
    rows = [Text(inert(view.label, width), DIM)]
    for name, (_, n) in zip(names, view.bars, strict=True):
        eighths = round(8 * room * n / most)
        whole, rest = divmod(eighths, 8)
        bar = "█" * whole + (EIGHTHS[rest - 1] if rest else "")
        rows.append(Text.assemble((name.rjust(margin) + " ", DIM), (bar, BLUE), f" {count(n)}"))
    return rows
