"""What watching somebody's PyTorch loop costs: bare, watched by us as by default, and by others.

Run: python benchmarks/watch.py [--clock cpu] [--rounds 5] [--seconds 4.0] [--only TEXT]
     [--out FILE]
Each round trains the same network from the same first weights once a mode, side by side in short
slices taken in turns, so that what else the machine does falls on all alike. A ratio is that of
whole runs, the beginning and the end of watching included, the median over rounds; by its own
clock: what `watch` says that it took. Bare and watched must end with the same bits. Naive hooks
take NumPy's mean, deviation, ends and percentiles of every output, weight and gradient in every
update. torch-audit looks at every update, and at one of ten. W&B (offline) watches with
log="all", its histograms in every update, and at its own pace of one in a thousand. trackio logs
losses, and looks at no layer. What is not installed is left out, and said. Starting a run of W&B
or trackio takes seconds and is not counted.
"""

from __future__ import annotations

import beside
from beside import about, arguments, show, verdict

OPTIONS = arguments(__doc__, rounds=5, threads=(1,), seconds=4.0, budget=0.03)

import contextlib
import gc
import io
import itertools
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from statistics import median
from time import perf_counter
from typing import NamedTuple

import numpy as np
import torch
from rich.console import Console
from torch import nn

from neurogebra.bridges import watch
from neurogebra.observatory.bus import Sink
from neurogebra.observatory.events import Level
from neurogebra.observatory.sinks.terminal import Terminal

GOAL, OWN_GOAL = 1.03, 1.025
# What looks at everything trains in one slice for so many of the others.
SHARE = 8
# Parts into which each run is cut.
SLICES = 160
# The rows of the table: name → (sizes of a network's layers, rows of a batch).
MODELS = {
    "64-64-10, 32 rows": ((64, 64, 10), 32),
    "784-256-256-10, 128 rows": ((784, 256, 256, 10), 128),
    "784-1024-1024-10, 256 rows": ((784, 1024, 1024, 10), 256),
}


class Loop:
    """A training loop as people write it."""

    def __init__(self, sizes: tuple[int, ...], rows: int) -> None:
        torch.manual_seed(0)
        parts: list[nn.Module] = []
        for n, m in itertools.pairwise(sizes):
            parts += [nn.Linear(n, m), nn.ReLU()]
        self.model = nn.Sequential(*parts[:-1])
        self.optimizer = torch.optim.Adam(self.model.parameters())
        self.x = torch.randn(8, rows, sizes[0])
        self.y = torch.randint(sizes[-1], (8, rows))

    def run(
        self, steps: int, say: Callable[[torch.Tensor], object] = lambda loss: None
    ) -> Iterator[None]:
        """Make so many updates, and yield after each; `say` is told each loss before its update."""
        for i in range(steps):
            x, y = self.x[i % 8], self.y[i % 8]
            loss = nn.functional.cross_entropy(self.model(x), y)
            self.optimizer.zero_grad()
            loss.backward()
            say(loss)
            self.optimizer.step()
            loss.item()  # everybody prints it
            yield


class Turns:
    """A clock that stands still while it is others' turn; how long its own turns were."""

    def __init__(self) -> None:
        self.seconds, self._away, self._left = 0.0, 0.0, perf_counter()

    def __call__(self) -> float:
        return perf_counter() - self._away

    def take(self, updates: Iterator[None], many: int) -> None:
        """Let so many updates be made."""
        self._away += perf_counter() - self._left
        start = beside.clock()
        for _ in itertools.islice(updates, many):
            pass
        self.seconds += beside.clock() - start
        self._left = perf_counter()


class Mode(NamedTuple):
    """How a loop is trained: begin(loop, steps, clock) yields after each update; its slices."""

    begin: Callable[[Loop, int, Turns], Iterator[None]]
    share: int = 1


def bare(loop: Loop, steps: int, clock: Turns) -> Iterator[None]:
    """Train."""
    return loop.run(steps)


def naive(loop: Loop, steps: int, clock: Turns) -> Iterator[None]:
    """Train with hooks that summarise every array by itself."""
    found = []

    def numbers(x: torch.Tensor) -> None:
        a = x.detach().numpy()
        found.append((a.mean(), a.std(), a.min(), a.max(), np.percentile(a, (5, 50, 95))))

    def say(_: torch.Tensor) -> None:
        for p in loop.model.parameters():
            numbers(p)
            if p.grad is not None:
                numbers(p.grad)

    for m in loop.model:
        m.register_forward_hook(lambda _, __, y: numbers(y))
    yield from loop.run(steps, say)


def watched(told: list[float], loop: Loop, steps: int, clock: Turns) -> Iterator[None]:
    """Train under the terminal (its text thrown away) and the doctor, within the budget."""
    screen: list[Sink] = [Terminal(Level.BASIC, Console(file=io.StringIO()))]
    options = {"log_level": Level.SILENT, "budget": OPTIONS.budget, "clock": clock}
    with watch(loop.model, loop.optimizer, sinks=screen, **options) as watcher:
        yield from loop.run(steps, watcher.loss)
    told.append(watcher.share)


def audited(every: int, loop: Loop, steps: int, clock: Turns) -> Iterator[None]:
    """Train under torch-audit, its findings kept and not shown."""
    from torch_audit import autopatch

    auditor = autopatch(
        loop.model, optimizer=loop.optimizer, every_n_steps=every, run_static=False, run_init=False
    )
    yield from loop.run(steps)
    auditor.finish(report=False)
    auditor.unpatch()


