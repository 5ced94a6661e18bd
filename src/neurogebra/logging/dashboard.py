"""The documented path to the dashboard; it leads to `observatory.sinks.dashboard`."""

from __future__ import annotations

from neurogebra.observatory.sinks.dashboard import DashboardExporter

__all__ = ["DashboardExporter"]
