"""Examples of every layer, each beside an independent definition in PyTorch.

A case: the layer, the shape of one example, and how PyTorch's own modules compute it. CASES is
what the law reads; images and sequences keep theirs in files of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

Make = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


class At(NamedTuple):
    """What a definition may need besides weights and input.

    training: the mode; draws: the uniform numbers of the pass in their order; kept: where the
    definition puts the states that it leaves behind, by name.
    """

    training: bool
    draws: list[Tensor]
    kept: dict[str, Tensor]


class Case(NamedTuple):
    """A layer with the shape of one example, and what PyTorch makes of it.

    definition(p, x, at) → output; p: our weights by name, as tensors in our layout; x: (batch,
    *shape), channels last. draws: shapes of the uniform numbers that a training pass takes.
    inputs: draws x; smooth: whether x has a gradient (tokens have none).
    """

    layer: Any
    shape: tuple[int, ...]
    definition: Callable[[Mapping[str, Tensor], Tensor, At], Tensor]
    draws: tuple[tuple[int, ...], ...] = ()
    inputs: Make = lambda rng, shape: rng.normal(size=shape)
    smooth: bool = True

    @property
    def id(self) -> str:
        """Return the layer and the shape, for the test's name."""
        return f"{self.layer} on {self.shape}".replace(" ", "")


def as_module(module: torch.nn.Module, weights: Mapping[str, Tensor], *inputs: Tensor) -> Any:
    """Return what a torch module computes with our weights in the place of its own."""
    return torch.func.functional_call(module.double(), dict(weights), inputs)


def all_cases() -> list[Case]:
    """Return the cases of images and, where they are there, of sequences."""
    from . import layer_cases_images, layer_cases_sequences

    return [*layer_cases_images.CASES, *layer_cases_sequences.CASES]
