"""The numbers of a model: first weights by seed, then whatever training left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from neurogebra.engines import ENGINES, Network
from neurogebra.spec import ModelSpec, RunSpec
from neurogebra.training.session import Session, Trained
from neurogebra.training.sources import Source

# What of a run a network is made for; the rest concerns the loop around it.
OF_A_NETWORK = (
    "loss", "loss_options", "optimizer", "options", "clip_value", "clip_norm", "accumulate",
    "weight_decay", "groups", "engine", "dtype", "device", "mixed",
)  # fmt: skip


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
        self._rng: np.random.Generator | None = None  # what a training's network draws from

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
        self._made, self._rng, self.slots = (spec, run), None, False
        return self._network

    def restore(
        self,
        spec: ModelSpec,
        run: RunSpec,
        weights: dict[str, np.ndarray],
        optimizer: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        """Let the weights be those of a training that is over, and so the optimiser's memory."""
        network = self.put(spec, run, weights)
        if optimizer is not None:
            network.load({**{f"weights/{n}": a for n, a in weights.items()}, **optimizer})
        self.seed, self.trained, self.slots = run.seed, True, optimizer is not None

    def seed_for(self, asked: int | None) -> int:
        """Return the seed of the next training: asked for, that of the first weights, or new."""
        if asked is not None:
            return asked
        if self.seed is not None and not self.trained:
            return self.seed
        return int(np.random.SeedSequence().generate_state(1)[0])

    def session(
        self, spec: ModelSpec, run: RunSpec, data: Source, validation: Source | None
    ) -> Session:
        """Return a session that goes on from here; an untrained model starts from run.seed."""
        before = self._network if self.trained else None
        if self._rng is not None and before is not None and self.slots and self._serves(spec, run):
            session = Session(spec, run, data, validation, before=Trained(before, self._rng))
        else:
            weights = None if before is None else before.weights()
            session = Session(spec, run, data, validation, weights)
            if before is not None and self.slots and self._is_on(run.engine):
                session.network.load(before.state())
        self._network, self._made, self._rng = session.network, (spec, run), session.rng
        self.seed, self.trained, self.slots = run.seed, True, True
        return session

    def evaluate(self, spec: ModelSpec, run: RunSpec, data: Source) -> dict[str, float]:
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

    def __getstate__(self) -> dict[str, Any]:
        """Return plain records and arrays; programs are recorded anew where they are needed."""
        state = None if self._network is None else self._network.state()
        own = {"seed": self.seed, "trained": self.trained, "slots": self.slots}
        return {**own, "made": self._made, "state": state}

    def __setstate__(self, kept: dict[str, Any]) -> None:
        self.__init__()  # type: ignore[misc]
        if kept["made"] is not None and kept["state"] is not None:
            spec, run = kept["made"]
            given = {n[8:]: a for n, a in kept["state"].items() if n.startswith("weights/")}
            self.put(spec, run, given).load(kept["state"])
        self.seed, self.trained, self.slots = kept["seed"], kept["trained"], kept["slots"]

    def _serves(self, spec: ModelSpec, run: RunSpec) -> bool:
        """Say whether the network serves for another training as it is."""
        if self._made is None or self._made[0] != spec:
            return False
        return all(getattr(self._made[1], name) == getattr(run, name) for name in OF_A_NETWORK)

    def _is_on(self, engine: str) -> bool:
        return self._made is not None and self._made[1].engine == engine
