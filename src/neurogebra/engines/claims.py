"""The words in which the conformance suite speaks: claims that fail with a sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from neurogebra.engines.protocol import Engine, Network
from neurogebra.engines.reference import first_batch, first_weights
from neurogebra.errors import BadValue, short
from neurogebra.layers import BatchNorm, Dense, Dropout
from neurogebra.spec import ModelSpec, RunSpec

Arrays = Mapping[str, np.ndarray]
NET = ModelSpec("net", (3,), (Dense(5, "tanh"), BatchNorm(), Dropout(0.25), Dense(2)))


def claim(holds: bool, sentence: str) -> None:
    """Raise AssertionError with `sentence` unless it holds."""
    if not holds:
        raise AssertionError(sentence)


def exact(found: Any, expected: Any, what: str) -> None:
    """Claim that two values, or two arrays bit by bit, are the same."""
    same = bool(np.array_equal(found, expected, equal_nan=_is_float(found)))
    claim(same, f"{what}: expected {short(expected)}, got {short(found)}")


def close(found: Any, expected: Any, what: str, tolerance: float) -> None:
    """Claim that numbers agree to `tolerance`, relative to the largest and at least 1."""
    claim(np.shape(found) == np.shape(expected), f"{what}: shape {np.shape(found)}")
    gap = np.abs(np.asarray(found, float) - expected)
    off = float(np.max(gap / max(1.0, float(np.max(np.abs(expected))))))
    claim(off <= tolerance, f"{what} is off by {off:.1e} (at most {tolerance:.0e})")


def refuses(what: str, action: Callable[..., Any], *args: Any, **options: Any) -> None:
    """Claim that action(*args, **options) raises BadValue."""
    try:
        action(*args, **options)
    except BadValue:
        return
    raise AssertionError(f"{what} was taken without BadValue")


def build(
    engine: Engine, model: ModelSpec, weights: Arrays, *, seed: int = 0, **run: Any
) -> Network:
    """Build a network in float64 whose stream is default_rng(seed); `run`: fields of RunSpec."""
    spec = RunSpec(**{"dtype": "float64", "optimizer": "sgd", **run})
    return engine.build(model, spec, weights, np.random.default_rng(seed))


def network(engine: Engine, **run: Any) -> tuple[Network, tuple[np.ndarray, Arrays]]:
    """Build the suite's usual network, which has all that has state, and a batch for it."""
    return build(engine, NET, first_weights(NET, 0), **run), first_batch(NET, "mse", 6, 0)


def _is_float(value: Any) -> bool:
    return np.asarray(value).dtype.kind == "f"
