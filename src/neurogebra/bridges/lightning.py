"""Watch a PyTorch Lightning training: a callback around `watch`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import torch
from torch import Tensor

from neurogebra.bridges.torch_follow import Follower, numbers
from neurogebra.errors import BadValue

Callback: Any = import_module("lightning.pytorch").Callback


class LightningCallback(Follower, Callback):  # type: ignore[misc]
    """Tells a Lightning training as our events: `Trainer(callbacks=[LightningCallback()])`.

    Options are those of `watch`. The loss is the one that `training_step` returns; under
    accumulation that of an update is the mean of its batches. An epoch's metrics are those that
    were logged. Raises BadValue for a module with other than one optimizer.
    """

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Say that the run begins."""
        if len(trainer.optimizers) != 1:
            raise BadValue("trainer.optimizers", "one optimizer", len(trainer.optimizers))
        epochs, batches = trainer.max_epochs or 0, trainer.num_training_batches
        self.follow(
            pl_module,
            trainer.optimizers[0],
            epochs=max(0, epochs),
            batches=batches if isinstance(batches, int) else 0,
        )
        self._losses: list[Tensor] = []
        self._step = self._epoch_step = trainer.global_step

    def on_train_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Tell the update just made, if this batch made one."""
        loss = outputs.get("loss") if isinstance(outputs, dict) else outputs
        if isinstance(loss, Tensor):
            self._losses.append(loss.detach())
        if trainer.global_step == self._step:
            return
        self._step = trainer.global_step
        losses, self._losses = self._losses, []
        if losses:
            # Lightning has divided each by the batches of an update.
            parts = trainer.accumulate_grad_batches if pl_module.automatic_optimization else 1
            whole = losses[0] if len(losses) == 1 else torch.stack(losses).sum()
            self.watcher.step(whole * (parts / len(losses)) if parts != len(losses) else whole)

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Say that the epoch is over, with what was logged, of validation too."""
        if trainer.global_step > self._epoch_step:
            self._epoch_step = trainer.global_step
            self.watcher.epoch(numbers(trainer.callback_metrics))

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """Say the end and the verdict."""
        self.close("early_stopping" if trainer.should_stop else "completed")

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """Say that the training was interrupted."""
        self.close("interrupted")
