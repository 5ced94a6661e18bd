"""What the tests of somebody else's loops share: a sink, and the order in which things are told."""

from __future__ import annotations

from neurogebra.observatory.events import (
    Alert,
    BatchEnd,
    EpochEnd,
    EpochStart,
    LayerSeen,
    Level,
    Note,
    TrainEnd,
    TrainStart,
    Verdict,
)


class Kept:
    """A sink that keeps what it hears."""

    name = "kept"

    def __init__(self, level=Level.EXPERT):
        self.level, self.events, self.closed = level, [], False

    def handle(self, stamped):
        self.events.append(stamped.event)

    def close(self):
        self.closed = True

    def of(self, kind):
        return [e for e in self.events if isinstance(e, kind)]


def is_told_in_order(kept, *, epochs, batches):
    """Whether a whole run was told: its epochs, their updates, the end and the verdict."""
    kinds = [type(e) for e in kept.events if not isinstance(e, (Alert, LayerSeen, Note))]
    one = [EpochStart, *[BatchEnd] * batches, EpochEnd]
    whole = kinds == [TrainStart, *one * epochs, TrainEnd, Verdict]
    return whole and kept.of(TrainEnd)[0].reason == "completed" and kept.closed
