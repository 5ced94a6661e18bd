"""A head's answers beside the truth, as metrics read them: labels, chances, scores, numbers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from neurogebra.errors import DataError
from neurogebra.losses.record import BINARY, CLASSES, SIGNS, Loss
from neurogebra.ops import apply

# Ways to read classes: a yes or no, several of them a row, one class of many.
FLAG, FLAGS, MANY = "flag", "flags", "many"


class Answers(NamedTuple):
    """Some rows: y as the loss takes it and outputs as the head gives them, (rows, …, units).

    Every position of a sequence or an image counts as a row of its own: y, outputs (n, units).
    edge: the output above which a yes is answered.
    """

    loss: Loss
    y: np.ndarray
    outputs: np.ndarray
    edge: float

    @classmethod
    def of(cls, loss: Loss, y: np.ndarray, outputs: np.ndarray, edge: float = 0.5) -> Answers:
        """Return the answers with every position a row."""
        if y.ndim == 2:
            return cls(loss, y, outputs, edge)
        units = y.shape[-1]
        return cls(loss, y.reshape(-1, units), outputs.reshape(-1, units), edge)


def edge_of(loss: Loss, end: str) -> float:
    """Return where yes begins: ½ of chances, 0 of logits and of margins.

    end: the activation of the last layer; behind a sigmoid margins are chances too.
    """
    margin = loss.target == SIGNS and end not in ("sigmoid", "hard_sigmoid")
    return 0.0 if loss.logits or margin else 0.5


def reading(loss: Loss, units: int) -> str:
    """Return how classes are read; numbers are taken for labels: one unit is a yes or no."""
    if loss.target in (BINARY, SIGNS):
        return FLAG if units == 1 else FLAGS
    return FLAG if units == 1 else MANY


def labels(a: Answers) -> tuple[np.ndarray, np.ndarray]:
    """Return the classes that are true and those that were answered.

    (n,) of classes for one of many, else (n, units) of yes and no. Raises DataError for
    numbers that are no labels.
    """
    loss, y, outputs, edge = a
    if loss.target not in (BINARY, CLASSES, SIGNS):
        _require_labels(a)
    if reading(loss, y.shape[-1]) == MANY:
        return y.argmax(-1), outputs.argmax(-1)
    return y > 0.5, outputs > edge


def chances(a: Answers) -> np.ndarray:
    """Return probabilities: (n, units), logits put through their activation."""
    return probabilities(a.loss, a.outputs)


def numbers(a: Answers) -> np.ndarray:
    """Return what stands beside y as a number: chances for labels, else the outputs."""
    return a.outputs if a.loss.target == SIGNS else chances(a)


def probabilities(loss: Loss, outputs: np.ndarray) -> np.ndarray:
    """Return a head's outputs as probabilities where its loss takes logits, else as they are."""
    if not loss.logits:
        return outputs
    with np.errstate(all="ignore"):
        return np.asarray(apply(loss.logits, (outputs,), {}))


def has_chances(loss: Loss) -> bool:
    """Say whether a head with this loss answers with probabilities, itself or by its logits."""
    return bool(loss.logits) or (loss.target in (BINARY, CLASSES) and loss.end != "linear")


def scores(a: Answers) -> tuple[np.ndarray, np.ndarray]:
    """Return the truth as 0 and 1 and what ranks the rows, both (n, columns).

    One column for two classes, else one a class or a unit.
    """
    truth, found = (a.y > 0.5).astype(np.float64), chances(a).astype(np.float64)
    if reading(a.loss, a.y.shape[-1]) == MANY and a.y.shape[-1] == 2:
        second = found[:, 1:] if has_chances(a.loss) else found[:, 1:] - found[:, :1]
        return truth[:, 1:], second
    return truth, found


def _require_labels(a: Answers) -> None:
    good = (a.y == 0) | (a.y == 1)
    if not good.all():
        bad = a.y[~good].flat[0]
        raise DataError(
            f"y: a metric of classes needs labels of 0 and 1, and {a.loss.name} was given {bad:g}; "
            "take a metric of numbers such as mae or r2"
        )
