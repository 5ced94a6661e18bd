"""A finished run's answers for the rows of a CSV file, and their score where the truth is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neurogebra.builders.folder import RunFolder
from neurogebra.datasets.prepare import Preparation
from neurogebra.datasets.table import Table, read_csv
from neurogebra.datasets.target import REGRESSION
from neurogebra.engines import ENGINES
from neurogebra.training.saved import load_model

Cell = str | float


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a model answers to each row of a table.

    outputs: (rows, units) as the network gives them; answers: (rows,) class names, or numbers
    in the target's own unit; truth: row → what the table says, where it says so; scores: over
    those rows, {"accuracy"} or {"mae", "r2"} in the target's own unit (r2 needs two values).
    """

    preparation: Preparation
    outputs: np.ndarray
    answers: np.ndarray
    truth: Mapping[int, Cell]
    scores: Mapping[str, float]

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the cells that `rows` yields."""
        probability = ("probability",) if self.preparation.classes else ()
        return ("row", "prediction", *probability, *(("actual",) if self.truth else ()))

    def rows(self) -> Iterator[tuple[Cell | None, ...]]:
        """Yield each row: its number from 1, the answer, a class's probability, the truth."""
        sure = certainty(self.outputs) if self.preparation.classes else None
        for i, answer in enumerate(self.answers.tolist()):
            probability = () if sure is None else (float(sure[i]),)
            yield (i + 1, answer, *probability, *((self.truth.get(i),) if self.truth else ()))


def certainty(outputs: np.ndarray) -> np.ndarray:
    """Return the probability of the likeliest class a row, (rows,), of (rows, units) outputs."""
    if outputs.shape[1] > 1:
        return np.asarray(outputs.max(axis=1), np.float64)
    p = outputs[:, 0].astype(np.float64)
    return np.maximum(p, 1 - p)


def predict(run: str | Path, csv: str | Path) -> Predictions:
    """Return what the model of a run folder answers to the rows of a CSV file.

    Raises RunError for a run that has no model, DataError for columns that do not fit the
    training data.
    """
    folder = RunFolder(Path(run))
    folder.require_model()
    saved = load_model(folder.model)
    preparation = Preparation.from_dict(saved.rest["preparation"])
    table = read_csv(csv, kinds=preparation.kinds)
    x = preparation.apply(table).astype(saved.run.dtype)
    engine = ENGINES[saved.run.engine].load()
    network = engine.build(saved.model, saved.run, saved.weights, np.random.default_rng(0))
    outputs = network.predict(x)[saved.model.heads[0].name]
    answers = preparation.decode(outputs)
    truth = _truth(preparation, table)
    return Predictions(preparation, outputs, answers, truth, _scores(preparation, answers, truth))


def _truth(preparation: Preparation, table: Table) -> dict[int, Cell]:
    """Return what the table says of the target, in the words of the answers."""
    name = preparation.target.name
    if name not in table.names:
        return {}
    known = np.flatnonzero(~table.missing(name))
    if not known.size:
        return {}
    codes = preparation.encode_target(table.take(known))
    names = np.array(preparation.classes, dtype=object)
    words = table.column(name)[known] if preparation.task == REGRESSION else names[codes]
    return dict(zip(known.tolist(), words.tolist(), strict=True))


def _scores(
    preparation: Preparation, answers: np.ndarray, truth: Mapping[int, Cell]
) -> dict[str, float]:
    if not truth:
        return {}
    found, true = answers[list(truth)], np.array(list(truth.values()), answers.dtype)
    if preparation.task != REGRESSION:
        return {"accuracy": float(np.mean(found == true))}
    scores = {"mae": float(np.abs(found - true).mean())}
    spread = float(np.square(true - true.mean()).sum())
    if spread:
        scores["r2"] = 1 - float(np.square(found - true).sum()) / spread
    return scores
