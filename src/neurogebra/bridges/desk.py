"""Where somebody else's loop reports: bus, doctor and budget, whatever library it runs on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from neurogebra.bridges.course import Course, Place, Plan
from neurogebra.errors import BadValue
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
from neurogebra.observatory.governor import Governor, checked
from neurogebra.observatory.presets import level_of
from neurogebra.observatory.sinks.failures import Failures
from neurogebra.observatory.sinks.terminal import Terminal


@dataclass(frozen=True, slots=True)
class Sight:
    """What one array of one layer is, as a `LayerSeen` says it."""

    layer: str
    index: int
    site: str
    shape: tuple[int, ...]
    param: str = ""
    activation: str = ""


def events(place: Place, sights: Sequence[Sight], stats: Sequence[Stats]) -> list[LayerSeen]:
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
        )
        for sight, numbers in zip(sights, stats, strict=True)
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
        self._lost, self._doctor, self._every = Failures(), Doctor(self._bus.publish), every
        for sink in (self._lost, *sinks, self._doctor):
            self._bus.add(sink)
        self.course = Course(self._bus, self.governor, plan)
        self.looks = 0
        self.verdict: Verdict | None = None
        self._started = False

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

        After a loss that is no finite number some are looked at, whatever they cost.
        """
        if self.course.suspicion > 0:
            self.course.suspicion -= 1
            return True
        return self.governor.affords("look") and self._is_asked()

    def _is_asked(self) -> bool:
        if self._every is not None:
            return self.course.step % self._every == 0
        return self._bus.wants(Level.EXPERT) or self._bus.looks()

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
