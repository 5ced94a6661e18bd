"""The update rules as others have them: torch's own, and plain readings of three papers."""

from __future__ import annotations

import math

import numpy as np
import torch

# Our name → torch's class, our settings, torch's settings for the same.
BETAS = ({"b1": 0.8, "b2": 0.95, "eps": 1e-6}, {"betas": (0.8, 0.95), "eps": 1e-6})
TWINS = {
    "sgd": ("SGD", {}, {}),
    "momentum": ("SGD", {"mu": 0.8}, {"momentum": 0.8}),
    "nesterov": ("SGD", {"mu": 0.8}, {"momentum": 0.8, "nesterov": True}),
    "adagrad": ("Adagrad", {"eps": 1e-6}, {"eps": 1e-6}),
    "adadelta": ("Adadelta", {"rho": 0.8, "eps": 1e-4}, {"rho": 0.8, "eps": 1e-4}),
    "rmsprop": ("RMSprop", {"rho": 0.95, "eps": 1e-6}, {"alpha": 0.95, "eps": 1e-6}),
    "adam": ("Adam", *BETAS),
    "adamax": ("Adamax", *BETAS),
    "amsgrad": ("Adam", BETAS[0], {**BETAS[1], "amsgrad": True}),
    "nadam": ("NAdam", {**BETAS[0], "psi": 0.01}, {**BETAS[1], "momentum_decay": 0.01}),
    "radam": ("RAdam", *BETAS),
    "adamw": ("AdamW", {**BETAS[0], "decay": 0.1}, {**BETAS[1], "weight_decay": 0.1}),
    "lion": ("Lion", {"b1": 0.8, "b2": 0.95, "decay": 0.1}, {}),
    "lamb": ("Lamb", {**BETAS[0], "decay": 0.1}, {}),
    "muon": ("Muon", {"mu": 0.9, "decay": 0.2}, {}),
}


class Lion:
    """Chen et al. (2023), Symbolic discovery of optimization algorithms, Algorithm 2."""

    b1, b2, decay = 0.8, 0.95, 0.1

    def __init__(self, first):
        self.w, self.m = first.copy(), np.zeros_like(first)

    def step(self, g, lr):
        mixed = self.b1 * self.m + (1 - self.b1) * g
        sign = (mixed > 0).astype(float) - (mixed < 0)
        self.w = self.w - lr * (sign + self.decay * self.w)
        self.m = self.b2 * self.m + (1 - self.b2) * g


class Lamb:
    """You et al. (2020), Large batch optimization for deep learning, Algorithm 2."""

    b1, b2, eps, decay = 0.8, 0.95, 1e-6, 0.1

    def __init__(self, first):
        self.w, self.t = first.copy(), 0
        self.m = self.v = np.zeros_like(first)

    def step(self, g, lr):
        self.t += 1
        self.m = self.b1 * self.m + (1 - self.b1) * g
        self.v = self.b2 * self.v + (1 - self.b2) * g**2
        m, v = self.m / (1 - self.b1**self.t), self.v / (1 - self.b2**self.t)
        u = m / (np.sqrt(v) + self.eps) + self.decay * self.w
        long, short = np.linalg.norm(self.w), np.linalg.norm(u)
        self.w = self.w - lr * (long / short if long > 0 and short > 0 else 1.0) * u


class Muon:
    """Jordan et al. (2024), with the scale of Liu et al. (2025); vectors by torch's AdamW.

    The orthogonal matrix is computed on the singular values: the polynomial acts on each.
    """

    mu, decay = 0.9, 0.2

    def __init__(self, first):
        self.matrix = first.ndim == 2
        self.tensor = torch.tensor(first, requires_grad=True)
        self.adamw = torch.optim.AdamW([self.tensor], weight_decay=self.decay)
        self.m = np.zeros_like(first)

    @property
    def w(self):
        return self.tensor.detach().numpy().copy()

    def step(self, g, lr):
        if not self.matrix:
            self.tensor.grad = torch.tensor(g)
            self.adamw.param_groups[0]["lr"] = lr
            self.adamw.step()
            return
        self.m = self.mu * self.m + (1 - self.mu) * g
        ahead = self.mu * self.m + (1 - self.mu) * g
        u, s, v = np.linalg.svd(ahead, full_matrices=False)
        s = s / math.sqrt((s**2).sum())
        for _ in range(5):
            s = 3.4445 * s - 4.7750 * s**3 + 2.0315 * s**5
        rate = lr * 0.2 * math.sqrt(max(g.shape))
        new = (1 - lr * self.decay) * self.w - rate * (u * s) @ v
        self.tensor.data = torch.tensor(new)


class Torch:
    """An optimiser of torch's on one tensor, in float64 all through."""

    def __init__(self, kind, options, first):
        self.tensor = torch.tensor(first, requires_grad=True)
        self.optim = getattr(torch.optim, kind)([self.tensor], lr=0.1, **options)

    @property
    def w(self):
        return self.tensor.detach().numpy().copy()

    def step(self, g, lr):
        self.tensor.grad = torch.tensor(g)
        self.optim.param_groups[0]["lr"] = lr
        self.optim.step()


def reference(name, first):
    """Return something with w and step(g, lr) that is not ours."""
    kind, _, theirs = TWINS[name]
    own = {"Lion": Lion, "Lamb": Lamb, "Muon": Muon}.get(kind)
    return own(first) if own else Torch(kind, theirs, first)
