"""The hooks on somebody's PyTorch optimiser, and what is made of its updates."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from neurogebra.bridges.course import Course
from neurogebra.bridges.torch_layers import in_order, info
from neurogebra.bridges.torch_modes import Modes
from neurogebra.bridges.torch_probe import Flight, Probe, Update
from neurogebra.observatory.doctor import Doctor
from neurogebra.observatory.events import Level, Note
from neurogebra.observatory.governor import GRACE

# Updates that nobody hears of, of which one is timed.
TIMED = 16


class Asking:
    """Whether somebody asks to look at the next update, and when they will ask again.

    asked: whether the doctor asks to hear of the next one.
    """

    def __init__(self, course: Course, doctor: Doctor, every: int | None) -> None:
        self._course, self._doctor, self._every = course, doctor, every
        self.asked = False

    def is_due(self) -> bool:
        """Return whether to look at the next update.

        Of the doctor's looks some are taken whatever they cost, if that is not much.
        """
        course, bus = self._course, self._course.bus
        if self._every is not None:
            return course.step % self._every == 0 and course.affords("look")
        cheap = course.governor.costs["look"] <= GRACE
        if cheap and self._doctor in bus.sinks and self._doctor.looks:
            return True
        return course.affords("look") and (bus.wants(Level.EXPERT) or bus.looks())

    def quiet(self) -> int:
        """Return how many updates from here nobody asks to hear of."""
        bus = self._course.bus
        rest = bus.quiet()
        self.asked = not rest and self._doctor in bus.sinks and not self._doctor.quiet
        if self._every is not None:
            rest = min(rest, self._every - self._course.step % self._every)
        return rest


class Passing:
    """Lets updates pass that nobody asks to hear of, and counts them.

    loss: of the next update, where it was said; rows: of the newest batch, 0 where nobody knows.
    """

    def __init__(self, course: Course) -> None:
        self.course, self._governor = course, course.governor
        self.loss: Tensor | float | None = None
        self.rows = 0
        self._rest = 0  # updates from here that nobody asks to hear of
        self._passed, self._total = 0, 0.0  # those that passed since then, and their losses

    def _choose(self) -> None:
        """Choose what to do with the next update."""
        raise NotImplementedError

    def _passes(self) -> bool:
        """Count an update that nobody asks to hear of; False where its loss must be told.

        That is a loss that is no finite number; one that is on a device is not waited for. The
        little that is done here is what watching costs in nearly all updates, and it is done
        among cold caches: the less it touches the better. One in TIMED stands for all of them.
        """
        timed = self._rest % TIMED == 1
        if timed:
            self._governor.begin()
        loss = self.loss
        if isinstance(loss, Tensor):
            loss = loss.item() if loss.is_cpu else None
        if loss is None or not math.isfinite(loss):
            self._settle()
            return False
        self.loss = None
        self._rest -= 1
        self._passed += 1
        self._total += loss
        if timed:
            g = self._governor
            g.spent += TIMED * (g.so_far() - g.spent + g.tick)
        if not self._rest:
            self._governor.begin()
            self._settle()
            self._choose()
            self._governor.end()
        return True

    def _settle(self) -> None:
        """Take the updates that passed into the course of the run."""
        if self._passed:
            self.course.passed(self._governor.clock(), self._passed, self._total, self.rows)
            self._passed, self._total = 0, 0.0


class Eye(Passing):
    """Tells the updates of an optimiser, and looks at the layers in some of them.

    looks: the updates whose layers were looked at.
    """

    def __init__(
        self,
        module: nn.Module,
        optimizer: torch.optim.Optimizer,
        course: Course,
        doctor: Doctor,
        every: int | None,
    ) -> None:
        super().__init__(course)
        self.optimizer, self.looks = optimizer, 0
        self._asking = Asking(course, doctor, every)
        self._modes = Modes(module)
        self._probe = Probe(module, optimizer, self._governor)
        self._flight = Flight(self._deliver)
        self._open: Update | None = None
        self._deep = -1  # the latest epoch in which values were counted
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
        self._modes.remove()
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
        self._settle()
        self._finish()
        self._flight.land()
        self._governor.end()

    def start(self) -> None:
        """Say that the run begins, with the layers in the order in which they were called."""
        if self._started:
            return
        self._started = True
        introduce(self.course, self._probe)

    def end(self) -> None:
        """The last update was made: tell what is left to tell."""
        self.land()
        self.start()
        tell_mode(self._modes, self.course, over=True)

    def _after(self, *_: object) -> None:
        """An update was made: look, if that is due, and tell it, if its loss is known."""
        if self._rest and self._passes():
            return
        g, course = self._governor, self.course
        g.begin()
        if self._modes.told:
            tell_mode(self._modes, course)
        if self._open is not None:
            self._finish()  # nobody said its loss
        if course.step == 0:
            g.start()
            self._armed_at = 0.0
        update = self._open = Update(course.update(g.now), asked=self._asking.asked)
        if self._probe.armed:
            self.rows = self._probe.rows or self.rows
        self.start()
        if self._probe.armed:
            self._look(update)
        if self.loss is not None:
            self._finish()
        g.end()

    def _look(self, update: Update) -> None:
        """Look at the layers; in the first look of an epoch values are counted, if asked for."""
        epoch = update.place.epoch
        update.deep = epoch > self._deep and self.course.bus.wants(Level.DEBUG)
        self._deep = epoch
        self._probe.look(update)
        self.looks += 1

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
        looked = bool(update.looks) and not update.deep
        self._flight.add(update)
        if looked:
            g.learn("look", g.so_far() - self._armed_at)
        self._choose()

    def _choose(self) -> None:
        """Hang the hooks for the next update, if it is to be looked at and may be."""
        self._rest = 0
        if self._hook is None or self._probe.armed:
            return
        course = self.course
        suspicious = course.suspicion > 0
        if suspicious or self._asking.is_due():
            course.suspicion -= suspicious
            self._armed_at = self._governor.so_far()
            self._probe.arm()
        else:
            self._rest = self._asking.quiet()

    def _deliver(self, update: Update, loss: float | None) -> None:
        seen = update.events() if update.seen else ()
        self.course.tell(update.place, loss, update.rows, seen, asked=update.asked)

    def _say(self, message: str) -> None:
        self.course.bus.publish(Note(message=message))


def introduce(course: Course, probe: Probe) -> None:
    """Say that a run begins, with the layers in the order in which they were called."""
    heard = probe.heard
    course.start([info(layer, heard.get(layer)) for layer in in_order(probe.layers, heard)])
    said = []
    if probe.compiled:
        said.append("the module is compiled: outputs of its layers are not looked at")
    missing = probe.lacks()
    if missing:
        names = ", ".join(missing[:3]) + (", …" if len(missing) > 3 else "")
        said.append(f"{len(missing)} trainable parameters are not the optimizer's: {names}")
    for sentence in said:
        course.bus.publish(Note(message=sentence))


def tell_mode(modes: Modes, course: Course, *, over: bool = False) -> None:
    """Tell what was seen of the module's mode, where it is worth telling."""
    found = modes.seen(course.epoch, course.step, over=over)
    if found is not None:
        course.bus.publish(found)
