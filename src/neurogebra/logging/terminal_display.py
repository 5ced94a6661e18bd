"""The documented path to the terminal; it leads to `observatory.sinks.terminal`."""

from __future__ import annotations

from neurogebra.observatory.sinks.terminal import Terminal

__all__ = ["Terminal"]
