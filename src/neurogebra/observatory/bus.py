"""The one way events go: from the loop, in order, to whoever listens."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol

from neurogebra.observatory.events import BatchEnd, Event, Level, SinkFailed, Stamped
from neurogebra.observatory.looks import Look


class Sink(Protocol):
    """Who listens: `level` is the most detail it asks for, and so what gets computed.

    A sink may also have `hears`, the most detail it takes when others asked for it; without
    one it hears what it asks for. `looks`, where a sink has it, says whether it asks for the
    layers of the next update; `scores`, whether it asks for that update's own metrics, which
    one whose level is DETAILED or more does without it; `quiet`, for how many updates it asks
    for nothing at all (of a sink that asks for no batches it is taken for granted).
    `handle_look(seq, time, look)`, where a sink has it, takes a whole `Look` and the place of
    its first event in the order, instead of `handle` for each LayerSeen of it; where it also
    has `passes_over(look)`, that says that it need not. `late`, where a sink has it, says that
    it may hear of updates a moment later, several at once, and after looks that all pass over.
    """

    @property
    def name(self) -> str:
        """The word for it in messages."""

    @property
    def level(self) -> Level:
        """The most detail that it asks for."""

    def handle(self, stamped: Stamped) -> None:
        """Take one event."""

    def close(self) -> None:
        """Write what is left and let go."""


# The most updates that are made before the sinks are asked again whether they listen.
PATIENCE = 64
# Updates that are told at once where nobody minds, and seconds that the first of them waits:
# telling one alone takes longer, in caches that the update left cold.
TOGETHER, SOON = 16, 0.05


class Listeners:
    """The sinks of a bus, and what they ask for together."""

    def __init__(self, sinks: Iterable[Sink]) -> None:
        self.sinks: list[Sink] = list(sinks)

    def wants(self, level: Level) -> bool:
        """Return whether any sink asks for this detail; what nobody wants, nobody computes."""
        for sink in self.sinks:  # noqa: SIM110  asked at every batch; any() costs twice as much
            if sink.level >= level:
                return True
        return False

    def looks(self) -> bool:
        """Return whether a sink asks for the layers of the next update, in an epoch's midst."""
        for sink in self.sinks:  # noqa: SIM110  asked at every batch
            if getattr(sink, "looks", False):
                return True
        return False

    def scores(self) -> bool:
        """Return whether a sink asks for the next update's own metrics."""
        for sink in self.sinks:
            own: bool | None = getattr(sink, "scores", None)
            if sink.level >= Level.DETAILED if own is None else own:
                return True
        return False

    def quiet(self) -> int:
        """Return for how many updates from here nobody asks for anything."""
        rest = PATIENCE
        for sink in self.sinks:
            own: int | None = getattr(sink, "quiet", None)
            if own is None:
                own = 0 if sink.level >= Level.DETAILED else rest
            if own < rest:
                rest = own
                if rest <= 0:
                    break
        return rest

    def _hearing(self, level: Level) -> list[Sink]:
        """Return the sinks that take events of a level."""
        found = []
        for sink in self.sinks:
            hears: Level | None = getattr(sink, "hears", None)
            if level <= (sink.level if hears is None else hears):
                found.append(sink)
        return found


class Bus(Listeners):
    """Delivers each event to each sink, synchronously and in one order for all.

    An event published while another is delivered waits its turn, so that every sink sees the
    cause before the alert. Updates are held back where all who hear them may be late, up to
    the next event of another kind. A sink that raises is taken off and becomes a SinkFailed
    event; with `strict` its error is raised instead.
    """

    def __init__(
        self,
        sinks: Iterable[Sink] = (),
        strict: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(sinks)
        self.strict = strict
        self._clock = clock
        self._waiting: deque[Event] = deque()
        self._held: list[Stamped] = []
        self._delivering = False
        self._seq = 0

    def add(self, sink: Sink) -> None:
        """Let one more sink listen from the next event on."""
        self.sinks.append(sink)

    def publish(self, event: Event) -> None:
        """Deliver an event, and after it those that its delivery caused."""
        if self._delivering:
            self._waiting.append(event)
            return
        heard = self._hearing(event.level)
        if not heard:
            self._seq += len(event) if isinstance(event, Look) else 1
        elif isinstance(event, BatchEnd) and _may_be_late(heard):
            self._hold(event)
        else:
            self._deliver_all(event)

    def passes_over(self, look: Look) -> bool:
        """Return whether no sink takes anything of a look: it is then not to be published."""
        for sink in self._hearing(look.level):
            passes: Callable[[Look], bool] | None = getattr(sink, "passes_over", None)
            if passes is None or not passes(look):
                return False
        self._seq += len(look)
        return True

    def flush(self) -> None:
        """Deliver the updates that are held back."""
        if self._held and not self._delivering:
            self._deliver_all(None)

    def close(self) -> None:
        """Close every sink; one that fails is told to those still open."""
        self.flush()
        while self.sinks:
            sink = self.sinks.pop()
            self._close(sink)

    def _hold(self, event: BatchEnd) -> None:
        """Keep an update until there are several, or the first of them has waited."""
        held, now = self._held, self._clock()
        held.append(Stamped(self._seq, now, event))
        self._seq += 1
        if len(held) >= TOGETHER or not 0 <= now - held[0].time < SOON:
            self._deliver_all(None)

    def _deliver_all(self, event: Event | None) -> None:
        """Deliver what is held back, an event, and what their delivery caused."""
        self._delivering = True
        try:
            if self._held:
                held, self._held = self._held, []
                for sink in self._hearing(BatchEnd.level):
                    self._hand(sink, held)
            if event is not None:
                self._deliver(event, self._hearing(event.level))
            while self._waiting:
                event = self._waiting.popleft()
                self._deliver(event, self._hearing(event.level))
        finally:
            self._delivering = False

    def _hand(self, sink: Sink, held: Iterable[Stamped]) -> None:
        try:
            for stamped in held:
                sink.handle(stamped)
        except Exception as error:
            self._lose(sink, error)

    def _deliver(self, event: Event, sinks: Iterable[Sink]) -> None:
        if isinstance(event, Look):
            self._deliver_look(event, sinks)
            return
        stamped = Stamped(self._seq, self._clock(), event)
        self._seq += 1
        for sink in sinks:
            self._hand(sink, (stamped,))

    def _deliver_look(self, look: Look, sinks: Iterable[Sink]) -> None:
        first, now = self._seq, self._clock()
        self._seq += len(look)
        for sink in sinks:
            takes: Callable[[int, float, Look], None] | None = getattr(sink, "handle_look", None)
            try:
                if takes is not None:
                    takes(first, now, look)
                    continue
                for seq, event in enumerate(look.events, first):
                    sink.handle(Stamped(seq, now, event))
            except Exception as error:
                self._lose(sink, error)

    def _lose(self, sink: Sink, error: Exception) -> None:
        """Take a sink off that raised, and tell the others."""
        if self.strict:
            raise error
        if sink in self.sinks:
            self.sinks.remove(sink)
            self._close(sink)  # let it free its terminal or its files
        self.publish(SinkFailed(sink=sink.name, error=f"{type(error).__name__}: {error}"))

    def _close(self, sink: Sink) -> None:
        try:
            sink.close()
        except Exception as error:
            self._lose(sink, error)


def _may_be_late(sinks: Iterable[Sink]) -> bool:
    for sink in sinks:  # noqa: SIM110  asked at every batch
        if not getattr(sink, "late", False):
            return False
    return True
