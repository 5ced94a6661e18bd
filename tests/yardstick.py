"""Measures work in yards: one fixed piece of Python, done by the same process at that moment.

A limit in yards means the same on a slow, fast or busy machine. A yard is 20 ms of the processor
on an AMD EPYC of 2.6 GHz, so that SECOND yards are a second there. Choose a limit that is at
least twice what the work takes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from time import process_time
from typing import Any

SECOND = 50  # yards
_ROUNDS = 98_000


def piece() -> int:
    """Do one yard of work: calls, tuples, a table and whole numbers, as formulas take them."""
    table: dict[tuple[int, int], int] = {}
    for i in range(_ROUNDS):
        key = (i & 1023, i % 7)
        table[key] = _step(table.get(key, 0), i)
    return len(table)


def _step(a: int, b: int) -> int:
    return (a * 31 + b) % 65_521


def yard() -> float:
    """Return the processor seconds that a yard takes at this moment: the least of three."""
    return min(timed(piece)[1] for _ in range(3))


@lru_cache(maxsize=1)
def first_yard() -> float:
    """Return the yard as it was when it was first asked for: enough to see what is far off."""
    return yard()


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """Return what some work returns, and its processor seconds."""
    start = process_time()
    found = work()
    return found, process_time() - start


def within(limit: float, work: Callable[[], Any]) -> Any:
    """Return what some work returns; AssertionError where it takes more yards, and again.

    A yard is measured anew only where the limit may be near, and the work done a second time
    only where it was missed.
    """
    found, taken = timed(work)
    if taken < limit / 2 * first_yard():
        return found
    taken /= yard()
    if taken > limit:
        taken = min(taken, timed(work)[1] / yard())
    assert taken <= limit, f"{taken:.1f} yards, and at most {limit:g} were to be taken"
    return found
