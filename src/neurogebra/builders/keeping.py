"""A model on disk: saved as a folder, numbered if asked, and loaded back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self, cast

from neurogebra.builders.layer import Layer
from neurogebra.builders.numbers import Numbers
from neurogebra.observatory.fingerprint import TrainingFingerprint
from neurogebra.spec import ModelSpec, RunSpec
from neurogebra.training.saved import load_model, save_model


class Keeping:
    """Saving and loading of a model.

    preparation: how raw columns became X, as JSON-able values (`Preparation.to_dict`), kept
    with the model; None where nobody said.
    """

    template_info: dict[str, Any]
    preparation: Mapping[str, Any] | None
    _numbers: Numbers
    _spec: ModelSpec | None
    _run: RunSpec | None
    _learned_from: Mapping[str, Any]

    def save(
        self, path: str | Path, *, version: bool = False, include_optimizer: bool = True
    ) -> Path:
        """Write the model as a folder (JSON and safetensors) and return it.

        Nothing is ever overwritten: RunError when a model is there; version=True writes the
        next of the numbered folders 0001, 0002, … inside `path`. include_optimizer: also what
        the optimiser remembers, so that `fit` goes on as if the model had stayed in memory.
        """
        run, spec = self._run or RunSpec(), self.spec
        network = self._numbers.network(spec, run)
        run = replace(run, seed=self._numbers.seed or 0)
        rest = {"compiled": self._run is not None, "template_info": self.template_info}
        if self.preparation is not None:
            rest["preparation"] = dict(self.preparation)
        slots = None
        if include_optimizer and self._numbers.slots:
            state = network.state()
            slots = {n: a for n, a in state.items() if not n.startswith("weights/")}
        found = TrainingFingerprint.capture(
            model_info=spec.to_dict(), hyperparameters=run.to_dict(), random_seed=run.seed
        )
        told = {**found.to_dict(), **self._learned_from}
        return save_model(
            path, spec, run, network.weights(), rest, optimizer=slots, fingerprint=told,
            version=version,
        )  # fmt: skip

    @classmethod
    def load(cls, path: str | Path, version: int | None = None) -> Self:
        """Return a saved model, whose predictions are those of the one that was saved.

        version: one of a folder of numbered models, None for the newest. Another `fit` goes on
        with the optimiser's memory where that was saved. Raises RunError, Corrupt, BadValue.
        """
        found = load_model(path, version)
        shapes = [found.model.in_shape, *(None for _ in found.model.layers[1:])]
        layers = [Layer.of(*pair) for pair in zip(found.model.layers, shapes, strict=True)]
        rest, make = found.rest, cast(Any, cls)  # a mixin does not know how it is made
        model = make(layers, found.model.name, rest.get("template_info"), heads=found.model.heads)
        model._spec, model.preparation = found.model, rest.get("preparation")
        # A run of the command line has its own patience; here `fit` says what it wants.
        own = (
            found.run if "compiled" in rest else replace(found.run, restore_best=False, patience=0)
        )
        model._run = own if rest.get("compiled", True) else None
        model._numbers.restore(found.model, found.run, found.weights, found.optimizer)
        return cast(Self, model)

    @property
    def spec(self) -> ModelSpec:
        """What the model is."""
        raise NotImplementedError
