"""The logger that stays brief until something looks suspicious."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt

from neurogebra.errors import BadValue
from neurogebra.observatory import stats
from neurogebra.observatory.events import Alert, BatchEnd, Event, LayerSeen, Level, Stats
from neurogebra.observatory.recorder import LogEvent, TrainingLogger
from neurogebra.observatory.rule import Context, Evidence, Rule, Thresholds, examine
from neurogebra.observatory.rules import RULES
from neurogebra.observatory.verbs import Verbs
from neurogebra.observatory.witness import losses


@dataclass
class AnomalyConfig:
    """When to look closer; shares in percent, norms L2.

    escalation_cooldown: records for which detail stays on after the last anomaly;
    flight_recorder: records kept back, and written when an anomaly makes them worth reading.
    """

    zeros_pct_threshold: float = 50.0  # of units that fire on no row
    gradient_spike_factor: float = 5.0
    gradient_rolling_window: int = 20
    gradient_vanish_threshold: float = 1e-7
    gradient_explode_threshold: float = 100.0
    loss_spike_pct: float = 50.0
    saturation_threshold: float = 40.0
    weight_stagnation_threshold: float = 1e-6
    weight_stagnation_window: int = 5
    escalation_cooldown: int = 10
    flight_recorder: int = 10

    def __post_init__(self) -> None:
        for f in fields(self):
            value = getattr(self, f.name)
            low = 1 if f.name.endswith(("window", "cooldown")) else 0
            if not value >= low:
                raise BadValue(f"AnomalyConfig.{f.name}", f"a number ≥ {low}", value)

    def thresholds(self) -> Thresholds:
        """Return the same numbers as the rules know them; one sighting is enough to look."""
        return Thresholds(
            warmup=min(5, self.gradient_rolling_window),
            persist=1,
            min_rows=1,
            dead_pct=self.zeros_pct_threshold,
            saturated_pct=self.saturation_threshold,
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
            loss_spike=self.loss_spike_pct / 100.0,
            frozen_update=self.weight_stagnation_threshold,
            frozen_persist=self.weight_stagnation_window,
        )


def _loss_spike(event: BatchEnd, ctx: Context, t: Thresholds) -> Evidence:
    earlier = list(ctx.losses)[:-1]
    most, usual = max(earlier, default=0.0), median(earlier or [0.0])
    spread = 1.4826 * median(abs(loss - usual) for loss in earlier or [0.0])
    limit = max((1.0 + t.loss_spike) * most, usual + t.loss_spike_sigma * spread)
    return {"loss": event.loss, "most": most} if 0 < limit < event.loss else None


LOSS_SPIKE = Rule(
    name="loss_spike",
    severity="warning",
    on=(BatchEnd,),
    when=_loss_spike,
    message="Loss spike: {loss:.3g}, where {most:.3g} was the most so far",
    diagnosis="One batch cost far more than any before it.",
    advice=("Look at the rows of that batch", "Lower the learning rate"),
    fires_on=losses(1.0, 0.9, 1.6),
    quiet_on=losses(1.0, 0.5, 0.9, 0.4),
)

SUSPICIONS: dict[str, tuple[Rule, str]] = {
    "dead_neurons": (RULES["dead_relu"], "forward"),
    "nan_inf_activation": (RULES["nan_inf_array"], "forward"),
    "nan_inf_gradient": (RULES["nan_inf_array"], "gradient"),
    "nan_inf_weight": (RULES["nan_inf_array"], "update"),
    "nan_inf_loss": (RULES["nan_inf_loss"], ""),
    "gradient_spike": (RULES["gradient_spike"], "gradient"),
    "vanishing_gradient": (RULES["vanishing_gradient"], "gradient"),
    "exploding_gradient": (RULES["exploding_gradient"], "gradient"),
    "loss_spike": (LOSS_SPIKE, ""),
    "weight_stagnation": (RULES["weight_stagnation"], "update"),
    "activation_saturation": (RULES["activation_saturation"], "forward"),
}
"""What is suspicious: the type of the anomaly → its rule, and the site that is looked at."""


@dataclass(frozen=True, kw_only=True)
class Anomaly:
    """One suspicious moment."""

    type: str
    severity: str
    message: str
    layer: str = ""
    epoch: int | None = None
    batch: int | None = None
    evidence: Mapping[str, float] = field(default_factory=dict)


class AdaptiveLogger(Verbs):
    """The logger's verbs over a base logger that gets detail only when it explains something.

    A layer counts as dead by its units that fire on no row, never by its share of zeros, so
    that a healthy ReLU network stays brief.
    """

    def __init__(self, base_logger: TrainingLogger, config: AnomalyConfig | None = None) -> None:
        self.base = base_logger
        self.config = config or AnomalyConfig()
        self._thresholds = self.config.thresholds()
        self.reset()

    def reset(self) -> None:
        """Forget what was seen; the base logger keeps its records."""
        self.anomalies: list[Anomaly] = []
        window = max(self.config.gradient_rolling_window, self.config.weight_stagnation_window)
        self._context = Context(warmup=self._thresholds.warmup, window=window + 1)
        self._kept: deque[LogEvent] = deque(maxlen=self.config.flight_recorder)
        self._left = self._count = self._steps = 0
        self._last: dict[tuple[str, str], int] = {}

    @property
    def is_escalated(self) -> bool:
        """Whether detail goes through at the moment."""
        return self._left > 0

    def wants(self, level: Level) -> bool:
        """Everything is looked at, so that what is suspicious is seen."""
        return level <= Level.EXPERT

    def log(self, record: LogEvent) -> None:
        """Take one record: keep it back, or let it through with what led to it."""
        self._count += 1
        found = self._suspicions(record)
        if found:
            self._left = self.config.escalation_cooldown + 1
        if record.level <= Level.BASIC:
            self.base.log(record)
        elif self._left:
            self._left -= 1
            while self._kept:
                self.base.log(self._kept.popleft())
            self.base.log(record)
        else:
            self._kept.append(record)
        for anomaly in found:
            self._tell(anomaly)

    def on_layer_forward(
        self,
        layer_index: int,
        layer_name: str,
        input_data: npt.ArrayLike | None = None,
        output_data: npt.ArrayLike | None = None,
        *,
        activation: str = "",
        formula: str = "",
    ) -> None:
        """A layer was computed; without `activation` it is read off the output's range."""
        kind = activation or ("" if output_data is None else _likely(output_data))
        super().on_layer_forward(
            layer_index, layer_name, input_data, output_data, activation=kind, formula=formula
        )

    def get_anomaly_summary(self) -> dict[str, Any]:
        """Return how many anomalies there were, in all, by type, layer and severity."""
        return {
            "total_anomalies": len(self.anomalies),
            "by_type": dict(Counter(a.type for a in self.anomalies)),
            "by_layer": dict(Counter(a.layer for a in self.anomalies if a.layer)),
            "by_severity": dict(Counter(a.severity for a in self.anomalies)),
            "is_escalated": self.is_escalated,
        }

    def _suspicions(self, record: LogEvent) -> list[Anomaly]:
        event = self._event(record)
        if event is None:
            return []
        site = event.site if isinstance(event, LayerSeen) else ""
        rules = {rule.name: kind for kind, (rule, at) in SUSPICIONS.items() if at == site}
        rows = [SUSPICIONS[kind][0] for kind in rules.values()]
        alerts = examine(event, self._context, rows, self._thresholds)
        return [_anomaly(rules[a.rule], a, record) for a in alerts]

    def _event(self, record: LogEvent) -> Event | None:
        epoch, batch, data = record.epoch or 0, record.batch or 0, record.data
        if record.event_type == "batch_end" and "loss" in data["metrics"]:
            self._steps += 1
            loss = data["metrics"]["loss"]
            return BatchEnd(epoch=epoch, batch=batch, step=self._steps, rows=0, loss=loss)
        site, what = _SITES.get(record.event_type, ("", ""))
        if what not in data:
            return None
        seen = dict(data[what])
        shape = tuple(seen.pop("shape"))
        return LayerSeen(
            epoch=epoch,
            batch=batch,
            step=self._steps,
            index=record.layer_index or 0,
            layer=record.layer_name or "",
            site=site,
            shape=shape,
            stats=Stats(**seen),
            activation=data["activation"],
        )

    def _tell(self, anomaly: Anomaly) -> None:
        self.anomalies.append(anomaly)
        key = (anomaly.type, anomaly.layer)
        before = self._last.get(key)
        self._last[key] = self._count
        if before is None or self._count - before > self.config.escalation_cooldown:
            rule = SUSPICIONS[anomaly.type][0]
            self.base.on_health_check(
                anomaly.type,
                anomaly.severity,
                anomaly.message,
                rule.advice,
                epoch=anomaly.epoch,
                layer_name=anomaly.layer or None,
            )


_SITES = {
    "layer_forward": ("forward", "output"),
    "layer_backward": ("gradient", "output"),
    "gradient_computed": ("gradient", "gradient"),
    "weight_updated": ("update", "update"),
}


def _anomaly(kind: str, alert: Alert, record: LogEvent) -> Anomaly:
    return Anomaly(
        type=kind,
        severity=alert.severity,
        message=alert.message,
        layer=alert.layer,
        epoch=record.epoch,
        batch=record.batch,
        evidence=alert.evidence,
    )


def _likely(output: npt.ArrayLike) -> str:
    """What an output of unknown making looks like: within ±1 with both signs, or rectified."""
    x = np.asarray(output)
    seen = stats.of(x)
    if seen.min < 0:
        return "tanh" if seen.min >= -1 and seen.max <= 1 else ""
    return "relu" if seen.zero_pct else ""
