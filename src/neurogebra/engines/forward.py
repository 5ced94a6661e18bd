"""One forward pass for every engine: layers in order, what they remember, the loss at the end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np

from neurogebra.core.tree import Node
from neurogebra.engines import book
from neurogebra.errors import BadValue
from neurogebra.layers import Array
from neurogebra.spec import Head, ModelSpec
from neurogebra.spec.model import CONCAT, Placed


class EngineOps(ABC):
    """The Ops that an engine hands to layers; it keeps what the pass leaves behind.

    before: id of an activation's result → (its name, the value before it); outputs: layer →
    its output; kept: "layer.state" → its next value.
    """

    def __init__(self, training: bool) -> None:
        self.training = training
        self.layer = ""
        self.before: dict[int, tuple[str, Array]] = {}
        self._activated: list[Array] = []  # keeps results alive, so that no id comes back
        self.outputs: dict[str, Array] = {}
        self.kept: dict[str, Array] = {}

    @abstractmethod
    def apply(self, op: str, *args: Array, **attrs: Any) -> Array:
        """Apply an operation of the alphabet."""

    @abstractmethod
    def uniform(self, like: Array) -> Array:
        """Return fresh uniform numbers in [0, 1) of the shape of `like`."""

    def activate(self, name: str, z: Array) -> Array:
        """Apply an activation by its formula in the book."""
        if name == "linear":
            return z
        root, (x, *_) = book.tree(name)
        result = book.evaluate(root, {x: z}, self.apply)
        self.before[id(result)] = (name, z)
        self._activated.append(result)
        return result

    def remember(self, name: str, value: Array) -> None:
        """Let the layer's state `name` be `value` after this step."""
        self.kept[f"{self.layer}.{name}"] = value


def forward(model: ModelSpec, ops: EngineOps, p: Mapping[str, Array], x: Array) -> dict[str, Array]:
    """Return each head's output for x: (batch, *in_shape); p holds "layer.parameter" arrays."""
    for placed in model.trunk:
        x = _pass(placed, ops, p, x)
    found = {}
    for head in model.heads:
        first, *others = (ops.outputs[name] for name in model.reads(head))
        y = first
        for other in others:
            y = ops.apply("concat", y, other, axis=-1) if head.join == CONCAT else y + other
        for placed in model.branches[head.name]:
            y = _pass(placed, ops, p, y)
        found[head.name] = y
    return found


def _pass(placed: Placed, ops: EngineOps, p: Mapping[str, Array], x: Array) -> Array:
    ops.layer = placed.name
    names = (*placed.layer.shapes(placed.in_shape), *placed.layer.state)
    own = {key: p[f"{placed.name}.{key}"] for key in names}
    out = placed.layer.forward(ops, own, x)
    ops.outputs[placed.name] = out
    return out


def total_loss(
    model: ModelSpec,
    loss: str,
    ops: EngineOps,
    outputs: Mapping[str, Array],
    y: Mapping[str, Array],
) -> Array:
    """Return the weighted sum of the heads' losses, activation and loss joined where they can."""
    total: Array = None
    for head in model.heads:
        root, y_pred = _joined(head, loss, ops, outputs)
        part = book.evaluate(root, {"y": y[head.name], "y_pred": y_pred}, ops.apply)
        part = part if head.weight == 1.0 else head.weight * part
        total = part if total is None else total + part
    return total


def _joined(
    head: Head, loss: str, ops: EngineOps, outputs: Mapping[str, Array]
) -> tuple[Node, Array]:
    """Return a head's loss formula and its y_pred: before the activation where both are one."""
    out = outputs[head.name]
    activation, before = ops.before.get(id(out), ("linear", out))
    root, fused = book.loss_formula(head.loss or loss, activation)
    return root, before if fused else out


def watched(
    model: ModelSpec, loss: str, ops: EngineOps, outputs: Mapping[str, Array]
) -> dict[str, Array]:
    """Return for each layer the value whose gradient a probe shows.

    That is its output, or the value before the activation where the loss joins the two.
    """
    before = {id(outputs[h.name]): _joined(h, loss, ops, outputs)[1] for h in model.heads}
    return {name: before.get(id(a), a) for name, a in ops.outputs.items()}


def check_batch(model: ModelSpec, x: np.ndarray, y: Mapping[str, np.ndarray] | None = None) -> None:
    """Refuse arrays that are not (batch, *in_shape) and, for each head, (batch, *out_shape)."""
    rows = len(x)
    check_shape("x", (rows, *model.in_shape), x)
    if y is None:
        return
    for head in model.heads:
        check_shape(f"y[{head.name!r}]", (rows, *model.out_shape(head.name)), y.get(head.name))


def check_shape(where: str, shape: tuple[int, ...], array: np.ndarray | None) -> None:
    """Refuse an array of another shape: broadcasting it would train on the wrong numbers."""
    if array is None or array.shape != shape:
        raise BadValue(where, f"an array of shape {shape}", None if array is None else array.shape)
