"""The optimiser of a network on the torch engine: the pure rules on flat tensors, or a kernel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from neurogebra.engines import torch_kernels, torch_ops
from neurogebra.engines.gathering import Gathering
from neurogebra.engines.parts import Part, Shapes, frozen, left_over, options_of, parts
from neurogebra.engines.update import slot_names
from neurogebra.ops import carry
from neurogebra.optim import OPTIMIZERS
from neurogebra.spec import RunSpec

carry(Tensor, lambda name, args, attrs: torch_ops.apply(name, *args, **attrs))


class TorchUpdate:
    """w += change on flat tensors, slots in place.

    w, g: (n,) all trained numbers and their gradients; shapes: the parameters' by name, in
    their order. slots: the rule's memory by name, and that of batches that wait for their
    update; tensors (n,), or arrays () where one number serves all weights.
    """

    def __init__(self, run: RunSpec, w: Tensor, g: Tensor, shapes: Shapes) -> None:
        self.w, self._run, self._row = w, run, OPTIMIZERS[run.optimizer]
        still = tuple(frozen(run, shapes))
        self.gathering = Gathering(run, g, lambda: torch.zeros_like(g), _cut, still)
        self._parts = parts(run, shapes)
        own, single = slot_names(run, self._parts)
        self._rule: dict[str, Any] = {name: torch.zeros_like(w) for name in own}
        self._single = {name: np.zeros(()) for name in single}
        whole = (len(w),) == tuple(p.stop - p.start for p in self._parts)
        self._whole = whole and not self._parts[0].shape

    @property
    def slots(self) -> dict[str, Any]:
        """The memory by name, the live tensors and arrays."""
        return {**self._rule, **self._single, **self.gathering.memory}

    def take(self) -> bool:
        """Take in the gradient of a batch; say whether it is time for an update."""
        return self.gathering.take()

    def run(self, t: int, lr: float) -> None:
        """Make the update of step `t` (from 1) at learning rate `lr`."""
        single = {name: float(value) for name, value in self._single.items()}
        for part in self._parts:
            self._update(part, t, lr * part.rate, single)

    def load(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Take over the memory that `slots` had elsewhere."""
        for name, slot in self.slots.items():
            if isinstance(slot, Tensor):
                slot.copy_(torch.from_numpy(np.asarray(arrays[name])))
            else:
                slot[...] = arrays[name]

    def _update(self, part: Part, t: int, lr: float, single: Mapping[str, float]) -> None:
        row, options = self._row, options_of(self._run, part.decay)
        w, g = self._of(self.w, part), self._of(self.gathering.ready, part)
        beside = left_over(self._run, part.decay)
        if beside:
            w.mul_(1 - lr * beside)
        slots = {name: self._of(slot, part) for name, slot in self._rule.items()}
        kernel = torch_kernels.UPDATES.get(row.name)
        if kernel is not None:
            kernel(w, g, slots, t, lr=lr, **options)
            return
        change, new = row.rule(g, {**slots, **single}, t, lr=lr, **options, **row.roles(w))
        w += change
        for name, value in new.items():
            if name in single:
                self._single[name][...] = value
            elif self._whole:
                self._rule[name] = value
            else:
                slots[name].copy_(value)

    def _of(self, flat: Tensor, part: Part) -> Tensor:
        if self._whole:
            return flat
        piece = flat[part.start : part.stop]
        return piece.view(part.shape) if part.shape else piece


def _cut(g: Tensor, limit: float) -> None:
    g.clamp_(-limit, limit)
