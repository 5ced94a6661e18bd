"""Arrays as pictures: characters for a terminal, PNG bytes for a file, by NumPy and zlib alone."""

from __future__ import annotations

import re
import struct
import zlib
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from neurogebra import files
from neurogebra.errors import BadValue, RunError
from neurogebra.observatory.render.text import inert

SHADES = " .:-=+*#%@"
MISSING = "!"  # where a value is not finite

_RED = (255, 0, 0)
_MOST = 1 << 24  # pixels of one picture
_MOST_TILES = 256

Pixels = npt.NDArray[np.uint8]
Array = npt.NDArray[np.float64]


def pixels(image: npt.ArrayLike) -> Pixels:
    """Return a picture as grey (h, w) or colour (h, w, 3) of 0 to 255.

    image: (h, w), (h, w, 1) or (h, w, 3). Bytes are taken as they are, other numbers from
    their least to their greatest; what is not finite is red. Raises BadValue.
    """
    array = _picture(image)
    if np.asarray(image).dtype == np.uint8:
        return array.astype(np.uint8)
    fine = np.isfinite(array)
    grey = (255 * _scaled(array, fine) + 0.5).astype(np.uint8)
    if fine.all():
        return grey
    colours = np.repeat(grey[..., None], 3, axis=-1) if grey.ndim == 2 else grey
    colours[~fine if fine.ndim == 2 else ~fine.all(axis=-1)] = _RED
    return colours


