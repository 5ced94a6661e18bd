"""All trained numbers of a network in one flat array, seen as its parameters."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from contextvars import Context, copy_context

import numpy as np

from neurogebra.errors import BadValue
from neurogebra.spec import ModelSpec


def model_parameters(model: ModelSpec) -> dict[str, tuple[int, ...]]:
    """Return the trained parameters' shapes by name, in the order of the layers."""
    return {
        f"{p.name}.{key}": shape
        for p in model.placed()
        for key, shape in p.layer.shapes(p.in_shape).items()
    }


class Store:
    """Flat weights and gradients, and views of them by parameter name.

    w, g: (n,) in the run's dtype; views: every parameter and every kept state by name;
    grads: the gradient of every trained parameter. Raises BadValue for first weights that
    are missing, misshapen or unknown.
    """

    def __init__(
        self,
        shapes: Mapping[str, tuple[int, ...]],
        states: Iterable[str],
        weights: Mapping[str, np.ndarray],
        dtype: str,
    ) -> None:
        self.dtype: np.dtype[np.floating] = np.dtype(dtype)
        self._shapes = dict(shapes)
        total = sum(math.prod(s) for s in shapes.values())
        self.w, self.g = np.zeros(total, self.dtype), np.zeros(total, self.dtype)
        self.views, self.grads = self.split(self.w), self.split(self.g)
        for name in states:
            self.views[name] = np.zeros_like(_needed(weights, name), self.dtype)
        unknown = [n for n in weights if n not in self.views]
        if unknown:
            raise BadValue("weights", f"only {', '.join(self.views)}", unknown[0])
        self.fill(weights)

    def split(self, flat: np.ndarray) -> dict[str, np.ndarray]:
        """Return the parameters' views of a flat array."""
        found, start = {}, 0
        for name, shape in self._shapes.items():
            size = math.prod(shape)
            found[name] = flat[start : start + size].reshape(shape)
            start += size
        return found

    def copies(self, names: Iterable[str]) -> dict[str, np.ndarray]:
        """Return copies of the arrays by name."""
        return {n: self.views[n].copy() for n in names}

    def fill(self, weights: Mapping[str, np.ndarray]) -> None:
        """Copy arrays into the views of their names; all trained ones when any is trained."""
        names = self.views if any(n in self._shapes for n in weights) else weights
        for name in names:
            _copy(f"weights[{name!r}]", self.views[name], _needed(weights, name))

    def restore(self, state: Mapping[str, np.ndarray], slots: Mapping[str, np.ndarray]) -> None:
        """Copy a saved state's weights/… and slots/… into place."""
        _check("step", np.zeros(()), _needed(state, "step"))
        pairs = [(view, f"weights/{name}") for name, view in self.views.items()]
        pairs += [(slot, f"slots/{name}") for name, slot in slots.items()]
        for target, name in pairs:  # all are looked at before the first is copied
            _check(name, target, _needed(state, name))
        for target, name in pairs:
            _copy(name, target, state[name])


def _needed(arrays: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    found = arrays.get(name)
    if found is None:
        raise BadValue("weights", f"an array {name!r}", None, f"there are {sorted(arrays)[:8]}")
    return found


def _check(where: str, target: np.ndarray, source: np.ndarray) -> None:
    if np.shape(source) != target.shape:
        raise BadValue(where, f"shape {target.shape}", np.shape(source))


def _copy(where: str, target: np.ndarray, source: np.ndarray) -> None:
    _check(where, target, source)
    np.copyto(target, source, casting="same_kind")


def put(buffer: np.ndarray, given: np.ndarray) -> None:
    """Copy numbers of the same shape; of the same dtype too in the shorter way."""
    if given.dtype is buffer.dtype:
        buffer[...] = given
    else:
        np.copyto(buffer, given)


def quiet() -> Context:
    """Return a context in which NumPy says nothing of overflow: the loop looks at the loss."""
    found = copy_context()
    found.run(np.seterr, all="ignore")
    return found
