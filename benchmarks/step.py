"""Time of one training step against PyTorch's, interleaved in one run; prints ratios.

Run: python benchmarks/step.py [--threads 1] [--rounds 40]
Ours: the NumPy engine. Peer: torch eager, nn.Linear layers, fused Adam. float32, same batch.
A ratio is the median over rounds of (our time / torch's time), both taken in the same round.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--out", type=Path, help="also write the table to this file")
    return parser.parse_args()


OPTIONS = arguments()
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = str(OPTIONS.threads)  # read when the libraries are loaded, below

import numpy as np
import torch

from neurogebra.engines import ENGINES, blas
from neurogebra.layers import Dense
from neurogebra.spec import ModelSpec, RunSpec


@dataclass(frozen=True)
class Case:
    """A network, its batch, how many steps a round takes, and the ratio to stay under."""

    sizes: tuple[int, ...]
    activations: tuple[str, ...]
    loss: str
    batch: int
    steps: int
    goal: float


CASES = (
    Case((2, 64, 32, 1), ("relu", "tanh", "sigmoid"), "binary_crossentropy", 32, 200, 0.40),
    Case(
        (784, 1024, 1024, 10), ("relu", "relu", "softmax"), "categorical_crossentropy", 256, 2, 1.05
    ),
)


def ours(case: Case, x: np.ndarray, y: np.ndarray):
    layers = tuple(Dense(n, a) for n, a in zip(case.sizes[1:], case.activations, strict=True))
    model = ModelSpec("bench", case.sizes[:1], layers)
    run = RunSpec(loss=case.loss, optimizer="adam", batch_size=case.batch)
    network = ENGINES["numpy"].load().build(model, run, model.init(0), np.random.default_rng(0))
    return lambda: network.step(x, {"output": y}, lr=1e-3)


def peer(case: Case, x: np.ndarray, y: np.ndarray):
    acts = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh, "sigmoid": torch.nn.Sigmoid}
    modules = []
    for n, m, a in zip(case.sizes, case.sizes[1:], case.activations, strict=False):
        modules += [torch.nn.Linear(n, m), *([acts[a]()] if a in acts else [])]
    net = torch.nn.Sequential(*modules)
    adam = torch.optim.Adam(net.parameters(), fused=True)
    binary = case.loss == "binary_crossentropy"
    loss = torch.nn.BCELoss() if binary else torch.nn.CrossEntropyLoss()
    tx = torch.from_numpy(x)
    ty = torch.from_numpy(y if binary else y.argmax(1))

    def step() -> None:
        adam.zero_grad()
        loss(net(tx), ty).backward()
        adam.step()

    return step


def seconds(step, steps: int) -> float:
    start = time.perf_counter()
    for _ in range(steps):
        step()
    return (time.perf_counter() - start) / steps


def measure(case: Case, rounds: int) -> str:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(case.batch, case.sizes[0])).astype(np.float32)
    units = case.sizes[-1]
    y = rng.integers(0, max(units, 2), case.batch)
    y = (np.eye(units)[y] if units > 1 else y[:, None]).astype(np.float32)
    pair = (ours(case, x, y), peer(case, x, y))
    for step in pair:
        seconds(step, case.steps)  # warm up: recording, caches
    times = [tuple(seconds(step, case.steps) for step in pair) for _ in range(rounds)]
    ratio = statistics.median(a / b for a, b in times)
    mine, theirs = (statistics.median(t) * 1e6 for t in zip(*times, strict=True))
    name = "-".join(map(str, case.sizes))
    verdict = "met" if ratio <= case.goal else "MISSED"
    return (
        f"{name:18} batch {case.batch:<4} {mine:10.1f} {theirs:10.1f} "
        f"{ratio:7.3f}   <= {case.goal:.2f} {verdict}"
    )


def processor() -> str:
    """Return the processor's name, as the system tells it."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text("utf-8").splitlines() if told.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def main() -> int:
    torch.set_num_threads(OPTIONS.threads)
    head = f"{'network':18} {'':10} {'ours µs':>10} {'torch µs':>10} {'ratio':>7}   goal"
    maker = "MKL (the mkl extra)" if blas.library() else "OpenBLAS (NumPy)"
    about = (
        f"one training step, float32, Adam, {OPTIONS.threads} thread(s), {OPTIONS.rounds} rounds;\n"
        f"{processor()}, large products by {maker};\n"
        f"numpy {np.__version__}, torch {torch.__version__}, python {sys.version.split()[0]}"
    )
    lines = [about, head, *(measure(case, OPTIONS.rounds) for case in CASES)]
    print("\n".join(lines))
    if OPTIONS.out:
        OPTIONS.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
