"""What an MLP learns: test accuracy on digits and on MNIST, and the seconds that it takes.

Run: python benchmarks/learn.py [--mnist FOLDER] [--threads 2] [--out FILE]
Digits: the bundled set, its default split. MNIST: FOLDER with the four idx files, plain, .gz or
.xz ("mnist-train-images.idx.xz" or "train-images-idx3-ubyte.gz"); skipped where it is not there.
The test set is looked at once, when training is over. Seconds are of the wall, fit alone.
"""

from __future__ import annotations

import gzip
import lzma
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from beside import arguments, processor, show, verdict

OPTIONS = arguments(__doc__, rounds=1, threads=[2], mnist="", seed=0)

import numpy as np

from neurogebra.builders.model_builder import ModelBuilder
from neurogebra.datasets.loaders import Datasets

OPENERS = {".gz": gzip.open, ".xz": lzma.open, "": open}
GOALS = {"digits": 0.98, "MNIST": 0.985}
MOST = 60.0


def idx(folder: Path, part: str, kind: str) -> np.ndarray:
    """Return the array of an idx file: its shape lies before its bytes."""
    for path in sorted(folder.iterdir()):
        name = path.name.replace("t10k", "test")
        if name.startswith((f"mnist-{part}-{kind}", f"{part}-{kind}")):
            with OPENERS[path.suffix if path.suffix in OPENERS else ""](path, "rb") as file:
                data = file.read()
            axes = data[3]
            shape = np.frombuffer(data, ">i4", axes, 4)
            return np.frombuffer(data, np.uint8, offset=4 + 4 * axes).reshape(shape)
    raise FileNotFoundError(f"{folder} has no {part} {kind} of MNIST")


def mnist(folder: Path) -> tuple[np.ndarray, ...]:
    """Return training pixels and labels, test pixels and labels."""
    parts = [idx(folder, p, k) for p in ("train", "test") for k in ("images", "labels")]
    return tuple(a.reshape(len(a), -1) / np.float32(255) if a.ndim == 3 else a for a in parts)


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
    yield learn("digits", digits())
    folder = Path(OPTIONS.mnist)
    if OPTIONS.mnist and folder.is_dir():
        yield learn("MNIST", mnist(folder))
    else:
        yield "MNIST    skipped: --mnist FOLDER names the folder with its four idx files"


if __name__ == "__main__":
    show(table(), OPTIONS.out)
