"""Small grey pictures of a stated make: bars, shapes, textures, gratings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from neurogebra.datasets.generated.options import spread, whole
from neurogebra.datasets.generated.recipe import Drawn, Floats, classes, record, sizes
from neurogebra.datasets.record import Column, Dataset

SHAPES = ("disc", "square", "triangle", "cross")
TEXTURES = ("checks", "rows", "columns", "diagonals", "dots")


def bars(
    rng: np.random.Generator, n_samples: int = 1000, noise: float = 0.1, size: int = 16
) -> Drawn:
    """A bar that lies or stands.

    Class 0: full rows, class 1: full columns; thickness: a whole number from 1 to size / 4;
    place: any where it fits; brightness: uniform in [0.5, 1], all drawn alike. 255 times that
    and N(0, noise²) in each pixel, rounded and kept within 0 to 255. X: (n, size, size), y: (n,).
    """
    side, y = whole("size", size, 4, 1024), labels(rng, n_samples, 2)
    thick = rng.integers(1, side // 4 + 1, len(y))
    start = rng.integers(0, side - thick + 1)
    at = np.arange(side)
    on = (at >= start[:, np.newaxis]) & (at < (start + thick)[:, np.newaxis])
    X = np.repeat((on * rng.uniform(0.5, 1, (len(y), 1)))[:, :, np.newaxis], side, axis=2)
    X[y == 1] = X[y == 1].transpose(0, 2, 1)
    return pixels(rng, X, noise), y


def shapes(
    rng: np.random.Generator, n_samples: int = 1000, noise: float = 0.05, size: int = 24
) -> Drawn:
    """A disc, a square, a triangle or a cross.

    r: uniform in [0.2, 0.3] size, the disc's radius; half the square's side is 0.8 r, the
    triangle's equal sides lie 0.55 r from its centre, the cross has two bars of 2r by ⅔ r.
    Centre: uniform within 0.1 size of the middle in both directions; angle: uniform in [0, 2π];
    edges one pixel soft. White; size and noise as in `bars`. X: (n, size, size), y: (n,).
    """
    side, y = whole("size", size, 8, 1024), labels(rng, n_samples, len(SHAPES))
    radius = rng.uniform(0.2, 0.3, (len(y), 1, 1)) * side
    shift = rng.uniform(-0.1, 0.1, (2, len(y), 1, 1)) * side
    angle = rng.uniform(0, 2 * np.pi, (len(y), 1, 1))
    down, right = plane(side)
    down, right = down - shift[0], right - shift[1]
    u = np.cos(angle) * right + np.sin(angle) * down
    v = np.cos(angle) * down - np.sin(angle) * right
    X = np.empty(u.shape)
    for k, outside in enumerate((_disc, _square, _triangle, _cross)):
        rows = y == k
        X[rows] = np.clip(0.5 - outside(u[rows], v[rows], radius[rows]), 0, 1)
    return pixels(rng, X, noise), y


def textures(
    rng: np.random.Generator, n_samples: int = 1000, noise: float = 0.1, size: int = 24
) -> Drawn:
    """Checks, rows, columns, diagonals or dots, each filling the picture.

    a, b: waves down and to the right, of one period uniform in [5, 10] pixels and each of a
    phase uniform in [0, 2π]. White where sin a sin b > 0, sin a > 0, sin b > 0, sin(a + b) > 0,
    sin a + sin b > 0.8. Size and noise as in `bars`. X: (n, size, size), y: (n,).
    """
    side, y = whole("size", size, 8, 1024), labels(rng, n_samples, len(TEXTURES))
    turn = 2 * np.pi / rng.uniform(5, 10, (len(y), 1, 1))
    phase = rng.uniform(0, 2 * np.pi, (2, len(y), 1, 1))
    down, right = (turn * x + p for x, p in zip(plane(side), phase, strict=True))
    a, b = np.sin(down), np.sin(right)
    waves = (a * b, a + 0 * b, b + 0 * a, np.sin(down + right), a + b - 0.8)
    X = np.zeros(waves[0].shape)
    for k, wave in enumerate(waves):
        X[y == k] = wave[y == k] > 0
    return pixels(rng, X, noise), y


def gratings(
    rng: np.random.Generator,
    n_samples: int = 1000,
    noise: float = 0.1,
    size: int = 24,
    orientations: int = 4,
) -> Drawn:
    """A patch of waves, as eyes are tested with; which way it runs.

    Class k of K = `orientations`: ½ + c/2 e^(−ρ² / 2s²) cos(2π (x cos θ + y sin θ) / λ + φ) with
    θ = π k / K, c uniform in [0.5, 1], λ in [4, 8] pixels, φ in [0, 2π], s = size / 4, ρ the
    distance from the middle. Size and noise as in `bars`. X: (n, size, size), y: (n,).
    """
    side, ways = whole("size", size, 8, 1024), whole("orientations", orientations, 2, 180)
    y = labels(rng, n_samples, ways)
    contrast, length = rng.uniform(0.5, 1, (len(y), 1, 1)), rng.uniform(4, 8, (len(y), 1, 1))
    phase = rng.uniform(0, 2 * np.pi, (len(y), 1, 1))
    theta = (np.pi * y / ways).reshape(-1, 1, 1)
    down, right = plane(side)
    wave = np.cos(2 * np.pi * (right * np.cos(theta) + down * np.sin(theta)) / length + phase)
    patch = np.exp(-(down**2 + right**2) / (2 * (side / 4) ** 2))
    return pixels(rng, 0.5 + contrast / 2 * patch * wave, noise), y


def labels(rng: np.random.Generator, n_samples: object, n_classes: int) -> NDArray[np.int64]:
    """Classes of equal size in random order."""
    counts = sizes(n_samples, n_classes)
    return rng.permutation(np.repeat(np.arange(n_classes), counts)).astype(np.int64)


def plane(side: int) -> tuple[Floats, Floats]:
    """Pixels' distance down (side, 1) and to the right (1, side) from the middle."""
    at = np.arange(side) - (side - 1) / 2
    return at[:, np.newaxis], at[np.newaxis]


