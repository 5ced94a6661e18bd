"""The losses once more, on PyTorch: its own where it has them, else from their definitions.

Each takes y, y_pred and the loss's options and returns the terms of its mean, (rows, units) or
(rows,), or one number for a loss that is no mean.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - as PyTorch's own pages have it

NONE = {"reduction": "none"}


def true(y: Tensor, p: Tensor) -> Tensor:
    """The value at the true class, (rows,)."""
    return p.gather(-1, y.argmax(-1, keepdim=True))[..., 0]


def tukey(y, p, c=4.685):
    inside = c**2 / 6 * (1 - (1 - ((y - p) / c) ** 2) ** 3)
    return torch.where((y - p).abs() <= c, inside, torch.full_like(y, c**2 / 6))


def barron(y, p, alpha=1.0, c=1.0):
    b = abs(alpha - 2)
    return b / alpha * ((((y - p) / c) ** 2 / b + 1) ** (alpha / 2) - 1)


def berhu(y, p, c=1.0):
    e = (y - p).abs()
    return torch.where(e <= c, e, (e**2 + c**2) / (2 * c))


def wing(y, p, w=10.0, epsilon=2.0):
    e = (y - p).abs()
    rest = w - w * math.log(1 + w / epsilon)
    return torch.where(e < w, w * torch.log(1 + e / epsilon), e - rest)


def expectile(y, p, tau=0.7):
    return (tau - ((y - p) < 0).double()).abs() * (y - p) ** 2


def silog(y, p, lambda_=0.5):
    d = torch.log(p) - torch.log(y)
    return (d**2).mean() - lambda_ * d.mean() ** 2


def tweedie(y, p, power=1.5):
    a, b = 1 - power, 2 - power
    return 2 * (y**b / (a * b) - y * p**a / a + p**b / b)


def corners(box: Tensor) -> tuple[Tensor, Tensor]:
    centre, size = box[..., :2], box[..., 2:]
    return centre - size / 2, centre + size / 2


def overlap(y, p):
    """IoU, union and the corners' box around both: (rows,), (rows,), (rows, 2)."""
    (y0, y1), (p0, p1) = corners(y), corners(p)
    both = (torch.minimum(y1, p1) - torch.maximum(y0, p0)).clamp(min=0).prod(-1)
    union = y[..., 2:].prod(-1) + p[..., 2:].prod(-1) - both
    return both / union, union, torch.maximum(y1, p1) - torch.minimum(y0, p0)


def giou(y, p):
    iou, union, around = overlap(y, p)
    hull = around.prod(-1)
    return 1 - (iou - (hull - union) / hull)


def diou(y, p):
    iou, _, around = overlap(y, p)
    apart = ((y - p)[..., :2] ** 2).sum(-1)
    return 1 - iou + apart / (around**2).sum(-1)


def smooth_hinge(y, p):
    m = y * p
    return torch.where(m <= 0, 0.5 - m, torch.where(m < 1, (1 - m) ** 2 / 2, 0 * m))


def focal(y, p, gamma=2.0, alpha=0.25):
    right = torch.where(y == 1, p, 1 - p)
    share = y * alpha + (1 - y) * (1 - alpha)
    return share * (1 - right) ** gamma * F.binary_cross_entropy(p, y, **NONE)


def asymmetric(y, p, gamma_pos=1.0, gamma_neg=4.0, m=0.05):
    shifted = (p - m).clamp(min=0)
    yes, no = (1 - p) ** gamma_pos * torch.log(p), shifted**gamma_neg * torch.log(1 - shifted)
    return -torch.where(y == 1, yes, no)


def dice(y, p, smooth=1.0):
    return 1 - (2 * (y * p).sum() + smooth) / (y.sum() + p.sum() + smooth)


def tversky(y, p, alpha=0.3, beta=0.7, smooth=1.0):
    hits, extra, missed = (y * p).sum(), ((1 - y) * p).sum(), (y * (1 - p)).sum()
    return 1 - (hits + smooth) / (hits + alpha * extra + beta * missed + smooth)


def focal_tversky(y, p, alpha=0.7, gamma=4 / 3, smooth=1.0):
    return tversky(y, p, alpha=1 - alpha, beta=alpha, smooth=smooth) ** (1 / gamma)


def lovasz(y, p):
    """Berman et al. (2018), algorithm 1, on one column."""
    y, p = y[:, 0], p[:, 0]
    errors, order = torch.sort(1 - p * (2 * y - 1), descending=True)
    sorted_y = y[order]
    left = y.sum() - sorted_y.cumsum(0)
    jaccard = 1 - left / (y.sum() + (1 - sorted_y).cumsum(0))
    steps = torch.cat((jaccard[:1], jaccard[1:] - jaccard[:-1]))
    return (F.relu(errors) * steps).sum()


def generalized_dice(y, p):
    w = 1 / y.sum(0).clamp(min=1) ** 2
    return 1 - 2 * (w * (y * p).sum(0)).sum() / (w * (y + p).sum(0)).sum()


def cce(y, p):
    return F.nll_loss(torch.log(p), y.argmax(-1), **NONE)


def ce(y, z, smoothing=0.0):
    return F.cross_entropy(z, y.argmax(-1), label_smoothing=smoothing, **NONE)


def soft_bootstrap(y, p, beta=0.95):
    return -((beta * y + (1 - beta) * p) * torch.log(p)).sum(-1)


def crammer_singer(y, z):
    return (z + (1 - y)).amax(-1) - true(y, z)


def multi_margin(y, z, margin=1.0):
    return torch.where(y == 1, 0 * z, F.relu(margin + z - true(y, z)[:, None]))


