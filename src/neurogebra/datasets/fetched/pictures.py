"""Images through the libraries that read them: Pillow for PNG and JPEG, h5py for HDF5."""

from __future__ import annotations

import importlib
import io
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neurogebra.errors import Corrupt, DataError, MissingExtra

MAX_PIXELS: Final = 64 * 2**20
FORMATS: Final = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF")


def picture(data: bytes, shape: tuple[int, ...], name: str) -> NDArray[np.uint8]:
    """One image as grey levels, (height, width), or as colours, (height, width, 3).

    Raises DataError for another size than `shape`, before a pixel is unpacked.
    """
    image = opened(data, name)
    if (image.height, image.width) != shape[:2]:
        raise DataError(
            f"{name} is {image.height} × {image.width}, expected {shape[0]} × {shape[1]}"
        )
    return pixels(image, "L" if len(shape) == 2 else "RGB", name)


def opened(data: bytes, name: str) -> Any:
    """An image whose size is known and whose pixels are still packed."""
    pillow = _library("PIL.Image", "Pillow", "reading images")
    try:
        image = pillow.open(io.BytesIO(data), formats=FORMATS)
    except (OSError, ValueError, SyntaxError, pillow.DecompressionBombError) as e:
        raise DataError(f"{name} is not an image that can be read: {type(e).__name__}") from e
    if image.width * image.height > MAX_PIXELS:
        raise DataError(
            f"{name} is {image.height} × {image.width}, more than {MAX_PIXELS:,} pixels"
        )
    return image


def pixels(image: Any, mode: str, name: str) -> NDArray[np.uint8]:
    """The pixels of an opened image in the mode "L" (grey) or "RGB"."""
    try:
        return np.asarray(image.convert(mode), np.uint8)
    except (OSError, ValueError, SyntaxError) as e:
        raise DataError(f"{name} is damaged: {e}") from e


def hdf5_images(path: Path, images: str, labels: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Two data sets of an HDF5 file: images of 0 and 1, made 0 and 255, and their labels."""
    h5py = _library("h5py", "h5py", "reading HDF5 files")
    try:
        with h5py.File(path, "r") as file:
            X, y = np.asarray(file[images], np.uint8), np.asarray(file[labels])
    except (OSError, KeyError) as e:
        raise Corrupt(f"{path.name} cannot be read: {e}") from e
    X *= np.uint8(255)
    return X, y


def _library(module: str, name: str, purpose: str) -> Any:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as e:
        raise MissingExtra(name, "data", purpose) from e
