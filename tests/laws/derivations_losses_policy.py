"""Second derivations of targets and losses of policies and preferences."""

import numpy as np
import torch
from scipy import special, stats
from torch.nn import functional

from .derivations_losses import tensor

FLAT = {("kto_loss", "y")}


def _fading(values, rate):
    """Σ rate^k x_{t+k} for every t, by a backward loop."""
    total, found = 0.0, []
    for x in values[::-1]:
        total = x + rate * total
        found.append(total)
    return np.array(found[::-1])


def _next(v, worth):
    """Reward plus 0.99 times worth(row), a transition after the other; ends are worth nothing."""
    return np.array(
        [
            r if d else r + 0.99 * worth(i)
            for i, (r, d) in enumerate(zip(v["reward"], v["done"], strict=True))
        ]
    )


def _sweep(v):
    states = range(len(v["V"]))
    return np.array(
        [
            max(
                v["R"][a][s] + 0.99 * sum(v["P"][a][s][t] * v["V"][t] for t in states)
                for a in range(len(v["R"]))
            )
            for s in states
        ]
    )


def _endless(v):
    """The values as a series, Σ γ^k P^k R, summed until nothing changes."""
    term, total = np.array(v["R"]), 0.0
    for _ in range(500):
        total = total + term
        term = 0.9 * v["P"] @ term
    return total


def _quantile_huber(v):
    rows = []
    for y, p, t in zip(v["y"], v["y_pred"], v["tau"], strict=True):
        e = y - p
        rows.append((t if e >= 0 else 1 - t) * special.huber(1.0, e))
    return np.mean(rows)


def _surrogate(ratio, a):
    """PPO's objective by cases instead of by minima."""
    if a >= 0:
        return (1.2 if ratio > 1.2 else ratio) * a
    return (0.8 if ratio < 0.8 else ratio) * a


def _ratios(v):
    return np.exp(v["logp"]) / np.exp(v["logp_old"])


def _clipped(v):
    return np.array([_surrogate(r, a) for r, a in zip(_ratios(v), v["advantage"], strict=True)])


def _k3(v):
    ratio = np.exp(v["logp_ref"]) / np.exp(v["logp"])
    return ratio - 1 - np.log(ratio)


def _gain(v):
    return np.log(np.exp(v["logp_w"] - v["ref_w"]) / np.exp(v["logp_l"] - v["ref_l"]))


def _kto(v):
    rows = []
    for a, b, y in zip(v["logp"], v["logp_ref"], v["y"], strict=True):
        s = special.expit(0.1 * (a - b - v["z0"]))
        rows.append(1 - s if y else s)
    return np.mean(rows)


def _tanh_normal(v):
    base = torch.distributions.Normal(tensor(v["mu"]), tensor(v["sigma"]))
    made = torch.distributions.TransformedDistribution(
        base, [torch.distributions.transforms.TanhTransform(cache_size=1)]
    )
    return made.log_prob(made.transforms[0](tensor(v["u"]))).sum(-1)


def _value_clip(v):
    rows = []
    for new, old, r in zip(v["value"], v["value_old"], v["returns"], strict=True):
        near = old + (0.2 if new - old > 0.2 else -0.2 if new - old < -0.2 else new - old)
        rows.append(max(abs(new - r), abs(near - r)) ** 2 / 2)
    return np.mean(rows)


