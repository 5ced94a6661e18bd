"""What the callbacks of PyTorch's training frameworks have in common: one `watch` each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn, optim

from neurogebra.bridges.torch_watch import Watcher, watch
from neurogebra.errors import BadValue, NotReady
from neurogebra.observatory.events import Verdict

OPTIONS = frozenset({"log_level", "sinks", "every", "budget", "run", "name", "clock"})


class Follower:
    """Watches one training that a framework runs; options are those of `watch`.

    As a `with`, or by `close`, it ends also where the framework does not say that it failed.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__()
        for name in options:
            if name not in OPTIONS:
                raise BadValue(name, f"an option among {sorted(OPTIONS)}", options[name])
        self._options = options
        self._watcher: Watcher | None = None

    @property
    def watcher(self) -> Watcher:
        """The run under observation: alerts, looks, share, diagnosis(), verdict."""
        if self._watcher is None:
            raise NotReady(f"{type(self).__name__}.watcher is there once training has begun")
        return self._watcher

    def follow(self, module: nn.Module, optimizer: optim.Optimizer, **known: Any) -> Watcher:
        """Begin; NotReady for a second training."""
        if self._watcher is not None:
            name = type(self).__name__
            raise NotReady(f"a {name} watches one training: make another for the next")
        self._watcher = watch(module, optimizer, **{**known, **self._options})
        return self._watcher

    def close(self, reason: str = "interrupted") -> Verdict | None:
        """Take off all hooks, say the end and the verdict; again, or before it began: nothing."""
        return None if self._watcher is None else self._watcher.close(reason)

    def __enter__(self) -> Any:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self.close()


def numbers(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Return what is one number among metrics."""
    plain = {k: v.item() if isinstance(v, Tensor) and v.numel() == 1 else v
             for k, v in metrics.items()}  # fmt: skip
    return {k: float(v) for k, v in plain.items() if isinstance(v, (int, float))}
