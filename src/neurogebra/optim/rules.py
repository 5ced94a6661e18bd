"""The update rules: from a gradient and the rule's own memory to a change of the weights.

Every rule is rule(g, s, t, *, lr, …) → (change, new s): g the gradient, s the memory by slot
name (empty before the first step), t the count of steps from 1, lr the learning rate. Rules
whose decay acts on the weights themselves take them as `w`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from neurogebra.registry import Registry

Slots = Mapping[str, Any]
Step = tuple[Any, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Optimizer:
    """An update rule by name; `options` are its settings beside the learning rate."""

    name: str
    rule: Callable[..., Step]
    source: str
    aliases: tuple[str, ...] = ()

    @property
    def options(self) -> dict[str, float]:
        """The rule's settings with their defaults, the learning rate and weights left out."""
        found = inspect.signature(self.rule).parameters.values()
        return {
            p.name: p.default for p in found if p.kind is p.KEYWORD_ONLY and p.name not in _ROLES
        }

    @property
    def learning_rate(self) -> float:
        """The rule's default learning rate."""
        return float(inspect.signature(self.rule).parameters["lr"].default)

    @property
    def takes_weights(self) -> bool:
        """Whether the rule wants the weights as `w`."""
        return "w" in inspect.signature(self.rule).parameters


_ROLES = ("lr", "w")


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


def rmsprop(
    g: Any, s: Slots, t: Any, *, lr: Any = 0.001, rho: float = 0.9, eps: float = 1e-8
) -> Step:
    """Divide by the root of the running mean square [Tieleman & Hinton 2012, lecture 6.5]."""
    v = rho * s.get("v", 0) + (1 - rho) * (g * g)
    return -lr * g / (v**0.5 + eps), {"v": v}


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


OPTIMIZERS: Registry[Optimizer] = Registry(
    "optimizer",
    (
        Optimizer("sgd", sgd, "Robbins & Monro 1951"),
        Optimizer("momentum", momentum, "Polyak 1964"),
        Optimizer("nesterov", nesterov, "Sutskever et al. 2013", ("nag",)),
        Optimizer("rmsprop", rmsprop, "Tieleman & Hinton 2012"),
        Optimizer("adam", adam, "Kingma & Ba 2015"),
        Optimizer("adamw", adamw, "Loshchilov & Hutter 2019"),
    ),
)
