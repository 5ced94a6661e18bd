"""Second derivations of losses and regularizers: loops, libraries, other identities."""

import numpy as np
import torch
from scipy import integrate, special, stats
from torch.nn import functional

# Inputs whose derivative is 0 wherever it exists.
FLAT = {("fgsm_perturbation", "grad"), ("pgd_perturbation", "grad")}


def tensor(v):
    return torch.tensor(np.asarray(v, float))


def _kl(p, q):
    return special.rel_entr(p, q).sum(-1)


def share(z):
    return special.softmax(np.asarray(z, float), axis=-1)


def class_of(y):
    return torch.tensor(np.argmax(y, -1))


def nll(z, y):
    """Cross-entropy a row, by torch, from class numbers."""
    return functional.cross_entropy(tensor(z), class_of(y), reduction="none").numpy()


def _dual(a, b):
    gap = np.einsum("ki,kj->ij", a, b) - np.eye(a.shape[1])
    return np.linalg.norm(gap, "fro") ** 2


def _laplacian(v):
    a = (v["A"] + v["A"].T) / 2  # fᵀLf sees the symmetric part only
    f = v["f"][:, 0]
    return f @ (np.diag(a.sum(0)) - a) @ f


def _contractive(v):
    total = 0.0
    for h in v["h"]:
        jacobian = np.diag(h * (1 - h)) @ v["W"]
        total += np.linalg.norm(jacobian) ** 2
    return 0.1 * total / len(v["h"])


REGULARIZERS = {
    "cauchy_reg": lambda v: 0.02 * np.log(np.abs(1 + 1j * v["w"])).sum(),
    "log_barrier": lambda v: -0.01 * np.log(np.prod(v["w"] + 1e-8)),
    "confidence_penalty": lambda v: 0.1 * np.dot(v["p"], np.log(v["p"] + 1e-8)),
    "group_lasso": lambda v: (
        0.01 * np.hypot(np.abs(v["w1"] + 1j * np.asarray(v["w2"])), 1e-4).sum()
    ),
    "group_lasso_rows": lambda v: 0.01 * np.linalg.norm(v["w"], axis=1).sum(),
    "gradient_penalty": lambda v: (
        10 * (np.var(v["grad_norm"]) + (np.mean(v["grad_norm"]) - 1) ** 2)
    ),
    "l1_l2": lambda v: np.sum([0.01 * abs(a) + 0.01 * a * a for a in np.ravel(v["w"])]),
    "sqrt_reg": lambda v: 0.01 * np.hypot(0, (np.abs(v["w"]) + 1e-8) ** 0.5).sum(),
    "entropy_reg": lambda v: -0.01 * np.dot(v["p"], np.log(v["p"] + 1e-8)),
    "kl_divergence_reg": lambda v: (
        0.01 * np.dot(v["p"], np.log(v["p"] + 1e-8) - np.log(v["q"] + 1e-8))
    ),
    "total_variation": lambda v: 0.01 * np.linalg.norm(np.subtract(v["w_i"], v["w_j"]), 1),
    "max_norm": lambda v: (
        v["w"] if np.linalg.norm(v["w"]) <= 3 else 3 * v["w"] / np.linalg.norm(v["w"])
    ),
    "orthogonal_reg": lambda v: 0.01 * _dual(v["w1"], v["w2"]),
    "soft_orthogonality": lambda v: (
        1e-4 * np.sum((np.linalg.svd(v["w"], compute_uv=False) ** 2 - 1) ** 2)
    ),
    "bridge_penalty": lambda v: 0.01 * np.linalg.norm(v["w"], 1.5) ** 1.5,
    "capped_l1": lambda v: 0.01 * np.sum([abs(a) if abs(a) < 1 else 1.0 for a in v["w"]]),
    "log_sum_penalty": lambda v: (
        0.01 * sum(integrate.quad(lambda t: 1 / (t + 0.1), 0, abs(a))[0] for a in v["w"])
    ),
    "hoyer_square": lambda v: 0.01 * (np.linalg.norm(v["w"], 1) / np.linalg.norm(v["w"], 2)) ** 2,
    "sparse_group_lasso": lambda v: (
        0.01 * sum(np.linalg.norm(r, 1) + np.linalg.norm(r, 2) for r in v["w"])
    ),
    "elastic_weight_consolidation": lambda v: (
        0.5 * (v["w"] - v["w_star"]) @ np.diag(v["fisher"]) @ (v["w"] - v["w_star"])
    ),
    "graph_laplacian_reg": _laplacian,
    "contractive_penalty": _contractive,
    "sparsity_kl": lambda v: sum(
        _kl(np.array([0.05, 0.95]), np.array([r, 1 - r])) for r in v["rho_hat"]
    ),
    "l0_penalty": lambda v: 0.01 * special.expit(v["log_alpha"] + np.log(11) / 1.5).sum(),
    "jacobian_reg": lambda v: 0.005 * np.mean([np.linalg.norm(j) ** 2 for j in v["J"]]),
    "r1_penalty": lambda v: 5 * np.mean([np.dot(g, g) for g in v["grad"]]),
    "r_drop": lambda v: np.mean(
        (_kl(share(v["z1"]), share(v["z2"])) + _kl(share(v["z2"]), share(v["z1"]))) / 2
    ),
    "consistency_mse": lambda v: np.square(share(v["z1"]) - share(v["z2"])).mean(),
    "dropconnect": lambda v: np.einsum("ni,ij,ij->nj", v["x"], v["W"], v["mask"]) * 2,
    "stochastic_depth": lambda v: np.where(v["mask"] == 1, v["x"] + 1.25 * v["f_x"], v["x"]),
    "cutmix": lambda v: np.where(v["mask"] == 1, v["x1"], v["x2"]),
    "mixup_crossentropy": lambda v: np.mean(
        0.3 * nll(v["y_pred"], v["y1"]) + 0.7 * nll(v["y_pred"], v["y2"])
    ),
    "fgsm_perturbation": lambda v: np.where(v["grad"] > 0, v["x"] + 0.03, v["x"] - 0.03),
    "pgd_perturbation": lambda v: (
        v["x"] + np.clip(v["x_adv"] - v["x"] + 0.01 * np.sign(v["grad"]), -0.03, 0.03)
    ),
    "trades_loss": lambda v: np.mean(
        nll(v["z"], v["y"]) + 6 * _kl(share(v["z"]), share(v["z_adv"]))
    ),
    "fused_lasso": lambda v: (
        0.01 * (np.linalg.norm(v["w"], 1) + np.linalg.norm(np.diff(v["w"]), 1))
    ),
    "sorted_l1": lambda v: np.dot(sorted(map(abs, v["w"]), reverse=True), v["lambda_"]),
    "nuclear_norm_reg": lambda v: 0.01 * np.sqrt(np.linalg.eigvalsh(v["w"].T @ v["w"])).sum(),
    "spectral_norm_penalty": lambda v: 0.005 * np.linalg.norm(v["w"], 2) ** 2,
    "sobolev_loss": lambda v: (
        functional.mse_loss(tensor(v["y"]), tensor(v["y_pred"]))
        + functional.mse_loss(tensor(v["dy"]), tensor(v["dy_pred"]))
    ).item(),
}


