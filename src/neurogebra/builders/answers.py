"""What a model answers: outputs, probabilities, scores."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurogebra.builders.numbers import Numbers
from neurogebra.builders.parts import as_rows
from neurogebra.errors import BadValue, DataError
from neurogebra.losses import LOSSES
from neurogebra.losses.table import BINARY, CLASSES, SIGNS
from neurogebra.spec import Head, ModelSpec, RunSpec
from neurogebra.training.data import prepare_inputs
from neurogebra.training.sources import is_mapped, open_rows

# Rows of a mapped file that are read at once.
READ_ROWS = 4096


class Answering:
    """A model's answers, all in inference mode; none of them changes it."""

    name: str
    _numbers: Numbers
    _spec: ModelSpec | None
    _run: RunSpec | None

    def predict(self, X: Any) -> Any:
        """Return the outputs for X: (rows, …) → (rows, units); of several heads, by name.

        An untrained model answers with its first weights, those of seed 0 if it has no seed.
        """
        found = self._outputs(X)
        return found if len(found) > 1 else next(iter(found.values()))

    @property
    def is_probable(self) -> bool:
        """Whether the outputs of a model of classes are probabilities, and not scores."""
        run = self._compiled("is_probable")
        return not any(LOSSES[h.loss or run.loss].logits for h in self._the_spec.heads)

    def predict_proba(self, X: Any) -> Any:
        """Return the probabilities of the classes, (rows, classes); of several heads, by name.

        One sigmoid unit gives two columns, of 0 and of 1. Outputs of a loss that takes scores
        go through its sigmoid or softmax. Raises BadValue for a model of numbers or margins.
        """
        outputs = self._outputs(X)
        found = {
            h.name: probabilities(self._the_spec, h, self._run, outputs[h.name])
            for h in self._the_spec.heads
        }
        return found if len(found) > 1 else next(iter(found.values()))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy of classes, or R² of numbers (the mean over outputs).

        y: as `fit` takes it; sample_weight: (rows,). Raises NotReady before `compile`,
        BadValue for several heads, DataError for targets that are all the same, where R² is
        no number.
        """
        run, rows = self._compiled("score"), as_rows(X)
        if self._spec is not None and len(self._spec.heads) > 1:
            raise BadValue("score", "a model with one head", len(self._spec.heads), "use evaluate")
        outputs = next(iter(self._outputs(rows).values()))
        head = self._the_spec.heads[0]
        data = open_rows(self._the_spec, run, rows, y)
        truth = np.concatenate([b.y[head.name] for b in data.in_order(READ_ROWS)])
        w = None if sample_weight is None else np.asarray(sample_weight, np.float64)
        loss = LOSSES[head.loss or run.loss]
        if loss.target not in (BINARY, CLASSES, SIGNS):
            return r2(truth, outputs, w)
        if outputs.shape[-1] > 1 and loss.target == CLASSES:
            hits = outputs.argmax(-1) == truth.argmax(-1)
        else:
            low = 0.0 if loss.target == SIGNS else 0.5
            border = 0.0 if loss.logits or loss.target == SIGNS else 0.5
            hits = (outputs > border) == (truth > low)
            hits = hits.all(-1)
        hits = hits.reshape(len(hits), -1).mean(1)
        return float(np.average(hits, weights=w))

    def evaluate(self, X: Any, y: Any = None, sample_weight: Any = None) -> dict[str, float]:
        """Return the loss and the metrics over all rows, in inference mode."""
        run, rows = self._compiled("evaluate"), as_rows(X)
        spec = self._spec or self._of_shape(rows.shape[1:])
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        found = self._numbers.evaluate(spec, run, open_rows(spec, run, rows, y, **weights))
        self._spec = spec
        return found

    def _outputs(self, X: Any) -> dict[str, np.ndarray]:
        run, rows = self._run or RunSpec(), as_rows(X)
        spec = self._spec or self._of_shape(rows.shape[1:])
        step = READ_ROWS if is_mapped(rows) else max(1, len(rows))
        network = self._numbers.network(spec, run)
        parts = [
            network.predict(prepare_inputs(spec, run, rows[start : start + step]))
            for start in range(0, max(1, len(rows)), step)
        ]
        self._spec = spec
        return {h.name: np.concatenate([p[h.name] for p in parts]) for h in spec.heads}

    @property
    def _the_spec(self) -> ModelSpec:
        assert self._spec is not None, "settled by the first rows"  # noqa: S101
        return self._spec

    def _compiled(self, verb: str) -> RunSpec:
        raise NotImplementedError

    def _of_shape(self, shape: tuple[int, ...]) -> ModelSpec:
        raise NotImplementedError


def probabilities(
    model: ModelSpec, head: Head, run: RunSpec | None, outputs: np.ndarray
) -> np.ndarray:
    """Return the probabilities that a head's outputs are, or stand for: (rows, …, classes).

    run: None for a model that is not compiled, whose last activation decides. Raises BadValue.
    """
    last = (model.branches[head.name] or model.trunk)[-1].layer
    activation = getattr(last, "activation", "linear")
    name = head.loss or (run.loss if run else "")
    if name:
        loss = LOSSES[name]
        if loss.target not in (BINARY, CLASSES):
            raise BadValue("predict_proba", "a model of classes", f"one trained with {name}")
        activation = loss.logits or activation
        outputs = _squash(loss.logits, outputs)
    if activation not in ("sigmoid", "softmax"):
        raise BadValue(
            "predict_proba",
            "an output that ends in sigmoid or softmax, or a loss that takes logits",
            activation,
        )
    if outputs.shape[-1] == 1 and activation == "sigmoid":
        return np.concatenate([1 - outputs, outputs], axis=-1)
    return outputs


def _squash(name: str, z: np.ndarray) -> np.ndarray:
    if name == "sigmoid":
        small = np.exp(-np.abs(z))
        return np.asarray(np.where(z >= 0, 1, small) / (1 + small), z.dtype)
    if name == "softmax":
        e = np.exp(z - z.max(-1, keepdims=True))
        return np.asarray(e / e.sum(-1, keepdims=True))
    return z


def r2(y: np.ndarray, y_pred: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Return 1 − Σ(y − y_pred)² / Σ(y − mean)², the mean over outputs; rows first.

    Raises DataError where the targets of an output are all the same.
    """
    truth, found = (np.asarray(a, np.float64).reshape(len(y), -1) for a in (y, y_pred))
    w = np.ones(len(truth)) if weights is None else weights
    mean = np.average(truth, axis=0, weights=w)
    spread = w @ np.square(truth - mean)
    if not (spread > 0).all():
        raise DataError("y: the targets are all the same, so there is no R²; see evaluate")
    return float(np.mean(1 - (w @ np.square(truth - found)) / spread))
