"""The plain account of a network, to which engines are held: definitions and differences."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, partial
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from neurogebra.core.parse import parse
from neurogebra.core.tree import Node, substitute
from neurogebra.engines import book
from neurogebra.engines.forward import EngineOps, forward
from neurogebra.layers import Array, Weights
from neurogebra.losses import LOSSES
from neurogebra.losses.record import BINARY, BOXES, CLASSES, COUNTS, POSITIVE, SIGNS
from neurogebra.ops import apply
from neurogebra.repository import FORMULAS
from neurogebra.spec import ModelSpec

Arrays = Mapping[str, np.ndarray]
# Differences reach this far to both sides, and twice as far; the second reach is for what
# waves too fast for the first.
REACHES = (1e-3, 3e-5)


class Pass(NamedTuple):
    """One pass: the loss, each head's output, each layer's output, the states that follow."""

    loss: float
    outputs: dict[str, np.ndarray]
    layers: dict[str, np.ndarray]
    kept: dict[str, np.ndarray]


class EagerOps(EngineOps):
    """Every operation at once on NumPy arrays, every activation by its definition."""

    def __init__(self, training: bool, rng: np.random.Generator) -> None:
        super().__init__(training)
        self.rng = rng

    def apply(self, op: str, *args: Array, **attrs: Any) -> Array:
        """Apply an operation of the alphabet."""
        return apply(op, args, attrs)

    def activate(self, name: str, z: Array) -> Array:
        """Apply an activation as the book defines it, not by its stable form."""
        return book.evaluate(definition(name), {FORMULAS[name].inputs[0]: z}, self.apply)

    def uniform(self, like: Array) -> Array:
        """Return the next uniform numbers of the stream."""
        return self.rng.random(np.shape(like))


@lru_cache(maxsize=256)
def definition(name: str) -> Node:
    """Return a formula's definition with its parameters at their defaults."""
    return substitute(parse(FORMULAS[name].expr), dict(FORMULAS[name].params))


def passed(
    model: ModelSpec,
    loss: str,
    weights: Arrays,
    batch: tuple[np.ndarray, Arrays],
    *,
    training: bool = True,
    rng: np.random.Generator | None = None,
) -> Pass:
    """Return what a network's definition gives for a batch (x, y) in float64."""
    x, y = batch
    ops = EagerOps(training, rng or np.random.default_rng(0))
    with np.errstate(all="ignore"):
        outputs = forward(model, ops, weights, x)
        total = sum(
            head.weight * _loss(head.loss or loss, y[head.name], outputs[head.name], ops)
            for head in model.heads
        )
    return Pass(float(total), outputs, dict(ops.outputs), ops.kept)


def _loss(name: str, y: np.ndarray, y_pred: np.ndarray, ops: EagerOps) -> float:
    values = {"y": y, "y_pred": y_pred}
    return float(book.evaluate(definition(LOSSES[name].formula), values, ops.apply))


class Example(NamedTuple):
    """A network at weights and a batch around which its loss is smooth, with its slopes."""

    weights: Weights
    batch: tuple[np.ndarray, Arrays]
    loss: float
    slopes: Weights


@lru_cache(maxsize=1024)
def example(model: ModelSpec, loss: str, rows: int = 5) -> Example:
    """Return the first of some seeded examples that has no kink within reach.

    slopes: dL/d parameter by central differences in float64, training mode, the stream at
    default_rng(0). Raises AssertionError when every seed meets a kink.
    """
    for reach, seed in product(REACHES, range(40)):
        weights, batch = first_weights(model, seed), first_batch(model, loss, rows, seed)
        trained = [name for name in weights if name not in model.state_names()]
        found = differences(partial(_loss_at, model, loss, batch), weights, trained, reach)
        if found is not None:
            return Example(weights, batch, _loss_at(model, loss, batch, weights), found)
    raise AssertionError(f"{model} with {loss}: a kink near every one of 40 seeds")


def _loss_at(
    model: ModelSpec, loss: str, batch: tuple[np.ndarray, Arrays], weights: Arrays
) -> float:
    return passed(model, loss, weights, batch).loss


def first_weights(model: ModelSpec, seed: int) -> Weights:
    """Return a model's first weights with noise, so that no parameter sits at 0 or 1."""
    rng = np.random.default_rng([seed, 1])
    return {n: a + rng.uniform(0.05, 0.4, a.shape) for n, a in model.init(seed).items()}


def first_batch(model: ModelSpec, loss: str, rows: int, seed: int) -> tuple[np.ndarray, Weights]:
    """Return x and, for each head, y as its loss takes it."""
    rng = np.random.default_rng([seed, 2])
    x = rng.normal(size=(rows, *model.in_shape))
    tokens = getattr(model.trunk[0].layer, "input_dim", 0)
    if tokens:
        x = rng.integers(0, tokens, x.shape).astype(float)
    return x, {h.name: _targets(model, h.name, h.loss or loss, rows, rng) for h in model.heads}


def _targets(
    model: ModelSpec, head: str, loss: str, rows: int, rng: np.random.Generator
) -> np.ndarray:
    shape, kind = (rows, *model.out_shape(head)), LOSSES[loss].target
    if kind == CLASSES:
        every = np.arange(math.prod(shape[:-1])) % shape[-1]  # no class is absent
        found: np.ndarray = np.eye(shape[-1])[rng.permutation(every).reshape(shape[:-1])]
        return found
    if kind in (COUNTS, POSITIVE, BOXES):
        return rng.uniform(0.3, 3.0, shape)
    if kind in (BINARY, SIGNS):
        return rng.integers(0, 2, shape) * (2.0 if kind == SIGNS else 1.0) - (kind == SIGNS)
    return rng.normal(size=shape)


def differences(
    loss: Callable[[Arrays], float], weights: Weights, trained: Iterable[str], reach: float
) -> Weights | None:
    """Return the slopes at `weights`, or None where two reaches disagree: a kink is near."""
    slopes: Weights = {}
    for name in trained:
        slopes[name] = np.empty_like(weights[name])
        for place in np.ndindex(weights[name].shape):
            near, far, half = (_central(loss, weights, name, place, reach * k) for k in (1, 2, 0.5))
            wide, narrow = (4 * near - far) / 3, (4 * half - near) / 3
            if not abs(wide - narrow) <= 1e-8 * max(abs(narrow), 1e-2):
                return None
            slopes[name][place] = narrow
    return slopes


def _central(
    loss: Callable[[Arrays], float],
    weights: Weights,
    name: str,
    place: tuple[int, ...],
    reach: float,
) -> float:
    sides = []
    for step in (reach, -reach):
        moved = weights[name].copy()
        moved[place] += step
        sides.append(loss({**weights, name: moved}))
    return (sides[0] - sides[1]) / (2 * reach)
