"""One forward pass for every engine: layers in order, what they remember, the loss at the end."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from neurogebra.core.tree import Node
from neurogebra.engines import book
from neurogebra.errors import BadValue
from neurogebra.layers import Array, Layer, Shape
from neurogebra.losses import LOSSES
from neurogebra.losses.record import ROWS
from neurogebra.spec import Head, ModelSpec, RunSpec
from neurogebra.spec.model import CONCAT, Placed


class EngineOps(ABC):
    """The Ops that an engine hands to layers; it keeps what the pass leaves behind.

    before: id of an activation's result → (its name, the value before it); outputs: layer →
    its output; judged: head → what its loss reads; kept: "layer.state" → its next value.
    """

    def __init__(self, training: bool) -> None:
        self.training = training
        self.layer = ""
        self.shape: Shape = ()
        self.before: dict[int, tuple[str, Array]] = {}
        self._activated: list[Array] = []  # keeps results alive, so that no id comes back
        self.outputs: dict[str, Array] = {}
        self.judged: dict[str, Array] = {}
        self.kept: dict[str, Array] = {}

    @abstractmethod
    def apply(self, op: str, *args: Array, **attrs: Any) -> Array:
        """Apply an operation of the alphabet."""

    @abstractmethod
    def uniform(self, like: Array) -> Array:
        """Return fresh uniform numbers in [0, 1) of the shape of `like`."""

    def evaluate(self, root: Node, values: dict[str, Array]) -> Array:
        """Return what a formula of the book gives; an engine may know a faster way."""
        return book.evaluate(root, values, self.apply)

    def own(self, placed: Placed, p: Mapping[str, Array]) -> Mapping[str, Array]:
        """Return a layer's weights and states by the names it knows them by."""
        names = (*placed.layer.shapes(placed.in_shape), *placed.layer.state)
        return {key: p[f"{placed.name}.{key}"] for key in names}

    def call(self, layer: Layer, p: Mapping[str, Array], x: Array) -> Array:
        """Return a layer's output; an engine may know a faster way."""
        return layer.forward(self, p, x)

    def activate(self, name: str, z: Array) -> Array:
        """Apply an activation by its formula in the book."""
        if name == "linear":
            return z
        root, (x, *_) = book.tree(name)
        result = self.evaluate(root, {x: z})
        self.before[id(result)] = (name, z)
        self._activated.append(result)
        return result

    def remember(self, name: str, value: Array) -> None:
        """Let the layer's state `name` be `value` after this step."""
        self.kept[f"{self.layer}.{name}"] = value

    def unstack(self, x: Array, count: int) -> Sequence[Array]:
        """Return the `count` arrays along the first axis of x."""
        cuts = (self.apply("slice", x, axis=0, start=i, stop=i + 1) for i in range(count))
        return [self.apply("squeeze", cut, axis=0) for cut in cuts]

    def stack(self, parts: Sequence[Array]) -> Array:
        """Return arrays of one shape along a new first axis, joined in pairs of pairs."""
        joined = [self.apply("expand_dims", part, axis=0) for part in parts]
        while len(joined) > 1:
            pairs = zip(joined[::2], joined[1::2], strict=False)
            rest = joined[-1:] if len(joined) % 2 else []
            joined = [self.apply("concat", a, b, axis=0) for a, b in pairs] + rest
        return joined[0]

    @contextmanager
    def inner(self, name: str, shape: Shape) -> Iterator[None]:
        """Let what follows belong to a layer inside the present one."""
        outer = self.layer, self.shape
        self.layer, self.shape = f"{self.layer}.{name}", shape
        try:
            yield
        finally:
            self.layer, self.shape = outer


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
    ops.layer, ops.shape = placed.name, placed.in_shape
    out = ops.call(placed.layer, ops.own(placed, p), x)
    ops.outputs[placed.name] = out
    return out


