"""`EducationalTrainer`: the one loop with a narrator, who says what happens, why, what to try."""

from __future__ import annotations

from typing import Any, Protocol

from neurogebra.errors import BadValue
from neurogebra.observatory.events import Alert
from neurogebra.observatory.sinks.narrator import Narrator


class Fits(Protocol):
    """Any model whose `fit` takes sinks as callbacks and returns its curves."""

    def fit(self, X: Any, y: Any, **options: Any) -> dict[str, list[float]]:
        """Train under the sinks given as `callbacks`."""


class EducationalTrainer:
    """Trains a compiled model and tells it on the terminal.

    verbose: tell at all; explain_steps: also why, and what to try; visualize: draw the curves
    at the end. A model compiled with a log level shows that as well. tips: what was remarked
    in the latest training, tips and health alerts, in order.
    """

    def __init__(
        self,
        model: Fits,
        verbose: bool = True,
        visualize: bool = False,
        explain_steps: bool = True,
    ) -> None:
        if not callable(getattr(model, "fit", None)):
            raise BadValue("model", "a model with a fit method", model)
        self.model, self.verbose, self.visualize = model, verbose, visualize
        self.explain_steps = explain_steps
        self.tips: list[Alert] = []

    def train(
        self,
        X: Any,
        y: Any,
        epochs: int = 10,
        batch_size: int = 32,
        validation_split: float = 0.2,
        **options: Any,
    ) -> dict[str, list[float]]:
        """Train and return {"loss", "accuracy", "val_loss", "val_accuracy"} by epoch.

        options: what else `fit` takes (validation_data, seed, callbacks). Raises what it raises.
        """
        narrator = Narrator(self.explain_steps)
        self.tips = narrator.told
        others = tuple(options.pop("callbacks", ()))
        return self.model.fit(
            X,
            y,
            epochs=epochs,
            batch_size=batch_size,
            validation_split=validation_split,
            verbose=self.verbose and getattr(self.model, "log_level", None) is not None,
            visualize=self.visualize,
            callbacks=(narrator, *others) if self.verbose else others,
            **options,
        )
