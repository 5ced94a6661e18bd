"""The slopes of a padded image, computed only where the image was.

The derivative of a convolution gives the slopes of the image with its padding, of which only
the inner part is read. Of few pixels, that part is one product: every pixel gathers, under a
window as large as the kernels, the slopes that it had a share in.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np

from neurogebra.core.program import Instruction, Program
from neurogebra.engines.fuse import needed
from neurogebra.engines.image_kernels import Kernel, image_kernel
from neurogebra.ops import ALPHABET
from neurogebra.ops.images import cells

INNER = "conv2d_left_inner"  # (g, w, like), cuts: a part of conv2d_left

# Numbers that all windows together may have: of larger images, the slopes are spread one element
# of the kernels after the other, which takes less memory.
GATHERED = 1 << 18
# Attributes of a convolution that this is about: kernels in one group that go pixel by pixel.
PLAIN = dict.fromkeys(("down", "right", "down_gap", "right_gap", "groups"), 1)


def inner(program: Program) -> Program:
    """Return a program with the same results whose cut slopes of images are one line."""
    readers = Counter([a for line in program.lines for a in line.args])
    readers.update(program.outputs)
    made = {line.out: line for line in program.lines}
    lines = []
    for line in program.lines:
        source, cuts = line, []
        while source.op == "slice" and dict(source.attrs)["axis"] in (1, 2):
            cuts.append(source.attrs)
            below = made.get(source.args[0])
            if below is None or readers[below.out] > 1:
                break
            source = below
        if cuts and source.op == "conv2d_left" and _is_plain(source):
            attrs = (*source.attrs, ("cuts", tuple(reversed(cuts))))
            line = Instruction(line.out, INNER, source.args, attrs)
        lines.append(line)
    return replace(program, lines=needed(lines, program.outputs))


def _is_plain(line: Instruction) -> bool:
    attrs = dict(line.attrs)
    return all(attrs.get(name, value) == value for name, value in PLAIN.items())


def write_inner(recorder: Any, line: Instruction, args: list[np.ndarray]) -> np.ndarray:
    """Write down the slopes of an image's inner part."""
    attrs = dict(line.attrs)
    cuts = attrs.pop("cuts")
    g, w, like = args
    places = np.empty(like.shape, np.bool_)
    part = _cut(places, cuts)
    start = _offset(places, part)
    found = gathering(g, w, part.shape, start)
    if found is not None:
        function, made = found
        out: np.ndarray = recorder.buffers.take(line.out, part.shape)
        return recorder.call(line.out, function, made, out)  # type: ignore[no-any-return]
    whole: np.ndarray = recorder.buffers.take(line.out, like.shape)
    kernel = image_kernel("conv2d_left", args, attrs, whole)
    assert kernel is not None  # noqa: S101 - it is one of their operations
    recorder.call(line.out, *kernel, whole)
    recorder.writer.pop(line.out, None)
    return _cut(whole, cuts)


def _cut(a: np.ndarray, cuts: tuple[Any, ...]) -> np.ndarray:
    for cut in cuts:
        a = ALPHABET["slice"].value(a, **dict(cut))
    return a


def _offset(whole: np.ndarray, part: np.ndarray) -> tuple[int, int]:
    """Return the row and the column of a whole at which a view of it begins."""
    at = (part.ctypes.data - whole.ctypes.data) % whole[0].nbytes
    return at // whole.strides[1], at % whole.strides[1] // whole.strides[2]


def gathering(
    g: np.ndarray, w: np.ndarray, shape: tuple[int, ...], start: tuple[int, int]
) -> Kernel | None:
    """Return the kernel of an inner part of `shape` that begins at `start`; None of many pixels.

    g: (n, rows, columns, filters), w: (height, width, channels, filters). Pixel (y, x) of the
    image had a share in g[y − i, x − j] by w[i, j]; under a window of g that begins at
    y − height + 1, that is element height − 1 − i.
    """
    images, rows, columns, channels = shape
    height, width, _, filters = w.shape
    top, left = height - 1 - start[0], width - 1 - start[1]
    frame = (images, rows + height - 1, columns + width - 1, filters)
    beside = (frame[1] - top - g.shape[1], frame[2] - left - g.shape[2])
    count, wide = images * rows * columns, height * width * filters
    if min(top, left, *beside) < 0 or not 0 < count * wide <= GATHERED:
        return None
    framed = np.zeros(frame, g.dtype)
    middle = framed[:, top : top + g.shape[1], left : left + g.shape[2]]
    windows = cells(framed, height, width).transpose(0, 1, 2, 4, 5, 3)
    under = np.empty((count, wide), g.dtype)
    turned = w[::-1, ::-1].transpose(2, 0, 1, 3)
    kernels = np.empty((channels, wide), g.dtype)
    copies = (
        (middle, g),
        (under.reshape(windows.shape), windows),
        (kernels.reshape(turned.shape), turned),
    )
    return _gather, (copies, under, kernels.T, (count, channels))


def _gather(
    copies: tuple[tuple[np.ndarray, np.ndarray], ...],
    under: np.ndarray,
    kernels: np.ndarray,
    flat: tuple[int, int],
    out: np.ndarray,
) -> None:
    for room, source in copies:
        np.copyto(room, source)
    np.dot(under, kernels, out.reshape(flat))


INNERS = {INNER: write_inner}
