"""Metrics of classes: from hits, from one count of confusions, from ranked scores.

Equal to scikit-learn's. What has no value is NaN where scikit-learn has none (an AUC without
both classes) and 0 where it says 0 (a precision without a yes).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from neurogebra.losses.answers import MANY, Answers, chances, labels, reading, scores
from neurogebra.losses.metric import CHANCES, LABELS, MANY_CLASSES, ONE, TWO, Metric, mean
from neurogebra.losses.tally import Tally


def _hits(a: Answers) -> np.ndarray:
    """Return [hits, labels]; yes and no count one by one."""
    true, found = labels(a)
    return np.array((np.count_nonzero(true == found), true.size), np.float64)


def _all_right(a: Answers) -> np.ndarray:
    """Return [rows without a wrong label, rows]."""
    true, found = labels(a)
    right = true == found if true.ndim == 1 else (true == found).all(-1)
    return np.array((np.count_nonzero(right), len(right)), np.float64)


def _confusions(a: Answers) -> np.ndarray:
    """Return counts by (true, answered): (k, k) of classes, (units, 2, 2) of yes and no."""
    true, found = labels(a)
    if reading(a.loss, a.y.shape[-1]) == MANY:
        k = a.y.shape[-1]
        return np.bincount(true * k + found, minlength=k * k).reshape(k, k).astype(np.float64)
    units = true.shape[-1]
    cells = 4 * np.arange(units) + 2 * true + found
    return np.bincount(cells.ravel(), minlength=4 * units).reshape(units, 2, 2).astype(np.float64)


def _top(k: int, a: Answers) -> np.ndarray:
    """Return [rows whose class is among the k highest, rows]; of equal scores the last wins."""
    true = a.y.argmax(-1)[:, None]
    own = np.take_along_axis(a.outputs, true, -1)
    later = (a.outputs == own) & (np.arange(a.y.shape[-1]) > true)
    before = (a.outputs > own).sum(-1) + later.sum(-1)
    return np.array((np.count_nonzero(before < k), len(true)), np.float64)


def _log_loss(a: Answers) -> np.ndarray:
    """Return [−Σ log of the chance of the truth, rows], chances held off 0 and 1 by an eps."""
    eps = np.finfo(a.outputs.dtype).eps
    p, y = np.clip(chances(a).astype(np.float64), eps, 1 - eps), a.y.astype(np.float64)
    if reading(a.loss, y.shape[-1]) == MANY:
        return np.array((-(y * np.log(p)).sum(), len(y)))
    return np.array((-np.log(np.where(y > 0.5, p, 1 - p)).sum(), y.size))


def _brier(a: Answers) -> np.ndarray:
    """Return [Σ squared errors of the chances, rows]; two classes count once."""
    p, y = chances(a).astype(np.float64), (a.y > 0.5).astype(np.float64)
    if reading(a.loss, y.shape[-1]) == MANY:
        half = 2.0 if y.shape[-1] == 2 else 1.0
        return np.array((np.square(p - y).sum() / half, len(y)))
    return np.array((np.square(p - y).sum(), y.size))


HITS = Tally("hits", _hits, light=True, calm=True, exact=True)
ALL_RIGHT = Tally("all_right", _all_right, light=True, exact=True)
CONFUSIONS = Tally("confusions", _confusions, exact=True)
LOG_LOSS = Tally("log_loss", _log_loss, light=True)
BRIER = Tally("brier", _brier, light=True)
SCORES = Tally("scores", lambda a: np.stack(scores(a), -1), keeps=True)


def _matrix(state: np.ndarray) -> np.ndarray:
    """Return the counts of one yes or no as those of two classes."""
    return state[0] if state.ndim == 3 and len(state) == 1 else state


Rates = tuple[np.ndarray, np.ndarray, np.ndarray]


def _rates(state: np.ndarray) -> Rates:
    """Return true positives, false positives, false negatives: of each class or each unit."""
    counts = _matrix(state)
    if counts.ndim == 3:
        return counts[:, 1, 1], counts[:, 0, 1], counts[:, 1, 0]
    hits = counts.diagonal()
    return hits, counts.sum(0) - hits, counts.sum(1) - hits


def _precision(tp: np.ndarray, fp: np.ndarray, fn: np.ndarray) -> np.ndarray:
    return _share(tp, tp + fp)


def _recall(tp: np.ndarray, fp: np.ndarray, fn: np.ndarray) -> np.ndarray:
    return _share(tp, tp + fn)


def _f1(tp: np.ndarray, fp: np.ndarray, fn: np.ndarray) -> np.ndarray:
    return _share(2 * tp, 2 * tp + fp + fn)


def _jaccard(tp: np.ndarray, fp: np.ndarray, fn: np.ndarray) -> np.ndarray:
    return _share(tp, tp + fp + fn)


def _share(part: np.ndarray, of: np.ndarray) -> np.ndarray:
    """Divide; nothing of nothing is 0."""
    return np.asarray(part / np.where(of > 0, of, 1.0))


Rate = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def _yes(rate: Rate, state: np.ndarray) -> float:
    """Return the rate of the class 1 of two."""
    return float(rate(*_rates(state))[-1])


def _macro(rate: Rate, state: np.ndarray) -> float:
    """Return the mean over classes that occur or are answered, or over all units."""
    tp, fp, fn = _rates(state)
    there = tp + fp + fn > 0 if _matrix(state).ndim == 2 else np.ones_like(tp, bool)
    return float(rate(tp, fp, fn)[there].mean())


def _micro(rate: Rate, state: np.ndarray) -> float:
    """Return the rate of all classes' counts together."""
    return float(rate(*(np.asarray(part.sum()) for part in _rates(state))))