def total_loss(
    model: ModelSpec,
    run: RunSpec,
    ops: EngineOps,
    outputs: Mapping[str, Array],
    y: Mapping[str, Array],
    weights: Mapping[str, Array] | None = None,
) -> Array:
    """Return the weighted sum of the heads' losses, activation and loss joined where they can.

    weights: head → a factor for each term of its loss's mean; a head that is not there has none.
    """
    total: Array = None
    for head in model.heads:
        given = {"y": y[head.name]}
        if weights and head.name in weights:
            given["w"] = weights[head.name]
        root, read = _joined(head, run, ops, outputs, weighted="w" in given)
        given["y_pred"] = ops.judged[head.name] = read
        part = ops.evaluate(root, given)
        part = part if head.weight == 1.0 else head.weight * part
        total = part if total is None else total + part
    return total


def _joined(
    head: Head,
    run: RunSpec,
    ops: EngineOps,
    outputs: Mapping[str, Array],
    *,
    weighted: bool = False,
) -> tuple[Node, Array]:
    """Return a head's loss formula and its y_pred: before the activation where both are one."""
    out = outputs[head.name]
    activation, before = ops.before.get(id(out), ("linear", out))
    loss, options = head.loss_of(run.loss, run.loss_options)
    root, fused = book.loss_formula(loss, activation, options, weighted=weighted)
    return root, before if fused else out


def watched(model: ModelSpec, ops: EngineOps, outputs: Mapping[str, Array]) -> dict[str, Array]:
    """Return for each layer the value whose gradient a probe shows, once the loss is known.

    That is its output, or the value before the activation where the loss joins the two.
    """
    before = {id(outputs[head.name]): ops.judged[head.name] for head in model.heads}
    return {name: before.get(id(a), a) for name, a in ops.outputs.items()}


def term_shape(model: ModelSpec, run: RunSpec, head: str, rows: int) -> tuple[int, ...]:
    """Return the shape of a head's weights: one for each term of its loss's mean."""
    found = next(h for h in model.heads if h.name == head)
    loss, _ = found.loss_of(run.loss, run.loss_options)
    shape = (rows, *model.out_shape(head))
    return shape[:-1] if LOSSES[loss].over == ROWS else shape


def check_weights(
    model: ModelSpec, run: RunSpec, rows: int, weights: Mapping[str, np.ndarray]
) -> None:
    """Refuse weights of heads that are not there, or that are not one for each term."""
    heads = [head.name for head in model.heads]
    for head, array in weights.items():
        if head not in heads:
            raise BadValue("weights", f"heads among {', '.join(heads)}", head)
        check_shape(f"weights[{head!r}]", term_shape(model, run, head, rows), array)


# Rows that `predict` takes at once, and numbers that a layer may put out for them.
PREDICT_ROWS, PREDICT_NUMBERS = 4096, 1 << 22


def rows_at_once(model: ModelSpec) -> int:
    """Return how many rows `predict` takes at once: fewer where layers put out whole images."""
    largest = max(math.prod(placed.out_shape) for placed in model.placed())
    return max(1, min(PREDICT_ROWS, PREDICT_NUMBERS // max(largest, 1)))


def check_batch(model: ModelSpec, x: np.ndarray, y: Mapping[str, np.ndarray] | None = None) -> None:
    """Refuse arrays that are not (batch, *in_shape) and, for each head, (batch, *out_shape)."""
    rows = len(x)
    check_input(model, (rows, *model.in_shape), x)
    if y is None:
        return
    for head in model.heads:
        check_shape(f"y[{head.name!r}]", (rows, *model.out_shape(head.name)), y.get(head.name))


def check_input(model: ModelSpec, shape: Shape, x: np.ndarray) -> None:
    """Refuse an x of another shape, and values that the first layer cannot take (no tokens)."""
    check_shape("x", shape, x)
    look = getattr(model.trunk[0].layer, "check_input", None)
    if look is not None:
        look("x", x)


def check_shape(where: str, shape: tuple[int, ...], array: np.ndarray | None) -> None:
    """Refuse an array of another shape: broadcasting it would train on the wrong numbers."""
    if array is None or array.shape != shape:
        raise BadValue(where, f"an array of shape {shape}", None if array is None else array.shape)
