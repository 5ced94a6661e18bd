"""`Trainer`: an expression's trainable parameters fitted to data, by the tree's own gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from neurogebra.core.differentiate import gradient
from neurogebra.core.evaluate import functions
from neurogebra.core.expression import Expression
from neurogebra.core.expression_maths import Maths, of_record
from neurogebra.core.tree import Node, substitute, symbol
from neurogebra.errors import BadValue, NotReady, UnknownName
from neurogebra.optim import OPTIMIZERS
from neurogebra.registry import near
from neurogebra.repository import FORMULAS, Formula
from neurogebra.training.expression_data import check_rows, check_shape, columns, target

# No text can hold these names, so no input of an expression is mistaken for the target.
_TARGET = "→ y"
UPDATES_AN_EPOCH = 20
_SAYINGS = 10  # how often an epoch is told
_STILL_FALLING, _NOTHING = 0.01, 1e-9

Step = Callable[[Mapping[str, Any]], list[Any]]
Callback = Callable[[int, float, dict[str, Any]], object]


class Trainer:
    """Fits the trainable parameters of an expression, in place.

    optimizer: a name of `neurogebra.optim.OPTIMIZERS`. history: loss and parameters of the
    latest fit, by epoch; converged: whether its loss had stopped falling. Raises UnknownName
    for an unknown optimizer, NotReady where there is nothing to train.
    """

    def __init__(
        self, expression: Expression, learning_rate: float = 0.01, optimizer: str = "sgd"
    ) -> None:
        if not isinstance(learning_rate, (int, float)) or not 0 < learning_rate < np.inf:
            raise BadValue("learning_rate", "a number above 0", learning_rate)
        if not expression.trainable_params:
            raise NotReady(
                f"{expression.name} has nothing to train: name its trainable_params, or get it "
                "with trainable=True"
            )
        self.expression, self.learning_rate = expression, learning_rate
        self.optimizer = OPTIMIZERS[optimizer]
        self._first = {n: np.copy(v) for n, v in expression.params.items()}
        self.reset()

    def reset(self) -> None:
        """Put the parameters back to where they were, and forget every step."""
        self.expression.params.update({n: _plain(v) for n, v in self._first.items()})
        self._slots: dict[str, dict[str, Any]] = {n: {} for n in self.expression.trainable_params}
        self._steps = 0
        self.history: dict[str, list[Any]] = {"loss": [], "params": []}
        self.converged = False

    def fit(
        self,
        X: Any,
        y: Any,
        epochs: int = 100,
        batch_size: int | None = None,
        loss_fn: str = "mse",
        verbose: bool = True,
        callback: Callback | None = None,
        seed: int = 0,
    ) -> dict[str, list[Any]]:
        """Fit to rows, and return the loss over all rows and the parameters after each epoch.

        X: one array for one input; columns by name, or in the order of the inputs, for several.
        batch_size: rows an update, a twentieth of them by default. seed: of the order of rows.
        loss_fn: a loss of the book of y and y_pred. callback(epoch, loss, params) is called
        after each epoch. Raises DataError for data that cannot be learned from, BadValue for a
        learning rate at which the loss does not stay finite.
        """
        self._check(epochs, batch_size)
        maths = self.expression.maths
        rows, t = columns(X, maths.inputs), target(y)
        step = _compiled(maths, loss_fn)
        check_rows(rows, t)
        check_shape(self.expression.eval(**rows), t)
        size = batch_size or max(1, len(t) // UPDATES_AN_EPOCH)
        self.history = {"loss": [], "params": []}
        rng = np.random.default_rng(seed)
        start = float(step({**self.expression.params, **rows, _TARGET: t})[0])
        for epoch in range(epochs):
            for batch in _batches(rng.permutation(len(t)), size):
                self._update(step, {n: c[batch] for n, c in rows.items()}, t[batch])
            loss = float(step({**self.expression.params, **rows, _TARGET: t})[0])
            self._told(epoch, epochs, loss, verbose)
            if callback is not None:
                callback(epoch, loss, dict(self.expression.params))
        self.converged = _has_converged([start, *self.history["loss"]])
        if verbose:
            print(self._verdict())  # noqa: T201
        return self.history

    def _check(self, epochs: int, batch_size: int | None) -> None:
        for name, value in (("epochs", epochs), ("batch_size", batch_size)):
            known = name == "batch_size" and value is None
            if not known and (type(value) is not int or value < 1):
                raise BadValue(name, "a whole number ≥ 1", value)

    def _update(self, step: Step, rows: Mapping[str, Any], t: np.ndarray) -> None:
        params = self.expression.params
        _, *slopes = step({**params, **rows, _TARGET: t})
        self._steps += 1
        rule = self.optimizer.rule
        for name, g in zip(self.expression.trainable_params, slopes, strict=True):
            more = {"w": params[name]} if self.optimizer.takes_weights else {}
            change, self._slots[name] = rule(
                _plain(g), self._slots[name], self._steps, lr=self.learning_rate, **more
            )
            params[name] = params[name] + change

    def _told(self, epoch: int, epochs: int, loss: float, verbose: bool) -> None:
        """Write the epoch down, and say it now and then."""
        if not np.isfinite(loss):
            self._back_to_finite()
            raise BadValue(
                "learning_rate",
                "one at which the loss stays finite",
                self.learning_rate,
                f"it was {loss} after epoch {epoch + 1}; try {self.learning_rate / 10:g}",
            )
        params = dict(self.expression.params)
        self.history["loss"].append(loss)
        self.history["params"].append(params)
        often = max(1, epochs // _SAYINGS)
        if verbose and ((epoch + 1) % often == 0 or epoch + 1 == epochs):
            words = "  ".join(f"{n}={_shown(params[n])}" for n in self.expression.trainable_params)
            count = f"epoch {epoch + 1:>{len(str(epochs))}}/{epochs}"
            print(f"{count}  loss {loss:.6g}  {words}")  # noqa: T201

    def _back_to_finite(self) -> None:
        last = self.history["params"][-1] if self.history["params"] else self._first
        self.expression.params.update({n: _plain(v) for n, v in last.items()})

    def _verdict(self) -> str:
        losses = self.history["loss"]
        if self.converged:
            return f"converged: the loss has stopped falling, at {losses[-1]:.6g}"
        if len(losses) < 2:
            return "one epoch does not show whether it has converged"
        return (
            f"not converged: the loss, {losses[-1]:.6g}, was still falling; train for more epochs, "
            "or with a larger learning rate"
        )


def _compiled(maths: Maths, loss_fn: str) -> Step:
    """Return the function of all values that computes the loss and its slopes, in one pass."""
    leaves = {n: symbol(n) for n in maths.trainable}
    root = substitute(_loss(loss_fn), {"y": symbol(_TARGET), "y_pred": maths.runs})
    root = substitute(root, leaves)
    names = (*maths.inputs, *maths.params, _TARGET)
    run = functions([root, *gradient(root, list(leaves.values()))], names)

    def step(values: Mapping[str, Any]) -> list[Any]:
        with np.errstate(all="ignore"):  # a loss that is not finite is refused with a sentence
            return run([values[n] for n in names])

    return step


def _loss(name: str) -> Node:
    """Return the tree of a loss of y and y_pred, its parameters at their defaults."""
    fitting = [n for n, f in FORMULAS.items() if _is_loss(f)]
    if name not in FORMULAS or not _is_loss(FORMULAS[name]):
        raise UnknownName("loss of y and y_pred", name, near(name, fitting))
    maths = of_record(FORMULAS[name])
    return substitute(maths.runs, dict(maths.params))


def _is_loss(formula: Formula) -> bool:
    return formula.category == "loss" and set(formula.inputs) == {"y", "y_pred"}


def _batches(order: np.ndarray, size: int) -> Iterator[np.ndarray]:
    for start in range(0, len(order), size):
        yield order[start : start + size]


def _has_converged(losses: list[float]) -> bool:
    """Say whether the last tenth of the epochs added next to nothing to what all have gained."""
    tenth = max(1, (len(losses) - 1) // 10)
    if len(losses) < 3:
        return False
    now, before = np.mean(losses[-tenth:]), np.mean(losses[-2 * tenth : -tenth])
    gained = losses[0] - now
    return bool(before - now <= max(_STILL_FALLING * gained, _NOTHING * abs(before)))


def _plain(value: Any) -> Any:
    """Return a Python float for one number, an array of floats for more."""
    found = np.asarray(value, np.float64)
    return float(found) if found.ndim == 0 else found.copy()


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else f"array{np.shape(value)}"
