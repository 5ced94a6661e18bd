"""A data set as Croissant, so that other tools can read its record [MLCommons, Croissant 1.0].

The files are named as they lie beside the description: a bundled set's as it is shipped, a
generated set's as `drawn_csv` writes it, a fetched set's under their addresses.
"""

from __future__ import annotations

import csv
import hashlib
import io
import mimetypes
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final

from neurogebra import __version__
from neurogebra.datasets.facts import distribution, made_by, origin
from neurogebra.datasets.record import Column, Dataset
from neurogebra.errors import DataError

CONFORMS: Final = "http://mlcommons.org/croissant/1.0"
# Package URLs (purl): names of packages that name no host.
HOME: Final = "pkg:pypi/neurogebra"
_CR: Final = (
    "citeAs column conformsTo:dct equivalentProperty extract field fileProperty fileObject fileSet "
    "format includes isLiveDataset jsonPath key md5 parentField path recordSet references regex "
    "repeated replace samplingRate separator source subField transform"
)
_DEEDS: Final = "https://creativecommons.org"
LICENCES: Final = {
    "CC-BY-4.0": f"{_DEEDS}/licenses/by/4.0/",
    "CC-BY-SA-3.0": f"{_DEEDS}/licenses/by-sa/3.0/",
    "CC-BY-SA-4.0": f"{_DEEDS}/licenses/by-sa/4.0/",
    "CC0-1.0": f"{_DEEDS}/publicdomain/zero/1.0/",
    "MIT": "https://spdx.org/licenses/MIT.html",
    "Apache-2.0": "https://spdx.org/licenses/Apache-2.0.html",
}
_TYPES: Final = {"numeric": "sc:Float", "datetime": "sc:Date"}
_FORMATS: Final = {".xz": "application/x-xz", ".npz": "application/zip", ".csv.gz": "text/csv"}


def croissant(record: Dataset, drawn: bytes | None = None) -> dict[str, Any]:
    """The JSON-LD of a set.

    drawn: the bytes of `drawn_csv`, which a generated set needs and no other has: DataError.
    """
    if (record.draw is None) != (drawn is None):
        raise DataError(f"{record.id}: only a generated set is described with the rows drawn")
    files = list(_files(record, drawn))
    if not files:
        why = record.remote.missing if record.remote else ""
        why = why or "its files and their hashes are known when it is fetched, not before"
        raise DataError(f"{record.id} cannot be described for other tools: {why}")
    told = {
        "@context": _context(),
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS,
        "name": record.id,
        "alternateName": record.title,
        "description": _description(record),
        "url": _url(record),
        "license": _licence(record),
        "creator": _creator(record),
        "datePublished": _published(record),
        "citeAs": _cite(record),
        "version": __version__,
        "keywords": list(dict.fromkeys((record.category, record.task, *record.use_cases))),
        "neurogebra:origin": record.origin,
        "rai:dataCollection": ". ".join(filter(None, (origin(record), made_by(record)))),
        "rai:dataLimitations": list(record.cautions),
        "rai:dataManipulationProtocol": "; ".join(record.changes),
        "rai:dataUseCases": list(record.use_cases),
        "distribution": files,
        "recordSet": list(_record_sets(record, files)),
    }
    return {key: value for key, value in told.items() if value not in ("", [])}


def drawn_csv(record: Dataset) -> bytes:
    """The rows of a generated set as CSV, drawn at its default options from its own seed."""
    from neurogebra.datasets.seeds import generator  # NumPy, which describing needs not

    if record.draw is None:
        raise DataError(f"{record.id} is not generated")
    X, y = record.draw(generator(record.seed))
    rows = X.reshape(len(X), -1).tolist()
    names = [name for c in record.features for name in _cells(c)]
    if rows and len(rows[0]) != len(names):
        raise DataError(f"{record.id} has {len(rows[0])} columns and names for {len(names)}")
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*names, record.target.name])
    for row, answer in zip(rows, y.tolist(), strict=True):
        writer.writerow([*map(_written, row), _written(answer)])
    return text.getvalue().encode("utf-8")


def _written(value: Any) -> str:
    return f"{value:.9g}" if isinstance(value, float) else str(value)


def _cells(column: Column) -> Iterator[str]:
    """The names of the cells that a column fills: one, or one for each pixel of an image."""
    if not column.shape:
        yield column.name
        return
    names = [column.name]
    for size in column.shape:
        names = [f"{name}_{i}" for name in names for i in range(size)]
    yield from names


def _context() -> dict[str, Any]:
    words: dict[str, Any] = {}
    for word in _CR.split():
        name, _, space = word.partition(":")
        words[name] = f"{space or 'cr'}:{name}"
    return {
        "@language": "en",
        "@vocab": "https://schema.org/",
        "cr": "http://mlcommons.org/croissant/",
        "data": {"@id": "cr:data", "@type": "@json"},
        "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
        "dct": "http://purl.org/dc/terms/",
        "examples": {"@id": "cr:examples", "@type": "@json"},
        "neurogebra": f"{HOME}#",
        "rai": "http://mlcommons.org/croissant/RAI/",
        "sc": "https://schema.org/",
        **words,
    }


