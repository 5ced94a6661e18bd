"""The architecture of a model as one table: a row a layer with its formula, shapes, parameters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from io import StringIO

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from neurogebra.observatory.events import LayerInfo
from neurogebra.observatory.render.text import count, inert, sizes

_MOST_LAYERS = 60


def architecture(layers: Sequence[LayerInfo], params: int) -> Table:
    """Return the Rich table of `layers`, with `params`, the trainable numbers, in its footer.

    Of more than 60 layers the first and the last 30 are shown, and a row says how many are not.
    """
    table = Table(box=box.SIMPLE, show_footer=True, show_edge=False, pad_edge=False)
    table.add_column("Layer", Text("Total"), no_wrap=True, style="bold")
    table.add_column("Type", no_wrap=True, max_width=16, overflow="ellipsis")
    table.add_column("Formula", style="magenta", overflow="fold")
    table.add_column("Shape", no_wrap=True)
    total = Text(count(params), style="bold")
    table.add_column("Parameters", total, justify="right", no_wrap=True)
    for row in _rows(layers):
        table.add_row(*row)
    return table


def summary(name: str, layers: Sequence[LayerInfo], params: int, *, width: int = 80) -> str:
    """Return the architecture of the model `name` as plain text, at most `width` columns wide."""
    out = StringIO()
    console = Console(file=out, width=width, color_system=None, force_terminal=False)
    console.print(Text(inert(name, 100)), Text(), architecture(layers, params), sep="\n")
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()).rstrip() + "\n"


def _rows(layers: Sequence[LayerInfo]) -> Iterable[tuple[Text, ...]]:
    half = _MOST_LAYERS // 2
    if len(layers) <= _MOST_LAYERS:
        yield from map(_row, layers)
        return
    yield from map(_row, layers[:half])
    yield (Text("…"), Text(f"{count(len(layers) - 2 * half)} more layers", style="dim"))
    yield from map(_row, layers[-half:])


def _row(layer: LayerInfo) -> tuple[Text, ...]:
    return (
        Text(inert(layer.name, 24)),
        Text(inert(layer.type, 24)),
        Text(_first(inert(layer.formula, 300))),
        Text(f"{sizes(layer.in_shape)} → {sizes(layer.out_shape)}"),
        Text(count(layer.params) if layer.params else "–"),
    )


def _first(formula: str) -> str:
    """Return the first of several equations; the others stand in the layer's explanation."""
    first, more, _ = formula.partition("; ")
    return f"{first}; …" if more else first
