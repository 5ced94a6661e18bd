"""Second derivations of the metrics: rows rebuilt from counts, libraries, loops over pairs."""

import math
from fractions import Fraction

import numpy as np
from scipy import special, stats
from sklearn import metrics


def _cross(y, p):
    """Return -y ln p as entropy plus divergence."""
    return special.entr(y) + special.rel_entr(y, p)


def _counts(one):
    """Return a function of arrays of counts from one of exact fractions."""

    def rows(v):
        exactly = [[Fraction(int(x)) for x in row] for row in zip(*v.values(), strict=True)]
        return np.array([float(one(**dict(zip(v, row, strict=True)))) for row in exactly])

    return rows


def _root(fraction):
    return math.sqrt(fraction)


def _labelled(score):
    """Return a score of rows of labels whose confusion matrix is the (rounded up) table."""

    def value(v):
        n = v["N"]
        truth, said = np.indices(n.shape)
        return score(truth.ravel(), said.ravel(), sample_weight=n.ravel())

    return value


def _share(a, b):
    return a / (a + b)


def _gcv(ss_res, n_obs, df):
    return ss_res / n_obs / (1 - df / n_obs) ** 2


def _ap(rel):
    precisions = [np.mean(rel[: i + 1]) for i in range(len(rel))]
    return np.average(precisions, weights=rel)


def _willmott(y, p):
    centre = sum(y) / len(y)
    worst = sum((abs(b - centre) + abs(a - centre)) ** 2 for a, b in zip(y, p, strict=True))
    return 1 - np.linalg.norm(y - p) ** 2 / worst


def _kge(y, p):
    parts = [np.corrcoef(y, p)[0, 1], np.std(p, ddof=1) / np.std(y, ddof=1), sum(p) / sum(y)]
    return 1 - math.dist(parts, (1, 1, 1))


def _ccc(y, p):
    gap = np.subtract(y, p)
    apart = np.mean(gap**2)
    independent = np.mean(np.subtract.outer(y, p) ** 2)
    return 1 - apart / independent


def _y(function):
    return lambda v: function(v["y"], v["y_pred"])


