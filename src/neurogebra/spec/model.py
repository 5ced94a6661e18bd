"""What a model is: a trunk of layers and heads on it, as a frozen record."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from neurogebra.errors import BadValue
from neurogebra.layers import Layer, Shape, Weights
from neurogebra.losses import LOSSES, METRICS
from neurogebra.spec import check
from neurogebra.spec.layers import check_layer, layer_from_dict, layer_to_dict, settled
from neurogebra.spec.losses import check_loss

CONCAT, ADD = "concat", "add"
Options = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Head:
    """An output: layers of its own on top of trunk layers, with its loss and its weight.

    at: the name of the trunk layer it reads ("" the last), or several names, whose outputs are
    joined: "concat" along the last axis, or "add"; loss: "" takes the run's, with its options;
    metrics: () for the run's.
    """

    name: str = "output"
    at: str | tuple[str, ...] = ""
    layers: tuple[Layer, ...] = ()
    loss: str = ""
    weight: float = 1.0
    join: str = CONCAT
    loss_options: tuple[tuple[str, float], ...] = ()
    metrics: tuple[str, ...] = ()

    def loss_of(self, loss: str, options: Options) -> tuple[str, Options]:
        """Return the head's loss and its options, given those of the run."""
        return (self.loss, self.loss_options) if self.loss else (loss, options)


class Placed(NamedTuple):
    """A layer at its place: its unique name and the shapes before and after it, no batch."""

    name: str
    layer: Layer
    in_shape: Shape
    out_shape: Shape


