"""Watch a Hugging Face `Trainer`: a callback around `watch`."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import torch
from torch import Tensor

from neurogebra.bridges.torch_follow import Follower, numbers

Callback: Any = import_module("transformers").TrainerCallback
# What an evaluation says of its pace is no measure of the model.
PACE = ("_runtime", "_per_second", "_preparation_time")


class HuggingFaceCallback(Follower, Callback):  # type: ignore[misc]
    """Tells a `Trainer`'s training as our events: `Trainer(callbacks=[HuggingFaceCallback()])`.

    Options are those of `watch`. The Trainer shows its callbacks no loss of an update: taken is
    the one that the model returns in its output, NaN included, which the Trainer's own log
    leaves out; without one updates are not told, and that is said. "eval_…" becomes "val_…".
    The Trainer tells nobody of an error: use it as a `with` around `train()`.
    """

    def on_train_begin(
        self,
        args: Any,
        state: Any,
        control: Any,
        model: Any = None,
        optimizer: Any = None,
        **_: Any,
    ) -> None:
        """Say that the run begins."""
        epochs = int(args.num_train_epochs)
        whole = epochs == args.num_train_epochs and args.max_steps <= 0
        self.follow(
            model,
            getattr(optimizer, "optimizer", optimizer),  # Accelerate's has no hooks
            epochs=epochs if whole else 0,
            batches=state.max_steps // epochs if whole and epochs else 0,
        )
        self._losses: list[Tensor] = []
        self._is_sum, self._step = False, state.global_step
        self._metrics: dict[str, float] = {}
        self._hook = model.register_forward_hook(self._hear, with_kwargs=True)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Tell the update just made."""
        losses, self._losses = self._losses, []
        if losses:
            whole = losses[0] if len(losses) == 1 else torch.stack(losses).sum()
            self.watcher.step(whole if self._is_sum or len(losses) == 1 else whole / len(losses))

    def on_evaluate(
        self, args: Any, state: Any, control: Any, metrics: Any = None, **_: Any
    ) -> None:
        """Keep what an evaluation found for the end of the epoch."""
        found = {k.replace("eval_", "val_", 1): v for k, v in numbers(metrics or {}).items()}
        self._metrics |= {k: v for k, v in found.items() if not k.endswith(PACE)}

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Say that the epoch before is over: only here is it known what its evaluation found."""
        self._end_epoch(state)

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Say the end and the verdict."""
        self._end_epoch(state)
        self.close("early_stopping" if state.global_step < state.max_steps else "completed")

    def close(self, reason: str = "interrupted") -> Any:
        """Take off all hooks, say the end and the verdict; again, or before it began: nothing."""
        if self._watcher is not None:
            self._hook.remove()
        return super().close(reason)

    def _end_epoch(self, state: Any) -> None:
        # "epoch" is among the metrics of an evaluation, and no measure.
        metrics, self._metrics = {k: v for k, v in self._metrics.items() if k != "epoch"}, {}
        if state.global_step > self._step:
            self._step = state.global_step
            self.watcher.epoch(metrics)

    def _hear(self, module: Any, args: Any, kwargs: Mapping[str, Any], output: Any) -> None:
        if not torch.is_grad_enabled():
            return  # an evaluation
        loss = output.get("loss") if isinstance(output, Mapping) else None
        if isinstance(loss, Tensor) and loss.numel() == 1:
            self._losses.append(loss.detach())
            # Given the rows of the whole update, a model returns its part of the whole loss.
            self._is_sum = kwargs.get("num_items_in_batch") is not None