DERIVATIONS = {
    "accuracy_formula": _counts(lambda tp, tn, fp, fn: 1 - (fp + fn) / (tp + tn + fp + fn)),
    "precision_formula": _counts(lambda tp, fp: 1 - fp / (tp + fp) if tp + fp else tp),
    "recall_formula": _counts(lambda tp, fn: 1 - fn / (tp + fn) if tp + fn else tp),
    "specificity_formula": _counts(lambda tn, fp: 1 - fp / (tn + fp) if tn + fp else tn),
    "f1_score_formula": lambda v: stats.hmean([v["prec"], v["rec"]], axis=0),
    "balanced_accuracy": lambda v: np.mean([v["sensitivity"], v["specificity"]], axis=0),
    "r_squared": lambda v: (v["ss_tot"] - v["ss_res"]) / v["ss_tot"],
    "adjusted_r_squared": lambda v: (
        1 - (1 - v["r2"]) / (v["n_samples"] - v["n_features"] - 1) * (v["n_samples"] - 1)
    ),
    "aic": lambda v: 2 * (v["k"] - v["log_likelihood"]),
    "bic": lambda v: v["k"] * np.log2(v["n_obs"]) * np.log(2) - 2 * v["log_likelihood"],
    "fbeta_score_formula": lambda v: stats.hmean([v["prec"], v["rec"]], axis=0),
    "log_loss_elem": lambda v: _cross(v["y"], v["p"]) + _cross(1 - v["y"], 1 - v["p"]),
    "brier_score_elem": lambda v: v["p"] ** 2 - v["y"] * (2 * v["p"] - v["y"]),
    "smape_elem": lambda v: (
        np.abs(v["y"] - v["y_pred"]) / np.mean([np.abs(v["y"]), np.abs(v["y_pred"])], axis=0)
    ),
    "mape_elem": lambda v: np.abs(v["y_pred"] / v["y"] - 1),
    "dice_coefficient": _counts(
        lambda n_intersect, size_a, size_b: (
            1 / ((size_a / 2 + size_b / 2) / n_intersect) if n_intersect else Fraction(0)
        )
    ),
    "cosine_distance_metric": lambda v: 1 - v["dot_ab"] / v["norm_a"] / v["norm_b"],
    "dcg_elem": lambda v: (np.exp2(v["rel"]) - 1) / np.log2(1 + v["pos"]),
    "false_positive_rate": _counts(lambda fp, tn: 1 - tn / (tn + fp)),
    "false_negative_rate": _counts(lambda fn, tp: 1 - tp / (tp + fn)),
    "negative_predictive_value": _counts(lambda tn, fn: 1 / (1 + fn / tn) if tn else Fraction(0)),
    "false_discovery_rate": _counts(lambda fp, tp: 1 - tp / (tp + fp)),
    "false_omission_rate": _counts(lambda fn, tn: 1 - tn / (tn + fn)),
    "informedness": _counts(lambda tp, tn, fp, fn: _share(tp, fn) - _share(fp, tn)),
    "markedness": _counts(lambda tp, tn, fp, fn: _share(tp, fp) - _share(fn, tn)),
    "threat_score": _counts(lambda tp, fp, fn: 1 - (fp + fn) / (tp + fn + fp)),
    "f1_from_counts": _counts(lambda tp, fp, fn: 2 / (1 / _share(tp, fp) + 1 / _share(tp, fn))),
    "g_mean": _counts(lambda tp, tn, fp, fn: _root(_share(tp, fn) * _share(tn, fp))),
    "fowlkes_mallows": _counts(lambda tp, fp, fn: _root(_share(tp, fp) * _share(tp, fn))),
    "positive_likelihood_ratio": _counts(lambda tp, tn, fp, fn: _share(tp, fn) / _share(fp, tn)),
    "cohen_kappa_binary": _counts(
        lambda tp, tn, fp, fn: (
            1 - (fp + fn) * (tp + tn + fp + fn) / ((tp + fp) * (tn + fp) + (tn + fn) * (tp + fn))
        )
    ),
    "lift": _counts(lambda tp, tn, fp, fn: _share(tp, fp) * (1 + (tn + fp) / (tp + fn))),
    "prevalence_ppv": lambda v: (
        1 / (1 + (1 - v["specificity"]) / v["sensitivity"] * (1 / v["prevalence"] - 1))
    ),
    "confusion_accuracy": _labelled(metrics.accuracy_score),
    "macro_recall": _labelled(metrics.balanced_accuracy_score),
    "macro_precision": _labelled(
        lambda y, p, sample_weight: metrics.precision_score(
            y, p, average="macro", sample_weight=sample_weight
        )
    ),
    "macro_f1": _labelled(
        lambda y, p, sample_weight: metrics.f1_score(
            y, p, average="macro", sample_weight=sample_weight
        )
    ),
    "weighted_f1": _labelled(
        lambda y, p, sample_weight: metrics.f1_score(
            y, p, average="weighted", sample_weight=sample_weight
        )
    ),
    "cohen_kappa": _labelled(metrics.cohen_kappa_score),
    "hamming_loss": _y(metrics.hamming_loss),
    "brier_multiclass": lambda v: np.linalg.norm(v["y"] - v["y_pred"]) ** 2 / len(v["y"]),
    "brier_skill_score": lambda v: (v["brier_reference"] - v["brier"]) / v["brier_reference"],
    "roc_auc": lambda v: metrics.roc_auc_score(
        [1] * len(v["scores_yes"]) + [0] * len(v["scores_no"]),
        np.concatenate([v["scores_yes"], v["scores_no"]]),
    ),
    "gini_from_auc": lambda v: v["auc"] - (1 - v["auc"]),
    "expected_calibration_error": lambda v: np.average(
        np.hypot(v["acc"] - v["conf"], 0), weights=v["n"]
    ),
    "maximum_calibration_error": lambda v: np.linalg.norm(v["acc"] - v["conf"], np.inf),
    "mean_bias_error": _y(lambda y, p: np.mean(p) - np.mean(y)),
    "mase": _y(lambda y, p: metrics.mean_absolute_error(y, p) / np.abs(np.diff(y)).mean()),
    "wape": _y(lambda y, p: np.linalg.norm(y - p, 1) / np.linalg.norm(y, 1)),
    "cv_rmse": _y(lambda y, p: metrics.root_mean_squared_error(y, p) / np.average(y)),
    "nrmse_range": _y(lambda y, p: metrics.root_mean_squared_error(y, p) / np.ptp(y)),
    "theil_u1": _y(lambda y, p: np.linalg.norm(y - p) / (np.linalg.norm(y) + np.linalg.norm(p))),
    "concordance_correlation": _y(_ccc),
    "willmott_agreement": _y(_willmott),
    "kling_gupta_efficiency": _y(_kge),
    "dcg": lambda v: sum((2**r - 1) / math.log2(i + 2) for i, r in enumerate(v["rel"])),
    "ndcg": lambda v: metrics.ndcg_score(
        [2 ** v["rel"] - 1], [-np.arange(len(v["rel"]), dtype=float)]
    ),
    "mean_reciprocal_rank": lambda v: 1 / stats.hmean(v["rank"]),
    "average_precision": lambda v: _ap(v["rel"]),
    "precision_at_k": lambda v: np.mean(v["rel"][: int(v["k"])]),
    "recall_at_k": lambda v: 1 - sum(v["rel"][int(v["k"]) :]) / sum(v["rel"]),
    "rank_biased_precision": lambda v: 0.2 * np.polyval(v["rel"][::-1], 0.8),
    "expected_reciprocal_rank": lambda v: sum(
        r / (i + 1) * math.prod(1 - v["R"][:i]) for i, r in enumerate(v["R"])
    ),
    "hit_rate_at_k": lambda v: np.linalg.norm(v["rel"][: int(v["k"])], np.inf),
    "roc_distance": lambda v: np.hypot(v["fpr"], v["tpr"] - 1),
    "kendall_tau": _counts(lambda concordant, discordant: 2 * _share(concordant, discordant) - 1),
    "spearman_rho": lambda v: 1 - np.linalg.norm(v["r"] - v["s"]) ** 2 / math.comb(6, 3),
    "aicc": lambda v: 2 * v["k"] * v["n_obs"] / (v["n_obs"] - v["k"] - 1) - 2 * v["log_likelihood"],
    "hannan_quinn": lambda v: (
        -2 * (v["log_likelihood"] - v["k"] * np.log(np.log2(v["n_obs"]) * np.log(2)))
    ),
    "mallows_cp": lambda v: (v["ss_res"] + v["sigma2"] * (2 * v["k"] - v["n_obs"])) / v["sigma2"],
    "generalized_cross_validation": lambda v: _gcv(v["ss_res"], v["n_obs"], v["df"]),
}
FLAT = {
    *(("accuracy_elem", n) for n in ("y", "y_pred")),
    *(("roc_auc", n) for n in ("scores_yes", "scores_no")),
    *(("hamming_loss", n) for n in ("y", "y_pred")),
    ("recall_at_k", "k"),
    ("hit_rate_at_k", "k"),
}