def _errors(v):
    return np.ravel(np.subtract(v["y"], v["y_pred"]))


def _mean_of(f):
    """The mean of a function of single errors."""
    return lambda v: np.mean([f(e) for e in _errors(v)])


def _pull(psi):
    """The mean loss whose derivative is psi, by numerical integration."""
    return _mean_of(lambda e: integrate.quad(psi, 0, abs(e), points=[min(abs(e), 4.685)])[0])


def _crps(v):
    """∫ (F(x) − 1[x ≥ y])² dx, by quadrature on both sides of y, after x = y ± σ t."""
    found = []
    for y, m, s in zip(v["y"], v["y_pred"], v["sigma"], strict=True):
        z = (y - m) / s
        sides = [
            integrate.quad(
                lambda t, far: stats.norm.cdf(far - t) ** 2,
                0,
                abs(far) + 12,
                args=(far,),
                points=[max(far, 0.0)],
                epsabs=1e-13,
                epsrel=1e-12,
                limit=200,
            )[0]
            for far in (z, -z)
        ]
        found.append(s * sum(sides))
    return np.mean(found)


def _mixture(v):
    w = share(v["logits"])
    rows = [
        -np.log(np.dot(w[i], stats.norm.pdf(y[0], v["mu"][i], v["sigma"][i])))
        for i, y in enumerate(v["y"])
    ]
    return np.mean(rows)


def _survival(v):
    rows = [
        -(stats.expon.logpdf(y, scale=np.exp(-r)) if e else stats.expon.logsf(y, scale=np.exp(-r)))
        for y, e, r in zip(v["y"], v["event"], v["log_rate"], strict=True)
    ]
    return np.mean(rows)


def _many_quantiles(v):
    rows = [
        functional.l1_loss(tensor(p), tensor(y)) / 2 + (q - 0.5) * np.mean(y - p)
        for q, p, y in ((q, v["y_pred"][:, j], v["y"][:, 0]) for j, q in enumerate(v["q"]))
    ]
    return np.mean([float(r) for r in rows])


