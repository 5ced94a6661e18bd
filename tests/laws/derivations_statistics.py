"""Second derivations of the statistics: loops, other libraries, other identities."""

import math
from itertools import product

import numpy as np
import torch
from scipy import linalg, special, stats
from scipy.spatial import distance

Normal = torch.distributions.Normal


def _each(function):
    """Return `function` of Python floats, applied to every place of all inputs."""

    def apply(v):
        rows = zip(*(np.ravel(x) for x in v.values()), strict=True)
        found = [function(*map(float, row)) for row in rows]
        return np.reshape(found, np.shape(next(iter(v.values()))))

    return apply


def _counted(table):
    """Return the shares of rows, of columns and of cells of a table, as dictionaries."""
    cells = {(i, j): table[i, j] / table.sum() for i, j in np.ndindex(table.shape)}
    rows = {i: sum(p for (a, _), p in cells.items() if a == i) for i in range(len(table))}
    columns = {j: sum(p for (_, b), p in cells.items() if b == j) for j in range(table.shape[1])}
    return rows, columns, cells


def _mutual(table):
    rows, columns, cells = _counted(table)
    return _bits(rows) + _bits(columns) - _bits(cells)


def _bits(shares):
    return stats.entropy(list(shares.values()))


def _characteristic(t):
    """The mean of e^(itX), by the trapezoidal rule: exact to all digits for a bell."""
    x = np.arange(-12, 12, 0.01)
    return 0.01 * np.sum(np.exp(1j * t * x) * stats.norm.pdf(x)).real


def _mixture(v):
    parts = zip(v["weights"], v["mu"], v["sigma"], strict=True)
    return np.array([w * stats.norm.pdf(v["x"], m, s) for w, m, s in parts]).T


def _kernel(a, b):
    return np.mean([[math.exp(-0.05 * np.sum((p - q) ** 2)) for q in b] for p in a])


def _distance(a, b):
    return np.mean([abs(p - q) for p, q in product(a, b)])


def _by_normal(function):
    """Return `function` of the two torch normals with the given means and deviations."""
    return lambda v: function(
        Normal(torch.tensor(v["mu1"]), torch.tensor(v["sigma1"])),
        Normal(torch.tensor(v["mu2"]), torch.tensor(v["sigma2"])),
    ).numpy()


def _vectors(v):
    first = torch.distributions.MultivariateNormal(*map(torch.tensor, (v["mu1"], v["Sigma1"])))
    second = torch.distributions.MultivariateNormal(*map(torch.tensor, (v["mu2"], v["Sigma2"])))
    return torch.distributions.kl_divergence(first, second).item()


def _frechet(v):
    root = linalg.sqrtm(v["Sigma1"] @ v["Sigma2"]).real
    return np.sum((v["mu1"] - v["mu2"]) ** 2) + np.trace(v["Sigma1"] + v["Sigma2"] - 2 * root)


def _dirichlet(v):
    a, b = (torch.distributions.Dirichlet(torch.tensor(v[n])) for n in ("alpha", "beta"))
    return torch.distributions.kl_divergence(a, b).item()


def _welch_freedom(s1, n1, s2, n2):
    a, b = s1 * s1 / n1, s2 * s2 / n2
    share = a / (a + b)
    return 1 / (share * share / (n1 - 1) + (1 - share) ** 2 / (n2 - 1))


def _wilson(p, n, side):
    """The root of (p − c)² = z² c (1 − c) / n for c, by the quadratic formula."""
    z = 1.96
    return sorted(np.roots([1 + z * z / n, -(2 * p + z * z / n), p * p]).real)[side]


def _pooled_z(k1, n1, k2, n2):
    share = (k1 + k2) / (n1 + n2)
    return (k1 / n1 - k2 / n2) / math.sqrt(share * (1 - share) * (n1 + n2) / (n1 * n2))


