"""A proposed change made to where a training began: another run, other layers, other rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from neurogebra.layers import Layer
from neurogebra.layers.initializers import INITIALIZERS
from neurogebra.losses import LOSSES
from neurogebra.losses.table import SIGNS, VALUES
from neurogebra.observatory.remedy import Change
from neurogebra.optim import OPTIMIZERS
from neurogebra.spec import ModelSpec, RunSpec
from neurogebra.training.data import Data

BOUNDED = ("tanh", "sigmoid", "hard_tanh", "hard_sigmoid", "softsign", "softmax")
# Layers whose activation and first weights may be exchanged; gates of recurrent ones may not.
PLAIN = ("Dense", "Conv1D", "Conv2D")
# Layers that read indices or scale their inputs themselves.
OWN_SCALE = ("Embedding", "BatchNorm", "LayerNorm", "RMSNorm", "GroupNorm")


@dataclass(frozen=True, eq=False)
class Beginning:
    """Where a training began: model, run, prepared rows, and its weights.

    checks: rows that only check, None for none; weights: None for the first ones of run.seed.
    """

    model: ModelSpec
    run: RunSpec
    data: Data
    checks: Data | None = None
    weights: Mapping[str, np.ndarray] | None = None

    @property
    def updates(self) -> int:
        """The updates of the whole run."""
        return self.run.epochs * self.data.batches(self.run.batch_size)


Made = tuple[Beginning, str] | None
"""What a change comes to, and what it is here in words; None where nothing would change."""


def altered(begun: Beginning, change: Change) -> Made:
    """Return a training's beginning with one change made.

    Raises BadValue or DataError where the changed run cannot be.
    """
    return _MAKERS[change.field](begun, change)


def _run(begun: Beginning, made: str, **fields: Any) -> Made:
    run = replace(begun.run, **fields)
    return None if run == begun.run else (replace(begun, run=run), made)


def _model(begun: Beginning, layers: list[Layer], made: str, *, drawn: bool = False) -> Made:
    """drawn: whether the weights are drawn anew."""
    model = replace(begun.model, layers=tuple(layers))
    if model == begun.model and not (drawn and begun.weights is not None):
        return None
    return replace(begun, model=model, weights=None if drawn else begun.weights), made


def _rate(begun: Beginning, change: Change) -> Made:
    rate = begun.run.rate
    own = OPTIMIZERS[begun.run.optimizer].learning_rate
    new = own if change.factor is None else rate * change.factor
    new = min(new, rate) if change.value == "at most own" else new
    if not (math.isfinite(new) and new > 0):
        return None
    return _run(begun, f"learning rate {rate:.4g} → {new:.4g}", learning_rate=new)


def _decay(begun: Beginning, change: Change) -> Made:
    new = begun.run.decay * (change.factor or 0.0)
    made = f"weight decay {begun.run.decay:.4g} → {new:.4g}"
    return _run(begun, made, weight_decay=new)


def _clip(begun: Beginning, change: Change) -> Made:
    limit, run = float(change.value or 0.0), begun.run
    if not limit:
        return _run(begun, "no limit on the gradient", clip_norm=0.0, clip_value=0.0)
    if 0 < run.clip_norm <= limit:
        return None
    return _run(begun, f"clip_norm {run.clip_norm:g} → {limit:g}", clip_norm=limit)


def _shuffle(begun: Beginning, change: Change) -> Made:
    return _run(begun, "shuffle off → on", shuffle=bool(change.value))


def _rows(begun: Beginning, change: Change) -> Made:
    size = min(int(change.value or 0), len(begun.data))
    return _run(begun, f"batch_size {begun.run.batch_size} → {size}", batch_size=size)


def _schedule(begun: Beginning, change: Change) -> Made:
    run = begun.run
    if not run.schedule:
        return None
    if change.value == "by epoch":
        return _run(begun, f"{run.schedule}: by epoch", schedule_per="epoch")
    return _run(begun, f"no {run.schedule}", schedule="", schedule_options=())


def _groups(begun: Beginning, _: Change) -> Made:
    free = tuple(replace(g, trainable=True) for g in begun.run.groups)
    return _run(begun, "frozen parameters are trained", groups=free)


def _inputs(begun: Beginning, _: Change) -> Made:
    first = type(begun.model.layers[0]).__name__
    if first in OWN_SCALE:
        return None
    mean, spread = _moments(begun.data.x)
    if _is_scaled(mean, spread):
        return None
    new = _on_both(begun, lambda rows: replace(rows, x=_scaled(rows.x, mean, spread)))
    return new, "inputs standardised by the training rows"


def _on_both(begun: Beginning, change: Callable[[Data], Data]) -> Beginning:
    """Change the rows that teach and those that check in the same way."""
    checks = None if begun.checks is None else change(begun.checks)
    return replace(begun, data=change(begun.data), checks=checks)


def _moments(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and deviation of each column, of images and sequences those of each channel."""
    axes = tuple(range(max(1, a.ndim - 1)))
    mean, spread = a.mean(axes, np.float64), a.std(axes, dtype=np.float64)
    still = spread <= 1e-6 * np.maximum(np.abs(mean), 1e-12)
    return mean, np.where(still, 1.0, spread)


def _is_scaled(mean: np.ndarray, spread: np.ndarray) -> bool:
    """Say whether columns are about standardised as they are."""
    return bool((np.abs(mean) < 2.0).all() and ((spread > 0.1) & (spread < 3.0)).all())


