"""The documented path to `NeuroCraft`; it leads to `tutorials.craft`."""

from __future__ import annotations

from neurogebra.tutorials.craft import NeuroCraft

__all__ = ["NeuroCraft"]
