"""A whole `fit` of two moons beside scikit-learn's and Keras's; prints ratios of seconds.

Run: python benchmarks/fit.py [--threads 1 2] [--rounds 5] [--keras PYTHON] [--out FILE]
1,000 rows, 100 epochs, layers 64 and 32 with ReLU, Adam, in batches of 32 and of 200 (what
scikit-learn takes by itself). Our fit and scikit-learn's are timed in turns in one process; Keras
runs in the Python given by --keras, one warm fit before the one that counts.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

from beside import about, arguments, in_turns, ratio, show, verdict

OPTIONS = arguments(__doc__, rounds=5, keras=sys.executable)

import numpy as np
import torch
from sklearn.datasets import make_moons
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from neurogebra.builders.model_builder import ModelBuilder

EPOCHS, HIDDEN = 100, (64, 32)
KERAS = """
import os, sys, time
os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="")
import keras, numpy, tensorflow as tf
tf.config.threading.set_intra_op_parallelism_threads({threads})
tf.config.threading.set_inter_op_parallelism_threads({threads})
data = numpy.load(sys.argv[1])
X, y = data["X"], data["y"]
for _ in range(2):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(64, "relu"),
                              keras.layers.Dense(32, "relu"), keras.layers.Dense(1, "sigmoid")])
    model.compile("adam", "binary_crossentropy")
    start = time.perf_counter()
    model.fit(X, y, epochs={epochs}, batch_size={batch}, verbose=0)
    print(time.perf_counter() - start)
"""


def ours(X: np.ndarray, y: np.ndarray, batch: int) -> None:
    """Build, compile and fit our model."""
    b = ModelBuilder()
    model = b.Sequential([*(b.Dense(n, "relu") for n in HIDDEN), b.Dense(1, "sigmoid")])
    model.compile("binary_crossentropy", "adam")
    model.fit(X, y, epochs=EPOCHS, batch_size=batch, validation_split=0.0, verbose=False, seed=0)


def sklearns(X: np.ndarray, y: np.ndarray, batch: int) -> None:
    """Fit scikit-learn's, for just as many epochs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        MLPClassifier(
            HIDDEN, batch_size=batch, max_iter=EPOCHS, n_iter_no_change=EPOCHS + 1, random_state=0
        ).fit(X, y)


def keras(X: np.ndarray, y: np.ndarray, batch: int) -> float | None:
    """Return the seconds of Keras's second fit, None where TensorFlow cannot be imported."""
    look = subprocess.run([OPTIONS.keras, "-c", "import tensorflow, keras"], capture_output=True)
    if look.returncode:
        return None
    code = KERAS.format(threads=OPTIONS.threads, epochs=EPOCHS, batch=batch)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "moons.npz"
        np.savez(path, X=X, y=y)
        command = [OPTIONS.keras, "-c", code, str(path)]
        run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode:
        raise RuntimeError(run.stderr[-2000:])
    return float(run.stdout.split()[-1])


def table() -> Iterator[str]:
    """Yield the lines."""
    yield about(f"fit of moons, {EPOCHS} epochs", OPTIONS.threads, OPTIONS.rounds)
    yield f"{'peer':14}{'batch':>6}{'ours s':>9}{'peer s':>9}{'ratio':>8}   goal"
    X, y = make_moons(1000, noise=0.2, random_state=0)
    for batch in (32, 200):
        tasks = {
            "ours": lambda b=batch: ours(X, y, b),
            "theirs": lambda b=batch: sklearns(X, y, b),
        }
        times = in_turns(tasks, OPTIONS.rounds)
        best, theirs = min(times["ours"]), min(times["theirs"])
        found, _ = ratio(times, "ours", "theirs")
        end = verdict(found, 0.2)
        yield f"{'scikit-learn':14}{batch:>6}{best:9.3f}{theirs:9.3f}{found:8.3f}   {end}"
        slow = keras(X, y, batch)
        if slow is None:
            yield f"{'Keras':14}{batch:>6}{best:9.3f}   not installed for {OPTIONS.keras}"
        else:
            end = verdict(best / slow, 0.1)
            yield f"{'Keras':14}{batch:>6}{best:9.3f}{slow:9.3f}{best / slow:8.3f}   {end}"


if __name__ == "__main__":
    torch.set_num_threads(OPTIONS.threads)
    show(table(), OPTIONS.out)
