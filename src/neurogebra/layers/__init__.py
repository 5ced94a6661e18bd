"""One frozen record per layer: its fields, shape rule, first weights and forward formula."""

from typing import Any

from neurogebra.layers.base import Array, Layer, Ops, Shape, Weights
from neurogebra.layers.dense import Activation, Dense
from neurogebra.layers.dropout import Dropout
from neurogebra.layers.initializers import INITIALIZERS
from neurogebra.layers.norm import BatchNorm
from neurogebra.layers.reshape import Flatten
from neurogebra.registry import Registry

LAYERS: Registry[type[Any]] = Registry(
    "layer",
    (Dense, Activation, Dropout, BatchNorm, Flatten),
    key=lambda layer: layer.__name__,
)

__all__ = [
    "INITIALIZERS",
    "LAYERS",
    "Activation",
    "Array",
    "BatchNorm",
    "Dense",
    "Dropout",
    "Flatten",
    "Layer",
    "Ops",
    "Shape",
    "Weights",
]
