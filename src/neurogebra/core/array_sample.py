"""What shapes the parts of a formula have: read off one small example of its inputs."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from neurogebra.core.tree import NUMBER, SYMBOL, Node, in_order, number, symbol, symbols
from neurogebra.errors import BadValue, NeurogebraError
from neurogebra.ops import ALPHABET

Shape = tuple[int, ...]
# An example stays small, whatever a formula makes of it.
MAX_ELEMENTS = 2_000
_SIDE = 4
_SIZES = (5, 3, 4, 7, 6, 11, 13, 17)
_NUMBERS = re.compile(
    r"(n|k|d|lr|eps|epsilon|temperature|alpha|beta|gamma|delta|eta|theta|lambda|rho|sigma|tau|nu"
    r"|omega|zeta|kappa|[αβγδεηθλρστ]|d_\w)(\d|_.*)?"
)


class TooLarge(NeurogebraError):
    """An example that would grow beyond its bound."""


class Sample:
    """One value of every node, from which its shape is read; it keeps the nodes alive.

    values: name → number or array. labels: size → what that size is called.
    """

    def __init__(self, values: Mapping[str, Any], labels: Mapping[int, str] | None = None) -> None:
        self._values, self._labels = values, labels or {}
        self.labels = frozenset(self._labels.values())
        self._known: dict[int, Any] = {}
        self._alive: list[Node] = []

    def value(self, root: Node) -> Any:
        """Return the value of a formula at the example."""
        with np.errstate(all="ignore"):
            for node in in_order(root, known=self._known):
                found = self._computed(node)
                if np.size(found) > MAX_ELEMENTS:
                    raise TooLarge(f"an example of more than {MAX_ELEMENTS} elements")
                self._known[id(node)] = found
                self._alive.append(node)
        return self._known[id(root)]

    def shape(self, root: Node) -> Shape:
        """Return the shape of a formula; () is a number."""
        return tuple(np.shape(self.value(root)))

    def largest(self, root: Node) -> float:
        """Return the size of the largest finite number among a formula's parts."""
        self.value(root)
        parts = (np.abs(np.asarray(self._known[id(n)], float)) for n in in_order(root))
        return max(float(np.max(p, initial=0.0, where=np.isfinite(p))) for p in parts)

    def define(self, name: str, root: Node) -> None:
        """Let a name stand for a formula."""
        self._values = {**self._values, name: self.value(root)}

    def count(self, shape: Shape) -> Node | None:
        """Return the product of the names of sizes; None where one has no name."""
        if not self._labels or any(s not in self._labels for s in shape if s != 1):
            return None
        return math.prod((symbol(self._labels[s]) for s in shape if s != 1), start=number(1))

    def _computed(self, node: Node) -> Any:
        if node.op == NUMBER:
            return node.value
        if node.op == SYMBOL:
            if node.value not in self._values:
                size = next((s for s, label in self._labels.items() if label == node.value), None)
                if size is None:
                    raise BadValue("shapes", "a shape for every name", f"none for {node.value}")
                return size
            return self._values[node.value]
        args = [self._known[id(a)] for a in node.args]
        if node.op not in ALPHABET:  # a function known by name, element by element
            return args[0]
        return ALPHABET[node.op].value(*args, **dict(node.attrs))


def conventional(root: Node, scalars: Collection[str] = ()) -> list[Sample]:
    """Return examples by the custom of the field: A a matrix, x a vector, α and n numbers.

    Where that does not fit together, all names are matrices, then vectors; none where no
    custom fits. scalars: names that are numbers. The examples differ in their values.
    """
    names = symbols(root)
    for rank in (_by_custom, lambda name: 2, lambda name: 1):
        shapes = {n: (_SIDE,) * (0 if n in scalars else rank(n)) for n in names}
        sample = _fitting(root, shapes)
        if sample is not None:
            return [sample, *(s for i in (1, 2) if (s := _fitting(root, shapes, i)) is not None)]
    return []


def alike(root: Node, scalars: Collection[str], shape: Shape, which: int = 0) -> Sample | None:
    """Return an example whose names all have one shape, but for the `scalars`; None if unfit.

    which: the first has positive values; the others have both signs, so that conditions come
    out both ways.
    """
    return _fitting(root, {n: () if n in scalars else shape for n in symbols(root)}, which)


def _fitting(root: Node, shapes: Mapping[str, Shape], which: int = 0) -> Sample | None:
    fill = _mixed if which else _filled
    sample = Sample({n: fill(s, i + 10 * which) for i, (n, s) in enumerate(shapes.items())})
    try:
        sample.value(root)
    except (ValueError, TypeError, IndexError, ArithmeticError, NeurogebraError):
        return None
    return sample


def of_shapes(
    shapes: Mapping[str, Sequence[str | int]], values: Mapping[str, Any] | None = None
) -> Sample:
    """Return an example of declared shapes: {"X": ("n", "d"), "w": ("d",), "a": ()}.

    values: arrays for names whose values matter, such as indices. Raises BadValue for more
    sizes than there are.
    """
    given = values or {}
    labels: dict[str, int] = {}
    for shape in shapes.values():
        for size in shape:
            if isinstance(size, str) and size not in labels:
                if size in shapes:
                    raise BadValue("shapes", "sizes with names of their own", size)
                if len(labels) == len(_SIZES):
                    raise BadValue("shapes", f"at most {len(_SIZES)} named sizes", size)
                labels[size] = _SIZES[len(labels)]
    made = {
        name: given[name]
        if name in given
        else _filled(tuple(labels[s] if isinstance(s, str) else s for s in shape), i)
        for i, (name, shape) in enumerate(shapes.items())
    }
    return Sample(made, {size: label for label, size in labels.items()})


def is_number_name(name: str) -> bool:
    """Say whether a name is one that the field gives to numbers; a Greek letter itself is open."""
    return _NUMBERS.fullmatch(name) is not None and name[0].isascii()


def _by_custom(name: str) -> int:
    if _NUMBERS.fullmatch(name):
        return 0
    return 2 if name[0].isupper() else 1


def _filled(shape: Shape, which: int) -> Any:
    """Return a positive array, of its own for every `which`; square matrices are definite."""
    if not shape:
        return 1.5 + which
    size = math.prod(shape)
    if len(shape) >= 2 and shape[-1] == shape[-2]:
        block = np.diag(np.arange(1.0, shape[-1] + 1)) + 0.1 / (1 + which)
        return np.broadcast_to(block, shape).copy()
    return (0.2 + (np.arange(size) * (2 * which + 3) % 101) / 101).reshape(shape)


@lru_cache(maxsize=1024)
def _mixed(shape: Shape, which: int) -> Any:
    """Return values of both signs, whose magnitudes differ from place to place.

    Square matrices are far from singular; numbers are thresholds and rates, as a rule.
    """
    rng = np.random.default_rng([7, which])
    if not shape:
        return float(rng.uniform(0.05, 0.9))
    x = rng.normal(size=shape) * 10.0 ** rng.uniform(-1, 0.3, shape)
    if len(shape) >= 2 and shape[-1] == shape[-2]:
        return 0.3 * x + 2 * np.eye(shape[-1])
    return x
