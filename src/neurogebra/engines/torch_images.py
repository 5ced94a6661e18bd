"""Operations on images of the alphabet in PyTorch's own kernels, channels last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from neurogebra.engines.torch_places import PLACES


def _first(a: Tensor) -> Tensor:
    """(b, h, w, c) as torch counts the axes, without moving a number."""
    return a.permute(0, 3, 1, 2)


def _last(a: Tensor) -> Tensor:
    return a.permute(0, 2, 3, 1)


def _conv2d(x: Tensor, w: Tensor, height: int, width: int, down: int = 1, right: int = 1,
            down_gap: int = 1, right_gap: int = 1, groups: int = 1) -> Tensor:  # fmt: skip
    kernels = w.permute(3, 2, 0, 1)
    steps, gaps = (down, right), (down_gap, right_gap)
    found = functional.conv2d(_first(x), kernels, None, steps, 0, gaps, groups)
    return _last(found)


def _conv2d_left(g: Tensor, w: Tensor, x: Tensor, **at: int) -> Tensor:
    back = torch.func.vjp(lambda a: _conv2d(a, w, **at), torch.zeros_like(x))[1]
    found: Tensor = back(g)[0]
    return found


def _conv2d_right(x: Tensor, g: Tensor, w: Tensor, **at: int) -> Tensor:
    back = torch.func.vjp(lambda a: _conv2d(x, a, **at), torch.zeros_like(w))[1]
    found: Tensor = back(g)[0]
    return found


def _max_pool(a: Tensor, height: int, width: int, down: int = 1, right: int = 1) -> Tensor:
    return _last(functional.max_pool2d(_first(a), (height, width), (down, right)))


def _max_pool_at(h: Tensor, a: Tensor, height: int, width: int, down: int = 1,
                 right: int = 1) -> Tensor:  # fmt: skip
    size, step = (height, width), (down, right)
    places = functional.max_pool2d(_first(a), size, step, return_indices=True)[1]
    picked = _first(h).flatten(2).gather(2, places.flatten(2))
    return _last(picked.reshape(places.shape))


def _max_pool_back(g: Tensor, a: Tensor, **at: int) -> Tensor:
    back = torch.func.vjp(lambda h: _max_pool_at(h, a, **at), torch.zeros_like(a))[1]
    found: Tensor = back(g)[0]
    return found


def _patches(a: Tensor, height: int, width: int, down: int = 1, right: int = 1,
             down_gap: int = 1, right_gap: int = 1) -> Tensor:  # fmt: skip
    windows = PLACES["windows"]
    rows = windows(a, axis=1, size=height, stride=down, dilation=down_gap)
    apart = windows(rows, axis=2, size=width, stride=right, dilation=right_gap)
    found: Tensor = apart.permute(0, 1, 2, 4, 5, 3).flatten(3)
    return found


def _unpatches(g: Tensor, like: Tensor, **at: int) -> Tensor:
    back = torch.func.vjp(lambda a: _patches(a, **at), torch.zeros_like(like))[1]
    found: Tensor = back(g)[0]
    return found


IMAGES: dict[str, Callable[..., Any]] = {
    "patches": _patches,
    "unpatches": _unpatches,
    "conv2d": _conv2d,
    "conv2d_left": _conv2d_left,
    "conv2d_right": _conv2d_right,
    "max_pool": _max_pool,
    "max_pool_at": _max_pool_at,
    "max_pool_back": _max_pool_back,
}
