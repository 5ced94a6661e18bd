"""The documented health checks: two fronts that translate into events and ask the one table."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from neurogebra.observatory.doctor import Doctor
from neurogebra.observatory.events import (
    Alert,
    BatchEnd,
    EpochEnd,
    Event,
    LayerSeen,
    Metrics,
    Stamped,
    Stats,
)
from neurogebra.observatory.rules import RULES, Context, Thresholds, examine

_ZEROS = "Possible dying ReLU in {layer!r} ({dead_pct:.1f}% zeros)"
FRONT_RULES = (
    *(RULES[name] for name in ("nan_inf_loss", "loss_divergence", "loss_stagnation")),
    *(RULES[name] for name in ("overfitting", "nan_inf_array", "activation_saturation")),
    *(RULES[name] for name in ("vanishing_gradient", "exploding_gradient", "gradient_spike")),
    RULES["weight_stagnation"],
    replace(RULES["dead_relu"], message=_ZEROS),
)
"""The rows that numbers handed over by a caller can answer to."""


@dataclass
class WarningConfig:
    """The thresholds in the units of the numbers that the caller hands over.

    Shares in percent, norms L2; rearm_batches: checks after which a rule may speak of one
    layer again.
    """

    dead_relu_zeros_pct: float = 50.0
    saturation_pct: float = 40.0
    gradient_spike_factor: float = 5.0
    gradient_rolling_window: int = 20
    gradient_vanish_threshold: float = 1e-7
    gradient_explode_threshold: float = 100.0
    overfit_ratio: float = 1.3
    overfit_patience: int = 3
    loss_stagnation_window: int = 5
    loss_stagnation_eps: float = 1e-4
    weight_stagnation_window: int = 5
    weight_stagnation_eps: float = 1e-6
    loss_divergence_window: int = 5
    loss_divergence_factor: float = 3.0
    rearm_batches: int = 100

    def thresholds(self) -> Thresholds:
        """Return the same numbers as the rules know them."""
        return Thresholds(
            warmup=5,
            persist=1,
            min_rows=0,
            rearm=self.rearm_batches,
            dead_pct=self.dead_relu_zeros_pct,
            saturated_pct=self.saturation_pct,
            vanish_norm=0.0,
            vanish_floor=self.gradient_vanish_threshold,
            explode_norm=self.gradient_explode_threshold,
            explode_weights=0.0,
            explode_growth=0.0,
            explode_persist=1,
            spike_factor=self.gradient_spike_factor,
            spike_start=2.0,
            spike_loss=0.0,
            spike_hits=1,
            frozen_update=self.weight_stagnation_eps,
            frozen_persist=self.weight_stagnation_window,
            divergence=self.loss_divergence_factor,
            divergence_window=(self.loss_divergence_window + 1) // 2,
            stagnation=self.loss_stagnation_eps,
            stagnation_epochs=self.loss_stagnation_window,
            stagnation_whole=False,
            overfit_ratio=self.overfit_ratio,
            overfit_rise=1.0,
            overfit_patience=self.overfit_patience,
        )


@dataclass(frozen=True, kw_only=True)
class HealthWarning:
    """One finding of AutoHealthWarnings."""

    rule_name: str
    severity: str
    message: str
    diagnosis: str = ""
    recommendations: list[str] = field(default_factory=list)
    layer_name: str | None = None
    epoch: int | None = None
    batch: int | None = None


class AutoHealthWarnings:
    """Checks the numbers of a caller's own loop, batch by batch and epoch by epoch."""

    def __init__(self, config: WarningConfig | None = None) -> None:
        self.config = config or WarningConfig()
        self.reset()

    def reset(self) -> None:
        """Forget the run so far."""
        self.warnings: list[HealthWarning] = []
        self._found: list[Alert] = []
        thresholds = self.config.thresholds()
        window = max(self.config.gradient_rolling_window, self.config.weight_stagnation_window)
        self._doctor = Doctor(self._take, thresholds, FRONT_RULES, window=window + 1, plenty=0)
        self._step = 0

    def check_batch(
        self,
        *,
        epoch: int = 0,
        batch: int = 0,
        loss: float | None = None,
        gradient_norms: Mapping[str, float] | None = None,
        weight_stats: Mapping[str, Mapping[str, Any]] | None = None,
        activation_stats: Mapping[str, Mapping[str, Any]] | None = None,
        weight_deltas: Mapping[str, float] | None = None,
    ) -> list[HealthWarning]:
        """Return what is newly wrong after this batch.

        activation_stats: per layer `zeros_pct` (or `dead_pct`), `saturation_pct` and
        `activation_type`; weight_deltas: per layer the L2 norm of its last change.
        """
        self._step += 1
        at: dict[str, Any] = {"epoch": epoch, "batch": batch, "step": self._step}
        events: list[Event] = []
        if loss is not None:
            events.append(BatchEnd(rows=0, loss=float(loss), **at))
        events += _norms("gradient", gradient_norms, at)
        events += _norms("update", weight_deltas, at)
        events += _weights(weight_stats, at)
        events += _activations(activation_stats, at)
        return self._check(events, epoch, batch)

    def check_epoch(
        self, *, epoch: int, train_loss: float, val_loss: float | None = None
    ) -> list[HealthWarning]:
        """Return what is newly wrong after this epoch."""
        metrics = {"loss": float(train_loss)}
        if val_loss is not None:
            metrics["val_loss"] = float(val_loss)
        return self._check([_epoch_end(epoch, self._step, metrics)], epoch, None)

    def get_summary(self) -> dict[str, Any]:
        """Return how many warnings there were, in all, by rule, severity and layer."""
        return {
            "total_warnings": len(self.warnings),
            "by_rule": dict(Counter(w.rule_name for w in self.warnings)),
            "by_severity": dict(Counter(w.severity for w in self.warnings)),
            "by_layer": dict(Counter(w.layer_name for w in self.warnings if w.layer_name)),
        }

    def _take(self, event: Event) -> None:
        if isinstance(event, Alert):
            self._found.append(event)

    def _check(self, events: Iterable[Event], epoch: int, batch: int | None) -> list[HealthWarning]:
        self._found.clear()
        for event in events:
            self._doctor.handle(Stamped(self._step, 0.0, event))
        new = [
            HealthWarning(
                rule_name=alert.rule,
                severity=alert.severity,
                message=alert.message,
                diagnosis=alert.diagnosis,
                recommendations=list(alert.advice),
                layer_name=alert.layer or None,
                epoch=epoch,
                batch=batch,
            )
            for alert in self._found
        ]
        self.warnings += new
        return new


