"""XOR: the smallest problem that no single line can solve, learned from every first weights."""

from __future__ import annotations

import numpy as np

from neurogebra.builders.model import Model
from neurogebra.experiments.record import Outcome, main, survives_saving
from neurogebra.layers import Dense

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = np.array([0.0, 1.0, 1.0, 0.0])
UNITS, EPOCHS, RATE = 8, 400, 0.05
SURE = 0.1  # how far an answer may be from 0 or 1


def trained(seed: int) -> Model:
    """Return a 2-8-1 network trained on the four rows from the first weights of a seed."""
    model = Model([Dense(UNITS, "tanh"), Dense(1, "sigmoid")], "xor")
    model.compile("binary_crossentropy", "adam", learning_rate=RATE)
    model.fit(X, Y, epochs=EPOCHS, batch_size=4, validation_split=0, verbose=False, seed=seed)
    return model


def run(runs: int) -> Outcome:
    """Train from the seeds 0 to runs − 1; solved is every answer within 0.1 of the truth."""
    errors, kept = [], True
    for seed in range(runs):
        model = trained(seed)
        errors.append(float(np.abs(model.predict(X)[:, 0] - Y).max()))
        kept = kept and survives_saving(model, X)
    solved = sum(e < SURE for e in errors)
    return Outcome(
        "xor",
        f"XOR with 2-{UNITS}-1, {EPOCHS} epochs of Adam: solved on {solved} of {runs} seeds",
        (
            (f"every answer within {SURE:g} of the truth, on every seed", solved == runs),
            ("a saved and loaded network answers the same, bit for bit", kept),
        ),
        figures={"seeds": runs, "solved": solved, "worst_error": max(errors)},
    )


if __name__ == "__main__":
    raise SystemExit(main("xor"))
