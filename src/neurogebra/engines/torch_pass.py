"""What the torch engine hands to layers: operations on tensors, kernels where there are any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from neurogebra.core.tree import Node
from neurogebra.engines import torch_kernels, torch_layers, torch_ops
from neurogebra.engines.forward import EngineOps
from neurogebra.layers import Array, Layer
from neurogebra.spec.model import Placed


class TorchOps(EngineOps):
    """Layers fed with tensors; draws come from the run's NumPy stream, as on every engine.

    turned: the layers whose weights lie as torch's kernels read them.
    """

    def __init__(
        self,
        training: bool,
        rng: np.random.Generator,
        owned: dict[str, Mapping[str, Array]],
        turned: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(training)
        self.rng, self._owned, self.turned = rng, owned, turned

    def apply(self, op: str, *args: Array, **attrs: Any) -> Array:
        """Apply an operation of the alphabet to tensors and numbers."""
        return torch_ops.apply(op, *args, **attrs)

    def evaluate(self, root: Node, values: dict[str, Array]) -> Array:
        """Return what a formula of the book gives, by its kernel where there is one."""
        kernel = torch_kernels.of(root)
        return kernel(*values.values()) if kernel else super().evaluate(root, values)

    def own(self, placed: Placed, p: Mapping[str, Array]) -> Mapping[str, Array]:
        """Return a layer's weights and states; weights are the same tensors at every step."""
        found = self._owned.get(placed.name)
        if found is None:
            found = super().own(placed, p)
            if not placed.layer.state:
                self._owned[placed.name] = found
        return found

    def call(self, layer: Layer, p: Mapping[str, Array], x: Array) -> Array:
        """Return a layer's output, by its kernel where there is one."""
        kernel = torch_layers.LAYERS.get(type(layer))
        return kernel(layer, self, p, x) if kernel else layer.forward(self, p, x)

    def unstack(self, x: Tensor, count: int) -> Sequence[Tensor]:
        """Return the arrays along the first axis, whose gradients torch joins at once."""
        return x.unbind(0)

    def stack(self, parts: Sequence[Tensor]) -> Tensor:
        """Return tensors of one shape along a new first axis."""
        return torch.stack(tuple(parts))

    def uniform(self, like: Tensor) -> Tensor:
        """Return fresh uniform numbers, drawn in float64 and then cast."""
        return torch.from_numpy(self.rng.random(like.shape)).to(like)