def pixels(rng: np.random.Generator, light: Floats, noise: float) -> NDArray[np.float32]:
    """Light from 0 to 1, blurred by N(0, noise²), as whole grey levels from 0 to 255."""
    grey = rng.standard_normal(light.shape, np.float32)
    grey *= np.float32(spread("noise", noise))
    grey += light
    np.clip(grey, 0, 1, out=grey)
    grey *= 255
    return np.rint(grey, out=grey)


def image_set(
    draw: Callable[..., Drawn],
    title: str,
    summary: str,
    *,
    side: int,
    names: tuple[str, ...],
    use_cases: tuple[str, ...],
    difficulty: int = 1,
) -> Dataset:
    """The record of rendered pictures, the class k being called names[k]."""
    meaning = tuple((str(k), name) for k, name in enumerate(names))
    return record(
        draw,
        title,
        summary,
        features=(Column(name="image", kind="numeric", shape=(side, side)),),
        target=replace(classes(len(names)), labels=meaning),
        task="binary" if len(names) == 2 else "multiclass",
        category="image",
        origin="rendered",
        use_cases=use_cases,
        difficulty=difficulty,
    )


def _disc(u: Floats, v: Floats, r: Floats) -> Floats:
    return np.asarray(np.hypot(u, v) - r)


def _square(u: Floats, v: Floats, r: Floats) -> Floats:
    return np.asarray(np.maximum(np.abs(u), np.abs(v)) - 0.8 * r)


def _triangle(u: Floats, v: Floats, r: Floats) -> Floats:
    sides = [np.cos(a) * u + np.sin(a) * v for a in 2 * np.pi * np.arange(3) / 3]
    return np.asarray(np.maximum.reduce(sides) - 0.55 * r)


def _cross(u: Floats, v: Floats, r: Floats) -> Floats:
    arms = [np.maximum(np.abs(a) - r, np.abs(b) - r / 3) for a, b in ((u, v), (v, u))]
    return np.asarray(np.minimum(*arms))


RENDERED = (
    image_set(
        bars,
        "Bars",
        "One bar that lies or stands, somewhere in the picture.",
        side=16,
        names=("lying", "standing"),
        use_cases=("a first convolution",),
    ),
    image_set(
        shapes,
        "Shapes",
        "A disc, a square, a triangle or a cross, anywhere and turned.",
        side=24,
        names=SHAPES,
        use_cases=("convolutions", "turned and shifted pictures"),
        difficulty=2,
    ),
    image_set(
        textures,
        "Textures",
        "Checks, rows, columns, diagonals or dots of any period and phase.",
        side=24,
        names=TEXTURES,
        use_cases=("convolutions", "pooling"),
        difficulty=2,
    ),
    image_set(
        gratings,
        "Gratings",
        "A patch of waves in one of four directions.",
        side=24,
        names=("0°", "45°", "90°", "135°"),
        use_cases=("filters that see orientation",),
        difficulty=2,
    ),
)
