"""Rules that look at a parameter as a whole: its norm, or its matrix."""

from __future__ import annotations

from typing import Any

from neurogebra.ops import apply
from neurogebra.optim.adam import adamw
from neurogebra.optim.record import Slots, Step

# Newton–Schulz: x ← a x + (b x xᵀ + c (x xᵀ)²) x, steep at 0 [Jordan et al. 2024].
_A, _B, _C, _ROUNDS = 3.4445, -4.7750, 2.0315, 5
_LEAST = 1e-7  # a norm below this is no direction
_RMS = 0.2  # the usual size of a change under AdamW [Liu et al. 2025, section 2.2]


def lamb(
    g: Any,
    s: Slots,
    t: Any,
    *,
    w: Any,
    lr: Any = 0.001,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-6,
    decay: float = 0.01,
) -> Step:
    """Adam's step and the decay, as long as the parameter itself [You et al. 2020, Alg. 2].

    Where either norm is 0 the ratio of the two is 1.
    """
    m = b1 * s.get("m", 0) + (1 - b1) * g
    v = b2 * s.get("v", 0) + (1 - b2) * (g * g)
    root = (1 - b2**t) ** 0.5
    step = (root / (1 - b1**t)) * (m / (v**0.5 + eps * root)) + decay * w
    long, short = _norm(w), _norm(step)
    both = apply("greater", (long * short, 0.0), {})
    ratio = both * long / (short + (1 - both)) + (1 - both)
    return (-lr * ratio) * step, {"m": m, "v": v}


def muon(
    g: Any,
    s: Slots,
    t: Any,
    *,
    w: Any,
    shape: tuple[int, ...] | None = None,
    lr: Any = 0.001,
    mu: float = 0.95,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    decay: float = 0.1,
) -> Step:
    """Step along the nearest orthogonal matrix to the momentum [Jordan et al. 2024].

    Matrices (n, m) of any layer; kernels of more axes come as (…, m). Their step has the size
    that AdamW's has [Liu et al. 2025, eq. 4], so that one learning rate serves both: the other
    parameters are updated by AdamW with b1, b2 and eps.
    """
    n = tuple(getattr(g, "shape", ())) if shape is None else shape
    if len(n) != 2:
        return adamw(g, s, t, w=w, lr=lr, b1=b1, b2=b2, eps=eps, decay=decay)
    m = mu * s.get("m", 0) + (1 - mu) * g
    ahead = mu * m + (1 - mu) * g
    rate = lr * (_RMS * max(n) ** 0.5)
    return -(rate * _orthogonal(ahead, wide=n[0] <= n[1])) - (lr * decay) * w, {"m": m}


def _norm(x: Any) -> Any:
    return apply("sum", (x * x,), {}) ** 0.5


def _orthogonal(x: Any, *, wide: bool) -> Any:
    """Return about U Vᵀ of x = U S Vᵀ; the products are those of the smaller side."""
    x = x if wide else _turned(x)
    x = x / apply("maximum", (_norm(x), _LEAST), {})
    for _ in range(_ROUNDS):
        gram = x @ _turned(x)
        x = _A * x + (_B * gram + _C * (gram @ gram)) @ x
    return x if wide else _turned(x)


def _turned(x: Any) -> Any:
    return apply("transpose", (x,), {})
