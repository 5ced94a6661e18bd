"""`Trainer`: an expression's trainable parameters fitted to data, by the tree's own gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from neurogebra.core.expression import Expression
from neurogebra.errors import BadValue, NotReady, UnknownName
from neurogebra.optim import OPTIMIZERS, Optimizer
from neurogebra.optim.lbfgs import lbfgs
from neurogebra.registry import near
from neurogebra.training.expression_data import check_rows, check_shape, columns, target
from neurogebra.training.expression_objective import Objective, flat, plain, unflat
from neurogebra.training.expression_verdict import judged

LBFGS = ("lbfgs", "l-bfgs")
UPDATES_AN_EPOCH = 20
_SAYINGS = 10  # how often an epoch is told

Callback = Callable[[int, float, dict[str, Any]], object]
Params = dict[str, Any]


class Trainer:
    """Fits the trainable parameters of an expression, in place.

    optimizer: a name of `neurogebra.optim.OPTIMIZERS`, or "lbfgs", which finds the length of
    its steps itself: there learning_rate is that of the first trial step only. history: loss
    and parameters of the latest fit, by epoch, whether it converged, and why that is thought.
    Raises UnknownName for an unknown optimizer, NotReady where there is nothing to train.
    """

    def __init__(
        self, expression: Expression, learning_rate: float = 0.01, optimizer: str = "sgd"
    ) -> None:
        number = isinstance(learning_rate, (int, float)) and not isinstance(learning_rate, bool)
        if not number or not 0 < learning_rate < np.inf:
            raise BadValue("learning_rate", "a number above 0", learning_rate)
        if not expression.trainable_params:
            raise NotReady(
                f"{expression.name} has nothing to train: name its trainable_params, or get it "
                "with trainable=True"
            )
        self.expression, self.learning_rate = expression, learning_rate
        self.optimizer = _optimizer(optimizer)
        self._first = {n: np.copy(v) for n, v in expression.params.items()}
        self.reset()

    def reset(self) -> None:
        """Put the parameters back to where they were, and forget every step."""
        self.expression.params.update({n: plain(v) for n, v in self._first.items()})
        self._slots: dict[str, dict[str, Any]] = {n: {} for n in self.expression.trainable_params}
        self._steps = 0
        self._forget()

    def _forget(self) -> None:
        self.history: dict[str, Any] = {"loss": [], "params": []}
        self.history |= {"converged": False, "why": "nothing was fitted"}

    @property
    def converged(self) -> bool:
        """Whether the latest fit converged; `history["why"]` says why that is thought."""
        return bool(self.history["converged"])

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
    ) -> dict[str, Any]:
        """Fit to rows; return the loss over all rows and the parameters after each epoch.

        X: one array for one input; columns by name, or in the order of the inputs, for several.
        batch_size: rows an update, a twentieth of them by default; an epoch of L-BFGS is one
        iteration over all rows, and it ends early where no step lowers the loss. seed: of the
        order of rows. loss_fn: a loss of the book of y and y_pred. callback(epoch, loss, params)
        is called after each epoch. The result also says whether the fit "converged", and "why".
        Raises DataError for data that cannot be learned from, BadValue for a learning rate at
        which the loss does not stay finite.
        """
        self._check(epochs, batch_size)
        maths = self.expression.maths
        rows, t = columns(X, maths.inputs), target(y)
        objective = Objective(maths, loss_fn)
        check_rows(rows, t)
        check_shape(self.expression.eval(**rows), t)
        self._forget()
        losses = [_first_loss(objective, self.expression.params, rows, t)]
        for epoch, loss in enumerate(self._epochs(objective, rows, t, batch_size, seed)):
            self._told(epoch, epochs, loss, verbose)
            losses.append(loss)
            if callback is not None:
                callback(epoch, loss, dict(self.expression.params))
            if epoch + 1 == epochs:
                break
        ended = len(losses) <= epochs
        good, why = judged(objective, self.expression.params, rows, t, losses, ended)
        self.history |= {"converged": good, "why": why}
        if verbose:
            print(self._verdict())  # noqa: T201
        return self.history

    def _check(self, epochs: int, batch_size: int | None) -> None:
        for name, value in (("epochs", epochs), ("batch_size", batch_size)):
            known = name == "batch_size" and value is None
            if not known and (type(value) is not int or value < 1):
                raise BadValue(name, "a whole number ≥ 1", value)
        if self.optimizer is None and batch_size is not None:
            hint = "leave batch_size out, or choose adam"
            raise BadValue("batch_size", "none: L-BFGS looks at all rows", batch_size, hint)

    def _epochs(
        self, objective: Objective, rows: Params, t: np.ndarray, size: int | None, seed: int
    ) -> Iterator[float]:
        """Yield the loss over all rows after each epoch, for ever or to L-BFGS' end."""
        params, names = self.expression.params, objective.trained
        if self.optimizer is None:

            def at(w: np.ndarray) -> tuple[float, np.ndarray]:
                loss, slopes = objective({**params, **unflat(w, params, names)}, rows, t)
                return loss, flat(slopes, params, names)

            for point in lbfgs(at, flat(params, params, names), first=self.learning_rate):
                params.update(unflat(point.at, params, names))
                yield point.value
            return
        rng = np.random.default_rng(seed)
        batch = size or max(1, len(t) // UPDATES_AN_EPOCH)
        while True:
            order = rng.permutation(len(t))
            for part in (order[i : i + batch] for i in range(0, len(t), batch)):
                _, slopes = objective(params, {n: c[part] for n, c in rows.items()}, t[part])
                self._update(self.optimizer, slopes)
            yield objective(params, rows, t)[0]

    def _update(self, optimizer: Optimizer, slopes: Params) -> None:
        params = self.expression.params
        self._steps += 1
        for name, g in slopes.items():
            more = {"w": params[name]} if optimizer.takes_weights else {}
            change, self._slots[name] = optimizer.rule(
                g, self._slots[name], self._steps, lr=self.learning_rate, **more
            )
            params[name] = params[name] + change

    def _told(self, epoch: int, epochs: int, loss: float, verbose: bool) -> None:
        """Write the epoch down, and say it now and then."""
        if not np.isfinite(loss):
            self._diverged(epoch, loss)
        params = dict(self.expression.params)
        self.history["loss"].append(loss)
        self.history["params"].append(params)
        often = max(1, epochs // _SAYINGS)
        if verbose and ((epoch + 1) % often == 0 or epoch + 1 == epochs):
            words = "  ".join(f"{n}={_shown(params[n])}" for n in self.expression.trainable_params)
            count = f"epoch {epoch + 1:>{len(str(epochs))}}/{epochs}"
            print(f"{count}  loss {loss:.6g}  {words}")  # noqa: T201

    def _diverged(self, epoch: int, loss: float) -> None:
        """Go back to the last finite parameters, and refuse the learning rate."""
        last = self.history["params"][-1] if self.history["params"] else self._first
        self.expression.params.update({n: plain(v) for n, v in last.items()})
        hint = f"it was {loss} after epoch {epoch + 1}; try {self.learning_rate / 10:g}"
        why = f"diverged at epoch {epoch + 1}: learning rate {self.learning_rate:g} is too large"
        self.history["why"] = f"{why}; try {self.learning_rate / 10:g}"
        wanted = "one at which the loss stays finite"
        raise BadValue("learning_rate", wanted, self.learning_rate, hint)

    def _verdict(self) -> str:
        return f"{'converged' if self.converged else 'not converged'}: {self.history['why']}"


def _optimizer(name: Any) -> Optimizer | None:
    """Return an update rule; None for L-BFGS, which is none."""
    if not isinstance(name, str):
        raise BadValue("optimizer", "a name", name)
    if name in LBFGS:
        return None
    if name not in OPTIMIZERS:
        names = (*OPTIMIZERS, *(a for o in OPTIMIZERS.values() for a in o.aliases), *LBFGS)
        raise UnknownName("optimizer", name, near(name, names))
    return OPTIMIZERS[name]


def _first_loss(objective: Objective, params: Params, rows: Params, t: np.ndarray) -> float:
    """Return the loss before the first step; BadValue where it is no number."""
    loss, _ = objective(params, rows, t)
    if not np.isfinite(loss):
        values = {n: params[n] for n in objective.trained}
        hint = "begin with other values, or leave out rows where the formula has none"
        wanted = f"values at which the loss is a number, not {loss}"
        raise BadValue("params", wanted, values, hint)
    return loss


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else f"array{np.shape(value)}"
