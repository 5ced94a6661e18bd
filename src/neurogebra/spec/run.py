"""What a run is: how a model is trained, as a frozen record."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from neurogebra.errors import BadValue
from neurogebra.losses import LOSSES, METRICS
from neurogebra.optim import OPTIMIZERS
from neurogebra.spec import check

# Options that say which share of a running mean stays.
SHARES = ("mu", "rho", "b1", "b2")
DTYPES = ("float32", "float64")
DEVICES = ("cpu", "cuda", "auto")
_PAIRS = ("options", "loss_options", "schedule_options")
MONITORS = ("val_loss", "loss", "val_accuracy", "accuracy")


@dataclass(frozen=True, slots=True)
class Group:
    """Parameters that are trained in their own way: those whose "layer.parameter" name matches.

    match: a pattern as file names have them ("dense_0.*", "*.b"); rate: a factor on the
    learning rate; weight_decay: instead of the run's, None for that; trainable: False freezes
    them. The first group that matches a parameter counts.
    """

    match: str
    rate: float = 1.0
    weight_decay: float | None = None
    trainable: bool = True


@dataclass(frozen=True)
class RunSpec:
    """How to train: the optimiser and its options, loss, length, batches, seed, engine.

    learning_rate: None takes the optimiser's own; options, loss_options, schedule_options:
    further settings as sorted pairs (a mapping is accepted); schedule: how the learning rate
    moves, "" not at all; schedule_per: what it counts, "epoch" or "step"; clip_value,
    clip_norm: largest element and largest global norm of a gradient, 0 for no limit;
    accumulate: batches whose gradients make one update; weight_decay: the share of the weights
    that an update at rate 1 takes off, whatever the optimiser; groups: parameters trained in
    their own way; batch_size: None for all rows at once; patience: epochs without progress of
    `monitor` by more than min_delta after which training stops, 0 never; restore_best: end
    with the best epoch's weights; device: where the torch engine computes; mixed: the dtype of
    its products, "" for that of the run. Raises BadValue with the place of the first field
    that cannot be.
    """

    loss: str = "mse"
    optimizer: str = "adam"
    learning_rate: float | None = None
    options: tuple[tuple[str, float], ...] = ()
    loss_options: tuple[tuple[str, float], ...] = ()
    schedule: str = ""
    schedule_options: tuple[tuple[str, float], ...] = ()
    schedule_per: str = "epoch"
    clip_value: float = 0.0
    clip_norm: float = 0.0
    accumulate: int = 1
    weight_decay: float = 0.0
    groups: tuple[Group, ...] = ()
    metrics: tuple[str, ...] = ()
    epochs: int = 10
    batch_size: int | None = 32
    shuffle: bool = True
    seed: int = 0
    patience: int = 0
    monitor: str = "val_loss"
    min_delta: float = 0.0
    restore_best: bool = True
    engine: str = "numpy"
    dtype: str = "float32"
    device: str = "cpu"
    mixed: str = ""

    def __post_init__(self) -> None:
        for field in _PAIRS:
            object.__setattr__(self, field, check.pairs(field, getattr(self, field)))
        object.__setattr__(self, "groups", _groups(self.groups))
        object.__setattr__(self, "metrics", check.sequence("metrics", self.metrics))
        for field, rule in _RULES.items():
            rule(field, getattr(self, field))
        for i, metric in enumerate(self.metrics):
            check.one_of("a metric", check.own_names(METRICS.values()))(f"metrics[{i}]", metric)
        self._settle_names()
        self._check_options(dict(self.options))

    def _settle_names(self) -> None:
        """Aliases become the members' own names, so that equal runs are equal."""
        object.__setattr__(self, "loss", LOSSES[self.loss].name)
        object.__setattr__(self, "optimizer", OPTIMIZERS[self.optimizer].name)
        object.__setattr__(self, "metrics", tuple(METRICS[m].name for m in self.metrics))
        if self.learning_rate is None:
            object.__setattr__(self, "learning_rate", OPTIMIZERS[self.optimizer].learning_rate)
        rate = check.real(0.0, math.inf, "a number above 0", open_low=True)
        object.__setattr__(self, "learning_rate", rate("learning_rate", self.learning_rate))

    def _check_options(self, given: Mapping[str, Any]) -> None:
        known = OPTIMIZERS[self.optimizer].options
        for key, value in given.items():
            where = f"options.{key}"
            if key not in known:
                hint = check.did_you_mean(key, known) if known else "it has none"
                raise BadValue(where, f"an option of {self.optimizer}", key, hint)
            if key in SHARES:
                check.real(0.0, 1.0, "a number from 0 to below 1")(where, value)
            else:
                check.real(0.0, math.inf, "a number ≥ 0")(where, value)

    @property
    def rate(self) -> float:
        """The learning rate as a plain number."""
        return float(self.learning_rate or 0.0)

    def to_dict(self) -> dict[str, Any]:
        """Return the run as JSON-able values."""
        pairs = {f: dict(getattr(self, f)) for f in _PAIRS}
        groups = [asdict(g) for g in self.groups]
        return {**asdict(self), **pairs, "groups": groups, "metrics": list(self.metrics)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RunSpec:
        """Return the run of a `to_dict` result; BadValue names a wrong or unknown key."""
        check.keys("run", cls, check.mapping("run", data))
        return cls(**data)


def _groups(value: Any) -> tuple[Group, ...]:
    found = []
    for i, given in enumerate(check.sequence("groups", value)):
        where = f"groups[{i}]"
        if isinstance(given, Mapping):
            check.keys(where, Group, given)
            given = Group(**given)
        if not isinstance(given, Group):
            raise BadValue(where, "a Group", given)
        found.append(given)
    return tuple(found)


_RULES: dict[str, Any] = {
    "loss": check.one_of("a loss", check.own_names(LOSSES.values())),
    "optimizer": check.one_of("an optimizer", check.own_names(OPTIMIZERS.values())),
    "epochs": check.integer(1, 10**6),
    "batch_size": lambda where, value: value is None or check.integer(1, 10**9)(where, value),
    "accumulate": check.integer(1, 10**6),
    "clip_value": check.real(0.0, math.inf, "a number ≥ 0"),
    "clip_norm": check.real(0.0, math.inf, "a number ≥ 0"),
    "weight_decay": check.real(0.0, 1.0, "a number from 0 to below 1"),
    "schedule_per": check.one_of("what a schedule counts", ("epoch", "step")),
    "device": check.one_of("a device", DEVICES),
    "mixed": check.one_of("a dtype of products", ("", "bfloat16", "float16")),
    "shuffle": check.flag,
    "seed": check.integer(0, 2**63 - 1),
    "patience": check.integer(0, 10**6),
    "monitor": check.one_of("a monitored metric", MONITORS),
    "min_delta": check.real(0.0, math.inf, "a number ≥ 0"),
    "restore_best": check.flag,
    "engine": check.name,
    "dtype": check.one_of("a dtype", DTYPES),
}
