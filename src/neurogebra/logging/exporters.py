"""The documented path to the exporters; it leads to `observatory.sinks.exporters`."""

from __future__ import annotations

from neurogebra.observatory.sinks.exporters import (
    CSVExporter,
    HTMLExporter,
    JSONExporter,
    MarkdownExporter,
)
from neurogebra.observatory.sinks.parquet import ParquetExporter
from neurogebra.observatory.sinks.prometheus import PrometheusFile

__all__ = [
    "CSVExporter",
    "HTMLExporter",
    "JSONExporter",
    "MarkdownExporter",
    "ParquetExporter",
    "PrometheusFile",
]
