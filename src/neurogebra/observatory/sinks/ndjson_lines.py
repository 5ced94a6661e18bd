"""One record, one line: strict JSON in ASCII, and reading that tells torn from damaged."""

from __future__ import annotations

import json
import math
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

from neurogebra.errors import BadValue, Corrupt, RunError, short

Record = dict[str, Any]

_DEEPEST = 64
_WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


class Log(list[Record]):
    """The records of one file, in order; `torn` holds the bytes of an unfinished last line."""

    torn: bytes = b""


def encode(record: Record) -> str:
    """Return `record` as one line of strict JSON, without its newline.

    A NaN or an infinity becomes `null`, and the key `nonfinite` names its place (an RFC 6901
    pointer) and its value, so that `decode` gives it back. NumPy values become numbers and
    lists; an object that JSON does not know becomes its repr.
    """
    try:
        return _encode(record)
    except (ValueError, TypeError, RecursionError):
        found: dict[str, str] = {}
        clean = _clean(record, "", found, 0)
        return _encode({**clean, "nonfinite": found} if found else clean)


def decode(raw: bytes) -> Record:
    """Return the record of one line; raises ValueError if the bytes are not one whole record."""
    try:
        record = json.loads(raw, parse_constant=_refuse)
        if not isinstance(record, dict) or "event_type" not in record:
            raise ValueError("not an event")
        for pointer, word in record.pop("nonfinite", {}).items():
            _put(record, pointer, _WORDS[word])
    except (LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(str(error)) from error
    return record


def read(path: str | Path) -> Log:
    """Return every record of an NDJSON file.

    A last line that was cut off while it was written is kept in `Log.torn`; any other line
    that is not one record raises Corrupt with its number.
    """
    log = Log()
    for raw, record in numbered(Path(path)):
        if record is None:
            log.torn = raw
        else:
            log.append(record)
    return log


def numbered(path: Path) -> Iterator[tuple[bytes, Record | None]]:
    """Yield each line with its record; None for a torn last line. Raises Corrupt, RunError."""
    try:
        with path.open("rb") as file:
            for line, raw in enumerate(file, 1):
                yield raw, parse(raw, path, line)
    except FileNotFoundError as error:
        raise RunError(f"{path}: no such log") from error


def parse(raw: bytes, path: Path, line: int) -> Record | None:
    """Return the record of one line, or None if it is unfinished; raises Corrupt."""
    try:
        return decode(raw)
    except ValueError as error:
        if not raw.endswith(b"\n"):
            return None
        raise Corrupt(f"{path} line {line}: expected one event, got {short(raw)}") from error


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {n: getattr(value, n) for n in _names(type(value))}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=repr)
    if hasattr(value, "tolist"):  # NumPy's scalars and arrays
        return value.tolist()
    return str(value) if isinstance(value, Path) else short(value)


@cache
def _names(cls: Hashable) -> tuple[str, ...]:
    return tuple(f.name for f in fields(cls))  # type: ignore[arg-type]


_encode = json.JSONEncoder(allow_nan=False, separators=(",", ":"), default=_plain).encode


def _clean(value: Any, pointer: str, found: dict[str, str], depth: int) -> Any:
    if depth > _DEEPEST:
        raise BadValue("event.data", f"at most {_DEEPEST} levels", "more")
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return _finite(float(value), pointer, found)
    if isinstance(value, dict):
        return {
            str(k): _clean(v, f"{pointer}/{_pointed(str(k))}", found, depth + 1)
            for k, v in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_clean(v, f"{pointer}/{i}", found, depth + 1) for i, v in enumerate(value)]
    return _clean(_plain(value), pointer, found, depth + 1)


def _finite(x: float, pointer: str, found: dict[str, str]) -> float | None:
    if math.isfinite(x):
        return x
    found[pointer] = "NaN" if math.isnan(x) else "Infinity" if x > 0 else "-Infinity"
    return None


def _pointed(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _put(record: Any, pointer: str, value: float) -> None:
    *path, last = (p.replace("~1", "/").replace("~0", "~") for p in pointer.split("/")[1:])
    for key in path:
        record = record[int(key) if isinstance(record, list) else key]
    record[int(last) if isinstance(record, list) else last] = value


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")
