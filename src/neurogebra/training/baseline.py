"""How well one constant answer would do: what a model must beat to have learned anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from neurogebra.engines import book
from neurogebra.losses import LOSSES
from neurogebra.losses.record import BINARY, CLASSES, ROWS, SIGNS, SMOOTHING, Loss
from neurogebra.ops import apply
from neurogebra.spec import ModelSpec, RunSpec
from neurogebra.training.data import Data

Options = Mapping[str, float]
# A constant for each unit from targets and their weights, both (n, units).
Constant = Callable[[np.ndarray, np.ndarray, Options], np.ndarray]
# How near to certain a constant logit may be.
SURE = 1e-12


def baseline(model: ModelSpec, run: RunSpec, data: Data) -> dict[str, float]:
    """Return trivial_loss, in the loss's own units, and for classes the majority's share.

    The loss is that of the best constant, with the run's options and the rows' weights. Only
    losses whose best constant is known in closed form are answered; others give {}.
    """
    if len(model.heads) != 1:
        return {}
    head = model.heads[0]
    name, options = head.loss_of(run.loss, run.loss_options)
    loss = LOSSES[name]
    if loss.name not in _BEST:
        return {}
    y = data.y[head.name].astype(np.float64)
    y = y.reshape(-1, y.shape[-1])
    weights = None if data.weights is None else data.weights.get(head.name)
    w = None if weights is None else weights.astype(np.float64).reshape(*_terms(loss, y))
    found = {"trivial_loss": _constant_loss(loss, options, y, w)}
    if loss.target in (BINARY, CLASSES, SIGNS):
        p = (y > 0 if loss.target == SIGNS else y).mean(0)
        found["majority"] = float(p.max() if loss.target == CLASSES else _sides(p).mean())
    return found


def _terms(loss: Loss, y: np.ndarray) -> tuple[int, ...]:
    return y.shape[:1] if loss.over == ROWS else y.shape


def _constant_loss(
    loss: Loss, options: tuple[tuple[str, float], ...], y: np.ndarray, w: np.ndarray | None
) -> float:
    each = np.ones(_terms(loss, y)) if w is None else w
    full = np.broadcast_to(each.reshape(len(y), -1), y.shape)
    with np.errstate(all="ignore"):
        best = _BEST[loss.name](y, full, {**loss.options, **dict(options)})
        root, _ = book.loss_formula(loss.name, "linear", options, weighted=w is not None)
        values = {"y": y, "y_pred": np.broadcast_to(best, y.shape), "w": w}
        return float(book.evaluate(root, values, lambda op, *a, **k: apply(op, a, k)))


def _sides(p: np.ndarray) -> np.ndarray:
    return np.asarray(np.maximum(p, 1 - p))


def _mean(y: np.ndarray, w: np.ndarray, _: Options) -> np.ndarray:
    return np.asarray((w * y).sum(0) / w.sum(0))


def _quantile(y: np.ndarray, w: np.ndarray, options: Options) -> np.ndarray:
    """Return the lowest value below or at which the share q of the weight lies."""
    order = np.argsort(y, axis=0)
    heavy = np.cumsum(np.take_along_axis(w, order, 0), 0)
    place = (heavy < options.get("q", 0.5) * heavy[-1] * (1 - SURE)).sum(0)
    return np.asarray(np.take_along_axis(y, order, 0)[place, np.arange(y.shape[1])])


def _log_mean(y: np.ndarray, w: np.ndarray, options: Options) -> np.ndarray:
    return np.asarray(np.expm1(_mean(np.log1p(y), w, options)))


def _chance(y: np.ndarray, w: np.ndarray, options: Options) -> np.ndarray:
    """Return the smoothed share of yes."""
    smoothing = options.get(SMOOTHING, 0.0)
    return (1 - smoothing) * _mean(y, w, options) + smoothing / 2


def _share(y: np.ndarray, w: np.ndarray, options: Options) -> np.ndarray:
    """Return the smoothed share of each class."""
    smoothing = options.get(SMOOTHING, options.get("epsilon", 0.0))
    return np.asarray((1 - smoothing) * _mean(y, w, options) + smoothing / y.shape[-1])


def _logit(p: np.ndarray) -> np.ndarray:
    p = np.clip(p, SURE, 1 - SURE)
    return np.asarray(np.log(p / (1 - p)))


def _chance_logit(y: np.ndarray, w: np.ndarray, options: Options) -> np.ndarray:
    return _logit(_chance(y, w, options))


def _weighted_logit(y: np.ndarray, w: np.ndarray, options: Options) -> np.ndarray:
    p = _mean(y, w, options)
    heavy = options["pos_weight"] * p
    return _logit(heavy / (heavy + 1 - p))


def _share_logits(y: np.ndarray, w: np.ndarray, options: Options) -> np.ndarray:
    return np.asarray(np.log(np.maximum(_share(y, w, options), SURE)))


def _yes(y: np.ndarray, w: np.ndarray, options: Options) -> np.ndarray:
    return _mean((y > 0).astype(np.float64), w, options)


def _side(y: np.ndarray, w: np.ndarray, options: Options) -> np.ndarray:
    return np.where(_yes(y, w, options) >= 0.5, 1.0, -1.0)


def _sign_logit(y: np.ndarray, w: np.ndarray, options: Options) -> np.ndarray:
    return _logit(_yes(y, w, options))


def _half_logit(y: np.ndarray, w: np.ndarray, options: Options) -> np.ndarray:
    return _logit(_yes(y, w, options)) / 2


_BEST: dict[str, Constant] = {
    "mse": _mean,
    "mae": _quantile,
    "quantile": _quantile,
    "msle": _log_mean,
    **dict.fromkeys(
        ("poisson_loss", "poisson_deviance_loss", "gamma_deviance_loss", "tweedie_deviance_loss"),
        _mean,
    ),
    "hinge": _side,
    "squared_hinge": _mean,
    "modified_huber_loss": _mean,
    "exponential_loss": _half_logit,
    "logistic_loss": _sign_logit,
    "savage_loss": _half_logit,
    "binary_crossentropy": _chance,
    "binary_crossentropy_logits": _chance_logit,
    "weighted_bce_with_logits": _weighted_logit,
    "categorical_crossentropy": _share,
    "categorical_crossentropy_logits": _share_logits,
    "label_smoothing_crossentropy": _share_logits,
    "squared_emd_loss": _mean,
}