def _weighted(rate: Rate, state: np.ndarray) -> float:
    """Return the mean over classes, each as often as it occurs."""
    tp, fp, fn = _rates(state)
    support = tp + fn
    return float(_share((rate(tp, fp, fn) * support).sum(), support.sum()))


def _specificity(state: np.ndarray) -> float:
    (tn, fp), _ = _matrix(state)
    return float(_share(tn, tn + fp))


def _balanced(state: np.ndarray) -> float:
    """Return the mean recall of the classes that occur."""
    tp, _, fn = _rates(state)
    there = tp + fn > 0
    return float((tp[there] / (tp + fn)[there]).mean())


def _kappa(state: np.ndarray) -> float:
    counts = _matrix(state)
    n = counts.sum()
    chance = float(counts.sum(0) @ counts.sum(1)) / n**2
    seen = float(counts.trace()) / n
    return (seen - chance) / (1 - chance) if chance < 1 else np.nan


def _mcc(state: np.ndarray) -> float:
    counts = _matrix(state)
    n, true, found = counts.sum(), counts.sum(1), counts.sum(0)
    spread = np.sqrt(n**2 - true @ true) * np.sqrt(n**2 - found @ found)
    return float((counts.trace() * n - true @ found) / spread) if spread > 0 else 0.0


def _per_column(rank: Callable[[np.ndarray, np.ndarray], float], state: np.ndarray) -> float:
    """Return the mean over columns; state: (n, columns, [truth, score])."""
    columns = range(state.shape[1])
    return float(np.mean([rank(state[:, c, 0] > 0.5, state[:, c, 1]) for c in columns]))


def _auc(true: np.ndarray, score: np.ndarray) -> float:
    """Return the share of pairs (a yes, a no) that are ranked right; ties count half."""
    yes, n = int(true.sum()), len(true)
    if yes in (0, n) or np.isnan(score).any():
        return np.nan
    _, place, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2  # the mean rank of equal scores
    return float((ranks[place][true].sum() - yes * (yes + 1) / 2) / (yes * (n - yes)))


def _average_precision(true: np.ndarray, score: np.ndarray) -> float:
    """Return Σ precision · gain of recall over the distinct scores, the highest first."""
    yes = int(true.sum())
    if not yes or np.isnan(score).any():
        return np.nan
    order = np.argsort(-score, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
    hits = np.cumsum(true[order])[ends]
    return float((np.diff(hits, prepend=0) / yes * hits / (ends + 1)).sum())


def _averaged(name: str, rate: Rate, aliases: tuple[str, ...] = ()) -> tuple[Metric, ...]:
    """Return a rate of two classes and its means over many."""
    means = (("macro", _macro), ("micro", _micro), ("weighted", _weighted))
    return (
        Metric(name, CONFUSIONS, partial(_yes, rate), needs=TWO, aliases=aliases),
        *(Metric(f"{name}_{w}", CONFUSIONS, partial(f, rate), needs=LABELS) for w, f in means),
    )


def _top_of(k: int) -> Metric:
    names = (f"top_{k}_accuracy", *(("top_k_categorical_accuracy",) if k == 5 else ()))
    tally = Tally(f"top_{k}", partial(_top, k), light=True)
    return Metric(f"top_{k}", tally, mean, needs=MANY_CLASSES, least=k + 1, aliases=names)


ACCURACIES = ("acc", "binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy")
CLASS_METRICS = (
    Metric("accuracy", HITS, mean, needs=LABELS, aliases=(*ACCURACIES, "accuracy_score")),
    Metric("subset_accuracy", ALL_RIGHT, mean, needs=LABELS, aliases=("exact_match",)),
    *map(_top_of, (2, 3, 5, 10)),
    Metric(
        "balanced_accuracy", CONFUSIONS, _balanced, needs=ONE, aliases=("balanced_accuracy_score",)
    ),
    *_averaged("precision", _precision, ("precision_score",)),
    *_averaged("recall", _recall, ("recall_score", "sensitivity")),
    *_averaged("f1", _f1, ("f1_score",)),
    *_averaged("jaccard", _jaccard, ("jaccard_score", "iou")),
    Metric("specificity", CONFUSIONS, _specificity, needs=TWO),
    Metric(
        "mcc", CONFUSIONS, _mcc, needs=ONE,
        aliases=("matthews", "matthews_corrcoef", "matthews_correlation"),
    ),
    Metric("cohen_kappa", CONFUSIONS, _kappa, needs=ONE, aliases=("kappa", "cohen_kappa_score")),
    Metric(
        "roc_auc", SCORES, partial(_per_column, _auc), needs=LABELS,
        aliases=("auc", "roc_auc_score", "roc_auc_ovr"),
    ),
    Metric(
        "average_precision", SCORES, partial(_per_column, _average_precision), needs=LABELS,
        aliases=("pr_auc", "average_precision_score"),
    ),
    Metric("log_loss", LOG_LOSS, mean, "lower", CHANCES),
    Metric("brier", BRIER, mean, "lower", CHANCES, aliases=("brier_score", "brier_score_loss")),
)  # fmt: skip
