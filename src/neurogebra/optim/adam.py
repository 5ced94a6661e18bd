"""Adam and its kin: a running mean of gradients over the root of a running mean square."""

from __future__ import annotations

from typing import Any

from neurogebra.ops import apply
from neurogebra.optim.record import Slots, Step


def adam(
    g: Any,
    s: Slots,
    t: Any,
    *,
    lr: Any = 0.001,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
) -> Step:
    """Momentum over the root of the mean square, both unbiased [Kingma & Ba 2015, Alg. 1]."""
    m = b1 * s.get("m", 0) + (1 - b1) * g
    v = b2 * s.get("v", 0) + (1 - b2) * (g * g)
    root = (1 - b2**t) ** 0.5
    rate = -lr * root / (1 - b1**t)  # the scalars joined, as in the paper's section 2
    return rate * (m / (v**0.5 + eps * root)), {"m": m, "v": v}


def adamw(
    g: Any,
    s: Slots,
    t: Any,
    *,
    w: Any,
    lr: Any = 0.001,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    decay: float = 0.01,
) -> Step:
    """Adam whose decay acts on the weights themselves [Loshchilov & Hutter 2019, Alg. 2]."""
    change, s = adam(g, s, t, lr=lr, b1=b1, b2=b2, eps=eps)
    return change - (lr * decay) * w, s


def amsgrad(
    g: Any,
    s: Slots,
    t: Any,
    *,
    lr: Any = 0.001,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
) -> Step:
    """Adam over the largest mean square so far [Reddi, Kale & Kumar 2018, Alg. 2]."""
    m = b1 * s.get("m", 0) + (1 - b1) * g
    v = b2 * s.get("v", 0) + (1 - b2) * (g * g)
    top = apply("maximum", (s.get("top", 0), v), {})
    root = (1 - b2**t) ** 0.5
    rate = -lr * root / (1 - b1**t)
    return rate * (m / (top**0.5 + eps * root)), {"m": m, "v": v, "top": top}


def adamax(
    g: Any,
    s: Slots,
    t: Any,
    *,
    lr: Any = 0.002,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
) -> Step:
    """Momentum over a decaying maximum of sizes [Kingma & Ba 2015, Alg. 2]."""
    m = b1 * s.get("m", 0) + (1 - b1) * g
    u = apply("maximum", (b2 * s.get("u", 0), apply("abs", (g,), {}) + eps), {})
    return (-lr / (1 - b1**t)) * (m / u), {"m": m, "u": u}


def nadam(
    g: Any,
    s: Slots,
    t: Any,
    *,
    lr: Any = 0.002,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    psi: float = 0.004,
) -> Step:
    """Adam with Nesterov's momentum, which grows by the paper's schedule [Dozat 2016, Alg. 8].

    psi: how fast b1 comes into force. The slot "lost" is 1 − the product of the momenta so
    far, one number for all weights.
    """
    now, later = (b1 * (1 - 0.5 * 0.96 ** ((t + k) * psi)) for k in (0, 1))
    product = (1 - s.get("lost", 0)) * now
    m = b1 * s.get("m", 0) + (1 - b1) * g
    v = b2 * s.get("v", 0) + (1 - b2) * (g * g)
    root = (1 - b2**t) ** 0.5
    mean = (later / (1 - product * later)) * m + ((1 - now) / (1 - product)) * g
    change = (-lr * root) * (mean / (v**0.5 + eps * root))
    return change, {"m": m, "v": v, "lost": 1 - product}


def radam(
    g: Any,
    s: Slots,
    t: Any,
    *,
    lr: Any = 0.001,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
) -> Step:
    """Adam that trusts its mean square as far as its variance is known [Liu et al. 2020, Alg. 2].

    While it is not known at all (the first steps), the step is that of the mean gradient.
    """
    m = b1 * s.get("m", 0) + (1 - b1) * g
    v = b2 * s.get("v", 0) + (1 - b2) * (g * g)
    most, gone = max(2 / (1 - b2) - 1, 5.0), 1 - b2**t
    known = most - 2 * t * (1 - gone) / gone
    safe = apply("maximum", (known, 5.0), {})  # no root of a negative where it is not used
    bound = (safe - 4) * (safe - 2) * most / ((most - 4) * (most - 2) * safe)
    trusted = apply("greater", (known, 5.0), {})
    rate = -lr / (1 - b1**t)
    scaled = (rate * (bound * gone) ** 0.5 * trusted) * (m / (v**0.5 + eps))
    return scaled + (rate * (1 - trusted)) * m, {"m": m, "v": v}
