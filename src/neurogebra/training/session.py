"""A run in progress: everything that changes while training, and nothing else."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np

from neurogebra.engines import ENGINES, Network, Step
from neurogebra.errors import BadValue
from neurogebra.spec import ModelSpec, RunSpec
from neurogebra.training import rates
from neurogebra.training.data import Batch
from neurogebra.training.measures import Measures
from neurogebra.training.progress import Progress
from neurogebra.training.sources import Source, Stream

# Rows that are evaluated at once: a fixed number, so that sums do not depend on the batch size.
EVALUATE_ROWS = 1024
# Keeps what is drawn while training (dropout) apart from every other stream of the same seed.
DRAWS = 0xD0


class Trained(NamedTuple):
    """What a session leaves behind: its network and the generator that this draws from."""

    network: Network
    rng: np.random.Generator


class Session:
    """A model being trained on data by a run's description.

    weights: other first weights than the model's own; before: what an earlier
    session left, of the same model and of a run that differs in nothing a network knows, to go
    on with all that it remembers. A session is stepped by `train`; its
    `state` and `restore` carry everything that the next step depends on.
    """

    def __init__(
        self,
        model: ModelSpec,
        run: RunSpec,
        data: Source,
        validation: Source | None = None,
        weights: Mapping[str, np.ndarray] | None = None,
        before: Trained | None = None,
    ) -> None:
        self.model, self.run, self.data, self.validation = model, run, data, validation
        self.rng = np.random.default_rng([run.seed, DRAWS])
        if before is None:
            first = model.init(run.seed) if weights is None else weights
            self.network = ENGINES[run.engine].load().build(model, run, first, self.rng)
        else:  # its network draws from its generator
            before.rng.bit_generator.state = self.rng.bit_generator.state
            self.network, self.rng = before
        self.progress = Progress()
        self.best_weights: dict[str, np.ndarray] | None = None
        self.measures = Measures(model, run)
        self.measures.require(run.monitor)
        self.last_rate = self.rate  # that of the latest update
        every = run.epochs * self.batches
        if every and run.accumulate > every:
            raise BadValue("accumulate", f"int ≤ {every}, the run's batches", run.accumulate)

    @property
    def batches(self) -> int:
        """How many batches an epoch has."""
        return self.data.batches(self.run.batch_size)

    @property
    def rate(self) -> float:
        """The learning rate of the next update, by the run's schedule."""
        return rates.current(self.run, self.batches, self.progress)

    def set_rate(self, rate: float) -> None:
        """Let the next update have another learning rate, and a schedule go on from there."""
        rates.ask(self.run, self.batches, self.progress, rate)

    def step(
        self, batch: Batch, probe: bool = False, told: bool = True
    ) -> tuple[Step, dict[str, float], float]:
        """Make one update; return the engine's step, the batch's metrics and the seconds.

        told: whether anybody is told the batch's own metrics.
        """
        start, run, p = time.perf_counter(), self.run, self.progress
        rate = run.rate if not run.schedule and p.rate is None else self.rate
        done = self.network.step(batch.x, batch.y, lr=rate, probe=probe, weights=batch.weights)
        self.last_rate = rate
        metrics = self.measures.add(done.loss, batch.y, done.outputs, told)
        p.step, p.batch = p.step + 1, batch.index + 1
        if not math.isfinite(done.loss):
            p.reason = "diverged"
        return done, metrics, time.perf_counter() - start

    def end_epoch(self) -> tuple[dict[str, float], bool]:
        """Close the epoch: return its metrics, validation included, and whether it is the best."""
        p = self.progress
        metrics = self.measures.values()
        if self.validation is not None:
            found = self.evaluate(self.validation)
            metrics.update({f"val_{name}": value for name, value in found.items()})
        best = self._judge(metrics)
        if self.run.schedule == rates.PLATEAU:
            name = self._monitor()
            higher = self.measures.higher_is_better(name)
            rates.watch(self.run, p, metrics.get(name), higher=higher)
        self.measures.clear()
        p.epoch, p.batch = p.epoch + 1, 0
        if not p.reason and self.run.patience and p.waited >= self.run.patience:
            p.reason = "early_stopping"
        if not p.reason and p.epoch >= self.run.epochs:
            p.reason = "completed"
        return metrics, best

    def evaluate(self, data: Source) -> dict[str, float]:
        """Return loss and metrics over data in inference mode."""
        measures = Measures(self.model, self.run)
        for batch in data.in_order(EVALUATE_ROWS):
            done = self.network.evaluate(batch.x, batch.y, batch.weights)
            measures.add(done.loss, batch.y, done.outputs)
        return measures.values()

    def finish(self) -> None:
        """Put the best epoch's weights in place, where the run asks for them."""
        if self.run.restore_best and self.best_weights is not None:
            state = self.network.state()
            state.update({f"weights/{n}": a for n, a in self.best_weights.items()})
            self.network.load(state)

    def state(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Return the arrays and the JSON-able rest that an exact resume needs."""
        arrays = self.network.state()
        if self.best_weights is not None:
            arrays.update({f"best/{n}": a for n, a in self.best_weights.items()})
        arrays.update({f"sums/{n}": a for n, a in self.measures.arrays().items()})
        rest = {"progress": asdict(self.progress), "rng": self.rng.bit_generator.state}
        if isinstance(self.data, Stream):
            rest["data"] = self.data.state()
        return arrays, rest

    def restore(self, arrays: Mapping[str, np.ndarray], rest: Mapping[str, Any]) -> None:
        """Go on exactly where `state` was taken."""
        if isinstance(self.data, Stream):
            self.data.restore(rest.get("data", {}))
        best = {n[5:]: a for n, a in arrays.items() if n.startswith("best/")}
        own = ("best/", "sums/")
        self.network.load({n: a for n, a in arrays.items() if not n.startswith(own)})
        self.measures.restore({n[5:]: a for n, a in arrays.items() if n.startswith("sums/")})
        self.best_weights = best or None
        try:
            self.progress = Progress(**rest["progress"])
            self.rng.bit_generator.state = dict(rest["rng"])
        except (KeyError, TypeError, ValueError) as error:
            raise BadValue("state", "progress and rng of a session", rest) from error

    def _judge(self, metrics: Mapping[str, float]) -> bool:
        """Note whether this epoch is the best so far by the run's monitored metric."""
        p, run = self.progress, self.run
        name = self._monitor()
        value = metrics.get(name)
        if value is None or not math.isfinite(value):
            p.waited += 1
            return False
        gain = math.inf if p.best is None else p.best - value
        if p.best is not None and self.measures.higher_is_better(name):
            gain = -gain
        if gain <= run.min_delta:
            p.waited += 1
            return False
        p.best, p.best_epoch, p.waited = value, p.epoch, 0
        self.best_weights = self.network.weights() if run.restore_best else None
        return True

    def _monitor(self) -> str:
        name = self.run.monitor
        return name if self.validation is not None else name.removeprefix("val_")
