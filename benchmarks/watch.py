"""What watching somebody's PyTorch loop costs: bare, watched as by default, hooks on every step.

The three run in turns, one round after the other, on the same batches; a ratio is a median over
rounds. Naive hooks take NumPy's mean, deviation, ends and percentiles of every output, weight
and gradient in every update.

    python benchmarks/watch.py --threads 1 --rounds 5
"""

from __future__ import annotations

from beside import about, arguments, in_turns, ratio, show, verdict

OPTIONS = arguments(__doc__, rounds=5, threads=(1,), seconds=1.0, budget=0.03)

import io
import itertools
from collections.abc import Callable, Iterator
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
# Naive hooks run one update for so many of the others, and are scaled up.
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


def lines() -> Iterator[str]:
    """Yield the table, row by row."""
    torch.set_num_threads(OPTIONS.threads)
    yield about("A PyTorch loop, watched", OPTIONS.threads, OPTIONS.rounds)
    yield ""
    for name, (sizes, rows) in MODELS.items():
        if OPTIONS.only not in name:
            continue
        loop = Loop(sizes, rows)
        loop.run(20)
        start = perf_counter()
        loop.run(50)
        step = (perf_counter() - start) / 50
        steps, told = max(80, int(OPTIONS.seconds / step)) // SHARE * SHARE, []
        times = in_turns(
            {
                "bare": lambda loop=loop, n=steps: loop.run(n),
                "watched": lambda loop=loop, n=steps, told=told: watched(loop, n, told),
                "naive": lambda loop=loop, n=steps // SHARE: naive(loop, n),
            },
            OPTIONS.rounds,
        )
        times["naive"] = [SHARE * t for t in times["naive"]]
        ours, theirs = ratio(times, "watched", "bare")[1], ratio(times, "naive", "bare")[1]
        yield (
            f"{name:28} step {1e3 * step:6.2f} ms   watched {ours:.3f} ({verdict(ours, GOAL)})   "
            f"by its own clock {1 + np.median(told):.3f}   naive {theirs:.2f}"
        )


show(lines(), OPTIONS.out)
