"""The bus: order, levels, failing sinks."""

from __future__ import annotations

import numpy as np
import pytest

from neurogebra.engines import Seen
from neurogebra.observatory.bus import SOON, TOGETHER, Bus
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
from neurogebra.observatory.looks import Look, Plan
from neurogebra.observatory.units import Units

NOTE = Note(message="one")
BATCH = BatchEnd(epoch=0, batch=0, step=1, rows=4, loss=0.5)
PLAN = Plan([Seen(0, "dense_0", "forward", "", np.ones((4, 2)))], ["relu"])
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


class Late(Ear):
    """A sink that may hear of updates later, and passes over looks."""

    late = True

    def passes_over(self, look: object) -> bool:
        return True


def updates(n: int) -> list[BatchEnd]:
    return [BatchEnd(epoch=0, batch=i, step=i + 1, rows=4, loss=0.5) for i in range(n)]


def test_updates_are_told_together_where_nobody_minds_and_before_what_follows():
    ears = Late("one"), Late("two")
    bus, sent = Bus(ears, clock=lambda: 5.0), updates(3)
    for event in sent:
        bus.publish(event)
    assert [ear.heard for ear in ears] == [[], []]
    bus.publish(NOTE)
    told = [Stamped(i, 5.0, event) for i, event in enumerate((*sent, NOTE))]
    assert [ear.heard for ear in ears] == [told, told]


def test_one_who_minds_hears_each_at_once_and_so_do_all():
    late, prompt = Late(), Ear()
    bus = Bus([late, prompt])
    bus.publish(BATCH)
    assert late.events == prompt.events == [BATCH]
    prompt.level = Level.BASIC  # it hears no updates any more
    bus.publish(BATCH)
    assert late.events == [BATCH]


def test_updates_wait_no_longer_than_a_moment_and_not_in_masses():
    now, ear = [0.0], Late()
    bus = Bus([ear], clock=lambda: now[0])
    for event in updates(TOGETHER - 1):
        bus.publish(event)
    assert not ear.heard
    bus.publish(BATCH)
    assert len(ear.heard) == TOGETHER
    bus.publish(BATCH)
    now[0] = SOON
    bus.publish(BATCH)
    assert len(ear.heard) == TOGETHER + 2
    bus.publish(BATCH)
    now[0] = -5.0  # the clock was put back
    bus.publish(BATCH)
    assert len(ear.heard) == TOGETHER + 4


def test_what_is_held_back_is_told_when_asked_for_and_at_the_end():
    ear = Late()
    bus = Bus([ear])
    bus.publish(BATCH)
    bus.flush()
    assert ear.events == [BATCH]
    bus.publish(BATCH)
    bus.close()
    assert ear.events == [BATCH, BATCH]


def test_an_alert_on_an_update_held_back_comes_after_all_of_them():
    class Warns(Late):
        def handle(self, stamped: Stamped) -> None:
            super().handle(stamped)
            if isinstance(stamped.event, BatchEnd) and stamped.event.step == 1:
                bus.publish(ALERT)

    warns, other = Warns(), Late()
    bus = Bus([warns, other])
    for event in updates(2):
        bus.publish(event)
    bus.flush()
    assert [s.seq for s in other.heard] == [0, 1, 2]
    assert other.events[-1] == warns.events[-1] == ALERT


def test_a_late_sink_that_fails_is_lost_like_any_other():
    class Fails(Late):
        handle = Broken.handle

    ear = Late()
    bus = Bus([Fails("bad"), ear])
    bus.publish(BATCH)
    bus.flush()
    assert ear.events == [BATCH, SinkFailed(sink="bad", error="OSError: disk full")]


def test_a_look_is_passed_over_only_where_all_do():
    late, prompt = Late(), Ear()
    look = Look(PLAN, Units(), 0, 0, 1, deep=False)
    assert Bus([late]).passes_over(look)
    assert not Bus([late, prompt]).passes_over(look)
    prompt.level = Level.BASIC
    bus = Bus([late, prompt])
    assert bus.passes_over(look)
    bus.publish(NOTE)
    assert late.heard[0].seq == len(look), "what was passed over keeps its places in the order"
