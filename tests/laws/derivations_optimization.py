"""Second derivations of optimiser steps, schedules and landscapes."""

import math

import numpy as np
import torch
from scipy import linalg

B1, B2 = 0.9, 0.999


def _torch_step(kind, state, **options):
    """Return one torch step, element by element or of a whole array."""

    def step(v):
        w = torch.tensor(np.asarray(v["w"], float), requires_grad=True)
        made = kind([w], **options)
        w.grad = torch.tensor(np.asarray(v["grad"], float))
        made.state[w] = {
            k: torch.tensor(np.array(v[n] if isinstance(n, str) else n(v), float))
            for k, n in state.items()
        }
        made.step()
        return w.detach().numpy()

    def rows(v):
        count = len(v["w"])
        return np.array([step({n: x[i] for n, x in v.items()}) for i in range(count)])

    return rows


def _before(v):
    return v["t"] - 1


def _loop(one):
    """Return a function of arrays from one of Python numbers."""

    def rows(v):
        shape = np.shape(next(iter(v.values())))
        flat = [{n: float(np.ravel(x)[i]) for n, x in v.items()} for i in range(math.prod(shape))]
        return np.reshape([one(**f) for f in flat], shape)

    return rows


def _nadam(w, grad, m, v, t):
    """Dozat's two hats: the next step's correction for m, this step's for the gradient."""
    m, v = m + (1 - B1) * (grad - m), v + (1 - B2) * (grad * grad - v)
    look = B1 * m / math.fsum([1, -(B1 ** (t + 1))]) + (1 - B1) * grad / (1 - B1**t)
    return w - 0.001 * look / (math.sqrt(v / (1 - B2**t)) + 1e-8)


def _trust(t):
    """Return the length of the equivalent simple moving average."""
    longest = 2 / (1 - B2) - 1
    return longest, longest - 2 * t / (B2**-t - 1)


def _rectification(t):
    longest, now = _trust(t)
    if now <= 5:
        return 0.0
    parts = ((now - 4) / (longest - 4), (now - 2) / (longest - 2), longest / now)
    return math.sqrt(math.prod(parts))


def _adabelief(w, grad, m, s, t):
    m = m + (1 - B1) * (grad - m)
    s = s + (1 - B2) * ((grad - m) ** 2 - s) + 1e-8
    return w - 0.001 * (m / (1 - B1**t)) / (1e-8 + (s / (1 - B2**t)) ** 0.5)


def _yogi(w, grad, m, v):
    square = grad * grad
    v = v + 0.001 * square if square > v else v - 0.001 * square if square < v else v
    return w - 0.01 * (0.9 * m + 0.1 * grad) / (v**0.5 + 1e-3)


def _lion(w, grad, m):
    update = 9 * m + grad
    return 0.99999 * w - math.copysign(1e-4, update) * (update != 0)


def _rprop(grad, grad_old, delta):
    turn = np.sign(grad) * np.sign(grad_old)
    return float(np.clip(delta * {1.0: 1.2, 0.0: 1.0, -1.0: 0.5}[turn], 1e-6, 50))


def _adan(w, grad, grad_old, m, d, n):
    change = grad - grad_old
    m, d = (
        np.average([m, grad], weights=[0.98, 0.02]),
        np.average([d, change], weights=[0.92, 0.08]),
    )
    n = np.average([n, (grad + 0.92 * change) ** 2], weights=[0.99, 0.01])
    return (w - 1e-3 / (math.sqrt(n) + 1e-8) * (m + 0.92 * d)) / 1.00002


def _sophia(w, grad, m, h):
    ratio = (0.96 * m + 0.04 * grad) / max(0.01 * h, 1e-12)
    return w * (1 - 1e-4) - 1e-3 * float(np.clip(ratio, -1, 1))


def _adafactor(v):
    square = v["grad"] ** 2
    rows = 0.99 * v["R"][:, 0] + 0.01 * square.sum(1) / square.shape[1]
    columns = 0.99 * v["C"][0] + 0.01 * square.sum(0) / square.shape[0]
    u = v["grad"] / np.sqrt(np.einsum("i,j->ij", rows, columns) / rows.mean())
    return v["w"] - 0.01 * u / max(1.0, np.linalg.norm(u) / math.sqrt(u.size))


def _lamb(v):
    """AdamW's torch step gives the direction; the ratio of lengths is put on it."""
    step = _torch_step(torch.optim.Adam, {"exp_avg": "m", "exp_avg_sq": "v", "step": _before}, lr=1)
    many = {n: np.asarray(v[n])[None] for n in ("w", "grad", "m", "v")}
    adam = v["w"] - step({**many, "t": np.asarray([v["t"]])})[0]
    r = adam + 0.01 * v["w"]
    return v["w"] - 0.001 * np.linalg.norm(v["w"]) * r / np.linalg.norm(r)


def _lars(v):
    length, steep = np.linalg.norm(v["w"]), np.linalg.norm(v["grad"])
    local = 0.001 * length / (steep + 1e-4 * length)
    velocity = 0.9 * v["v"] + local * (v["grad"] + 1e-4 * v["w"])
    return v["w"] - velocity


def _singular(polynomial):
    """Return a function that applies an odd polynomial to the singular values."""

    def value(v):
        u, s, vt = np.linalg.svd(v["X"], full_matrices=False)
        return (u * np.polyval(polynomial, s)) @ vt

    return value


def _agc(v):
    rows = [
        g if np.linalg.norm(g) <= (cap := 0.01 * max(np.linalg.norm(w), 1e-3))
        else g / np.linalg.norm(g) * cap
        for w, g in zip(v["w"], v["grad"], strict=True)
    ]  # fmt: skip
    return np.array(rows)


