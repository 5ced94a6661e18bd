"""How the NumPy engine finds the largest under each window, and gives back to where it lay.

Some images at a time, so that what is computed between stays in the processor's cache.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurogebra.ops.images import cells

Kernel = tuple[Callable[..., Any], tuple[Any, ...]]

# Bytes of the images that are worked on at a time.
AT_ONCE = 1 << 19


def places(k: int, count: int, stride: int, gap: int = 1) -> slice:
    """Return where the elements k of `count` windows along one axis lie."""
    return slice(k * gap, k * gap + (count - 1) * stride + 1, stride)


@dataclass(frozen=True, slots=True)
class Line:
    """The elements that windows along one axis have in common: their first, second, …"""

    axis: int
    size: int
    stride: int

    def parts(self, a: np.ndarray, count: int) -> list[np.ndarray]:
        """Return views of a: the first elements of all windows, the second ones, …"""
        lead = (slice(None),) * self.axis
        return [a[(*lead, places(k, count, self.stride))] for k in range(self.size)]


def lines(attrs: dict[str, Any]) -> tuple[Line, Line]:
    """Return the axes of a pool's windows: rows and columns."""
    rows = Line(1, attrs["height"], attrs.get("down", 1))
    return rows, Line(2, attrs["width"], attrs.get("right", 1))


def chunks(x: np.ndarray) -> Iterator[slice]:
    """Yield how many of the images x are worked on at a time."""
    step = images_at_once(x.shape, x.itemsize)
    for start in range(0, len(x), step):
        yield slice(start, start + step)


