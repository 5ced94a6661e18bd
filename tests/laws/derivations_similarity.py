"""Second derivations of similarity, clustering, text and contests: libraries, sets, odds."""

import math

import numpy as np
from scipy import spatial, special, stats
from sklearn import metrics


def _xy(function):
    return lambda v: function(v["x"], v["y"])


def _each(one):
    """Return a function of arrays from one of Python numbers."""

    def rows(v):
        return np.array([one(*map(float, row)) for row in zip(*v.values(), strict=True)])

    return rows


def _decibels(ratio):
    return 20 * math.log10(ratio)


def _si_sdr(x, y):
    """The cosine of the angle between both gives the same ratio: its cotangent."""
    cosine = 1 - spatial.distance.cosine(x, y)
    return _decibels(abs(cosine) / math.sqrt(1 - cosine**2))


def _ssim(x, y):
    cov = np.cov(x.ravel(), y.ravel(), bias=True)
    a, b = np.average(x), np.average(y)
    light = (2 * a * b + 1e-4) / (a * a + b * b + 1e-4)
    return light * (2 * cov[0, 1] + 9e-4) / (np.trace(cov) + 9e-4)


def _ari(v):
    """Hubert and Arabie's index, with pairs counted by binomial coefficients."""
    n = v["N"]
    both = special.binom(n, 2).sum()
    rows, columns = special.binom(n.sum(1), 2).sum(), special.binom(n.sum(0), 2).sum()
    chance = rows * columns / special.binom(n.sum(), 2)
    return (both - chance) / (np.mean([rows, columns]) - chance)


def _nmi(v):
    n = v["N"] / v["N"].sum()
    rows, columns, joint = (stats.entropy(p) for p in (n.sum(1), n.sum(0), n.ravel()))
    return 2 * (rows + columns - joint) / (rows + columns)


def _soft_cosine(v):
    """The plain cosine after a change of axes by S = L Lᵀ."""
    lower = np.linalg.cholesky(v["S"])
    return 1 - spatial.distance.cosine(lower.T @ v["x"], lower.T @ v["y"])


def _pass_at_k(n, c, k):
    return 1 - math.comb(int(n - c), int(k)) / math.comb(int(n), int(k))


def _f(precision, recall, beta):
    weights = [1, beta**2]
    return 1 / np.average([1 / precision, 1 / recall], weights=weights)


DERIVATIONS = {
    "tanimoto_coefficient": _xy(
        lambda x, y: np.vdot(x, y) / (np.linalg.norm(x - y) ** 2 + np.vdot(x, y))
    ),
    "overlap_coefficient": lambda v: np.maximum(
        v["n_intersect"] / v["size_a"], v["n_intersect"] / v["size_b"]
    ),
    "tversky_index": _each(lambda both, a, b: 1 / (1 + 0.3 * a / both + 0.7 * b / both)),
    "ruzicka_similarity": _xy(
        lambda x, y: (np.sum(x + y) - np.abs(x - y).sum()) / (np.sum(x + y) + np.abs(x - y).sum())
    ),
    "soft_cosine": _soft_cosine,
    "psnr": _xy(lambda x, y: -_decibels(metrics.root_mean_squared_error(x.ravel(), y.ravel()))),
    "snr_db": _xy(lambda x, y: _decibels(np.linalg.norm(x) / np.linalg.norm(x - y))),
    "si_sdr": _xy(_si_sdr),
    "ssim_global": _xy(_ssim),
    "rand_index": _each(lambda same, apart, pairs: same / pairs + apart / pairs),
    "adjusted_rand_index": _ari,
    "normalized_mutual_information": _nmi,
    "clustering_purity": lambda v: sum(max(c) for c in v["N"].T) / np.sum(v["N"]),
    "silhouette": _each(lambda a, b: 1 - a / b if a < b else b / a - 1),
    "davies_bouldin_ratio": _each(lambda i, j, d: i / d + j / d),
    "calinski_harabasz": _each(lambda b, w, n, k: b / w * (n - k) / (k - 1)),
    "dunn_index": lambda v: min(s / d for s in v["separation"] for d in v["diameter"]),
    "bleu_brevity_penalty": _each(lambda c, r: 1.0 if c > r else math.e ** (1 - r / c)),
    "bleu": lambda v: (
        stats.gmean(v["precisions"])
        * (
            1.0
            if v["n_candidate"] > v["n_reference"]
            else math.exp(1 - v["n_reference"] / v["n_candidate"])
        )
    ),
    "rouge_f": _each(lambda o, c, r: o / np.mean([c, r])),
    "chrf": lambda v: _f(np.average(v["precisions"]), np.average(v["recalls"]), 2),
    "meteor_f_mean": _each(lambda p, r: _f(p, r, 3)),
    "meteor_penalty": _each(lambda c, m: math.prod([c / m] * 3) / 2),
    "word_error_rate": _each(lambda s, d, i, n: s / n + d / n + i / n),
    "edit_similarity": _each(lambda a, b, d: min(1 - d / n for n in (max(a, b),))),
    "bits_per_byte": _each(lambda nll, t, b: math.log2(math.exp(nll)) * t / b),
    "pass_at_k": _each(_pass_at_k),
    "elo_update": _each(
        lambda a, b, s: a + 32 * s - 32 * special.expit((a - b) * math.log(10) / 400)
    ),
    "bradley_terry": _each(lambda a, b: special.expit(math.log(a) - math.log(b))),
    "win_rate": _each(lambda w, d, x: np.average([1, 0.5, 0], weights=[w, d, x])),
}
FLAT = set()
