"""The documented path to tiered storage; it leads to `observatory.sinks.ndjson`."""

from __future__ import annotations

from neurogebra.observatory.sinks.ndjson import TieredStorage

__all__ = ["TieredStorage"]
