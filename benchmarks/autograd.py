"""`Value` beside micrograd and `Tensor` beside PyTorch, interleaved in one run; prints ratios.

Run: python benchmarks/autograd.py   (pip install micrograd torch)
"""

from __future__ import annotations

import gc
import random
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from micrograd.engine import Value as Micrograd

from neurogebra.core.autograd import Tensor, Value

ROUNDS = 15
sys.setrecursionlimit(100_000)  # micrograd sorts its graph by recursion


def network(make: Callable[[float], Any], weights_of_inputs: bool) -> int:
    """A 16-16-1 network with squared loss on 10 rows; return how many operations it records."""
    rng = random.Random(0)
    W = [[make(rng.uniform(-1, 1)) for _ in range(16)] for _ in range(16)]
    V = [make(rng.uniform(-1, 1)) for _ in range(16)]
    X = [[rng.uniform(-1, 1) for _ in range(16)] for _ in range(10)]
    if weights_of_inputs:
        X = [[make(x) for x in row] for row in X]
    loss = make(0.0)
    for row in X:
        h = [sum((w * x for w, x in zip(ws, row, strict=True)), make(0.0)).relu() for ws in W]
        out = sum((v * a for v, a in zip(V, h, strict=True)), make(0.0))
        loss = loss + (out - 1.0) ** 2
    loss.backward()
    return 10 * (16 * 33 + 32 + 3)


def chain(make: Callable[[float], Any], _: bool) -> int:
    """A chain of 6,000 operations, half of them with a constant."""
    x, w = make(0.5), make(0.9)
    y = x
    for _step in range(1500):
        y = (y * w + x) * 0.5 + 0.1
    y.backward()
    return 6000


def perceptron(make: Callable[[Any], Any], mean: Callable[[Any], Any]) -> int:
    """Forward and backward of a 256-128-10 network on 64 rows."""
    rng = np.random.default_rng(0)
    x, W, V = (make(rng.normal(size=s)) for s in ((64, 256), (256, 128), (128, 10)))
    mean((((x @ W) * 0.05).tanh() @ V).sigmoid()).backward()
    return 6


def beside(tasks: dict[str, Callable[[], int]]) -> dict[str, float]:
    """Return the best operations per second of each, taken in turns."""
    best: dict[str, float] = {}
    for _ in range(ROUNDS):
        for name, task in tasks.items():
            gc.collect()
            start = time.perf_counter()
            n = task()
            best[name] = max(best.get(name, 0.0), n / (time.perf_counter() - start))
    return best


def report(title: str, ours: str, theirs: str, speed: dict[str, float]) -> None:
    """Print one line of the table."""
    ratio = speed[ours] / speed[theirs]
    print(f"{title:<34}{speed[ours]:>14,.0f}{speed[theirs]:>14,.0f}{ratio:>9.2f} ×")


def main() -> None:
    """Print the table."""
    print(f"{'operations a second':<34}{'neurogebra':>14}{'the other':>14}{'ratio':>10}")
    for title, task, inputs in (
        ("network, constant inputs", network, False),
        ("network, inputs on the tape", network, True),
        ("chain", chain, False),
    ):
        tasks = {"ours": lambda t=task, i=inputs: t(Value, i),
                 "theirs": lambda t=task, i=inputs: t(Micrograd, i)}  # fmt: skip
        report(f"micrograd: {title}", "ours", "theirs", beside(tasks))
    torch.set_num_threads(1)
    tasks = {"ours": lambda: perceptron(lambda a: Tensor(a, True), lambda y: y.mean()),
             "theirs": lambda: perceptron(
                 lambda a: torch.tensor(a, requires_grad=True), lambda y: y.mean())}  # fmt: skip
    report("torch: perceptron, float64", "ours", "theirs", beside(tasks))


if __name__ == "__main__":
    main()
