"""Second derivations of losses for masks, boxes, embeddings, rankings, sequences."""

import itertools

import numpy as np
import torch
from scipy import special
from torch.nn import functional

from .derivations_losses import class_of, tensor

FLAT = {("cosine_embedding_loss", "y"), ("sparse_categorical_crossentropy", "y")}


def _corners(box):
    x, y, w, h = box
    return x - w / 2, y - h / 2, x + w / 2, y + h / 2


def _boxes(v):
    """(intersection, union, sides of the hull, gap of centres), a pair of boxes after the other."""
    for a, b in zip(v["y"], v["y_pred"], strict=True):
        p, q = _corners(a), _corners(b)
        wide = max(min(p[2], q[2]) - max(p[0], q[0]), 0.0)
        high = max(min(p[3], q[3]) - max(p[1], q[1]), 0.0)
        hull = (max(p[2], q[2]) - min(p[0], q[0]), max(p[3], q[3]) - min(p[1], q[1]))
        area = (p[2] - p[0]) * (p[3] - p[1]) + (q[2] - q[0]) * (q[3] - q[1])
        yield wide * high, area - wide * high, hull, np.hypot(a[0] - b[0], a[1] - b[1])


def _cos(a, b):
    return functional.cosine_similarity(tensor(a), tensor(b), dim=-1).numpy()


def _table(a, b):
    return np.array([[_cos(x[None], y[None])[0] for y in b] for x in a])


def _counts(v):
    y, p = np.ravel(v["y"]), np.ravel(v["y_pred"])
    return np.dot(y, p), np.dot(1 - y, p), np.dot(y, 1 - p)


def _tversky(v, alarms, misses, smooth=1.0):
    hit, alarm, miss = _counts(v)
    return 1 - (hit + smooth) / (hit + alarms * alarm + misses * miss + smooth)


def _generalized_dice(v):
    w = [1 / max(np.sum(c), 1) ** 2 for c in v["y"].T]
    pairs = list(zip(v["y"].T, v["y_pred"].T, strict=True))
    over = sum(k * (a @ b) for k, (a, b) in zip(w, pairs, strict=True))
    return 1 - 2 * over / sum(k * (a.sum() + b.sum()) for k, (a, b) in zip(w, pairs, strict=True))


def _lovasz(v):
    """Berman et al. (2018): the set function's increments, from sets and not from sums."""
    errors = [1 - z if y else 1 + z for y, z in zip(v["y"], v["y_pred"], strict=True)]
    order = sorted(range(len(errors)), key=lambda i: -errors[i])
    truth, total, before, wrong = {i for i, y in enumerate(v["y"]) if y}, 0.0, 0.0, set()
    for i in order:
        wrong.add(i)
        kept = truth - wrong
        jaccard = 1 - len(kept) / len(truth | wrong)
        total += max(errors[i], 0) * (jaccard - before)
        before = jaccard
    return total


def _contrast(table, k, rivals):
    return special.logsumexp([table[j] for j in rivals]) - table[k]


