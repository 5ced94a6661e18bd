"""The documented path to the monitors; it leads to `observatory.stats`."""

from __future__ import annotations

from neurogebra.observatory.stats import (
    ActivationMonitor,
    GradientMonitor,
    PerformanceMonitor,
    WeightMonitor,
)

__all__ = ["ActivationMonitor", "GradientMonitor", "PerformanceMonitor", "WeightMonitor"]
