"""Engines that are wrong in one way each: the conformance suite must catch every one."""

from __future__ import annotations

import numpy as np

from neurogebra.engines import Seen, Step
from neurogebra.engines.forward import forward
from neurogebra.engines.numpy_engine import NumpyNetwork
from neurogebra.engines.reference import EagerOps


class Faulty(NumpyNetwork):
    """A right network, to be spoilt."""


class WrongSign(Faulty):
    """One bias steps uphill."""

    def gradients(self, x, y):
        loss, grads = super().gradients(x, y)
        name = next(n for n in grads if n.endswith(".b"))
        return loss, {**grads, name: -grads[name]}


class DividesTwice(Faulty):
    """The mean over the batch is divided by its size once more."""

    def gradients(self, x, y):
        loss, grads = super().gradients(x, y)
        return loss, {n: g / len(x) for n, g in grads.items()}


class StepsTwiceDivided(Faulty):
    """The gradients are right, but the step divides them again."""

    def step(self, x, y, *, lr, probe=False):
        return super().step(x, y, lr=lr / len(x), probe=probe)


class Muddled(EagerOps):
    """Operations that take one kind of layer to be training still."""

    kind = ""

    @property
    def training(self):
        return self.layer.startswith(self.kind)

    @training.setter
    def training(self, value):
        pass

    def remember(self, name, value):
        pass


class NoNumber(Faulty):
    """One number of a gradient is none."""

    def gradients(self, x, y, weights=None):
        loss, grads = super().gradients(x, y, weights)
        name = next(iter(grads))
        grads[name].flat[0] = np.nan
        return loss, grads


class IgnoresWeights(Faulty):
    """Every row counts the same, whatever its weight."""

    def gradients(self, x, y, weights=None):
        return super().gradients(x, y)


class WeighsTheMean(Faulty):
    """The mean is divided by the sum of the weights."""

    def evaluate(self, x, y, weights=None):
        found = super().evaluate(x, y, weights)
        share = 1.0 if weights is None else np.mean(weights["output"])
        return found._replace(loss=found.loss / float(share))


class DropsAtInference(Faulty):
    """Dropout goes on while predicting."""

    kind = "dropout"

    def predict(self, x):
        ops = Muddled(False, np.random.default_rng(0))
        ops.kind = self.kind
        return forward(self.model, ops, self.store.views, x)


class BatchStatisticsAtInference(DropsAtInference):
    """Batch normalisation uses the batch while predicting."""

    kind = "batchnorm"


class ForgetsSlots(Faulty):
    """What the optimiser remembers is not saved."""

    def state(self):
        return {n: a * 0 if n.startswith("slots/") else a for n, a in super().state().items()}


class ForgetsSteps(Faulty):
    """A resumed run counts its steps from 0."""

    def load(self, state):
        super().load(state)
        self.steps = 0


class MovesStream(Faulty):
    """Looking at gradients takes numbers from the run's stream."""

    def gradients(self, x, y):
        self.rng.random()
        return super().gradients(x, y)


class DropsPartialBatches(Faulty):
    """Batches smaller than the first are left out."""

    rows = 0

    def step(self, x, y, *, lr, probe=False):
        self.rows = max(self.rows, len(x))
        if len(x) < self.rows:
            return Step(0.0, {})
        return super().step(x, y, lr=lr, probe=probe)


class ProbesMove(Faulty):
    """A probed step is another step."""

    def step(self, x, y, *, lr, probe=False):
        return super().step(x, y, lr=lr * 1.0001 if probe else lr, probe=probe)


class ShowsFirstChange(Faulty):
    """Every probed step shows the change of the first."""

    first = ()

    def step(self, x, y, *, lr, probe=False):
        found = super().step(x, y, lr=lr, probe=probe)
        told = [(s.index, s.layer, s.site, s.param, s.array.copy()) for s in found.seen]
        self.first = self.first or [Seen(*row) for row in told if row[2] == "update"]
        others = [row for row in found.seen if row.site != "update"]
        return found._replace(seen=(*others, *self.first) if probe else ())


class EvaluatesByTraining(Faulty):
    """Evaluating makes a step."""

    def evaluate(self, x, y):
        found = super().evaluate(x, y)
        self.step(x, y, lr=1e-9)
        return found


class BiasedVariance(Faulty):
    """The running variance is that of the sample."""

    def step(self, x, y, *, lr, probe=False):
        old = {n: a.copy() for n, a in self.store.views.items() if n.endswith(".var")}
        found = super().step(x, y, lr=lr, probe=probe)
        for name, before in old.items():
            view = self.store.views[name]
            keep = next(p.layer.momentum for p in self.model.placed() if name.startswith(p.name))
            view[...] = keep * before + (view - keep * before) * (len(x) - 1) / len(x)
        return found


class Broadcasts(Faulty):
    """Whatever can be broadcast is taken for a batch."""

    def step(self, x, y, *, lr, probe=False):
        x = np.broadcast_to(x, (len(x), *self.model.in_shape))
        return super().step(x, y, lr=lr, probe=probe)


class HidesNan(Faulty):
    """A loss that is no number is called 0."""

    def evaluate(self, x, y):
        found = super().evaluate(x, y)
        return found._replace(loss=float(np.nan_to_num(found.loss)))


class LendsArrays(Faulty):
    """Predictions are the engine's own buffers."""

    def predict(self, x):
        program = self._program(len(x), "predict")
        program.feed(x)
        program.run()
        return program.outputs


class Widens(Faulty):
    """Weights come out in double precision."""

    def weights(self):
        return {n: a.astype(float) for n, a in super().weights().items()}


# Each fault and words of the check that must turn red.
FAULTS = (
    (WrongSign, "loss mse: loss and every gradient"),
    (WrongSign, "optimizer sgd"),
    (DividesTwice, "loss mse: loss and every gradient"),
    (StepsTwiceDivided, "optimizer momentum"),
    (NoNumber, "loss mse: loss and every gradient"),
    (NoNumber, "layer LSTM: loss and every gradient"),
    (IgnoresWeights, "each row counts as much"),
    (WeighsTheMean, "each row counts as much"),
    (DropsAtInference, "values Dropout"),
    (DropsAtInference, "evaluating, predicting and gradients change nothing"),
    (BatchStatisticsAtInference, "values BatchNorm"),
    (BatchStatisticsAtInference, "batch normalisation keeps running"),
    (ForgetsSlots, "a state loaded into another network"),
    (ForgetsSteps, "a state loaded into another network"),
    (MovesStream, "dropout takes its draws"),
    (MovesStream, "evaluating, predicting and gradients change nothing"),
    (DropsPartialBatches, "a last batch of another size"),
    (ProbesMove, "a probed step is the same"),
    (ShowsFirstChange, "each probed step shows its own change"),
    (EvaluatesByTraining, "evaluating, predicting and gradients change nothing"),
    (BiasedVariance, "batch normalisation keeps running"),
    (Broadcasts, "a batch of the wrong shape"),
    (HidesNan, "a nan in a batch"),
    (LendsArrays, "predictions, gradients and states are the caller"),
    (Widens, "a float32 run"),
)


class BrokenEngine:
    """Builds the networks of one fault."""

    name = "broken"

    def __init__(self, network):
        self.network = network

    def build(self, model, run, weights, rng):
        return self.network(model, run, weights, rng)
