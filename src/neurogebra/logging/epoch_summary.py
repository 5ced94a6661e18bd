"""The documented path to epoch summaries; it leads to `observatory.sinks.summary`."""

from __future__ import annotations

from neurogebra.observatory.sinks.summary import EpochStats, EpochSummarizer, EpochSummary

__all__ = ["EpochStats", "EpochSummarizer", "EpochSummary"]
