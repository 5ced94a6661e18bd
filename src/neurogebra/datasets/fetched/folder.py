"""A user's folder of images, one subfolder a class."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Final

import numpy as np

from neurogebra.datasets.fetched.made import MAX_ARRAY, Opened, with_classes
from neurogebra.datasets.fetched.pictures import opened, pixels
from neurogebra.datasets.record import Column
from neurogebra.errors import DataError

PICTURES: Final = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff")
_JUNK = ("Thumbs.db", "desktop.ini")


def open_folder(place: Path, size: tuple[int, int] | None) -> Opened:
    """All images of the subfolders, brought to one size if they are not alike and one is named."""
    names = sorted(p.name for p in place.iterdir() if p.is_dir() and not p.name.startswith("."))
    files = [(name, p) for name in names for p in _pictures(place / name)]
    lost = sorted(set(names) - {name for name, _ in files})
    if len(names) < 2 or lost:
        why = f"{lost[0]!r} holds no image" if lost else f"it has {len(names)} of them"
        raise DataError(f"{place}: expected a subfolder with images for each class; {why}")
    images = [opened(p.read_bytes(), f"{n}/{p.name}") for n, p in files]
    shapes = {(i.height, i.width) for i in images}
    if size is None and len(shapes) > 1:
        some = ", ".join(f"{h} × {w}" for h, w in sorted(shapes)[:4])
        raise DataError(f"{place}: its images have {len(shapes)} sizes ({some}); name one: size=")
    height, width = size or next(iter(shapes))
    grey = all(i.mode in ("1", "L", "I;16") for i in images)
    shape = (height, width) if grey else (height, width, 3)
    if min(shape) < 1 or len(images) * prod(shape) > MAX_ARRAY:
        raise DataError(f"{place}: {len(images):,} images of {shape} are not to be held in memory")
    X = np.empty((len(images), *shape), np.uint8)
    for i, (image, (name, file)) in enumerate(zip(images, files, strict=True)):
        same = (image.height, image.width) == (height, width)
        fitted = image if same else image.convert("L" if grey else "RGB").resize((width, height))
        X[i] = pixels(fitted, "L" if grey else "RGB", f"{name}/{file.name}")
    labels = np.array([name for name, _ in files], dtype=object)
    features = (Column(name="pixels", kind="numeric", range=(0.0, 255.0), shape=shape),)
    return with_classes(place, X, labels, features, "class")


def _pictures(folder: Path) -> list[Path]:
    found = [p for p in sorted(folder.iterdir()) if p.name[0] != "." and p.name not in _JUNK]
    for path in found:
        if path.suffix.lower() not in PICTURES or not path.is_file():
            raise DataError(f"{path}: expected an image ({', '.join(PICTURES)})")
    return found
