"""`Model`: the handle a user keeps, from layers to predictions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from neurogebra.builders import explain, plot
from neurogebra.builders.layer import Layer
from neurogebra.builders.parts import as_rows, divide
from neurogebra.builders.watch import Watch, watched
from neurogebra.engines import ENGINES, Network
from neurogebra.errors import BadValue, NotReady
from neurogebra.layers import Layer as Record
from neurogebra.layers import Shape
from neurogebra.losses import LOSSES
from neurogebra.observatory.events import Level
from neurogebra.observatory.presets import LogConfig, level_of
from neurogebra.optim import OPTIMIZERS
from neurogebra.spec import ModelSpec, RunSpec, check
from neurogebra.training.data import prepare, prepare_inputs
from neurogebra.training.saved import load_model, save_model
from neurogebra.training.session import Session


@dataclass(frozen=True)
class Compiled:
    """What `compile` settled: the run without its length, and how it is watched."""

    run: RunSpec
    level: Level | None
    config: LogConfig | None


class Model:
    """A network that can be described, trained, asked, saved.

    layers: `Layer`s or layer records. The input size is the first layer's `input_shape`, or
    that of the first data. history: the curves of the latest `fit`; seed: of the latest `fit`,
    or of the first weights; None while neither was needed.
    """

    def __init__(
        self,
        layers: Iterable[Any],
        name: str = "model",
        template_info: Mapping[str, Any] | None = None,
        *,
        craft: Any = None,
    ) -> None:
        self.layers = tuple(_handle(i, layer) for i, layer in enumerate(layers))
        if not self.layers:
            raise BadValue("layers", "at least one layer", [])
        self.name = check.name("name", name)
        self.template_info = dict(template_info or {})
        self.history: dict[str, list[float]] = {}
        self.seed: int | None = None
        self.craft = craft
        self._compiled: Compiled | None = None
        self._network: Network | None = None
        self._trained = self._slots = False
        self._spec = self._described(self.layers[0].input_shape)

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
    def is_compiled(self) -> bool:
        """Whether `compile` was called."""
        return self._compiled is not None

    @property
    def loss_name(self) -> str | None:
        """The loss's own name; None before `compile`."""
        return self._compiled.run.loss if self._compiled else None

    @property
    def optimizer(self) -> str | None:
        """The optimiser's own name; None before `compile`."""
        return self._compiled.run.optimizer if self._compiled else None

    @property
    def learning_rate(self) -> float | None:
        """The learning rate; None before `compile`."""
        return self._compiled.run.rate if self._compiled else None

    @property
    def log_level(self) -> Level | None:
        """The level that `compile` was given; None if none."""
        return self._compiled.level if self._compiled else None

    def summary(self, educational: bool = True) -> None:
        """Print the architecture with exact counts; educational: also what each layer does."""
        print(explain.summary(self.name, self.layers, self._spec, educational=educational))

    def explain_architecture(self) -> None:
        """Print each layer's formula, gradient, shapes and the sum behind its parameters."""
        print(explain.architecture(self.name, self.layers, self._spec, self.craft))

    def compile(
        self,
        loss: str = "mse",
        optimizer: str = "adam",
        metrics: Iterable[str] | None = None,
        learning_rate: float = 0.001,
        log_level: Level | int | str | None = None,
        log_config: LogConfig | None = None,
        *,
        engine: str = "numpy",
    ) -> None:
        """Settle how to train; loss and optimizer by name, in any capitals.

        metrics: None for accuracy of classes and the mean absolute error of numbers;
        log_level: what the terminal shows; log_config: that and files; log_level wins.
        The weights stay as they are, the optimiser's memory is cleared. Raises BadValue with
        near names for what is not there.
        """
        if log_config is not None and not isinstance(log_config, LogConfig):
            raise BadValue("log_config", "a LogConfig", log_config)
        run = RunSpec(
            loss=_known(loss, LOSSES),
            optimizer=_known(optimizer, OPTIMIZERS),
            metrics=tuple([metrics] if isinstance(metrics, str) else metrics or ()),
            learning_rate=learning_rate,
            restore_best=False,  # what fit reports last is what the model then is
            engine=ENGINES[engine].name,
        )
        level = None if log_level is None else level_of(log_level)
        self._compiled = Compiled(run, level, None if log_config is None else log_config.check())
        self._slots = False

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

        X: (rows, …), y: (rows,), (rows, units), class indices or one-hot rows. What was not
        measured has an empty list. validation_split: the share of rows that only check; they
        are drawn once for a number of rows, so a second `fit` holds back the same ones;
        validation_data: (X, y) instead. A second `fit` goes on from the current weights.
        verbose: show it on the terminal; callbacks: sinks, or callables that take each event
        and whose errors end the run. seed: of the first weights (while nothing is trained),
        the order of rows and what is dropped; None draws one, told and kept in `model.seed`.
        Raises NotReady before `compile`, DataError for rows that cannot be learned from.
        """
        compiled = self._require_compiled("fit")
        if visualize:
            plot.require()
        X = self._settle(X)
        run = replace(
            compiled.run, epochs=epochs, batch_size=batch_size, seed=self._run_seed(seed)
        )
        data, validation = divide(self.spec, run, X, y, validation_split, validation_data)
        session = Session(self.spec, run, data, validation, self._current())
        if self._trained and self._slots and self._network is not None:
            session.network.load(self._network.state())
        watch = Watch(compiled.level, compiled.config, bool(verbose), tuple(callbacks))
        with watched(watch) as observed:
            self.seed = run.seed
            self._network, self._trained, self._slots = session.network, True, True
            self.history = observed.history
            observed.train(session)
        if visualize:
            self.plot_history()
        return self.history

    def predict(self, X: Any) -> np.ndarray:
        """Return the outputs for X: (rows, …) → (rows, units), in inference mode.

        An untrained model answers with its first weights, those of seed 0 if it has no seed.
        """
        X = self._settle(X)
        network = self._ready()
        found = network.predict(prepare_inputs(self.spec, self._run(), X))
        return found if len(found) > 1 else next(iter(found.values()))  # type: ignore[return-value]

    def evaluate(self, X: Any, y: Any) -> dict[str, float]:
        """Return the loss and the metrics over all rows, in inference mode."""
        compiled = self._require_compiled("evaluate")
        X = self._settle(X)
        self._ready()
        data = prepare(self.spec, compiled.run, X, y)
        return Session(self.spec, compiled.run, data, None, self._current(True)).evaluate(data)

    def save(self, path: str | Path) -> Path:
        """Write the model as a folder (JSON and safetensors); RunError if one is there."""
        spec, network = self.spec, self._ready()
        rest = {"is_compiled": self.is_compiled, "template_info": self.template_info}
        return save_model(path, spec, self._run(), network.weights(), rest)

    @classmethod
    def load(cls, path: str | Path) -> Model:
        """Return a saved model; its predictions are those of the model that was saved.

        The optimiser's memory is not part of it: `fit` goes on with a fresh one.
        """
        saved = load_model(path)
        model = cls(
            [Layer.of(r, None if i else saved.model.in_shape) for i, r in enumerate(saved.model.layers)],
            saved.model.name,
            saved.rest.get("template_info"),
        )
        model._spec = saved.model
        if saved.rest.get("is_compiled", True):
            model._compiled = Compiled(saved.run, None, None)
        model._network = _network(saved.model, saved.run, saved.weights)
        model._trained = True
        return model

    def plot_history(self, path: str | Path | None = None) -> Any:
        """Return the Matplotlib figure of the latest curves; path: save it there instead."""
        if not any(self.history.values()):
            raise NotReady(f"{self.name}: there are no curves yet; call fit first")
        return plot.curves(self.name, self.history, path)

    def __repr__(self) -> str:
        state = "trained" if self._trained else "compiled" if self.is_compiled else "untrained"
        return f"Model({self.name!r}, {len(self.layers)} layers, {state})"

    def _described(self, shape: Shape | None) -> ModelSpec | None:
        if shape is None:
            return None
        return ModelSpec(self.name, shape, tuple(layer.record for layer in self.layers))
