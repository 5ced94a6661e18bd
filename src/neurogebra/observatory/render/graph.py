"""The operations of a computation as a graph: what was made from what, by which layer."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from neurogebra.errors import BadValue, UnknownName
from neurogebra.registry import near

INPUT = "input"  # the operation of what no recorded operation made


@dataclass(frozen=True, kw_only=True)
class GraphNode:
    """One operation: its number, its layer, the numbers of what it reads, and what it makes."""

    id: int
    operation: str
    layer_name: str
    inputs: tuple[int, ...] = ()
    shape: tuple[int, ...] | None = None
    dtype: str = ""
    name: str = ""
    formula: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return {
            "id": self.id,
            "operation": self.operation,
            "layer_name": self.layer_name,
            "inputs": list(self.inputs),
            "shape": None if self.shape is None else list(self.shape),
            "dtype": self.dtype,
            "name": self.name,
            "formula": self.formula,
            "metadata": {str(k): _plain(v) for k, v in self.metadata.items()},
        }


class GraphTracker:
    """Records operations in the order in which they are done; the graph has no cycles by that.

    An input is what an earlier operation made, known by being the same array or by its name,
    or else a new source. NumPy arrays are not kept alive: of each only shape and type are noted.
    """

    def __init__(self) -> None:
        self._nodes: list[GraphNode] = []
        self._names: dict[str, int] = {}
        self._made: dict[int, tuple[Any, int]] = {}  # id of an array → how to reach it, its node

    def record_operation(
        self,
        operation: str,
        layer_name: str = "",
        inputs: Iterable[Any] = (),
        output: Any = None,
        *,
        formula: str = "",
        metadata: Mapping[str, Any] | None = None,
    ) -> GraphNode:
        """Note one operation and return its node.

        inputs: arrays, numbers, names or nodes; output: the array it made, or a name for it.
        Raises BadValue for an operation without a name and a node of another graph.
        """
        if not isinstance(operation, str) or not operation:
            raise BadValue("operation", "a name", operation)
        one = isinstance(inputs, (str, GraphNode)) or hasattr(inputs, "shape")
        several = (inputs,) if one or not isinstance(inputs, Iterable) else inputs
        parents = tuple(self._source(value, layer_name) for value in several)
        return self._add(operation, layer_name, output, parents, formula, metadata or {})

    def get_all_nodes(self) -> list[GraphNode]:
        """Return every node; each comes after what it reads."""
        return list(self._nodes)

    def get_layer_subgraph(self, name: str) -> dict[str, Any]:
        """Return the part of a layer, as `export_graph` does, with what it reads from outside.

        Raises UnknownName for a layer without operations.
        """
        layers = dict.fromkeys(node.layer_name for node in self._nodes)
        if name not in layers:
            raise UnknownName("layer in the graph", name, near(name, layers) or list(layers)[:5])
        own = [node for node in self._nodes if node.layer_name == name]
        known = {node.id for node in own}
        read = sorted({i for node in own for i in node.inputs} - known)
        return {**_exported(own), "reads": read}

    def export_graph(self) -> dict[str, Any]:
        """Return {"nodes", "edges", "layers"} as strict JSON values.

        edges: [from, to] by id, in the order of the inputs; layers: name → ids.
        """
        return _exported(self._nodes)

    def reset(self) -> None:
        """Forget everything."""
        self._nodes.clear()
        self._names.clear()
        self._made.clear()

    def _source(self, value: Any, layer: str) -> int:
        if isinstance(value, GraphNode):
            if value.id >= len(self._nodes) or self._nodes[value.id] is not value:
                raise BadValue("inputs", "a node of this graph", value.operation)
            return value.id
        if isinstance(value, str) and value in self._names:
            return self._names[value]
        reach, node = self._made.get(id(value), (None, 0))
        if reach is not None and _reached(reach) is value:
            return node
        return self._add(INPUT, layer, value, (), "", {}).id

    def _add(
        self,
        operation: str,
        layer: str,
        output: Any,
        parents: tuple[int, ...],
        formula: str,
        metadata: Mapping[str, Any],
    ) -> GraphNode:
        named = isinstance(output, str)
        shape = None if output is None or named else tuple(int(n) for n in np.shape(output))
        node = GraphNode(
            id=len(self._nodes),
            operation=operation,
            layer_name=layer,
            inputs=parents,
            shape=shape,
            dtype=str(getattr(output, "dtype", "")),
            name=output if named else "",
            formula=formula,
            metadata=dict(metadata),
        )
        self._nodes.append(node)
        if named:
            self._names[output] = node.id
        elif hasattr(output, "shape"):
            self._made[id(output)] = (_reach(output), node.id)
        return node


def _reach(value: Any) -> Any:
    """Return how to reach an object without keeping it alive, where that can be had."""
    try:
        return weakref.ref(value)
    except TypeError:
        return value


def _reached(reach: Any) -> Any:
    return reach() if isinstance(reach, weakref.ref) else reach


def _exported(nodes: Iterable[GraphNode]) -> dict[str, Any]:
    found = list(nodes)
    known = {node.id for node in found}
    layers: dict[str, list[int]] = {}
    for node in found:
        layers.setdefault(node.layer_name, []).append(node.id)
    return {
        "nodes": [node.to_dict() for node in found],
        "edges": list(_edges(found, known)),
        "layers": layers,
    }


def _edges(nodes: Iterable[GraphNode], known: set[int]) -> Iterator[list[int]]:
    for node in nodes:
        yield from ([i, node.id] for i in node.inputs if i in known)


def _plain(value: Any) -> Any:
    if isinstance(value, (str, bool, int)) or value is None:
        return value
    if isinstance(value, float):
        return value if value - value == 0 else str(value)
    return repr(value)
