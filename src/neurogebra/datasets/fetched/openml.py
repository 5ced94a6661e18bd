"""OpenML: a set by its number, its file held against the MD5 that OpenML states for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from neurogebra.datasets.fetched.arff import TEXT, Attribute, read_arff
from neurogebra.datasets.fetched.cache import OFFLINE, locked, make_folder, offline, root
from neurogebra.datasets.fetched.download import Failed, Sink, get
from neurogebra.datasets.fetched.fetch import NotFetched, tell, with_other
from neurogebra.datasets.record import Column, Dataset
from neurogebra.datasets.remote import Remote, RemoteFile
from neurogebra.datasets.strict import Reader
from neurogebra.errors import BadValue, Corrupt, DataError
from neurogebra.files import read_json, write

API: Final = "https://www.openml.org/api/v1/json/data"
MAX_DESCRIPTION: Final = 2**20
MAX_TABLE: Final = 4 * 2**30
READER: Final = "openml"


def located(record: Dataset) -> Dataset:
    """A set whose file OpenML describes, with that file: its address, and its MD5 as the proof.

    The description itself comes over https and has no proof beyond that; it is kept in the
    cache, so that the file is held against the same MD5 ever after.
    """
    remote = record.remote
    if remote is None or remote.openml is None:
        raise DataError(f"{record.id} has no number at OpenML")
    try:
        said = describe(remote.openml, remote.version)
    except NotFetched as e:
        raise NotFetched(with_other(record, str(e))) from e
    file = _file(said, remote.openml)
    return replace(record, remote=replace(remote, files=(file,)))


def describe(number: int, version: int | None = None) -> Reader:
    """What OpenML says of a set, from the cache or fetched; BadValue for another version."""
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise BadValue("id", "the whole number ≥ 1 of a set at OpenML", number)
    path = root() / f"openml_{number}" / "description.json"
    if not path.exists():
        _fetch(number, path)
    top = Reader(read_json(path, MAX_DESCRIPTION), f"OpenML {number}")
    said = Reader(top.map("data_set_description"), f"OpenML {number}")
    if said.text("id") != str(number):
        raise Corrupt(f"{path}: describes the set {said.text('id')[:20]}, not {number}")
    if version is not None and said.text("version") != str(version):
        raise BadValue("version", f"{said.text('version')}, which OpenML {number} is", version)
    return said


def unknown_set(number: int, version: int | None, target: str | None) -> Dataset:
    """The record of any set at OpenML, from what OpenML says of it; rows and columns are empty.

    `with_columns` fills them in from the file. target: None takes the one that OpenML names.
    """
    said = describe(number, version)
    goal = target or said.text("default_target_attribute", "")
    if not goal or "," in goal:
        raise BadValue("target", "a column's name, as OpenML names no single one", target)
    name = said.text("name")
    return Dataset(
        id=f"openml_{number}",
        title=f"{name} (OpenML {number}, version {said.text('version')})",
        summary=f"The set {name} as OpenML holds it.",
        category="openml",
        task="regression",
        origin="unstated",
        licence=said.text("licence", "not stated"),
        n_samples=0,
        features=(),
        target=Column(name=goal, kind="numeric"),
        cautions=(
            "OpenML takes sets from everybody; nobody of this project has looked at this one",
        ),
        remote=Remote(files=(), reader=READER, openml=number, version=version),
    )


def with_columns(record: Dataset, path: Path) -> Dataset:
    """The record with the columns, the classes and the number of rows of its file."""
    said = describe(_number(record))
    left_out = {*_names(said, "ignore_attribute"), *_names(said, "row_id_attribute")}
    attributes, rows = read_lines(path)
    goal = next((a for a in attributes if a.name == record.target.name), None)
    if goal is None:
        raise BadValue(
            "target", "one of " + ", ".join(a.name for a in attributes)[:200], record.target.name
        )
    if goal.kind == TEXT:
        raise BadValue("target", "a column of numbers or categories", goal.name)
    counts = dict.fromkeys(goal.words, 0)
    place, n = attributes.index(goal), 0
    for row in rows:
        n += 1
        if goal.words:
            counts[row[place]] = counts.get(row[place], 0) + 1
    if "" in counts:
        raise DataError(f"{record.id}: {counts['']:,} rows have no value of {goal.name!r}")
    seen = {word: count for word, count in counts.items() if count}
    target = Column(
        name=goal.name, kind=goal.kind, categories=tuple(seen), counts=tuple(seen.values())
    )
    others = [a for a in attributes if a is not goal and a.name not in left_out]
    features = tuple(Column(name=a.name, kind=a.kind, categories=a.words) for a in others)
    task = "regression" if not seen else "binary" if len(seen) == 2 else "multiclass"
    return replace(record, task=task, n_samples=n, features=features, target=target)


def read_lines(path: Path) -> tuple[list[Attribute], Iterator[list[str]]]:
    """The attributes and the rows of a stored file."""
    if path.stat().st_size > MAX_TABLE:
        raise Corrupt(f"{path.name} is larger than {MAX_TABLE >> 30} GiB")
    return read_arff(_lines(path), path.name)


def plain_name(name: str) -> str:
    """The name of an attribute as our records write it: `bruises%3F` is bruises."""
    kept = "".join(c if c.isalnum() else "_" for c in name.split("%")[0])
    return kept.strip("_").lower()


def _lines(path: Path) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8") as file:
            yield from file
    except UnicodeDecodeError as e:
        raise Corrupt(f"{path.name} is not UTF-8 text: {e.reason}") from None


def _names(said: Reader, key: str) -> tuple[str, ...]:
    value = said.raw.get(key) or ()
    return (value,) if isinstance(value, str) else tuple(map(str, value))


def _number(record: Dataset) -> int:
    return record.remote.openml or 0 if record.remote else 0


def _file(said: Reader, number: int) -> RemoteFile:
    md5, url, form = (said.text(key, "") for key in ("md5_checksum", "url", "format"))
    if form.lower() != "arff":
        raise DataError(f"OpenML {number} is in the format {form[:40]!r}; only ARFF has a hash")
    if len(md5) != 32:
        raise NotFetched(f"OpenML {number}: OpenML states no MD5 of its file, so nothing proves it")
    # MD5 does not stop who can change the way: both ends of it must be TLS, as the API's is.
    if urlsplit(url).scheme != urlsplit(API).scheme:
        raise NotFetched(f"OpenML {number}: its file lies at an address that is not https")
    return RemoteFile(name=f"{number}.arff", urls=(url,), md5=md5.lower())


def _fetch(number: int, path: Path) -> None:
    url = f"{API}/{number}"
    if offline():
        raise NotFetched(
            f"OpenML {number} is not in the cache, and {OFFLINE} forbids to fetch it; what "
            f"OpenML says of it would lie at {path}"
        )
    make_folder(path.parent)
    with locked(path):
        if path.exists():
            return
        tell(f"openml_{number}: asking {urlsplit(url).netloc} where it lies")
        tried: list[str] = []
        for _ in range(2):
            store = _Memory()
            try:
                get(url, Sink(store, MAX_DESCRIPTION, lambda _: None))
                json.loads(store.data)
            except (Failed, ValueError) as e:
                tried.append(str(e) if isinstance(e, Failed) else "no JSON")
            else:
                write(path, bytes(store.data))
                return
        raise NotFetched(f"OpenML {number}: {url} gave no description ({', '.join(tried)})")


class _Memory:
    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, data: bytes, /) -> None:
        self.data += data
