"""What a training run says, one frozen record an event, in the order in which it happens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import IntEnum
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple, TypeAlias

Metrics: TypeAlias = Mapping[str, float]
NOTHING: Metrics = MappingProxyType({})


class Level(IntEnum):
    """How much detail a listener asks for; each level includes those below it."""

    SILENT = 0
    BASIC = 1
    DETAILED = 2
    EXPERT = 3
    DEBUG = 4


SEVERITIES = ("info", "warning", "danger", "critical")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """Fused statistics of one array at one moment.

    size: elements; mean, std, min, max, norm (L2) over the finite ones; zero_pct: share that
    is exactly 0; nonfinite: count of NaN and ±inf. Of activations also, in percent of units:
    dead_pct (fires on no row of the batch), saturated_pct (bounded and far in the tail), and
    idle_pct (fired in none of the latest looks); row_std: how far an output of several units
    varies from row to row. The last two are None where nobody has looked at single units.
    """

    size: int
    mean: float
    std: float
    min: float
    max: float
    norm: float
    zero_pct: float = 0.0
    nonfinite: int = 0
    dead_pct: float = 0.0
    saturated_pct: float = 0.0
    idle_pct: float | None = None
    row_std: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerInfo:
    """One row of the architecture: what the terminal and the dashboard show of a layer.

    formula and gradient are plain one-line mathematics ("a1 = relu(x·W1 + b1)"); shapes
    leave the batch out; params counts the trainable numbers.
    """

    name: str
    type: str
    formula: str
    gradient: tuple[str, ...]
    in_shape: tuple[int, ...]
    out_shape: tuple[int, ...]
    params: int
    activation: str = ""
    latex: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What every event has: a kind (its name in logs) and the level it belongs to."""

    kind: ClassVar[str] = "event"
    level: ClassVar[Level] = Level.BASIC

    def data(self) -> dict[str, Any]:
        """Return the fields as plain values: dataclasses become dicts, mappings are copied."""
        return {f.name: _plain(getattr(self, f.name)) for f in fields(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainStart(Event):
    """A run begins (or goes on: `resumed_step` > 0). rows are counted after the split."""

    kind: ClassVar[str] = "train_start"
    name: str
    engine: str
    seed: int
    epochs: int
    batches: int  # per epoch
    train_rows: int
    val_rows: int
    layers: tuple[LayerInfo, ...]
    params: int  # trainable numbers in all
    run: Mapping[str, Any] = field(default_factory=dict)  # RunSpec.to_dict()
    resumed_step: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochStart(Event):
    """Epoch `epoch` (from 0) of `epochs` begins."""

    kind: ClassVar[str] = "epoch_start"
    epoch: int
    epochs: int
    batches: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchEnd(Event):
    """One update was made. step counts updates of the whole run from 1; seconds is its time."""

    kind: ClassVar[str] = "batch_end"
    level: ClassVar[Level] = Level.DETAILED
    epoch: int
    batch: int  # from 0, within the epoch
    step: int
    rows: int
    loss: float
    metrics: Metrics = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerSeen(Event):
    """One array of one layer, looked at in one step.

    site: "forward" (the layer's output), "backward" (dL/d output), "gradient" (of one
    parameter), "weight" (its value), "update" (its change). param names the parameter for
    the last three. shape includes the batch for the first two. histogram: `stats.histogram`
    of the array where a listener asked for DEBUG, else empty. rare: what is taken of some
    arrays in some looks only, by name; see `units.Units.rare`.
    """

    kind: ClassVar[str] = "layer_seen"
    level: ClassVar[Level] = Level.EXPERT
    epoch: int
    batch: int
    step: int
    index: int
    layer: str
    site: str
    shape: tuple[int, ...]
    stats: Stats
    param: str = ""
    activation: str = ""
    formula: str = ""
    histogram: tuple[int, ...] = ()
    rare: Metrics = field(default_factory=lambda: NOTHING)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeSeen(Event):
    """A forward pass outside any update ran layers in the mode that is for training.

    layer: one that behaves differently there (dropout, batch normalisation); passes: how many
    such passes there were so far.
    """

    kind: ClassVar[str] = "mode_seen"
    epoch: int
    step: int
    layer: str
    passes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpectrumSeen(Event):
    """The eigenvalues of one weight matrix, WᵀW, were looked at after training.

    alpha: the exponent with which their tail falls, give or take error; distance: of that law
    from the tail, by the largest difference of distribution functions; tail: how many
    eigenvalues it holds; spikes: how many are too large for chance, traps: likewise with the
    weights shuffled.
    """

    kind: ClassVar[str] = "spectrum_seen"
    layer: str
    param: str
    shape: tuple[int, ...]
    alpha: float
    error: float
    distance: float
    tail: int
    spikes: int = 0
    traps: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochEnd(Event):
    """An epoch is over: the row-weighted means of its batches, and validation if there is any.

    metrics: "loss", "accuracy" (classification), "val_loss", "val_accuracy"; a metric that
    was not measured is absent, never 0. best: the monitored value is the best so far. waited:
    the seconds, of all of it, in which the next rows were not there yet.
    """

    kind: ClassVar[str] = "epoch_end"
    epoch: int
    step: int
    metrics: Metrics
    learning_rate: float
    seconds: float
    best: bool = False
    waited: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated(Event):
    """The finished model was scored on a part of the data ("validation" or "test")."""

    kind: ClassVar[str] = "evaluated"
    split: str
    rows: int
    metrics: Metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert(Event):
    """A health rule fired: what was seen, in which numbers, and what to do about it."""

    kind: ClassVar[str] = "health_check"
    rule: str
    severity: str  # one of SEVERITIES
    message: str
    advice: tuple[str, ...] = ()
    diagnosis: str = ""
    layer: str = ""
    epoch: int = -1
    step: int = 0
    evidence: Metrics = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointSaved(Event):
    """The state of the run is on disk. what: "last" or "best"."""

    kind: ClassVar[str] = "checkpoint"
    level: ClassVar[Level] = Level.DETAILED
    epoch: int
    step: int
    what: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainEnd(Event):
    """The loop is over. reason: completed, early_stopping, stopped, diverged, interrupted.

    acted: how many updates each limit on gradients changed, and how many batches waited for
    theirs, since the run began or was resumed; empty where the run has none of them.
    observer: what watching took since the first update, by its own clock: `share` (of the
    training's seconds), `seconds`, `looks` (updates whose layers were looked at), `told`
    (updates told one by one) and `budget`; empty where nobody counted.
    """

    kind: ClassVar[str] = "train_end"
    reason: str
    epochs: int
    step: int
    seconds: float
    best_epoch: int = -1
    metrics: Metrics = field(default_factory=dict)
    acted: Mapping[str, int] = field(default_factory=dict)
    observer: Metrics = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict(Event):
    """The health of the finished run in one word and one sentence.

    status: "healthy", "warning", "unhealthy" or "not enough evidence"; causes: rule names,
    the most severe first.
    """

    kind: ClassVar[str] = "verdict"
    status: str
    summary: str
    causes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked(Event):
    """A listener's wish was granted: who asked for what, after which update, and why.

    stop: the run ends here; learning_rate: that of the updates from here on, None for the
    same as before.
    """

    kind: ClassVar[str] = "asked"
    epoch: int
    step: int
    who: str
    stop: bool = False
    learning_rate: float | None = None
    why: str = ""

    @property
    def message(self) -> str:
        """The wish in one sentence."""
        rate = self.learning_rate
        what = [] if rate is None else [f"the learning rate {rate:.6g}"]
        what += ["the end of the run"] if self.stop else []
        return f"{self.who} asked for {' and '.join(what)}" + (f": {self.why}" if self.why else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Note(Event):
    """A sentence for people, such as where a file was written."""

    kind: ClassVar[str] = "note"
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkFailed(Event):
    """A sink raised and was taken off the bus; training goes on."""

    kind: ClassVar[str] = "sink_failed"
    sink: str
    error: str


class Stamped(NamedTuple):
    """What a sink receives: the event, its place in the order, and the wall-clock time."""

    seq: int
    time: float
    event: Event


def _plain(value: Any) -> Any:
    if hasattr(value, "__dataclass_fields__"):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(v) for v in value]
    return value
