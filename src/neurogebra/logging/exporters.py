"""The documented path to the exporters; it leads to `observatory.sinks.exporters`."""

from __future__ import annotations

from neurogebra.observatory.sinks.exporters import (
    CSVExporter,
    HTMLExporter,
    JSONExporter,
    MarkdownExporter,
)

__all__ = ["CSVExporter", "HTMLExporter", "JSONExporter", "MarkdownExporter"]