REGRESSION = {
    "pseudo_huber": lambda v: special.pseudo_huber(1.0, _errors(v)).mean(),
    "charbonnier_loss": _mean_of(lambda e: abs(complex(e, 0.001))),
    "tukey_biweight": _pull(lambda e: e * (1 - (e / 4.685) ** 2) ** 2 if e < 4.685 else 0.0),
    "cauchy_loss": _pull(lambda e: e / (1 + (e / 2.385) ** 2)),
    "geman_mcclure": _mean_of(lambda e: 1 - 1 / (1 + e * e)),
    "welsch_loss": _pull(lambda e: e * np.exp(-((e / 2.985) ** 2))),
    "barron_loss": _mean_of(lambda e: np.hypot(e, 1) - 1),
    "berhu_loss": _mean_of(lambda e: abs(e) if abs(e) <= 1 else e * e / 2 + 0.5),
    "wing_loss": _mean_of(
        lambda e: 10 * np.log((2 + abs(e)) / 2) if abs(e) < 10 else abs(e) - 10 * (1 - np.log(6))
    ),
    "epsilon_insensitive": lambda v: functional.softshrink(tensor(_errors(v)), 0.1).abs().mean(),
    "squared_epsilon_insensitive": lambda v: (
        functional.softshrink(tensor(_errors(v)), 0.1).square().mean()
    ),
    "expectile_loss": _mean_of(lambda e: 0.7 * e * e if e > 0 else 0.3 * e * e),
    "multi_quantile_loss": _many_quantiles,
    "scale_invariant_log_loss": lambda v: (
        np.var(np.log(v["y_pred"] / v["y"])) + 0.5 * np.log(stats.gmean(v["y_pred"] / v["y"])) ** 2
    ),
    "gaussian_nll": lambda v: (
        -np.mean(stats.norm.logpdf(v["y"], v["y_pred"], np.sqrt(v["variance"])))
    ),
    "laplace_nll": lambda v: -stats.laplace.logpdf(v["y"], v["y_pred"], v["b"]).mean(),
    "gamma_deviance_loss": lambda v: (
        -2
        * np.mean(
            stats.gamma.logpdf(v["y"], 1, scale=v["y_pred"])
            - stats.gamma.logpdf(v["y"], 1, scale=v["y"])
        )
    ),
    "crps_gaussian": _crps,
    "masked_mse": lambda v: functional.mse_loss(
        *(tensor(v[n])[torch.tensor(v["mask"] == 1)] for n in ("y", "y_pred"))
    ),
    "gaussian_mixture_nll": _mixture,
    "survival_exponential_nll": _survival,
}


def _classes(v):
    """(logits, class, row) one row after the other."""
    for z, y in zip(v["y_pred"], v["y"], strict=True):
        yield z, int(np.argmax(y))


def _weighted_nll(v):
    return functional.cross_entropy(tensor(v["y_pred"]), class_of(v["y"]), tensor(v["weight"]))


def _chance_of_class(v):
    return np.array([p[k] for p, k in _classes(v)])


def _margin(v, move, s):
    """Cross-entropy after the logit of the true class is replaced by move(logit, class)."""
    rows = []
    for z, k in zip(
        v[next(n for n in v if n in ("y_pred", "cosine"))], np.argmax(v["y"], -1), strict=True
    ):
        z = np.array(z)
        z[k] = move(z[k], k)
        rows.append(special.logsumexp(s * z) - s * z[k])
    return np.mean(rows)


def _rivals(v):
    for z, k in _classes(v):
        yield np.maximum(0, 1 + np.delete(z, k) - z[k])


def _margins(f):
    return lambda v: np.mean(
        [f(a * b) for a, b in zip(np.ravel(v["y"]), np.ravel(v["y_pred"]), strict=True)]
    )


def _glove(v):
    total = 0.0
    for (i, j), x in np.ndenumerate(v["X"]):
        gap = v["W"][i] @ v["C"][j] + v["b"][i, 0] + v["c"][j] - np.log(x)
        total += (x / 100 if x < 100 else 1) ** 0.75 * gap**2
    return total


def _asymmetric(v):
    """Ridnik et al. (2021), eqs. 4-6, for soft labels the mean over the label."""
    rows = []
    for y, p in zip(np.ravel(v["y"]), np.ravel(v["y_pred"]), strict=True):
        q = p - 0.05 if p > 0.05 else 0.0
        rows.append(-y * (1 - p) * np.log(p) - (1 - y) * q**4 * np.log(1 - q))
    return np.mean(rows)


def _focal_logits(v):
    p = special.expit(v["y_pred"])
    chance = -(0.25 * v["y"] * (1 - p) ** 2 * np.log(p))
    return np.mean(chance - 0.75 * (1 - v["y"]) * p**2 * special.log_expit(-v["y_pred"]))


def _balance(v):
    n, m = v["probs"].shape
    share = np.bincount(np.argmax(v["chosen"], -1), minlength=m) / n
    return 0.01 * m * sum(share[i] * np.sum(v["probs"][:, i]) / n for i in range(m))


