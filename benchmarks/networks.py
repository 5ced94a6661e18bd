"""The networks of the benchmarks: ours as a ModelSpec, the same one in torch.nn, a batch."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from beside import about, in_turns, ratio, verdict
from torch import nn

from neurogebra.engines import ENGINES
from neurogebra.layers import LAYERS, Dense
from neurogebra.spec import ModelSpec, RunSpec

ACTS = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}
FORMS = {"binary_crossentropy": "sigmoid", "categorical_crossentropy": "softmax", "mse": "linear"}


@dataclass(frozen=True)
class Case:
    """A network, the batch, how many steps a round takes, and the ratio to stay under.

    needs: layers without which the row cannot be; layers, module: make it here and there.
    """

    name: str
    shape: tuple[int, ...]
    units: int
    loss: str
    batch: int
    steps: int
    goal: float
    layers: Callable[[], tuple[Any, ...]]
    module: Callable[[], nn.Module]
    needs: tuple[str, ...] = ()

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Return x and y in float32; classes are one-hot rows."""
        rng = np.random.default_rng(0)
        x = rng.normal(size=(self.batch, *self.shape)).astype(np.float32)
        if self.loss == "mse":
            return x, rng.normal(size=(self.batch, self.units)).astype(np.float32)
        y = rng.integers(0, max(self.units, 2), self.batch)
        return x, (np.eye(self.units)[y] if self.units > 1 else y[:, None]).astype(np.float32)

    def ours(self, engine: str) -> Any:
        """Return the network on one of our engines."""
        model = ModelSpec("bench", self.shape, self.layers())
        run = RunSpec(loss=self.loss, optimizer="adam", batch_size=self.batch, engine=engine)
        return ENGINES[engine].load().build(model, run, model.init(0), np.random.default_rng(0))

    def step_of_ours(self, engine: str) -> Callable[[], float]:
        """Return one training step on one of our engines."""
        x, y = self.arrays()
        network = self.ours(engine)
        return lambda: network.step(x, {"output": y}, lr=1e-3).loss

    def step_of_torch(self) -> Callable[[], float]:
        """Return one training step of a loop written by hand."""
        x, y = self.arrays()
        net = self.module()
        adam = torch.optim.Adam(net.parameters(), lr=1e-3, fused=True)
        classes = self.loss == "categorical_crossentropy"
        if len(self.shape) == 3:  # (batch, channels, height, width), as torch lays images
            x = np.ascontiguousarray(x.transpose(0, 3, 1, 2))
        tx, ty = torch.from_numpy(x), torch.from_numpy(y.argmax(1) if classes else y)
        loss = {
            "categorical_crossentropy": nn.functional.cross_entropy,
            "binary_crossentropy": nn.functional.binary_cross_entropy_with_logits,
            "mse": nn.functional.mse_loss,
        }[self.loss]

        def step() -> float:
            adam.zero_grad()
            found = loss(net(tx), ty)
            found.backward()
            adam.step()
            return found.item()

        return step


def perceptron(
    sizes: tuple[int, ...], acts: tuple[str, ...], loss: str, batch: int, steps: int, goal: float
) -> Case:
    """Return a network of dense layers; acts: of the hidden ones."""

    def layers() -> tuple[Any, ...]:
        return tuple(Dense(n, a) for n, a in zip(sizes[1:], (*acts, FORMS[loss]), strict=True))

    def module() -> nn.Module:
        parts: list[nn.Module] = []
        for i, (n, m) in enumerate(pairwise(sizes)):
            parts += [nn.Linear(n, m), *([ACTS[acts[i]]()] if i < len(acts) else [])]
        return nn.Sequential(*parts)

    name = "-".join(map(str, sizes))
    return Case(name, sizes[:1], sizes[-1], loss, batch, steps, goal, layers, module)