def _partial(xy, xz, yz):
    det = np.linalg.det
    cofactor = det([[xy, yz], [xz, 1]])
    return cofactor / math.sqrt(det([[1, yz], [yz, 1]]) * det([[1, xz], [xz, 1]]))


def _risk(a, b, c, d):
    return stats.contingency.relative_risk(int(a), int(a + b), int(c), int(c + d)).relative_risk


def _gini(v):
    return np.mean([[abs(a - b) for a in v["x"]] for b in v["x"]]) / (2 * np.mean(v["x"]))


def _cronbach(X):
    """From the mean variance and the mean covariance of the items."""
    items, c = X.shape[1], np.cov(X.T)
    covariance = (c.sum() - np.trace(c)) / (items * (items - 1))
    return items * covariance / (np.trace(c) / items + (items - 1) * covariance)


def _lagged(v):
    x = v["x"] - v["x"].mean()
    return np.correlate(x, x, "full")[len(x)] / np.dot(x, x)


DERIVATIONS = {
    # distributions
    "chi_squared_kernel": lambda v: stats.chi2.pdf(v["x"], 2) * 2,
    "student_t_kernel": lambda v: stats.t.pdf(v["x"], 3) / stats.t.pdf(0, 3),
    "mgf_exponential": lambda v: 1 / (1 - v["t"]),
    "characteristic_normal": _each(_characteristic),
    "weibull_hazard": lambda v: (
        stats.weibull_min.pdf(v["x"] / 100, 2) / stats.weibull_min.sf(v["x"] / 100, 2) * 100
    ),
    "von_mises_kernel": lambda v: stats.vonmises.pdf(v["x"], 2) * 2 * np.pi * special.i0(2),
    "log_normal_mean": lambda v: np.exp(v["mu"]) * np.exp(v["sigma"] ** 2) ** 0.5,
    "log_normal_variance": lambda v: (
        2 * np.sinh(v["sigma"] ** 2 / 2) * np.exp(2 * v["mu"] + 1.5 * v["sigma"] ** 2)
    ),
    "kumaraswamy_pdf": lambda v: np.where(
        (v["x"] >= 0) & (v["x"] <= 1), 2 * v["x"] * stats.beta.pdf(v["x"] ** 2, 1, 3), 0
    ),
    "logit_normal_pdf": lambda v: [
        stats.norm.pdf(special.logit(x)) / (x - x * x) if 0 < x < 1 else 0.0 for x in v["x"]
    ],
    "continuous_bernoulli_pdf": lambda v: [
        torch.distributions.ContinuousBernoulli(torch.tensor(0.25, dtype=torch.float64))
        .log_prob(torch.tensor(x, dtype=torch.float64))
        .exp()
        .item()
        if 0 <= x <= 1
        else 0.0
        for x in v["x"]
    ],
    "zero_inflated_poisson_pmf": lambda v: (
        0.25 * (v["k"] == 0) + 0.75 * stats.poisson.pmf(v["k"], 3)
    ),
    "categorical_pmf": lambda v: stats.multinomial.pmf(v["y"], 1, v["p"] / v["p"].sum()),
    "multinomial_log_pmf": lambda v: (
        torch.distributions.Multinomial(int(v["k"].sum()), torch.tensor(v["p"]))
        .log_prob(torch.tensor(v["k"]))
        .item()
    ),
    "dirichlet_log_pdf": lambda v: (
        torch.distributions.Dirichlet(torch.tensor(v["alpha"]))
        .log_prob(torch.tensor(v["x"]))
        .item()
    ),
    "diagonal_normal_log_pdf": lambda v: stats.norm.logpdf(
        v["x"], v["mu"], np.exp(v["log_sigma"])
    ).sum(),
    "dirichlet_multinomial_log_pmf": lambda v: stats.dirichlet_multinomial.logpmf(
        v["k"].astype(int), v["alpha"], int(v["k"].sum())
    ),
    # samples
    "coefficient_of_variation": lambda v: np.exp(np.log(v["sigma"]) - np.log(v["mu"])),
    "pearson_r_component": lambda v: ((v["x"] + v["y"]) ** 2 - (v["x"] - v["y"]) ** 2) / 4,
    "mean_absolute_deviation": lambda v: (
        2 / len(v["x"]) * sum(max(x - np.mean(v["x"]), 0) for x in v["x"])
    ),
    "gini_coefficient": _gini,
    "weighted_mean": lambda v: np.average(v["x"], weights=v["w"]),
    "weighted_variance": lambda v: (
        np.average(v["x"] ** 2, weights=v["w"]) - np.average(v["x"], weights=v["w"]) ** 2
    ),
    "effective_sample_size": lambda v: 1 / sum((w / sum(v["w"])) ** 2 for w in v["w"]),
    "autocorrelation": _lagged,
    "durbin_watson": lambda v: (
        np.dot(np.diff(v["residual"]), np.diff(v["residual"]))
        / np.dot(v["residual"], v["residual"])
    ),
    "covariance_matrix": lambda v: np.cov(v["X"].T),
    "correlation_matrix": lambda v: np.corrcoef(v["X"].T),
    "partial_correlation": _each(_partial),
    "kernel_density": lambda v: [
        np.mean([stats.norm.pdf(x, c, 3) for c in v["x_train"]]) for x in v["x"]
    ],
    "silverman_bandwidth": _each(lambda s, q, n: 0.9 * min(s, q / 1.34) / n**0.2),
    "cronbach_alpha": lambda v: _cronbach(v["X"]),
    "theil_index": lambda v: math.log(len(v["x"])) - stats.entropy(v["x"]),
    # tests
    "welch_t": lambda v: stats.ttest_ind(v["x"], v["y"], equal_var=False).statistic,
    "welch_degrees_of_freedom": _each(_welch_freedom),
    "paired_t": lambda v: stats.ttest_rel(v["x"], v["y"]).statistic,
    "cohens_d": lambda v: stats.ttest_ind(v["x"], v["y"]).statistic * math.sqrt(2 / len(v["x"])),
    "chi_squared_statistic": lambda v: sum(
        o * o / e - 2 * o + e for o, e in zip(v["observed"], v["expected"], strict=True)
    ),
    "g_statistic": lambda v: 2 * special.rel_entr(v["observed"], v["expected"]).sum(),
    "contingency_chi_squared": lambda v: stats.chi2_contingency(v["N"], correction=False).statistic,
    "cramers_v": lambda v: math.sqrt(
        stats.chi2_contingency(v["N"], correction=False).statistic / v["N"].sum()
    ),
    "f_statistic": lambda v: stats.f_oneway(*v["X"]).statistic,
    "kolmogorov_smirnov": lambda v: stats.ks_2samp(v["x"], v["y"], method="asymp").statistic,
    "jarque_bera": lambda v: stats.jarque_bera(v["x"]).statistic,
    "proportion_z": _each(lambda p, p0, n: (n * p - n * p0) / stats.binom.std(n, p0)),
    "two_proportion_z": _each(_pooled_z),
    "wilson_lower_bound": _each(lambda p, n: _wilson(p, n, 0)),
    "wilson_upper_bound": _each(lambda p, n: _wilson(p, n, 1)),
    "margin_of_error": _each(lambda s, n: 1.96 * math.sqrt(s * s / n)),
    "odds_ratio": _each(lambda a, b, c, d: (a / c) / (b / d)),
    "relative_risk": _each(_risk),
    "hoeffding_bound": lambda v: 2 * np.exp(-2 * v["t"] ** 2) ** v["n"],
    "hotelling_t2": lambda v: (
        len(v["X"])
        * distance.mahalanobis(v["X"].mean(0), v["mu"], np.linalg.inv(np.cov(v["X"].T))) ** 2
    ),
    "mann_whitney_u": lambda v: stats.mannwhitneyu(v["x"], v["y"]).statistic,
    "mcnemar_statistic": _each(lambda b, c: stats.chisquare([b, c]).statistic),
    "fisher_combined": lambda v: stats.combine_pvalues(v["p"], "fisher").statistic,
    # information
    "cross_entropy_elem": lambda v: (
        torch.nn.functional.nll_loss(
            torch.tensor(np.log(v["p"])).reshape(-1, 1),
            torch.zeros(len(v["p"])).long(),
            reduction="none",
        ).numpy()
        * v["y"]
    ),
    "kl_divergence_elem": lambda v: special.rel_entr(v["p"], v["q"]),
    "js_divergence_elem": lambda v: (
        (
            special.rel_entr(v["p"], (v["p"] + v["q"]) / 2)
            + special.rel_entr(v["q"], (v["p"] + v["q"]) / 2)
        )
        / 2
    ),
    "mutual_info_bound": _each(lambda r: -np.linalg.slogdet([[1, r], [r, 1]])[1] / 2),
    "entropy_bits": lambda v: stats.entropy(v["p"], base=2),
    "self_information": lambda v: -np.log2(v["p"]),
    "renyi_entropy": lambda v: -math.log(np.trace(np.outer(v["p"], v["p"]))),
    "tsallis_entropy": lambda v: sum(p * (1 - p) for p in v["p"]) + 1 - v["p"].sum(),
    "min_entropy": lambda v: min(-math.log(p) for p in v["p"]),
    "entropy_efficiency": lambda v: special.entr(v["p"]).sum() / np.log(len(v["p"])),
    "joint_entropy": lambda v: stats.entropy(v["P"].ravel()),
    "conditional_entropy": lambda v: np.average(
        stats.entropy(v["P"], axis=1), weights=v["P"].sum(1)
    ),
    "mutual_information": lambda v: _mutual(v["P"]),
    "variation_of_information": lambda v: _bits(_counted(v["P"])[2]) - _mutual(v["P"]),
    "pointwise_mutual_information": _each(
        lambda xy, x, y: math.log(xy) - math.log(x) - math.log(y)
    ),
    "normalized_pmi": _each(lambda xy, x, y: math.log(x * y, xy) - 1),
    "hellinger_distance": lambda v: math.sqrt(
        (v["p"].sum() + v["q"].sum()) / 2 - np.sqrt(v["p"] * v["q"]).sum()
    ),
    "total_variation_distance": lambda v: (
        sum(max(a - b, 0) + max(b - a, 0) for a, b in zip(v["p"], v["q"], strict=True)) / 2
    ),
    "chi_squared_divergence": lambda v: sum(
        q * (p / q - 1) ** 2 for p, q in zip(v["p"], v["q"], strict=True)
    ),
    "bhattacharyya_distance": lambda v: -math.log(np.dot(np.sqrt(v["p"]), np.sqrt(v["q"]))),
    "renyi_divergence": lambda v: -2 * math.log(np.dot(np.sqrt(v["p"]), np.sqrt(v["q"]))),
    "alpha_divergence": lambda v: 4 * (1 - np.dot(np.sqrt(v["p"]), np.sqrt(v["q"]))),
    "jeffreys_divergence": lambda v: (
        special.rel_entr(v["p"], v["q"]) + special.rel_entr(v["q"], v["p"])
    ).sum(),
    "bernoulli_kl": lambda v: (
        special.kl_div(v["p"], v["q"]) + special.kl_div(1 - v["p"], 1 - v["q"])
    ),
    "poisson_kl": lambda v: special.kl_div(v["rate1"], v["rate2"]),
    "exponential_kl": lambda v: torch.distributions.kl_divergence(
        *(torch.distributions.Exponential(torch.tensor(v[n])) for n in ("rate1", "rate2"))
    ).numpy(),
    "gaussian_kl": _by_normal(torch.distributions.kl_divergence),
    "gaussian_kl_diagonal": lambda v: (
        torch.distributions.kl_divergence(
            *(
                Normal(torch.tensor(v[f"mu{i}"]), torch.tensor(np.exp(v[f"log_var{i}"] / 2)))
                for i in (1, 2)
            )
        )
        .sum()
        .item()
    ),
    "gaussian_kl_full": _vectors,
    "dirichlet_kl": _dirichlet,
    "generalized_kl": lambda v: special.kl_div(v["p"], v["q"]).sum(),
    "itakura_saito": lambda v: (v["p"] / v["q"] - np.log(v["p"]) + np.log(v["q"]) - 1).sum(),
    "gaussian_entropy_full": lambda v: stats.multivariate_normal(
        np.zeros(len(v["Sigma"])), v["Sigma"]
    ).entropy(),
    "exponential_entropy": lambda v: stats.expon.entropy(scale=1 / v["lambda_param"]),
    "gaussian_total_correlation": lambda v: (
        sum(stats.norm.entropy(0, math.sqrt(s)) for s in np.diag(v["Sigma"]))
        - stats.multivariate_normal(np.zeros(len(v["Sigma"])), v["Sigma"]).entropy()
    ),
    "wasserstein2_gaussian": _each(lambda a, s, b, t: abs(complex(a - b, s - t))),
    "gamma_kl": lambda v: torch.distributions.kl_divergence(
        *(
            torch.distributions.Gamma(torch.tensor(v[f"alpha{i}"]), torch.tensor(v[f"rate{i}"]))
            for i in (1, 2)
        )
    ).numpy(),
    "laplace_kl": lambda v: torch.distributions.kl_divergence(
        *(
            torch.distributions.Laplace(torch.tensor(v[f"mu{i}"]), torch.tensor(v[f"b{i}"]))
            for i in (1, 2)
        )
    ).numpy(),
    "gamma_entropy": lambda v: stats.gamma.entropy(v["alpha"], scale=1 / v["beta_param"]),
    "gaussian_mechanism_sigma": lambda v: (
        v["sensitivity"] / v["epsilon"] * np.sqrt(np.log(25 / 16) - 2 * np.log(v["delta"]))
    ),
    "frechet_distance": _frechet,
    "maximum_mean_discrepancy": lambda v: (
        _kernel(v["X"], v["X"]) + _kernel(v["Y"], v["Y"]) - 2 * _kernel(v["X"], v["Y"])
    ),
    "energy_distance": lambda v: stats.energy_distance(v["x"], v["y"]) ** 2,
    "donsker_varadhan_bound": lambda v: (
        v["t_joint"].mean()
        - math.log(sum(math.exp(t) for t in v["t_product"]) / len(v["t_product"]))
    ),
    "bernoulli_fisher_information": lambda v: 1 / stats.bernoulli.var(v["p"]),
    "cramer_rao_bound": lambda v: 1 / v["n"] / v["fisher_information"],
    "bsc_capacity": lambda v: 1 - stats.entropy([v["p"], 1 - v["p"]], base=2),
    "gaussian_channel_capacity": lambda v: np.log2(1 + v["power"] / v["noise"]) / 2,
    "shannon_hartley": lambda v: v["bandwidth"] * np.log2(1 + v["snr"]),
    "gaussian_rate_distortion": _each(lambda s, d: math.log2(s / math.sqrt(d)) if s * s > d else 0),
    "gini_impurity": lambda v: 1 - np.dot(v["p"], v["p"]),
    "kraft_sum": lambda v: sum(0.5**n for n in v["lengths"]),
    "pinsker_bound": lambda v: np.hypot(np.sqrt(v["kl"]) / 2, np.sqrt(v["kl"]) / 2),
    "perplexity_from_entropy": lambda v: np.exp2(v["H_bits"]),
}
FLAT = {
    ("kolmogorov_smirnov", "x"),
    ("kolmogorov_smirnov", "y"),
    ("trimmed_mean", "share"),
    ("mann_whitney_u", "x"),
    ("mann_whitney_u", "y"),
    # At mu = 0, its default, the real part is symmetric in mu.
    ("characteristic_normal", "mu"),
}
