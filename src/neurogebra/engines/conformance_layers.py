"""A small network around each kind of layer, for the suite that engines are put through."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

from neurogebra.errors import BadValue
from neurogebra.layers import Dense, Flatten, Layer
from neurogebra.spec import ModelSpec

# What a layer may be fed with: a sequence, features, an image, from the first it takes.
SHAPES = ((4, 2), (5,), (4, 3, 2))
# Values for fields that have no default.
FIRST: dict[str, Any] = {
    "units": 3,
    "filters": 2,
    "activation": "softplus",
    "groups": 2,
    "target_shape": (2, -1),
    "dims": (2, 1),
    "num_heads": 2,
    "key_dim": 2,
    "ff_dim": 3,
    "input_dim": 5,
    "output_dim": 2,
    "max_len": 6,
    "layers": (Dense(4, "tanh"),),
}


def around(kind: type[Layer]) -> ModelSpec:
    """Return a network with a layer inside, its needed fields small; AssertionError if none."""
    known: Any = fields(kind)  # type: ignore[arg-type]
    needed = {f.name: FIRST[f.name] for f in known if f.default is MISSING}
    before = () if "input_dim" in needed else (Dense(4, "tanh"),)  # tokens come first
    for shape in SHAPES:
        layers = (*before, kind(**needed), Flatten(), Dense(2))
        try:
            return ModelSpec(kind.__name__, shape, layers)
        except BadValue:  # another number of axes is wanted
            continue
    raise AssertionError(f"{kind.__name__} takes none of the shapes {SHAPES}")
