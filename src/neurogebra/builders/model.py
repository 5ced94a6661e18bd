"""`Model`: the handle a user keeps, from layers to predictions."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from neurogebra.builders import plot, text
from neurogebra.builders.answers import Answering
from neurogebra.builders.compiled import Compilable
from neurogebra.builders.diagnosing import Diagnosable
from neurogebra.builders.keeping import Keeping
from neurogebra.builders.last_fit import LastFit
from neurogebra.builders.layer import handles, records
from neurogebra.builders.numbers import Numbers
from neurogebra.builders.parts import given_rows, sources
from neurogebra.builders.seeing import Seeable
from neurogebra.builders.watch import Watch, data_facts, train_watched
from neurogebra.errors import NotReady
from neurogebra.observatory.events import TrainEnd
from neurogebra.observatory.sinks.history import History
from neurogebra.spec import Head, ModelSpec, check
from neurogebra.training.sources import Feed


def divergence(name: str, end: TrainEnd, rate: float) -> str:
    """Return what happened in a training that diverged, and what to try."""
    return (
        f"{name}: training diverged: at update {end.step} the loss was no finite number any more; "
        f"make the model anew and try a learning rate of {rate / 10:.2g} (it was {rate:.2g}), "
        "clip_norm=1, or inputs of mean 0 and deviation 1"
    )


class Model(Compilable, Answering, Keeping, Seeable, Diagnosable):
    """A network that can be described, trained, asked and saved.

    layers: `Layer`s or layer records; the input size is the first layer's `input_shape`, or
    that of the first data. heads: several outputs on the layers, each with its own layers,
    loss and weight; none for one output. history: the curves of the latest `fit`, a head's
    metrics with its name before them. craft: whose words on activations
    `explain_architecture` shows, None for the book's.
    """

    def __init__(
        self,
        layers: Iterable[Any],
        name: str = "model",
        template_info: Mapping[str, Any] | None = None,
        *,
        heads: Iterable[Head] = (),
        craft: Any = None,
    ) -> None:
        self.layers = handles(layers)
        self.heads = records(heads) or (Head(),)
        self.name = check.name("name", name)
        self.template_info = dict(template_info or {})
        self.preparation: Mapping[str, Any] | None = None
        self.history: dict[str, list[float]] = {}
        self._craft = craft
        self._numbers = Numbers()
        self._last = LastFit()
        self._learned_from: Mapping[str, Any] = {}
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

    def summary(self, educational: bool = True) -> None:
        """Print the architecture with exact counts; educational: also what each layer does."""
        print(text.summary(self.name, self.layers, self._spec, educational))  # noqa: T201

    def explain_architecture(self) -> None:
        """Print each layer's formula and gradients, its shapes, and where its numbers come from."""
        print(text.architecture(self.name, self.layers, self._spec, self._craft))  # noqa: T201

    def fit(
        self,
        X: Any,
        y: Any = None,
        epochs: int = 10,
        batch_size: int | None = 32,
        validation_split: float = 0.2,
        validation_data: Any = None,
        verbose: bool = True,
        visualize: bool = False,
        callbacks: Iterable[Any] = (),
        seed: int | None = None,
        *,
        sample_weight: Any = None,
        class_weight: Any = None,
        steps_per_epoch: int | None = None,
        **run: Any,
    ) -> dict[str, list[float]]:
        """Train, and return {"loss", "accuracy", "val_loss", "val_accuracy"} by epoch.

        X: (rows, …), y: (rows,), (rows, units), class indices or one-hot rows, or head →
        such targets; a mapped array or the path of a .npy file is read batch by batch. Without
        y, X yields batches (x, y) or (x, y, weights): an iterable gone through once an epoch,
        a function that returns one (handed the epoch's number if it takes it), or, with
        steps_per_epoch, an iterator. A metric that was not measured has an empty list.
        batch_size: None for all rows at once. validation_split: the share of rows that only
        check, of arrays; which ones depends on their count alone, so that a second `fit`, which
        goes on from the current weights, holds back the same. validation_data: (X, y) or
        batches instead. sample_weight: (rows,); class_weight: class → weight, or "balanced".
        verbose: show it on the terminal. callbacks: sinks, closed at the end, or callables
        that take each event, whose errors end the run, and who may return a `Wish` to stop or
        for another learning rate. seed: of the first weights (while nothing is trained), the
        order of rows and what is dropped; None draws one, shown and kept as `model.seed`.
        run: patience, monitor, min_delta, restore_best, shuffle for this training only.
        Raises NotReady before `compile`, DataError, BadValue.
        """
        compiled = self._compiled_for(run)
        if visualize:
            plot.require()
        watch = Watch(self._level, self._config, bool(verbose), tuple(callbacks))
        rows, asked = given_rows(X, y, steps_per_epoch), self._numbers.seed_for(seed)
        settled = replace(compiled, epochs=epochs, batch_size=batch_size, seed=asked)
        shape = rows.in_shape() if isinstance(rows, Feed) else rows.shape[1:]
        spec = self._spec or self._of_shape(shape)
        parts = sources(
            spec, settled, rows, y, validation_split, validation_data,
            sample_weight=sample_weight, class_weight=class_weight,
        )  # fmt: skip
        last = self._begin(spec, settled, parts)
        session = self._numbers.session(spec, settled, *parts)
        found = History()
        self._spec, self.history, self._last = spec, found.curves, last
        self._learned_from = data_facts(parts[0])
        self._keep(rows, y)
        end = last.end = train_watched(session, watch, found, last)
        if end.reason == "diverged" and not watch.is_seen:
            self._tell_divergence(end, session.rate)
        if visualize:
            self.plot_history()
        return self.history

    def plot_history(self, path: str | Path | None = None) -> Any:
        """Return a Matplotlib figure of the latest curves; path: save it there as well."""
        if not any(self.history.values()):
            raise NotReady(f"{self.name}: there are no curves yet; call fit first")
        return plot.curves(self.name, self.history, path)

    def __repr__(self) -> str:
        state = "trained" if self._numbers.trained else "untrained"
        return f"Model({self.name!r}, {len(self.layers)} layers, {state})"

    def _of_shape(self, shape: tuple[int, ...]) -> ModelSpec:
        return ModelSpec(self.name, shape, tuple(e.record for e in self.layers), self.heads)

    def _tell_divergence(self, end: TrainEnd, rate: float) -> None:
        """Say that nothing was learned where no sink says it."""
        warnings.warn(divergence(self.name, end, rate), RuntimeWarning, stacklevel=3)

    def _forget_slots(self) -> None:
        self._numbers.slots = False
