"""Where the torch engine computes, and in which dtype its products are."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor

from neurogebra.engines.forward import EngineOps
from neurogebra.errors import BadValue

# float16 ends at 65,504 and loses what is below 6e-8: the loss is multiplied by a scale that
# is halved when a gradient overflows and doubled after so many steps without one
# [Micikevicius et al. 2018, section 3.2].
FIRST_SCALE, STREAK = 2.0**16, 2000


def device_of(name: str) -> torch.device:
    """Return the device "cpu", "cuda" or "auto" stands for; BadValue where there is none."""
    there = torch.cuda.is_available()
    if name == "auto":
        return torch.device("cuda" if there else "cpu")
    if name == "cuda" and not there:
        hint = 'device="auto" takes a GPU where there is one'
        raise BadValue("device", "a GPU that torch can use", name, hint)
    return torch.device(name)


class Precision:
    """Products in a narrow dtype; weights, gradients, losses and updates in the run's own.

    kind: "", "bfloat16" or "float16". scale: what the loss is multiplied by, streak: steps
    since it last changed; both stay where they are but for float16.
    """

    def __init__(self, kind: str, device: torch.device, dtype: torch.dtype) -> None:
        if kind and dtype != torch.float32:
            raise BadValue(
                "mixed", "a run in float32", f"{kind} with {dtype}".replace("torch.", "")
            )
        self.kind, self.device, self.dtype = kind, device, dtype
        self.scales = kind == "float16"
        self.scale, self.streak = FIRST_SCALE if self.scales else 1.0, 0

    def products(self) -> AbstractContextManager[Any]:
        """Return the context in which a forward pass has narrow products."""
        if not self.kind:
            return nullcontext()
        return torch.autocast(self.device.type, getattr(torch, self.kind))

    def widen(self, ops: EngineOps, outputs: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the outputs in the run's dtype, what came before an activation with them."""
        if not self.kind:
            return outputs
        found = {}
        for head, out in outputs.items():
            wide = out.to(self.dtype)
            if id(out) in ops.before:
                name, before = ops.before[id(out)]
                ops.before[id(wide)] = name, before.to(self.dtype)
            for name, seen in ops.outputs.items():
                if seen is out:
                    ops.outputs[name] = wide
            found[head] = wide
        return found

    def backward(self, loss: Tensor, g: Tensor, looked: Iterable[Tensor]) -> None:
        """Leave dL/dw in g and the gradients of `looked` in their places."""
        (loss * self.scale if self.scales else loss).backward()  # type: ignore[no-untyped-call]
        if self.scales:
            for grad in (g, *(v.grad for v in looked)):
                if grad is not None:
                    grad.mul_(1.0 / self.scale)

    def accepts(self, g: Tensor) -> bool:
        """Say whether a gradient may be used; one that overflowed halves the scale."""
        if not self.scales:
            return True
        fits = bool(torch.isfinite(g).all())
        self.streak = self.streak + 1 if fits else 0
        if not fits:
            self.scale /= 2
        elif self.streak == STREAK:
            self.scale, self.streak = self.scale * 2, 0
        return fits

    def slots(self) -> dict[str, np.ndarray]:
        """Return what an exact resume needs: nothing, or "scale": (scale, streak)."""
        return {"scale": np.array([self.scale, self.streak])} if self.scales else {}

    def take(self, slots: dict[str, np.ndarray]) -> None:
        """Go on from `slots`."""
        if self.scales:
            self.scale, self.streak = float(slots["scale"][0]), int(slots["scale"][1])
