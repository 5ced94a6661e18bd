"""How much each row counts in the loss: sample weights times class weights.

As in Keras, the weighted losses are summed and divided by how many rows there are, not by the
sum of the weights; metrics count every row alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from neurogebra.errors import DataError
from neurogebra.losses import LOSSES, Loss
from neurogebra.losses.record import BINARY, CLASSES, ROWS, SIGNS
from neurogebra.registry import near
from neurogebra.spec import ModelSpec, RunSpec
from neurogebra.training.targets import finite, numbers

Arrays = Mapping[str, np.ndarray]
BALANCED = "balanced"


def sample_weights(
    model: ModelSpec, run: RunSpec, y: Arrays, given: Any, where: str = "", *, part: bool = False
) -> dict[str, np.ndarray]:
    """Return head → a weight for each term of its loss's mean.

    given: (rows,), or (rows, steps) for sequences, or head → such an array; part: the rows are
    some of many, so that all may weigh 0. Raises DataError for shapes that do not fit and for
    weights that are negative, not finite or all 0.
    """
    name = f"{where} sample_weight" if where else "sample_weight"
    found = {}
    for head, array in _by_head(model, given, name).items():
        place = name if not isinstance(given, Mapping) else f"{name}[{head!r}]"
        weights = finite(place, numbers(place, array), run)
        shape = terms(_loss(model, run, head), y[head])
        if weights.shape != shape[: weights.ndim]:
            expected = " or ".join(str(shape[: i + 1]) for i in range(len(shape)))
            raise DataError(f"{place}: expected shape {expected}, got {weights.shape}")
        _positive(place, weights, part=part)
        found[head] = _spread(weights, shape)
    return found


def class_weights(model: ModelSpec, run: RunSpec, y: Arrays, given: Any) -> dict[str, np.ndarray]:
    """Return head → the weight of its class for each term of the loss's mean.

    given: class → weight (1 where not named), or "balanced" for rows / (classes · rows of the
    class), as scikit-learn has it; for several heads, head → such a value. Classes of a yes or
    no are 0 and 1. Raises DataError for classes that are not there and for weights that are
    negative, not finite or all 0.
    """
    found = {}
    for head, chosen in _chosen(model, given).items():
        loss = _loss(model, run, head)
        place = "class_weight" if len(model.heads) == 1 else f"class_weight[{head!r}]"
        labels, count = _labels(place, loss, y[head])
        table = _table(place, chosen, labels, count).astype(run.dtype)
        # one-hot rows of a loss whose terms are units: every unit of a row counts alike
        found[head] = _spread(table[labels], terms(loss, y[head]))
    return found


def terms(loss: Loss, y: np.ndarray) -> tuple[int, ...]:
    """Return the shape of a loss's weights for targets y; DataError if it takes none."""
    if not loss.over:
        raise DataError(
            f"{loss.name}: its value is not a mean over rows, so that rows cannot be weighted; "
            "leave out sample_weight and class_weight, or take another loss"
        )
    return y.shape[:-1] if loss.over == ROWS else y.shape


def product(*weights: Arrays) -> dict[str, np.ndarray]:
    """Return head → the product of its weights."""
    found: dict[str, np.ndarray] = {}
    for each in weights:
        for head, array in each.items():
            found[head] = found[head] * array if head in found else array
    return found


def _loss(model: ModelSpec, run: RunSpec, head: str) -> Loss:
    found = next(h for h in model.heads if h.name == head)
    return LOSSES[found.loss_of(run.loss, run.loss_options)[0]]


def _by_head(model: ModelSpec, given: Any, name: str) -> dict[str, Any]:
    """Return what each head was given; one value for all heads is each one's."""
    heads = [h.name for h in model.heads]
    if not isinstance(given, Mapping):
        return dict.fromkeys(heads, given)
    for head in given:
        if head not in heads:
            close = " or ".join(repr(c) for c in near(str(head), heads)) or ", ".join(heads)
            raise DataError(f"{name}: there is no head {head!r}; did you mean {close}?")
    return dict(given)


def _chosen(model: ModelSpec, given: Any) -> dict[str, Any]:
    if len(model.heads) == 1:
        return {model.heads[0].name: given}
    if not isinstance(given, Mapping):
        raise DataError(
            f"class_weight: a model of {len(model.heads)} heads takes head → weights, got {given!r}"
        )
    return _by_head(model, given, "class_weight")


def _labels(place: str, loss: Loss, y: np.ndarray) -> tuple[np.ndarray, int]:
    """Return each term's class as an integer, and how many classes there are."""
    if loss.target not in (BINARY, CLASSES, SIGNS):
        raise DataError(f"{place}: {loss.name} has no classes; use sample_weight")
    hard = np.isin(y, (-1, 1) if loss.target == SIGNS else (0, 1)).all()
    if not hard:
        raise DataError(f"{place}: the targets are shares of classes; use sample_weight")
    if loss.target == CLASSES:
        return y.argmax(-1), y.shape[-1]
    return (y > 0).astype(np.int64), 2


def _table(place: str, chosen: Any, labels: np.ndarray, count: int) -> np.ndarray:
    """Return the weight of each class: (count,)."""
    if isinstance(chosen, str) and chosen == BALANCED:
        rows = np.bincount(labels.reshape(-1), minlength=count)
        there = rows > 0
        found = labels.size / (there.sum() * np.where(there, rows, 1))
        return np.asarray(np.where(there, found, 1.0))
    if not isinstance(chosen, Mapping):
        raise DataError(f"{place}: expected class → weight or {BALANCED!r}, got {chosen!r}")
    table = np.ones(count)
    for key, value in chosen.items():
        number = 0 if key == -1 and count == 2 else key
        if isinstance(number, bool) or not isinstance(number, (int, np.integer)):
            raise DataError(f"{place}: classes are whole numbers, got {key!r}")
        if not 0 <= number < count:
            raise DataError(f"{place}: there is no class {key!r}, there are 0 to {count - 1}")
        if isinstance(value, (bool, str)) or not np.isscalar(value) or not np.isfinite(value):
            raise DataError(f"{place}: expected a finite number for class {key!r}, got {value!r}")
        table[number] = value
    _positive(place, table)
    return table


def _positive(place: str, weights: np.ndarray, *, part: bool = False) -> None:
    bad = np.argwhere(weights < 0)
    if bad.size:
        at = tuple(int(i) for i in bad[0])
        raise DataError(f"{place}: weight {at[0]} is {weights[at]:g}; weights are at least 0")
    if not part and not weights.any():
        raise DataError(f"{place}: every weight is 0, so that nothing would be learned")


def _spread(weights: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Give every unit (and step) its row's weight, as an array of its own."""
    more = len(shape) - weights.ndim
    return np.ascontiguousarray(
        np.broadcast_to(weights.reshape(*weights.shape, *[1] * more), shape)
    )