def _nt_xent(v):
    z = np.concatenate([v["z1"], v["z2"]])
    s, n = _table(z, z) / 0.5, len(z)
    rows = [_contrast(s[i], (i + n // 2) % n, [j for j in range(n) if j != i]) for i in range(n)]
    return np.mean(rows)


def _supcon(v):
    s, k, n = _table(v["z"], v["z"]) / 0.5, np.argmax(v["y"], -1), len(v["z"])
    rows = []
    for i in range(n):
        others = [j for j in range(n) if j != i]
        likes = [j for j in others if k[j] == k[i]]
        rows.append(np.mean([_contrast(s[i], j, others) for j in likes]) if likes else 0.0)
    return np.mean(rows)


def _clip(v):
    s = tensor(_table(v["image"], v["caption"]) / 0.07)
    k = torch.arange(len(s))
    return (functional.cross_entropy(s, k) + functional.cross_entropy(s.T, k)) / 2


def _siglip(v):
    s = _table(v["image"], v["caption"]) * 10 - 10
    n = len(s)
    return (
        -sum(special.log_expit(s[i, j] if i == j else -s[i, j]) for i in range(n) for j in range(n))
        / n
    )


def _moco(v):
    rows = []
    for q, k in zip(v["q"], v["k"], strict=True):
        logits = np.array([q @ k, *(q @ old for old in v["queue"])]) / 0.07
        rows.append(-special.log_softmax(logits)[0])
    return np.mean(rows)


def _barlow(v):
    p = v["z1"].shape[1]
    c = np.corrcoef(v["z1"], v["z2"], rowvar=False)[:p, p:]
    return sum(
        (1 - c[i, j]) ** 2 if i == j else 0.005 * c[i, j] ** 2 for i in range(p) for j in range(p)
    )


def _decorrelation(v):
    c = np.cov(v["z"], rowvar=False)
    return (np.linalg.norm(c) ** 2 - np.linalg.norm(np.diag(c)) ** 2) / len(c)


def _pairwise(v):
    rows = []
    for a, b, y in zip(v["x1"], v["x2"], v["y"], strict=True):
        d = np.linalg.norm(a - b)
        rows.append(d * d / 2 if y else max(0.0, 1 - d) ** 2 / 2)
    return np.mean(rows)


def _circle(v):
    pairs = [
        np.exp(64 * (max(0, n + 0.25) * (n - 0.25) - max(0, 1.25 - p) * (p - 0.75)))
        for p in v["sp"]
        for n in v["sn"]
    ]
    return np.log1p(sum(pairs))


def _proxies(v):
    gaps = 2 - 2 * _table(v["x"], v["proxies"])
    rows = []
    for g, y in zip(gaps, v["y"], strict=True):
        k = int(np.argmax(y))
        rows.append(-np.log(np.exp(-g[k]) / sum(np.exp(-g[j]) for j in range(len(g)) if j != k)))
    return np.mean(rows)


def _prototypes(v):
    gaps = torch.cdist(tensor(v["x"]), tensor(v["prototypes"]))
    return functional.cross_entropy(-(gaps**2), class_of(v["y"]))


def _listmle(v):
    left, total = list(v["scores"]), 0.0
    while left:
        total -= special.log_softmax(left)[0]
        left = left[1:]
    return total


def _lambda_rank(v):
    rows = []
    for si, sj, a, b, i, j in zip(*(v[n] for n in v), strict=True):
        now = (2**a - 1) / np.log2(1 + i) + (2**b - 1) / np.log2(1 + j)
        swapped = (2**a - 1) / np.log2(1 + j) + (2**b - 1) / np.log2(1 + i)
        rows.append(-abs(now - swapped) * special.log_expit(si - sj))
    return np.mean(rows)


def _ctc(v):
    """Every path by itself, through all places at all steps."""
    steps, places = v["log_p"].shape
    return -special.logsumexp(
        [
            v["log_start"][path[0]]
            + sum(v["log_p"][t, s] for t, s in enumerate(path))
            + sum(v["log_A"][r, s] for r, s in itertools.pairwise(path))
            + v["log_end"][path[-1]]
            for path in itertools.product(range(places), repeat=steps)
        ]
    )


DERIVATIONS = {
    "dice_loss_logits": lambda v: _tversky(
        {**v, "y_pred": special.expit(v["y_pred"])}, 0.5, 0.5, 0.5
    ),
    "squared_dice_loss": lambda v: (
        np.linalg.norm(v["y"] - v["y_pred"]) ** 2
        / (np.linalg.norm(v["y"]) ** 2 + np.linalg.norm(v["y_pred"]) ** 2)
    ),
    "jaccard_loss": lambda v: _tversky(v, 1, 1),
    "tversky_loss": lambda v: _tversky(v, 0.3, 0.7),
    "focal_tversky_loss": lambda v: _tversky(v, 0.3, 0.7) ** 0.75,
    "generalized_dice_loss": _generalized_dice,
    "log_cosh_dice_loss": lambda v: (
        np.logaddexp(_tversky(v, 0.5, 0.5, 0.5), -_tversky(v, 0.5, 0.5, 0.5)) - np.log(2)
    ),
    "boundary_loss": lambda v: np.dot(v["distance"], v["y_pred"]) / len(v["y_pred"]),
    "lovasz_hinge": _lovasz,
    "iou_loss": lambda v: np.mean([1 - i / u for i, u, _, _ in _boxes(v)]),
    "giou_loss": lambda v: np.mean(
        [1 - i / u + (h[0] * h[1] - u) / (h[0] * h[1]) for i, u, h, _ in _boxes(v)]
    ),
    "diou_loss": lambda v: np.mean(
        [1 - i / u + (r / np.hypot(*h)) ** 2 for i, u, h, r in _boxes(v)]
    ),
    "contrastive_loss": _pairwise,
    "triplet_soft_margin": lambda v: functional.softplus(
        functional.pairwise_distance(tensor(v["anchor"]), tensor(v["positive"]), eps=0)
        - functional.pairwise_distance(tensor(v["anchor"]), tensor(v["negative"]), eps=0)
    ).mean(),
    "n_pair_loss": lambda v: functional.cross_entropy(
        tensor(v["anchor"]) @ tensor(v["positive"]).T, torch.arange(len(v["anchor"]))
    ),
    "info_nce": lambda v: functional.cross_entropy(
        tensor(v["S"]) / 0.07, torch.arange(len(v["S"]))
    ),
    "nt_xent": _nt_xent,
    "supcon_loss": _supcon,
    "clip_loss": _clip,
    "siglip_loss": _siglip,
    "moco_loss": _moco,
    "byol_loss": lambda v: np.mean(2 - 2 * _cos(v["prediction"], v["target"])),
    "simsiam_loss": lambda v: -np.mean([_cos(v["p1"], v["z2"]), _cos(v["p2"], v["z1"])]),
    "barlow_twins_loss": _barlow,
    "vicreg_variance": lambda v: np.mean(
        [max(0, 1 - np.sqrt(np.var(c, ddof=1) + 1e-4)) for c in v["z"].T]
    ),
    "vicreg_covariance": _decorrelation,
    "uniformity_loss": lambda v: torch.log(
        torch.exp(-2 * torch.pdist(functional.normalize(tensor(v["z"]))) ** 2).mean()
    ),
    "cosine_embedding_loss": lambda v: functional.cosine_embedding_loss(
        tensor(v["x1"]), tensor(v["x2"]), tensor(2 * v["y"] - 1), margin=0.1
    ),
    "circle_loss": _circle,
    "multi_similarity_loss": lambda v: (
        np.log1p(np.sum([np.exp(2 - 2 * s) for s in v["sp"]])) / 2
        + np.log1p(np.sum([np.exp(50 * s - 50) for s in v["sn"]])) / 50
    ),
    "proxy_nca_loss": _proxies,
    "prototypical_loss": _prototypes,
    "center_loss": lambda v: sum(
        np.dot(x - v["centers"][k], x - v["centers"][k]) / 2
        for x, k in zip(v["x"], np.argmax(v["y"], -1), strict=True)
    ),
    "ranknet_loss": lambda v: functional.binary_cross_entropy_with_logits(
        tensor(v["s_i"] - v["s_j"]), tensor(v["P"])
    ),
    "bpr_loss": lambda v: -np.mean(special.log_expit(v["positive"] - v["negative"])),
    "listnet_loss": lambda v: functional.cross_entropy(
        tensor(v["scores"]), torch.softmax(tensor(v["y"]), -1)
    ),
    "listmle_loss": _listmle,
    "lambda_rank_loss": _lambda_rank,
    "squared_emd_loss": lambda v: np.mean(
        [
            sum((a[: k + 1].sum() - b[: k + 1].sum()) ** 2 for k in range(len(a)))
            for a, b in zip(v["y"], v["y_pred"], strict=True)
        ]
    ),
    "sparse_categorical_crossentropy": lambda v: functional.cross_entropy(
        tensor(v["y_pred"]), torch.tensor(v["y"]).long()
    ),
    "ctc_loss": _ctc,
}