def convolutions(
    side: int, filters: tuple[int, ...], padding: str, hidden: int, batch: int, steps: int,
    goal: float,
) -> Case:  # fmt: skip
    """Return 3×3 convolutions with ReLU, each with a 2×2 pool, then dense layers to 10 classes."""

    def layers() -> tuple[Any, ...]:
        found: list[Any] = []
        for f in filters:
            found += [LAYERS["Conv2D"](f, 3, padding=padding, activation="relu"),
                      LAYERS["MaxPooling2D"](2)]  # fmt: skip
        found += [LAYERS["Flatten"](), *([Dense(hidden, "relu")] if hidden else [])]
        return (*found, Dense(10, "softmax"))

    def module() -> nn.Module:
        parts: list[nn.Module] = []
        before, size = 1, side
        for f in filters:
            parts += [nn.Conv2d(before, f, 3, padding=padding), nn.ReLU(), nn.MaxPool2d(2)]
            before, size = f, (size - 2 * (padding == "valid")) // 2
        parts.append(nn.Flatten())
        flat = before * size * size
        if hidden:
            parts += [nn.Linear(flat, hidden), nn.ReLU()]
        return nn.Sequential(*parts, nn.Linear(hidden or flat, 10))

    name = f"conv {'-'.join(map(str, filters))} on {side}×{side}"
    needs = ("Conv2D", "MaxPooling2D")
    return Case(name, (side, side, 1), 10, "categorical_crossentropy", batch, steps, goal,
                layers, module, needs)  # fmt: skip


class _LastOf(nn.Module):
    def __init__(self, features: int, units: int) -> None:
        super().__init__()
        self.lstm, self.out = nn.LSTM(features, units, batch_first=True), nn.Linear(units, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(self.lstm(x)[0][:, -1])


def recurrent(length: int, features: int, units: int, batch: int, steps: int, goal: float) -> Case:
    """Return an LSTM whose last output goes through a dense layer to one number."""
    return Case(
        f"LSTM {units} on {length} steps", (length, features), 1, "mse", batch, steps, goal,
        lambda: (LAYERS["LSTM"](units), Dense(1)), lambda: _LastOf(features, units), ("LSTM",),
    )  # fmt: skip


BINARY, CLASSES = "binary_crossentropy", "categorical_crossentropy"
CASES = (
    perceptron((2, 64, 32, 1), ("relu", "tanh"), BINARY, 32, 200, 0.5),
    perceptron((13, 64, 64, 1), ("relu", "relu"), "mse", 32, 200, 0.5),
    perceptron((4, 8, 3), ("relu",), CLASSES, 32, 200, 0.5),
    recurrent(20, 8, 32, 32, 40, 0.5),
    convolutions(8, (16, 32), "same", 0, 32, 40, 0.5),
    perceptron((784, 128, 10), ("relu",), CLASSES, 128, 40, 1.1),
    perceptron((784, 256, 128, 10), ("relu", "relu"), CLASSES, 128, 20, 1.1),
    perceptron((784, 1024, 1024, 10), ("relu", "relu"), CLASSES, 256, 2, 1.1),
    convolutions(28, (32, 64), "valid", 128, 64, 2, 1.1),
)


def missing(case: Case) -> str:
    """Return the line of a row that cannot be, "" where it can."""
    lacking = [name for name in case.needs if name not in LAYERS]
    return f"{case.name:24} not in LAYERS: {', '.join(lacking)}" if lacking else ""


def compared(
    engine: str, peer: str, what: str, options: Namespace, over: str, goal: float | None = None
) -> Iterator[str]:
    """Yield the table of one of our engines beside torch, the tasks of a row taken in turns.

    peer: what torch's column is called; over: whose time a ratio is divided by, "peer" (a
    ratio is to stay under the case's goal) or "ours" (it is a speed, at least `goal`).
    """
    yield about(what, options.threads, options.rounds)
    name = "ratio" if over == "peer" else "speed"
    heads = f"{'ours µs':>10}{peer + ' µs':>10}{name:>8}{'median':>8}"
    yield f"{'network':24} {'':10}{heads}   goal"
    for case in CASES:
        if options.only not in case.name:
            continue
        if missing(case):
            yield missing(case)
            continue
        tasks = {"ours": case.step_of_ours(engine), "peer": case.step_of_torch()}
        times = in_turns(tasks, options.rounds, case.steps)
        best, median = ratio(times, "ours" if over == "peer" else "peer", over)
        mine, theirs = (min(t) * 1e6 for t in times.values())
        met = verdict(best, case.goal if goal is None else goal, least=goal is not None)
        yield (
            f"{case.name:24} batch {case.batch:<4}{mine:10.1f}{theirs:10.1f}"
            f"{best:8.3f}{median:8.3f}   {met}"
        )
