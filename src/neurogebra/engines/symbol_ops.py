"""Layers fed with symbols: what a pass computes, as a formula."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from neurogebra.core.differentiate import Rules
from neurogebra.core.tree import Node, build
from neurogebra.engines import lstm
from neurogebra.engines.forward import EngineOps
from neurogebra.engines.recorder import UNIFORM
from neurogebra.engines.share import joined
from neurogebra.layers import LSTM, Array, Layer


class SymbolOps(EngineOps):
    """Layers fed with symbols: the pass leaves a formula instead of numbers."""

    def __init__(self, training: bool) -> None:
        super().__init__(training)
        self.draws: list[Node] = []

    def apply(self, op: str, *args: Array, **attrs: Any) -> Array:
        """Build the node of an operation."""
        return build(op, args, attrs)

    def evaluate(self, root: Node, values: dict[str, Array]) -> Array:
        """Build the nodes of a formula, of a loss in its shortest form."""
        return super().evaluate(joined(root), values)

    def uniform(self, like: Array) -> Array:
        """Build the node of the pass's next draw."""
        self.draws.append(Node(UNIFORM, (like,), (("index", len(self.draws)),)))
        return self.draws[-1]


class ShortOps(SymbolOps):
    """Symbols of what the NumPy engine computes, layers that it has a kernel for in one node."""

    rules: ClassVar[Rules] = {lstm.CELL: lstm.slopes}  # the derivatives of such nodes

    def call(self, layer: Layer, p: Mapping[str, Array], x: Array) -> Array:
        """Build the node of a layer's kernel, or those of its own forward pass."""
        if isinstance(layer, LSTM) and lstm.fits(layer):
            return lstm.cell(x, p["W"], p["U"], p["b"], every=layer.return_sequences)
        return super().call(layer, p, x)
