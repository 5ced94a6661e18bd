"""The arrays of one update looked at together, and their statistics when somebody asks for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np

from neurogebra.errors import NotReady
from neurogebra.observatory import stats
from neurogebra.observatory.events import Event, LayerSeen, Level, Stats
from neurogebra.observatory.units import Units

# The arrays whose values are counted into histograms.
SPREAD = ("forward", "weight", "gradient")
ACTIVE = ("forward", "backward")
# Elements up to which arrays are joined to be looked at in one go; longer ones gain nothing.
SHORT = 8192
_NONE = np.zeros(0)


class Sighted(Protocol):
    """One array of one layer, as an engine hands it over."""

    @property
    def index(self) -> int:
        """The place of its layer."""

    @property
    def layer(self) -> str:
        """The name of its layer."""

    @property
    def site(self) -> str:
        """Where it was seen; see `LayerSeen`."""

    @property
    def param(self) -> str:
        """The parameter it belongs to, or ""."""

    @property
    def array(self) -> stats.Floats:
        """Its numbers."""


class Place(NamedTuple):
    """What one array of a look is. at: the place of its layer."""

    at: int
    layer: str
    site: str
    param: str
    shape: tuple[int, ...]
    activation: str


class Look(Event):
    """All arrays of one update; on the bus it stands for its LayerSeen events, one after another.

    places: what the arrays are; squares: the sum of squares of each, no finite number where
    the array holds one, or where they are too large for it. `events` takes the statistics,
    once, while the update's arrays are there: until `close`, after which NotReady is raised.
    """

    kind: ClassVar[str] = "look"
    level: ClassVar[Level] = Level.EXPERT

    # Other events are frozen records; this one takes its numbers when it is asked for them.
    __setattr__ = object.__setattr__
    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __init__(self, plan: Plan, units: Units, at: tuple[int, int, int], *, deep: bool) -> None:
        self.epoch, self.batch, self.step = at
        self.places = plan.places
        self.squares = plan.squares()
        self._plan: Plan | None = plan
        self._units, self._deep = units, deep
        self._events: tuple[LayerSeen, ...] | None = None

    def __len__(self) -> int:
        return len(self.places)

    @property
    def events(self) -> tuple[LayerSeen, ...]:
        """What was seen of each array, in the order of the layers."""
        if self._events is None:
            if self._plan is None:
                raise NotReady(f"the arrays of step {self.step} are no longer there")
            with np.errstate(all="ignore"):
                self._events = tuple(self._told(self._plan))
        return self._events

    def close(self) -> None:
        """Let go of the arrays: the next update changes them."""
        if self._plan is not None:
            self._plan.release()
            self._plan = None

    def _told(self, plan: Plan) -> Iterator[LayerSeen]:
        last = max((place.at for place in self.places), default=0)
        known = plan.statistics(self.squares)
        for place, array, found in zip(self.places, plan.arrays, known, strict=True):
            if place.site == "forward":
                end = place.at == last
                found = self._units.add(found, array, place.layer, place.activation, last=end)
            counted = self._deep and place.site in SPREAD
            yield LayerSeen(
                epoch=self.epoch,
                batch=self.batch,
                step=self.step,
                index=place.at,
                layer=place.layer,
                site=place.site,
                param=place.param,
                shape=place.shape,
                stats=found,
                activation=place.activation if place.site in ACTIVE else "",
                histogram=stats.histogram(array) if counted else (),
                rare=self._units.rare(place.layer, place.site, place.param, array, self.step),
            )


class Looker:
    """Makes the looks of one run. activations: of each layer, by its index."""

    def __init__(self, activations: Sequence[str], units: Units | None = None) -> None:
        self._activations = tuple(activations)
        self._units = units or Units()
        self._plans: dict[int, Plan] = {}
        self._latest: Plan | None = None

    def look(
        self, seen: Sequence[Sighted], epoch: int, batch: int, step: int, *, deep: bool = False
    ) -> Look:
        """Return the look at what an engine saw; deep: with histograms."""
        with np.errstate(all="ignore"):  # numbers too large for a square are told all the same
            return Look(self._plan(seen), self._units, (epoch, batch, step), deep=deep)

    def _plan(self, seen: Sequence[Sighted]) -> Plan:
        plan = self._plans.get(id(seen))
        if plan is not None and plan.seen is seen:
            return plan
        if self._latest is not None and self._latest.take(seen):
            return self._latest
        plan = Plan(seen, self._activations)
        if getattr(seen, "stands", False):  # the same arrays each time
            self._plans[id(seen)] = plan
        else:
            self._latest = plan
        return plan


class Plan:
    """How the arrays of a look are read: each by itself, or short ones joined."""

    def __init__(self, seen: Sequence[Sighted], activations: Sequence[str]) -> None:
        self.seen = seen
        self.places = tuple(
            Place(s.index, s.layer, s.site, s.param, s.array.shape, activations[s.index])
            for s in seen
        )
        self._rows: list[Sighted | None] = list(seen)
        self.arrays = [s.array for s in seen]
        self.flats = [a.ravel("K") for a in self.arrays]
        self._moving: set[int] = set()
        self._joint: Joint | None = None

    def take(self, seen: Sequence[Sighted]) -> bool:
        """Read these arrays instead; False where they are not the same ones in kind."""
        if len(seen) != len(self._rows):
            return False
        for i, row in enumerate(seen):
            if row is self._rows[i]:
                continue
            place = self.places[i]
            names = (row.index, row.layer, row.site, row.param)
            if row.array.shape != place.shape or names != place[:4]:
                return False
            self._moving.add(i)
            self._rows[i], self.arrays[i], self.flats[i] = row, row.array, row.array.ravel("K")
        return True

    def release(self) -> None:
        """Let go of the arrays that do not stay."""
        for i in self._moving:
            self._rows[i], self.arrays[i], self.flats[i] = None, _NONE, _NONE

    def squares(self) -> list[float]:
        """Return the sum of squares of each array."""
        return [float(x.dot(x)) for x in self.flats]

    def statistics(self, squares: Sequence[float]) -> list[Stats]:
        """Return the statistics of each array; squares: what `squares` gave for them."""
        if self._joint is None:
            self._joint = Joint(self.flats)
        found: list[Stats | None] = [None] * len(self.flats)
        for i, known in zip(self._joint.members, self._joint.moments(self.flats), strict=True):
            place = self.places[i]
            kind = place.activation if place.site == "forward" else ""
            found[i] = stats.judged(self.arrays[i], self.flats[i], squares[i], kind, known)
        for i, x in enumerate(self.flats):
            if found[i] is None:
                kind = self.places[i].activation if self.places[i].site == "forward" else ""
                found[i] = stats.judged(self.arrays[i], x, squares[i], kind)
        return [f for f in found if f is not None]


class Joint:
    """Short arrays of one dtype, one behind the other, and what is taken of all in one go."""

    def __init__(self, flats: Sequence[stats.Floats]) -> None:
        short = [i for i, x in enumerate(flats) if 0 < x.size <= SHORT]
        kinds = {flats[i].dtype for i in short}
        self.members = short if len(kinds) == 1 else []
        sizes = [flats[i].size for i in self.members]
        self._starts = np.cumsum([0, *sizes[:-1]]) if sizes else np.zeros(0, np.intp)
        self._ends = self._starts + np.asarray(sizes, np.intp)
        self._all = np.empty(sum(sizes), next(iter(kinds)) if sizes else np.float64)

    def moments(self, flats: Sequence[stats.Floats]) -> Iterable[stats.Moments]:
        """Return sum, smallest, largest and count of zeros of each."""
        if not self.members:
            return []
        x, starts = self._all, self._starts
        np.concatenate([flats[i] for i in self.members], out=x)
        zeros = np.searchsorted(np.flatnonzero(x == 0), np.concatenate((starts[:1], self._ends)))
        columns: tuple[Any, ...] = (
            np.add.reduceat(x, starts, dtype=np.float64),
            np.minimum.reduceat(x, starts),
            np.maximum.reduceat(x, starts),
            np.diff(zeros),
        )
        return map(stats.Moments._make, zip(*(c.tolist() for c in columns), strict=True))
