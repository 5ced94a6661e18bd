"""Turning the alphabet into numbers and gradients, fast: engines by name."""

from neurogebra.engines.protocol import Engine, Network, Seen, Step
from neurogebra.engines.table import ENGINES

__all__ = ["ENGINES", "Engine", "Network", "Seen", "Step"]
