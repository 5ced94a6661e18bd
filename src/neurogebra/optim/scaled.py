"""Rules that divide each number's step by the size that its gradients had."""

from __future__ import annotations

from typing import Any

from neurogebra.optim.record import Slots, Step


def rmsprop(
    g: Any, s: Slots, t: Any, *, lr: Any = 0.001, rho: float = 0.9, eps: float = 1e-8
) -> Step:
    """Divide by the root of the running mean square [Tieleman & Hinton 2012, lecture 6.5]."""
    v = rho * s.get("v", 0) + (1 - rho) * (g * g)
    return -lr * g / (v**0.5 + eps), {"v": v}


def adagrad(g: Any, s: Slots, t: Any, *, lr: Any = 0.01, eps: float = 1e-10) -> Step:
    """Divide by the root of the sum of all squares so far [Duchi, Hazan & Singer 2011]."""
    v = s.get("v", 0) + g * g
    return -lr * g / (v**0.5 + eps), {"v": v}


def adadelta(
    g: Any, s: Slots, t: Any, *, lr: Any = 1.0, rho: float = 0.9, eps: float = 1e-6
) -> Step:
    """Give steps the size of earlier steps over that of gradients [Zeiler 2012, Alg. 1]."""
    u = s.get("u", 0)
    v = rho * s.get("v", 0) + (1 - rho) * (g * g)
    step = ((u + eps) ** 0.5 / (v + eps) ** 0.5) * g
    return -lr * step, {"v": v, "u": rho * u + (1 - rho) * (step * step)}
