"""Second derivations of normalisation, adaptation, quantisation and graphs: torch, loops."""

import math

import numpy as np
import torch
from scipy import linalg, special
from torch.nn import functional
from torch.nn.utils import parametrizations


def _t(x):
    return torch.as_tensor(np.asarray(x, float))


def _batch(v):
    return functional.batch_norm(
        _t(v["X"]), None, None, _t(v["gamma"]), _t(v["beta"]), training=True
    ).numpy()


def _weight_norm(v):
    layer = torch.nn.Linear(4, 3, bias=False, dtype=torch.float64)
    made = parametrizations.weight_norm(layer)
    with torch.no_grad():
        made.parametrizations.weight.original0.copy_(_t(v["g"])[:, None])
        made.parametrizations.weight.original1.copy_(_t(v["V"]))
        return made.weight.numpy()


def _response(v):
    """torch's layer, channels along the second axis."""
    return functional.local_response_norm(_t(v["x"])[None, :, None], 3, 1e-4, 0.75, 1.0).numpy()


def _standard(rows, eps=1e-5):
    """Mean 0 and variance 1 along the last axis, by central sums."""
    gap = rows - np.average(rows, axis=-1)[..., None]
    return gap / np.sqrt(np.average(gap * gap, axis=-1) + eps)[..., None]


def _adain(v):
    spread = np.sqrt(np.average((v["y"] - v["y"].mean(1)[:, None]) ** 2, axis=1) + 1e-5)
    return _standard(v["x"]) * spread[:, None] + v["y"].mean(1)[:, None]


def _response_norm(v):
    lengths = [math.dist(c, np.zeros_like(c)) for c in v["x"].T]
    shares = np.array(lengths) / (sum(lengths) / len(lengths) + 1e-6)
    return v["x"] * (1 + v["gamma"] * shares) + v["beta"]


def _squeeze(v):
    hidden = np.maximum(np.einsum("qp,pm->q", v["W"], v["x"]) / v["x"].shape[1], 0)
    return v["x"] * special.expit(np.einsum("pq,q->p", v["V"], hidden))[:, None]


def _experts(v):
    shares = special.softmax([row @ v["x"] for row in v["G"]])
    return sum(s * (E @ v["x"]) for s, E in zip(shares, v["E_maps"], strict=True))


def _two(v):
    best = np.argsort(v["x"])[-2:]
    found = np.zeros(len(v["x"]))
    found[best] = special.softmax(v["x"][best])
    return found


def _merged(scale):
    return lambda v: v["W"] + scale * np.einsum("mq,qp->mp", v["B"], v["A"])


def _dora(v):
    moved = _merged(1)(v)
    return np.transpose([m * c / linalg.norm(c) for m, c in zip(v["m"], moved.T, strict=True)])


def _bankers(x):
    """Rounding of halves to even, by Python."""
    return np.array([float(round(float(e))) for e in np.ravel(x)]).reshape(np.shape(x))


def _ternary(v):
    size = sum(abs(w) for w in np.ravel(v["W"])) / v["W"].size + 1e-5
    return np.clip(_bankers(v["W"] / size), -1, 1)


def _gcn(v):
    A = v["A"] + np.eye(4)
    rows, columns = (np.diag(A.sum(axis) ** -0.5) for axis in (1, 0))
    return rows @ A @ columns @ v["X"] @ v["W"]


def _neighbours(v):
    found = 1.1 * v["X"]
    for i, j in np.argwhere(v["A"]):
        found[i] = found[i] + v["X"][j]
    return found


DERIVATIONS = {
    "batch_norm": _batch,
    "group_norm": lambda v: functional.group_norm(
        _t(v["x"]), 3, _t(v["gamma"]), _t(v["beta"])
    ).numpy(),
    "instance_norm": lambda v: functional.instance_norm(
        _t(v["x"])[None], weight=_t(v["gamma"]), bias=_t(v["beta"])
    ).numpy(),
    "weight_norm": _weight_norm,
    "spectral_norm_weight": lambda v: v["W"] / np.linalg.norm(v["W"], 2),
    "weight_standardization": lambda v: _standard(v["W"]),
    "local_response_norm": _response,
    "scale_norm": lambda v: 2 * functional.normalize(_t(v["x"]), dim=0).numpy(),
    "dynamic_tanh": lambda v: v["gamma"] * (2 * special.expit(v["x"]) - 1) + v["beta"],
    "adain": _adain,
    "global_response_norm": _response_norm,
    "lora_forward": lambda v: _merged(8)(v) @ v["x"],
    "lora_merge": _merged(8),
    "rslora_merge": _merged(16 / math.sqrt(2)),
    "dora_merge": _dora,
    "film": lambda v: [
        g * row + b for g, row, b in zip(v["gamma"], v["x"], v["beta"], strict=True)
    ],
    "squeeze_excitation": _squeeze,
    "mixture_of_experts": _experts,
    "top2_gating": _two,
    "task_arithmetic": lambda v: np.einsum(
        "i,i...", [1, 0.4, -0.4], np.array([v["W"], v["W_tuned"], v["W_base"]])
    ),
    "absmax_quantize": lambda v: _bankers(v["x"] * (127 / np.linalg.norm(v["x"], np.inf))),
    "affine_quantize": lambda v: (
        128 + 32 * torch.fake_quantize_per_tensor_affine(_t(v["x"]), 1 / 32, 128, 0, 255).numpy()
    ),
    "dequantize": lambda v: [int(q) / 32 - 4 for q in v["q"]],
    "ternary_weights": _ternary,
    "binary_weights": lambda v: np.copysign(np.linalg.norm(np.ravel(v["W"]), 1) / 12, v["W"]),
    "stochastic_rounding": lambda v: [
        0.3 * (math.floor(x / 0.3) + (u >= 1 - x / 0.3 % 1))
        for x, u in zip(*v.values(), strict=True)
    ],
    "wanda_score": lambda v: np.einsum("mp,p->mp", np.abs(v["W"]), np.sqrt(np.sum(v["X"] ** 2, 0))),
    "gcn_layer": _gcn,
    "gin_aggregate": _neighbours,
}

FLAT = {
    ("absmax_quantize", "x"),
    *(("affine_quantize", n) for n in ("x", "scale")),
    ("fake_quantize", "x"),
    *(("ternary_weights", n) for n in ("W", "eps")),
    *(("stochastic_rounding", n) for n in ("x", "u")),
}