def _scaled(a: np.ndarray, mean: np.ndarray, spread: np.ndarray) -> np.ndarray:
    return np.asarray((a - mean) / spread, a.dtype)


def _targets(begun: Beginning, _: Change) -> Made:
    model = begun.model
    if len(model.heads) != 1 or model.end(model.heads[0]) not in ("linear", ""):
        return None
    head = model.heads[0]
    mean, spread = _moments(begun.data.y[head.name])
    if not _takes(begun, VALUES) or _is_scaled(mean, spread):
        return None
    new = _on_both(
        begun, lambda rows: replace(rows, y={head.name: _scaled(rows.y[head.name], mean, spread)})
    )
    return new, "targets standardised by the training rows"


def _takes(begun: Beginning, target: str) -> bool:
    run = begun.run
    return LOSSES[begun.model.heads[0].loss_of(run.loss, run.loss_options)[0]].target == target


def _output(begun: Beginning, _: Change) -> Made:
    """Let the last layer and the loss be those that fit the targets."""
    model, last = begun.model, begun.model.layers[-1]
    head = model.heads[0]
    if len(model.heads) != 1 or head.layers or head.loss or not hasattr(last, "activation"):
        return None
    signed = _takes(begun, SIGNS)
    y = begun.data.y[head.name]
    activation, loss = _fitting((y + 1) / 2 if signed else y, begun.run.loss)
    if (activation, loss) == (last.activation, begun.run.loss):
        return None
    layers = (*model.layers[:-1], _with(last, activation=activation))
    if signed:
        begun = _on_both(
            begun, lambda rows: replace(rows, y={head.name: (rows.y[head.name] + 1) / 2})
        )
    run = replace(begun.run, loss=loss, loss_options=(), metrics=())
    named = (("last activation", last.activation, activation), ("loss", begun.run.loss, loss))
    made = ", ".join(f"{what} {old} → {new}" for what, old, new in named if old != new)
    return replace(begun, model=replace(model, layers=layers), run=run), made


def _fitting(y: np.ndarray, loss: str) -> tuple[str, str]:
    """Return the activation and the loss for such targets; `loss` where it is one of numbers."""
    if is_one_hot(y):
        return "softmax", "categorical_crossentropy"
    if is_yes_or_no(y):
        return "sigmoid", "binary_crossentropy"
    return "linear", loss if LOSSES[loss].target == VALUES else "mse"


def is_one_hot(y: np.ndarray) -> bool:
    """Say whether each row names one of several classes."""
    return y.shape[-1] > 1 and is_yes_or_no(y) and bool((y.sum(-1) == 1).all())


def is_yes_or_no(y: np.ndarray) -> bool:
    """Say whether every target is 0 or 1."""
    return bool(((y == 0) | (y == 1)).all())


def _initializer(begun: Beginning, _: Change) -> Made:
    layers = [
        _with(layer, initializer=_first(_of(layer, "activation")))
        if type(layer).__name__ in PLAIN and not _is_sound(layer)
        else layer
        for layer in begun.model.layers
    ]
    names = {getattr(new, "initializer", "") for new in layers} - {""}
    return _model(begun, layers, f"first weights {' and '.join(sorted(names))}", drawn=True)


def _is_sound(layer: Any) -> bool:
    """Say whether the variance of a layer's first weights follows from its size."""
    return INITIALIZERS[layer.initializer].name not in ("normal", "zeros", "ones")


def _of(layer: Any, name: str) -> Any:
    return getattr(layer, name)


def _with(layer: Any, **fields: Any) -> Layer:
    """Return a layer's record with other fields; the protocol does not say that it is one."""
    changed: Layer = replace(layer, **fields)
    return changed


def _first(activation: str) -> str:
    return "glorot_normal" if activation in (*BOUNDED, "linear") else "he_normal"


def _activation(begun: Beginning, change: Change) -> Made:
    """Exchange hidden activations: for relu the bounded ones, for leaky_relu the relus."""
    old = ("relu", "relu6") if change.value == "leaky_relu" else BOUNDED
    layers = [
        _with(layer, activation=change.value)
        if type(layer).__name__ in (*PLAIN, "Activation") and _of(layer, "activation") in old
        else layer
        for layer in begun.model.layers[:-1]
    ]
    layers.append(begun.model.layers[-1])
    return _model(begun, layers, f"hidden activations → {change.value}")


def _units(begun: Beginning, change: Change) -> Made:
    hidden = begun.model.layers[:-1]
    layers = [
        _with(layer, units=int(_of(layer, "units") * (change.factor or 1)))
        if type(layer).__name__ == "Dense"
        else layer
        for layer in hidden
    ]
    made = f"{change.factor:g} times the units in hidden layers"
    return _model(begun, [*layers, begun.model.layers[-1]], made, drawn=True)


_MAKERS: Mapping[str, Callable[[Beginning, Change], Made]] = {
    "learning_rate": _rate,
    "weight_decay": _decay,
    "clip_norm": _clip,
    "batch_size": _rows,
    "shuffle": _shuffle,
    "schedule": _schedule,
    "groups": _groups,
    "inputs": _inputs,
    "targets": _targets,
    "output": _output,
    "initializer": _initializer,
    "activation": _activation,
    "units": _units,
}
