"""What generated sets are made with: shuffled points, float32 answers, and the record of a draw."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neurogebra.datasets.generated.options import spread, whole
from neurogebra.datasets.record import Best, Column, Dataset
from neurogebra.errors import DataError

Floats: TypeAlias = NDArray[np.floating[Any]]
Drawn: TypeAlias = tuple[NDArray[Any], NDArray[Any]]

NUMBER = Column(name="y", kind="numeric")
NO_RIGHTS = "no rights apply: drawn on demand"


def record(
    draw: Callable[..., Drawn],
    title: str,
    summary: str,
    *,
    features: tuple[Column, ...],
    target: Column,
    task: str,
    use_cases: tuple[str, ...],
    category: str = "synthetic",
    origin: str = "generated",
    score: tuple[str, Callable[..., float]] | None = None,
    **facts: Any,
) -> Dataset:
    """The record of what `draw` draws: its name is the id, its default size the recorded one.

    score: the name of a metric and a function of some of draw's options that returns the best
    value of it.
    """
    return Dataset(
        id=draw.__name__,
        title=title,
        summary=summary,
        category=category,
        task=task,
        origin=origin,
        licence=NO_RIGHTS,
        n_samples=inspect.signature(draw).parameters["n_samples"].default,
        features=features,
        target=target,
        use_cases=use_cases,
        draw=draw,
        best=score and Best(metric=score[0], score=_optimum(draw, score[1])),
        **facts,
    )


def series(
    draw: Callable[..., Drawn],
    title: str,
    summary: str,
    *,
    use_cases: tuple[str, ...],
    **facts: Any,
) -> Dataset:
    """The record of a simulated series: t and y of a draw."""
    return record(
        draw,
        title,
        summary,
        features=numbers("t"),
        target=NUMBER,
        task="forecasting",
        category="timeseries",
        origin="simulated",
        use_cases=use_cases,
        **facts,
    )


def numbers(*names: str) -> tuple[Column, ...]:
    """Numeric features."""
    return tuple(Column(name=name, kind="numeric") for name in names)


def classes(n: int) -> Column:
    """A class to predict, one of `n`: "0", "1" …"""
    return Column(name="label", kind="categorical", categories=tuple(map(str, range(n))))


def single(values: Floats) -> NDArray[np.float32]:
    """As float32; raises DataError where the options led to numbers that it cannot hold."""
    with np.errstate(over="ignore"):
        narrow = values.astype(np.float32)
    if not np.isfinite(narrow).all():
        raise DataError("these options lead to numbers beyond float32; choose smaller ones")
    return narrow


def sizes(n_samples: object, n_classes: int) -> list[int]:
    """The rows of each class: equal, the first n mod `n_classes` having one more."""
    n = whole("n_samples", n_samples, n_classes)
    return [n // n_classes + (k < n % n_classes) for k in range(n_classes)]


def pairs(x: Floats, y: Floats) -> Floats:
    """Points of the plane: (n,), (n,) → (n, 2)."""
    return np.stack([x, y], axis=-1)


def polar(radius: Floats | float, angle: Floats) -> Floats:
    """Points of the plane by radius and angle: (n,), (n,) → (n, 2)."""
    return pairs(radius * np.cos(angle), radius * np.sin(angle))


def shuffled(rng: np.random.Generator, points: Sequence[Floats], noise: float) -> Drawn:
    """Points by class, in random order, each coordinate with N(0, noise²) added."""
    X = np.concatenate(points)
    y = np.repeat(np.arange(len(points)), [len(p) for p in points])
    order = rng.permutation(len(X))
    X = X[order] + rng.normal(0, spread("noise", noise), X.shape)
    return single(X), y[order].astype(np.int64)


def flipped(rng: np.random.Generator, y: NDArray[Any], flip: float) -> NDArray[np.int64]:
    """Labels 0 and 1, each turned round with probability `flip`."""
    return (y.astype(bool) ^ (rng.random(len(y)) < flip)).astype(np.int64)


def _optimum(draw: Callable[..., Drawn], score: Callable[..., float]) -> Callable[..., float]:
    def best(*args: Any, **options: Any) -> float:
        bound = inspect.signature(draw).bind(None, *args, **options)
        bound.apply_defaults()
        wanted = inspect.signature(score).parameters
        return float(score(**{name: bound.arguments[name] for name in wanted}))

    best.__doc__ = score.__doc__
    return best
