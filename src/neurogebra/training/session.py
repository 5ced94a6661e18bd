"""A run in progress: everything that changes while training, and nothing else."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from neurogebra.engines import ENGINES, Seen, Step
from neurogebra.errors import BadValue
from neurogebra.losses import LOSSES, METRICS
from neurogebra.losses.table import BINARY, CLASSES
from neurogebra.spec import ModelSpec, RunSpec
from neurogebra.training.data import Batch, Data

# Rows that are evaluated at once: a fixed number, so that sums do not depend on the batch size.
EVALUATE_ROWS = 1024
# Keeps what is drawn while training (dropout) apart from every other stream of the same seed.
DRAWS = 0xD0


@dataclass
class Progress:
    """Where a run stands: all of it goes into a checkpoint as JSON.

    epoch, batch: the next ones to be done; step: updates made; sums: row-weighted sums of
    this epoch's metrics; best, best_epoch: of the monitored metric; waited: epochs since.
    """

    epoch: int = 0
    batch: int = 0
    step: int = 0
    rows: int = 0
    sums: dict[str, float] = field(default_factory=dict)
    best: float | None = None
    best_epoch: int = -1
    waited: int = 0
    reason: str = ""  # why the run is over, "" while it is not


class Session:
    """A model being trained on data by a run's description.

    weights: other first weights than the model's own. A session is stepped by `train`; its
    `state` and `restore` carry everything that the next step depends on.
    """

    def __init__(
        self,
        model: ModelSpec,
        run: RunSpec,
        data: Data,
        validation: Data | None = None,
        weights: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        self.model, self.run, self.data, self.validation = model, run, data, validation
        self.rng = np.random.default_rng([run.seed, DRAWS])
        first = model.init(run.seed) if weights is None else weights
        self.network = ENGINES[run.engine].load().build(model, run, first, self.rng)
        self.progress = Progress()
        self.best_weights: dict[str, np.ndarray] | None = None
        self.metrics = run.metrics or _usual_metrics(model, run)

    @property
    def batches(self) -> int:
        """How many batches an epoch has."""
        return self.data.batches(self.run.batch_size)

    def step(self, batch: Batch, probe: bool = False) -> tuple[Step, dict[str, float], float]:
        """Make one update; return the engine's step, the batch's metrics and the seconds."""
        start = time.perf_counter()
        done = self.network.step(batch.x, batch.y, lr=self.run.rate, probe=probe)
        rows = len(batch.x)
        totals = {"loss": done.loss * rows, **self._totals(batch.y, done.outputs)}
        p = self.progress
        for name, total in totals.items():
            p.sums[name] = p.sums.get(name, 0.0) + total
        p.rows, p.step, p.batch = p.rows + rows, p.step + 1, batch.index + 1
        if not math.isfinite(done.loss):
            p.reason = "diverged"
        means = {k: v / rows for k, v in totals.items() if k != "loss"}
        return done, means, time.perf_counter() - start

    def end_epoch(self) -> tuple[dict[str, float], bool]:
        """Close the epoch: return its metrics, validation included, and whether it is the best."""
        p = self.progress
        metrics = {name: total / p.rows for name, total in p.sums.items()}
        if self.validation is not None:
            found = self.evaluate(self.validation)
            metrics.update({f"val_{name}": value for name, value in found.items()})
        best = self._judge(metrics)
        p.epoch, p.batch, p.rows, p.sums = p.epoch + 1, 0, 0, {}
        if not p.reason and self.run.patience and p.waited >= self.run.patience:
            p.reason = "early_stopping"
        if not p.reason and p.epoch >= self.run.epochs:
            p.reason = "completed"
        return metrics, best

    def evaluate(self, data: Data) -> dict[str, float]:
        """Return loss and metrics over data in inference mode."""
        sums: dict[str, float] = {}
        for batch in data.in_order(EVALUATE_ROWS):
            done = self.network.evaluate(batch.x, batch.y)
            totals = {"loss": done.loss * len(batch.x), **self._totals(batch.y, done.outputs)}
            for name, total in totals.items():
                sums[name] = sums.get(name, 0.0) + total
        return {name: total / len(data) for name, total in sums.items()}

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
        # In hexadecimal, because a sum of a run that diverged is infinite, which JSON is not.
        sums = {name: total.hex() for name, total in self.progress.sums.items()}
        progress = {**asdict(self.progress), "sums": sums}
        return arrays, {"progress": progress, "rng": self.rng.bit_generator.state}

    def restore(self, arrays: Mapping[str, np.ndarray], rest: Mapping[str, Any]) -> None:
        """Go on exactly where `state` was taken."""
        best = {n[5:]: a for n, a in arrays.items() if n.startswith("best/")}
        self.network.load({n: a for n, a in arrays.items() if not n.startswith("best/")})
        self.best_weights = best or None
        try:
            sums = {n: float.fromhex(t) for n, t in rest["progress"]["sums"].items()}
            self.progress = Progress(**{**rest["progress"], "sums": sums})
            self.rng.bit_generator.state = dict(rest["rng"])
        except (KeyError, TypeError, ValueError) as error:
            raise BadValue("state", "progress and rng of a session", rest) from error

    def _totals(
        self, y: Mapping[str, np.ndarray], outputs: Mapping[str, np.ndarray]
    ) -> dict[str, float]:
        """Return each metric's sum over the rows; a head's name stands before it if several."""
        several = len(self.model.heads) > 1
        return {
            f"{head}.{m}" if several else m: METRICS[m].total(y[head], outputs[head])
            for head in y
            for m in self.metrics
        }

    def _judge(self, metrics: Mapping[str, float]) -> bool:
        """Note whether this epoch is the best so far by the run's monitored metric."""
        p, run = self.progress, self.run
        name = run.monitor if self.validation is not None else run.monitor.removeprefix("val_")
        value = metrics.get(name)
        if value is None or not math.isfinite(value):
            p.waited += 1
            return False
        gain = math.inf if p.best is None else p.best - value
        if p.best is not None and name.endswith("accuracy"):
            gain = -gain
        if gain <= run.min_delta:
            p.waited += 1
            return False
        p.best, p.best_epoch, p.waited = value, p.epoch, 0
        self.best_weights = self.network.weights() if run.restore_best else None
        return True

    def seen(self, step: Step) -> Iterator[tuple[Seen, str]]:
        """Yield what a probed step looked at, each with its layer's activation."""
        activations = [getattr(p.layer, "activation", "") for p in self.model.placed()]
        for look in step.seen:
            yield look, activations[look.index]


def _usual_metrics(model: ModelSpec, run: RunSpec) -> tuple[str, ...]:
    kinds = {LOSSES[h.loss or run.loss].target for h in model.heads}
    return ("accuracy",) if kinds <= {BINARY, CLASSES} else ("mae",)
