"""Second derivations of losses and steps of generative models."""

import numpy as np
import torch
from scipy import special, stats
from torch.nn import functional

from .derivations_losses import tensor

FLAT: set[tuple[str, str]] = set()


def _normal_kl(mu, log_var):
    """The KL divergence of N(mu, e^log_var) from N(0, 1), by torch."""
    p = torch.distributions.Normal(tensor(mu), torch.exp(tensor(log_var) / 2))
    return torch.distributions.kl_divergence(p, torch.distributions.Normal(0.0, 1.0)).numpy()


def _bce(z, y, reduction="mean"):
    return functional.binary_cross_entropy_with_logits(
        tensor(z), torch.full(np.shape(z), float(y)).double(), reduction=reduction
    )


def _beta_vae(v):
    likelihood = torch.distributions.Bernoulli(logits=tensor(v["logits"]), validate_args=False)
    found = -likelihood.log_prob(tensor(v["x"])).sum(-1).mean()
    return found + _normal_kl(v["mu"], v["log_var"]).sum(-1).mean()


def _style(v):
    p, n = v["y"].shape
    total = sum(
        (v["y"][i] @ v["y"][j] - v["y_pred"][i] @ v["y_pred"][j]) ** 2
        for i in range(p)
        for j in range(p)
    )
    return total / (4 * n**2 * p**2)


def _bayes(v):
    """Mean and variance of x_{t−1}: the product of two normals, by precisions."""
    a, kept = v["alpha"], v["alpha_bar_prev"]
    prior, likelihood = 1 / (1 - kept), a / (1 - a)
    x0, x_t = v.get("x0", 0.0), v.get("x_t", 0.0)
    mean = (prior * np.sqrt(kept) * x0 + likelihood * x_t / np.sqrt(a)) / (prior + likelihood)
    return mean, 1 / (prior + likelihood)


def _rotation(v, row):
    """Data and noise turned by the angle whose cosine is √ᾱ."""
    phi = np.arccos(np.sqrt(v["alpha_bar"]))
    turned = np.stack([v["x0"], v["epsilon"]])
    return np.einsum("i...,i...->...", np.stack(row(phi)), turned)


def _ddim(v):
    """The same two equations solved for x₀ as a linear system, then mixed again."""
    found = []
    for x, e, a, b in zip(
        *(v[n] for n in ("x_t", "epsilon", "alpha_bar", "alpha_bar_prev")), strict=True
    ):
        clean, noise = np.linalg.solve([[a**0.5, (1 - a) ** 0.5], [0.0, 1.0]], [x, e])
        found.append(np.dot([b**0.5, (1 - b) ** 0.5], [clean, noise]))
    return np.array(found)


def _edm(v):
    """Least squares: the best mixture of x and F when the data have spread ½."""
    ratio = v["sigma"] / 0.5
    angle = np.arctan(ratio)
    return np.cos(angle) ** 2 * v["x"] + 0.5 * np.sin(angle) * v["F"]


def _planar(v):
    z = tensor(v["z"])
    w, u = tensor(v["w"]), tensor(v["u"])
    jacobian = torch.autograd.functional.jacobian(
        lambda x: x + u * torch.tanh(w @ x + float(v["b"])), z
    )
    return torch.linalg.slogdet(jacobian)[1]


