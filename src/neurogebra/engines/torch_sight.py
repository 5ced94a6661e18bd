"""What a probed step of the torch engine saw, as arrays that lie as the spec says."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from neurogebra.engines.protocol import Change, Seen, Standing, looked_at
from neurogebra.engines.torch_order import Order, Place, spread
from neurogebra.spec import ModelSpec

# Elements up to which what a layer gave or got is copied to an array that stays: that takes less
# than a new array and everything that is worked out about it.
SHORT = 1 << 13
# Sizes of batches whose arrays stay; the oldest goes first.
KEPT_SEATS = 16
_NONE = np.zeros(0)

Key = tuple[str, str]


class Seat(NamedTuple):
    """What probed steps of one size of batch see.

    many: how many tensors there are, of layers and of parameters' gradients apart from g;
    copied: which of them are copied into the tensors `into`, None where all are; rows: what is
    seen; moving: of the other tensors their row, their number and where parameters lie.
    """

    many: int
    copied: tuple[int, ...] | None
    into: list[Tensor]
    rows: Standing
    moving: tuple[tuple[int, int, Place | None], ...]


class Sight:
    """The arrays of probed steps; the same ones in each where torch allows it.

    w, g: (n,) all trained numbers of the network and their gradients; places: the parameters'
    parts of g, by name. asks_input: whether a probed step takes the gradient of its input, too.
    """

    def __init__(
        self, model: ModelSpec, order: Order, w: Tensor, g: Tensor, places: Mapping[str, Tensor]
    ) -> None:
        self._model, self._order, self._w, self._g, self._places = model, order, w, g, places
        # A first layer with weights needs no gradient of its input for that of its output.
        first = next(iter(model.placed()))
        self.asks_input = not first.layer.shapes(first.in_shape)
        self._stays = w.device.type == "cpu" and order.is_view
        self._change: Change | None = None  # made with the first probed step
        self._seats: dict[int, Seat] = {}

    def begin(self, probe: bool) -> None:
        """Remember the weights before the update of a probed step; they move on in any case."""
        if probe:
            if self._change is None:
                order, w = self._order, self._w
                self._change = Change(numbers(w), order.split) if self._stays else Away(w, order)
            self._change.begin()
        elif self._change is not None:
            self._change.lost = True

    def end(
        self,
        rows: int,
        outputs: Mapping[str, Tensor],
        looked: Mapping[str, Tensor],
        grads: Sequence[Tensor | None],
    ) -> tuple[Seen, ...]:
        """Return what was seen of each array.

        rows: of the batch; outputs: by layer; looked: the tensors whose gradients are shown;
        grads: those of the parameters where they are not in g, else none.
        """
        found: list[Tensor | None] = [value.detach() for value in outputs.values()]
        found += [value.grad for value in looked.values()]
        found += grads
        values = [value for value in found if value is not None]
        seat = self._seats.get(rows)
        if seat is None or seat.many != len(values):
            keys = [*(("forward", n) for n in outputs), *(("backward", n) for n in looked)]
            keys += [("gradient", name) for name in self._places] if grads else []
            there = {k: v for k, v in zip(keys, found, strict=True) if v is not None}
            if not self._stays:
                return self._anew(there)
            seat = self._seated(rows, there)
        copied = seat.copied
        _copy(seat.into, values if copied is None else [values[i] for i in copied])
        if copied is None:
            return seat.rows
        seen = list(seat.rows)
        for at, i, place in seat.moving:
            array = numbers(values[i])
            array = array if place is None else spread(array.reshape(-1), place)
            seen[at] = seen_at(seen[at], array)
        return tuple(seen)

    def _anew(self, values: Mapping[Key, Tensor]) -> tuple[Seen, ...]:
        """Return what was seen in arrays made for it."""
        for name, place in self._places.items():
            if ("gradient", name) in values:
                place.copy_(values["gradient", name])
        return tuple(self._looked_at({key: numbers(value) for key, value in values.items()}))

    def _seated(self, rows: int, values: Mapping[Key, Tensor]) -> Seat:
        """Make the arrays that stay for batches of so many rows."""
        keys = list(values)
        short = [key for key in keys if values[key].numel() <= SHORT]
        room: dict[Key, np.ndarray] = {}
        for site in ("forward", "backward"):
            shapes = {key: values[key].shape for key in short if key[0] == site}
            room.update(_side_by_side(shapes, numbers(self._w).dtype))
        into = [
            self._places[k[1]] if k[0] == "gradient" else torch.from_numpy(room[k]) for k in short
        ]
        seen = Standing(self._looked_at(dict.fromkeys(keys, _NONE) | room))
        moving = []
        for at, row in enumerate(seen):
            key = row.site, f"{row.layer}.{row.param}" if row.param else row.layer
            if key in values and key not in short:
                place = self._order.places[key[1]] if row.param else None
                moving.append((at, keys.index(key), place))
        copied = tuple(map(keys.index, short)) if moving else None
        while len(self._seats) >= KEPT_SEATS:
            del self._seats[next(iter(self._seats))]
        seat = self._seats[rows] = Seat(len(keys), copied, into, seen, tuple(moving))
        return seat

    def _looked_at(self, values: Mapping[Key, np.ndarray]) -> Iterator[Seen]:
        assert self._change is not None  # noqa: S101 - for the type checker: `begin` made it
        flat = {"gradient": self._g, "weight": self._w}
        arrays = {site: self._order.split(numbers(tensor)) for site, tensor in flat.items()}
        return looked_at(self._model, values, arrays, self._change)


class Away(Change):
    """The change of weights on a GPU, or that lie in another order: made anew in each step."""

    def __init__(self, w: Tensor, order: Order) -> None:
        super().__init__(_NONE, lambda _: {})
        self._tensor, self._order, self._before = w, order, torch.empty_like(w)

    def _remember(self) -> None:
        self._before.copy_(self._tensor)

    def _subtract(self) -> None:
        torch.sub(self._tensor, self._before, out=self._before)
        self.flat = numbers(self._before)
        self.parts = self._order.split(self.flat)


def _side_by_side(shapes: Mapping[Key, tuple[int, ...]], dtype: Any) -> dict[Key, np.ndarray]:
    """Return arrays of these shapes, one behind the other in one flat array."""
    sizes = [math.prod(shape) for shape in shapes.values()]
    pieces = np.split(np.zeros(sum(sizes), dtype), np.cumsum(sizes)[:-1]) if sizes else []
    return {key: p.reshape(shapes[key]) for key, p in zip(shapes, pieces, strict=True)}


def _copy(into: list[Tensor], given: list[Tensor]) -> None:
    if into:
        torch._foreach_copy_(into, given)


def seen_at(row: Seen, array: np.ndarray) -> Seen:
    """Return a row with another array, in a fraction of the time of `replace`."""
    return Seen(row.index, row.layer, row.site, row.param, array)


def numbers(tensor: Tensor) -> np.ndarray:
    """Return a tensor as an array, of narrow floats in float32; the array may look into it."""
    wide = tensor.float() if tensor.dtype in (torch.bfloat16, torch.float16) else tensor
    found: np.ndarray = wide.numpy(force=True)
    return found
