"""What an experiment is: a claim, and a function that tries it out and says how it went."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from neurogebra.builders.model import Model
from neurogebra.errors import BadValue, NeurogebraError
from neurogebra.registry import Registry

Cell = str | float | int


@dataclass(frozen=True)
class Outcome:
    """How an experiment went.

    claim: what was tried, with its figures; checks: each sentence with whether it held;
    columns, rows: the table of the runs; figures: numbers for a program to read.
    """

    experiment: str
    claim: str
    checks: tuple[tuple[str, bool], ...]
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    figures: Mapping[str, float] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether every check held."""
        return all(held for _, held in self.checks)

    def to_dict(self) -> dict[str, Any]:
        """Return the outcome as JSON-able values."""
        return {**asdict(self), "passed": self.passed}

    def __str__(self) -> str:
        lines = [self.claim, ""]
        if self.rows:
            table = [self.columns, *([_written(c) for c in row] for row in self.rows)]
            widths = [max(len(str(row[i])) for row in table) for i in range(len(self.columns))]
            for row in table:
                cells = zip(row, widths, strict=True)
                first, *others = (f"{c:>{w}}" for c, w in cells)
                lines.append("  " + "  ".join([f"{row[0]:<{len(first)}}", *others]).rstrip())
            lines.append("")
        lines += [f"  {'yes' if held else 'NO '}  {sentence}" for sentence, held in self.checks]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Experiment:
    """An experiment by name; its module has run(runs=…) → Outcome.

    runs: how many seeds or splits it takes when nobody says otherwise.
    """

    name: str
    title: str
    runs: int

    def run(self, runs: int | None = None) -> Outcome:
        """Try it out; runs: fewer or more seeds or splits, at least 1."""
        asked = self.runs if runs is None else runs
        if not isinstance(asked, int) or asked < 1:
            raise BadValue("runs", "int ≥ 1", runs)
        work: Callable[[int], Outcome] = import_module(f"neurogebra.experiments.{self.name}").run
        return work(asked)


EXPERIMENTS: Registry[Experiment] = Registry(
    "experiment",
    (
        Experiment("xor", "A small network learns XOR, whatever its seed", 50),
        Experiment("softmax_toy", "Softmax regression separates three clouds of points", 10),
        Experiment("iris", "Softmax regression tells the 150 irises apart", 20),
        Experiment("grad_check", "Every gradient is the derivative of the loss", 1),
        Experiment("batch_compare", "Full batch, mini-batch, one row at a time, momentum", 5),
    ),
)


def survives_saving(model: Model, X: np.ndarray) -> bool:
    """Say whether a model that is saved and loaded predicts the same numbers, bit for bit."""
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "model")
        again = Model.load(Path(folder) / "model")
    return bool(np.array_equal(model.predict(X), again.predict(X)))


def main(name: str, arguments: Sequence[str] | None = None) -> int:
    """Run one experiment from the command line; return 0 where every check held, else 1."""
    experiment = EXPERIMENTS[name]
    parser = argparse.ArgumentParser(
        prog=f"python -m neurogebra.experiments.{name}", description=experiment.title
    )
    parser.add_argument("--runs", type=int, default=None, help=f"default {experiment.runs}")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    try:
        outcome = experiment.run(options.runs)
    except NeurogebraError as error:
        parser.error(str(error))
    text = json.dumps(outcome.to_dict(), indent=2) if options.json else str(outcome)
    sys.stdout.write(text + "\n")
    return 0 if outcome.passed else 1


def _written(cell: Cell) -> str:
    return f"{cell:.4g}" if isinstance(cell, float) else str(cell)