@dataclass(frozen=True)
class ModelSpec:
    """A network: the shape of one example, the trunk's layers, the heads.

    Two specs are equal when they describe the same network. Raises BadValue with the place
    of the first field that cannot be, and for shapes that do not fit.
    """

    name: str
    in_shape: Shape
    layers: tuple[Layer, ...]
    heads: tuple[Head, ...] = (Head(),)

    def __post_init__(self) -> None:
        check.name("name", self.name)
        object.__setattr__(self, "in_shape", _shape(self.in_shape))
        object.__setattr__(self, "layers", check.sequence("layers", self.layers))
        object.__setattr__(self, "heads", check.sequence("heads", self.heads))
        if not self.layers or len(self.layers) > check.MAX_LAYERS:
            raise BadValue("layers", f"1 to {check.MAX_LAYERS} layers", len(self.layers))
        if not self.heads:
            raise BadValue("heads", "at least one head", self.heads)
        for i, layer in enumerate(self.layers):
            check_layer(f"layers[{i}]", layer)
        for i, head in enumerate(self.heads):
            _check_head(f"heads[{i}]", head, self)
        self._settle_names()
        self._check_size()

    @cached_property
    def trunk(self) -> tuple[Placed, ...]:
        """The trunk's layers with their names and shapes."""
        return _place("layers", self.layers, self.in_shape)

    @cached_property
    def branches(self) -> dict[str, tuple[Placed, ...]]:
        """The heads' own layers by head name; their names begin with the head's."""
        return {
            h.name: _place(f"heads[{i}].layers", h.layers, self._into(i, h), f"{h.name}.")
            for i, h in enumerate(self.heads)
        }

    def reads(self, head: Head) -> tuple[str, ...]:
        """Return the names of the trunk layers whose outputs a head joins, mostly one."""
        names = (head.at,) if isinstance(head.at, str) else head.at
        return tuple(name or self.trunk[-1].name for name in names)

    def end(self, head: Head) -> str:
        """Return the activation that a head's outputs come from, "" where it is not one."""
        read = [p for p in self.trunk if p.name in self.reads(head)]
        last = [*read, *self.branches[head.name]][-1].layer
        return str(getattr(last, "activation", ""))

    def _into(self, place: int, head: Head) -> Shape:
        """Return the shape that a head's own layers begin with."""
        ends = {p.name: p.out_shape for p in self.trunk}
        first, *others = (ends[name] for name in self.reads(head))
        for shape in others:
            same = shape[:-1] == first[:-1] if head.join == CONCAT else shape == first
            if not same or not shape:
                rule = "equal but for the last axis" if head.join == CONCAT else "equal"
                raise BadValue(f"heads[{place}].at", f"shapes that are {rule}, {first}", shape)
            if head.join == CONCAT:
                first = (*first[:-1], first[-1] + shape[-1])
        return first

    def placed(self) -> Iterator[Placed]:
        """Yield every layer of the trunk, then those of each head."""
        yield from self.trunk
        for branch in self.branches.values():
            yield from branch

    def out_shape(self, head: str) -> Shape:
        """Return the shape of a head's output, without the batch."""
        if self.branches[head]:
            return self.branches[head][-1].out_shape
        place = next(i for i, h in enumerate(self.heads) if h.name == head)
        return self._into(place, self.heads[place])

    def init(self, seed: int) -> Weights:
        """Return the first weights, "layer.parameter" → float64 array.

        Each layer draws from a stream of its own (seed, place), the same for every engine.
        """
        weights: Weights = {}
        for i, p in enumerate(self.placed()):
            drawn = p.layer.init(p.in_shape, np.random.default_rng([seed, i]))
            weights.update({f"{p.name}.{key}": array for key, array in drawn.items()})
        return weights

    def state_names(self) -> tuple[str, ...]:
        """Return the names of the arrays that are kept but not trained."""
        return tuple(f"{p.name}.{s}" for p in self.placed() for s in p.layer.state)

    def count(self, placed: Placed | None = None) -> int:
        """Return how many numbers are trained, in one layer or in all, without drawing them."""
        these = self.placed() if placed is None else (placed,)
        return sum(math.prod(s) for p in these for s in p.layer.shapes(p.in_shape).values())

    def to_dict(self) -> dict[str, Any]:
        """Return the spec as JSON-able values."""
        return {
            "name": self.name,
            "in_shape": list(self.in_shape),
            "layers": [layer_to_dict(layer) for layer in self.layers],
            "heads": [_head_to_dict(h) for h in self.heads],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ModelSpec:
        """Return the spec of a `to_dict` result; BadValue names a wrong or unknown key."""
        check.keys("model", cls, check.mapping("model", data))
        layers = check.sequence("layers", data["layers"])
        heads = check.sequence("heads", data.get("heads", ({},)))
        return cls(
            name=data["name"],
            in_shape=check.sequence("in_shape", data["in_shape"]),
            layers=tuple(layer_from_dict(f"layers[{i}]", d) for i, d in enumerate(layers)),
            heads=tuple(_head_from_dict(f"heads[{i}]", d) for i, d in enumerate(heads)),
        )

    def _settle_names(self) -> None:
        """Aliases become the members' own names, so that equal models are equal."""
        object.__setattr__(self, "layers", tuple(map(settled, self.layers)))
        object.__setattr__(self, "heads", tuple(map(_settled_head, self.heads)))

    def _check_size(self) -> None:
        names = Counter(p.name for p in self.placed())
        twice = [n for n, count in names.items() if count > 1]
        if twice:
            raise BadValue("layers", "a name of its own for each layer", twice[0])
        total = self.count()
        if total > check.MAX_NUMBERS:
            raise BadValue("layers", f"at most {check.MAX_NUMBERS:,} parameters", total)


def _shape(value: Any) -> Shape:
    sizes = check.sequence("in_shape", value)
    one = check.integer(1, 10**9)
    return tuple(one(f"in_shape[{i}]", n) for i, n in enumerate(sizes))


def _place(
    where: str, layers: tuple[Layer, ...], shape: Shape, prefix: str = ""
) -> tuple[Placed, ...]:
    counts: Counter[str] = Counter()
    found = []
    for i, layer in enumerate(layers):
        kind = type(layer).__name__.lower()
        name = layer.name or f"{prefix}{kind}_{counts[kind]}"
        counts[kind] += 1
        try:
            after = layer.out_shape(shape)
        except BadValue as error:
            raise BadValue(
                f"{where}[{i}] ({name})", error.expected, error.got, error.hint
            ) from None
        found.append(Placed(name, layer, shape, after))
        shape = after
    return tuple(found)


_LOSS_NAMES = check.own_names(LOSSES.values())
_METRIC_NAMES = check.own_names(METRICS.values())


def _settled_head(head: Head) -> Head:
    return replace(
        head,
        at=head.at if isinstance(head.at, str) else tuple(head.at),
        layers=tuple(map(settled, head.layers)),
        loss=_LOSS_NAMES.get(head.loss, ""),
        loss_options=check.pairs("loss_options", head.loss_options),
        metrics=tuple(_METRIC_NAMES.get(m, m) for m in head.metrics),
    )


def _check_head(where: str, head: Any, model: ModelSpec) -> None:
    if not isinstance(head, Head):
        raise BadValue(where, "a Head", head)
    check.name(f"{where}.name", head.name)
    check.real(0.0, math.inf, "a number above 0", open_low=True)(f"{where}.weight", head.weight)
    for i, layer in enumerate(head.layers):
        check_layer(f"{where}.layers[{i}]", layer)
    check.one_of("a way to join", (CONCAT, ADD))(f"{where}.join", head.join)
    several = not isinstance(head.at, str)
    for name in check.sequence(f"{where}.at", head.at) if several else filter(None, (head.at,)):
        check.one_of("a trunk layer", [p.name for p in model.trunk])(f"{where}.at", name)
    if several and not head.at:
        raise BadValue(f"{where}.at", "at least one trunk layer", head.at)
    _check_loss(where, head)
    for i, metric in enumerate(check.sequence(f"{where}.metrics", head.metrics)):
        check.one_of("a metric", _METRIC_NAMES)(f"{where}.metrics[{i}]", metric)
    if sum(h.name == head.name for h in model.heads if isinstance(h, Head)) > 1:
        raise BadValue(f"{where}.name", "a name of its own for each head", head.name)


def _check_loss(where: str, head: Head) -> None:
    options = dict(check.pairs(f"{where}.loss_options", head.loss_options))
    if head.loss:
        loss = LOSSES[check_loss(f"{where}.loss", head.loss)]
        loss.check_options(f"{where}.loss_options", options)
    elif options:
        raise BadValue(f"{where}.loss_options", "a loss of the head's own", head.loss)


def _head_to_dict(head: Head) -> dict[str, Any]:
    given = {f.name: getattr(head, f.name) for f in fields(head)}
    return {
        **given,
        "at": head.at if isinstance(head.at, str) else list(head.at),
        "layers": [layer_to_dict(layer) for layer in head.layers],
        "loss_options": dict(head.loss_options),
        "metrics": list(head.metrics),
    }


def _head_from_dict(where: str, data: Any) -> Head:
    given = dict(check.mapping(where, data))
    check.keys(where, Head, given)
    layers = check.sequence(f"{where}.layers", given.pop("layers", ()))
    made = tuple(layer_from_dict(f"{where}.layers[{i}]", d) for i, d in enumerate(layers))
    return Head(**given, layers=made)
