"""The documented path to the graph of operations; it leads to `observatory.render.graph`."""

from __future__ import annotations

from neurogebra.observatory.render.graph import GraphNode, GraphTracker

__all__ = ["GraphNode", "GraphTracker"]
