"""The optimiser of a network on the torch engine: the pure rules on flat tensors, or a kernel."""

from __future__ import annotations

import math
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
        self.w, self._row = w, OPTIMIZERS[run.optimizer]
        still = tuple(frozen(run, shapes))
        self.gathering = Gathering(run, g, lambda: torch.zeros_like(g), _cut, still)
        self._parts = parts(run, shapes)
        # Asked for once: the options of a rule are read off its signature.
        self._options = {p: options_of(run, p.decay) for p in self._parts}
        self._beside = {p: left_over(run, p.decay) for p in self._parts}
        self._kernel = torch_kernels.UPDATES.get(self._row.name)
        own, single = slot_names(run, self._parts)
        self._rule: dict[str, Any] = {name: torch.zeros_like(w) for name in own}
        self._single = {name: np.zeros(()) for name in single}
        whole = (len(w),) == tuple(p.stop - p.start for p in self._parts)
        self._whole = whole and not self._parts[0].shape
        lists = torch_kernels.LISTS.get(self._row.name) if whole and self.gathering.plain else None
        self._lists = lists if lists is not None and not any(self._beside.values()) else None
        self._pieces = list(split(w, shapes).values())
        self._slots = {
            name: list(split(slot, shapes).values()) for name, slot in self._rule.items()
        }

    @property
    def by_parameter(self) -> bool:
        """Whether `run_on` can update from gradients that lie wherever torch left them."""
        return self._lists is not None

    def run_on(self, grads: list[Tensor | None], t: int, lr: float) -> None:
        """Make the update of step `t` with each parameter's own gradient, None for 0."""
        (part,) = self._parts
        pairs = zip(grads, self._pieces, strict=True)
        given = [torch.zeros_like(w) if g is None else g for g, w in pairs]
        assert self._lists is not None  # noqa: S101 - for the type checker: `by_parameter`
        self._lists(self._pieces, given, self._slots, t, lr=lr * part.rate, **self._options[part])

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
        row, options = self._row, self._options[part]
        w, g = self._of(self.w, part), self._of(self.gathering.ready, part)
        beside = self._beside[part]
        if beside:
            w.mul_(1 - lr * beside)
        slots = {name: self._of(slot, part) for name, slot in self._rule.items()}
        if self._kernel is not None:
            self._kernel(w, g, slots, t, lr=lr, **options)
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


def split(flat: Tensor, shapes: Shapes) -> dict[str, Tensor]:
    """Return the parameters' views of a flat tensor, cut from its graph."""
    found, start = {}, 0
    for name, shape in shapes.items():
        stop = start + math.prod(shape)
        found[name] = flat[start:stop].view(shape).detach()
        start = stop
    return found


def _cut(g: Tensor, limit: float) -> None:
    g.clamp_(-limit, limit)
