"""What a health rule is: the record, the numbers it compares with, and what it may remember."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Any, TypeAlias

from neurogebra.observatory.events import (
    Alert,
    BatchEnd,
    EpochEnd,
    EpochStart,
    Event,
    LayerSeen,
    Metrics,
    Stats,
    TrainStart,
)


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """Every number that a rule compares with, in one place; shares are in percent.

    Each is read against a baseline of the same run (its first `warmup` losses or sightings),
    with persistence (`persist` sightings), and never against one batch alone.
    """

    warmup: int = 10
    persist: int = 5
    min_rows: int = 4  # rows of a batch below which "never fires" says nothing
    min_updates: int = 20  # updates below which a run is not judged
    rearm: int = 1000  # updates after which one rule may speak of one layer again

    dead_pct: float = 90.0
    saturated_pct: float = 50.0
    saturated_progress: float = 0.5  # silent once the loss is below this share of its start
    constant_output: float = 1e-5

    vanish_ratio: float = 1e-3  # to the layer with the largest gradient
    vanish_norm: float = 1e-3
    vanish_depth: int = 4
    vanish_part: float = 1 / 3  # of the run: later, a small gradient is convergence
    vanish_floor: float = 0.0  # below it a gradient has vanished, whatever the others do
    explode_norm: float = 100.0
    explode_weights: float = 10.0  # times the norm of the weight
    explode_growth: float = 10.0  # times the first norm
    explode_persist: int = 3
    spike_factor: float = 10.0  # times the rolling median
    spike_start: float = 5.0  # times the largest of the warm-up
    spike_loss: float = 1.5  # times the rolling median of the loss
    spike_progress: float = 0.5  # of the first losses: below it no spike has done harm
    spike_hits: int = 3

    update_high: float = 0.15  # ‖Δw‖ / ‖w‖, median so far
    update_high_after: float = 0.25  # of the run
    update_low_after: float = 0.15
    update_first: float = 0.3  # likewise, twice in the first `persist` sightings
    update_low: float = 3e-5
    reach: float = 0.1  # ‖Δw‖ / ‖w‖ times all updates of the run, in the layer that moves most
    reach_after: float = 0.1  # of the run
    reach_whole: float = 1.0  # from which on no pace is too slow
    reach_learned: float = 0.95  # of the loss of a guess: below it a small step is enough
    frozen_update: float = 1e-9  # of the norm of the weight
    frozen_alive: float = 1e-2  # while the gradient keeps this share of its first size
    frozen_persist: int = 10

    first_loss: float = 5.0  # times the loss of a guess, plus 1; of numbers, its square
    first_rows: int = 8
    divergence: float = 3.0  # times the loss at the start
    divergence_window: int = 10  # losses at the start, and now
    divergence_often: int = 3  # losses at the start that may be larger than those now
    divergence_fast: float = 100.0  # times the first loss, and still rising
    loss_spike: float = 0.5  # above every recent loss: enough to look closer, not to alarm
    loss_spike_sigma: float = 7.0  # robust deviations above the rolling median
    rebound: float = 2.0  # times the best epoch
    rebound_part: float = 0.5  # of the way from the best epoch back to the first
    rebound_epochs: int = 2
    stagnation: float = 1e-5  # range of all epochs, as a share of the loss
    stagnation_epochs: int = 5
    stagnation_whole: bool = True  # since the first epoch: later, a flat loss is convergence
    overfit_ratio: float = 1.3  # validation to training
    overfit_rise: float = 1.25  # validation to its own best
    overfit_gap: float = 0.1  # of the first validation loss or the trivial one
    overfit_accuracy: float = 0.1  # training minus validation, where accuracy is measured
    overfit_patience: int = 3
    trivial_class: float = 0.93  # of the loss of the best constant predictor
    trivial_target: float = 0.9
    trivial_accuracy: float = 0.1  # above the share of the largest class
    trivial_after: float = 0.3  # of the run
    trivial_falling: float = 0.97  # wait while the loss is at its best and below this of its start
    trivial_below: float = 0.995  # or at its best and below this share of the guess's loss
    hover_after: float = 0.12  # of the run, from which on a loss may hover above the guess's
    hover_every: int = 8  # losses between two looks at that
    hover_least: int = 24  # losses that it takes
    hover_part: float = 0.04  # of the run, over which they are spread
    hover_above: float = 0.005  # of the guess's loss, in the mean
    hover_near: float = 0.25  # likewise: what lies farther above has a way to go
    hover_sigma: float = 2.5  # and so many standard errors of that mean
    hover_fall: float = 1.0  # standard errors by which half the losses lie below the other half
    trivial_end: float = 0.25  # of the way from the majority to 1, for accuracy in the end

    constant_share: float = 0.95  # of the columns
    input_size: float = 200.0  # largest |x|: advice; times scale_extreme: an alarm
    input_spread: float = 20.0  # largest standard deviation of a column
    target_spread: float = 20.0
    target_mean: float = 50.0
    scale_extreme: float = 10.0
    range_slack: float = 0.01  # of the targets' range, outside what an output can say
    imbalance: float = 20.0  # largest class to smallest
    imbalance_classes: int = 20
    shift: float = 1.0  # standard deviations between training and validation rows
    gain_high: float = 5.0  # std of first weights times √fan-in, where √2 is He's
    recurrent_gain: float = 1.5  # likewise: about the spectral radius
    narrow: float = 2.0  # classes to the numbers that the narrowest layer passes on
    narrow_classes: int = 20  # more classes than that are told apart in fewer numbers
    narrow_accuracy: float = 0.9
    falling_part: float = 0.25  # the last part of the run, and the one before it
    falling_share: float = 0.05  # fall of the loss in the last part
    falling_steady: float = 0.8  # of the fall in the part before: four such falls are left
    falling_left: float = 0.75  # of the loss of a guess
    falling_steep: float = 0.4  # or a fall by so much, and a loss of more than ...
    falling_short: float = 0.05  # ... this share of the guess's
    few_updates: int = 60
    few_accuracy: float = 0.9
    few_share: float = 0.5  # of the trivial loss

    better_unseen: float = 0.1  # accuracy on unseen rows above that on trained ones
    better_epochs: int = 3
    collapse: float = 0.3  # of the first norm of a weight
    fade: float = 1e-3  # of the first update ratios, before fade_part of the run
    fade_part: float = 0.5
    fade_alive: float = 0.1  # of the first gradients
    clip_share: float = 0.01  # of the gradient that a limit on its norm lets through
    noisy_walk: float = 0.5  # first ‖Δw‖ / ‖w‖ · √updates an epoch, where each follows few rows
    noisy_batches: int = 50  # an epoch, from which on few rows are few of many

    dropout_sure: float = 20.0  # numbers that should have been dropped
    denied: float = 3.0  # times the share of errors that a loss allows
    denied_errors: float = 0.05
    ordered: float = 0.5  # 0: neighbours are as alike as any two rows, 1: all rows in order
    clipped: float = 0.95  # of the updates
    slower: float = 2.0  # times the median epoch before
    slower_epochs: int = 3
    slower_seconds: float = 1.0  # an epoch, below which a clock says little
    waiting: float = 0.5  # of an epoch's seconds, in which the next rows were not there
    waiting_epochs: int = 3
    waiting_seconds: float = 1.0
    silent_seconds: float = 1800.0  # since the last event of a run that has not ended
    mode_passes: int = 2  # passes for checking in the mode for training

    noise_after: float = 0.2  # of the run: earlier gradients are of another landscape
    noise_from: float = 0.5  # of the run, from which on it is judged
    noise_pairs: int = 8
    noise_sigma: float = 2.0  # standard errors of the mean overlap of two gradients
    noise_small: float = 0.1  # rows of a batch to the noise scale
    noise_large: float = 10.0
    rank_first: int = 4  # measurements that are the baseline
    rank_share: float = 0.5  # of it
    rank_persist: int = 3
    rank_classes: float = 0.2  # of classes − 1: a good classifier needs more of them
    rank_one: float = 1.5  # hardly more than one direction
    rank_loss: float = 0.5  # of the loss of a guess: below it few directions are enough
    kurtosis_sigma: float = 3.0  # robust deviations of the baseline
    kurtosis_least: float = 100.0
    alpha_low: float = 2.0  # exponent of the largest eigenvalues of WᵀW
    alpha_high: float = 6.0
    alpha_sigma: float = 2.0  # standard errors of it
    alpha_fit: float = 1.36  # distance · √tail, up to which it may be a power law at all


class Track:
    """What one array of one layer has shown: the first sightings and the recent ones.

    matrix: whether it has two axes or more.
    """

    def __init__(self, warmup: int = 0, window: int = 64, *, matrix: bool = False) -> None:
        self.matrix = matrix
        self.first: list[float] = []
        self.recent: deque[Stats] = deque(maxlen=window)
        self._warmup = warmup

    def add(self, stats: Stats) -> None:
        """Remember one sighting."""
        if len(self.first) < self._warmup:
            self.first.append(stats.norm)
        self.recent.append(stats)

    def last(self, n: int) -> list[Stats]:
        """Return the last n sightings, or none when there were fewer."""
        return list(self.recent)[-n:] if len(self.recent) >= n else []

    def settled(self, n: int, what: str) -> float:
        """Return the median of one statistic over the last n sightings; NaN before there are n."""
        last = self.last(n)
        return median(getattr(s, what) for s in last) if last else math.nan


Key: TypeAlias = tuple[str, str, str]  # layer, site, param

MOST_RARE = 64
"""How many of the latest numbers of one name of an array are remembered."""

RARE = "rare"
"""The site of a rule that is asked of arrays which carry numbers taken now and then."""


@dataclass
class Pair:
    """Two gradients in a row, over all parameters: their product, half their squared distance."""

    step: int
    overlap: float = 0.0
    spread: float = 0.0


@dataclass
class Context:
    """What the rules may remember of a run: bounded, and fed one event at a time."""

    warmup: int = 10
    window: int = 64
    start: TrainStart | None = None
    step: int = 0
    epoch: int = -1
    first: list[float] = field(default_factory=list)
    losses: deque[float] = field(default_factory=deque)
    heard: int = 0  # updates that were told, of all that were made
    epochs: list[Metrics] = field(default_factory=list)
    curves: dict[str, list[float]] = field(default_factory=dict)  # the same, by metric
    pace: list[float] = field(default_factory=list)  # seconds of each epoch
    waited: list[float] = field(default_factory=list)  # likewise, of these: for the next rows
    tracks: dict[Key, Track] = field(default_factory=dict)
    noise: deque[Pair] = field(default_factory=lambda: deque(maxlen=4 * MOST_RARE))
    rare: dict[Key, dict[str, list[float]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.losses = deque(self.losses, maxlen=self.window)

    def see(self, event: Event) -> None:
        """Take in one event."""
        match event:
            case BatchEnd():
                self.step, self.epoch = event.step, event.epoch
                if len(self.first) < self.warmup:
                    self.first.append(event.loss)
                self.losses.append(event.loss)
                self.heard += 1
            case LayerSeen():
                self.step, self.epoch = event.step, event.epoch
                key = (event.layer, event.site, event.param)
                if key not in self.tracks:
                    matrix = len(event.shape) > 1
                    self.tracks[key] = Track(self.warmup, self.window, matrix=matrix)
                self.tracks[key].add(event.stats)
                if event.rare:
                    self.keep(event)
            case EpochEnd():
                self.step, self.epoch = event.step, event.epoch
                self.epochs.append(event.metrics)
                for name, value in event.metrics.items():
                    self.curves.setdefault(name, []).append(value)
                self.pace.append(event.seconds)
                self.waited.append(event.waited)
            case EpochStart():
                self.epoch = event.epoch
            case TrainStart():
                known = self.facts if event.resumed_step else {}
                self.start, self.step = event, event.resumed_step
                if known:  # of the first weights, which a run that goes on has no more
                    self.start = replace(event, run={**event.run, "facts": known})
            case _:
                pass

    def keep(self, event: LayerSeen) -> None:
        """Take in what is taken of some arrays now and then."""
        for name, value in event.rare.items():
            if name in ("overlap", "spread"):
                if not self.noise or self.noise[-1].step != event.step:
                    self.noise.append(Pair(event.step))
                setattr(self.noise[-1], name, getattr(self.noise[-1], name) + value)
            else:
                known = self.rare.setdefault((event.layer, event.site, event.param), {})
                known.setdefault(name, []).append(value)
                del known[name][:-MOST_RARE]

    @property
    def planned(self) -> int:
        """The updates of the whole run; 0 when unknown."""
        return self.start.epochs * self.start.batches if self.start else 0

    @property
    def done(self) -> float:
        """The share of the run that is behind us; 0 when unknown."""
        return self.step / self.planned if self.planned else 0.0

    @property
    def baseline(self) -> Mapping[str, float]:
        """What the loop knows of the best constant predictor; empty when it does not."""
        found = self.start.run.get("baseline") if self.start else None
        return found if isinstance(found, Mapping) else {}

    @property
    def facts(self) -> Mapping[str, Any]:
        """What the loop knows of data, targets and first weights; empty when it does not."""
        found = self.start.run.get("facts") if self.start else None
        return found if isinstance(found, Mapping) else {}

    @property
    def output(self) -> str:
        """The name of the last layer, which is no hidden one; empty when unknown."""
        return self.start.layers[-1].name if self.start and self.start.layers else ""

    def of(self, event: LayerSeen, site: str = "") -> Track:
        """Return what is known of this array, or of the same parameter at another site."""
        return self.tracks.get((event.layer, site or event.site, event.param)) or Track()

    def history(self, metric: str) -> list[float]:
        """Return one metric of every epoch that measured it; the list is the context's own."""
        return self.curves.get(metric, [])

    def progress(self) -> float:
        """Return the recent loss as a share of the first; 1 when there is no loss to compare."""
        then = median(self.first) if self.first else 0.0
        return median(list(self.losses)[-self.warmup :]) / then if then > 0 else 1.0