def _description(record: Dataset) -> str:
    law = distribution(record)
    cautions = [f"Caution: {caution}." for caution in record.cautions]
    parts = [record.summary, f"Origin: {origin(record)}.", law, *cautions, record.notice]
    return " ".join(filter(None, parts))


def _licence(record: Dataset) -> str:
    name = record.licence.split(" ")[0].rstrip(";,")
    return LICENCES.get(name, record.licence)


def _url(record: Dataset) -> str:
    """The page of the set itself, else of what it was taken from."""
    source = record.provenance
    if source is not None and (source.doi or source.article_doi):
        return f"https://doi.org/{source.doi or source.article_doi}"
    if source is not None and source.uci is not None:
        return f"https://archive.ics.uci.edu/dataset/{source.uci}"
    if record.remote and record.remote.files and record.remote.files[0].urls:
        return record.remote.files[0].urls[0]
    for artefact in record.sources:
        if artefact.index == "npm":
            return f"pkg:npm/{artefact.package}@{artefact.version}"
        return f"pkg:pypi/{artefact.package}@{artefact.version}"
    return HOME


def _creator(record: Dataset) -> dict[str, Any]:
    who = record.provenance.who if record.provenance else "Neurogebra"
    return {"@type": "sc:Organization", "name": who}


def _published(record: Dataset) -> str:
    """The year of the source; what is drawn here comes into being today."""
    if record.provenance is not None:
        return str(record.provenance.year)
    return date.today().isoformat() if record.draw else ""


def _cite(record: Dataset) -> str:
    if record.draw:
        return f"{record.title}, drawn by Neurogebra {__version__}, {HOME}"
    return f"{record.title}. {made_by(record)}" if record.provenance else ""


def _files(record: Dataset, drawn: bytes | None) -> Iterator[dict[str, Any]]:
    if drawn is not None:
        sha256 = hashlib.sha256(drawn).hexdigest()
        yield _file(f"{record.id}.csv", f"{record.id}.csv", len(drawn), sha256)
    for f in record.files:
        yield _file(f.name, f.name, f.bytes, f.sha256)
    for r in record.remote.files if record.remote else ():
        if not r.urls:
            continue
        hashes = {"sha256": r.sha256} if r.sha256 else {"md5": r.md5}
        found = _file(r.name, r.urls[0], r.bytes, **hashes)
        yield {**found, **({"sameAs": list(r.urls[1:])} if r.urls[1:] else {})}


def _file(name: str, url: str, size: int | None, sha256: str = "", md5: str = "") -> dict[str, Any]:
    ending = next((e for e in _FORMATS if name.endswith(e)), "")
    guessed = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": url,
        **({"contentSize": f"{size} B"} if size else {}),
        "encodingFormat": _FORMATS.get(ending, guessed),
        **({"sha256": sha256} if sha256 else {"md5": md5}),
    }


def _record_sets(record: Dataset, files: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    if record.target.categories:
        yield _class_names(record.target)
    if [f["encodingFormat"] for f in files] != ["text/csv"] or record.remote:
        return  # rows of what is no CSV file have no words in Croissant
    yield {
        "@type": "cr:RecordSet",
        "@id": "rows",
        "name": "rows",
        "description": f"{record.n_samples} rows of {record.title}",
        "field": [
            _field(cell, column, files[0]["@id"], column is record.target)
            for column in record.columns
            for cell in _cells(column)
        ],
    }


def _field(name: str, column: Column, file: str, answer: bool) -> dict[str, Any]:
    words = [f"unit: {column.unit}" if column.unit else "", "the target" if answer else ""]
    words += [column.role, f"{column.n_missing} missing" if column.n_missing else ""]
    told = {
        "@type": "cr:Field",
        "@id": f"rows/{name}",
        "name": name,
        "description": "; ".join(filter(None, words)),
        "dataType": _TYPES.get(column.kind, "sc:Text"),
        "source": {"fileObject": {"@id": file}, "extract": {"column": name}},
    }
    return {key: value for key, value in told.items() if value != ""}


def _class_names(target: Column) -> dict[str, Any]:
    """The classes by name in the order of their indices, as an enumeration."""
    meaning = dict(target.labels)
    fields = [("name", "sc:Text"), ("meaning", "sc:Text"), ("index", "sc:Integer")]
    return {
        "@type": "cr:RecordSet",
        "@id": "classes",
        "name": "classes",
        "description": f"the classes of {target.name} and their indices",
        "dataType": "sc:Enumeration",
        "key": {"@id": "classes/name"},
        "field": [
            {"@type": "cr:Field", "@id": f"classes/{name}", "name": name, "dataType": kind}
            for name, kind in fields
        ],
        "data": [
            {"classes/name": c, "classes/meaning": meaning.get(c, c), "classes/index": i}
            for i, c in enumerate(target.categories)
        ],
    }
