"""Second derivations of layers and recurrent cells: torch's own layers, loops, hand sums."""

import math

import numpy as np
import torch
from scipy import linalg, special


def _t(x):
    return torch.as_tensor(np.asarray(x, float))


def _lstm(v):
    state = (_t(v["h"])[None], _t(v["c"])[None])
    W, U = (_t(v[n]).reshape(-1, np.shape(v[n])[-1]) for n in "WU")
    bias = _t(v["b"]).reshape(-1)
    return torch.lstm_cell(_t(v["x"])[None], state, W, U, bias, torch.zeros_like(bias))[0].numpy()


def _gru(v):
    W, U = (_t(v[n]).reshape(-1, np.shape(v[n])[-1]) for n in "WU")
    b, c = (_t(v[n]).reshape(-1) for n in "bc")
    return torch.gru_cell(_t(v["x"])[None], _t(v["h"])[None], W, U, b, c).numpy()


def _rnn(v):
    zero = torch.zeros(2, dtype=torch.float64)
    x, h, W, U, b = (_t(v[n]) for n in "xhWUb")
    return torch.rnn_tanh_cell(x[None], h[None], W, U, b, zero).numpy()


def _sum(v, *pairs):
    """Products of matrices and vectors, added up one number after the other."""
    size = len(v[pairs[0][0]])
    return np.array(
        [sum(v[M][i][j] * v[x][j] for M, x in pairs for j in range(len(v[x]))) for i in range(size)]
    )


def _minimal(v):
    f = special.expit(_sum(v, "Wx", "Uh") + v["b"])
    new = np.tanh(_sum({**v, "k": f * v["h"]}, "Vx", "Rk") + v["c"])
    return v["h"] + f * (new - v["h"])


def _hold(v):
    """The exact solution of h' = a h + b x after δ, by the exponential of a matrix."""
    found = []
    for x, h, a, b, d in zip(*(v[n] for n in ("x", "h", "a", "b", "delta")), strict=True):
        moved = linalg.expm(d * np.array([[a, b], [0, 0]]))
        found.append(moved[0] @ [h, x])
    return found


def _implicit(v):
    """h₁ − h₀ = δ (a (h₁ + h₀) / 2 + b x), solved for h₁ as a linear equation."""
    found = []
    for x, h, a, b, d in zip(*(v[n] for n in ("x", "h", "a", "b", "delta")), strict=True):
        found.append(np.linalg.solve([[1 - d * a / 2]], [h + d * (a * h / 2 + b * x)])[0])
    return found


def _pulse(v):
    """A recurrence that gets a 1 and then zeros."""
    answers = []
    for k in v["k"][:, 0]:
        h = v["b"].copy()
        for _ in range(int(k)):
            h = v["a"] * h
        answers.append(np.vdot(v["c"], h))
    return answers


def _highway(v):
    t = special.expit(_sum(v, ("T_gate", "x")) + v["c"])
    return v["x"] + t * (np.tanh(_sum(v, "Wx") + v["b"]) - v["x"])


def _count(make):
    """Parameters of torch's own module."""

    def count(values):
        rows = zip(*(np.asarray(v, int) for v in values.values()), strict=True)
        return [_numbers(make, row) for row in rows]

    return count


def _numbers(make, row):
    with torch.device("meta"):
        return float(sum(math.prod(p.shape) for p in make(*map(int, row)).parameters()))


def _recurrent(kind):
    """torch's recurrent layers have a second bias, which does not count here."""

    def count(n_in, n_hidden):
        made = kind(n_in, n_hidden)
        del made.bias_hh_l0
        return made

    return count


DERIVATIONS = {
    "rnn_cell": _rnn,
    "recurrent_gate": lambda v: special.expit(_sum(v, "Wx", "Uh") + v["b"]),
    "peephole_gate": lambda v: (
        (1 + np.tanh((_sum(v, "Wx", "Uh") + v["peep"] * v["c"] + v["b"]) / 2)) / 2
    ),
    "lstm_cell_state": lambda v: [
        np.vdot(a, b)
        for a, b in zip(np.transpose([v["f"], v["i"]]), np.transpose([v["c"], v["g"]]), strict=True)
    ],
    "lstm_hidden": lambda v: v["o"] * (2 * special.expit(2 * v["c"]) - 1),
    "lstm_step": _lstm,
    "gru_candidate": lambda v: np.tanh(_sum({**v, "k": v["r"] * v["h"]}, "Wx", "Uk") + v["b"]),
    "gru_state": lambda v: v["n"] + v["z"] * (v["h"] - v["n"]),
    "gru_step": _gru,
    "minimal_gated_unit": _minimal,
    "echo_state_update": lambda v: 0.7 * v["h"] + 0.3 * np.tanh(_sum(v, "Wx", "Uh")),
    "hopfield_energy": lambda v: (
        -0.5
        * sum(
            w * a * b
            for row, a in zip(v["W"], v["s"], strict=True)
            for w, b in zip(row, v["s"], strict=True)
        )
        - np.vdot(v["b"], v["s"])
    ),
    "modern_hopfield_update": lambda v: np.average(
        v["X"], axis=0, weights=np.exp(np.einsum("ij,j", v["X"], v["s"]))
    ),
    "ode_euler_step": lambda v: v["h"] + 0.1 * np.tanh(_sum(v, "Wh") + v["b"]),
    "ctrnn_step": lambda v: (
        0.95 * v["h"] + 0.05 * (_sum({**v, "k": np.tanh(v["h"])}, "Wk") + v["x"])
    ),
    "lif_step": lambda v: [
        0.9 * a + b - (1 if a > 1 else 0) for a, b in zip(v["v"], v["x"], strict=True)
    ],
    "ssm_step": _hold,
    "ssm_bilinear_step": _implicit,
    "ssm_output": lambda v: np.einsum("i,i", v["c"], v["h"]) + v["x"],
    "ssm_kernel": _pulse,
    "rg_lru_step": lambda v: v["a"] * v["h"] + np.sin(np.arccos(v["a"])) * v["i"] * v["x"],
    "highway_layer": _highway,
    "residual_block": lambda v: torch.nn.functional.linear(
        torch.relu(torch.nn.functional.linear(_t(v["x"]), _t(v["W"]), _t(v["b"]))),
        _t(v["V"]),
        _t(v["x"] + v["c"]),
    ).numpy(),
    "dense_layer": lambda v: torch.addmm(_t(v["b"]), _t(v["X"]), _t(v["W"])).numpy(),
    "feed_forward": lambda v: torch.addmm(
        _t(v["c"]), torch.addmm(_t(v["b"]), _t(v["X"]), _t(v["W"])).relu(), _t(v["V"])
    ).numpy(),
    "embedding_lookup": lambda v: torch.nn.functional.embedding(
        torch.as_tensor(v["index"].astype(int)), _t(v["E_table"])
    ).numpy(),
    "dense_params": _count(torch.nn.Linear),
    "conv2d_params": _count(lambda i, o, h, w: torch.nn.Conv2d(i, o, (h, w))),
    "lstm_params": _count(_recurrent(torch.nn.LSTM)),
    "gru_params": _count(_recurrent(torch.nn.GRU)),
    "attention_params": _count(lambda d: torch.nn.MultiheadAttention(d, 1)),
    "conv2d_flops": lambda v: 2 * np.prod([*v.values(), v["kernel"]], axis=0),
}

FLAT = {("embedding_lookup", "index")}
