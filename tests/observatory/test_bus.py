"""The bus: order, levels, failing sinks."""

from __future__ import annotations

import pytest

from neurogebra.observatory.bus import Bus
from neurogebra.observatory.events import (
    Alert,
    BatchEnd,
    Event,
    Level,
    Note,
    SinkFailed,
    Stamped,
    Verdict,
)

NOTE = Note(message="one")
BATCH = BatchEnd(epoch=0, batch=0, step=1, rows=4, loss=0.5)
ALERT = Alert(rule="nan_inf_loss", severity="critical", message="NaN")


class Ear:
    def __init__(self, name: str = "ear", level: Level = Level.DEBUG) -> None:
        self.name, self.level = name, level
        self.heard: list[Stamped] = []
        self.closed = 0

    def handle(self, stamped: Stamped) -> None:
        self.heard.append(stamped)

    def close(self) -> None:
        self.closed += 1

    @property
    def events(self) -> list[Event]:
        return [s.event for s in self.heard]


class Broken(Ear):
    def handle(self, stamped: Stamped) -> None:
        raise OSError("disk full")


def test_events_are_numbered_from_0_and_stamped():
    ear, times = Ear(), iter([10.0, 11.0])
    bus = Bus([ear], clock=lambda: next(times))
    bus.publish(NOTE)
    bus.publish(BATCH)
    assert ear.heard == [Stamped(0, 10.0, NOTE), Stamped(1, 11.0, BATCH)]


def test_every_sink_sees_the_cause_before_the_alert():
    bus = Bus()

    class Answers(Ear):
        def handle(self, stamped: Stamped) -> None:
            super().handle(stamped)
            if stamped.event is BATCH:
                bus.publish(ALERT)

    sinks = [Answers("first"), Ear("second")]
    for sink in sinks:
        bus.add(sink)
    bus.publish(BATCH)
    for sink in sinks:
        assert sink.events == [BATCH, ALERT]
        assert [s.seq for s in sink.heard] == [0, 1]


@pytest.mark.parametrize("level", list(Level))
def test_a_sink_gets_what_its_level_asks_for(level):
    ear = Ear(level=level)
    bus = Bus([ear])
    for event in (NOTE, BATCH, ALERT, Verdict(status="healthy", summary="")):
        bus.publish(event)
    assert (NOTE in ear.events) == (level >= Level.BASIC)
    assert (BATCH in ear.events) == (level >= Level.DETAILED)
    assert (ALERT in ear.events) == (level > Level.SILENT)
    assert bus.wants(level)
    assert not any(bus.wants(more) for more in Level if more > level)


def test_nobody_listening_wants_nothing():
    bus = Bus()
    bus.publish(NOTE)
    assert not bus.wants(Level.BASIC)


def test_a_sink_may_hear_more_than_it_asks_for():
    ear = Ear(level=Level.BASIC)
    ear.hears = Level.DETAILED
    bus = Bus([ear])
    bus.publish(BATCH)
    assert ear.events == [BATCH]
    assert not bus.wants(Level.DETAILED)


def test_a_failing_sink_is_taken_off_and_told_to_the_others():
    ear, broken = Ear(), Broken("broken")
    bus = Bus([broken, ear])
    bus.publish(NOTE)
    bus.publish(BATCH)
    assert ear.events == [NOTE, SinkFailed(sink="broken", error="OSError: disk full"), BATCH]
    assert bus.sinks == [ear]


def test_strict_raises_and_the_bus_still_works_after_it():
    ear, broken = Ear(), Broken("broken")
    bus = Bus([broken, ear], strict=True)
    with pytest.raises(OSError, match="disk full"):
        bus.publish(NOTE)
    bus.sinks.remove(broken)
    bus.publish(BATCH)
    assert ear.events == [BATCH]


def test_an_interrupt_is_not_a_failing_sink():
    class Interrupted(Ear):
        def handle(self, stamped: Stamped) -> None:
            raise KeyboardInterrupt

    bus = Bus([Interrupted()])
    with pytest.raises(KeyboardInterrupt):
        bus.publish(NOTE)


def test_close_closes_every_sink_once_even_when_one_fails():
    class WillNotClose(Ear):
        def close(self) -> None:
            raise OSError("busy")

    ear, stuck = Ear(), WillNotClose("stuck")
    bus = Bus([ear, stuck])
    bus.close()
    bus.close()
    assert ear.closed == 1
    assert ear.events == [SinkFailed(sink="stuck", error="OSError: busy")]
