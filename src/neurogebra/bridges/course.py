"""The events of a loop that somebody else runs: counted, in order, within a budget."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from neurogebra.errors import BadValue, NotReady
from neurogebra.observatory.bus import PATIENCE, Bus
from neurogebra.observatory.events import (
    BatchEnd,
    EpochEnd,
    EpochStart,
    LayerInfo,
    LayerSeen,
    Note,
    TrainEnd,
    TrainStart,
)
from neurogebra.observatory.governor import STEPS, Governor

# Looks at the layers that a loss without a value asks for, whatever they cost.
SUSPICIOUS = 3
# Updates after which another such loss may ask for them again.
CALM = 100
# Seconds that telling an update takes at most where the doctor's asking is enough.
LITTLE = 1e-3


@dataclass(frozen=True)
class Plan:
    """What is known of the run beforehand; 0 where it is not."""

    name: str
    engine: str
    seed: int
    epochs: int = 0
    batches: int = 0
    run: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for where in ("epochs", "batches"):
            value = getattr(self, where)
            if not isinstance(value, int) or isinstance(value, bool) or value < 0:
                raise BadValue(where, "int ≥ 0 (0: unknown)", value)


class Place(NamedTuple):
    """One update: where it stands in the run, and the seconds since the one before."""

    epoch: int
    batch: int
    step: int
    seconds: float


class Course:
    """Turns updates into events.

    Each BatchEnd is told while that fits into its part of the budget; one whose loss is no
    finite number always is, and so is one whose layers were looked at. Each loss counts in the
    mean of its epoch.
    """

    def __init__(self, bus: Bus, governor: Governor, plan: Plan) -> None:
        self.bus, self.governor, self.plan = bus, governor, plan
        self.epoch, self.batch, self.step = 0, 0, 0
        self.told, self.suspicion = 0, 0
        self.metrics: dict[str, float] = {}
        self._total, self._rows = 0.0, 0
        self._last, self._epoch_began = 0.0, 0.0
        self._open, self._calm = -1, 0
        self._later: dict[str, int] = {}  # the update from which work may be affordable

    def start(self, layers: Sequence[LayerInfo]) -> None:
        """Say that the run begins."""
        plan = self.plan
        self.bus.publish(
            TrainStart(
                name=plan.name,
                engine=plan.engine,
                seed=plan.seed,
                epochs=plan.epochs,
                batches=plan.batches,
                train_rows=0,
                val_rows=0,
                layers=tuple(layers),
                params=sum(layer.params for layer in layers),
                run=plan.run,
            )
        )

    def update(self, now: float) -> Place:
        """Count one update, made at `now` seconds, and return its place."""
        if self.step == 0:
            self._last = self._epoch_began = now
        self.step += 1
        self.governor.step = self.step
        place = Place(self.epoch, self.batch, self.step, now - self._last)
        self.batch += 1
        self._last = now
        return place

    def passed(self, now: float, updates: int, losses: float, rows: int) -> None:
        """Count updates that nobody asks to hear of, the last of them made at `now` seconds.

        losses: their sum; rows: of each, 0 where that is not known.
        """
        if self._open != self.epoch:
            self._begin_epoch(self.epoch)
        self.step += updates
        self.governor.step = self.step
        self.batch += updates
        self._last = now
        self._total += losses * (rows or 1)
        self._rows += updates * (rows or 1)

    def tell(
        self,
        place: Place,
        loss: float | None,
        rows: int,
        seen: Sequence[LayerSeen],
        *,
        asked: bool = False,
    ) -> None:
        """Publish what is known of one update; without a loss only its layers are.

        asked: the doctor asks for it, who knows the budget: it is told if that takes little.
        """
        if self._open != place.epoch:
            self._begin_epoch(place.epoch)
        for event in seen:
            self.bus.publish(event)
        if loss is None:
            return
        self._total += loss * (rows or 1)
        self._rows += rows or 1
        lost = not math.isfinite(loss)
        if lost and place.step >= self._calm:
            self.suspicion, self._calm = SUSPICIOUS, place.step + CALM
        asked = asked and self.governor.costs.get("batch", 0.0) <= LITTLE
        if not (lost or seen or asked or self.affords("batch", STEPS)):
            return
        self.told += 1
        began = self.governor.clock()
        self.bus.publish(
            BatchEnd(
                epoch=place.epoch,
                batch=place.batch,
                step=place.step,
                rows=rows,
                loss=loss,
                seconds=place.seconds,
            )
        )
        self.governor.learn("batch", self.governor.clock() - began)

    def affords(self, what: str, share: float = 1.0) -> bool:
        """Return whether a piece of work fits into the budget; not asked again before it may."""
        if self.step < self._later.get(what, 0):
            return False
        wait = self.governor.wait(what, share)
        if wait > 0 and self.governor.training > 0:
            updates = wait * self.step / self.governor.training
            self._later[what] = self.step + int(min(updates, PATIENCE))
        return wait <= 0

    def end_epoch(
        self, metrics: Mapping[str, Any], rate: float, now: float, waited: float = 0.0
    ) -> None:
        """Say that the epoch of the updates so far is over; NotReady when there are none."""
        if not self.batch:
            raise NotReady("epoch(metrics) needs an update since the epoch before")
        mean = {"loss": self._total / self._rows} if self._rows else {}
        self.metrics = mean | {str(k): _number(str(k), v) for k, v in metrics.items()}
        self.bus.publish(
            EpochEnd(
                epoch=self.epoch,
                step=self.step,
                metrics=self.metrics,
                learning_rate=rate,
                seconds=now - self._epoch_began,
                waited=waited,
            )
        )
        self.epoch, self.batch, self._epoch_began = self.epoch + 1, 0, now
        self._total, self._rows = 0.0, 0

    def end(self, reason: str, looks: int) -> None:
        """Say that the run is over, and what watching it took."""
        g = self.governor
        g.stop()
        own = g.account()
        limit = "no budget" if g.budget is None else f"budget {100 * g.budget:g} %"
        self.bus.publish(
            TrainEnd(
                reason=reason,
                epochs=self.epoch,
                step=self.step,
                seconds=g.elapsed,
                metrics=self.metrics,
                observer=own and {**own, "looks": float(looks), "told": float(self.told)},
            )
        )
        if self.step:
            said = f"watching took {g.spent:.3g} s of {g.elapsed:.3g} s ({100 * g.share:.2g} %,"
            counts = f"{looks} of {self.step} updates looked at, {self.told} told one by one"
            self.bus.publish(Note(message=f"{said} {limit}): {counts}"))

    def _begin_epoch(self, epoch: int) -> None:
        self._open = epoch
        plan = self.plan
        self.bus.publish(EpochStart(epoch=epoch, epochs=plan.epochs, batches=plan.batches))


def _number(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, RuntimeError):
        raise BadValue(f"metrics[{name!r}]", "a number", value) from None