DERIVATIONS = {
    "discounted_return": lambda v: np.polynomial.polynomial.polyval(0.99, v["reward"]),
    "rewards_to_go": lambda v: _fading(v["reward"], 0.99),
    "td_error": lambda v: np.where(
        v["done"] == 1, v["reward"] - v["v"], v["reward"] - v["v"] + 0.99 * v["v_next"]
    ),
    "generalized_advantage": lambda v: _fading(v["delta"], 0.99 * 0.95),
    "q_learning_target": lambda v: _next(v, lambda i: max(v["q_next"][i])),
    "expected_sarsa_target": lambda v: _next(v, lambda i: np.dot(v["policy"][i], v["q_next"][i])),
    "dueling_q": lambda v: np.array(
        [s + (a - sum(a) / len(a)) for s, a in zip(v["value"], v["advantage"], strict=True)]
    ),
    "bellman_optimality": _sweep,
    "policy_value": _endless,
    "soft_value": lambda v: [
        np.dot(special.softmax(2 * q), q) + 0.5 * stats.entropy(special.softmax(2 * q))
        for q in v["q"]
    ],
    "cql_penalty": lambda v: np.mean(
        [np.log(np.exp(q - d).sum()) for q, d in zip(v["q"], v["q_data"], strict=True)]
    ),
    "quantile_huber_loss": _quantile_huber,
    "policy_gradient_loss": lambda v: np.dot(v["logp"], v["advantage"]) / -len(v["logp"]),
    "a2c_loss": lambda v: np.mean(
        [
            0.5 * (r - x) ** 2 - p * a - 0.01 * e
            for p, a, r, x, e in zip(*(v[n] for n in v), strict=True)
        ]
    ),
    "ppo_clip_loss": lambda v: -_clipped(v).mean(),
    "ppo_value_loss": _value_clip,
    "ppo_kl_loss": lambda v: np.mean(0.5 * np.log(1 / _ratios(v)) - _ratios(v) * v["advantage"]),
    "kl_estimator_k3": lambda v: _k3(v).mean(),
    "sac_target": lambda v: _next(v, lambda i: min(v["q1"][i], v["q2"][i]) - 0.2 * v["logp"][i]),
    "sac_actor_loss": lambda v: np.mean(
        [0.2 * p - (a if a < b else b) for p, a, b in zip(v["logp"], v["q1"], v["q2"], strict=True)]
    ),
    "sac_temperature_loss": lambda v: 0.2 - 0.2 * np.mean(v["logp"]),
    "td3_target": lambda v: _next(
        v, lambda i: (v["q1"][i] + v["q2"][i] - abs(v["q1"][i] - v["q2"][i])) / 2
    ),
    "td3_target_action": lambda v: functional.hardtanh(
        tensor(v["mu"]) + functional.hardtanh(tensor(v["noise"]), -0.5, 0.5)
    ),
    "vtrace_delta": lambda v: np.array(
        [
            (1.0 if p > b else np.exp(p) / np.exp(b)) * (r + 0.99 * w - x)
            for p, b, r, w, x in zip(*(v[n] for n in v), strict=True)
        ]
    ),
    "awr_loss": lambda v: (
        -np.mean(
            [
                (20.0 if a > np.log(20) else np.e**a) * p
                for p, a in zip(v["logp"], v["advantage"], strict=True)
            ]
        )
    ),
    "tanh_normal_log_prob": _tanh_normal,
    "puct_score": lambda v: np.array(
        [
            q + 1.25 * p * m**0.5 / (n + 1)
            for q, p, n, m in zip(*(v[k] for k in ("q", "prior", "n", "n_total")), strict=True)
        ]
    ),
    "dpo_loss": lambda v: -np.mean(special.log_expit(0.1 * _gain(v))),
    "conservative_dpo_loss": lambda v: functional.binary_cross_entropy_with_logits(
        tensor(0.1 * _gain(v)), torch.full((len(v["ref_w"]),), 0.9, dtype=torch.float64)
    ),
    "ipo_loss": lambda v: np.mean([(g - 5) ** 2 for g in _gain(v)]),
    "kto_loss": _kto,
    "orpo_loss": lambda v: (
        -np.mean(
            v["logp_w"]
            + 0.1
            * special.log_expit(
                special.logit(np.exp(v["logp_w"])) - special.logit(np.exp(v["logp_l"]))
            )
        )
    ),
    "simpo_loss": lambda v: (
        -np.mean(
            special.log_expit(
                2 * (np.divide(v["logp_w"], v["len_w"]) - np.divide(v["logp_l"], v["len_l"])) - 1
            )
        )
    ),
    "slic_loss": lambda v: (
        functional.margin_ranking_loss(
            tensor(v["logp_w"]), tensor(v["logp_l"]), torch.ones(len(v["logp_w"])), margin=1.0
        )
        - 0.5 * np.mean(v["logp_ref"])
    ),
    "grpo_advantage": lambda v: np.array([(r - r.mean()) / (r.std() + 1e-4) for r in v["reward"]]),
    "grpo_loss": lambda v: 0.04 * _k3(v).mean() - _clipped(v).mean(),
}
