"""What there is to know of a run before its first step: data, targets, output and first weights."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from neurogebra.losses import LOSSES
from neurogebra.losses.record import SIGNS
from neurogebra.spec import ModelSpec
from neurogebra.training.baseline import baseline
from neurogebra.training.data import Data
from neurogebra.training.session import Session

# Rows that are looked at, spread over all of them: enough for means and ranges.
ROWS = 4096
# Inputs of a unit whose first weights are looked at.
INPUTS = 512
# Distinct targets up to which they may be names of classes.
KINDS = 100
# Layers and those of their parameters that are drawn unit by unit: equal units are a mistake.
KERNELS = {"Dense": ("W",), "Conv1D": ("W",), "Conv2D": ("W",), "SimpleRNN": ("W", "U")}


def facts(session: Session) -> dict[str, Any]:
    """Return what static checks read, as JSON-able values; {} for several heads or no arrays.

    Only rows that teach are described; of those that check, how far they lie from them.
    """
    model, data = session.model, session.data
    if len(model.heads) != 1 or not isinstance(data, Data) or not len(data):
        return {}
    head = model.heads[0]
    step = max(1, len(data) // ROWS)
    x, y = _table(data.x[::step]), _table(data.y[head.name][::step])
    ends = _ends(session)
    found = {**_inputs(x), **_targets(y, ends["takes"]), **ends}
    checks = session.validation
    if isinstance(checks, Data) and len(checks):
        far = max(1, len(checks) // ROWS)
        found["shift"] = _shift(x, _table(checks.x[::far]))
        found["y_shift"] = _shift(y, _table(checks.y[head.name][::far]))
        guess = baseline(model, session.run, checks)
        found |= {"val_trivial": guess["trivial_loss"]} if "trivial_loss" in guess else {}
    if session.progress.step == 0:
        found["kernels"] = list(_kernels(model, session.network.weights()))
    return found


def _table(a: np.ndarray) -> np.ndarray:
    return a.reshape(len(a), -1).astype(np.float64)


def _inputs(x: np.ndarray) -> dict[str, Any]:
    spread = x.std(0)
    size = np.abs(x).max(0)
    constant = spread <= 1e-6 * np.maximum(size, 1e-12)
    alive = spread[~constant]
    return {
        "rows": len(x),
        "columns": x.shape[1],
        "x_size": float(size.max()),
        "x_spread": float(alive.max()) if alive.size else 0.0,
        "x_least": float(alive.min()) if alive.size else 0.0,
        "x_constant": float(constant.mean()),
    }


def _targets(y: np.ndarray, takes: str) -> dict[str, Any]:
    y = (y + 1) / 2 if takes == SIGNS else y
    kinds = np.unique(y)
    one_hot = y.shape[1] > 1 and set(kinds.tolist()) <= {0.0, 1.0} and bool((y.sum(1) == 1).all())
    found: dict[str, Any] = {
        "y_low": float(y.min()),
        "y_high": float(y.max()),
        "y_mean": float(y.mean()),
        "y_spread": float(y.std(0).max()),
        "y_whole": bool((kinds == np.round(kinds)).all()) and len(kinds) <= KINDS,
        "y_kinds": len(kinds),
        "one_hot": one_hot,
    }
    if one_hot or (y.shape[1] == 1 and len(kinds) <= KINDS and found["y_whole"]):
        shares = y.mean(0) if one_hot else np.array([(y == k).mean() for k in kinds])
        present = shares[shares > 0]
        found |= {
            "y_order": _order(y.argmax(1) if one_hot else y[:, 0], shares),
            "classes": len(present),
            "largest": float(present.max()),
            "smallest": float(present.min()),
        }
    return found


def _order(classes: np.ndarray, shares: np.ndarray) -> float:
    """Return how far neighbours are of one class: 0 as any two rows, 1 where rows are in order."""
    chance = float((shares**2).sum())
    if len(classes) < 2 or chance >= 1.0:
        return 0.0
    return (float((classes[1:] == classes[:-1]).mean()) - chance) / (1.0 - chance)


def _ends(session: Session) -> dict[str, Any]:
    """Return what the model begins and ends with, and what its loss takes."""
    model, run = session.model, session.run
    placed = list(model.placed())
    last = placed[-1].layer
    loss = LOSSES[model.heads[0].loss_of(run.loss, run.loss_options)[0]]
    weighted = [p for p in placed if p.layer.shapes(p.in_shape)]
    return {
        "first": type(placed[0].layer).__name__,
        "hidden": len(weighted) - 1,
        "output": getattr(last, "activation", ""),
        "units": int(placed[-1].out_shape[-1]),
        "loss": loss.name,
        "takes": loss.target,
        "logits": loss.logits,
        "drops": any(type(p.layer).__name__.endswith(("Dropout", "Norm")) for p in placed),
        "frozen": sum(not g.trainable for g in run.groups),
    }


def _shift(x: np.ndarray, other: np.ndarray) -> float:
    """Return how far the means lie apart, in spreads and beyond what chance allows."""
    spread = x.std(0)
    moving = spread > 1e-6 * np.maximum(np.abs(x).max(0), 1e-12)
    if not moving.any() or min(len(x), len(other)) < 2:
        return 0.0
    chance = 3 * math.sqrt(1 / len(x) + 1 / len(other))
    apart = np.abs(x.mean(0) - other.mean(0))[moving] / spread[moving]
    return float(max(0.0, np.median(apart) - chance))


def _kernels(model: ModelSpec, weights: Mapping[str, np.ndarray]) -> Iterator[dict[str, Any]]:
    for placed in model.placed():
        for key in KERNELS.get(type(placed.layer).__name__, ()):
            w = weights.get(f"{placed.name}.{key}")
            if w is not None:
                yield _kernel(placed.name, key, w)


def _kernel(layer: str, key: str, w: np.ndarray) -> dict[str, Any]:
    whole = w.reshape(-1, w.shape[-1])
    units = whole[:: max(1, len(whole) // INPUTS)].astype(np.float64)
    return {
        "layer": layer,
        "key": key,
        "units": units.shape[1],
        "gain": float(units.std() * math.sqrt(len(whole))),  # 1 keeps the variance
        "alike": units.shape[1] > 1 and bool((units == units[:, :1]).all()),
        "zero": not bool(units.any()),
    }
