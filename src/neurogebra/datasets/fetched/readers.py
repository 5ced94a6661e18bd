"""From the files of a fetched set to its rows: one reader for each way they are packed."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neurogebra.datasets.fetched.archives import (
    from_tar,
    from_zip,
    gunzip,
    gunzip_lines,
    only,
)
from neurogebra.datasets.fetched.mat import read_mat
from neurogebra.datasets.fetched.openml import plain_name, read_lines
from neurogebra.datasets.fetched.pictures import hdf5_images, picture
from neurogebra.datasets.fetched.rows import build_table, class_indices
from neurogebra.datasets.record import Dataset
from neurogebra.datasets.table import Table
from neurogebra.errors import Corrupt

Paths: TypeAlias = Mapping[str, Path]
Pair: TypeAlias = tuple[NDArray[Any], NDArray[Any]]
MIB: Final = 2**20
GIB: Final = 2**30


def idx(record: Dataset, paths: Paths) -> Pair:
    """Pairs of gzip-packed idx files, images before labels: the form of MNIST."""
    files = list(paths.values())
    images = [_idx(p, 3) for p in files[::2]]
    labels = [_idx(p, 1) for p in files[1::2]]
    return np.concatenate(images), np.concatenate(labels).astype(np.int64)


def _idx(path: Path, n_axes: int) -> NDArray[np.uint8]:
    data = gunzip(path, 256 * MIB)
    start = 4 + 4 * n_axes
    if data[:4] != bytes((0, 0, 8, n_axes)) or len(data) < start:
        raise Corrupt(f"{path.name} is not an idx file of {n_axes} axes")
    shape = np.frombuffer(data, ">i4", n_axes, 4).tolist()
    values = np.frombuffer(data, np.uint8, offset=start)
    if min(shape) < 0 or values.size != int(np.prod(shape, dtype=np.int64)):
        raise Corrupt(f"{path.name} holds {values.size:,} bytes for the shape {tuple(shape)}")
    return values.reshape(shape)


def cifar(record: Dataset, paths: Paths) -> Pair:
    """The binary tar of CIFAR: label bytes (the last counts), then 3 planes of 32 × 32."""
    (path,) = paths.values()
    labels = 2 if len(record.target.categories) == 100 else 1
    members = dict(from_tar(path, r"[^/]+/(data_batch_[1-5]|train|test_batch|test)\.bin", GIB))
    order = sorted(members, key=lambda n: ("test" in n, n))
    if not order or "test" not in order[-1]:
        raise Corrupt(f"{path.name} has no training and test parts")
    data = np.concatenate([_records(members[n], labels + 3072, n) for n in order])
    pixels = data[:, labels:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(pixels), data[:, labels - 1].astype(np.int64)


def _records(data: bytes, width: int, name: str) -> NDArray[np.uint8]:
    if not data or len(data) % width:
        raise Corrupt(f"{name}: {len(data):,} bytes are no rows of {width:,}")
    return np.frombuffer(data, np.uint8).reshape(-1, width)


def svhn(record: Dataset, paths: Paths) -> Pair:
    """The MATLAB files of SVHN: X (32, 32, 3, n), y (n, 1) with 10 for the digit 0."""
    X, y = [], []
    for path in paths.values():
        held = read_mat(path.read_bytes(), ("X", "y"), 512 * MIB, path.name)
        X.append(held["X"].transpose(3, 0, 1, 2).astype(np.uint8, copy=False))
        y.append(held["y"].reshape(-1).astype(np.int64) % 10)
    return np.concatenate(X), np.concatenate(y)


def alpha_digits(record: Dataset, paths: Paths) -> Pair:
    """Roweis' binary letters: a cell array `dat` of (class, copy), each 20 × 16 of 0 and 1."""
    (path,) = paths.values()
    held = read_mat(path.read_bytes(), ("dat", "classlabels"), 64 * MIB, path.name)
    k = len(held["classlabels"])
    y = np.arange(len(held["dat"])) % k  # the cells lie class by class within each copy
    order = np.argsort(y, kind="stable")
    names = [held["classlabels"][i] for i in y[order].tolist()]
    X = np.stack(held["dat"])[order].astype(np.uint8)
    return 255 * X, class_indices(record, names)


def olivetti(record: Dataset, paths: Paths) -> Pair:
    """The MATLAB file of the Olivetti faces: `faces` (4096, 400), ten of each person."""
    (path,) = paths.values()
    faces = read_mat(path.read_bytes(), ("faces",), 64 * MIB, path.name)["faces"]
    X = faces.T.reshape(-1, 64, 64).transpose(0, 2, 1)
    return np.ascontiguousarray(X).astype(np.uint8), np.arange(len(X), dtype=np.int64) // 10


def omniglot(record: Dataset, paths: Paths) -> Pair:
    """A zip of PNG images in folders alphabet/character; a character is a class."""
    (path,) = paths.values()
    members = from_zip(path, r"[^/]+/([^/]+/character\d+)/[^/]+\.png", 256 * MIB)
    return _folders(record, members, slice(1, 3))


def lfw(record: Dataset, paths: Paths) -> Pair:
    """A tar of JPEG images in folders of people; a person is a class."""
    (path,) = paths.values()
    members = from_tar(path, r"[^/]+/([^/]+)/[^/]+\.jpg", 2 * GIB)
    return _folders(record, members, slice(1, 2))