DERIVATIONS = {
    "gaussian_kl_standard": lambda v: _normal_kl(v["mu"], v["log_var"]).sum(-1).mean(),
    "beta_vae_loss": _beta_vae,
    "reparameterization": lambda v: v["mu"] + np.sqrt(np.exp(v["log_var"])) * v["epsilon"],
    "free_bits_kl": lambda v: np.maximum(_normal_kl(v["mu"], v["log_var"]).mean(0), 0.25).sum(),
    "vq_commitment_loss": lambda v: np.mean(
        [np.linalg.norm(a - b) ** 2 / 4 for a, b in zip(v["z"], v["codes"], strict=True)]
    ),
    "style_loss": _style,
    "gan_discriminator_loss": lambda v: _bce(v["real"], 1) + _bce(v["fake"], 0),
    "gan_generator_minimax": lambda v: -_bce(v["fake"], 0),
    "gan_generator_loss": lambda v: _bce(v["fake"], 1),
    "lsgan_discriminator_loss": lambda v: (
        (
            functional.mse_loss(tensor(v["real"]), torch.ones(len(v["real"])).double())
            + functional.mse_loss(tensor(v["fake"]), torch.zeros(len(v["fake"])).double())
        )
        / 2
    ),
    "lsgan_generator_loss": lambda v: sum((f - 1) ** 2 for f in v["fake"]) / 2 / len(v["fake"]),
    "wgan_critic_loss": lambda v: -np.mean(np.subtract.outer(v["real"], v["fake"])),
    "wgan_generator_loss": lambda v: sum(v["fake"]) / -len(v["fake"]),
    "hinge_gan_discriminator_loss": lambda v: (
        np.mean([max(0, 1 - r) for r in v["real"]]) + np.mean([max(0, 1 + f) for f in v["fake"]])
    ),
    "relativistic_gan_discriminator_loss": lambda v: (
        _bce(v["real"] - v["fake"].mean(), 1) + _bce(v["fake"] - v["real"].mean(), 0)
    ),
    "ddpm_forward": lambda v: _rotation(v, lambda a: (np.cos(a), np.sin(a))),
    "v_prediction_target": lambda v: _rotation(v, lambda a: (-np.sin(a), np.cos(a))),
    "ddpm_predict_x0": lambda v: (
        v["x_t"] / np.cos(np.arccos(np.sqrt(v["alpha_bar"])))
        - v["epsilon"] * np.tan(np.arccos(np.sqrt(v["alpha_bar"])))
    ),
    "ddpm_posterior_mean": lambda v: _bayes(v)[0],
    "ddpm_posterior_variance": lambda v: _bayes(v)[1],
    "ddpm_reverse_step": lambda v: (
        np.linalg.solve(np.diag(np.sqrt(v["alpha"])), v["x_t"])
        - (v["alpha"] ** -0.5 - v["alpha"] ** 0.5) / np.sqrt(1 - v["alpha_bar"]) * v["epsilon"]
        + v["sigma"] * v["z"]
    ),
    "ddim_step": _ddim,
    "min_snr_weight": lambda v: np.array([1.0 if s < 5 else 5 / s for s in v["snr"]]),
    "cosine_alpha_bar": lambda v: (
        (1 + np.cos(np.pi * (v["t"] + 0.008) / 1.008)) / (1 + np.cos(np.pi * 0.008 / 1.008))
    ),
    "classifier_free_guidance": lambda v: 7.5 * v["conditional"] - 6.5 * v["unconditional"],
    "edm_denoiser": _edm,
    "edm_loss_weight": lambda v: v["sigma"] ** -2.0 + 4,
    "edm_sigma_schedule": lambda v: np.array(
        [np.interp(t, [0, 1], [80 ** (1 / 7), 0.002 ** (1 / 7)]) ** 7 for t in v["t"]]
    ),
    "edm_euler_step": lambda v: (
        v["denoised"] + v["sigma_next"] / v["sigma"] * (v["x"] - v["denoised"])
    ),
    "consistency_loss": lambda v: np.mean(
        [np.hypot(np.linalg.norm(r), 0.03) - 0.03 for r in v["y"] - v["y_pred"]]
    ),
    "denoising_score_matching": lambda v: np.mean(
        [
            np.linalg.norm(s - 4 * (x - n)) ** 2 / 2
            for s, n, x in zip(v["score"], v["noisy"], v["x"], strict=True)
        ]
    ),
    "score_matching": lambda v: np.mean(
        [
            np.linalg.eigvals(j).sum().real + s @ s / 2
            for j, s in zip(v["jacobian"], v["score"], strict=True)
        ]
    ),
    "sliced_score_matching": lambda v: np.mean(
        [a @ j + (a @ s) ** 2 / 2 for a, j, s in zip(v["v"], v["jvp"], v["score"], strict=True)]
    ),
    "flow_matching_path": lambda v: v["x0"] + v["t"] * (v["x1"] - (1 - 1e-4) * v["x0"]),
    "flow_matching_loss": lambda v: functional.mse_loss(
        tensor(v["v"]), tensor(v["x1"]) - tensor(v["x0"]) + 1e-4 * tensor(v["x0"])
    ),
    "normalizing_flow_nll": lambda v: (
        -np.mean(stats.multivariate_normal(np.zeros(v["z"].shape[1])).logpdf(v["z"]) + v["log_det"])
    ),
    "affine_coupling": lambda v: v["x2"] * np.float_power(np.e, v["s"]) + v["t"],
    "planar_flow": lambda v: (
        v["z"] + (1 - 2 / (1 + np.exp(2 * (np.vdot(v["w"], v["z"]) + v["b"])))) * v["u"]
    ),
    "planar_flow_log_det": _planar,
    "kl_divergence_loss": lambda v: np.mean(
        [stats.entropy(y, p) for y, p in zip(v["y"], v["y_pred"], strict=True)]
    ),
    "kl_divergence_loss_logits": lambda v: np.mean(
        [stats.entropy(y, special.softmax(z)) for y, z in zip(v["y"], v["y_pred"], strict=True)]
    ),
}
