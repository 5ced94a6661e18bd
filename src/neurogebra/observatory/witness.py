"""Little runs, built by hand, that the health rules are shown as witnesses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from neurogebra.observatory.events import (
    BatchEnd,
    EpochEnd,
    Event,
    LayerInfo,
    LayerSeen,
    Stats,
    TrainStart,
)

ORDINARY: Mapping[str, Any] = {
    "rows": 320,
    "columns": 8,
    "x_size": 3.0,
    "x_spread": 1.0,
    "x_least": 0.9,
    "x_constant": 0.0,
    "y_low": 0.0,
    "y_high": 1.0,
    "y_mean": 0.5,
    "y_spread": 0.5,
    "y_whole": True,
    "y_kinds": 2,
    "one_hot": False,
    "classes": 2,
    "largest": 0.5,
    "smallest": 0.5,
    "shift": 0.0,
    "first": "Dense",
    "hidden": 1,
    "output": "sigmoid",
    "units": 1,
    "loss": "binary_crossentropy",
    "takes": "binary",
    "logits": "",
    "drops": False,
    "kernels": (),
}
"""Facts of a run with nothing wrong: a binary classifier on standardised inputs."""


def start(
    epochs: int = 10,
    batches: int = 10,
    layers: Sequence[str] = ("dense_0", "dense_1"),
    baseline: Mapping[str, float] | None = None,
    outputs: int = 1,
    *,
    facts: Mapping[str, Any] | None = None,
    activations: Sequence[str] = (),
    units: int = 8,
    rows: int = 320,
    **run: Any,
) -> tuple[Event, ...]:
    """The beginning of a run with these layers, the last of them its output.

    facts: known of the data, beside what is ordinary; activations: of the layers, in order;
    units: of the hidden layers; run: further settings.
    """
    known = {**ORDINARY, **facts} if facts is not None else {}
    told = {"baseline": dict(baseline or {}), "facts": known, **run}
    acts = (*activations, *("",) * (len(layers) - len(activations)))
    infos = tuple(
        LayerInfo(
            name=name,
            type="Dense",
            formula="",
            gradient=(),
            in_shape=(8,),
            out_shape=(outputs if i == len(layers) - 1 else units,),
            params=8,
            activation=acts[i],
        )
        for i, name in enumerate(layers)
    )
    return (
        TrainStart(
            name="witness",
            engine="none",
            seed=0,
            epochs=epochs,
            batches=batches,
            train_rows=rows,
            val_rows=80,
            layers=infos,
            params=8 * len(infos),
            run={k: v for k, v in told.items() if v or v is False},
        ),
    )


def losses(*values: float, first: int = 1) -> tuple[Event, ...]:
    """One batch for each loss."""
    return tuple(
        BatchEnd(epoch=0, batch=i, step=first + i, rows=32, loss=loss)
        for i, loss in enumerate(values)
    )


def epochs(steps: int = 10, **curves: Sequence[float]) -> tuple[Event, ...]:
    """One epoch for each value of the curves, with so many steps in each."""
    return tuple(
        EpochEnd(
            epoch=i,
            step=steps * (i + 1),
            metrics=dict(zip(curves, values, strict=True)),
            learning_rate=0.01,
            seconds=0.1,
        )
        for i, values in enumerate(zip(*curves.values(), strict=True))
    )


def stats(**known: Any) -> Stats:
    """The statistics of an ordinary array, but for what is named."""
    ordinary = {"size": 64, "mean": 0.0, "std": 1.0, "min": -3.0, "max": 3.0, "norm": 8.0}
    return Stats(**{**ordinary, **known})


def seen(
    site: str,
    norms: Sequence[float] = (8.0,) * 20,
    layer: str = "dense_0",
    rows: int = 32,
    activation: str = "relu",
    at: int = 0,
    **known: Any,
) -> tuple[Event, ...]:
    """One sighting of an array of a layer for each norm, one step apart, after `at` steps."""
    param = "" if site in ("forward", "backward") else "W"
    return tuple(
        LayerSeen(
            epoch=0,
            batch=i,
            step=at + i + 1,
            index=0,
            layer=layer,
            site=site,
            shape=(8, 8) if param else (rows, 8),
            stats=stats(**{"norm": norm, **known}),
            param=param,
            activation="" if param else activation,
        )
        for i, norm in enumerate(norms)
    )


def together(*runs: tuple[Event, ...]) -> tuple[Event, ...]:
    """The events of several runs of equal length, step by step side by side."""
    return tuple(event for step in zip(*runs, strict=True) for event in step)
