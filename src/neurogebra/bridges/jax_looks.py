"""What JAX arrays look like, as one vector worked out inside the step that has them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from neurogebra.bridges.desk import Sight
from neurogebra.errors import BadValue
from neurogebra.observatory.events import Stats
from neurogebra.observatory.stats import BOUNDED, RECTIFIED

jax: Any = import_module("jax")
jnp: Any = import_module("jax.numpy")

# Numbers that one array gives.
WIDTH = 8


@dataclass(frozen=True)
class Statistics:
    """The numbers of many arrays: one vector, and what each stretch of it is.

    vector: float32, eight numbers an array, on the device where they were worked out; JAX
    carries it through jit, scan and cond as a pytree whose only leaf it is. sights: the arrays.
    """

    vector: Any
    sights: tuple[Sight, ...]

    def stats(self) -> list[Stats]:
        """Return the statistics of each array, after waiting for the numbers."""
        shape = (len(self.sights), WIDTH)
        rows = jax.device_get(self.vector).astype("float64").reshape(shape).tolist()
        return [_stats(sight, row) for sight, row in zip(self.sights, rows, strict=True)]


jax.tree_util.register_dataclass(Statistics, data_fields=["vector"], meta_fields=["sights"])


def jax_statistics(
    params: Any,
    grads: Any = None,
    activations: Any = None,
    updates: Any = None,
    *,
    functions: Mapping[str, str] | None = None,
) -> Statistics:
    """Return the statistics of a step's arrays, for `JaxWatch.step`.

    Pure: call it in the jitted step and return what it gives beside the loss. params, grads and
    updates: pytrees of one form, whose paths name layer and parameter; activations: a pytree of
    outputs (rows, …, units), named by their layers. functions: activation → which of ours it
    came from ("relu", "tanh"), so that units that never fire are known as such. An array that
    is not real is left out. No values are counted into histograms: that takes several times as
    long as all of these numbers, and would make the vector six times as long. Raises BadValue
    for an unknown layer in functions.
    """
    known = dict(functions or {})
    heard = dict(_named(activations))
    for name in known:
        if name not in heard:
            raise BadValue(f"functions[{name!r}]", f"a name among {sorted(heard)}", name)
    order = {name: i for i, name in enumerate(_layers(params, heard))}
    found = [
        (Sight(k, order[k], "forward", tuple(x.shape), "", known.get(k, "")), x)
        for k, x in heard.items()
    ]
    for site, tree in (("weight", params), ("gradient", grads), ("update", updates)):
        for name, x in _named(tree):
            layer, param = _split(name)
            index = order.setdefault(layer, len(order))
            found.append((Sight(layer, index, site, tuple(x.shape), param), x))
    rows = [_row(sight, x) for sight, x in found]
    vector = jnp.concatenate(rows) if rows else jnp.zeros(0, jnp.float32)
    return Statistics(vector, tuple(sight for sight, _ in found))


def sights_of(params: Any) -> list[Sight]:
    """Return a sight of each real array among parameters."""
    split = [(*_split(name), x) for name, x in _named(params)]
    order = {name: i for i, name in enumerate(dict.fromkeys(layer for layer, _, _ in split))}
    return [
        Sight(layer, order[layer], "weight", tuple(x.shape), param) for layer, param, x in split
    ]


def _layers(params: Any, heard: Mapping[str, Any]) -> list[str]:
    """Return the layers in the order of their parameters; those that have none come after."""
    return list(dict.fromkeys([*(_split(name)[0] for name, _ in _named(params)), *heard]))


def _named(tree: Any) -> Iterator[tuple[str, Any]]:
    """Yield the real arrays of a pytree by their paths; Flax's outermost "params" is no layer."""
    for path, x in jax.tree_util.tree_flatten_with_path(tree)[0]:
        if not jnp.issubdtype(jnp.result_type(x), jnp.floating) or not jnp.size(x):
            continue
        name = jax.tree_util.keystr(path, simple=True, separator=".")
        yield name.removeprefix("params.").removesuffix(".value"), jnp.asarray(x)


def _split(name: str) -> tuple[str, str]:
    layer, _, param = name.rpartition(".")
    return layer or param or "params", param if layer else ""


def _row(sight: Sight, x: Any) -> Any:
    """Return (nonfinite, mean, std, min, max, norm, % zero, % at the activation's end)."""
    wide = x.astype(jnp.float32) if x.dtype.itemsize < 4 else x
    here = jnp.isfinite(wide)
    count = here.sum(dtype=jnp.float32)
    safe = jnp.where(here, wide, 0)
    mean = safe.sum() / count
    away = jnp.where(here, wide - mean, 0)
    low = jnp.where(here, wide, jnp.inf).min()
    high = jnp.where(here, wide, -jnp.inf).max()
    scale = jnp.maximum(jnp.abs(safe).max(), jnp.finfo(wide.dtype).tiny)
    parts = (
        (~here).sum(dtype=jnp.float32),
        mean,
        jnp.sqrt((away * away).sum() / count),
        low,
        high,
        scale * jnp.sqrt(((safe / scale) ** 2).sum()),
        100.0 * (wide == 0).mean(dtype=jnp.float32),
        _share(sight, wide),
    )
    return jnp.stack([p.astype(jnp.float32) for p in parts])


def _share(sight: Sight, x: Any) -> Any:
    """Return the percentage of units that never fire, or of outputs far in the tails."""
    if sight.activation in RECTIFIED:
        units = x.reshape(-1, x.shape[-1]) if x.ndim else x.reshape(1, 1)
        return 100.0 * (~(units != 0).any(axis=0)).mean(dtype=jnp.float32)
    if sight.activation in BOUNDED:
        low, high = BOUNDED[sight.activation]
        return 100.0 * (~((x >= low) & (x <= high))).mean(dtype=jnp.float32)
    return jnp.zeros((), jnp.float32)


def _stats(sight: Sight, row: Sequence[float]) -> Stats:
    lost, mean, std, low, high, norm, zero, share = row
    size = math.prod(sight.shape)
    if lost >= size:
        nan = math.nan
        return Stats(size=size, mean=nan, std=nan, min=nan, max=nan, norm=nan, nonfinite=size)
    return Stats(
        size=size,
        mean=mean,
        std=std,
        min=low,
        max=high,
        norm=norm,
        zero_pct=zero,
        nonfinite=int(lost),
        dead_pct=share if sight.activation in RECTIFIED else 0.0,
        saturated_pct=share if sight.activation in BOUNDED else 0.0,
    )
