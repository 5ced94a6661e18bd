"""Watch somebody else's PyTorch loop: its updates as our events, for our doctor and sinks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from neurogebra.bridges.course import Course, Plan
from neurogebra.bridges.torch_eye import Eye
from neurogebra.errors import BadValue
from neurogebra.observatory.bus import Bus, Sink
from neurogebra.observatory.diagnosis import Diagnosis
from neurogebra.observatory.doctor import Doctor
from neurogebra.observatory.events import Alert, Level, Verdict
from neurogebra.observatory.governor import Governor
from neurogebra.observatory.presets import level_of
from neurogebra.observatory.sinks.failures import Failures
from neurogebra.observatory.sinks.terminal import Terminal
from neurogebra.observatory.waited import Waited

T = TypeVar("T")


class Watcher:
    """A PyTorch loop under observation; made by `watch`, ended by `close` or its `with`.

    verdict: the doctor's word at the end, None before.
    """

    def __init__(self, eye: Eye, doctor: Doctor, lost: Failures) -> None:
        self._eye, self._doctor, self._lost = eye, doctor, lost
        self._governor, self._course = eye.course.governor, eye.course
        self.verdict: Verdict | None = None
        self._waited = Waited(self._governor.clock)

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """What the doctor found so far."""
        return tuple(self._doctor.alerts)

    @property
    def looks(self) -> int:
        """The updates whose layers were looked at."""
        return self._eye.looks

    @property
    def share(self) -> float:
        """The share of the time since the first update that watching took."""
        return self._governor.share

    def diagnosis(self) -> Diagnosis:
        """Return the causes of what is wrong so far, the likeliest first."""
        return self._doctor.diagnosis()

    def loss(self, loss: Tensor | float) -> Tensor | float:
        """Say the loss of the next update, and get it back as it is."""
        if not isinstance(loss, Tensor):
            self._eye.loss = float(loss)
        elif loss.numel() == 1:
            self._eye.loss = loss
        else:
            raise BadValue("loss", "one number", f"shape {tuple(loss.shape)}")
        return loss

    def step(self, loss: Tensor | float, *, rows: int = 0) -> None:
        """Say the loss of the update just made, and its rows where they are known.

        Without an update since the last call (a loss scaler left it out) nothing is told.
        """
        self._eye.say(self.loss(loss), rows)

    def epoch(self, metrics: Mapping[str, Any] | None = None) -> Epoch:
        """Say that an epoch is over, with what was measured; or use it as `with … as metrics`.

        Without metrics and without an update since the epoch before, nothing is over: so begins
        `with watcher.epoch() as metrics:`, and what is put into metrics is told at its end.
        """
        self._eye.land()
        if metrics is not None or self._course.batch:
            self._end_epoch(metrics or {})
        return Epoch(self._end_epoch)

    def batches(self, rows: Iterable[T]) -> Iterator[T]:
        """Return what a loader yields, counting the time until each is there.

        That is what `EpochEnd.waited` says; without this it is 0, as what a loop does between two
        updates is not waiting alone.
        """
        return self._waited.over(rows)

    def close(self, reason: str = "completed") -> Verdict:
        """Take off all hooks, say the end and the verdict, close the sinks; again: nothing."""
        self._eye.remove()
        if self.verdict is not None:
            return self.verdict
        bus = self._course.bus
        try:
            self._eye.end()
            self._course.end(reason, self._eye.looks)
            self.verdict = self._doctor.verdict()
            bus.publish(self.verdict)
        finally:
            bus.close()
        self._lost.warn()
        return self.verdict

    def __enter__(self) -> Watcher:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        self.close("completed" if kind is None else "interrupted")

    def _end_epoch(self, metrics: Mapping[str, Any]) -> None:
        self._eye.land()
        self._governor.begin()
        waited = self._waited.take()
        self._course.end_epoch(metrics, self._eye.rate, self._governor.clock(), waited)
        self._governor.end()


class Epoch:
    """One epoch as a `with`: the dictionary that it gives is told when it is over."""

    def __init__(self, end: Callable[[Mapping[str, Any]], None]) -> None:
        self._end = end
        self._metrics: dict[str, Any] = {}

    def __enter__(self) -> dict[str, Any]:
        return self._metrics

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        if kind is None:
            self._end(self._metrics)


def watch(
    module: nn.Module,
    optimizer: torch.optim.Optimizer,
    *,
    log_level: Level | int | str = Level.BASIC,
    sinks: Iterable[Sink] = (),
    every: int | None = None,
    budget: float | None = 0.03,
    run: Mapping[str, Any] | None = None,
    name: str = "",
    epochs: int = 0,
    batches: int = 0,
    clock: Callable[[], float] = time.perf_counter,
) -> Watcher:
    """Watch the training of a module: each `optimizer.step()` becomes an event.

    Say the loss with `watcher.loss(loss)` before the step, or `watcher.step(loss)` after it, and
    `watcher.epoch(metrics)` when an epoch is over. Layers are looked at when the doctor or a
    sink asks for them, or in one update of `every` so many, as the budget allows (a share of
    the training's time; None: always), and in the first update, where that is likely to take no
    more than 20 ms. Of the looks that the doctor plans the first five, and one in five of the
    others, are taken whatever is left of the budget, while they take no more than that. Values
    are counted into histograms in the first look of an epoch, where a sink asks for DEBUG.
    Passes without gradients that leave dropout or batch normalisation in training mode are
    told. `EpochEnd.waited` is known of loaders that go through `watcher.batches`. run: what
    else is known, as in `TrainStart.run` (baseline, facts); with epochs and batches (an epoch)
    the rules know how far the run is. The weights are those of the same loop unwatched. Raises
    BadValue for what cannot be watched.
    """
    if not isinstance(module, nn.Module) or isinstance(module, nn.DataParallel):
        raise BadValue("module", "a torch.nn.Module that is no DataParallel", module)
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise BadValue("optimizer", "a torch.optim.Optimizer", optimizer)
    if every is not None and (not isinstance(every, int) or isinstance(every, bool) or every < 1):
        raise BadValue("every", "int ≥ 1, or None", every)
    level = level_of(log_level)
    governor = Governor(budget, clock, grace=0.0)
    plan = Plan(
        name=name or type(module).__name__,
        engine="torch (own loop)",
        seed=torch.initial_seed(),
        epochs=epochs,
        batches=batches,
        run=_known(module, optimizer, run or {}),
    )
    bus = Bus([Terminal(level)] if level > Level.SILENT else [])
    lost, doctor = Failures(), Doctor(bus.publish, governor=governor)
    for sink in (lost, *sinks, doctor):
        bus.add(sink)
    eye = Eye(module, optimizer, Course(bus, governor, plan), doctor, every)
    return Watcher(eye, doctor, lost)


def _known(
    module: nn.Module, optimizer: torch.optim.Optimizer, run: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what module and optimiser say of the run, completed by what the user knows."""
    frozen = sum(
        any(not p.requires_grad for p in m.parameters(recurse=False)) for m in module.modules()
    )
    drops = {n: m.p for n, m in module.named_modules() if isinstance(m, nn.Dropout) and m.p}
    facts = {"frozen": frozen, **({"dropout": drops} if drops else {}), **run.get("facts", {})}
    rate = float(optimizer.param_groups[0].get("lr", 0.0))
    return {
        "optimizer": type(optimizer).__name__.lower(),
        "learning_rate": rate,
        **run,
        "facts": facts,
    }
