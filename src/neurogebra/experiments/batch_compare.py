"""How many rows an update should see: the same network, the same epochs, four ways."""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np

from neurogebra.builders.model import Model
from neurogebra.datasets import Datasets
from neurogebra.experiments.record import Cell, Outcome, main
from neurogebra.layers import Dense

EPOCHS = 30


class Way(NamedTuple):
    """A way to train: rows an update (None for all), optimiser, learning rate."""

    name: str
    rows: int | None
    optimizer: str
    rate: float


WAYS = (
    Way("full batch", None, "sgd", 0.1),
    Way("mini-batch of 32", 32, "sgd", 0.1),
    Way("one row at a time", 1, "sgd", 0.01),
    Way("mini-batch with momentum", 32, "momentum", 0.03),
)


def run(runs: int) -> Outcome:
    """Train on breast_cancer from `runs` seeds each way; the table has the means over seeds."""
    (X, y), (test, truth) = Datasets.load_breast_cancer(split=0.2, random_state=0)
    mean, deviation = X.mean(0), X.std(0)
    X, test = (X - mean) / deviation, (test - mean) / deviation
    rows: list[tuple[Cell, ...]] = []
    figures: dict[str, float] = {}
    for way in WAYS:
        found = np.array([_one(way, seed, (X, y), (test, truth)) for seed in range(runs)])
        loss, accuracy, seconds = found.mean(0)
        updates = EPOCHS * -(-len(X) // (way.rows or len(X)))
        rows.append((way.name, updates, float(loss), float(accuracy), float(seconds)))
        figures[f"{way.name}: loss"], figures[f"{way.name}: accuracy"] = (
            float(loss),
            float(accuracy),
        )
    losses = {row[0]: float(row[2]) for row in rows}
    full, others = losses["full batch"], [v for k, v in losses.items() if k != "full batch"]
    return Outcome(
        "batch_compare",
        f"breast_cancer, {EPOCHS} epochs, means over {runs} seeds: more updates an epoch learn "
        "more of it",
        (
            ("every way with more updates ends with a lower loss than the full batch",
             all(v < full for v in others)),
            ("every way is right on at least 0.9 of the test rows",
             all(float(row[3]) >= 0.9 for row in rows)),
        ),
        ("way", "updates", "training loss", "test accuracy", "seconds"),
        tuple(rows),
        figures,
    )  # fmt: skip


def _one(
    way: Way,
    seed: int,
    data: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
) -> tuple[float, float, float]:
    model = Model([Dense(16, "tanh"), Dense(1, "sigmoid")], "batch_compare")
    model.compile("binary_crossentropy", way.optimizer, learning_rate=way.rate)
    start = time.perf_counter()
    model.fit(
        *data,
        epochs=EPOCHS,
        batch_size=way.rows or len(data[0]),
        validation_split=0,
        verbose=False,
        seed=seed,
    )
    seconds = time.perf_counter() - start
    return model.evaluate(*data)["loss"], model.evaluate(*test)["accuracy"], seconds


if __name__ == "__main__":
    raise SystemExit(main("batch_compare"))