@dataclass(frozen=True, kw_only=True)
class HealthAlert:
    """One finding of SmartHealthChecker."""

    check_name: str
    severity: str
    message: str
    diagnosis: str = ""
    recommendations: list[str] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)


class SmartHealthChecker:
    """Judges the curves of a run so far and the latest look at its layers, in one call."""

    def __init__(self, config: WarningConfig | None = None) -> None:
        self.config = config or WarningConfig()

    def run_all(
        self,
        epoch: int,
        train_losses: Sequence[float] = (),
        val_losses: Sequence[float] = (),
        train_accs: Sequence[float] = (),
        val_accs: Sequence[float] = (),
        gradient_norms: Mapping[str, float] | None = None,
        weight_stats: Mapping[str, Mapping[str, Any]] | None = None,
        activation_stats: Mapping[str, Mapping[str, Any]] | None = None,
        current_lr: float | None = None,
    ) -> list[HealthAlert]:
        """Return what is wrong at the end of this epoch.

        The curves hold one value an epoch, oldest first; current_lr goes into the data of
        each alert.
        """
        thresholds = self.config.thresholds()
        context = Context(warmup=thresholds.warmup)
        curves = {"loss": train_losses, "accuracy": train_accs}
        curves |= {"val_loss": val_losses, "val_accuracy": val_accs}
        found: list[Alert] = []
        for event in _epoch_ends(epoch, curves):
            found = examine(event, context, FRONT_RULES, thresholds)
        at = {"epoch": epoch, "batch": 0, "step": 0}
        for event in (
            *_norms("gradient", gradient_norms, at),
            *_weights(weight_stats, at),
            *_activations(activation_stats, at),
        ):
            found += examine(event, context, FRONT_RULES, thresholds)
        extra = {} if current_lr is None else {"learning_rate": float(current_lr)}
        return [
            HealthAlert(
                check_name=alert.rule,
                severity=alert.severity,
                message=alert.message,
                diagnosis=alert.diagnosis,
                recommendations=list(alert.advice),
                data={**alert.evidence, **extra} | ({"layer": alert.layer} if alert.layer else {}),
            )
            for alert in found
        ]


def _epoch_end(epoch: int, step: int, metrics: Metrics) -> EpochEnd:
    return EpochEnd(epoch=epoch, step=step, metrics=metrics, learning_rate=0.0, seconds=0.0)


def _epoch_ends(epoch: int, curves: Mapping[str, Sequence[float]]) -> Iterator[Event]:
    count = max(len(curve) for curve in curves.values())
    for back in range(count, 0, -1):
        known = {k: float(c[-back]) for k, c in curves.items() if len(c) >= back}
        yield _epoch_end(epoch - back + 1, epoch - back + 1, known)


def _norms(site: str, norms: Mapping[str, float] | None, at: Mapping[str, Any]) -> list[Event]:
    return [_seen(site, layer, {"norm": norm}, at) for layer, norm in (norms or {}).items()]


def _weights(stats: Mapping[str, Mapping[str, Any]] | None, at: Mapping[str, Any]) -> list[Event]:
    return [_seen("weight", layer, known, at) for layer, known in (stats or {}).items()]


def _activations(
    stats: Mapping[str, Mapping[str, Any]] | None, at: Mapping[str, Any]
) -> list[Event]:
    events: list[Event] = []
    for layer, known in (stats or {}).items():
        dead = known.get("zeros_pct", known.get("dead_pct", 0.0))
        saturated = known.get("saturation_pct", known.get("saturated_pct", 0.0))
        shares = {"dead_pct": float(dead), "saturated_pct": float(saturated)}
        kind = str(known.get("activation_type") or _kind(shares)).lower()
        events.append(_seen("forward", layer, {**known, **shares}, at, kind))
    return events


def _kind(shares: Mapping[str, float]) -> str:
    return "tanh" if shares["saturated_pct"] else "relu"


def _seen(
    site: str, layer: str, known: Mapping[str, Any], at: Mapping[str, Any], activation: str = ""
) -> LayerSeen:
    names = ("mean", "std", "min", "max", "norm", "dead_pct", "saturated_pct")
    numbers = {k: float(known[k]) for k in names if k in known}
    bad = sum(not math.isfinite(x) for x in numbers.values()) + int(known.get("nonfinite", 0))
    blank = {"mean": 0.0, "std": 0.0, "min": -math.inf, "max": math.inf, "norm": 1.0}
    return LayerSeen(
        **at,
        index=0,
        layer=layer,
        site=site,
        shape=(),
        stats=Stats(size=1, nonfinite=bad, **{**blank, **numbers}),
        param="value" if site == "weight" else "",
        activation=activation,
    )
