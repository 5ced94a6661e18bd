"""Watch somebody else's PyTorch loop: its updates as our events, for our doctor and sinks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from neurogebra.bridges.course import Course, Plan
from neurogebra.bridges.torch_layers import in_order, info
from neurogebra.bridges.torch_probe import Flight, Probe, Update
from neurogebra.errors import BadValue
from neurogebra.observatory.bus import Bus, Sink
from neurogebra.observatory.diagnosis import Diagnosis
from neurogebra.observatory.doctor import Doctor
from neurogebra.observatory.events import Alert, Level, Note, Verdict
from neurogebra.observatory.governor import GRACE, Governor
from neurogebra.observatory.presets import level_of
from neurogebra.observatory.sinks.failures import Failures
from neurogebra.observatory.sinks.terminal import Terminal


class Eye:
    """The hooks on an optimiser, and what they make of its updates."""

    def __init__(
        self, module: nn.Module, optimizer: torch.optim.Optimizer, course: Course, every: int | None
    ) -> None:
        self.course, self.optimizer, self.looks = course, optimizer, 0
        self.loss: Tensor | float | None = None
        self.rows = 0
        self._every, self._governor = every, course.governor
        self._probe = Probe(module, optimizer, self._governor)
        self._flight = Flight(self._deliver)
        self._open: Update | None = None
        self._started, self._without, self._armed_at = False, False, 0.0
        self._hook: RemovableHandle | None = optimizer.register_step_post_hook(self._after)
        self._governor.costs["look"] = self._probe.estimate()
        if self._governor.budget is None or self._probe.estimate() <= GRACE:
            self._probe.arm()  # else when it is affordable

    @property
    def rate(self) -> float:
        """The learning rate of the optimiser's first group."""
        return float(self.optimizer.param_groups[0].get("lr", 0.0))

    def remove(self) -> None:
        """Take every hook off the optimiser and the module."""
        if self._hook is not None:
            self._hook.remove()
        self._hook = None
        self._probe.disarm()

    def say(self, loss: Tensor | float, rows: int) -> None:
        """Take the loss of the update that waits for it, if one does."""
        self._governor.begin()
        self.rows = rows or self.rows
        if self._open is not None:
            self.loss = loss
            self._finish()
        self.loss = None
        self._governor.end()

    def land(self) -> None:
        """Tell everything that is still on its way."""
        self._governor.begin()
        self._finish()
        self._flight.land()
        self._governor.end()

    def start(self) -> None:
        """Say that the run begins, with the layers in the order in which they were called."""
        if self._started:
            return
        self._started, heard = True, self._probe.heard
        layers = in_order(self._probe.layers, heard)
        self.course.start([info(layer, heard.get(layer)) for layer in layers])
        if self._probe.compiled:
            self._say("the module is compiled: outputs of its layers are not looked at")
        missing = self._probe.lacks()
        if missing:
            names = ", ".join(missing[:3]) + (", …" if len(missing) > 3 else "")
            self._say(f"{len(missing)} trainable parameters are not the optimizer's: {names}")

    def _after(self, *_: object) -> None:
        """An update was made: look, if that is due, and tell it, if its loss is known."""
        g, course = self._governor, self.course
        g.begin()
        if self._open is not None:
            self._finish()  # nobody said its loss
        if course.step == 0:
            g.start()
            self._armed_at = 0.0
        update = self._open = Update(course.update(g.now))
        if self._probe.armed:
            self.rows = self._probe.rows or self.rows
        self.start()
        if self._probe.armed:
            self._probe.look(update)
            self.looks += 1
        if self.loss is not None:
            self._finish()
        g.end()

    def _finish(self) -> None:
        """Tell the update that waits for its loss, and choose whether to look at the next."""
        update, g = self._open, self._governor
        if update is None:
            return
        self._open, update.loss, self.loss = None, self.loss, None
        update.rows = self.rows
        if update.loss is None and not self._without:
            self._without = True
            self._say("updates without a loss are not told: watcher.loss(loss) says it")
        looked = bool(update.looks)
        self._flight.add(update)
        if looked:
            g.learn("look", g.so_far() - self._armed_at)
        self._choose()

    def _choose(self) -> None:
        """Hang the hooks for the next update, if it is to be looked at and may be."""
        g, course = self._governor, self.course
        if self._hook is None or self._probe.armed:
            return
        suspicious = course.suspicion > 0
        if suspicious or (course.affords("look") and self._is_due()):
            course.suspicion -= suspicious
            self._armed_at = g.so_far()
            self._probe.arm()

    def _is_due(self) -> bool:
        if self._every is not None:
            return self.course.step % self._every == 0
        return self.course.bus.wants(Level.EXPERT) or self.course.bus.looks()

    def _deliver(self, update: Update, loss: float | None) -> None:
        seen = update.events() if update.seen else ()
        self.course.tell(update.place, loss, update.rows, seen)

    def _say(self, message: str) -> None:
        self.course.bus.publish(Note(message=message))


class Watcher:
    """A PyTorch loop under observation; made by `watch`, ended by `close` or its `with`.

    verdict: the doctor's word at the end, None before.
    """

    def __init__(self, eye: Eye, doctor: Doctor, lost: Failures) -> None:
        self._eye, self._doctor, self._lost = eye, doctor, lost
        self._governor, self._course = eye.course.governor, eye.course
        self.verdict: Verdict | None = None

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
        if isinstance(loss, Tensor) and loss.numel() != 1:
            raise BadValue("loss", "one number", f"shape {tuple(loss.shape)}")
        self._eye.loss = loss if isinstance(loss, Tensor) else float(loss)
        self._governor.spent += self._governor.tick
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
        if metrics is not None or self._course.batch:
            self._end_epoch(metrics or {})
        return Epoch(self._end_epoch)

    def close(self, reason: str = "completed") -> Verdict:
        """Take off all hooks, say the end and the verdict, close the sinks; again: nothing."""
        self._eye.remove()
        if self.verdict is not None:
            return self.verdict
        bus = self._course.bus
        try:
            self._eye.land()
            self._eye.start()
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
        self._course.end_epoch(metrics, self._eye.rate, self._governor.clock())
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

    Say the loss with `watcher.loss(loss)` before the step, or `watcher.step(loss)` after it,
    and `watcher.epoch(metrics)` when an epoch is over. Layers are looked at when the doctor or
    a sink asks for them, or in one update of `every` so many, as the budget allows (a share of
    the training's time; None: always), and in the first update, where that is likely to take
    no more than 20 ms. run: what else is known, as in `TrainStart.run` (baseline, facts); with
    epochs and batches (an epoch) the rules know how far the run is. The weights are those of
    the same loop unwatched. Raises BadValue for what cannot be watched.
    """
    if not isinstance(module, nn.Module) or isinstance(module, nn.DataParallel):
        raise BadValue("module", "a torch.nn.Module that is no DataParallel", module)
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise BadValue("optimizer", "a torch.optim.Optimizer", optimizer)
    if every is not None and (not isinstance(every, int) or isinstance(every, bool) or every < 1):
        raise BadValue("every", "int ≥ 1, or None", every)
    level = level_of(log_level)
    governor = Governor(budget, clock, grace=0.0, planned=1.0)
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
    return Watcher(Eye(module, optimizer, Course(bus, governor, plan), every), doctor, lost)


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
