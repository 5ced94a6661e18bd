"""The documented path to the training logger; it leads to `observatory.recorder`."""

from __future__ import annotations

from neurogebra.observatory.recorder import LogEvent, LogLevel, TrainingLogger

__all__ = ["LogEvent", "LogLevel", "TrainingLogger"]
