"""Heat maps of the layers over time: which there are, their colours, their words, their data."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from neurogebra.observatory.render.text import count, inert, number, percent
from neurogebra.observatory.sinks.dashboard_heat import Cell, Looks

SHADES = 16  # classes of colour, where there is no script to mix them
_LEAST, _MOST = 1e-37, 1e38  # what the page's numbers can hold


class Quantity(NamedTuple):
    """One thing to see of a layer: its name, title, unit, and how to read it."""

    name: str
    title: str
    what: str
    note: str
    log: bool = True


QUANTITIES = (
    Quantity(
        "gradient", "Gradients by layer", "L2 norm of the gradient",
        "Even colours from the first layer to the last let all layers learn",
    ),
    Quantity(
        "update", "Updates by layer", "size of an update over size of the weights",
        "About 1e-3 is usual; far above is unstable, far below is slow",
    ),
    Quantity(
        "weight", "Weights by layer", "L2 norm of the weights",
        "Slow changes are healthy; a layer that runs away or fades is not",
    ),
    Quantity(
        "activation", "Activations by layer", "root mean square of the outputs",
        "Outputs that fade to 0 or grow without end carry no signal",
    ),
    Quantity(
        "idle", "Idle units by layer", "units that never fire or are saturated, in percent",
        "Of relu: units that fire on no row of the batch; of bounded ones: far in their tails",
        log=False,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class HeatMap:
    """One picture: a row for each layer, a column for each stretch of time."""

    quantity: Quantity
    rows: Mapping[str, tuple[Cell, ...]]  # by the layer's name, the first layer first
    origin: int
    width: int  # updates a bin
    last: int  # the latest update that was looked at

    @property
    def id(self) -> str:
        """Its name in the page."""
        return f"map-{self.quantity.name}"

    @cached_property
    def bins(self) -> int:
        """How many stretches of time there are."""
        return max((cell.stop for cells in self.rows.values() for cell in cells), default=1)

    @cached_property
    def ends(self) -> tuple[float, float] | None:
        """The values of the first and the last colour, or None where there is none."""
        found = [c.mean for cells in self.rows.values() for c in cells if c.mean is not None]
        if not self.quantity.log:
            return (0.0, 100.0) if found else None
        sizes = [min(max(v, _LEAST), _MOST) for v in found if v > 0]
        if not sizes:
            return None
        low, high = min(sizes), max(sizes)
        return (low, high) if high > low * 1.0001 else (low / 2, low * 2)

    def shade(self, value: float) -> float | None:
        """Return the place of a value among the colours, 0 to 1; None for 0 on a log scale."""
        if self.ends is None or (self.quantity.log and value <= 0):
            return None
        low, high = self.ends
        if self.quantity.log:
            low, high, value = math.log(low), math.log(high), math.log(min(value, _MOST))
        return min(1.0, max(0.0, (value - low) / (high - low)))

    def steps(self, cell: Cell) -> tuple[int, int]:
        """Return the first and the last update of a stretch."""
        first = self.origin + cell.start * self.width
        return first, min(self.last, first + self.width - 1)

    def say(self, value: float | None) -> str:
        """Return a value in its unit."""
        if value is None:
            return "NaN or infinite"
        return number(value, 3) if self.quantity.log else percent(value)

    def words(self) -> str:
        """Return the picture as one sentence, for those who do not see it."""
        head = f"{self.quantity.title}: {self.quantity.what}, {count(len(self.rows))} layers"
        found = [(c.mean, name) for name, cells in self.rows.items() for c in cells[-1:]]
        known = [(mean, name) for mean, name in found if mean is not None]
        bad = sum(any(c.bad for c in cells) for cells in self.rows.values())
        tail = f"; {bad} layers had values that are NaN or infinite" if bad else ""
        if not known:
            return f"{head}: no finite value{tail}"
        (low, least), (high, most) = min(known), max(known)
        told = f"at the end lowest {self.say(low)} in {least}, highest {self.say(high)} in {most}"
        return f"{head}; {told}{tail}"

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know of how it was made."""
        made: tuple[str, ...] = (self.quantity.note,)
        if self.width > 1:
            made += (f"each column is the mean of the looks in {count(self.width)} updates",)
        return (*made, "a colour holds until the next look")


def maps(looks: Looks) -> list[HeatMap]:
    """Return the heat maps for which there is anything to show, in reading order."""
    return [
        made
        for quantity in QUANTITIES
        if quantity.name in looks.rows and _shows(made := _map(quantity, looks))
    ]


def _map(quantity: Quantity, looks: Looks) -> HeatMap:
    known = looks.rows[quantity.name]
    rows = {
        name: tuple(known[name].cells()) for name in sorted(known, key=looks.layers.__getitem__)
    }
    return HeatMap(quantity, rows, looks.origin, looks.width, looks.last)


def _shows(made: HeatMap) -> bool:
    if made.quantity.log:
        return bool(made.rows)
    return any(cell.mean for cells in made.rows.values() for cell in cells)


def data(heat: HeatMap) -> dict[str, Any]:
    """Return what the page's script draws: names, time, colours, and the numbers of all cells."""
    shape = (len(heat.rows), heat.bins)
    cells = [(i, c) for i, row in enumerate(heat.rows.values()) for c in row]
    mean, low, high = (
        _table(shape, ((i, c.start, value) for (i, c), value in zip(cells, values, strict=True)))
        for values in zip(*(_numbers(c) for _, c in cells), strict=True)
    )
    looks = np.zeros(shape, dtype=np.uint16)
    for i, cell in cells:
        looks[i, cell.start] = min(cell.looks, 65535)
    spread = not np.array_equal(low, high, equal_nan=True)
    return {
        "id": heat.id,
        "rows": [inert(name, 60) for name in heat.rows],
        "origin": heat.origin,
        "width": heat.width,
        "last": heat.last,
        "bins": heat.bins,
        "log": heat.quantity.log,
        "ends": list(heat.ends) if heat.ends else None,
        "mean": _packed(mean),
        "low": _packed(low) if spread else "",
        "high": _packed(high) if spread else "",
        "looks": base64.b64encode(looks.astype("<u2").tobytes()).decode(),
        "bad": [[i, c.start, c.bad] for i, c in cells if c.bad],
    }


def _numbers(cell: Cell) -> tuple[float, float, float]:
    found = (cell.mean, cell.low, cell.high)
    mean, low, high = (_held(v) for v in found)
    return mean, low, high


def _held(value: float | None) -> float:
    """Return a value within what the page's numbers can hold; a 0 stays exactly 0."""
    if value is None:
        return math.nan
    return value if value == 0 else math.copysign(min(max(abs(value), _LEAST), _MOST), value)


def _table(shape: tuple[int, int], cells: Iterable[tuple[int, int, float]]) -> Any:
    table = np.full(shape, np.nan, dtype=">f4")
    for row, column, value in cells:
        table[row, column] = value
    return table


def _packed(table: Any) -> str:
    """Return big-endian float32 without its last byte: five digits in four characters each."""
    raw = np.frombuffer(table.tobytes(), dtype=np.uint8).reshape(-1, 4)
    return base64.b64encode(raw[:, :3].tobytes()).decode()
