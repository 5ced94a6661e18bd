"""The numbers of a model: first weights by seed, then whatever training left."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurogebra.engines import ENGINES, Network
from neurogebra.spec import ModelSpec, RunSpec
from neurogebra.training.data import Data
from neurogebra.training.session import Session


class Numbers:
    """The weights that a model has at the moment, on the engine that last used them.

    seed: of the latest training, or of the first weights; None while neither was needed.
    slots: whether the optimiser's memory belongs to the run that is compiled.
    """

    def __init__(self) -> None:
        self.seed: int | None = None
        self.trained = self.slots = False
        self._network: Network | None = None
        self._made: tuple[ModelSpec, RunSpec] | None = None  # what the network was made for

    def network(self, spec: ModelSpec, run: RunSpec) -> Network:
        """Return the network; an untrained model without a seed gets the weights of seed 0."""
        if self._network is None:
            self.seed = 0 if self.seed is None else self.seed
            return self.put(spec, run, spec.init(self.seed))
        if not self._is_on(run.engine):
            return self.put(spec, run, self._network.weights())
        return self._network

    def put(self, spec: ModelSpec, run: RunSpec, weights: dict[str, np.ndarray]) -> Network:
        """Let the weights be these, and the optimiser remember nothing; return the network."""
        rng = np.random.default_rng(run.seed)  # feeds dropout, which only a session uses
        self._network = ENGINES[run.engine].load().build(spec, run, weights, rng)
        self._made, self.slots = (spec, run), False
        return self._network

    def seed_for(self, asked: int | None) -> int:
        """Return the seed of the next training: asked for, that of the first weights, or new."""
        if asked is not None:
            return asked
        if self.seed is not None and not self.trained:
            return self.seed
        return int(np.random.SeedSequence().generate_state(1)[0])

    def session(
        self, spec: ModelSpec, run: RunSpec, data: Data, validation: Data | None
    ) -> Session:
        """Return a session that goes on from here; an untrained model starts from run.seed."""
        before = self._network if self.trained else None
        weights = None if before is None else before.weights()
        session = Session(spec, run, data, validation, weights)
        if before is not None and self.slots and self._is_on(run.engine):
            session.network.load(before.state())
        self._network, self._made = session.network, (spec, run)
        self.seed, self.trained, self.slots = run.seed, True, True
        return session

    def evaluate(self, spec: ModelSpec, run: RunSpec, data: Data) -> dict[str, float]:
        """Return loss and metrics of the weights as they are."""
        weights = self.network(spec, run).weights()
        return Session(spec, run, data, weights=weights).evaluate(data)

    def __deepcopy__(self, memo: dict[int, Any]) -> Numbers:
        """Return an equal one on buffers of its own; a network's programs cannot be copied."""
        other = Numbers()
        if self._network is not None and self._made is not None:
            copy = other.put(*self._made, self._network.weights())
            copy.load(self._network.state())
        other.seed, other.trained, other.slots = self.seed, self.trained, self.slots
        return other

    def _is_on(self, engine: str) -> bool:
        return self._made is not None and self._made[1].engine == engine
