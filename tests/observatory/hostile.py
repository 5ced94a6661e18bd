"""A run whose names are attacks and whose numbers are extreme, for everything that writes runs."""

from __future__ import annotations

import math
from dataclasses import replace

from neurogebra.observatory.bus import Bus
from neurogebra.observatory.events import Alert, Evaluated, TrainEnd, Verdict
from neurogebra.observatory.recorder import TrainingLogger
from neurogebra.observatory.witness import epochs, losses, seen, start, together

NAME = '<b>x</b>\n[red]"y"\\ \x1b[31m{z}\r\x00 ../../etc/\u2028\u202e\ud800|`$a$`'
# What no output may hold as it is: each would act on some screen, log or parser.
ACTS = ("\x1b", "\x00", "\r", "\u2028", "\u202e", "\ud800")

RUN = (
    *(replace(event, name=NAME) for event in start(epochs=2, layers=(NAME, "dense_1"))),
    *together(
        seen("gradient", (8.0, math.inf), layer=NAME, mean=math.nan),
        seen("forward", (1.5, 2.5), layer="dense_1", dead_pct=12.5),
        losses(0.7, math.nan),
    ),
    *losses(-math.inf, 1e300, first=3),
    *epochs(loss=[0.5, 0.4], accuracy=[0.7, 0.8]),
    Alert(rule=NAME, severity="danger", message=NAME, layer=NAME, epoch=0, step=2),
    Evaluated(split="test", rows=20, metrics={"loss": 0.45}),
    TrainEnd(reason="completed", epochs=2, step=20, seconds=1.5),
    Verdict(status="healthy", summary=NAME),
)


class Ticks:
    """A clock that goes on by one second a look."""

    def __init__(self, now: float = 1e9) -> None:
        self.now = now

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def tell(*sinks, events=RUN):
    """Let sinks hear a run, strictly, and close them."""
    bus = Bus(sinks, strict=True, clock=Ticks())
    for event in events:
        bus.publish(event)
    bus.close()


def records(events=RUN):
    """The records of a run, as a logger has them."""
    logger = TrainingLogger("debug", strict=True)
    tell(logger, events=events)
    return logger.get_event_log()


def losing(make, events=RUN):
    """Let a sink that fails hear a run beside one that does not; return what the latter heard."""
    heard = []

    class Ear:
        name, level = "ear", 4

        def handle(self, stamped):
            heard.append(stamped.event)

        def close(self):
            pass

    bus = Bus([make(), Ear()], clock=Ticks())
    for event in events:
        bus.publish(event)
    bus.close()
    return heard
