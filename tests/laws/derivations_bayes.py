"""Second derivations of regression and Bayes: other libraries, other identities, loops."""

import itertools
import math
import statistics

import numpy as np
import torch
from scipy import linalg, special, stats


def _each(function):
    """Return `function` of Python floats, applied to every place of all inputs."""

    def apply(v):
        rows = zip(*(np.ravel(x) for x in v.values()), strict=True)
        found = [function(*map(float, row)) for row in rows]
        return np.reshape(found, np.shape(next(iter(v.values()))))

    return apply


def _rows(v):
    return zip(v["X"], v["y"], strict=True)


def _newton(v):
    """One step by the Hessian and the gradient that torch finds."""
    X, y = torch.tensor(v["X"]), torch.tensor(v["y"])

    def loss(w):
        return torch.nn.functional.binary_cross_entropy_with_logits(X @ w, y, reduction="sum")

    w = torch.tensor(v["w"])
    slope = torch.autograd.functional.jacobian(loss, w)
    curve = torch.autograd.functional.hessian(loss, w)
    return (w - torch.linalg.solve(curve, slope)).numpy()


def _leverages(X):
    q = np.linalg.qr(X)[0]
    return q @ q.T


def _noisy(K):
    return K + 0.01 * np.eye(len(K))


def _conditioned(v):
    """The conditional normal law, from the precision matrix of known and new points together."""
    known, new = len(v["K"]), len(v["K_s"])
    prior = np.eye(new) * 1e3
    joint = np.block([[_noisy(v["K"]), v["K_s"].T], [v["K_s"], prior]])
    precision = np.linalg.inv(joint)[known:]
    covariance = np.linalg.inv(precision[:, known:])
    return covariance, -covariance @ precision[:, :known], prior


def _kalman(v):
    """The update in information form: precisions add."""
    precision = np.linalg.inv(v["P"]) + v["H"].T @ np.linalg.inv(v["R"]) @ v["H"]
    return np.linalg.inv(precision)


def _kalman_mean(v):
    noise = np.linalg.inv(v["R"])
    return _kalman(v) @ (np.linalg.solve(v["P"], v["x"]) + v["H"].T @ noise @ v["z"])


def _mixture(v):
    parts = zip(v["weights"], v["mu"], v["sigma"], strict=True)
    return np.array([w * stats.norm.pdf(v["x"], m, s) for w, m, s in parts]).T


def _component(v, k, order):
    shares = v["R"][:, k] / v["R"][:, k].sum()
    centre = np.average(v["X"], axis=0, weights=shares)
    return centre if order == 1 else np.average((v["X"] - centre) ** 2, axis=0, weights=shares)


def _components(order):
    return lambda v: [_component(v, k, order) for k in range(v["R"].shape[1])]


def _spectrum(v):
    return np.linalg.eigvalsh(np.cov(v["X"].T))[::-1]


def _improvement(mu, sigma, best):
    """∫ Φ((mu − best − xi − t) / sigma) dt over t > 0, the mean of the positive part."""
    z = (mu - best - 0.01) / sigma
    return sigma * (z * stats.norm.cdf(z) + stats.norm.pdf(z))


def _naive(v):
    return [
        math.log(p) + stats.norm.logpdf(v["x"], m, np.sqrt(s)).sum()
        for p, m, s in zip(v["prior"], v["M"], v["V"], strict=True)
    ]


def _words(v):
    return [
        math.log(p) + sum(c * math.log(t) for c, t in zip(v["counts"], row, strict=True))
        for p, row in zip(v["prior"], v["Theta"], strict=True)
    ]


def _normal(v, mean, covariance):
    return stats.multivariate_normal.logpdf(v, mean, covariance)


def _posterior(v):
    """Two normals multiplied, one value of x after the other."""
    mean, variance = 0.0, 1.0
    for x in v["x"]:
        gain = variance / (variance + 1)
        mean, variance = mean + gain * (x - mean), (1 - gain) * variance
    return mean


def _paths(v):
    n = len(v["delta"])
    return [
        max(v["delta"][i] + v["log_A"][i, j] + v["log_likelihood"][j] for i in range(n))
        for j in range(n)
    ]


def _between_chains(v):
    """Gelman & Rubin (1992): the mean within, and n times the variance of the means."""
    n = v["X"].shape[1]
    within = np.mean([statistics.variance(row) for row in v["X"]])
    between = n * statistics.variance([float(np.mean(row)) for row in v["X"]])
    return math.sqrt(((n - 1) / n * within + between / n) / within)


def _sticks(v):
    left, pieces = 1.0, []
    for part in v["v"]:
        pieces.append(left * part)
        left -= pieces[-1]
    return pieces


