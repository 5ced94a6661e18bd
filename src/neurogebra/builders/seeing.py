"""What a model shows of one step: every array with its formula, and the chain rule of a weight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from neurogebra.builders.numbers import Numbers
from neurogebra.builders.parts import as_rows
from neurogebra.builders.trace import Trace, trace
from neurogebra.engines import ENGINES
from neurogebra.errors import BadValue, NotReady
from neurogebra.spec import ModelSpec, RunSpec
from neurogebra.training.data import prepare
from neurogebra.training.sources import opened

# Rows of the latest data that are kept, so that a weight can be explained without giving any.
KEPT_ROWS = 8


class Seeable:
    """A model whose steps can be taken apart; nothing that it shows changes it."""

    name: str
    _numbers: Numbers
    _spec: ModelSpec | None
    _rows: tuple[Any, Any] | None = None

    def trace(self, X: Any, y: Any) -> Trace:
        """Return one training step on (X, y), taken apart: arrays, formulas, slopes, updates.

        X: (rows, …), y as `fit` takes it. Computed in float64 by the NumPy engine whatever
        engine trains; what is dropped depends on the model's seed. Print it, or ask it for
        "z1", "dense_0.W". Raises NotReady before `compile`, DataError.
        """
        run, rows = self._compiled("trace"), as_rows(X)
        spec = self._spec or self._of_shape(rows.shape[1:])
        network = self._numbers.network(spec, run)
        self._spec = spec
        run = replace(
            run, engine="numpy", dtype="float64", mixed="", device="cpu", seed=self.seed or 0
        )
        data = prepare(spec, run, rows, y)
        weights = {n: a.astype(np.float64) for n, a in network.weights().items()}
        found = trace(spec, run, weights, data.x, data.y)
        own = ENGINES["numpy"].load().build(spec, run, weights, np.random.default_rng(run.seed))
        if self._numbers.slots:
            state = network.state()
            own.load({n: a if a.ndim == 0 else a.astype(np.float64) for n, a in state.items()})
        own.step(data.x, data.y, lr=run.rate)
        after, kept = own.weights(), spec.state_names()
        found.updates = {n: after[n] - a for n, a in weights.items() if n not in kept}
        self._keep(rows, y)
        return found

    def explain_gradient(
        self, parameter: str, index: tuple[int, ...], X: Any = None, y: Any = None
    ) -> str:
        """Return the chain rule for one weight with its numbers, from the weight to the loss.

        parameter: "dense_1.W"; index: (3, 5). Without X and y the first rows of the latest
        data are used. Each link is a whole sum, and the chain goes on along its largest term.
        Raises UnknownName, BadValue, NotReady.
        """
        if (X is None) != (y is None):
            raise BadValue("explain_gradient", "both X and y, or neither", "one of them")
        given = self._rows if X is None else (X, y)
        if given is None:
            raise NotReady(f"{self.name}: no data was seen yet; give X and y, or call fit first")
        return self.trace(*given).explain(parameter, index)

    @property
    def seed(self) -> int | None:
        """The seed of the latest `fit`, or of the first weights; None while none was needed."""
        return self._numbers.seed

    def _keep(self, X: Any, y: Any) -> None:
        """Keep a copy of the first rows; of batches that come one by one there are none."""
        self._rows = None
        if isinstance(X, np.ndarray) and y is not None:
            named = isinstance(y, Mapping)
            some = {h: first_rows(a) for h, a in y.items()} if named else first_rows(y)
            self._rows = np.array(X[:KEPT_ROWS]), some

    def _compiled(self, verb: str) -> RunSpec:
        raise NotImplementedError

    def _of_shape(self, shape: tuple[int, ...]) -> ModelSpec:
        raise NotImplementedError


def first_rows(y: Any) -> np.ndarray:
    """Return a copy of the first targets, those of a mapped file too."""
    return np.array(np.asarray(opened(y))[:KEPT_ROWS])
