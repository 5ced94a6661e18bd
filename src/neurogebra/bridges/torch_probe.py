"""One look at every layer of a PyTorch module in one update, and the numbers on their way."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from neurogebra.bridges.course import Place
from neurogebra.bridges.torch_layers import Ear, Heard, Layer, in_order, is_compiled, layers_of
from neurogebra.bridges.torch_looks import (
    COUNTS,
    Look,
    Reading,
    counts_on_cpu,
    counts_on_device,
    on_cpu,
    on_device,
    stats_of,
)
from neurogebra.observatory.events import LayerSeen, Stats
from neurogebra.observatory.governor import Governor
from neurogebra.observatory.looks import SPREAD

# Losses that are fetched from a device together.
TOGETHER = 16
# Seconds that a look takes, of one core: for each array, and for each number of a parameter.
AN_ARRAY, A_NUMBER = 3e-5, 3e-9


@dataclass(slots=True)
class Update:
    """One update: its place, its loss where that lies, and the looks at its layers.

    seen: the statistics, where they are known; counts: the histogram of each look, or (), where
    it is `deep`; numbers: what says both, on a device, with a last one where it is `flagged`:
    not 0 when a loss scaler left the update out.
    """

    place: Place
    rows: int = 0
    loss: Tensor | float | None = None
    looks: Sequence[Look] = ()
    seen: Sequence[Stats] = ()
    numbers: Tensor | None = None
    flagged: bool = False
    asked: bool = False
    deep: bool = False
    counts: Sequence[tuple[int, ...]] = ()

    def events(self) -> list[LayerSeen]:
        """Return what is seen of the layers."""
        place, counts = self.place, self.counts or [()] * len(self.seen)
        return [
            LayerSeen(
                epoch=place.epoch,
                batch=place.batch,
                step=place.step,
                index=look.index,
                layer=look.layer,
                site=look.site,
                shape=look.shape,
                stats=stats,
                param=look.param,
                activation=look.activation,
                histogram=counted,
            )
            for look, stats, counted in zip(self.looks, self.seen, counts, strict=True)
        ]


class Probe:
    """Hooks and copies for single updates; between them nothing hangs on the module."""

    def __init__(
        self, root: nn.Module, optimizer: torch.optim.Optimizer, governor: Governor
    ) -> None:
        self.layers = layers_of(root)
        self.compiled = is_compiled(root)
        self._optimizer, self._governor = optimizer, governor
        self._trained = {id(p) for group in optimizer.param_groups for p in group["params"]}
        self._ear = Ear(governor)
        self._hooks: list[RemovableHandle] = []
        self._before: dict[nn.Parameter, Tensor] = {}
        self.armed = False

    def arm(self) -> None:
        """Hang a hook on the optimiser and each layer; on none of these where they are compiled."""
        self.armed = True
        self._hooks.append(self._optimizer.register_step_pre_hook(self._copy))
        for layer in () if self.compiled else self.layers:
            self._hooks.append(layer.module.register_forward_hook(self._ear.hook(layer)))

    def disarm(self) -> None:
        """Take all hooks off and let go of what they kept."""
        for hook in self._hooks:
            hook.remove()
        self._hooks.clear()
        self._ear.heard.clear()
        self._before.clear()
        self.armed = False

    def estimate(self) -> float:
        """Return about how many seconds a look takes, before there was one."""
        params = [p for layer in self.layers for _, p in layer.params]
        arrays = 3 * len(params) + len(self.layers)
        return arrays * AN_ARRAY + sum(p.numel() for p in params) * A_NUMBER

    def lacks(self) -> list[str]:
        """Return the names of trainable parameters that the optimiser does not have."""
        own = ((layer, name, p) for layer in self.layers for name, p in layer.params)
        return [
            f"{layer.name}.{name}"
            for layer, name, p in own
            if p.requires_grad and id(p) not in self._trained
        ]

    def _copy(self, *_: object) -> None:
        """Keep the weights as they are before the update."""
        self._governor.begin()
        own = [p for layer in self.layers for _, p in layer.params]
        self._before = {p: p.detach().clone() for p in own if id(p) in self._trained}
        self._governor.end()

    @property
    def heard(self) -> dict[Layer, Heard]:
        """What was heard so far of the update that is looked at."""
        return self._ear.heard

    @property
    def rows(self) -> int:
        """The rows of the newest batch; 0 where no layer was heard."""
        return next((h.rows for h in self.heard.values()), 0)

    @torch.no_grad()
    def look(self, update: Update) -> None:
        """Give an update its looks: outputs in the order of the calls, then parameters."""
        found = [*self._outputs(), *self._parameters()]
        arrays = [array for _, array in found]
        # A fused optimiser makes its step although a loss scaler found infinite gradients.
        left_out: Tensor | None = getattr(self._optimizer, "found_inf", None)
        update.looks = [look for look, _ in found]
        if not all(map(_is_here, arrays)):
            parts = [on_device(update.looks, arrays).reshape(-1)]
            if update.deep:
                parts += [counts_on_device(x) for look, x in found if look.site in SPREAD]
            update.flagged = left_out is not None
            if left_out is not None:
                parts.append(_vector(left_out))
            update.numbers = torch.cat([part.to(parts[0].device) for part in parts])
        elif left_out is None or not left_out:
            update.seen = on_cpu(update.looks, arrays)
            if update.deep:
                update.counts = [counts_on_cpu(x) if k.site in SPREAD else () for k, x in found]
        else:
            update.looks = ()
        self.disarm()

    def _outputs(self) -> list[tuple[Look, Tensor]]:
        order = {layer: i for i, layer in enumerate(in_order(self.layers, self.heard))}
        return [
            (
                Look(
                    layer=layer.name,
                    index=order[layer],
                    site="forward",
                    shape=tuple(h.array.shape),
                    activation=layer.activation,
                    axis=h.axis,
                ),
                h.array,
            )
            for layer, h in self.heard.items()
        ]

    def _parameters(self) -> list[tuple[Look, Tensor]]:
        weights, gradients, moved = [], [], []
        for i, layer in enumerate(in_order(self.layers, self.heard)):
            for name, p in layer.params:
                if not (p.is_floating_point() and p.numel()):
                    continue
                weights.append((_at(layer, i, "weight", name, p), p.detach()))
                if p.grad is None:
                    continue
                gradients.append((_at(layer, i, "gradient", name, p), p.grad.detach()))
                if p in self._before:
                    moved.append((_at(layer, i, "update", name, p), p))
        # Into the copy of what was there before: no array is made, and no memory asked for.
        updates = [(k, torch.sub(p, self._before[p], out=self._before[p])) for k, p in moved]
        return [*weights, *gradients, *updates]


class Flight:
    """Updates in their order, each handed on when its numbers are here.

    On the CPU that is at once. From a device, losses come in groups and each look with one
    transfer, and nobody waits for them but `land`.
    """

    def __init__(self, deliver: Callable[[Update, float | None], None]) -> None:
        self._deliver = deliver
        self._waiting: list[Update] = []
        self._flying: deque[tuple[Reading, list[Update]]] = deque()

    def add(self, update: Update) -> None:
        """Take one more update."""
        loss = update.loss
        away = isinstance(loss, Tensor) and not _is_here(loss)
        if not (away or self._waiting or self._flying or update.numbers is not None):
            self._deliver(update, loss.item() if isinstance(loss, Tensor) else loss)
            return
        update.loss = loss.detach() if isinstance(loss, Tensor) else loss
        self._waiting.append(update)
        if update.numbers is not None or len(self._waiting) >= TOGETHER:
            self._depart()
        while self._flying and self._flying[0][0].arrived:
            self._arrive()

    def land(self) -> None:
        """Wait for all numbers and hand on what is left."""
        if self._waiting:
            self._depart()
        while self._flying:
            self._arrive()

    def _depart(self) -> None:
        group, self._waiting = self._waiting, []
        parts = [_vector(u.loss) for u in group if u.loss is not None]
        parts += [u.numbers.reshape(-1) for u in group if u.numbers is not None]
        home = next((p.device for p in parts if not _is_here(p)), torch.device("cpu"))
        whole = torch.cat([p.to(home) for p in parts]) if parts else torch.zeros(0)
        for update in group:
            update.numbers = None if update.numbers is None else update.numbers[:0]
        self._flying.append((Reading(whole), group))

    def _arrive(self) -> None:
        reading, group = self._flying.popleft()
        numbers = iter(reading.numbers())
        losses = [None if u.loss is None else next(numbers) for u in group]
        for update, loss in zip(group, losses, strict=True):
            if update.numbers is not None:
                rows = [[next(numbers) for _ in range(7)] for _ in update.looks]
                if update.deep:
                    update.counts = [_counts(look, numbers) for look in update.looks]
                left_out = update.flagged and next(numbers)
                update.seen = () if left_out else _stats(update.looks, rows)
            self._deliver(update, loss)


def _stats(looks: Sequence[Look], rows: Sequence[Sequence[float]]) -> list[Stats]:
    return [stats_of(look, row) for look, row in zip(looks, rows, strict=True)]


def _counts(look: Look, numbers: Iterator[float]) -> tuple[int, ...]:
    return tuple(int(next(numbers)) for _ in range(COUNTS)) if look.site in SPREAD else ()


def _is_here(x: Tensor) -> bool:
    return x.is_cpu


def _vector(loss: Tensor | float) -> Tensor:
    """Return a loss as a vector of one number, where it lies."""
    return torch.as_tensor(loss, dtype=torch.float64).detach().reshape(1)


def _at(layer: Layer, index: int, site: str, param: str, p: nn.Parameter) -> Look:
    return Look(layer=layer.name, index=index, site=site, shape=tuple(p.shape), param=param)
