"""What a run is: how a model is trained, as a frozen record."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from neurogebra.errors import BadValue
from neurogebra.losses import LOSSES, METRICS
from neurogebra.optim import OPTIMIZERS, SCHEDULES
from neurogebra.spec import check
from neurogebra.spec.losses import check_loss, check_monitor, settled_monitor
from neurogebra.spec.schedule import schedule_options, settled_rate

# Options that say which share of a running mean stays.
SHARES = ("mu", "rho", "b1", "b2")
DTYPES = ("float32", "float64")
DEVICES = ("cpu", "cuda", "auto")
_PAIRS = ("options", "loss_options", "schedule_options")


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

    def check(self, where: str) -> Group:
        """Return the group; BadValue names the field that cannot be."""
        if not isinstance(self.match, str) or not self.match:
            raise BadValue(f"{where}.match", "a pattern of names, as 'dense_0.*'", self.match)
        _SIZE(f"{where}.rate", self.rate)
        if self.weight_decay is not None:
            _SIZE(f"{where}.weight_decay", self.weight_decay)
        check.flag(f"{where}.trainable", self.trainable)
        if self.rate == 0 and self.trainable:
            raise BadValue(f"{where}.rate", "a number above 0", 0, "trainable=False freezes")
        return self


@dataclass(frozen=True)
class RunSpec:
    """How to train: the optimiser and its options, loss, length, batches, seed, engine.

    learning_rate: None takes the optimiser's own; options, loss_options, schedule_options:
    further settings as sorted pairs (a mapping is accepted); schedule: how the learning rate
    moves, "" not at all; schedule_per: what it counts, "epoch" or "step" (updates); clip_value,
    clip_norm: largest element and largest global norm of a gradient, 0 for no limit, the first
    before the second; accumulate: batches whose mean gradient makes one update, counted on
    from epoch to epoch; weight_decay: the share of the weights that an update at rate 1 takes
    off, whatever the optimiser; None takes the optimiser's own, and an option `decay` is the
    same thing and is kept here; groups: parameters trained in their own way; batch_size: None
    for all rows at once; patience: epochs without progress of `monitor` by more than min_delta
    after which training stops, 0 never; restore_best: end
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
    schedule_options: tuple[tuple[str, float | tuple[float, ...]], ...] = ()
    schedule_per: str = "epoch"
    clip_value: float = 0.0
    clip_norm: float = 0.0
    accumulate: int = 1
    weight_decay: float | None = None
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
        LOSSES[self.loss].check_options("loss_options", dict(self.loss_options))
        self._check_options(dict(self.options))
        self._settle_decay(dict(self.options))

    def _settle_names(self) -> None:
        """Aliases become the members' own names, so that equal runs are equal."""
        object.__setattr__(self, "loss", LOSSES[self.loss].name)
        object.__setattr__(self, "monitor", settled_monitor(self.monitor))
        object.__setattr__(self, "optimizer", OPTIMIZERS[self.optimizer].name)
        object.__setattr__(self, "metrics", tuple(METRICS[m].name for m in self.metrics))
        schedule = SCHEDULES[self.schedule].name if self.schedule else ""
        object.__setattr__(self, "schedule", schedule)
        rate = settled_rate(self.optimizer, schedule, self.learning_rate)
        object.__setattr__(self, "learning_rate", rate)
        given = dict(self.schedule_options)
        options = schedule_options(schedule, self.schedule_per, rate, given)
        object.__setattr__(self, "schedule_options", options)

    def _settle_decay(self, options: dict[str, float]) -> None:
        """A rule's own `decay` and the run's weight_decay are one number, kept in one place."""
        own = OPTIMIZERS[self.optimizer].options.get("decay", 0.0)
        given = options.pop("decay", None)
        if given is not None and self.weight_decay not in (None, given):
            raise BadValue("weight_decay", f"the same as options.decay {given}", self.weight_decay)
        found = self.weight_decay if self.weight_decay is not None else given
        object.__setattr__(self, "weight_decay", own if found is None else found)
        object.__setattr__(self, "options", tuple(options.items()))

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

    @property
    def decay(self) -> float:
        """The weight decay as a plain number."""
        return float(self.weight_decay or 0.0)

    def to_dict(self) -> dict[str, Any]:
        """Return the run as JSON-able values."""
        pairs: dict[str, dict[str, Any]] = {f: dict(getattr(self, f)) for f in _PAIRS}
        pairs["schedule_options"] = {
            k: list(v) if isinstance(v, tuple) else v for k, v in self.schedule_options
        }
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
        found.append(given.check(where))
    return tuple(found)


_SIZE = check.real(0.0, math.inf, "a number ≥ 0")
_SCHEDULE = check.one_of("a schedule", check.own_names(SCHEDULES.values()))

_RULES: dict[str, Any] = {
    "loss": check_loss,
    "optimizer": check.one_of("an optimizer", check.own_names(OPTIMIZERS.values())),
    "epochs": check.integer(1, 10**6),
    "batch_size": lambda where, value: value is None or check.integer(1, 10**9)(where, value),
    "accumulate": check.integer(1, 10**6),
    "clip_value": _SIZE,
    "clip_norm": _SIZE,
    "weight_decay": lambda where, value: value is None or _SIZE(where, value),
    "schedule": lambda where, value: value == "" or _SCHEDULE(where, value),
    "schedule_per": check.one_of("what a schedule counts", ("epoch", "step")),
    "device": check.one_of("a device", DEVICES),
    "mixed": check.one_of("a dtype of products", ("", "bfloat16", "float16")),
    "shuffle": check.flag,
    "seed": check.integer(0, 2**63 - 1),
    "patience": check.integer(0, 10**6),
    "monitor": check_monitor,
    "min_delta": _SIZE,
    "restore_best": check.flag,
    "engine": check.name,
    "dtype": check.one_of("a dtype", DTYPES),
}