def _dp_sgd(v):
    clipped = [g * min(1.0, 1 / np.linalg.norm(g)) for g in v["G"]]
    return (sum(clipped) + v["noise"]) / len(clipped)


def _pcgrad(v):
    g, other = v["g_i"], v["g_j"]
    if g @ other >= 0:
        return g
    return g - np.outer(other, other) @ g / np.linalg.norm(other) ** 2


DERIVATIONS = {
    "momentum_dampened_step": _torch_step(
        torch.optim.SGD, {"momentum_buffer": "v"}, lr=0.01, momentum=0.9, dampening=0.1
    ),
    "sgdw_step": _loop(lambda w, grad, v: w * (1 - 1e-4) - np.dot([0.009, 0.01], [v, grad])),
    "qhm_step": _loop(
        lambda w, grad, m: (
            w - 0.1 * np.average([grad, 0.999 * m + 0.001 * grad], weights=[0.3, 0.7])
        )
    ),
    "adadelta_step": _torch_step(
        torch.optim.Adadelta, {"square_avg": "v", "acc_delta": "u", "step": lambda v: 3.0}
    ),
    "adamax_step": _torch_step(
        torch.optim.Adamax, {"exp_avg": "m", "exp_inf": "u", "step": _before}
    ),
    "nadam_step": _loop(_nadam),
    "radam_rectification": _loop(_rectification),
    "radam_step": _torch_step(
        torch.optim.RAdam, {"exp_avg": "m", "exp_avg_sq": "v", "step": _before}
    ),
    "amsgrad_step": _torch_step(
        torch.optim.Adam,
        {"exp_avg": "m", "exp_avg_sq": "v", "max_exp_avg_sq": "v_max", "step": _before},
        amsgrad=True,
    ),
    "adabelief_step": _loop(_adabelief),
    "yogi_step": _loop(_yogi),
    "lion_step": _loop(_lion),
    "signsgd_step": _loop(lambda w, grad: w + 0.001 * ((grad < 0) - (grad > 0))),
    "rprop_step_size": _loop(_rprop),
    "adan_step": _loop(_adan),
    "sophia_step": _loop(_sophia),
    "adafactor_second_moment": lambda v: np.kron(v["R"], v["C"]) / np.add.reduce(v["R"], None),
    "adafactor_step": _adafactor,
    "lamb_step": _lamb,
    "lars_step": _lars,
    "muon_newton_schulz": _singular([2.0315, 0, -4.775, 0, 3.4445, 0]),
    "newton_schulz_polar": _singular([-0.5, 0, 1.5, 0]),
    "muon_step": lambda v: v["W"] * 0.998 - 0.004 * math.sqrt(max(v["W"].shape)) * v["O"],
    "polyak_average": _loop(lambda w_mean, w, n: np.average([w_mean, w], weights=[n, 1]).item()),
    "schedule_free_point": _loop(lambda z, x: x + 0.1 * (z - x)),
    "schedule_free_step": _loop(
        lambda x, z, grad, t: np.average([x, z - grad / 10], weights=[t, 1]).item()
    ),
    "sam_perturbation": lambda v: v["grad"] * 0.05 / math.hypot(*v["grad"]),
    "asam_perturbation": lambda v: (
        0.5 * v["w"] * (v["w"] * v["grad"]) / math.hypot(*(v["w"] * v["grad"]))
    ),
    "gradient_centralization": lambda v: (
        v["grad"] @ (np.eye(v["grad"].shape[1]) - 1 / v["grad"].shape[1])
    ),
    "gradient_noise": _loop(
        lambda grad, noise, t: (
            grad + noise * math.exp(0.5 * math.log(0.3) - 0.275 * math.log(1 + t))
        )
    ),
    "gradient_accumulation": lambda v: np.average(v["G"], axis=0, weights=v["n"]),
    "adaptive_gradient_clip": _agc,
    "dp_sgd_gradient": _dp_sgd,
    "svrg_gradient": _loop(
        lambda grad, grad_snapshot, grad_full: math.fsum([grad, -grad_snapshot, grad_full])
    ),
    "pcgrad_projection": _pcgrad,
    "evolution_strategies_gradient": lambda v: np.mean(
        [10 * f * e for f, e in zip(v["F"], v["E"], strict=True)], axis=0
    ),
    "spsa_gradient": lambda v: (v["f_plus"] - v["f_minus"]) * 50 / v["delta"],
    "polyak_step_size": lambda v: (v["f"] - v["f_min"]) / np.linalg.norm(v["grad"]) ** 2,
    "barzilai_borwein_step_size": lambda v: linalg.lstsq(v["s"][:, None], v["y"])[0] ** -1,
    "cg_step_size": lambda v: (
        np.einsum("i,i", v["r"], v["r"]) / np.einsum("i,ij,j", v["p"], v["A"], v["p"])
    ),
    "fletcher_reeves_beta": lambda v: (
        (np.linalg.norm(v["grad"]) / np.linalg.norm(v["grad_old"])) ** 2
    ),
    "polak_ribiere_beta": lambda v: np.clip(
        sum(g * (g - o) for g, o in zip(v["grad"], v["grad_old"], strict=True))
        / np.linalg.norm(v["grad_old"]) ** 2,
        0,
        None,
    ),
}
FLAT = {
    *(("lion_step", n) for n in ("grad", "m", "beta1")),
    ("signsgd_step", "grad"),
    ("rprop_step_size", "grad"),
    ("rprop_step_size", "grad_old"),
}
