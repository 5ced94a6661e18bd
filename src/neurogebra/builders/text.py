"""What there is to say of a model: its summary, and its architecture explained."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from textwrap import indent, wrap
from typing import Any

from neurogebra.builders.layer import Layer
from neurogebra.observatory.render.architecture import summary as table
from neurogebra.observatory.render.text import many, sizes
from neurogebra.repository import FORMULAS
from neurogebra.spec import ModelSpec
from neurogebra.spec.describe import Described, describe
from neurogebra.spec.model import Placed
from neurogebra.training.loop import layer_infos

UNKNOWN = (
    "The input size is not known yet, and with it the number of parameters: give the first\n"
    "layer input_shape=(…), or the first data to fit or predict."
)


def summary(name: str, layers: Sequence[Layer], spec: ModelSpec | None, educational: bool) -> str:
    """Return the architecture as a table with exact counts, or what is known of it so far."""
    if spec is None:
        lines = [name, "", *(f"  {layer!r}" for layer in layers), "", UNKNOWN]
    else:
        kept = sum(math.prod(shape) for shape in _kept(spec))
        lines = [table(name, layer_infos(spec), spec.count()).rstrip()]
        lines += [f"and {many(kept, 'number')} that the layers keep untrained"] if kept else []
    if educational:
        kinds = {layer.layer_type: layer for layer in layers}
        lines += ["", *(f"{type(k.record).__name__}: {k.description}" for k in kinds.values())]
    return "\n".join(lines)


def architecture(
    name: str, layers: Sequence[Layer], spec: ModelSpec | None, craft: Any = None
) -> str:
    """Return what each layer computes, how errors go back through it, what it is good for."""
    parts = [f"{name}, {many(len(layers), 'layer')}"]
    if spec is None:
        parts += [layer.explain() for layer in layers] + [UNKNOWN]
    else:
        described = describe(spec)
        parts += [
            "\n".join(_layer(i, layer, d, spec))
            for i, (layer, d) in enumerate(zip(layers, described, strict=False), 1)
        ]
        outputs = " and ".join(sizes(spec.out_shape(h.name)) for h in spec.heads)
        parts.append(
            f"Of each row {sizes(spec.in_shape)} numbers go in and {outputs} come out; training "
            f"moves {many(spec.count(), 'number')}."
        )
    return "\n\n".join([*parts, *_activations(layers, craft)])


def _layer(number: int, layer: Layer, described: Described, spec: ModelSpec) -> Iterator[str]:
    placed = described.placed
    yield f"{number}. {placed.name}: {layer!r}"
    yield f"   {layer.description}"
    shapes = f"{sizes(placed.in_shape)} → {sizes(placed.out_shape)}"
    first, *more = described.forward.split("; ")
    yield from _wrapped("forward", f"{first}   {shapes}")
    for line in more:
        yield from _wrapped("", line)
    for line in described.backward:
        yield from _wrapped("backward", line)
    yield from _wrapped("learns", _sum(placed, spec))
    if layer.best_for:
        yield from _wrapped("best for", "; ".join(layer.best_for))


def _wrapped(word: str, text: str) -> Iterator[str]:
    """Yield a line under its word, on as many lines as 80 columns ask for."""
    lines = [text] if len(text) <= 67 else wrap(text, 67, break_long_words=False)
    for i, line in enumerate(lines):
        yield f"   {'' if i else word:<10}{line}"


def _sum(placed: Placed, spec: ModelSpec) -> str:
    shapes = placed.layer.shapes(placed.in_shape)
    if not shapes:
        return "nothing: there are no numbers in it"
    terms = " + ".join(f"{sizes(s)} ({name})" for name, s in shapes.items())
    return f"{terms} = {many(spec.count(placed), 'number')}"


def _activations(layers: Sequence[Layer], craft: Any) -> Iterator[str]:
    names = dict.fromkeys(a for layer in layers if (a := layer.activation) not in (None, "linear"))
    for name in names:
        if craft is not None:
            yield f"{name}:\n{indent(str(craft.get(name).explain()), '  ')}"
        else:
            yield f"{name}: {FORMULAS[name].summary}"


def _kept(spec: ModelSpec) -> Iterator[tuple[int, ...]]:
    names = set(spec.state_names())
    if names:
        yield from (a.shape for name, a in spec.init(0).items() if name in names)
