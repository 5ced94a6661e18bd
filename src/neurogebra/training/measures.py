"""The loss and the metrics of rows that come in batches, head by head."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from neurogebra.errors import BadValue
from neurogebra.losses import LOSSES, METRICS, Loss, Metric
from neurogebra.losses.answers import Answers, edge_of
from neurogebra.losses.record import BINARY, CLASSES, SIGNS
from neurogebra.losses.tally import State, Tally
from neurogebra.spec import Head, ModelSpec, RunSpec, check

LOSS = "loss"
# Rows of which no batch's own metrics are asked for, counted at once.
WAITING = 1024
# Numbers a row of outputs may have in order to wait: those of images are counted as they come.
WIDE = 1 << 12


class Measured(NamedTuple):
    """One metric of one head, under the name that events and histories have it by."""

    name: str
    metric: Metric
    key: tuple[str, str]  # of the tally that it reads: head, tally


class Measures:
    """What is measured of a model, and the sums over the rows so far.

    A head is measured by its own metrics, else by the run's, else by the accuracy of classes or
    the mean absolute error of numbers; of a model with several heads each takes those of the
    run that suit it, and a name begins with the head's. Metrics count every row alike, the loss
    weighs them. Raises BadValue for a metric that cannot measure a head.
    """

    def __init__(self, model: ModelSpec, run: RunSpec) -> None:
        several = len(model.heads) > 1
        self.losses: dict[str, Loss] = {}
        self.edges: dict[str, float] = {}
        self.measured: list[Measured] = []
        self.tallies: dict[tuple[str, str], Tally] = {}
        for head in model.heads:
            loss = LOSSES[head.loss_of(run.loss, run.loss_options)[0]]
            self.losses[head.name] = loss
            self.edges[head.name] = edge_of(loss, model.end(head))
            units = model.out_shape(head.name)[-1]
            for metric in _chosen(head, loss, run, several):
                reason = metric.refuses(loss, units)
                if reason:
                    raise BadValue("metrics", f"one for {head.name!r}", metric.name, reason)
                key = (head.name, metric.tally.name)
                self.tallies[key] = metric.tally
                name = f"{head.name}.{metric.name}" if several else metric.name
                self.measured.append(Measured(name, metric, key))
        asked = {m.metric.name for m in self.measured}
        for name in run.metrics:
            if name not in asked:
                raise BadValue(
                    "metrics", "one that suits a head", name, "no head is measured by it"
                )
        self.light = [(m.name, m.metric.value, m.key) for m in self.measured if _is_light(m)]
        self.exact = all(tally.exact for tally in self.tallies.values())
        self.calm = all(tally.calm for tally in self.tallies.values())
        self._plan = [(head, _functions(self.tallies, head)) for head in self.losses]
        self._small = False  # whether rows are small enough to wait
        # By head: room for y and for outputs of rows that wait, made when the first come.
        self._rooms: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self.clear()

    def clear(self) -> None:
        """Forget all rows."""
        self.rows, self.loss = 0, 0.0
        self.states: dict[tuple[str, str], State] = {}
        self._waiting = 0  # rows that are kept and not yet counted

    def add(
        self,
        loss: float,
        y: Mapping[str, np.ndarray],
        outputs: Mapping[str, np.ndarray],
        told: bool = True,
    ) -> dict[str, float]:
        """Count a batch with its mean loss; return its own value of each metric that is cheap.

        told: whether anybody is told that value; if not, and if the groups make no difference,
        rows wait until many can be counted at once, and {} is returned.
        """
        rows = len(next(iter(y.values())))
        self.rows, self.loss = self.rows + rows, self.loss + loss * rows
        if not told and self.exact and self._keep(y, outputs, rows):
            return {}
        self._catch_up()
        if self.calm:  # spares the common run what entering errstate costs every batch
            return self._count(y, outputs)
        with np.errstate(all="ignore"):
            return self._count(y, outputs)

    def _keep(
        self, y: Mapping[str, np.ndarray], outputs: Mapping[str, np.ndarray], rows: int
    ) -> bool:
        """Copy a batch to the rows that wait; False where it is too large to be worth it."""
        if not self._rooms:
            self._rooms = {h: (_room(y[h]), _room(outputs[h])) for h in self.losses}
            self._small = all(found[0].size <= WIDE for _, found in self._rooms.values())
        if rows > WAITING or not self._small:
            return False
        start, end = self._waiting, self._waiting + rows
        if end > WAITING:
            self._catch_up()
            start, end = 0, rows
        # copies: outputs are the engine's buffers, y may be the caller's own
        for head, (truth, found) in self._rooms.items():
            truth[start:end], found[start:end] = y[head], outputs[head]
        self._waiting = end
        return True

    def _catch_up(self) -> None:
        """Count the rows that wait."""
        rows, self._waiting = self._waiting, 0
        if rows:
            y = {head: truth[:rows] for head, (truth, _) in self._rooms.items()}
            outputs = {head: found[:rows] for head, (_, found) in self._rooms.items()}
            with np.errstate(all="ignore"):
                self._count(y, outputs)

    def _count(
        self, y: Mapping[str, np.ndarray], outputs: Mapping[str, np.ndarray]
    ) -> dict[str, float]:
        found, states = {}, self.states
        for head, tallies in self._plan:
            answers = Answers.of(self.losses[head], y[head], outputs[head], self.edges[head])
            for key, of, add in tallies:
                batch = found[key] = of(answers)
                states[key] = add(states.get(key), batch)
        return {name: value(found[key]) for name, value, key in self.light}

    def values(self) -> dict[str, float]:
        """Return the loss and every metric over the rows so far."""
        self._catch_up()
        found = {LOSS: self.loss / self.rows}
        with np.errstate(all="ignore"):
            for name, metric, key in self.measured:
                found[name] = metric.value(self.tallies[key].whole(self.states[key]))
        return found

    def require(self, monitor: str) -> None:
        """Refuse to watch what is not measured: its progress could never be seen."""
        names = [LOSS, *(m.name for m in self.measured)]
        name = monitor.removeprefix("val_")
        if name not in names:
            known = [f"val_{n}" if monitor.startswith("val_") else n for n in names]
            hint = check.did_you_mean(monitor, known)
            raise BadValue("monitor", "the loss or a metric that is measured", monitor, hint)

    def higher_is_better(self, monitor: str) -> bool:
        """Say whether a larger value of a measure is progress."""
        name = monitor.removeprefix("val_")
        return any(m.name == name and m.metric.better == "higher" for m in self.measured)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the sums so far: what an exact resume needs, every bit of it."""
        self._catch_up()
        found = {f"{h}/{t}": self.tallies[h, t].whole(s) for (h, t), s in self.states.items()}
        return {**found, LOSS: np.array((self.loss, self.rows), np.float64)}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Go on from `arrays`; BadValue names those that are missing."""
        self.clear()
        if LOSS not in arrays:
            raise BadValue("state", "the sums of the epoch that goes on", sorted(arrays))
        self.loss, rows = arrays[LOSS].tolist()
        self.rows = int(rows)
        for (head, name), tally in self.tallies.items() if self.rows else ():
            found = arrays.get(f"{head}/{name}")
            if found is None:
                raise BadValue("state", f"the sums of {name} of {head}", sorted(arrays))
            self.states[head, name] = tally.restored(found.copy())


def _functions(tallies: Mapping[tuple[str, str], Tally], head: str) -> list[tuple[Any, ...]]:
    """Return the key, `of` and `add` of each tally of a head, looked up once for all batches."""
    return [(key, tally.of, tally.add) for key, tally in tallies.items() if key[0] == head]


def _room(a: np.ndarray) -> np.ndarray:
    return np.empty((WAITING, *a.shape[1:]), a.dtype)


def _is_light(measured: Measured) -> bool:
    return measured.metric.tally.light


def _chosen(head: Head, loss: Loss, run: RunSpec, several: bool) -> list[Metric]:
    if head.metrics:
        return [METRICS[name] for name in head.metrics]
    if run.metrics:
        asked = [METRICS[name] for name in run.metrics]
        return [m for m in asked if m.suits(loss)] if several else asked
    usual = "accuracy" if loss.target in (BINARY, CLASSES, SIGNS) else "mae"
    return [METRICS[usual]]