Evidence: TypeAlias = dict[str, float] | None
When: TypeAlias = Callable[[Any, Context, Thresholds], Evidence]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One thing that can go wrong, as a row with two witnesses.

    when(event, context, thresholds) → the numbers seen, or None; message is filled with them
    and with {layer}. explains: rules whose alarm is a consequence of this one. fires_on and
    quiet_on: short runs, the second as near to the first as a healthy run comes. site: of a
    rule that reads one kind of array only, that of the LayerSeen it is asked about; RARE for
    those that carry `rare`.
    """

    name: str
    severity: str
    on: tuple[type[Event], ...]
    when: When
    message: str
    diagnosis: str
    advice: tuple[str, ...]
    fires_on: tuple[Event, ...]
    quiet_on: tuple[Event, ...]
    explains: tuple[str, ...] = ()
    site: str = ""

    def check(self, event: Event, context: Context, thresholds: Thresholds) -> Alert | None:
        """Return the alert that this event gives rise to, if any."""
        if not isinstance(event, self.on):
            return None
        evidence = self.when(event, context, thresholds)
        if evidence is None:
            return None
        layer = getattr(event, "layer", "")
        return Alert(
            rule=self.name,
            severity=self.severity,
            message=self.message.format(layer=layer, **evidence),
            advice=self.advice,
            diagnosis=self.diagnosis,
            layer=layer,
            epoch=context.epoch,
            step=context.step,
            evidence=evidence,
        )


def examine(
    event: Event, context: Context, rules: Iterable[Rule], thresholds: Thresholds
) -> list[Alert]:
    """Take one event into the context and return what the rules have to say about it."""
    context.see(event)
    found = (rule.check(event, context, thresholds) for rule in rules)
    return [alert for alert in found if alert is not None]
