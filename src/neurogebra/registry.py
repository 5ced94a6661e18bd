"""Names and the members behind them: aliases, order kept, and "did you mean"."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Generic, TypeVar

from neurogebra.errors import UnknownName

T = TypeVar("T")


class Registry(Mapping[str, T], Generic[T]):
    """An ordered family of named members.

    kind: the word used in errors ("layer", "dataset"); members: records with `name` and,
    optionally, `aliases`. Raises ValueError when two members claim one name, and
    UnknownName (a KeyError) with the near names when a name is not there.
    """

    def __init__(
        self, kind: str, members: Iterable[T] = (), key: Callable[[T], str] | None = None
    ) -> None:
        self.kind = kind
        self._key: Callable[[T], str] = key or _name_of
        self._members: dict[str, T] = {}
        self._aliases: dict[str, str] = {}
        for member in members:
            self.add(member)

    def add(self, member: T) -> T:
        """Add one member under its name and its aliases, and return it."""
        name = self._key(member)
        aliases: tuple[str, ...] = tuple(getattr(member, "aliases", ()))
        for taken in (name, *aliases):
            if taken in self._members or taken in self._aliases:
                raise ValueError(f"{self.kind} name {taken!r} is taken")
        self._members[name] = member
        self._aliases.update(dict.fromkeys(aliases, name))
        return member

    def __getitem__(self, name: str) -> T:
        found = self._members.get(self._aliases.get(name, name))
        if found is None:
            raise UnknownName(self.kind, name, self.near(name))
        return found

    def get(self, key: str, default: Any = None) -> Any:
        """Return the member of that name or `default`, without looking for near names."""
        return self._members.get(self._aliases.get(key, key), default)

    def __contains__(self, name: object) -> bool:
        return name in self._members or name in self._aliases

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def near(self, name: str, n: int = 3) -> list[str]:
        """Return up to `n` names, aliases included, that look like `name`."""
        return near(name, (*self._members, *self._aliases), n)


def near(name: str, names: Iterable[str], n: int = 3) -> list[str]:
    """Return up to `n` of `names` that look like `name`, whatever its capitals."""
    by_low = {str(m).lower(): str(m) for m in names}
    low = str(name)[:64].lower()
    return [by_low[m] for m in get_close_matches(low, by_low, n, 0.6)]


def _name_of(member: Any) -> str:
    return str(member.name)
