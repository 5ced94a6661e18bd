"""Frozen records made at the cost of open ones: for those that are made in every update."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, field, fields, make_dataclass
from typing import Any, TypeVar

T = TypeVar("T")


def maker(cls: type[T], *names: str) -> Callable[..., T]:
    """Return what makes a frozen dataclass with slots of some of its fields, in this order.

    After these it takes the others, in the order of the class, each of which has its default
    where it is left out. What it makes is in nothing different from `cls(...)`,
    which goes through object.__setattr__ for each field and takes several times as long: the
    record is filled while its class is an open one with the same slots. Raises TypeError where
    a field that has no default is not among the names, or a name is no field.
    """
    known = {f.name: f for f in fields(cls)}  # type: ignore[arg-type]
    unknown = [n for n in names if n not in known]
    missing = [
        n
        for n, f in known.items()
        if n not in names and f.default is MISSING and f.default_factory is MISSING
    ]
    if unknown or missing:
        raise TypeError(f"{cls.__name__}: no field {unknown}, no value for {missing}")
    given: list[Any] = [(n, Any) for n in names]
    for n, f in known.items():
        if f.default is not MISSING and n not in names:
            given.append((n, Any, field(default=f.default)))
        elif n not in names:
            given.append((n, Any, field(default_factory=f.default_factory)))
    members = {
        "__slots__": tuple(known),
        "__init__": vars(make_dataclass("made", given))["__init__"],
        "__setattr__": object.__setattr__,  # both, so that a slot is written without a call
        "__delattr__": object.__delattr__,
    }
    opened: Any = type(cls.__name__, cls.__bases__, members)

    def make(*values: Any) -> T:
        found = opened(*values)
        found.__class__ = cls
        return found  # type: ignore[no-any-return]

    return make