def _folders(record: Dataset, members: Iterable[tuple[str, bytes]], level: slice) -> Pair:
    """Images by the order of their names; classes by that of their folders."""
    shape = record.features[0].shape
    found = {name: picture(data, shape, name) for name, data in members}
    if not found:
        raise Corrupt(f"{record.id}: the archive holds no images")
    names = sorted(found)
    folders = ["/".join(n.split("/")[level]) for n in names]
    index = {folder: i for i, folder in enumerate(sorted(set(folders)))}
    X = np.empty((len(names), *shape), np.uint8)
    for i, name in enumerate(names):
        X[i] = found.pop(name)
    return X, np.array([index[f] for f in folders], np.int64)


def dsprites(record: Dataset, paths: Paths) -> Pair:
    """The HDF5 file of dSprites: `imgs` of 0 and 1, the shape as the second of the latents."""
    (path,) = paths.values()
    X, latents = hdf5_images(path, "imgs", "latents/classes")
    return X, latents[:, 1].astype(np.int64)


def newsgroups(record: Dataset, paths: Paths) -> Pair:
    """A tar of one file a message, in folders part/group; the training part first."""
    (path,) = paths.values()
    found = _messages(from_tar(path, r"20news-bydate-(train|test)/[^/]+/\d+", GIB), "latin-1")
    return _texts(record, [((p.endswith("test"), g, int(n)), g, t) for (p, g, n), t in found])


def imdb(record: Dataset, paths: Paths) -> Pair:
    """A tar of one file a review, in folders part/verdict; the training part first."""
    (path,) = paths.values()
    pattern = r"aclImdb/(train|test)/(neg|pos)/\d+_\d+\.txt"
    found = _messages(from_tar(path, pattern, GIB), "utf-8")
    rows = [((p == "test", v, int(n.split("_")[0])), v, t) for (_, p, v, n), t in found]
    return _texts(record, rows)


def _messages(
    members: Iterable[tuple[str, bytes]], encoding: str
) -> Iterator[tuple[list[str], str]]:
    for name, data in members:
        yield name.removesuffix(".txt").split("/"), _decoded(data, encoding, name)


def _decoded(data: bytes, encoding: str, name: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as e:
        raise Corrupt(f"{name} is not {encoding} text: {e.reason}") from None


def _texts(record: Dataset, rows: list[tuple[Any, str, str]]) -> Pair:
    rows.sort(key=lambda row: row[0])
    X = np.array([text for _, _, text in rows], dtype=object)
    return X, class_indices(record, [name for _, name, _ in rows])


def sms(record: Dataset, paths: Paths) -> Pair:
    """A zip with a file of lines `class<tab>text`."""
    (path,) = paths.values()
    text = _decoded(_member(path, "SMSSpamCollection", 16 * MIB), "utf-8", path.name)
    rows = [line.split("\t", 1) for line in text.split("\n") if line]
    if any(len(row) != 2 for row in rows):
        raise Corrupt(f"{path.name}: a line without a tab")
    return _texts(record, [(i, name, t.rstrip("\r")) for i, (name, t) in enumerate(rows)])


def sentiment(record: Dataset, paths: Paths) -> Pair:
    """A zip with a CSV file: polarity (0 or 4), id, date, query, user, text."""
    (path,) = paths.values()
    name = "training.1600000.processed.noemoticon.csv"
    rows = _csv(_member(path, name, 512 * MIB), "latin-1", ",", name)
    return _texts(record, [(i, r[0], r[5]) for i, r in enumerate(rows) if _six(r, name)])


def _six(row: list[str], name: str) -> bool:
    if len(row) != 6:
        raise Corrupt(f"{name}: a row does not hold 6 values")
    return True


def bank(record: Dataset, paths: Paths) -> Table:
    """A zip in a zip with a CSV file of semicolons."""
    (path,) = paths.values()
    inner = io.BytesIO(_member(path, "bank.zip", 64 * MIB))
    data = only(from_zip(inner, r"bank-full\.csv", 64 * MIB), "bank-full.csv")
    rows = _csv(data, "utf-8", ";", "bank-full.csv")
    return build_table(record, rows, next(rows), "bank-full.csv")


def headless(record: Dataset, paths: Paths) -> Table:
    """A gzip-packed CSV file without a header, its columns those of the record."""
    (path,) = paths.values()
    lines = gunzip_lines(path, GIB)
    rows = (line.rstrip("\r\n").rstrip(".").split(",") for line in lines if line.strip())
    return build_table(record, rows, [c.name for c in record.columns], path.name)


def openml(record: Dataset, paths: Paths) -> Table:
    """An ARFF file from OpenML, its attributes under their plain names where ours are plain."""
    (path,) = paths.values()
    attributes, rows = read_lines(path)
    ours = {c.name for c in record.columns}
    names = [a.name if a.name in ours else plain_name(a.name) for a in attributes]
    return build_table(record, rows, names, path.name)


def _member(path: Path, name: str, most: int) -> bytes:
    return only(from_zip(path, re.escape(name), most), name)


def _csv(data: bytes, encoding: str, delimiter: str, name: str) -> Iterator[list[str]]:
    text = io.StringIO(_decoded(data, encoding, name), newline="")
    try:
        yield from csv.reader(text, delimiter=delimiter, strict=True)
    except csv.Error as e:
        raise Corrupt(f"{name}: {e}") from None


ARRAYS: Final[dict[str, Callable[[Dataset, Paths], Pair]]] = {
    "idx": idx,
    "cifar": cifar,
    "svhn": svhn,
    "alpha_digits": alpha_digits,
    "olivetti": olivetti,
    "omniglot": omniglot,
    "lfw": lfw,
    "dsprites": dsprites,
    "newsgroups": newsgroups,
    "imdb": imdb,
    "sms": sms,
    "sentiment": sentiment,
}
TABLES: Final[dict[str, Callable[[Dataset, Paths], Table]]] = {
    "bank": bank,
    "headless": headless,
    "openml": openml,
}
