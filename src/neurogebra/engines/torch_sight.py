"""What a probed step of the torch engine saw, as arrays that lie as the spec says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from neurogebra.engines.protocol import Seen, looked_at
from neurogebra.engines.torch_order import Order
from neurogebra.spec import ModelSpec

_NONE = np.zeros(0)


class Sight:
    """The arrays of probed steps; those of parameters are the same ones where torch allows it.

    w, g: (n,) all trained numbers of the network and their gradients. asks_input: whether a
    probed step takes the gradient of its input, too.
    """

    def __init__(self, model: ModelSpec, order: Order, w: Tensor, g: Tensor) -> None:
        self._model, self._order, self._w, self._g = model, order, w, g
        # A first layer with weights needs no gradient of its input for that of its output.
        first = next(iter(model.placed()))
        self.asks_input = not first.layer.shapes(first.in_shape)
        self._change = w[:0]
        self._stays = w.device.type == "cpu" and order.is_view
        self._rows: tuple[Seen, ...] = ()  # those of parameters, and what the others are

    def begin(self) -> None:
        """Remember the weights before the update."""
        same = self._change.shape == self._w.shape
        self._change = self._change.copy_(self._w) if same else self._w.clone()

    def end(
        self,
        outputs: Mapping[str, Tensor],
        looked: Mapping[str, Tensor],
        leaves: Sequence[Tensor],
        into: Sequence[Tensor],
    ) -> tuple[Seen, ...]:
        """Return what was seen of each array.

        outputs: by layer; looked: the tensors whose gradients are shown; leaves: the parameters,
        whose gradients are wherever torch left them; into: the places of these in g.
        """
        values = {("forward", name): numbers(value) for name, value in outputs.items()}
        for name, value in looked.items():
            if value.grad is not None:
                values["backward", name] = numbers(value.grad)
        for place, leaf in zip(into, leaves, strict=True):
            if leaf.grad is None:
                place.zero_()
            elif leaf.grad is not place:
                place.copy_(leaf.grad)
        torch.sub(self._w, self._change, out=self._change)
        if not self._stays or sum(not row.param for row in self._rows) != len(values):
            return self._found(values)
        return tuple(
            row if row.param else seen_at(row, values[row.site, row.layer]) for row in self._rows
        )

    def _found(self, values: Mapping[tuple[str, str], np.ndarray]) -> tuple[Seen, ...]:
        flat = {"gradient": self._g, "weight": self._w, "update": self._change}
        arrays = {site: self._order.split(numbers(tensor)) for site, tensor in flat.items()}
        found = tuple(looked_at(self._model, values, arrays))
        self._rows = tuple(row if row.param else seen_at(row, _NONE) for row in found)
        return found


def seen_at(row: Seen, array: np.ndarray) -> Seen:
    """Return a row with another array, in a fraction of the time of `replace`."""
    return Seen(row.index, row.layer, row.site, row.param, array)


def numbers(tensor: Tensor | None) -> np.ndarray:
    """Return a tensor as an array, of narrow floats in float32; the array may look into it."""
    assert tensor is not None  # noqa: S101 - for the type checker: leaves own a gradient
    wide = tensor.float() if tensor.dtype in (torch.bfloat16, torch.float16) else tensor
    found: np.ndarray = wide.detach().cpu().numpy()
    return found
