"""Faster ways to what the book says on PyTorch: activations, losses and update rules.

Each is held to the formula that it stands for by tests/engines/test_torch_kernels.py: value and
derivative, ties and kinks included. Whatever has no line here runs by its formula.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from neurogebra.core.tree import Node
from neurogebra.engines import book

Slots = Mapping[str, Tensor]


# torch takes a row at a time on the CPU, and one shorter than a vector of the processor number
# by number; columns go side by side. From so many numbers on, that is worth the turning.
_SHORT, _MANY = 16, 256


def _short_rows(z: Tensor) -> bool:
    return z.ndim == 2 and z.shape[1] < _SHORT and z.numel() >= _MANY and z.is_cpu


def _softmax(z: Tensor) -> Tensor:
    return torch.softmax(z.t(), 0).t() if _short_rows(z) else torch.softmax(z, -1)


def _log_softmax(z: Tensor) -> Tensor:
    return torch.log_softmax(z.t(), 0).t() if _short_rows(z) else torch.log_softmax(z, -1)


def _cross_entropy(y: Tensor, y_pred: Tensor) -> Tensor:
    """Classes lie on the last axis here, on the second in torch."""
    if y_pred.ndim > 2:
        y, y_pred = y.flatten(0, -2), y_pred.flatten(0, -2)
    if _short_rows(y_pred):
        return (torch.log_softmax(y_pred.t(), 0) * y.t().mul(-1 / len(y))).sum()
    return functional.cross_entropy(y_pred, y)


def _binary_cross_entropy(y: Tensor, y_pred: Tensor) -> Tensor:
    return functional.binary_cross_entropy_with_logits(y_pred, y)


def _mse(y: Tensor, y_pred: Tensor) -> Tensor:
    return functional.mse_loss(y_pred, y)


# Activations of the book with their parameters at the defaults: tensor → tensor.
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "leaky_relu": functional.leaky_relu,
    "relu6": functional.relu6,
    "hard_tanh": functional.hardtanh,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "swish": functional.silu,
    "gelu": functional.gelu,
    "gelu_tanh": lambda z: functional.gelu(z, approximate="tanh"),
    "mish": functional.mish,
    "elu": functional.elu,
    "selu": torch.selu,
    "softsign": functional.softsign,
    "softmax": _softmax,
    "log_softmax": _log_softmax,
}

# Losses of the book by the name of their formula: (y, y_pred) → number.
LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mse": _mse,
    "categorical_crossentropy_logits": _cross_entropy,
    "binary_crossentropy_logits": _binary_cross_entropy,
}


def sgd(w: Tensor, g: Tensor, s: Slots, t: int, *, lr: float) -> None:
    """Step against the gradient."""
    w.add_(g, alpha=-lr)


def momentum(w: Tensor, g: Tensor, s: Slots, t: int, *, lr: float, mu: float = 0.9) -> None:
    """Step along a decaying sum of gradients."""
    w.add_(s["v"].mul_(mu).add_(g), alpha=-lr)


def nesterov(w: Tensor, g: Tensor, s: Slots, t: int, *, lr: float, mu: float = 0.9) -> None:
    """Step along the momentum as it will be after this gradient."""
    s["v"].mul_(mu).add_(g)
    w.add_(g, alpha=-lr).add_(s["v"], alpha=-lr * mu)


def adams(
    ws: list[Tensor],
    gs: list[Tensor],
    s: Mapping[str, list[Tensor]],
    t: int,
    *,
    lr: float,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    decay: float = 0.0,
) -> None:
    """Adam on several tensors in one pass; `decay` acts on the weights, as in AdamW."""
    torch._fused_adamw_(
        ws,
        gs,
        s["m"],
        s["v"],
        [],
        [torch.full((), float(t), device=ws[0].device)] * len(ws),
        amsgrad=False,
        lr=lr,
        beta1=b1,
        beta2=b2,
        weight_decay=decay,
        eps=eps,
        maximize=False,
    )


def adam(w: Tensor, g: Tensor, s: Slots, t: int, *, lr: float, **options: Any) -> None:
    """Adam in one pass over memory."""
    adams([w], [g], {name: [slot] for name, slot in s.items()}, t, lr=lr, **options)


def adamw(
    w: Tensor, g: Tensor, s: Slots, t: int, *, lr: float, decay: float = 0.01, **options: Any
) -> None:
    """Adam whose decay acts on the weights themselves."""
    adam(w, g, s, t, lr=lr, decay=decay, **options)


# Update rules that write into flat weights and slots: (w, g, slots, t, *, lr, **options).
UPDATES: dict[str, Callable[..., None]] = {
    "sgd": sgd,
    "momentum": momentum,
    "nesterov": nesterov,
    "adam": adam,
    "adamw": adamw,
}

# Those that take lists of tensors, so that gradients stay where torch's autograd left them.
LISTS: dict[str, Callable[..., None]] = {"adam": adams, "adamw": adams}


def of(root: Node) -> Callable[..., Tensor] | None:
    """Return the kernel of a formula of the book, None where it has none."""
    return _kernels().get(root)


@cache
def _kernels() -> dict[Node, Callable[..., Tensor]]:
    """Return the kernels by the tree that engines evaluate, which the book makes once."""
    every: dict[str, Callable[..., Tensor]] = {**ACTIVATIONS, **LOSSES}
    return {book.tree(name)[0]: kernel for name, kernel in every.items()}
