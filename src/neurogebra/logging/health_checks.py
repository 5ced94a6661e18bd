"""The documented path to the health checks; it leads to `observatory.health`."""

from __future__ import annotations

from neurogebra.observatory.health import HealthAlert, SmartHealthChecker

__all__ = ["HealthAlert", "SmartHealthChecker"]
