"""The documented path to the health warnings; it leads to `observatory.health`."""

from __future__ import annotations

from neurogebra.observatory.health import AutoHealthWarnings, HealthWarning, WarningConfig

__all__ = ["AutoHealthWarnings", "HealthWarning", "WarningConfig"]
