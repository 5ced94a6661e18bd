"""The documented path to adaptive logging; it leads to `observatory.adaptive`."""

from __future__ import annotations

from neurogebra.observatory.adaptive import AdaptiveLogger, Anomaly, AnomalyConfig

__all__ = ["AdaptiveLogger", "Anomaly", "AnomalyConfig"]
