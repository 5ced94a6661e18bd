"""How long a loop waits until its next rows are there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


class Waited:
    """Seconds spent in waiting for the next item, summed until somebody takes them."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock, self._seconds = clock, 0.0

    def over(self, items: Iterable[T]) -> Iterator[T]:
        """Yield the items, and count the time that each was waited for."""
        clock = self._clock
        begun = clock()
        for item in items:
            self._seconds += clock() - begun
            yield item
            begun = clock()

    def take(self) -> float:
        """Return the seconds, and begin anew."""
        seconds, self._seconds = self._seconds, 0.0
        return seconds
