"""The two events of which there are many, as lines without a general encoder on the way."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quoted
from math import isfinite
from typing import Any, TypeAlias

from neurogebra.observatory.events import BatchEnd, Event, LayerSeen, Stats

Line: TypeAlias = Callable[[Any, float, int, int], str | None]

# A number of NumPy's that is no Python float, or text in place of one, is a TypeError here.
_real, _whole = float.__repr__, int.__repr__


def layer_line(event: LayerSeen, time: float, seq: int, step: int) -> str | None:
    """Return the line of an array; None for what takes the general way, as NaN does."""
    s = event.stats
    if event.epoch < 0 or event.batch < 0:
        return None
    try:
        rest = _rest(s)
        if rest is None or not all(map(isfinite, (s.mean, s.std, s.min, s.max, s.norm, time))):
            return None
        middle, tail = _place(
            event.index, event.layer, event.site, event.shape,
            event.param, event.activation, event.formula,
        )  # fmt: skip
        if event.histogram:
            tail += f',"histogram":[{",".join(map(_whole, event.histogram))}]'
        if event.rare:
            if not all(map(isfinite, event.rare.values())):
                return None
            told = ",".join(f"{quoted(n)}:{_real(v)}" for n, v in event.rare.items())
            tail += f',"rare":{{{told}}}'
        return (
            f'{{"event_type":"layer_seen","level":"EXPERT","timestamp":{_real(time)},'
            f'"seq":{_whole(seq)},"step":{_whole(step)},"epoch":{_whole(event.epoch)},'
            f'"severity":"info","message":"","batch":{_whole(event.batch)},{middle}'
            f'{_whole(s.size)},"mean":{_real(s.mean)},"std":{_real(s.std)},'
            f'"min":{_real(s.min)},"max":{_real(s.max)},"norm":{_real(s.norm)}{rest}}}{tail}}}}}'
        )
    except TypeError:
        return None


def _rest(s: Stats) -> str | None:
    """Return the statistics that are not what they are by default; None for a NaN."""
    rest = ""
    if s.zero_pct or s.nonfinite or s.dead_pct or s.saturated_pct:
        if not all(map(isfinite, (s.zero_pct, s.dead_pct, s.saturated_pct))):
            return None
        rest += f',"zero_pct":{_real(s.zero_pct)}' if s.zero_pct else ""
        rest += f',"nonfinite":{_whole(s.nonfinite)}' if s.nonfinite else ""
        rest += f',"dead_pct":{_real(s.dead_pct)}' if s.dead_pct else ""
        rest += f',"saturated_pct":{_real(s.saturated_pct)}' if s.saturated_pct else ""
    for name, value in (("idle_pct", s.idle_pct), ("row_std", s.row_std)):
        if value is not None:
            if not isfinite(value):
                return None
            rest += f',"{name}":{_real(value)}'
    return rest


@lru_cache(maxsize=4096)
def _place(
    index: int,
    layer: str,
    site: str,
    shape: tuple[int, ...],
    param: str,
    activation: str,
    formula: str,
) -> tuple[str, str]:
    """Return what a line says of an array before and after its numbers."""
    middle = (
        f'"layer_index":{_whole(index)},"layer_name":{quoted(layer)},"data":{{'
        f'"site":{quoted(site)},"shape":[{",".join(map(_whole, shape))}],"stats":{{"size":'
    )
    told = {"param": param, "activation": activation, "formula": formula}
    tail = "".join(f',"{name}":{quoted(text)}' for name, text in told.items() if text)
    return middle, tail


def batch_line(event: BatchEnd, time: float, seq: int, step: int) -> str | None:
    """Return the line of an update; None for what takes the general way, as NaN does."""
    if event.epoch < 0:
        return None
    try:
        if not all(map(isfinite, (event.loss, event.seconds, time, *event.metrics.values()))):
            return None
        metrics = "".join(f",{quoted(n)}:{_real(v)}" for n, v in event.metrics.items())
        metrics = f',"metrics":{{{metrics[1:]}}}' if metrics else ""
        seconds = f',"seconds":{_real(event.seconds)}' if event.seconds else ""
        return (
            f'{{"event_type":"batch_end","level":"DETAILED","timestamp":{_real(time)},'
            f'"seq":{_whole(seq)},"step":{_whole(step)},"epoch":{_whole(event.epoch)},'
            f'"severity":"info","message":"","batch":{_whole(event.batch)},"data":{{'
            f'"rows":{_whole(event.rows)},"loss":{_real(event.loss)}{metrics}{seconds}}}}}'
        )
    except TypeError:
        return None


QUICK: dict[type[Event], Line] = {LayerSeen: layer_line, BatchEnd: batch_line}
