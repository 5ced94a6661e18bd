"""What watching somebody's PyTorch loop costs: bare, watched by us as by default, and by others.

All run in turns, one round after the other, on the same batches; a ratio is a median over
rounds. Naive hooks take NumPy's mean, deviation, ends and percentiles of every output, weight
and gradient in every update. torch-audit looks at every update, and at one of ten. W&B (offline)
watches with log="all", its histograms in every update, and at its own pace of one in a thousand.
trackio logs losses, and looks at no layer. What is not installed is left out, and said. Starting
a run of W&B or trackio takes seconds and is not counted.

    python benchmarks/watch.py --threads 1 --rounds 5
"""

from __future__ import annotations

from beside import about, arguments, in_turns, ratio, show, verdict

OPTIONS = arguments(__doc__, rounds=5, threads=(1,), seconds=1.0, budget=0.03)

import contextlib
import io
import itertools
import os
import tempfile
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from time import perf_counter

import numpy as np
import torch
from rich.console import Console
from torch import nn

from neurogebra.bridges import watch
from neurogebra.observatory.bus import Sink
from neurogebra.observatory.events import Level
from neurogebra.observatory.sinks.terminal import Terminal

GOAL = 1.03
# What looks at everything runs one update for so many of the others, and is scaled up.
SHARE = 8
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

    def run(self, steps: int, say: Callable[[torch.Tensor], object] = lambda loss: None) -> None:
        """Make so many updates; `say` is told each loss before its update."""
        for i in range(steps):
            x, y = self.x[i % 8], self.y[i % 8]
            loss = nn.functional.cross_entropy(self.model(x), y)
            self.optimizer.zero_grad()
            loss.backward()
            say(loss)
            self.optimizer.step()
            loss.item()  # everybody prints it


def naive(loop: Loop, steps: int) -> None:
    """Train with hooks that summarise every array by itself."""
    found = []

    def numbers(x: torch.Tensor) -> None:
        a = x.detach().numpy()
        found.append((a.mean(), a.std(), a.min(), a.max(), np.percentile(a, (5, 50, 95))))

    handles = [m.register_forward_hook(lambda _, __, y: numbers(y)) for m in loop.model]

    def say(_: torch.Tensor) -> None:
        for p in loop.model.parameters():
            numbers(p)
            if p.grad is not None:
                numbers(p.grad)

    loop.run(steps, say)
    for handle in handles:
        handle.remove()


def watched(loop: Loop, steps: int, told: list[float]) -> None:
    """Train under the terminal (its text thrown away) and the doctor, within the budget."""
    screen: list[Sink] = [Terminal(Level.BASIC, Console(file=io.StringIO()))]
    with watch(
        loop.model, loop.optimizer, log_level=Level.SILENT, sinks=screen, budget=OPTIONS.budget
    ) as watcher:
        loop.run(steps, watcher.loss)
    told.append(watcher.share)


def audited(loop: Loop, steps: int, every: int) -> None:
    """Train under torch-audit, its findings kept and not shown."""
    from torch_audit import autopatch

    auditor = autopatch(
        loop.model, optimizer=loop.optimizer, every_n_steps=every, run_static=False, run_init=False
    )
    loop.run(steps)
    auditor.finish(report=False)
    auditor.unpatch()


def logged(loop: Loop, steps: int, run, log: str, every: int) -> None:
    """Train under a run of W&B that hooks the module and is told each loss."""
    run.watch(loop.model, log=log, log_freq=every)
    loop.run(steps, lambda loss: run.log({"loss": loss.item()}))
    run.unwatch(loop.model)


def tracked(loop: Loop, steps: int, run) -> None:
    """Train telling trackio each loss."""
    loop.run(steps, lambda loss: run.log({"loss": loss.item()}))


def silent(call: Callable):
    """Return what a call returns, and let go of what it prints."""
    with contextlib.redirect_stdout(io.StringIO()):
        return call()


def others(stack: contextlib.ExitStack) -> dict[str, tuple[Callable[[Loop, int], object], int]]:
    """Return name → (task of a loop and steps, share of the steps) of what is installed."""
    found = {"naive": (naive, SHARE)}
    folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
    if find_spec("torch_audit"):
        found["torch-audit"] = (lambda loop, n: audited(loop, n, 1), SHARE)
        found["torch-audit 1/10"] = (lambda loop, n: audited(loop, n, 10), 1)
    if find_spec("wandb"):
        import wandb

        settings = wandb.Settings(silent=True, console="off", x_disable_stats=True)
        run = stack.enter_context(wandb.init(mode="offline", dir=folder, settings=settings))
        found["W&B"] = (lambda loop, n: logged(loop, n, run, "all", 1), SHARE)
        found["W&B 1/1000"] = (lambda loop, n: logged(loop, n, run, "all", 1000), 1)
    if find_spec("trackio"):
        os.environ |= {"TRACKIO_DIR": folder, "HF_HUB_OFFLINE": "1"}
        import trackio

        own = silent(lambda: trackio.init(project="bench", embed=False, auto_log_cpu=False))
        stack.callback(lambda: silent(own.finish))
        found["trackio (losses)"] = (lambda loop, n: tracked(loop, n, own), 1)
    return found


def lines() -> Iterator[str]:
    """Yield the table, row by row."""
    torch.set_num_threads(OPTIONS.threads)
    yield about("A PyTorch loop, watched", OPTIONS.threads, OPTIONS.rounds)
    with contextlib.ExitStack() as stack:
        rivals = others(stack)
        absent = [n for n in ("torch_audit", "wandb", "trackio") if not find_spec(n)]
        yield f"not installed, and so left out: {', '.join(absent)}" if absent else ""
        for name, (sizes, rows) in MODELS.items():
            if OPTIONS.only in name:
                yield from row(name, Loop(sizes, rows), rivals)


def row(name: str, loop: Loop, rivals: dict) -> Iterator[str]:
    """Yield the lines of one network."""
    loop.run(20)
    start = perf_counter()
    loop.run(50)
    step = (perf_counter() - start) / 50
    steps, told = max(80, int(OPTIONS.seconds / step)) // SHARE * SHARE, []
    tasks = {
        "bare": lambda: loop.run(steps),
        "watched": lambda: watched(loop, steps, told),
        **{k: lambda t=t, s=s: t(loop, steps // s) for k, (t, s) in rivals.items()},
    }
    times = in_turns(tasks, OPTIONS.rounds)
    for key, (_, share) in rivals.items():
        times[key] = [share * t for t in times[key]]
    ours = ratio(times, "watched", "bare")[1]
    yield (
        f"{name:28} step {1e3 * step:6.2f} ms   watched {ours:.3f} ({verdict(ours, GOAL)})   "
        f"by its own clock {1 + np.median(told):.3f}"
    )
    yield "    " + "   ".join(f"{k} {ratio(times, k, 'bare')[1]:.2f}" for k in rivals)


show(lines(), OPTIONS.out)
