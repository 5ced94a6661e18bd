"""`Layer`: the documented handle of one layer record, checked at the moment of the call."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from dataclasses import MISSING, Field, dataclass, fields, replace
from typing import Any

from neurogebra.builders.best_for import BEST_FOR
from neurogebra.errors import BadValue, UnknownName
from neurogebra.layers import LAYERS, Shape
from neurogebra.layers import Layer as Record
from neurogebra.registry import near
from neurogebra.spec import Head, check
from neurogebra.spec.layers import INNER, check_layer, layer_from_dict


class NoLayer(UnknownName, AttributeError):
    """A layer that is not there; an AttributeError too, so that `hasattr` can answer."""

    def __init__(self, name: str) -> None:
        super().__init__("layer", name, near(name, LAYERS))
        known = ", ".join(LAYERS)
        if not near(name, LAYERS):
            self.message += f"; the layers are {known}"


@dataclass(frozen=True, init=False, repr=False)
class Layer:
    """One layer of a model to be.

    layer_type: its name in any capitals ("dense", "BatchNorm"); units, activation and the
    rest: the fields of its record in `neurogebra.layers`; input_shape: of one example, for
    the first layer. Raises UnknownName or BadValue, with near names, at once.
    """

    record: Record
    input_shape: Shape | None

    def __init__(
        self,
        layer_type: str,
        units: int | None = None,
        activation: str | None = None,
        **kwargs: Any,
    ) -> None:
        kind = kind_of(layer_type)
        shape = kwargs.pop("input_shape", None)
        named = {"units": units, "activation": activation}
        given = {**{k: v for k, v in named.items() if v is not None}, **kwargs}
        known = [f.name for f in fields(LAYERS[kind])]
        for key in given:
            if key not in known:
                hint = check.did_you_mean(key, (*known, "input_shape"))
                raise BadValue(f"{kind}.{key}", f"an argument of {kind}", key, hint)
        given = {key: _inside(value) if key in INNER else value for key, value in given.items()}
        object.__setattr__(self, "record", layer_from_dict(kind, {"type": kind, **given}))
        object.__setattr__(self, "input_shape", None if shape is None else _shape(kind, shape))

    @classmethod
    def of(cls, record: Record, input_shape: Shape | None = None) -> Layer:
        """Return the handle of a record."""
        kind = type(record).__name__
        given = {f.name: getattr(record, f.name) for f in _fields(record)}
        return cls(kind, input_shape=input_shape, **given)

    @property
    def layer_type(self) -> str:
        """The layer's type in small letters, as the layers of a model are named by it."""
        return type(self.record).__name__.lower()

    @property
    def units(self) -> int | None:
        """How many units there are; None for a layer without."""
        return getattr(self.record, "units", None)

    @property
    def activation(self) -> str | None:
        """The activation's name in the book; None for a layer without."""
        return getattr(self.record, "activation", None)

    @property
    def params(self) -> dict[str, Any]:
        """The layer's other settings by name."""
        rest = [f.name for f in _fields(self.record) if f.name not in ("units", "activation")]
        return {name: getattr(self.record, name) for name in rest if name != "name"}

    @property
    def description(self) -> str:
        """What the layer does, in one sentence."""
        return _doc(self.record)[0]

    @property
    def best_for(self) -> tuple[str, ...]:
        """What the layer is good for."""
        return BEST_FOR.get(type(self.record).__name__, ())

    def explain(self) -> str:
        """Return what the layer does, its shapes, its first weights and what it is good for."""
        lines = [repr(self), *(f"  {line}" if line else "" for line in _doc(self.record))]
        if self.best_for:
            lines.append(f"  Best for: {'; '.join(self.best_for)}.")
        return "\n".join(lines)

    def __repr__(self) -> str:
        parts = [
            f"{f.name}={_shown(f.name, getattr(self.record, f.name))}"
            for f in _fields(self.record)
            if f.default is MISSING or getattr(self.record, f.name) != f.default
        ]
        parts += [f"input_shape={self.input_shape}"] if self.input_shape is not None else []
        return f"{type(self.record).__name__}({', '.join(parts)})"


def _inside(value: Any) -> Any:
    """Return handles of layers that stand inside another as their records."""
    if isinstance(value, Layer):
        return value.record
    return [_inside(v) for v in value] if isinstance(value, (list, tuple)) else value


def _shown(key: str, value: Any) -> str:
    """Write a field as Python, a layer inside another as its own handle."""
    if key not in INNER:
        return repr(value)
    if isinstance(value, tuple):
        return f"[{', '.join(_shown(key, v) for v in value)}]"
    return repr(Layer.of(value))


def kind_of(layer_type: Any) -> str:
    """Return a layer's name in the registry; capitals and underscores do not matter."""
    if not isinstance(layer_type, str):
        raise BadValue("layer_type", "a layer's name: " + ", ".join(LAYERS), layer_type)
    by_plain = {
        _plain(name): kind
        for kind in LAYERS
        for name in (kind, *getattr(LAYERS[kind], "aliases", ()))
    }
    found = by_plain.get(_plain(layer_type))
    if found is None:
        raise NoLayer(layer_type)
    return found


def _plain(name: str) -> str:
    return name.lower().replace("_", "")


def _shape(kind: str, value: Any) -> Shape:
    where = f"{kind}.input_shape"
    sizes = (value,) if isinstance(value, int) else check.sequence(where, value)
    one = check.integer(1, 10**9)
    return tuple(one(f"{where}[{i}]", n) for i, n in enumerate(sizes))


def _doc(record: Record) -> list[str]:
    return (inspect.getdoc(type(record)) or type(record).__name__).splitlines()


def _fields(record: Record) -> tuple[Field[Any], ...]:
    return fields(record)  # type: ignore[arg-type]


def records(heads: Iterable[Any]) -> tuple[Head, ...]:
    """Return heads whose own layers, given as handles or records, are records."""
    if isinstance(heads, Head) or not isinstance(heads, Iterable):
        raise BadValue("heads", "a list of heads", heads)
    found = []
    for i, head in enumerate(heads):
        if not isinstance(head, Head):
            raise BadValue(f"heads[{i}]", "a Head", head)
        own = tuple(_handle(f"heads[{i}].layers[{j}]", a) for j, a in enumerate(head.layers))
        found.append(replace(head, layers=tuple(each.record for each in own)))
    return tuple(found)


def handles(layers: Iterable[Any]) -> tuple[Layer, ...]:
    """Return layers, given as handles or records, as handles; BadValue names a wrong one."""
    if isinstance(layers, Layer) or not isinstance(layers, Iterable):
        raise BadValue("layers", "a list of layers", layers)
    found = tuple(_handle(f"layers[{i}]", layer) for i, layer in enumerate(layers))
    if not found:
        raise BadValue("layers", "at least one layer", [])
    for i, layer in enumerate(found[1:], 1):
        if layer.input_shape is not None:
            raise BadValue(
                f"layers[{i}].input_shape",
                "nothing, since the layer before it decides",
                layer.input_shape,
                "only the first layer takes it",
            )
    return found


def _handle(where: str, layer: Any) -> Layer:
    if isinstance(layer, Layer):
        return layer
    check_layer(where, layer)
    return Layer.of(layer)
