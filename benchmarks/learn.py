"""What an MLP learns: test accuracy on digits and on MNIST, and the seconds that it takes.

Run: python benchmarks/learn.py [--only digits] [--threads 2] [--out FILE]
Both are bundled: digits by its default split, MNIST by its own parts. The test set is looked at
once, when training is over. Seconds are of the wall, fit alone.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from beside import arguments, processor, show, verdict

OPTIONS = arguments(__doc__, rounds=1, threads=[2], seed=0)

import numpy as np

from neurogebra.builders.model_builder import ModelBuilder
from neurogebra.datasets.loaders import Datasets

GOALS = {"digits": 0.98, "MNIST": 0.985}
MOST = 60.0


def mnist() -> tuple[np.ndarray, ...]:
    """Return training pixels and labels, test pixels and labels."""
    (x, y), (xt, yt) = Datasets.load_mnist()
    return x.reshape(len(x), -1) / 255, y, xt.reshape(len(xt), -1) / 255, yt


def digits() -> tuple[np.ndarray, ...]:
    """Return training pixels and labels, test pixels and labels."""
    (x, y), (xt, yt) = Datasets.load_digits()
    return x / 16, y, xt / 16, yt


@dataclass(frozen=True)
class Setting:
    """How to train on a set: one hidden layer with dropout behind it."""

    units: int
    activation: str
    rate: float
    learning_rate: float
    smoothing: float
    epochs: int
    batch: int


SETTINGS = {
    # Digits: the best of 16 by a fifth of the training rows held back, over three seeds. MNIST: the
    # first one tried.
    "digits": Setting(256, "gelu", 0.3, 0.003, 0.1, 60, 64),
    "MNIST": Setting(512, "relu", 0.3, 0.002, 0.05, 15, 128),
}


def learn(name: str, data: tuple[np.ndarray, ...]) -> str:
    """Train and return the line of a data set."""
    x, y, xt, yt = (a.astype("f4") if a.ndim == 2 else a.astype(int) for a in data)
    centre, spread, s = x.mean(), x.std(), SETTINGS[name]
    x, xt = (x - centre) / spread, (xt - centre) / spread
    b = ModelBuilder()
    layers = (b.Dense(s.units, s.activation), b.Dropout(s.rate), b.Dense(10, "softmax"))
    model = b.Sequential(layers)
    model.compile(
        "categorical_crossentropy", "adam", learning_rate=s.learning_rate,
        loss_options={"label_smoothing": s.smoothing},
        schedule="cosine_annealing", schedule_per="step",
    )  # fmt: skip
    start = time.perf_counter()
    model.fit(x, y, epochs=s.epochs, batch_size=s.batch, validation_split=0.0, verbose=False,
              seed=OPTIONS.seed)  # fmt: skip
    seconds = time.perf_counter() - start
    right = float((model.predict(xt).argmax(1) == yt).mean())
    return (
        f"{name:8}{len(x):>8}{len(xt):>7}{s.epochs:>8}{right:>10.4f}   "
        f"{verdict(right, GOALS[name], least=True)}{seconds:>9.1f} s   {verdict(seconds, MOST)}"
    )


def table() -> Iterator[str]:
    """Yield the lines."""
    where = f"{OPTIONS.threads} thread(s), seed {OPTIONS.seed}; {processor()}"
    yield f"test accuracy of an MLP, {where}"
    yield f"{'set':8}{'rows':>8}{'test':>7}{'epochs':>8}{'accuracy':>10}"
    for name, data in (("digits", digits), ("MNIST", mnist)):
        if OPTIONS.only in name:
            yield learn(name, data())


if __name__ == "__main__":
    show(table(), OPTIONS.out)
