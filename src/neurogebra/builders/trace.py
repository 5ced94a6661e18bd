"""One step of a network taken apart: every array, its formula, and what the loss says of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurogebra.builders import tape
from neurogebra.core.tree import Node, in_order, symbol
from neurogebra.engines.forward import forward, total_loss
from neurogebra.engines.store import model_parameters
from neurogebra.engines.symbol_ops import SymbolOps
from neurogebra.errors import UnknownName
from neurogebra.registry import near
from neurogebra.spec import ModelSpec, RunSpec

DATA, PARAMETER, VALUE, LOSS = "data", "parameter", "value", "loss"


@dataclass(frozen=True, eq=False, slots=True)
class Moment:
    """One array of a step.

    layer: whose pass made it, "" for data and for the loss; kind: data, parameter, value or
    loss; name: "z1" before the first layer's activation, "a1" its output, "W1" a parameter;
    formula: what it was computed from; value: its numbers; slope: dL/d value in the same
    shape, None where the loss does not depend on it; slope_formula: the chain rule for it, in
    the slopes of what it went into; full_name: "dense_0.W" of a parameter.
    """

    layer: str
    kind: str
    name: str
    formula: str
    value: np.ndarray
    slope: np.ndarray | None
    slope_formula: str
    full_name: str = ""


class Trace:
    """One step: its moments in the order in which they were computed, by name and in a row.

    loss: the loss before the update; updates: what the step then adds to each parameter, by
    full name. Printing it shows the whole step.
    """

    def __init__(
        self,
        model: ModelSpec,
        graph: tape.Tape,
        names: Mapping[int, str],
        layers: Mapping[int, str],
    ) -> None:
        self.model, self._tape, self._names = model, graph, dict(names)
        self.moments = tuple(self._moments(layers))
        self._by_name = {m.name: m for m in self.moments}
        self._by_name.update({m.full_name: m for m in self.moments if m.full_name})
        self.loss = float(graph.values[id(graph.root)])
        self.updates: dict[str, np.ndarray] = {}

    def __getitem__(self, name: str) -> Moment:
        """Return a moment by its name, "z1" or "dense_0.W"; UnknownName with near names."""
        found = self._by_name.get(name)
        if found is None:
            raise UnknownName("array of this step", name, near(name, self._by_name))
        return found

    def __iter__(self) -> Iterator[Moment]:
        return iter(self.moments)

    def __len__(self) -> int:
        return len(self.moments)

    def __str__(self) -> str:
        from neurogebra.builders.trace_text import written

        return written(self)

    def explain(self, name: str, index: tuple[int, ...]) -> str:
        """Write out the chain rule for one number of a parameter, down to the loss."""
        from neurogebra.builders.trace_text import chained

        node = next(n for n in self._tape.order if self._names.get(id(n)) == self[name].name)
        return chained(self._tape, self._names, node, self[name], index)

    def _moments(self, layers: Mapping[int, str]) -> Iterator[Moment]:
        graph = self._tape
        for node in graph.order:
            if node.is_number:
                continue
            kind = LOSS if node is graph.root else VALUE
            if node.is_symbol:
                kind = DATA if node.value == "x" or node.value.startswith("y.") else PARAMETER
            yield Moment(
                layers.get(id(node), ""),
                kind,
                self._names[id(node)],
                "" if node.is_symbol else graph.formula(node, self._names),
                graph.values[id(node)],
                graph.slopes.get(id(node)),
                graph.rule(node, self._names),
                node.value if kind == PARAMETER else "",
            )


def trace(
    model: ModelSpec,
    run: RunSpec,
    weights: Mapping[str, np.ndarray],
    x: np.ndarray,
    y: Mapping[str, np.ndarray],
) -> Trace:
    """Return one training step of a batch, taken apart; nothing is updated.

    x: (batch, *in_shape); y: head → (batch, units). What is drawn (dropout) comes from the
    run's seed.
    """
    ops = SymbolOps(training=True)
    p = {name: symbol(name) for name in [*model_parameters(model), *model.state_names()]}
    data = symbol("x")
    outputs = forward(model, ops, p, data)
    targets = {h.name: symbol(f"y.{h.name}") for h in model.heads}
    total = total_loss(model, run, ops, outputs, targets)
    given: dict[str, Any] = {**weights, "x": x, **{f"y.{h}": a for h, a in y.items()}}
    rng = np.random.default_rng(run.seed)
    graph = tape.record(total, tuple(outputs.values()), given, rng)
    layers = _owners(model, ops.outputs, graph)
    return Trace(model, graph, _names(model, ops, graph, layers), layers)


def _owners(model: ModelSpec, outputs: Mapping[str, Node], graph: tape.Tape) -> dict[int, str]:
    """Return the layer in whose pass each node was made."""
    owner: dict[int, str] = {}
    for name in model_parameters(model):
        for node in graph.order:
            if node.is_symbol and node.value == name:
                owner[id(node)] = _layer_of(model, name)
    for name, out in outputs.items():
        for node in in_order(out):
            if not node.is_number and not (node.is_symbol and id(node) not in owner):
                owner.setdefault(id(node), name)
    return owner


def _layer_of(model: ModelSpec, name: str) -> str:
    return max((p.name for p in model.placed() if name.startswith(f"{p.name}.")), key=len)


def _names(
    model: ModelSpec, ops: SymbolOps, graph: tape.Tape, layers: Mapping[int, str]
) -> dict[int, str]:
    """Name every node: x, y, W1, z1 before an activation, a1 behind it, t1.1 in between, L."""
    numbers = {p.name: str(i) for i, p in enumerate(model.placed(), 1)}
    names: dict[int, str] = {id(graph.root): "L"}
    for layer, out in ops.outputs.items():
        if not out.is_symbol:
            names.setdefault(id(out), f"a{numbers[layer]}")
    for out in ops.outputs.values():
        before = ops.before.get(id(out))
        if before is not None and not before[1].is_symbol:
            names.setdefault(id(before[1]), f"z{numbers[layers[id(before[1])]]}")
    several = len(model.heads) > 1
    counts: dict[str, int] = {}
    for node in graph.order:
        if id(node) in names or node.is_number:
            continue
        number = numbers.get(layers.get(id(node), ""), "L")
        if node.is_symbol and id(node) in layers:
            short = node.value.removeprefix(f"{layers[id(node)]}.")
            names[id(node)] = f"{short}{number}"
        elif node.is_symbol:
            head = node.value.removeprefix("y.")
            names[id(node)] = node.value if head == node.value or several else "y"
        else:
            counts[number] = counts.get(number, 0) + 1
            names[id(node)] = f"t{number}.{counts[number]}"
    return names
