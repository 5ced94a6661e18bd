"""The options of a generated set: each checked, and refused by its name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neurogebra.errors import BadValue

LARGEST = 1e30


def whole(name: str, value: object, least: int, most: int | None = None) -> int:
    """A whole number from `least` to `most`."""
    ok = isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value >= least
    if not ok or (most is not None and int(value) > most):  # type: ignore[call-overload]
        wanted = f"a whole number ≥ {least}" if most is None else f"from {least} to {most}"
        raise BadValue(name, wanted if most is None else f"a whole number {wanted}", value)
    return int(value)  # type: ignore[call-overload, no-any-return]


def real(name: str, value: object) -> float:
    """A finite number, of a size whose square still is one."""
    numbers = (int, float, np.floating, np.integer)
    ok = isinstance(value, numbers) and not isinstance(value, bool)
    if not ok or not -LARGEST <= value <= LARGEST:  # type: ignore[operator]
        raise BadValue(name, f"a number of at most {LARGEST:g} in size", value)
    return float(value)  # type: ignore[arg-type]


def spread(name: str, value: object) -> float:
    """A number ≥ 0."""
    if real(name, value) < 0:
        raise BadValue(name, "a number ≥ 0", value)
    return real(name, value)


def positive(name: str, value: object) -> float:
    """A number > 0."""
    if real(name, value) <= 0:
        raise BadValue(name, "a number > 0", value)
    return real(name, value)


def between(name: str, value: object, low: float, high: float, *, closed: bool = False) -> float:
    """A number inside (low, high), or [low, high] where closed."""
    x = real(name, value)
    if not (low <= x <= high if closed else low < x < high):
        ends = f"from {low:g} to {high:g}" if closed else f"between {low:g} and {high:g}"
        raise BadValue(name, f"a number {ends}", value)
    return x


def reals(name: str, value: object, most: int) -> tuple[float, ...]:
    """A tuple of 1 to `most` finite numbers."""
    if not isinstance(value, Sequence) or isinstance(value, str) or not 1 <= len(value) <= most:
        raise BadValue(name, f"1 to {most} numbers, such as (0.5, -0.2)", value)
    return tuple(real(f"{name}[{i}]", x) for i, x in enumerate(value))


def one_of(name: str, value: object, choices: Sequence[str]) -> str:
    """One of some words."""
    if not isinstance(value, str) or value not in choices:
        raise BadValue(name, " or ".join(map(repr, choices)), value)
    return value