def logged(run, every: int, loop: Loop, steps: int, clock: Turns) -> Iterator[None]:
    """Train under a run of W&B that hooks the module and is told each loss."""
    run.watch(loop.model, log="all", log_freq=every)
    yield from loop.run(steps, lambda loss: run.log({"loss": loss.item()}))
    run.unwatch(loop.model)


def tracked(run, loop: Loop, steps: int, clock: Turns) -> Iterator[None]:
    """Train telling trackio each loss."""
    return loop.run(steps, lambda loss: run.log({"loss": loss.item()}))


def silent(call: Callable):
    """Return what a call returns, and let go of what it prints."""
    with contextlib.redirect_stdout(io.StringIO()):
        return call()


def others(stack: contextlib.ExitStack) -> dict[str, Mode]:
    """Return name → mode of what is installed."""
    found = {"naive": Mode(naive, SHARE)}
    folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
    if find_spec("torch_audit"):
        found["torch-audit"] = Mode(partial(audited, 1), SHARE)
        found["torch-audit 1/10"] = Mode(partial(audited, 10))
    if find_spec("wandb"):
        import wandb

        settings = wandb.Settings(silent=True, console="off", x_disable_stats=True)
        run = stack.enter_context(wandb.init(mode="offline", dir=folder, settings=settings))
        found["W&B"] = Mode(partial(logged, run, 1), SHARE)
        found["W&B 1/1000"] = Mode(partial(logged, run, 1000))
    if find_spec("trackio"):
        os.environ |= {"TRACKIO_DIR": folder, "HF_HUB_OFFLINE": "1"}
        import trackio

        own = silent(lambda: trackio.init(project="bench", embed=False, auto_log_cpu=False))
        stack.callback(lambda: silent(own.finish))
        found["trackio (losses)"] = Mode(partial(tracked, own))
    return found


def lines() -> Iterator[str]:
    """Yield the table, row by row."""
    torch.set_num_threads(OPTIONS.threads)
    about_what = f"A PyTorch loop, watched, {OPTIONS.clock} clock"
    yield about(about_what, OPTIONS.threads, OPTIONS.rounds).replace("best of", "medians over")
    with contextlib.ExitStack() as stack:
        rivals = others(stack)
        absent = [n for n in ("torch_audit", "wandb", "trackio") if not find_spec(n)]
        yield f"not installed, and so left out: {', '.join(absent)}" if absent else ""
        for name, (sizes, rows) in MODELS.items():
            if OPTIONS.only in name:
                yield from row(name, partial(Loop, sizes, rows), rivals)


def measured(make: Callable[[], Loop], modes: dict[str, Mode], steps: int) -> dict[str, float]:
    """Return each mode's seconds an update, all trained side by side in slices.

    steps: those of a mode that takes all its slices. Ends when the weights of bare and watched
    differ.
    """
    gc.collect()
    loops = {name: make() for name in modes}
    clocks = {name: Turns() for name in modes}
    part = max(1, steps // SLICES)
    share = {name: mode.share for name, mode in modes.items()}
    many = {name: steps // part // share[name] * part for name in modes}
    runs = {n: mode.begin(loops[n], many[n], clocks[n]) for n, mode in modes.items()}
    names = list(modes)
    for i in range(steps // part):
        at = i % len(names)
        for name in names[at:] + names[:at]:
            if i % share[name] == 0:
                clocks[name].take(runs[name], part)
    for name in names:
        clocks[name].take(runs[name], part)  # what comes after the last update
    if not equal(loops["bare"].model, loops["watched"].model):
        sys.exit("watching changed the weights")
    return {name: clocks[name].seconds / many[name] for name in names}


def equal(a: nn.Module, b: nn.Module) -> bool:
    """Return whether two modules have the same weights, bit for bit."""
    return all(torch.equal(x, y) for x, y in zip(a.parameters(), b.parameters(), strict=True))


def row(name: str, make: Callable[[], Loop], rivals: dict[str, Mode]) -> Iterator[str]:
    """Yield the lines of one network."""
    told: list[float] = []
    modes = {"bare": Mode(bare), "watched": Mode(partial(watched, told)), **rivals}
    loop, clock = make(), Turns()
    clock.take(loop.run(20), 20)
    clock.seconds = 0.0
    clock.take(loop.run(50), 50)
    steps = max(SLICES, int(OPTIONS.seconds / (clock.seconds / 50)))
    measured(make, modes, SLICES)  # libraries, caches, pages
    told.clear()
    found = [measured(make, modes, steps) for _ in range(OPTIONS.rounds)]
    ratios = {k: sorted(times[k] / times["bare"] for times in found) for k in modes}
    step, ours = median(times["bare"] for times in found), median(ratios["watched"])
    own = 1 + median(told)
    yield (
        f"{name:28} step {1e3 * step:6.2f} ms   watched {ours:.3f} ({verdict(ours, GOAL)}; "
        f"{ratios['watched'][0]:.3f} to {ratios['watched'][-1]:.3f})   by its own clock {own:.3f} "
        f"(<= {OWN_GOAL} {'met' if own <= OWN_GOAL else 'MISSED'})"
    )
    yield "    " + "   ".join(f"{k} {median(ratios[k]):.2f}" for k in rivals)


show(lines(), OPTIONS.out)
