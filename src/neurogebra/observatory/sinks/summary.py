"""Mean, deviation and range of everything that the batches of an epoch measured."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, TypeAlias

from neurogebra.observatory.events import BatchEnd, EpochEnd, LayerSeen, Level, Stamped

Group: TypeAlias = Mapping[str, "EpochStats"]


@dataclass(frozen=True, kw_only=True)
class EpochStats:
    """One quantity over the batches of an epoch; std is that of these batches (ddof 0)."""

    name: str
    count: int
    mean: float
    std: float
    min: float
    max: float
    first: float
    last: float


@dataclass(frozen=True, kw_only=True)
class EpochSummary:
    """The statistics of an epoch, which counts from 0 (and from 1 in the text).

    weight_stats and activation_stats are keyed "layer.statistic".
    """

    epoch: int
    num_batches: int
    metrics: Group = field(default_factory=dict)
    gradient_norms: Group = field(default_factory=dict)
    weight_stats: Group = field(default_factory=dict)
    activation_stats: Group = field(default_factory=dict)

    def format_text(self) -> str:
        """Return the block that people read, one quantity a line."""
        lines = [f"══ Epoch {self.epoch + 1} Summary ({self.num_batches} batches) ══"]
        for title, group, form in (
            ("Metrics", self.metrics, ".6f"),
            ("Gradient Norms", self.gradient_norms, ".2e"),
            ("Weights", self.weight_stats, ".2e"),
            ("Activations", self.activation_stats, ".2e"),
        ):
            if group:
                lines += [f"  {title}:", *(_line(stats, form) for stats in group.values())]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return asdict(self)


class EpochSummarizer:
    """Adds up batches and closes epochs: by its own verbs, or as a sink of a run."""

    name = "epoch summary"
    level = Level.DETAILED
    hears = Level.EXPERT

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._open: dict[int, _Epoch] = {}
        self._closed: dict[int, EpochSummary] = {}

    def record_batch(
        self,
        epoch: int,
        *,
        metrics: Mapping[str, float] | None = None,
        gradient_norms: Mapping[str, float] | None = None,
        weight_stats: Mapping[str, Mapping[str, Any]] | None = None,
        activation_stats: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        """Take in what one batch measured; of layers' statistics the numbers."""
        now = self._open.setdefault(epoch, _Epoch())
        now.batches += 1
        now.add("metrics", metrics or {})
        now.add("gradient_norms", gradient_norms or {})
        now.add("weight_stats", _flat(weight_stats or {}))
        now.add("activation_stats", _flat(activation_stats or {}))

    def finalize_epoch(self, epoch: int) -> EpochSummary:
        """Return the summary of an epoch and forget its batches; it may have had none."""
        done = self._open.pop(epoch, None)
        if done is None and epoch in self._closed:
            return self._closed[epoch]
        self._closed[epoch] = (done or _Epoch()).summary(epoch)
        return self._closed[epoch]

    def get_all_summaries(self) -> list[EpochSummary]:
        """Return the summaries of the closed epochs, in the order of the epochs."""
        return [self._closed[epoch] for epoch in sorted(self._closed)]

    def handle(self, stamped: Stamped) -> None:
        """Take in one event of a run."""
        match stamped.event:
            case LayerSeen(site="gradient") as seen:
                name = f"{seen.layer}.{seen.param}" if seen.param else seen.layer
                now = self._open.setdefault(seen.epoch, _Epoch())
                now.add("gradient_norms", {name: seen.stats.norm})
            case BatchEnd() as batch:
                self.record_batch(batch.epoch, metrics={"loss": batch.loss, **batch.metrics})
            case EpochEnd() as end:
                self.finalize_epoch(end.epoch)
            case _:
                pass

    def close(self) -> None:
        """There is nothing to let go."""


class _Running:
    """One quantity so far, by Welford's sums: no list grows with the batches."""

    def __init__(self, value: float) -> None:
        self.count, self.mean, self.away = 0, 0.0, 0.0
        self.min = self.max = self.first = self.last = value

    def add(self, value: float) -> None:
        self.count += 1
        step = value - self.mean
        self.mean += step / self.count
        self.away += step * (value - self.mean)
        self.min = value if value < self.min or math.isnan(value) else self.min
        self.max = value if value > self.max or math.isnan(value) else self.max
        self.last = value

    def stats(self, name: str) -> EpochStats:
        return EpochStats(
            name=name,
            count=self.count,
            mean=self.mean,
            std=math.sqrt(self.away / self.count),
            min=self.min,
            max=self.max,
            first=self.first,
            last=self.last,
        )


class _Epoch:
    """The open books of one epoch."""

    def __init__(self) -> None:
        self.batches = 0
        self.groups: dict[str, dict[str, _Running]] = {}

    def add(self, group: str, values: Mapping[str, float]) -> None:
        books = self.groups.setdefault(group, {})
        for name, value in values.items():
            books.setdefault(name, _Running(float(value))).add(float(value))

    def summary(self, epoch: int) -> EpochSummary:
        groups = {
            group: {name: running.stats(name) for name, running in books.items()}
            for group, books in self.groups.items()
        }
        return EpochSummary(epoch=epoch, num_batches=self.batches, **groups)


def _flat(stats: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    return {
        f"{layer}.{name}": float(value)
        for layer, known in stats.items()
        for name, value in known.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    }


def _line(stats: EpochStats, form: str) -> str:
    numbers = (f"{name}={getattr(stats, name):{form}}" for name in ("mean", "std", "min", "max"))
    return f"    {stats.name:<22}" + "  ".join(numbers)
