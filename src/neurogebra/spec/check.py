"""Checks of field values: the message says where, what was expected and what came."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, fields
from typing import Any

from neurogebra.errors import BadValue
from neurogebra.registry import near

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_ .-]{0,63}")
MAX_UNITS, MAX_LAYERS, MAX_NUMBERS = 10**6, 10_000, 2 * 10**9


def integer(low: int, high: int | None = None) -> Callable[[str, Any], int]:
    """Return a check for integers from `low` to `high`; the error names the side that is hit."""

    def check(where: str, value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or value < low:
            raise BadValue(where, f"int ≥ {low}", value)
        if high is not None and value > high:
            raise BadValue(where, f"int ≤ {high}", value)
        return int(value)

    return check


def real(low: float, high: float, text: str, *, open_low: bool = False) -> Callable[..., float]:
    """Return a check for finite numbers in [low, high), or (low, high) when `open_low`."""

    def check(where: str, value: Any) -> float:
        good = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not good or not math.isfinite(value) or not low <= value < high:
            raise BadValue(where, text, value)
        if open_low and value == low:
            raise BadValue(where, text, value)
        return float(value)

    return check


def maybe(rule: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    """Return a check for None or what `rule` takes."""

    def check(where: str, value: Any) -> Any:
        return None if value is None else rule(where, value)

    return check


def flag(where: str, value: Any) -> bool:
    """Check for True or False."""
    if not isinstance(value, bool):
        raise BadValue(where, "True or False", value)
    return value


def name(where: str, value: Any) -> str:
    """Check for a plain name of at most 64 characters."""
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise BadValue(where, "a name of letters, digits, '_', '.', '-', 1 to 64 long", value)
    return value


def one_of(kind: str, names: Iterable[str]) -> Callable[[str, Any], str]:
    """Return a check for a member's name; its error offers the near ones."""
    known = tuple(names)

    def check(where: str, value: Any) -> str:
        if value not in known:
            raise BadValue(where, f"{kind} by name", value, did_you_mean(str(value), known))
        return str(value)

    return check


def own_names(members: Iterable[Any]) -> dict[str, str]:
    """Return the members' own names by name and alias."""
    return {n: m.name for m in members for n in (m.name, *m.aliases)}


def did_you_mean(value: str, known: Iterable[str]) -> str:
    """Return "did you mean 'a' or 'b'?", or the names there are when none is near."""
    known = tuple(known)
    close = near(value, known)
    if close:
        return "did you mean " + " or ".join(repr(c) for c in close) + "?"
    return "there are " + ", ".join(known[:20]) + (", …" if len(known) > 20 else "")


def keys(
    where: str, record: type[Any], given: Mapping[str, Any], extra: Iterable[str] = ()
) -> None:
    """Refuse a key that the record does not have, and name one that it lacks."""
    known = {f.name: f for f in fields(record)}
    for key in given:
        if key not in known and key not in extra:
            raise BadValue(f"{where}.{key}", "a known key", key, did_you_mean(key, known))
    for key, field in known.items():
        if key not in given and field.default is MISSING and field.default_factory is MISSING:
            raise BadValue(f"{where}.{key}", "a value", None, f"{record.__name__} needs {key}")


def mapping(where: str, value: Any) -> Mapping[str, Any]:
    """Check for a JSON object."""
    if not isinstance(value, Mapping) or not all(isinstance(k, str) for k in value):
        raise BadValue(where, "an object with text keys", value)
    return value


def sequence(where: str, value: Any) -> tuple[Any, ...]:
    """Check for a JSON array."""
    if not isinstance(value, (list, tuple)):
        raise BadValue(where, "a list", value)
    return tuple(value)


def pairs(where: str, value: Any) -> tuple[tuple[str, Any], ...]:
    """Check for options by name, given as a mapping or as pairs; return them sorted by name."""
    given = tuple(value.items()) if isinstance(value, Mapping) else sequence(where, value)
    for pair in given:
        if not isinstance(pair, (list, tuple)) or len(pair) != 2 or not isinstance(pair[0], str):
            raise BadValue(where, "pairs of a name and a number", pair)
    return tuple(sorted(dict(given).items()))
