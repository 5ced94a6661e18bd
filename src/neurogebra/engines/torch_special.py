"""Gamma functions in PyTorch, with derivatives of all its digits.

torch.polygamma, the derivative of torch.digamma, has ten digits only; its zeta has them all.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from neurogebra.ops.gamma import cot_slopes


class _Gammaln(torch.autograd.Function):
    @staticmethod
    def forward(a: Tensor) -> Tensor:
        return torch.lgamma(a)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:
        return g * digamma(ctx.saved_tensors[0])


class _Digamma(torch.autograd.Function):
    @staticmethod
    def forward(a: Tensor) -> Tensor:
        return torch.digamma(a)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:
        return g * polygamma(ctx.saved_tensors[0])


def gammaln(a: Tensor) -> Tensor:
    """Return ln |Γ|."""
    found: Tensor = _Gammaln.apply(a)  # type: ignore[no-untyped-call]
    return found


def digamma(a: Tensor) -> Tensor:
    """Return the slope of ln |Γ|."""
    found: Tensor = _Digamma.apply(a)  # type: ignore[no-untyped-call]
    return found


def polygamma(a: Tensor, n: int = 1) -> Tensor:
    """Return the n-th derivative of digamma, mirrored at ½ where the argument is not positive."""
    if n == 0:
        return digamma(a)
    right = a > 0
    found = _right(torch.where(right, a, 1 - a), n)
    if bool(right.all()):
        return found
    place = torch.where(right, torch.full_like(a, 0.5), a)
    cot = 1 / torch.tan(math.pi * (place - torch.round(place.detach())))
    slope = torch.zeros_like(a)
    for c in reversed(cot_slopes(n)):
        slope = slope * cot + float(c)
    slope = math.pi ** (n + 1) * slope
    mirrored = -slope - found if n % 2 else found - slope
    return torch.where(right, found, mirrored)


def _right(a: Tensor, n: int) -> Tensor:
    sign_and_size = float((-1) ** (n + 1) * math.factorial(n))
    order = torch.full((), n + 1.0, dtype=a.dtype, device=a.device)
    found: Tensor = sign_and_size * torch.special.zeta(order, a)
    return found