def _likelihood(v):
    """Every hidden path by itself."""
    seen = v["log_likelihood"]
    return special.logsumexp(
        [
            v["log_pi"][path[0]]
            + sum(seen[t, s] for t, s in enumerate(path))
            + sum(v["log_A"][r, s] for r, s in itertools.pairwise(path))
            for path in itertools.product(range(seen.shape[1]), repeat=len(seen))
        ]
    )


def _forward(v):
    n = len(v["alpha"])
    joint = [
        sum(v["alpha"][i] * v["A"][i, j] for i in range(n)) * v["likelihood"][j] for j in range(n)
    ]
    return np.array(joint) / math.fsum(joint)


DERIVATIONS = {
    # regression
    "ols_coefficients": lambda v: np.linalg.lstsq(v["X"], v["y"], rcond=None)[0],
    "ridge_coefficients": lambda v: np.linalg.lstsq(
        np.vstack([v["X"], np.eye(2)]), np.append(v["y"], [0, 0]), rcond=None
    )[0],
    "weighted_least_squares": lambda v: np.linalg.lstsq(
        np.sqrt(v["w"])[:, None] * v["X"], np.sqrt(v["w"]) * v["y"], rcond=None
    )[0],
    "hat_matrix": lambda v: _leverages(v["X"]),
    "leverage": lambda v: np.diag(_leverages(v["X"])),
    "variance_inflation_factor": lambda v: np.reciprocal(1 - v["R2"]),
    "logistic_log_likelihood": lambda v: sum(
        special.log_expit((2 * y - 1) * (x @ v["w"])) for x, y in _rows(v)
    ),
    "poisson_log_likelihood": lambda v: sum(
        stats.poisson.logpmf(y, math.exp(x @ v["w"])) for x, y in _rows(v)
    ),
    "softmax_log_likelihood": lambda v: (
        -torch.nn.functional.cross_entropy(
            torch.tensor(v["X"] @ v["W"]), torch.tensor(v["Y"]), reduction="sum"
        ).item()
    ),
    "logistic_newton_step": _newton,
    "nadaraya_watson": lambda v: [
        np.average(v["y_train"], weights=stats.norm.pdf(v["x_train"], x, 3)) for x in v["x"]
    ],
    "exponential_rate_mle": lambda v: 1 / stats.expon.fit(v["x"], floc=0)[1],
    "cooks_distance": lambda v: (
        (v["residual"] / np.sqrt(1 - v["leverage"])) ** 2
        * (v["leverage"] / (1 - v["leverage"]))
        / 2
    ),
    # posteriors
    "bayes_posterior_kernel": lambda v: (
        2 * np.pi * stats.norm.pdf(v["y"], v["x"]) * stats.norm.pdf(v["x"])
    ),
    "evidence_lower_bound": lambda v: np.subtract(v["log_likelihood"], v["kl_term"]),
    "bayes_rule": lambda v: v["prior"] / (v["evidence"] / v["likelihood"]),
    "posterior_probabilities": lambda v: special.softmax(
        np.log(v["prior"]) + np.log(v["likelihood"])
    ),
    "posterior_odds": lambda v: v["bayes_factor"] * v["prior_odds"],
    "beta_binomial_posterior_mean": _each(lambda k, n: stats.beta.mean(1 + k, 1 + n - k)),
    "dirichlet_posterior_mean": lambda v: stats.dirichlet.mean(v["counts"] + 1),
    "gamma_poisson_posterior_mean": lambda v: stats.gamma.mean(
        1 + v["counts"].sum(), scale=1 / (1 + len(v["counts"]))
    ),
    "normal_posterior_mean": _posterior,
    "normal_posterior_variance": _each(
        lambda tau, sigma, n: tau**2 * (sigma**2 / n) / (tau**2 + sigma**2 / n)
    ),
    "laplace_log_evidence": lambda v: (
        v["log_joint"]
        - stats.multivariate_normal.logpdf(np.zeros(4), np.zeros(4), np.linalg.inv(v["H"]))
    ),
    "bayesian_regression_mean": lambda v: np.linalg.lstsq(
        np.vstack([v["X"] / 2, np.eye(2)]), np.append(v["y"] / 2, [0, 0]), rcond=None
    )[0],
    "bayesian_regression_covariance": lambda v: (
        np.eye(2) - v["X"].T @ np.linalg.inv(v["X"] @ v["X"].T + 4 * np.eye(5)) @ v["X"]
    ),
    "positive_part_james_stein": lambda v: (
        v["x"] * (1 - min(1.0, (len(v["x"]) - 2) / np.linalg.norm(v["x"]) ** 2))
    ),
    "gelman_rubin": _between_chains,
    "waic": lambda v: (
        -2
        * sum(
            math.log(np.mean(np.exp(column))) - statistics.variance(column)
            for column in v["log_p"].T
        )
    ),
    "stick_breaking": _sticks,
    "ucb1_score": _each(lambda mu, t, n: mu + math.sqrt(math.log(t * t) / n)),
    # Gaussian processes and search
    "gp_posterior_mean": lambda v: _conditioned(v)[1] @ v["y"],
    "gp_posterior_variance": lambda v: v["k_ss"] + np.diag(_conditioned(v)[0] - _conditioned(v)[2]),
    "gp_log_marginal_likelihood": lambda v: _normal(v["y"], np.zeros(3), _noisy(v["K"])),
    "expected_improvement": _each(_improvement),
    "probability_of_improvement": lambda v: stats.norm.sf(v["best"] + 0.01, v["mu"], v["sigma"]),
    "upper_confidence_bound": lambda v: v["mu"] + v["sigma"] + v["sigma"],
    # Kalman filters
    "kalman_predict_mean": lambda v: np.hstack([v["A"], v["B"]]) @ np.append(v["x"], v["u"]),
    "kalman_predict_covariance": lambda v: (
        np.einsum("ij,jk,lk->il", v["A"], v["P"], v["A"]) + v["Q"]
    ),
    "kalman_gain": lambda v: _kalman(v) @ v["H"].T @ np.linalg.inv(v["R"]),
    "kalman_update_mean": _kalman_mean,
    "kalman_update_covariance": _kalman,
    "kalman_log_likelihood": lambda v: _normal(
        v["z"], v["H"] @ v["x"], v["H"] @ v["P"] @ v["H"].T + v["R"]
    ),
    # mixtures
    "em_responsibilities": lambda v: _mixture(v) / _mixture(v).sum(1, keepdims=True),
    "mixture_log_likelihood": lambda v: np.log(_mixture(v).sum(1)).sum(),
    "em_means": _components(1),
    "em_variances": _components(2),
    "em_weights": lambda v: [sum(column) / len(column) for column in v["R"].T],
    # classifiers and axes
    "gaussian_naive_bayes_score": _naive,
    "multinomial_naive_bayes_score": _words,
    "lda_discriminant": lambda v: (
        _normal(v["x"], v["mu"], v["Sigma"])
        - _normal(v["x"], np.zeros(4), v["Sigma"])
        + math.log(v["prior"])
    ),
    "qda_discriminant": lambda v: (
        _normal(v["x"], v["mu"], v["Sigma"]) + 2 * math.log(2 * math.pi) + math.log(v["prior"])
    ),
    "fisher_criterion": lambda v: (
        linalg.norm(v["w"] @ (v["mean1"] - v["mean2"])) ** 2
        / np.einsum("i,ij,j", v["w"], v["S_w"], v["w"])
    ),
    "fisher_direction": lambda v: np.linalg.inv(v["S_w"]) @ (v["mean1"] - v["mean2"]),
    "pca_variances": _spectrum,
    "pca_explained_ratio": lambda v: _spectrum(v) / np.trace(np.cov(v["X"].T)),
    "pca_objective": lambda v: np.var(v["X"] @ v["w"] / np.linalg.norm(v["w"])),
    "pca_reconstruction_error": lambda v: np.mean(
        [np.sum((x - v["W"] @ (v["W"].T @ x)) ** 2) for x in v["X"] - v["X"].mean(0)]
    ),
    "cholesky_whitening": lambda v: linalg.solve_triangular(
        np.linalg.cholesky(v["Sigma"]), v["x"] - v["mu"], lower=True
    ),
    # sampling
    "metropolis_acceptance": _each(lambda new, old: 1 if new > old else math.exp(new - old)),
    "metropolis_hastings_acceptance": _each(
        lambda new, old, back, forth: min(1, math.exp(new + back) / math.exp(old + forth))
    ),
    "langevin_step": lambda v: v["theta"] + 0.005 * v["grad_log_p"] + 0.1 * v["noise"],
    "hamiltonian": lambda v: (
        v["potential"] + sum(p * p / (2 * m) for p, m in zip(v["momentum"], v["mass"], strict=True))
    ),
    "importance_weights": lambda v: (
        np.exp(v["log_p"] - v["log_q"]) / np.exp(v["log_p"] - v["log_q"]).sum()
    ),
    "importance_weighted_bound": lambda v: math.log(
        np.mean([math.exp(a) / math.exp(b) for a, b in zip(v["log_p"], v["log_q"], strict=True)])
    ),
    "hmm_forward_step": _forward,
    "hmm_log_likelihood": _likelihood,
    "viterbi_step": _paths,
}
FLAT = set()
