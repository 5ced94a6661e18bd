"""Which numbers of a network an update treats alike, and which it leaves alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from neurogebra.errors import BadValue
from neurogebra.optim import OPTIMIZERS
from neurogebra.optim.record import PARAMETER
from neurogebra.spec import Group, RunSpec
from neurogebra.spec.check import did_you_mean

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Part:
    """The numbers start … stop of the flat arrays, updated by one rule with one setting.

    shape: of the one parameter that they are, kernels as matrices (…, out); () for numbers that
    lie side by side, of one parameter or several. rate: a factor on the learning rate.
    """

    start: int
    stop: int
    shape: tuple[int, ...]
    rate: float
    decay: float

    @property
    def place(self) -> slice:
        """Where the numbers lie in the flat arrays."""
        return slice(self.start, self.stop)

    @property
    def setting(self) -> tuple[tuple[int, ...], float, float]:
        """What the formulas of the update depend on."""
        return self.shape, self.rate, self.decay


def parts(run: RunSpec, shapes: Shapes) -> tuple[Part, ...]:
    """Return the parts of a network that are trained, in the order of the flat arrays.

    shapes: "layer.parameter" → shape, in that order. Raises BadValue for a group that matches
    no parameter, and where groups freeze every one.
    """
    found: list[Part] = []
    whole = OPTIMIZERS[run.optimizer].per == PARAMETER
    start = 0
    for name, shape in shapes.items():
        stop, group = start + math.prod(shape), group_of(name, run)
        decay = run.decay if group.weight_decay is None else group.weight_decay
        part = Part(start, stop, _matrix(shape) if whole else (), group.rate, decay)
        start = stop
        if not group.trainable or part.start == part.stop:
            continue
        last = found[-1] if found else None
        if last and not whole and last.stop == part.start and last.setting == part.setting:
            found[-1] = replace(last, stop=part.stop)
        else:
            found.append(part)
    _check(run, shapes)
    if start and not found:
        raise BadValue("groups", "at least one parameter to be trained", "all of them frozen")
    return tuple(found)


def group_of(name: str, run: RunSpec) -> Group:
    """Return the first group that a parameter's name matches; without one, the run's own ways."""
    matching = (g for g in run.groups if fnmatchcase(name, g.match))
    return next(matching, Group("*"))


def frozen(run: RunSpec, shapes: Shapes) -> Iterator[slice]:
    """Yield where the flat arrays hold parameters that groups freeze."""
    start = 0
    for name, shape in shapes.items():
        stop = start + math.prod(shape)
        if not group_of(name, run).trainable:
            yield slice(start, stop)
        start = stop


def options_of(run: RunSpec, decay: float) -> dict[str, Any]:
    """Return the rule's options, with the decay where the rule itself takes it."""
    own = {"decay": decay} if "decay" in OPTIMIZERS[run.optimizer].options else {}
    return {**dict(run.options), **own}


def left_over(run: RunSpec, decay: float) -> float:
    """Return the decay that is taken off beside the rule: none where the rule does it."""
    return 0.0 if "decay" in OPTIMIZERS[run.optimizer].options else decay


def _matrix(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (math.prod(shape[:-1]), shape[-1]) if len(shape) > 2 else shape


def _check(run: RunSpec, shapes: Shapes) -> None:
    for i, group in enumerate(run.groups):
        if not any(fnmatchcase(name, group.match) for name in shapes):
            hint = did_you_mean(group.match, shapes) if shapes else "the model has none"
            where = f"groups[{i}].match"
            raise BadValue(where, "a pattern that a parameter's name fits", group.match, hint)
