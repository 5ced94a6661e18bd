"""Rules that step along the gradient, a decaying sum of gradients, or its signs."""

from __future__ import annotations

from typing import Any

from neurogebra.ops import apply
from neurogebra.optim.record import Slots, Step


def sgd(g: Any, s: Slots, t: Any, *, lr: Any = 0.01) -> Step:
    """Step against the gradient [Robbins & Monro 1951]."""
    return -lr * g, {}


def momentum(g: Any, s: Slots, t: Any, *, lr: Any = 0.01, mu: float = 0.9) -> Step:
    """Step along a decaying sum of gradients [Polyak 1964]."""
    v = mu * s.get("v", 0) + g
    return -lr * v, {"v": v}


def nesterov(g: Any, s: Slots, t: Any, *, lr: Any = 0.01, mu: float = 0.9) -> Step:
    """Step along the momentum as it will be after this gradient [Sutskever et al. 2013]."""
    v = mu * s.get("v", 0) + g
    return -lr * (g + mu * v), {"v": v}


def lion(
    g: Any,
    s: Slots,
    t: Any,
    *,
    w: Any,
    lr: Any = 0.0001,
    b1: float = 0.9,
    b2: float = 0.99,
    decay: float = 0.0,
) -> Step:
    """Step by the sign of a mix of momentum and gradient [Chen et al. 2023, Alg. 2]."""
    m = s.get("m", 0)
    change = -lr * apply("sign", (b1 * m + (1 - b1) * g,), {})
    return change - (lr * decay) * w, {"m": b2 * m + (1 - b2) * g}
