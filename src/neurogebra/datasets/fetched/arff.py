"""ARFF, the format of OpenML's tables: attributes with their kinds, then dense rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from neurogebra.datasets.cells import CATEGORICAL, NUMERIC
from neurogebra.errors import Corrupt

MAX_ATTRIBUTES = 10_000
TEXT = "text"
_KINDS = {"numeric": NUMERIC, "real": NUMERIC, "integer": NUMERIC, "string": TEXT}
_QUOTED = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
_ATTRIBUTE = re.compile(rf"@attribute\s+({_QUOTED}|[^\s{{'\"]+)\s*(\{{.*\}}|\S+)\s*", re.IGNORECASE)
_FIELD = re.compile(rf"\s*({_QUOTED}|[^,'\"]*?)\s*(,|$)")
_ESCAPE = re.compile(r"\\(.)")


@dataclass(frozen=True)
class Attribute:
    """A column: its name, "numeric", "categorical" or "text", and the words it may hold."""

    name: str
    kind: str
    words: tuple[str, ...] = ()


def read_arff(lines: Iterator[str], source: str) -> tuple[list[Attribute], Iterator[list[str]]]:
    """The attributes, and the rows as texts with "" where a value is missing.

    Raises Corrupt with the line for sparse rows, dates, relations and what is no ARFF.
    """
    attributes: list[Attribute] = []
    numbered = enumerate(lines, 1)
    for line, text in numbered:
        stripped = text.strip()
        word = stripped.split(None, 1)[0].lower() if stripped else ""
        if word == "@data":
            if not attributes:
                raise Corrupt(f"{source}, line {line}: no attributes before the data")
            return attributes, _rows(numbered, attributes, source)
        if word == "@attribute":
            attributes.append(_attribute(stripped, f"{source}, line {line}"))
        elif word and not word.startswith(("%", "@relation")):
            raise Corrupt(f"{source}, line {line}: expected @attribute or @data")
        if len(attributes) > MAX_ATTRIBUTES:
            raise Corrupt(f"{source} has more than {MAX_ATTRIBUTES:,} attributes")
    raise Corrupt(f"{source} ends before its data")


def _attribute(text: str, where: str) -> Attribute:
    found = _ATTRIBUTE.fullmatch(text)
    if not found:
        raise Corrupt(f"{where}: an attribute that cannot be read")
    name, kind = _plain(found[1]), found[2]
    if kind.startswith("{"):
        return Attribute(name, CATEGORICAL, tuple(_fields(kind[1:-1], where)))
    if kind.lower() not in _KINDS:
        raise Corrupt(f"{where}: attributes of the kind {kind[:40]!r} are not read")
    return Attribute(name, _KINDS[kind.lower()])


def _rows(
    numbered: Iterator[tuple[int, str]], attributes: list[Attribute], source: str
) -> Iterator[list[str]]:
    for line, text in numbered:
        stripped = text.strip()
        if not stripped or stripped.startswith("%"):
            continue
        if stripped.startswith("{"):
            raise Corrupt(f"{source}, line {line}: sparse rows are not read")
        row = _fields(stripped, f"{source}, line {line}")
        if len(row) != len(attributes):
            raise Corrupt(f"{source}, line {line}: {len(row)} values for {len(attributes)} columns")
        yield row


def _fields(text: str, where: str) -> list[str]:
    if "'" not in text and '"' not in text:
        return ["" if part == "?" else part for part in map(str.strip, text.split(","))]
    fields, at = [], 0
    while True:
        found = _FIELD.match(text, at)
        if not found:
            raise Corrupt(f"{where}: a quote that cannot be read")
        fields.append("" if found[1] == "?" else _plain(found[1]))
        at = found.end()
        if not found[2]:
            return fields


def _plain(text: str) -> str:
    return _ESCAPE.sub(r"\1", text[1:-1]) if text[:1] in ("'", '"') else text