CLASSIFICATION = {
    "weighted_bce_with_logits": lambda v: functional.binary_cross_entropy_with_logits(
        tensor(v["y_pred"]), tensor(v["y"]), pos_weight=torch.tensor(2.0)
    ),
    "class_weighted_crossentropy": _weighted_nll,
    "label_smoothing_crossentropy": lambda v: np.mean(
        [
            0.9 * -special.log_softmax(z)[k] - 0.1 * special.log_softmax(z).mean()
            for z, k in _classes(v)
        ]
    ),
    "focal_loss_logits": _focal_logits,
    "categorical_focal_loss": lambda v: np.mean(
        [-((1 - p) ** 2) * np.log(p) for p in _chance_of_class(v)]
    ),
    "poly1_crossentropy": lambda v: np.mean(
        nll(v["y_pred"], v["y"]) + 1 - np.exp(-nll(v["y_pred"], v["y"]))
    ),
    "symmetric_crossentropy": lambda v: np.mean(
        [-0.1 * np.log(p) + 4 * (1 - p) for p in _chance_of_class(v)]
    ),
    "generalized_crossentropy": lambda v: np.mean(
        [-special.boxcox(p, 0.7) for p in _chance_of_class(v)]
    ),
    "asymmetric_loss": _asymmetric,
    "ldam_loss": lambda v: _margin(v, lambda z, k: z - 0.5 * v["counts"][k] ** -0.25, 30),
    "arcface_loss": lambda v: _margin(v, lambda z, k: np.cos(np.arccos(z) + 0.5), 64),
    "cosface_loss": lambda v: _margin(v, lambda z, k: z - 0.35, 64),
    "crammer_singer_hinge": lambda v: np.mean([r.max() for r in _rivals(v)]),
    "multi_margin_loss": lambda v: functional.multi_margin_loss(
        tensor(v["y_pred"]), class_of(v["y"])
    ),
    "exponential_loss": _margins(lambda m: np.e**-m),
    "logistic_loss": _margins(lambda m: -special.log_expit(m)),
    "modified_huber_loss": _margins(
        lambda m: 0.0 if m > 1 else -4 * m if m < -1 else 1 - 2 * m + m * m
    ),
    "smooth_hinge_loss": _margins(
        lambda m: (
            integrate.quad(lambda t: np.clip(1 - t, 0, 1), m, max(m, 1), points=[0.0])[0]
            if m < 0
            else integrate.quad(lambda t: np.clip(1 - t, 0, 1), m, max(m, 1))[0]
        )
    ),
    "savage_loss": _margins(lambda m: ((1 - np.tanh(m)) / 2) ** 2),
    "tangent_loss": _margins(lambda m: (2 * np.angle(complex(1, m)) - 1) ** 2),
    "soft_bootstrap_loss": lambda v: np.mean(
        0.05 * special.entr(v["y_pred"]).sum(-1) - 0.95 * np.log(_chance_of_class(v))
    ),
    "logit_adjusted_crossentropy": lambda v: np.mean(
        [
            -np.log(v["prior"][k] * np.exp(z[k]) / np.dot(v["prior"], np.exp(z)))
            for z, k in _classes(v)
        ]
    ),
    "distillation_loss": lambda v: (
        4
        * functional.kl_div(
            torch.log_softmax(tensor(v["student"]) / 2, -1),
            torch.softmax(tensor(v["teacher"]) / 2, -1),
            reduction="batchmean",
        )
    ),
    "dino_loss": lambda v: functional.cross_entropy(
        tensor(v["student"]) * 10, tensor(share(25 * (v["teacher"] - v["center"])))
    ),
    "z_loss": lambda v: (
        1e-4 * np.mean([(z.max() + np.log(np.exp(z - z.max()).sum())) ** 2 for z in v["y_pred"]])
    ),
    "moe_load_balance_loss": _balance,
    "masked_crossentropy": lambda v: functional.cross_entropy(
        tensor(v["y_pred"]),
        torch.where(torch.tensor(v["mask"] == 1), class_of(v["y"]), -100),
        ignore_index=-100,
    ),
    "unlikelihood_loss": lambda v: np.mean(
        [
            np.sum([-np.log(1 - p) for p, on in zip(r, m, strict=True) if on])
            for r, m in zip(v["y_pred"], v["negatives"], strict=True)
        ]
    ),
    "skip_gram_negative_sampling": lambda v: (
        -(
            special.log_expit(v["word"] @ v["context"])
            + sum(special.log_expit(-(v["word"] @ n)) for n in v["negatives"])
        )
    ),
    "glove_loss": _glove,
    "noise_contrastive_estimation": lambda v: (
        -np.mean(np.log(1 - 5 / (5 + np.exp(v["data"]))))
        - 5 * np.mean(np.log(5 / (5 + np.exp(v["noise"]))))
    ),
}

DERIVATIONS = {**REGULARIZERS, **REGRESSION, **CLASSIFICATION}
