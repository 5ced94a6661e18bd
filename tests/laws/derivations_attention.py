"""Second derivations of attention: torch's own, loops over queries and keys, complex numbers."""

import math

import numpy as np
import torch
from scipy import special, stats
from torch.nn import functional


def _t(x):
    return torch.as_tensor(np.asarray(x, float))


def _torch(v, **options):
    Q, K, V = (_t(v[n])[None] for n in ("Q", "K", "V"))
    return functional.scaled_dot_product_attention(Q, K, V, **options).numpy()


def _near(v):
    places = torch.arange(3)
    return _torch(v, attn_mask=(places[:, None] - places).abs() <= 1)


def _looked(v, scores):
    """The mean of the values under weights e to the scores."""
    return np.average(v["V"], axis=0, weights=np.exp(scores))


def _multi(v):
    X = _t(v["X"])[:, None]
    parts = torch.cat([_t(v[n]).T for n in ("W_q", "W_k", "W_v")])
    zeros = torch.zeros(12, dtype=torch.float64)
    return functional.multi_head_attention_forward(
        X, X, X, 4, 2, parts, zeros, None, None, False, 0.0, _t(v["W_o"]).T, zeros[:4]
    )[0].numpy()


def _heads(v, queries, shared):
    """Head after head; `shared` query heads look into the same keys and values."""
    Q, K, V = (v["X"] @ v[n] for n in ("W_q", "W_k", "W_v"))
    width = Q.shape[1] // queries
    found = []
    for head in range(queries):
        own = Q[:, head * width : (head + 1) * width]
        at = slice(head // shared * width, (head // shared + 1) * width)
        found.append(special.softmax(own @ K[:, at].T / math.sqrt(width), axis=1) @ V[:, at])
    return np.concatenate(found, axis=1)


def _linear(v):
    q, k = (functional.elu(_t(v[n])).numpy() + 1 for n in ("Q", "K"))
    return [np.average(v["V"], axis=0, weights=[np.vdot(a, b) for b in k]) for a in q]


def _retained(v):
    """The recurrence, token after token."""
    S, found = np.zeros((2, 2)), []
    for q, k, value in zip(v["Q"], v["K"], v["V"], strict=True):
        S = 0.9 * S + np.outer(k, value)
        found.append(q @ S)
    return found


def _biased(v):
    return [
        [np.vdot(q, k) / math.sqrt(2) - 0.25 * abs(i - j) for j, k in enumerate(v["K"])]
        for i, q in enumerate(v["Q"])
    ]


def _turned(v):
    """Pairs as complex numbers, times e^(iθ)."""
    pairs = v["x"][:, ::2] + 1j * v["x"][:, 1::2]
    angles = np.multiply.outer(np.arange(3), [1.0, 0.01])
    turned = pairs * np.exp(1j * angles)
    return np.stack([turned.real, turned.imag], -1).reshape(3, 4)


def _cosines(v):
    shares = functional.cosine_similarity(_t(v["Q"])[:, None], _t(v["K"])[None], dim=-1)
    return [_looked(v, 4 * row) for row in shares.numpy()]


def _sink(v):
    """One more key with the score 0 and the value 0."""
    scores = np.einsum("iq,jq->ij", v["Q"], v["K"]) / math.sqrt(2)
    shares = special.softmax(np.c_[scores, np.zeros(3)], axis=1)
    return shares @ np.r_[v["V"], np.zeros((1, 2))]


def _difference(v):
    one = _torch({"Q": v["Q1"], "K": v["K1"], "V": v["V"]})
    return one - 0.8 * _torch({"Q": v["Q2"], "K": v["K2"], "V": v["V"]})


def _graph(v):
    found = np.zeros((3, 3))
    for i in range(3):
        near = [j for j in range(3) if v["A"][i, j] or i == j]
        sums = [v["H"][i] @ v["a"] + v["H"][j] @ v["b"] for j in near]
        found[i, near] = special.softmax(functional.leaky_relu(_t(sums), 0.2).numpy())
    return found


DERIVATIONS = {
    "attention_weights": lambda v: _torch({**v, "V": np.eye(4)}),
    "additive_attention": lambda v: _looked(
        v, [v["w"] @ np.tanh(k @ v["U"] + v["q"] @ v["W"]) for k in v["K"]]
    ),
    "multiplicative_attention": lambda v: _looked(
        v, np.einsum("jq,qp,p->j", v["K"], v["W"], v["q"])
    ),
    "causal_attention": lambda v: _torch(v, is_causal=True),
    "masked_attention": lambda v: _torch(v, attn_mask=_t(v["mask"])[None] > 0),
    "sliding_window_attention": _near,
    "multi_head_attention": _multi,
    "grouped_query_attention": lambda v: _heads(v, 4, 2),
    "multi_query_attention": lambda v: _heads(v, 2, 2),
    "linear_attention": _linear,
    "linear_attention_state": lambda v: [
        row + k * v["v"] for row, k in zip(v["S"], v["k"], strict=True)
    ],
    "retention_state": lambda v: 0.9 * v["S"] + np.multiply.outer(v["k"], v["v"]),
    "gated_linear_attention_state": lambda v: (
        np.diag(v["a"]) @ v["S"] + np.einsum("i,j", v["k"], v["v"])
    ),
    "delta_rule_state": lambda v: (
        v["S"] @ (np.eye(3) - np.outer(v["k"], v["k"]) / 2) + np.outer(v["v"], v["k"]) / 2
    ),
    "retention": _retained,
    "alibi_scores": _biased,
    "alibi_slope": lambda v: np.exp2(-v["head"] / v["n_heads"]) ** 8,
    "rope": _turned,
    "rope_frequency": lambda v: np.exp(-2 * np.log(10000) * v["i"] / v["d_model"]),
    "yarn_temperature": lambda v: 1 + np.log10(v["scale"]) / np.log10(np.e) / 10,
    "logit_softcap": lambda v: 60 * special.expit(v["x"] / 15) - 30,
    "qk_norm_attention": _cosines,
    "sink_attention": _sink,
    "differential_attention": _difference,
    "graph_attention": _graph,
    "attention_rollout": lambda v: (v["R"] + v["A"] @ v["R"]) / 2,
    "attention_entropy": lambda v: [stats.entropy(row) for row in v["A"]],
    "attention_flops": lambda v: [
        2 * (n * n * d) + 2 * (n * d * n) for n, d in zip(*v.values(), strict=True)
    ],
}

FLAT = {("graph_attention", "A"), ("masked_attention", "mask")}
