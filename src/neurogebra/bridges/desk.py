"""Where somebody else's loop reports: bus, doctor and budget, whatever library it runs on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from neurogebra.bridges.course import Course, Place, Plan
from neurogebra.errors import BadValue
from neurogebra.observatory import looks
from neurogebra.observatory.bus import Bus, Sink
from neurogebra.observatory.diagnosis import Diagnosis
from neurogebra.observatory.doctor import Doctor
from neurogebra.observatory.events import (
    Alert,
    LayerInfo,
    LayerSeen,
    Level,
    Note,
    Stats,
    Verdict,
)
from neurogebra.observatory.governor import GRACE, Governor, checked
from neurogebra.observatory.presets import level_of
from neurogebra.observatory.sinks.failures import Failures
from neurogebra.observatory.sinks.terminal import Terminal

# Sites whose values are counted where a listener asked for DEBUG.
SPREAD = looks.SPREAD


@dataclass(frozen=True, slots=True)
class Sight:
    """What one array of one layer is, as a `LayerSeen` says it."""

    layer: str
    index: int
    site: str
    shape: tuple[int, ...]
    param: str = ""
    activation: str = ""


class Seen(NamedTuple):
    """One array, its statistics, and where its values were counted its histogram."""

    sight: Sight
    stats: Stats
    histogram: tuple[int, ...] = ()


def events(place: Place, found: Iterable[Seen]) -> list[LayerSeen]:
    """Return what was seen of the layers in one update."""
    return [
        LayerSeen(
            epoch=place.epoch,
            batch=place.batch,
            step=place.step,
            index=sight.index,
            layer=sight.layer,
            site=sight.site,
            shape=sight.shape,
            stats=numbers,
            param=sight.param,
            activation=sight.activation,
            histogram=counted,
        )
        for sight, numbers, counted in found
    ]


def check(log_level: Level | int | str, every: int | None, budget: float | None) -> Level:
    """Return the level of the terminal, after looking at what was asked for; else BadValue."""
    if every is not None and (not isinstance(every, int) or every < 1 or every is True):
        raise BadValue("every", "int ≥ 1, or None", every)
    checked(budget)
    return level_of(log_level)


class Desk:
    """One run under observation: its course, who listens, and what the doctor says.

    looks: the updates whose layers were looked at; verdict: the doctor's word at the end,
    None before.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        log_level: Level | int | str = Level.BASIC,
        sinks: Iterable[Sink] = (),
        every: int | None = None,
        budget: float | None = 0.03,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        level = check(log_level, every, budget)
        self.governor = Governor(budget, clock)
        self._bus = Bus([Terminal(level)] if level > Level.SILENT else [])
        self._lost, self._every = Failures(), every
        self._doctor = Doctor(self._bus.publish, governor=self.governor)
        for sink in (self._lost, *sinks, self._doctor):
            self._bus.add(sink)
        self.course = Course(self._bus, self.governor, plan)
        self.looks = 0
        self.verdict: Verdict | None = None
        self._started = False
        self._deep = -1  # the latest epoch in which values were counted

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """What the doctor found so far."""
        return tuple(self._doctor.alerts)

    @property
    def share(self) -> float:
        """The share of the time since the first update that watching took."""
        return self.governor.share

    def diagnosis(self) -> Diagnosis:
        """Return the causes of what is wrong so far, the likeliest first."""
        return self._doctor.diagnosis()

    def start(self, layers: Sequence[LayerInfo]) -> None:
        """Say that the run begins; again: nothing."""
        if not self._started:
            self._started = True
            self.course.start(layers)

    def say(self, message: str) -> None:
        """Tell people a sentence."""
        self._bus.publish(Note(message=message))

    def update(self) -> Place:
        """Count one update within a stretch of own work; the first starts the clock."""
        if self.course.step == 0:
            self.governor.start()
        return self.course.update(self.governor.now)

    def is_due(self) -> bool:
        """Return whether to look at the layers of the next update: asked for, and affordable.

        After a loss that is no finite number some are looked at, whatever they cost; and so are
        some of those that the doctor plans, where they cost little.
        """
        g, bus = self.governor, self._bus
        if self.course.suspicion > 0:
            self.course.suspicion -= 1
            return True
        if self._every is not None:
            return self.course.step % self._every == 0 and g.affords("look")
        cheap = g.costs.get("look", 0.0) <= GRACE
        if cheap and self._doctor in bus.sinks and self._doctor.looks:
            return True
        return g.affords("look") and (bus.wants(Level.EXPERT) or bus.looks())

    def is_deep(self) -> bool:
        """Return whether values are to be counted: the first look of an epoch, at DEBUG."""
        return self.course.epoch > self._deep and self._bus.wants(Level.DEBUG)

    def tell(
        self, place: Place, loss: float | None, rows: int, seen: Sequence[LayerSeen] = ()
    ) -> None:
        """Publish what is known of one update."""
        if seen:
            self._deep = place.epoch
        asked = self._doctor in self._bus.sinks and not self._doctor.quiet
        self.course.tell(place, loss, rows, seen, asked=asked)

    def end(self, reason: str, layers: Sequence[LayerInfo]) -> Verdict:
        """Say the end and the verdict and close the sinks; again: nothing."""
        if self.verdict is not None:
            return self.verdict
        try:
            self.start(layers)
            self.course.end(reason, self.looks)
            self.verdict = self._doctor.verdict()
            self._bus.publish(self.verdict)
        finally:
            self._bus.close()
        self._lost.warn(3)
        return self.verdict