def png(image: npt.ArrayLike) -> bytes:
    """Return a picture as the bytes of a PNG file [W3C, PNG 1.2]; image: as in `pixels`."""
    found = pixels(image)
    height, width = found.shape[:2]
    head = struct.pack(">2I5B", width, height, 8, 2 if found.ndim == 3 else 0, 0, 0, 0)
    rows = found.reshape(height, -1)
    unfiltered = np.concatenate([np.zeros((height, 1), np.uint8), rows], axis=1)
    body = zlib.compress(unfiltered.tobytes(), 6)
    parts = ((b"IHDR", head), (b"IDAT", body), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def ascii_image(image: npt.ArrayLike, width: int = 64) -> str:
    """Return a picture as lines of characters, dark to light, at most so many wide.

    A character stands for the mean of its pixels and is twice as high as wide; "!" stands
    where one of them is not finite.
    """
    if not isinstance(width, int) or isinstance(width, bool) or width < 1:
        raise BadValue("width", "int ≥ 1", width)
    array = _picture(image)
    grey = array if array.ndim == 2 else array.mean(axis=-1)
    fine = np.isfinite(grey)
    low, high = (0.0, 255.0) if np.asarray(image).dtype == np.uint8 else (None, None)
    scaled = np.where(fine, _scaled(grey, fine, low, high), np.nan)
    columns = min(width, grey.shape[1])
    rows = max(1, round(grey.shape[0] * columns / grey.shape[1] / 2))
    cells = _means(_means(scaled, min(rows, grey.shape[0]), 0), columns, 1)
    return "\n".join("".join(_shade(cell) for cell in row) for row in cells)


def tiles(images: npt.ArrayLike, columns: int | None = None) -> Array:
    """Return pictures (n, h, w) or (n, h, w, 3) as one, in rows, a pixel apart.

    Their values share one scale; at most 256 are shown.
    """
    array = np.asarray(images, np.float64)
    if array.ndim not in (3, 4) or 0 in array.shape:
        raise BadValue("images", "an array (n, h, w) or (n, h, w, 3)", array.shape)
    array = array[:_MOST_TILES]
    n, height, width = array.shape[:3]
    across = min(n, columns or int(np.ceil(np.sqrt(n))))
    down = -(-n // across)
    finite = array[np.isfinite(array)]
    between = finite.min() if finite.size else 0.0
    whole = np.full((down * (height + 1) - 1, across * (width + 1) - 1, *array.shape[3:]), between)
    for i, tile in enumerate(array):
        y, x = (i // across) * (height + 1), (i % across) * (width + 1)
        whole[y : y + height, x : x + width] = tile
    return whole


def filters(weights: npt.ArrayLike) -> Array:
    """Return the kernels (h, w, inputs, outputs) of a convolution as one picture.

    Kernels of 3 inputs are in colour; others have a tile for each input and output. A matrix
    (inputs, outputs), of a dense layer, is a picture as it is.
    """
    array = np.asarray(weights, np.float64)
    if array.ndim == 2:
        return array
    if array.ndim == 3:
        array = array[None]  # of one dimension: rows of height 1
    if array.ndim != 4 or 0 in array.shape:
        raise BadValue("weights", "kernels (h, w, inputs, outputs)", array.shape)
    if array.shape[2] == 3:
        return tiles(array.transpose(3, 0, 1, 2))
    height, width, inputs = array.shape[:3]
    return tiles(array.transpose(3, 2, 0, 1).reshape(-1, height, width), min(inputs, 16))


def maps(activations: npt.ArrayLike) -> Array:
    """Return what the channels of a layer see in one row of a batch as one picture.

    activations: (h, w, channels) or (rows, h, w, channels), the first row; (rows, units), of a
    dense layer, is a picture as it is.
    """
    array = np.asarray(activations, np.float64)
    if array.ndim == 2:
        return array
    array = array[0] if array.ndim == 4 and len(array) else array
    if array.ndim != 3 or 0 in array.shape:
        raise BadValue("activations", "an array (h, w, channels)", array.shape)
    return tiles(array.transpose(2, 0, 1))


class ImageLogger:
    """Shows images, filters and activations as text and keeps them as PNG files in `folder`.

    Each verb returns the picture as characters. A file is named by its number and what of the
    name is letters and digits. Raises BadValue, RunError.
    """

    def __init__(self, folder: str | Path | None = None, *, width: int = 64) -> None:
        self.folder, self.width = None if folder is None else Path(folder), width
        self.saved: list[Path] = []

    def log_image(self, name: str, image: npt.ArrayLike) -> str:
        """Show a picture (h, w), (h, w, 1) or (h, w, 3)."""
        return self._show(name, "image", image)

    def log_filters(self, layer: str, weights: npt.ArrayLike) -> str:
        """Show the kernels of a layer; see `filters`."""
        return self._show(layer, "filters", filters(weights))

    def log_activations(self, layer: str, activations: npt.ArrayLike) -> str:
        """Show what a layer's channels see; see `maps`."""
        return self._show(layer, "activations", maps(activations))

    def _show(self, name: str, what: str, image: npt.ArrayLike) -> str:
        picture = ascii_image(image, self.width)
        if self.folder is not None:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise RunError(f"{self.folder}: cannot be made: {error.strerror}") from error
            word = re.sub(r"[^A-Za-z0-9_]+", "-", name).strip("-")[:60]
            file = "-".join(w for w in (f"{len(self.saved):05d}", word, what) if w)
            self.saved.append(files.write(self.folder / f"{file}.png", png(image)))
        return f"{inert(name, 200)}  {what}\n{picture}"


def _picture(image: npt.ArrayLike) -> Array:
    raw = np.asarray(image)
    if raw.ndim == 3 and raw.shape[-1] == 1:
        raw = raw[..., 0]
    if raw.ndim not in (2, 3) or 0 in raw.shape or (raw.ndim == 3 and raw.shape[-1] != 3):
        raise BadValue("image", "an array (h, w), (h, w, 1) or (h, w, 3)", np.shape(image))
    if raw.shape[0] * raw.shape[1] > _MOST:
        raise BadValue("image", f"at most {_MOST:,} pixels", raw.shape)
    if raw.dtype.kind not in "buif":
        raise BadValue("image", "an array of real numbers", raw.dtype)
    return raw.astype(np.float64)


def _scaled(
    array: Array, fine: npt.NDArray[np.bool_], low: float | None = None, high: float | None = None
) -> Array:
    """Return the values from 0 (the least, or low) to 1; what is not finite is 0."""
    known = array[fine]
    if not known.size:
        return np.zeros_like(array)
    low = float(known.min()) if low is None else low
    high = float(known.max()) if high is None else high
    if not high > low:
        return np.where(fine, 0.5, 0.0)
    half = np.where(fine, array, low) / 2  # in halves: a range may be wider than float64
    return (half - low / 2) / (high / 2 - low / 2)


def _means(array: Array, count: int, axis: Literal[0, 1]) -> Array:
    size = array.shape[axis]
    edges = np.arange(count) * size // count
    sums = np.add.reduceat(array, edges, axis=axis)
    sizes = np.diff(np.append(edges, size)).astype(np.float64)
    return sums / (sizes[:, None] if axis == 0 else sizes)


def _shade(cell: float) -> str:
    return SHADES[min(int(cell * len(SHADES)), len(SHADES) - 1)] if cell == cell else MISSING


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
