"""Forward passes without gradients, made while a PyTorch module was in its training mode."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd
from torch.utils.hooks import RemovableHandle

from neurogebra.observatory.events import ModeSeen

# The most events of a run, and how many updates there are at least for each block of passes:
# what is done around every update belongs to the training, as when a model labels its own rows.
SAYS, EVERY = 5, 3


class Modes:
    """Counts the passes outside updates in which layers did what they do in training only.

    Those are passes of the whole module without gradients while it holds dropout or batch
    normalisation in training mode. They are told once the training goes on. A module with batch
    normalisation may take its means anew after the last update, so what comes then is not told
    of it; passes of `update_bn`, which sets the momentum to None, are not counted, nor are those
    that a checkpoint of the whole module makes again in the backward pass.
    passes: those since the latest pass with gradients; told: those before it that may be told.
    """

    def __init__(self, root: nn.Module) -> None:
        self.passes, self.told = 0, 0
        kinds = (_DropoutNd, _BatchNorm)
        self._layers = [(n, m) for n, m in root.named_modules() if isinstance(m, kinds)]
        self._norms = [m for _, m in self._layers if isinstance(m, _BatchNorm)]
        self._layer, self._all, self._blocks, self._said, self._due = "", 0, 0, 0, 1
        self._hook: RemovableHandle | None = None
        if self._layers:
            self._hook = root.register_forward_pre_hook(Ear(self))

    def remove(self) -> None:
        """Take the hook off the module."""
        if self._hook is not None:
            self._hook.remove()
        self._hook = None

    def hear(self, root: nn.Module) -> None:
        """Take in a pass without gradients."""
        if not root.training or any(m.momentum is None for m in self._norms):
            return
        layer = next((name for name, m in self._layers if _differs(m)), None)
        if layer is not None:
            self.passes += 1
            self._layer = layer.replace("_orig_mod.", "")

    def again(self) -> None:
        """A pass with gradients came after: in a backward pass it repeats one without."""
        if _is_backward():
            self.passes -= 1
        else:
            self._close()

    def seen(self, epoch: int, step: int, *, over: bool = False) -> ModeSeen | None:
        """Return what is to be told after so many updates; over: it was the last of them."""
        if over and not self._norms:
            self._close()
        passes, self.told = self.told, 0
        if not step:
            self._blocks = 0  # the module was tried before the training
        elif passes:
            self._all += passes
            if self._said < SAYS and self._due <= self._blocks <= step / EVERY:
                self._said, self._due = self._said + 1, 2 * self._blocks
                return ModeSeen(epoch=epoch, step=step, layer=self._layer, passes=self._all)
        return None

    def _close(self) -> None:
        """The training goes on after some passes."""
        if self.passes:
            self.told, self.passes = self.told + self.passes, 0
            self._blocks += 1


class Ear:
    """What hangs on the module; a copy of it gets a deaf one."""

    def __init__(self, modes: Modes) -> None:
        self._modes = modes

    def __call__(self, module: nn.Module, args: tuple[Any, ...]) -> None:
        if torch.is_grad_enabled():
            if self._modes.passes:
                self._modes.again()
        elif not torch.compiler.is_compiling():
            self._modes.hear(module)

    def __reduce__(self) -> tuple[type[Deaf], tuple[()]]:
        return Deaf, ()


class Deaf:
    """A hook before a forward pass that does nothing."""

    def __call__(self, module: nn.Module, args: tuple[Any, ...]) -> None:
        return None


def _differs(module: nn.Module) -> bool:
    """Return whether a layer is in training mode and does something else in the other one."""
    if not module.training:
        return False
    if isinstance(module, _DropoutNd):
        return module.p > 0
    return getattr(module, "running_mean", None) is not None


def _is_backward() -> bool:
    """Return whether gradients are being worked out at this moment."""
    task: int = torch._C._current_graph_task_id()
    return task >= 0
