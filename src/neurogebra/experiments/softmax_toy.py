"""Softmax regression on three clouds whose best possible score is known."""

from __future__ import annotations

import numpy as np

from neurogebra.builders.model import Model
from neurogebra.experiments.record import Outcome, main, survives_saving
from neurogebra.layers import Dense

CENTRES = np.array([[0.0, 2.0], [-1.7320508, -1.0], [1.7320508, -1.0]])
ROWS, EPOCHS = 600, 60
SLACK = 0.02  # what a finite sample may cost against the best rule


def clouds(seed: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows of three round Gaussian clouds of deviation 1 and which cloud each is of."""
    rng = np.random.default_rng([seed, 3])
    y = rng.permutation(np.arange(rows) % 3)
    return CENTRES[y] + rng.normal(size=(rows, 2)), y


def best_score(X: np.ndarray, y: np.ndarray) -> float:
    """Return the accuracy of the best rule there is: the nearest centre."""
    gaps = np.square(X[:, None, :] - CENTRES).sum(-1)
    return float((gaps.argmin(1) == y).mean())


def run(runs: int) -> Outcome:
    """Train on `runs` samples, test each on fresh rows against the best rule."""
    rows, kept = [], True
    for seed in range(runs):
        model = Model([Dense(3, "softmax")], "softmax_toy")
        model.compile("categorical_crossentropy", "adam", learning_rate=0.05)
        X, y = clouds(seed, ROWS)
        model.fit(X, y, epochs=EPOCHS, validation_split=0, verbose=False, seed=seed)
        fresh, truth = clouds(1000 + seed, 3000)
        score = float((model.predict(fresh).argmax(1) == truth).mean())
        rows.append((seed, score, best_score(fresh, truth)))
        kept = kept and survives_saving(model, fresh)
    worst = max(best - score for _, score, best in rows)
    mean = float(np.mean([score for _, score, _ in rows]))
    return Outcome(
        "softmax_toy",
        f"Softmax regression on three clouds: mean accuracy {mean:.3f} over {runs} samples, "
        f"at most {worst:.3f} below the best rule",
        (
            (f"never more than {SLACK:g} below the best rule", worst <= SLACK),
            ("a saved and loaded network answers the same, bit for bit", kept),
        ),
        ("sample", "accuracy", "best rule"),
        tuple(rows),
        {"mean_accuracy": mean, "worst_gap": worst},
    )


if __name__ == "__main__":
    raise SystemExit(main("softmax_toy"))
