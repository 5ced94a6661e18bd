"""JSON read strictly: every field by its type, nothing missing, nothing unknown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any, TypeAlias

from neurogebra.errors import BadValue
from neurogebra.registry import near

Json: TypeAlias = Mapping[str, Any]
_ABSENT = object()


class Reader:
    """A mapping whose fields are taken by type; what is missing or odd is a BadValue."""

    def __init__(self, raw: object, where: str) -> None:
        if not isinstance(raw, Mapping):
            raise BadValue(where, "a mapping", raw)
        self.raw: Json = raw
        self.where = where

    def only(self, required: Iterable[str], optional: Iterable[str] = ()) -> None:
        """Refuse a missing and an unknown key."""
        known = {*required, *optional}
        for key in required:
            if key not in self.raw:
                raise BadValue(f"{self.where}.{key}", "a value", None)
        for key in self.raw:
            if key not in known:
                close = " or ".join(map(repr, near(str(key), known)))
                hint = f"did you mean {close}?" if close else ""
                raise BadValue(self.where, "known keys only", key, hint)

    def take(self, key: str, kind: type | tuple[type, ...], words: str, default: Any) -> Any:
        """The value under `key`, of this type, or the default where one is given."""
        value = self.raw.get(key, default)
        if value is default and default is not _ABSENT:
            return value
        if not isinstance(value, kind) or isinstance(value, bool):
            raise BadValue(f"{self.where}.{key}", words, None if value is _ABSENT else value)
        return value

    def text(self, key: str, default: Any = _ABSENT) -> str:
        """A string."""
        return str(self.take(key, str, "a string", default))

    def whole(self, key: str, default: Any = _ABSENT) -> Any:
        """A whole number ≥ 0, or the default."""
        value = self.take(key, int, "a whole number", default)
        if value is not None and value < 0:
            raise BadValue(f"{self.where}.{key}", "a whole number ≥ 0", value)
        return value

    def number(self, key: str, default: Any = _ABSENT) -> float:
        """A finite number."""
        value = float(self.take(key, (int, float), "a number", default))
        if not isfinite(value):
            raise BadValue(f"{self.where}.{key}", "a finite number", value)
        return value

    def map(self, key: str, default: Any = _ABSENT) -> Json:
        """A mapping."""
        found: Json = self.take(key, Mapping, "a mapping", default)
        return found

    def texts(self, key: str, default: Any = _ABSENT) -> tuple[str, ...]:
        """A list of strings."""
        values = self.take(key, (list, tuple), "a list of strings", default)
        if not all(isinstance(v, str) for v in values):
            raise BadValue(f"{self.where}.{key}", "a list of strings", values)
        return tuple(values)

    def wholes(self, key: str, default: Any = _ABSENT) -> tuple[int, ...]:
        """A list of whole numbers ≥ 0."""
        values = self.take(key, (list, tuple), "a list of whole numbers", default)
        if not all(isinstance(v, int) and not isinstance(v, bool) and v >= 0 for v in values):
            raise BadValue(f"{self.where}.{key}", "a list of whole numbers ≥ 0", values)
        return tuple(values)

    def truth(self, key: str) -> bool:
        """True or false."""
        value = self.raw.get(key)
        if not isinstance(value, bool):
            raise BadValue(f"{self.where}.{key}", "true or false", value)
        return value

    def items(self, key: str) -> list[tuple[object, str]]:
        """The items of a list, each with the place it stands at."""
        values = self.take(key, list, "a list", _ABSENT)
        return [(v, f"{self.where}.{key}[{i}]") for i, v in enumerate(values)]

    def one_of(self, key: str, allowed: tuple[str, ...]) -> str:
        """One of a few words."""
        value = self.text(key)
        if value not in allowed:
            raise BadValue(f"{self.where}.{key}", "one of " + ", ".join(allowed), value)
        return value
