"""The words that the records of fetched sets share."""

from __future__ import annotations

from collections.abc import Iterable

from neurogebra.datasets.record import Column
from neurogebra.datasets.remote import RemoteFile

UNSEEN = (
    "read by the documented form of its files: its address, size and hash are those of a package's "
    "source, and this project has not downloaded it"
)
PINNED = (
    "its hash is quoted from public repositories, where it is pinned; this project has neither "
    "checked nor downloaded it"
)
AT_OPENML = (
    "fetched by its number at OpenML and held against the MD5 that OpenML states; this project "
    "has not downloaded it"
)
PLAIN_HTTP = "its host speaks plain http: the hash alone proves the files"
FIGSHARE = "https://ndownloader.figshare.com/files/"


def listed(text: str) -> tuple[str, ...]:
    """The words of a text."""
    return tuple(text.split())


def pixels(*shape: int) -> tuple[Column, ...]:
    """The one input of a set of images, (height, width) or (height, width, 3)."""
    return (Column(name="pixels", kind="numeric", range=(0.0, 255.0), shape=shape),)


def label(name: str, classes: Iterable[str], counts: int | Iterable[int]) -> Column:
    """A class target: its classes, and the rows of each or of all alike."""
    names = tuple(classes)
    each = (counts,) * len(names) if isinstance(counts, int) else tuple(counts)
    return Column(name=name, kind="categorical", categories=names, counts=each)


def numbers(*names: str) -> tuple[Column, ...]:
    """Columns of numbers."""
    return tuple(Column(name=name, kind="numeric") for name in names)


def words(*names: str) -> tuple[Column, ...]:
    """Columns of categories."""
    return tuple(Column(name=name, kind="categorical") for name in names)


def file(
    name: str, url: str, sha256: str, size: int | None = None, *mirrors: str
) -> tuple[RemoteFile, ...]:
    """One file with its addresses."""
    return (RemoteFile(name=name, urls=(url, *mirrors), sha256=sha256, bytes=size),)


def four(
    bases: tuple[str, ...], train: tuple[int, str], train_y: tuple[int, str],
    test: tuple[int, str], test_y: tuple[int, str],
) -> tuple[RemoteFile, ...]:  # fmt: skip
    """The four idx files in the form of MNIST under one or more base addresses."""
    named = zip(_FOUR, (train, train_y, test, test_y), strict=True)
    return tuple(
        RemoteFile(name=name, urls=tuple(base + name for base in bases), sha256=sha, bytes=size)
        for name, (size, sha) in named
    )


_FOUR = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
