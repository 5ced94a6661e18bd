"""The documented path to the logging presets; it leads to `observatory.presets`."""

from __future__ import annotations

from neurogebra.observatory.presets import LogConfig, LogLevel

__all__ = ["LogConfig", "LogLevel"]
