"""The arrays of one update looked at together, and their statistics when somebody asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextvars import Context, copy_context
from typing import ClassVar, NamedTuple, Protocol

import numpy as np

from neurogebra.errors import NotReady
from neurogebra.observatory import stats
from neurogebra.observatory.events import NOTHING, Event, LayerSeen, Level, Metrics, Stats
from neurogebra.observatory.quick import maker
from neurogebra.observatory.sweep import Sweep
from neurogebra.observatory.units import Units

# The arrays whose values are counted into histograms.
SPREAD = ("forward", "weight", "gradient")
ACTIVE = ("forward", "backward")
_NONE = np.zeros(0)
_FIELDS = (
    "epoch", "batch", "step", "index", "layer", "site", "param", "shape", "activation", "stats",
)  # fmt: skip
_seen: Callable[..., LayerSeen] = maker(LayerSeen, *_FIELDS)
_seen_deep: Callable[..., LayerSeen] = maker(LayerSeen, *_FIELDS, "histogram", "rare")


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

    places: what the arrays are; groups: the places of those that lie together in memory, or of
    one. What is asked of the arrays is taken then, and only then, while they are there: until
    `close`, after which NotReady is raised. rare: whether some of them carry numbers that are
    taken now and then.
    """

    __slots__ = (
        "_deep", "_events", "_plan", "_units", "batch", "epoch", "groups", "places", "rare", "step",
    )  # fmt: skip
    kind: ClassVar[str] = "look"
    level: ClassVar[Level] = Level.EXPERT

    # Other events are frozen records; this one takes its numbers when it is asked for them.
    __setattr__ = object.__setattr__
    __delattr__ = object.__delattr__
    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __init__(
        self, plan: Plan, units: Units, epoch: int, batch: int, step: int, *, deep: bool
    ) -> None:
        self.epoch, self.batch, self.step = epoch, batch, step
        self.places, self.groups = plan.places, plan.groups
        self._plan: Plan | None = plan
        self._units, self._deep = units, deep
        self._events: tuple[LayerSeen, ...] | None = None
        self.rare = units.seldom.due(step)

    def __len__(self) -> int:
        return len(self.places)

    def bounds(self) -> list[float]:
        """Return the sum of squares of each group: an upper bound for each array of it.

        It is no finite number where an array holds one, or where they are too large for it.
        A change of weights is in no group, as it is finite where the weights are that it led to.
        """
        return self._open.bounds()

    def squares(self) -> list[float]:
        """Return the sum of squares of each array; no finite number as in `bounds`."""
        return self._open.squares()

    @property
    def _open(self) -> Plan:
        if self._plan is None:
            raise NotReady(f"the arrays of step {self.step} are no longer there")
        return self._plan

    @property
    def events(self) -> tuple[LayerSeen, ...]:
        """What was seen of each array, in the order of the layers."""
        if self._events is None:
            plan = self._open
            with np.errstate(all="ignore"):
                self._events = self._told(plan)
        return self._events

    def close(self, *, again: bool = False) -> None:
        """Let go of the arrays: the next update changes them. again: it will be looked at, too."""
        if self._plan is not None:
            if again:
                self._units.seldom.keep(self.step, self._plan.gradients())
            self._plan.release()
            self._plan = None

    def _told(self, plan: Plan) -> tuple[LayerSeen, ...]:
        at, known = (self.epoch, self.batch, self.step), plan.statistics()
        for i in plan.outputs:
            place, end = self.places[i], self.places[i].at == plan.last
            known[i] = self._units.add(
                known[i], plan.arrays[i], place.layer, place.activation, last=end
            )
        rows = zip(plan.fixed, known, strict=True)
        if not (self._deep or self.rare):
            return tuple([_seen(*at, *fixed, found) for fixed, found in rows])
        more = map(self._more, self.places, plan.arrays)
        return tuple([_seen_deep(*at, *a, b, *c) for (a, b), c in zip(rows, more, strict=True)])

    def _more(self, place: Place, array: stats.Floats) -> tuple[tuple[int, ...], Metrics]:
        """Return what is taken of an array at DEBUG, and what is taken now and then."""
        _, layer, site, param, _, _ = place
        counts = stats.histogram(array) if self._deep and site in SPREAD else ()
        return counts, self._units.rare(layer, site, param, array) if self.rare else NOTHING


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
        return Look(self._plan(seen), self._units, epoch, batch, step, deep=deep)

    def keeps(self, step: int) -> bool:
        """Return whether this update's gradients are to be kept, if the next is looked at, too."""
        return self._units.seldom.keeps(step)

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
    """How the arrays of a look are read: each by itself, or those together that lie together."""

    def __init__(self, seen: Sequence[Sighted], activations: Sequence[str]) -> None:
        self.seen = seen
        self.places = tuple(
            Place(s.index, s.layer, s.site, s.param, s.array.shape, activations[s.index])
            for s in seen
        )
        self.last = max((place.at for place in self.places), default=0)
        self.outputs = [i for i, place in enumerate(self.places) if place.site == "forward"]
        # What of an event is the same in every look.
        self.fixed = [(*p[:5], p.activation if p.site in ACTIVE else "") for p in self.places]
        self._rows: list[Sighted | None] = list(seen)
        self.arrays = [s.array for s in seen]
        self.flats = [a.ravel("K") for a in self.arrays]
        # Rows whose arrays are filled when one is read of them; see `engines.protocol.Moved`.
        self._late = [i for i, place in enumerate(self.places) if place.site == "update"]
        self._moving: set[int] = set()
        self._sweep: Sweep | None = None
        self._calm = quiet()
        self.groups: tuple[tuple[int, ...], ...] = ()
        self._group()

    def take(self, seen: Sequence[Sighted]) -> bool:
        """Read these arrays instead; False where they are not the same ones in kind."""
        if len(seen) != len(self._rows):
            return False
        moved = len(self._moving)
        for i, row in enumerate(seen):
            if row is self._rows[i]:
                continue
            place = self.places[i]
            names = (row.index, row.layer, row.site, row.param)
            if row.array.shape != place.shape or names != place[:4]:
                return False
            self._moving.add(i)
            self._rows[i], self.arrays[i], self.flats[i] = row, row.array, row.array.ravel("K")
        if len(self._moving) > moved:
            self._group()
        elif self._moving:
            self._bounding = [*self._whole, *(self.flats[i] for i in self._single)]
        return True

    def release(self) -> None:
        """Let go of the arrays that do not stay."""
        for i in self._moving:
            self._rows[i], self.arrays[i], self.flats[i] = None, _NONE, _NONE
        if self._moving:
            self._bounding.clear()

    def gradients(self) -> Iterator[tuple[str, str, stats.Floats]]:
        """Yield layer, parameter and numbers of each gradient."""
        for place, array in zip(self.places, self.arrays, strict=True):
            if place.site == "gradient":
                yield place.layer, place.param, array

    def bounds(self) -> list[float]:
        """Return the sum of squares of each group."""
        return self._calm.run(_squares, self._bounding)

    def squares(self) -> list[float]:
        """Return the sum of squares of each array."""
        self._settle()
        return self._calm.run(_squares, self.flats)

    def statistics(self) -> list[Stats]:
        """Return the statistics of each array; the caller ignores overflow."""
        self._settle()
        if self._sweep is None:
            kinds = [p.activation if p.site == "forward" else "" for p in self.places]
            self._sweep = Sweep(self.flats, kinds)
        return self._sweep.statistics(self.arrays, self.flats)

    def _settle(self) -> None:
        """Have the arrays filled that are filled late."""
        for i in self._late:
            row = self._rows[i]
            if row is not None and row.array is not self.arrays[i]:
                self.arrays[i], self.flats[i] = row.array, row.array.ravel("K")

    def _group(self) -> None:
        """Find the arrays that make up a whole one, apart from those that change places."""
        names = {(p.layer, p.site, p.param) for p in self.places}
        rest = [
            i
            for i, p in enumerate(self.places)
            if p.site != "update" or (p.layer, "weight", p.param) not in names
        ]
        parts: dict[int, list[int]] = {}
        for i in rest:
            if i not in self._moving:
                parts.setdefault(id(self.arrays[i].base), []).append(i)
        tried = [(whole([self.arrays[i] for i in m]), m) for m in parts.values()]
        found = [(base, m) for base, m in tried if base is not None]
        self._whole = [base for base, _ in found]
        joined = {i for _, members in found for i in members}
        self._single = [i for i in rest if i not in joined]
        self._bounding = [*self._whole, *(self.flats[i] for i in self._single)]
        self.groups = (*(tuple(m) for _, m in found), *((i,) for i in self._single))


def whole(parts: Sequence[stats.Floats]) -> stats.Floats | None:
    """Return the flat array that several arrays make up, each element in one of them; or None."""
    base = parts[0].base
    if len(parts) < 2 or not isinstance(base, np.ndarray) or base.ndim != 1:
        return None
    same = all(p.base is base and p.dtype == base.dtype and p.flags.forc for p in parts)
    if not same or not base.flags.c_contiguous:
        return None
    end = base.ctypes.data
    for part in sorted(parts, key=lambda p: p.ctypes.data):
        if part.ctypes.data != end:
            return None
        end += part.nbytes
    return base if end == base.ctypes.data + base.nbytes else None


def quiet() -> Context:
    """Return a context in which NumPy says nothing of overflow: that is told all the same."""
    found = copy_context()
    found.run(np.seterr, all="ignore")
    return found


def _squares(flats: Sequence[stats.Floats]) -> list[float]:
    return [float(x.dot(x)) for x in flats]
