"""Layers as data: the check of every field, JSON and back, aliases made the members' own names."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from neurogebra.errors import BadValue
from neurogebra.layers import INITIALIZERS, LAYERS, Layer
from neurogebra.repository import FORMULAS
from neurogebra.spec import check

# The fields that hold a layer, or several: they are checked, written and read as layers.
INNER = ("layer", "layers")

FAMILIES = {
    "activation": check.own_names(f for f in FORMULAS.values() if f.category == "activation"),
    "initializer": check.own_names(INITIALIZERS.values()),
}


def check_layer(where: str, layer: Any) -> None:
    """Refuse a layer with a field that cannot be: `layers[2].units: expected int ≥ 1, …`."""
    if type(layer).__name__ not in LAYERS or not isinstance(layer, LAYERS[type(layer).__name__]):
        raise BadValue(where, "a layer: " + ", ".join(LAYERS), layer)
    for field in fields(layer):
        value = getattr(layer, field.name)
        if not (field.name == "name" and value == ""):
            FIELDS[field.name](f"{where}.{field.name}", value)


def settled(layer: Layer) -> Layer:
    """Return the layer with every alias in it replaced by the member's own name."""
    given = _values(layer)
    own: dict[str, Any] = {
        key: FAMILIES[FAMILY_OF[key]][name] for key, name in given.items() if key in FAMILY_OF
    }
    own |= {key: _each(settled, given[key]) for key in INNER if key in given}
    return layer if own.items() <= given.items() else type(layer)(**{**given, **own})


def layer_to_dict(layer: Layer) -> dict[str, Any]:
    """Return a layer as {"type": …} with all its fields, JSON-able."""
    given = _values(layer)
    for key in INNER:
        if key in given:
            given[key] = _each(layer_to_dict, given[key])
    return {"type": type(layer).__name__, **given}


def layer_from_dict(where: str, data: Any) -> Layer:
    """Return the layer of a `layer_to_dict` result."""
    given = dict(check.mapping(where, data))
    kind = check.one_of("a layer type", LAYERS)(f"{where}.type", given.pop("type", None))
    record = LAYERS[kind]
    check.keys(where, record, given)
    for key, value in given.items():
        if key in INNER:
            given[key] = _inner(f"{where}.{key}", value)
        elif isinstance(value, list):
            given[key] = tuple(value)
    layer: Layer = record(**given)
    check_layer(where, layer)
    return layer


def _inner(where: str, value: Any) -> Any:
    """Return the layer or layers of a field, which may be records already."""
    if isinstance(value, (list, tuple)):
        return tuple(_inner(f"{where}[{i}]", v) for i, v in enumerate(value))
    return layer_from_dict(where, value) if isinstance(value, Mapping) else value


def _each(function: Any, value: Any) -> Any:
    return tuple(map(function, value)) if isinstance(value, tuple) else function(value)


def _values(layer: Layer) -> dict[str, Any]:
    return {f.name: getattr(layer, f.name) for f in fields(layer)}  # type: ignore[arg-type]


def _layers(where: str, value: Any) -> None:
    these = check.sequence(where, value)
    if not these:
        raise BadValue(where, "at least one layer", value)
    for i, layer in enumerate(these):
        check_layer(f"{where}[{i}]", layer)


def _sizes(where: str, value: Any) -> Any:
    """Check for a whole number ≥ 1, or a tuple of one or two."""
    one = check.integer(1, check.MAX_UNITS)
    if not isinstance(value, tuple) or not 1 <= len(value) <= 2:
        return one(where, value)
    return tuple(one(f"{where}[{i}]", n) for i, n in enumerate(value))


def _target_shape(where: str, value: Any) -> Any:
    these = check.sequence(where, value)
    one = check.integer(-1, check.MAX_NUMBERS)
    if not these or 0 in [one(f"{where}[{i}]", n) for i, n in enumerate(these)]:
        raise BadValue(where, "sizes ≥ 1, one of them perhaps −1", value)
    if these.count(-1) > 1:
        raise BadValue(where, "at most one −1", value)
    return these


def _dims(where: str, value: Any) -> Any:
    these = check.sequence(where, value)
    one = check.integer(1, 64)
    return tuple(one(f"{where}[{i}]", n) for i, n in enumerate(these))


# Which family a field names a member of.
FAMILY_OF = {"activation": "activation", "initializer": "initializer"}

# A rule for every field of every layer, by the field's name: one name means one thing.
FIELDS: dict[str, Any] = {
    "units": check.integer(1, check.MAX_UNITS),
    "activation": check.one_of("an activation", FAMILIES["activation"]),
    "initializer": check.one_of("an initializer", FAMILIES["initializer"]),
    "use_bias": check.flag,
    "rate": check.real(0.0, 1.0, "a number from 0 to below 1"),
    "momentum": check.real(0.0, 1.0, "a number from 0 to below 1"),
    "eps": check.real(0.0, 1.0, "a number above 0 and below 1", open_low=True),
    "input_dim": check.integer(2, check.MAX_UNITS),
    "output_dim": check.integer(1, check.MAX_UNITS),
    "max_len": check.integer(1, check.MAX_UNITS),
    "num_heads": check.integer(1, 4096),
    "key_dim": check.integer(1, check.MAX_UNITS),
    "ff_dim": check.integer(1, check.MAX_UNITS),
    "return_sequences": check.flag,
    "bidirectional": check.flag,
    "unit_forget_bias": check.flag,
    "reset_after": check.flag,
    "causal": check.flag,
    "norm_first": check.flag,
    "mask_value": check.maybe(check.real(-math.inf, math.inf, "a number or None")),
    "filters": check.integer(1, check.MAX_UNITS),
    "kernel_size": _sizes,
    "strides": check.maybe(_sizes),
    "dilation": _sizes,
    "pool_size": _sizes,
    "padding": check.one_of("a padding", ("valid", "same")),
    "groups": check.integer(1, check.MAX_UNITS),
    "target_shape": _target_shape,
    "dims": _dims,
    "slope": check.real(-math.inf, math.inf, "a number"),
    "layer": check_layer,
    "layers": _layers,
    "name": check.name,
}
