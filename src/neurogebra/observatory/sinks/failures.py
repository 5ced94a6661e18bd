"""Which sinks were lost in a run, so that nobody loses one silently."""

from __future__ import annotations

import warnings

from neurogebra.observatory.events import Level, SinkFailed, Stamped


class Failures:
    """A sink that remembers which others failed, and warns of them when the run is over."""

    name = "failures"
    level = Level.BASIC

    def __init__(self) -> None:
        self.found: list[SinkFailed] = []

    def handle(self, stamped: Stamped) -> None:
        """Remember a failure."""
        if isinstance(stamped.event, SinkFailed):
            self.found.append(stamped.event)

    def close(self) -> None:
        """There is nothing to let go."""

    def warn(self, stacklevel: int = 2) -> None:
        """Give a RuntimeWarning for each, in the name of who called the caller, or further up."""
        for lost in self.found:
            text = f"{lost.sink} failed and was taken off: {lost.error}"
            warnings.warn(text, RuntimeWarning, stacklevel=stacklevel + 1)
