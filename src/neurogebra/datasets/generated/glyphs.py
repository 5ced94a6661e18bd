"""Digits drawn with a round pen from their strokes, each a little different."""

from __future__ import annotations

from math import cos, sin

import numpy as np
from numpy.typing import NDArray

from neurogebra.datasets.generated.options import spread, whole
from neurogebra.datasets.generated.recipe import Drawn, Floats
from neurogebra.datasets.generated.rendered import image_set, labels, pixels, plane

Stroke = tuple[tuple[float, float], ...]


def _arc(x: float, y: float, rx: float, ry: float, start: float, end: float) -> Stroke:
    """Part of an ellipse, from `start` to `end` in half turns, clockwise from the right."""
    angles = np.pi * np.linspace(start, end, 1 + round(8 * abs(end - start)))
    return tuple((x + rx * cos(a), y + ry * sin(a)) for a in angles.tolist())


# In a box of width and height 1, x to the right and y down.
STROKES: tuple[tuple[Stroke, ...], ...] = (
    (_arc(0.5, 0.5, 0.3, 0.45, 0, 2),),
    (((0.32, 0.25), (0.52, 0.05), (0.52, 0.95)),),
    ((*_arc(0.5, 0.32, 0.29, 0.27, 1, 2.2), (0.2, 0.95), (0.82, 0.95)),),
    (_arc(0.46, 0.28, 0.26, 0.23, 1.15, 2.5), _arc(0.46, 0.73, 0.31, 0.22, 1.5, 2.85)),
    (((0.6, 0.05), (0.17, 0.66), (0.85, 0.66)), ((0.63, 0.38), (0.63, 0.95))),
    (((0.76, 0.05), (0.31, 0.05), (0.27, 0.46)), _arc(0.47, 0.66, 0.31, 0.29, 1.25, 2.85)),
    (((0.68, 0.05), (0.42, 0.25), (0.26, 0.5), (0.23, 0.68)), _arc(0.5, 0.68, 0.27, 0.27, 0, 2)),
    (((0.2, 0.06), (0.8, 0.06), (0.42, 0.95)),),
    (_arc(0.5, 0.28, 0.23, 0.23, 0, 2), _arc(0.5, 0.73, 0.28, 0.22, 0, 2)),
    (_arc(0.5, 0.32, 0.27, 0.27, 0, 2), ((0.77, 0.32), (0.74, 0.6), (0.58, 0.95))),
)


def glyphs(
    rng: np.random.Generator, n_samples: int = 1000, noise: float = 0.02, size: int = 28
) -> Drawn:
    """The digits 0 to 9, written by a pen that is never quite steady.

    The strokes of class k, 0.7 size high, are scaled by [0.85, 1.1] in each direction, slanted
    by [−0.2, 0.2], turned by [−0.2, 0.2] radians and shifted by [−0.07, 0.07] size, all uniform;
    each of their points moves by N(0, (0.012 size)²). The pen's radius is uniform in
    [0.03, 0.055] size, its edge one pixel soft. Size and noise as in `bars`. X: (n, size, size),
    y: (n,).
    """
    side, sigma = whole("size", size, 12, 1024), spread("noise", noise)
    y = labels(rng, n_samples, len(STROKES))
    X = np.zeros((len(y), side, side), np.float32)
    for k, strokes in enumerate(STROKES):
        rows = np.flatnonzero(y == k)
        points = _written(rng, np.concatenate(strokes), len(rows), side)
        pen = rng.uniform(0.03, 0.055, (len(rows), 1, 1)) * side
        far = _distance(points, [len(s) for s in strokes], side)
        X[rows] = np.clip(0.5 + pen - far, 0, 1)
    return pixels(rng, X, sigma), y


def _written(rng: np.random.Generator, points: Floats, n: int, side: int) -> Floats:
    """The points of n digits in pixels from the middle: (points, 2) → (n, points, 2)."""
    centered = (points - 0.5) * 0.7 * side * rng.uniform(0.85, 1.1, (n, 1, 2))
    slant, angle = rng.uniform(-0.2, 0.2, (2, n, 1))
    x, y = centered[..., 0] - slant * centered[..., 1], centered[..., 1]
    turned = np.stack(
        [np.cos(angle) * x - np.sin(angle) * y, np.sin(angle) * x + np.cos(angle) * y]
    )
    shift = rng.uniform(-0.07, 0.07, (n, 1, 2)) * side
    return turned.transpose(1, 2, 0) + shift + rng.normal(0, 0.012 * side, centered.shape)


def _distance(points: Floats, lengths: list[int], side: int) -> NDArray[np.float32]:
    """From each pixel to the nearest line between successive points of a stroke."""
    down, right = (x.astype(np.float32) for x in plane(side))
    nearest = np.full((len(points), side, side), np.inf, np.float32)
    ends = np.cumsum(lengths) - 1
    for i in range(points.shape[1] - 1):
        if i in ends:
            continue
        a, b = (points[:, j, :, np.newaxis, np.newaxis].astype(np.float32) for j in (i, i + 1))
        (ax, ay), (bx, by) = (p.swapaxes(0, 1) for p in (a, b - a))
        x, y = right - ax, down - ay
        along = np.clip((x * bx + y * by) / np.maximum(bx * bx + by * by, 1e-9), 0, 1)
        np.minimum(nearest, np.hypot(x - along * bx, y - along * by), out=nearest)
    return nearest


GLYPHS = (
    image_set(
        glyphs,
        "Written digits",
        "The digits 0 to 9 drawn from their strokes, each a little different.",
        side=28,
        names=tuple("0123456789"),
        use_cases=("a first image classifier", "pictures of digits without a download"),
        difficulty=2,
    ),
)
