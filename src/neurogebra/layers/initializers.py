"""First weights: where training starts, each with the variance that its paper derives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from neurogebra.layers.base import Shape
from neurogebra.registry import Registry

Draw = Callable[[np.random.Generator, Shape, int, int], np.ndarray]


@dataclass(frozen=True, slots=True)
class Initializer:
    """A way to draw first weights: draw(rng, shape, fan_in, fan_out) → float64 array."""

    name: str
    draw: Draw
    source: str
    aliases: tuple[str, ...] = ()


def _normal(gain: float, both: bool) -> Draw:
    def draw(rng: np.random.Generator, shape: Shape, fan_in: int, fan_out: int) -> np.ndarray:
        fan = (fan_in + fan_out) / 2 if both else fan_in
        return rng.normal(0.0, (gain / fan) ** 0.5, shape)

    return draw


def _uniform(gain: float, both: bool) -> Draw:
    def draw(rng: np.random.Generator, shape: Shape, fan_in: int, fan_out: int) -> np.ndarray:
        fan = (fan_in + fan_out) / 2 if both else fan_in
        limit = (3.0 * gain / fan) ** 0.5
        return rng.uniform(-limit, limit, shape)

    return draw


def _standard(rng: np.random.Generator, shape: Shape, fan_in: int, fan_out: int) -> np.ndarray:
    return rng.normal(size=shape)


def _orthogonal(rng: np.random.Generator, shape: Shape, fan_in: int, fan_out: int) -> np.ndarray:
    tall = max(shape[0], shape[-1])
    q, r = np.linalg.qr(rng.normal(size=(tall, tall)))
    q = q * np.sign(np.diag(r))  # makes the draw uniform over the orthogonal group
    return np.ascontiguousarray(q[: shape[0], : shape[-1]])


INITIALIZERS: Registry[Initializer] = Registry(
    "initializer",
    (
        Initializer("he_normal", _normal(2.0, False), "He et al. 2015, eq. 10", ("he",)),
        Initializer("he_uniform", _uniform(2.0, False), "He et al. 2015, eq. 10"),
        Initializer(
            "glorot_normal", _normal(1.0, True), "Glorot & Bengio 2010, eq. 12", ("xavier",)
        ),
        Initializer("glorot_uniform", _uniform(1.0, True), "Glorot & Bengio 2010, eq. 16"),
        Initializer("lecun_normal", _normal(1.0, False), "LeCun et al. 1998, section 4.6"),
        Initializer("lecun_uniform", _uniform(1.0, False), "LeCun et al. 1998, section 4.6"),
        Initializer("normal", _standard, "N(0, 1), as embeddings start in PyTorch"),
        Initializer("orthogonal", _orthogonal, "Saxe et al. 2014"),
        Initializer("zeros", lambda rng, shape, i, o: np.zeros(shape), "every unit the same"),
        Initializer("ones", lambda rng, shape, i, o: np.ones(shape), "every unit the same"),
    ),
)
