"""A user's NPZ file: arrays without pickles, their sizes checked before memory is asked for."""

from __future__ import annotations

import zipfile
from math import prod
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neurogebra.datasets.cells import Cells
from neurogebra.datasets.fetched.archives import ZIP_FAULTS
from neurogebra.datasets.fetched.made import (
    MAX_ARRAY,
    Opened,
    loaded_of,
    record_of,
    with_classes,
)
from neurogebra.datasets.record import Column, Parts
from neurogebra.errors import DataError

MAX_HEADER: Final = 10_000
_NAMES = (("X", "y"), ("x", "y"), ("data", "target"), ("images", "labels"), ("features", "labels"))
_PARTS = (("X_train", "y_train", "X_test", "y_test"), ("x_train", "y_train", "x_test", "y_test"))


def open_npz(place: Path, target: str | None) -> Opened:
    """X and y under the usual names, or the two parts of each under theirs."""
    held = _members(place)
    for names in _PARTS:
        if target is None and all(n in held for n in names):
            X, y, V, w = (held[n] for n in names)
            if X.shape[1:] != V.shape[1:]:
                raise DataError(f"{place.name}: rows of {X.shape[1:]} and {V.shape[1:]} differ")
            parts = Parts(train=((0, len(X)),), test=((len(X), len(X) + len(V)),))
            return _of_arrays(place, np.concatenate([X, V]), np.concatenate([y, w]), parts)
    pairs = _NAMES if target is None else [(n, target) for n in held if n != target]
    usable = [(a, b) for a, b in pairs if a in held and b in held]
    if target is not None and len(usable) > 1:
        usable = [p for p in usable if p[0] in {n for n, _ in _NAMES}]
    if len(usable) != 1:
        raise DataError(
            f"{place.name} holds {', '.join(held)}: expected X and y, or name one "
            "of two arrays as the target"
        )
    X, y = (held[n] for n in usable[0])
    return _of_arrays(place, X, y, None)


def _of_arrays(place: Path, X: Cells, y: Cells, parts: Parts | None) -> Opened:
    if y.ndim == 2 and y.shape[1] == 1:
        y = y.reshape(-1)
    if X.ndim < 2 or y.ndim != 1 or len(X) != len(y) or not len(y) or not X.size:
        raise DataError(f"{place.name}: X of {X.shape} and y of {y.shape} are not rows and answers")
    if X.dtype.kind not in "buif" or y.dtype.kind not in "buifU":
        raise DataError(f"{place.name}: X of {X.dtype} and y of {y.dtype} are not numbers")
    if X.dtype != np.uint8:  # bytes grow to float32 when they are chosen
        X = X.astype(np.float32)
    shape = X.shape[1:]
    features = (
        (Column(name="pixels", kind="numeric", shape=shape),)
        if len(shape) > 1
        else tuple(Column(name=f"x{i + 1}", kind="numeric") for i in range(shape[0]))
    )
    if y.dtype.kind == "f":
        goal = Column(name="y", kind="numeric")
        record = record_of(place, "regression", len(y), features, goal, parts)
        return Opened(record, loaded_of(record, X, y.astype(np.float32)))
    names = np.array([str(v) for v in y.tolist()], dtype=object)
    return with_classes(place, X, names, features, "y", parts)


def _members(place: Path) -> dict[str, NDArray[Any]]:
    """The arrays of an NPZ file; sizes are held against the header before memory is asked for."""
    try:
        with zipfile.ZipFile(place) as archive:
            return {
                m.filename.removesuffix(".npy"): _array(archive, m, place.name)
                for m in archive.infolist()
                if m.filename.endswith(".npy")
            }
    except FileNotFoundError:
        raise DataError(f"no file {str(place)!r}") from None
    except DataError:
        raise
    except ZIP_FAULTS as e:
        raise DataError(f"{place.name} is not an NPZ file that can be read: {e}") from e


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo, source: str) -> NDArray[Any]:
    where = f"{source}, {member.filename[:80]}"
    with archive.open(member) as file:
        try:
            version = np.lib.format.read_magic(file)
            read = {(1, 0): np.lib.format.read_array_header_1_0,
                    (2, 0): np.lib.format.read_array_header_2_0}[version]  # fmt: skip
            shape, fortran, dtype = read(file, max_header_size=MAX_HEADER)
        except (ValueError, KeyError, EOFError) as e:
            raise DataError(f"{where}: not an array that can be read: {e}") from None
        size = prod(shape) * dtype.itemsize
        if dtype.hasobject:
            raise DataError(f"{where}: holds Python objects, which are never unpickled")
        if min(shape, default=0) < 0 or size > MAX_ARRAY or size > member.file_size:
            raise DataError(f"{where}: {shape} of {dtype} is more than the file holds or may hold")
        data = file.read(size + 1)
    if len(data) != size:
        raise DataError(f"{where}: {len(data):,} bytes for {shape} of {dtype}")
    return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")
