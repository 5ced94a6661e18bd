"""How well one constant answer would do: what a model must beat to have learned anything."""

from __future__ import annotations

import numpy as np

from neurogebra.spec import ModelSpec, RunSpec
from neurogebra.training.data import Data


def baseline(model: ModelSpec, run: RunSpec, data: Data) -> dict[str, float]:
    """Return trivial_loss, in the loss's own units, and for classes the majority's share.

    Only losses whose best constant is known in closed form are answered; others give {}.
    """
    if len(model.heads) != 1:
        return {}
    head = model.heads[0]
    y = data.y[head.name].astype(np.float64)
    rule = _RULES.get(head.loss or run.loss)
    return rule(y.reshape(len(y), -1)) if rule else {}


def _binary(y: np.ndarray) -> dict[str, float]:
    p = y.mean(0)
    hits = np.maximum(p, 1 - p)
    return {"trivial_loss": float(_entropy(p, 1 - p).mean()), "majority": float(hits.mean())}


def _classes(y: np.ndarray) -> dict[str, float]:
    p = y.mean(0)
    return {"trivial_loss": float(_entropy(*p)), "majority": float(p.max())}


def _mean(y: np.ndarray) -> dict[str, float]:
    return {"trivial_loss": float(y.var(0).mean())}


def _median(y: np.ndarray) -> dict[str, float]:
    return {"trivial_loss": float(np.abs(y - np.median(y, axis=0)).mean())}


def _entropy(*shares: np.ndarray) -> np.ndarray:
    p = np.stack([np.asarray(s) for s in shares])
    return np.asarray(-(p * np.log(np.where(p > 0, p, 1.0))).sum(0))


_RULES = {
    "binary_crossentropy": _binary,
    "categorical_crossentropy": _classes,
    "mse": _mean,
    "mae": _median,
}