def images_at_once(shape: tuple[int, ...], itemsize: int) -> int:
    """Return how many of `shape[0]` images are worked on at a time; at least 1."""
    one = max(int(np.prod(shape[1:])) * itemsize, 1)
    return max(1, min(shape[0], AT_ONCE // one))


def pooling(x: np.ndarray, attrs: dict[str, Any], shape: tuple[int, ...]) -> Kernel:
    """Return the kernel that finds the largest only; shape: of what it writes.

    Rows first: whole rows are compared, which is what a processor does fastest.
    """
    rows, columns = lines(attrs)
    half = np.empty((images_at_once(x.shape, x.itemsize), shape[1], *x.shape[2:]), x.dtype)
    steps = []
    for at in chunks(x):
        room = half[: len(x[at])]
        steps.append((at, rows.parts(x[at], shape[1]), room, columns.parts(room, shape[2])))
    return _pool, (steps,)


def _pool(steps: list[Any], out: np.ndarray) -> None:
    for at, upright, half, across in steps:
        _largest(upright, half)
        _largest(across, out[at])


def _largest(parts: list[np.ndarray], out: np.ndarray) -> None:
    if len(parts) == 1:
        np.copyto(out, parts[0])
        return
    np.maximum(parts[0], parts[1], out=out)
    for part in parts[2:]:
        np.maximum(out, part, out=out)


def noting(x: np.ndarray, attrs: dict[str, Any]) -> tuple[np.ndarray, Kernel]:
    """Return the notes and the kernel that finds the largest and notes where it lay.

    A note is the largest one's index in its window, in reading order; of equals, the first's.
    Columns are compared first, then rows: that is the order.
    """
    shape = cells(x, **attrs).shape[:4]
    rows, columns = lines(attrs)
    number = np.min_scalar_type(rows.size * columns.size - 1)
    notes = np.empty(shape, number)
    count = images_at_once(x.shape, x.itemsize)
    across = _Race((count, x.shape[1], *shape[2:]), x.dtype, number)
    upright = _Race((count, *shape[1:]), x.dtype, number)
    indices = [np.asarray(k, number) for k in range(columns.size)]
    starts = [np.asarray(k * columns.size, number) for k in range(rows.size)]
    steps = []
    for at in chunks(x):
        first, second = (race.of(len(x[at])) for race in (across, upright))
        found = [rows.parts(a, shape[1]) for a in (first.largest, first.index)]
        steps.append((at, first, columns.parts(x[at], shape[2]), second, *found))
    return notes, (_pool_noting, (steps, indices, starts, notes))


class _Race:
    """Rooms for the largest of some arrays, its index, and what is needed to find them."""

    def __init__(self, shape: tuple[int, ...], dtype: Any, number: Any) -> None:
        self.largest, self.index = np.empty(shape, dtype), np.empty(shape, number)
        self.mask = np.empty(shape, number)
        # What is true is 1 already, where a number is a byte.
        self.won = self.mask.view(np.bool_) if self.mask.itemsize == 1 else self.mask != 0

    def of(self, count: int) -> _Race:
        """Return the rooms for so many images."""
        found = _Race.__new__(_Race)
        for name, room in vars(self).items():
            setattr(found, name, room[:count])
        return found

    def number(self) -> None:
        """Let the mask be 1 where something won."""
        if self.mask.itemsize > 1:
            np.copyto(self.mask, self.won)

    def across(self, parts: list[np.ndarray], indices: list[Any]) -> None:
        """Find the largest of `parts` and which of them it is; of equals, the first."""
        if len(parts) == 1:
            np.copyto(self.largest, parts[0])
            self.index.fill(0)
        for k in range(1, len(parts)):
            best = self.largest if k > 1 else parts[0]
            np.greater(parts[k], best, self.won)
            np.maximum(best, parts[k], out=self.largest)
            if k == 1:
                np.copyto(self.index, self.won)
                continue
            self.number()
            np.multiply(self.mask, indices[k], self.mask)
            np.maximum(self.index, self.mask, out=self.index)

    def upright(
        self, tops: list[np.ndarray], found: list[np.ndarray], starts: list[Any],
        largest: np.ndarray, index: np.ndarray,
    ) -> None:  # fmt: skip
        """Write the largest of rows and its index in the window: that in its row, and a start."""
        if len(tops) == 1:
            np.copyto(largest, tops[0])
            np.copyto(index, found[0])
        for k in range(1, len(tops)):
            best, at = (largest, index) if k > 1 else (tops[0], found[0])
            np.greater(tops[k], best, self.won)
            np.maximum(best, tops[k], out=largest)
            self.number()
            np.negative(self.mask, self.mask)  # every bit of what is true
            np.add(found[k], starts[k], self.index)
            np.bitwise_and(self.mask, self.index, self.mask)
            np.maximum(at, self.mask, out=index)


def _pool_noting(
    steps: list[Any], indices: list[Any], starts: list[Any], notes: np.ndarray, out: np.ndarray
) -> None:
    for at, first, parts, second, tops, found in steps:
        first.across(parts, indices)
        second.upright(tops, found, starts, out[at], notes[at])


def spreading(
    g: np.ndarray, notes: np.ndarray, attrs: dict[str, Any], shape: tuple[int, ...]
) -> Kernel:
    """Return the kernel that adds g to zeros of `shape` where the largest lay."""
    rows, columns = lines(attrs)
    count = images_at_once(shape, g.itemsize)
    won = np.empty((count, *g.shape[1:]), np.bool_)
    apart = rows.stride >= rows.size and columns.stride >= columns.size
    room = None if apart else np.empty(won.shape, g.dtype)
    whole = apart and g.size * rows.size * columns.size == int(np.prod(shape))
    cut = [slice(start, start + count) for start in range(0, shape[0], count)]
    found = []
    for i in range(rows.size):
        for j in range(columns.size):
            place = (
                slice(None),
                places(i, g.shape[1], rows.stride),
                places(j, g.shape[2], columns.stride),
            )
            found.append((np.asarray(i * columns.size + j, notes.dtype), place))
    return _spread, (g, notes, cut, found, won, room, whole)


def _spread(
    g: np.ndarray, notes: np.ndarray, cut: list[slice], found: list[Any], won: np.ndarray,
    room: np.ndarray | None, whole: bool, out: np.ndarray,
) -> None:  # fmt: skip
    for at in cut:
        slopes, noted, images = g[at], notes[at], out[at]
        mine = won[: len(slopes)]
        if not whole:
            images.fill(0)
        for index, place in found:
            np.equal(noted, index, mine)
            here = images[place]
            if room is None:
                np.multiply(slopes, mine, here)
            else:
                part = room[: len(slopes)]
                np.multiply(slopes, mine, part)
                np.add(here, part, here)


def searching(g: np.ndarray, x: np.ndarray, attrs: dict[str, Any]) -> Kernel:
    """Return the kernel that finds where the largest of x lie and adds g there."""
    notes, (find, made) = noting(x, attrs)
    spread, rest = spreading(g, notes, attrs, x.shape)
    return _search, (find, made, np.empty(g.shape, x.dtype), spread, rest)


def _search(
    find: Any, made: tuple[Any, ...], largest: np.ndarray, spread: Any, rest: tuple[Any, ...],
    out: np.ndarray,
) -> None:  # fmt: skip
    find(*made, largest)
    spread(*rest, out)
