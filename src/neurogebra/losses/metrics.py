"""The metrics: numbers that people read, gathered batch by batch."""

from __future__ import annotations

from neurogebra.losses.metric import Metric
from neurogebra.losses.metrics_classes import CLASS_METRICS
from neurogebra.losses.metrics_numbers import NUMBER_METRICS
from neurogebra.registry import Registry

__all__ = ["METRICS", "Metric"]

METRICS: Registry[Metric] = Registry("metric", (*CLASS_METRICS, *NUMBER_METRICS))
