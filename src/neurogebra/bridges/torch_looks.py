"""Statistics of many tensors at once: on the CPU in place, elsewhere with one transfer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from neurogebra.observatory import stats
from neurogebra.observatory.events import Stats
from neurogebra.observatory.stats import BINS, BOUNDED, RECTIFIED

HALF = (torch.bfloat16, torch.float16)
# Numbers of one histogram.
COUNTS = 2 * BINS + 1


@dataclass(frozen=True)
class Look:
    """What one array of one layer is; `axis` is that of its units, -1 for the last."""

    layer: str
    index: int
    site: str
    shape: tuple[int, ...]
    param: str = ""
    activation: str = ""
    axis: int = -1


class Reading:
    """Numbers on their way from a device to here; on the CPU they have arrived.

    From CUDA they come into pinned memory beside the work: asking whether they `arrived`
    waits for nothing.
    """

    def __init__(self, numbers: Tensor) -> None:
        self._event: torch.cuda.Event | None = None
        if numbers.device.type == "cuda":
            self._here = torch.empty(numbers.shape, dtype=numbers.dtype, pin_memory=True)
            self._here.copy_(numbers, non_blocking=True)
            self._event = torch.cuda.Event()  # type: ignore[no-untyped-call]
            self._event.record(torch.cuda.current_stream(numbers.device))
        else:
            self._here = numbers.cpu()

    @property
    def arrived(self) -> bool:
        """Whether the numbers are here."""
        return self._event is None or bool(self._event.query())  # type: ignore[no-untyped-call]

    def numbers(self) -> list[float]:
        """Return the numbers, after waiting for them if need be."""
        if self._event is not None:
            self._event.synchronize()
        found: list[float] = self._here.tolist()
        return found


def on_cpu(looks: Sequence[Look], arrays: Sequence[Tensor]) -> list[Stats]:
    """Return the statistics of arrays that lie in this memory, without a copy of them."""
    with np.errstate(all="ignore"):
        return [
            stats.seen(_numpy(x), look.activation, look.axis if look.axis >= 0 else None)
            for look, x in zip(looks, arrays, strict=True)
        ]


def counts_on_cpu(array: Tensor) -> tuple[int, ...]:
    """Return the histogram of an array that lies in this memory."""
    return stats.histogram(_numpy(array))


@torch.no_grad()
def counts_on_device(array: Tensor) -> Tensor:
    """Return what `stats.histogram` does, (COUNTS,) in float64, without waiting for the device."""
    x = _dense(array).reshape(-1)
    x = x.float() if x.dtype in HALF else x
    here = torch.isfinite(x)
    # |x| is from 2^(e - 1) to 2^e
    exponents = torch.frexp(torch.where(here, x, 0.0)).exponent
    size = (torch.div(exponents - 1, 2, rounding_mode="floor") + 13).clamp(0, BINS - 1)
    place = torch.where(x > 0, BINS + 1 + size, BINS - 1 - size)
    place = torch.where(x == 0, BINS, place).long()
    return x.new_zeros(COUNTS, dtype=torch.float64).scatter_add_(0, place, here.double())


@torch.no_grad()
def on_device(looks: Sequence[Look], arrays: Sequence[Tensor]) -> Tensor:
    """Return a row of numbers for each look, (looks, 7) in float64, for `stats_of`.

    Nothing waits for the device: the finite part is chosen by masks.
    """
    home = arrays[0].device
    arrays = [_dense(x) for x in arrays]
    finite = [torch.nan_to_num(x, nan=0.0, posinf=0.0, neginf=0.0) for x in arrays]
    norms = torch._foreach_norm(finite, 2, torch.float64)
    rows = []
    for look, x, y, norm in zip(looks, arrays, finite, norms, strict=True):
        here = torch.isfinite(x)
        parts = (
            here.sum(),
            y.sum(dtype=torch.float64),
            norm,
            torch.where(here, x, math.inf).amin(),
            torch.where(here, x, -math.inf).amax(),
            torch.count_nonzero(x),
            _share(look, x),
        )
        rows.append(torch.stack([p.to(home, torch.float64) for p in parts]))
    return torch.stack(rows)


def stats_of(look: Look, row: Sequence[float]) -> Stats:
    """Return the statistics that a row of `on_device` says of a look."""
    count, total, norm, least, most, nonzero, share = row
    size = math.prod(look.shape)
    if not count:
        nan = math.nan
        return Stats(size=size, mean=nan, std=nan, min=nan, max=nan, norm=nan, nonfinite=size)
    mean = total / count
    return Stats(
        size=size,
        mean=mean,
        std=math.sqrt(max(0.0, norm * norm / count - mean * mean)),
        min=least,
        max=most,
        norm=norm,
        zero_pct=100.0 * (size - nonzero) / size,
        nonfinite=size - int(count),
        dead_pct=share if look.activation in RECTIFIED else 0.0,
        saturated_pct=share if look.activation in BOUNDED else 0.0,
    )


def _numpy(array: Tensor) -> stats.Floats:
    x = _dense(array)
    found: stats.Floats = (x.float() if x.dtype in HALF else x).numpy()
    return found


def _dense(x: Tensor) -> Tensor:
    """Return an array whose elements can be looked at; of a sparse one, those it has."""
    x = x.detach()
    return x.coalesce().values() if x.is_sparse else x


def _share(look: Look, x: Tensor) -> Tensor:
    """Return the percentage of units that never fire, or of outputs far in the tails."""
    if look.activation in RECTIFIED:
        units = x.movedim(look.axis, -1) if look.axis >= 0 else x
        fires = (units.reshape(-1, units.shape[-1]) != 0).any(0)
        return 100.0 * (~fires).double().mean()
    if look.activation in BOUNDED:
        low, high = BOUNDED[look.activation]
        return 100.0 * (1.0 - ((x >= low) & (x <= high)).double().mean())
    return x.new_zeros((), dtype=torch.float64)
