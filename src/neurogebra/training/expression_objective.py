"""An expression's loss on rows, with its slopes from the tree: what a Trainer makes small."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neurogebra.core.differentiate import gradient
from neurogebra.core.evaluate import functions
from neurogebra.core.expression_maths import Maths, of_record
from neurogebra.core.tree import Node, build, substitute, symbol
from neurogebra.errors import UnknownName
from neurogebra.registry import near
from neurogebra.repository import FORMULAS, Formula

# No text can hold these names, so no input of an expression is mistaken for them.
TARGET, _WEIGHTS = "→ y", "→ u"
_MOST_WORK = 5_000_000  # numbers that `response` looks at

Rows = Mapping[str, Any]


class Objective:
    """The loss of an expression, compiled once with its slopes: one pass gives both.

    runs counts the passes. Raises UnknownName for a loss that the book does not have.
    """

    def __init__(self, maths: Maths, loss_fn: str) -> None:
        self.maths, self.trained, self.runs = maths, maths.trainable, 0
        self._leaves = {n: symbol(n) for n in maths.trainable}
        root = substitute(_loss(loss_fn), {"y": symbol(TARGET), "y_pred": maths.runs})
        root = substitute(root, self._leaves)
        self._names = (*maths.inputs, *maths.params, TARGET)
        self._run = functions([root, *gradient(root, list(self._leaves.values()))], self._names)

    def __call__(self, params: Rows, rows: Rows, y: Any) -> tuple[float, dict[str, Any]]:
        """Return the loss and its slope by every trained parameter, in that one's shape."""
        self.runs += 1
        given = {**params, **rows, TARGET: y}
        with np.errstate(all="ignore"):  # a loss that is not finite is refused with a sentence
            loss, *slopes = self._run([given[n] for n in self._names])
        shaped = (
            np.broadcast_to(np.asarray(g, np.float64), np.shape(params[n]))
            for n, g in zip(self.trained, slopes, strict=True)
        )
        return float(loss), dict(zip(self.trained, map(plain, shaped), strict=True))

    def response(self, params: Rows, rows: Rows, y: Any) -> np.ndarray[Any, Any] | None:
        """Return how predictions answer to each trained number: (sums of rows, numbers).

        Rows are weighted sums of the predictions' slopes, a few more than there are numbers:
        their rank is that of the whole Jacobian. None where that would be too much work.
        """
        count = sum(np.size(params[n]) for n in self.trained)
        sums = count + 4
        if sums * max(np.size(y), count) > _MOST_WORK:
            return None
        root = build("sum", (build("mul", (self.maths.runs, symbol(_WEIGHTS)), {}),), {})
        root = substitute(root, self._leaves)
        names = (*self._names[:-1], _WEIGHTS)
        run = functions(gradient(root, list(self._leaves.values())), names)
        rng = np.random.default_rng(0)
        found = np.empty((sums, count))
        for row in found:
            given = {**params, **rows, _WEIGHTS: rng.normal(size=np.shape(y))}
            with np.errstate(all="ignore"):
                slopes = run([given[n] for n in names])
            row[:] = flat(dict(zip(self.trained, slopes, strict=True)), params, self.trained)
        return found


def flat(values: Rows, like: Rows, names: Sequence[str]) -> np.ndarray[Any, Any]:
    """Return values one behind the other, each spread to the shape that `like` has."""
    parts = [np.broadcast_to(values[n], np.shape(like[n])).reshape(-1) for n in names]
    return np.concatenate(parts).astype(np.float64)


def unflat(vector: Any, like: Rows, names: Sequence[str]) -> dict[str, Any]:
    """Return a flat vector as values by name, each in the shape that `like` has."""
    found, at = {}, 0
    for name in names:
        size = np.size(like[name])
        found[name] = plain(np.reshape(vector[at : at + size], np.shape(like[name])))
        at += size
    return found


def plain(value: Any) -> Any:
    """Return a Python float for one number, an array of floats for more."""
    found = np.asarray(value, np.float64)
    return float(found) if found.ndim == 0 else found.copy()


def _loss(name: str) -> Node:
    """Return the tree of a loss of y and y_pred, its parameters at their defaults."""
    fitting = [n for n, f in FORMULAS.items() if _is_loss(f)]
    if name not in FORMULAS or not _is_loss(FORMULAS[name]):
        raise UnknownName("loss of y and y_pred", name, near(name, fitting))
    maths = of_record(FORMULAS[name])
    return substitute(maths.runs, dict(maths.params))


def _is_loss(formula: Formula) -> bool:
    return formula.category == "loss" and set(formula.inputs) == {"y", "y_pred"}
