"""What the tests of PyTorch's training frameworks share: rows, a network, and two comparisons."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
from torch import nn  # noqa: E402


def rows():
    """Eighty rows of six features, and one of three classes for each."""
    made = torch.Generator().manual_seed(1)
    return torch.randn(80, 6, generator=made), torch.randint(3, (80,), generator=made)


def body():
    """The same small network each time."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 3))


def has_hooks(model):
    """Whether anything hangs on a module or its parts."""
    return any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def are_equal(a, b):
    """Whether two modules have the same weights, bit for bit."""
    return all(torch.equal(x, y) for x, y in zip(a.parameters(), b.parameters(), strict=True))
