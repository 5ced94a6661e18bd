"""`Model`: the handle a user keeps, from layers to predictions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from neurogebra.builders import plot, text
from neurogebra.builders.compiled import Compilable
from neurogebra.builders.layer import Layer, handles
from neurogebra.builders.numbers import Numbers
from neurogebra.builders.parts import as_rows, divide
from neurogebra.builders.watch import Watch, train_watched
from neurogebra.errors import NotReady
from neurogebra.observatory.sinks.history import History
from neurogebra.spec import ModelSpec, RunSpec, check
from neurogebra.training.data import prepare, prepare_inputs
from neurogebra.training.saved import load_model, save_model


class Model(Compilable):
    """A network that can be described, trained, asked and saved.

    layers: `Layer`s or layer records; the input size is the first layer's `input_shape`, or
    that of the first data. history: the curves of the latest `fit`. craft: whose words on
    activations `explain_architecture` shows, None for the book's.
    """

    def __init__(
        self,
        layers: Iterable[Any],
        name: str = "model",
        template_info: Mapping[str, Any] | None = None,
        *,
        craft: Any = None,
    ) -> None:
        self.layers = handles(layers)
        self.name = check.name("name", name)
        self.template_info = dict(template_info or {})
        self.history: dict[str, list[float]] = {}
        self._craft = craft
        self._numbers = Numbers()
        self._spec: ModelSpec | None = None
        if self.layers[0].input_shape is not None:
            self._spec = self._of_shape(self.layers[0].input_shape)

    @property
    def spec(self) -> ModelSpec:
        """What the model is; NotReady while the input size is not known."""
        if self._spec is None:
            raise NotReady(
                f"{self.name}: the input size is not known yet; give the first layer "
                "input_shape=(…), or call fit or predict with data"
            )
        return self._spec

    @property
    def seed(self) -> int | None:
        """The seed of the latest `fit`, or of the first weights; None while none was needed."""
        return self._numbers.seed

    def summary(self, educational: bool = True) -> None:
        """Print the architecture with exact counts; educational: also what each layer does."""
        print(text.summary(self.name, self.layers, self._spec, educational))  # noqa: T201

    def explain_architecture(self) -> None:
        """Print each layer's formula and gradients, its shapes, and where its numbers come from."""
        print(text.architecture(self.name, self.layers, self._spec, self._craft))  # noqa: T201

    def fit(
        self,
        X: Any,
        y: Any,
        epochs: int = 10,
        batch_size: int = 32,
        validation_split: float = 0.2,
        validation_data: tuple[Any, Any] | None = None,
        verbose: bool = True,
        visualize: bool = False,
        callbacks: Iterable[Any] = (),
        seed: int | None = None,
    ) -> dict[str, list[float]]:
        """Train, and return {"loss", "accuracy", "val_loss", "val_accuracy"} by epoch.

        X: (rows, …), y: (rows,), (rows, units), class indices or one-hot rows. A metric that
        was not measured has an empty list. validation_split: the share of rows that only
        check; which ones depends on their count alone, so that a second `fit`, which goes on
        from the current weights, holds back the same. validation_data: (X, y) instead.
        verbose: show it on the terminal. callbacks: sinks, closed at the end, or callables
        that take each event and whose errors end the run. seed: of the first weights (while
        nothing is trained), the order of rows and what is dropped; None draws one, shown and
        kept as `model.seed`. Raises NotReady before `compile`, DataError, BadValue.
        """
        compiled = self._compiled("fit")
        if visualize:
            plot.require()
        watch = Watch(self._level, self._config, bool(verbose), tuple(callbacks))
        rows, asked = as_rows(X), self._numbers.seed_for(seed)
        run = replace(compiled, epochs=epochs, batch_size=batch_size, seed=asked)
        spec = self._spec or self._of_shape(rows.shape[1:])
        parts = divide(spec, run, rows, y, validation_split, validation_data)
        session = self._numbers.session(spec, run, *parts)
        found = History()
        self._spec, self.history = spec, found.curves
        train_watched(session, watch, found)
        if visualize:
            self.plot_history()
        return self.history

    def predict(self, X: Any) -> Any:
        """Return the outputs for X: (rows, …) → (rows, units), in inference mode.

        An untrained model answers with its first weights, those of seed 0 if it has no seed.
        """
        run, rows = self._run or RunSpec(), as_rows(X)
        spec = self._spec or self._of_shape(rows.shape[1:])
        x = prepare_inputs(spec, run, rows)
        found = self._numbers.network(spec, run).predict(x)
        self._spec = spec
        return found if len(found) > 1 else next(iter(found.values()))

    def evaluate(self, X: Any, y: Any) -> dict[str, float]:
        """Return the loss and the metrics over all rows, in inference mode."""
        run, rows = self._compiled("evaluate"), as_rows(X)
        spec = self._spec or self._of_shape(rows.shape[1:])
        found = self._numbers.evaluate(spec, run, prepare(spec, run, rows, y))
        self._spec = spec
        return found

    def save(self, path: str | Path) -> Path:
        """Write the model as a folder (JSON and safetensors); RunError if one is there."""
        run = self._run or RunSpec()
        weights = self._numbers.network(self.spec, run).weights()
        rest = {"compiled": self.is_compiled, "template_info": self.template_info}
        return save_model(path, self.spec, replace(run, seed=self.seed or 0), weights, rest)

    @classmethod
    def load(cls, path: str | Path) -> Model:
        """Return a saved model, whose predictions are those of the one that was saved.

        The optimiser's memory is not saved: another `fit` goes on with a fresh one.
        """
        found = load_model(path)
        shapes = [found.model.in_shape, *(None for _ in found.model.layers[1:])]
        layers = [Layer.of(*pair) for pair in zip(found.model.layers, shapes, strict=True)]
        model = cls(layers, found.model.name, found.rest.get("template_info"))
        model._spec = found.model
        if found.rest.get("compiled", True):
            model._run = replace(found.run, restore_best=False, patience=0)
        model._numbers.put(found.model, found.run, found.weights)
        model._numbers.seed, model._numbers.trained = found.run.seed, True
        return model

    def plot_history(self, path: str | Path | None = None) -> Any:
        """Return a Matplotlib figure of the latest curves; path: save it there as well."""
        if not any(self.history.values()):
            raise NotReady(f"{self.name}: there are no curves yet; call fit first")
        return plot.curves(self.name, self.history, path)

    def __repr__(self) -> str:
        state = "trained" if self._numbers.trained else "untrained"
        return f"Model({self.name!r}, {len(self.layers)} layers, {state})"

    def _of_shape(self, shape: tuple[int, ...]) -> ModelSpec:
        return ModelSpec(self.name, shape, tuple(each.record for each in self.layers))

    def _forget_slots(self) -> None:
        self._numbers.slots = False