REFERENCES = {
    "mse": lambda y, p: F.mse_loss(p, y, **NONE),
    "mae": lambda y, p: F.l1_loss(p, y, **NONE),
    "huber": lambda y, p, delta=1.0: F.huber_loss(p, y, delta=delta, **NONE),
    "log_cosh": lambda y, p: torch.log(torch.cosh(y - p)),
    "quantile": lambda y, p, q=0.5: torch.where(y >= p, q * (y - p), (q - 1) * (y - p)),
    "pseudo_huber": lambda y, p, delta=1.0: delta**2 * (torch.sqrt(1 + ((y - p) / delta) ** 2) - 1),
    "charbonnier_loss": lambda y, p, epsilon=1e-3: torch.sqrt((y - p) ** 2 + epsilon**2),
    "tukey_biweight": tukey,
    "cauchy_loss": lambda y, p, c=2.385: c**2 / 2 * torch.log(1 + ((y - p) / c) ** 2),
    "geman_mcclure": lambda y, p, c=1.0: (y - p) ** 2 / ((y - p) ** 2 + c**2),
    "welsch_loss": lambda y, p, c=2.985: c**2 / 2 * (1 - torch.exp(-(((y - p) / c) ** 2))),
    "barron_loss": barron,
    "berhu_loss": berhu,
    "wing_loss": wing,
    "epsilon_insensitive": lambda y, p, epsilon=0.1: F.relu((y - p).abs() - epsilon),
    "squared_epsilon_insensitive": lambda y, p, epsilon=0.1: F.relu((y - p).abs() - epsilon) ** 2,
    "expectile_loss": expectile,
    "consistency_loss": lambda y, p, c=0.03: torch.sqrt(((y - p) ** 2).sum(-1) + c**2) - c,
    "msle": lambda y, p: (torch.log(1 + y) - torch.log(1 + p)) ** 2,
    "poisson_loss": lambda y, p: F.poisson_nll_loss(p, y, log_input=False, eps=0.0, **NONE),
    "scale_invariant_log_loss": silog,
    "gamma_deviance_loss": lambda y, p: 2 * (torch.log(p / y) + y / p - 1),
    "poisson_deviance_loss": lambda y, p: 2 * (y * torch.log(y / p) - y + p),
    "tweedie_deviance_loss": tweedie,
    "iou_loss": lambda y, p: 1 - overlap(y, p)[0],
    "giou_loss": giou,
    "diou_loss": diou,
    "hinge": lambda y, p: F.relu(1 - y * p),
    "squared_hinge": lambda y, p: F.relu(1 - y * p) ** 2,
    "exponential_loss": lambda y, p: torch.exp(-y * p),
    "logistic_loss": lambda y, p: F.soft_margin_loss(p, y, **NONE),
    "modified_huber_loss": lambda y, p: torch.where(
        y * p >= -1, F.relu(1 - y * p) ** 2, -4 * y * p
    ),
    "smooth_hinge_loss": smooth_hinge,
    "savage_loss": lambda y, p: (1 / (1 + torch.exp(2 * y * p))) ** 2,
    "tangent_loss": lambda y, p: (2 * torch.atan(y * p) - 1) ** 2,
    "binary_crossentropy": lambda y, p: F.binary_cross_entropy(p, y, **NONE),
    "binary_crossentropy_logits": lambda y, z: F.binary_cross_entropy_with_logits(z, y, **NONE),
    "weighted_bce_with_logits": lambda y, z, pos_weight=2.0: F.binary_cross_entropy_with_logits(
        z, y, pos_weight=torch.tensor(pos_weight, dtype=y.dtype), **NONE
    ),
    "focal_loss": focal,
    "focal_loss_logits": lambda y, z, **options: focal(y, torch.sigmoid(z), **options),
    "asymmetric_loss": asymmetric,
    "dice_loss": dice,
    "dice_loss_logits": lambda y, z, **options: dice(y, torch.sigmoid(z), **options),
    "squared_dice_loss": lambda y, p: 1 - 2 * (y * p).sum() / ((y**2).sum() + (p**2).sum()),
    "log_cosh_dice_loss": lambda y, p, **options: torch.log(torch.cosh(dice(y, p, **options))),
    "jaccard_loss": lambda y, p, smooth=1.0: tversky(y, p, 1.0, 1.0, smooth),
    "tversky_loss": tversky,
    "focal_tversky_loss": focal_tversky,
    "lovasz_hinge": lovasz,
    "categorical_crossentropy": cce,
    "categorical_crossentropy_logits": ce,
    "label_smoothing_crossentropy": lambda y, z, epsilon=0.1: ce(y, z, epsilon),
    "poly1_crossentropy": lambda y, z, epsilon=1.0: (
        ce(y, z) + epsilon * (1 - true(y, z.softmax(-1)))
    ),
    "categorical_focal_loss": lambda y, p, gamma=2.0: (1 - true(y, p)) ** gamma * cce(y, p),
    "symmetric_crossentropy": lambda y, p, alpha=0.1, beta=1.0, log_zero=-4.0: (
        alpha * cce(y, p) - beta * log_zero * (1 - true(y, p))
    ),
    "generalized_crossentropy": lambda y, p, q=0.7: (1 - true(y, p) ** q) / q,
    "soft_bootstrap_loss": soft_bootstrap,
    "squared_emd_loss": lambda y, p: ((y.cumsum(-1) - p.cumsum(-1)) ** 2).sum(-1),
    "kl_divergence_loss": lambda y, p: F.kl_div(torch.log(p), y, **NONE).sum(-1),
    "kl_divergence_loss_logits": lambda y, z: F.kl_div(z.log_softmax(-1), y, **NONE).sum(-1),
    "generalized_dice_loss": generalized_dice,
    "crammer_singer_hinge": crammer_singer,
    "multi_margin_loss": multi_margin,
}
