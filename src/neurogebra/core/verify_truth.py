"""The truth about a formula's values, and how far what the machine gives lies from it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurogebra.core import exact
from neurogebra.core.exact_ops import Beyond
from neurogebra.core.expression import Expression
from neurogebra.core.tree import Node, in_order, is_elementwise
from neurogebra.errors import BadValue, NeurogebraError

FREE = 64.0  # units of the last digit that nobody misses
PER_E = 4.0  # and so many more for every factor e between a value and 1: exp's own condition
NEARLY = 1e-4  # of the largest float: from there on ∞ is near enough
DTYPES = ("float64", "float32")
# What evaluating a formula at a place where it has no value may raise.
NO_VALUE = (ArithmeticError, ValueError, IndexError, TypeError, KeyError, np.linalg.LinAlgError)


class TimeUp(NeurogebraError):
    """The time that a check may take is over."""


class Clock:
    """Seconds of work for a whole verification; each check may use them up to its share."""

    def __init__(self, seconds: float) -> None:
        self._start, self._seconds, self._until = time.thread_time(), seconds, seconds

    def share(self, part: float) -> None:
        """Let the check that begins go on to this part of the whole time."""
        self._until = self._seconds * part

    def tick(self) -> None:
        """Raise TimeUp when the check must end."""
        if time.thread_time() - self._start > self._until:
            raise TimeUp("time was up")


@dataclass(frozen=True, slots=True)
class Seen:
    """What was computed at a place beside the truth there.

    kind: good, skip (nothing to compare), overflow (∞ or NaN for a number) or digits.
    ulp: units of the last digit, beyond what moving the inputs' last digits does; lost: error
    as a share of the value; found, truth: the element that is worst.
    """

    kind: str
    ulp: float = 0.0
    lost: float = 0.0
    found: float = 0.0
    truth: Any = 0


class Truth:
    """A definition evaluated exactly, each place once.

    ulp, floor: how far off a formula's record allows its value to be, in units of the last digit
    and in the dtype's eps.
    """

    def __init__(
        self,
        root: Node,
        params: Mapping[str, Any],
        clock: Clock,
        ulp: float = 0.0,
        floor: float = 0.0,
    ) -> None:
        self.root, self.params, self.clock = root, dict(params), clock
        self.free, self.floor = max(FREE, 2 * ulp), floor
        self.elementwise = is_elementwise(root)
        self._known: dict[Any, Any] = {}

    def at(self, point: Mapping[str, Any]) -> Any:
        """Return the exact value (mpf or an array of them); None where it is not to be had."""
        self.clock.tick()
        key = tuple((n, _key(point[n])) for n in sorted(point))
        if key not in self._known:
            self._known[key] = self._found(point)
        return self._known[key]

    def _found(self, point: Mapping[str, Any]) -> Any:
        try:
            return exact.settled(self.root, {**self.params, **point})
        except (Beyond, *NO_VALUE):
            return None

    def number(self, point: Mapping[str, Any]) -> Any:
        """Return the exact value of a formula that is one number there; None for no value."""
        found = self.at(point)
        if found is None or np.ndim(found):
            return None
        return found[()] if isinstance(found, np.ndarray) else found

    def moved(self, point: Mapping[str, Any], dtype: str) -> Any:
        """Return how far the value moves with the last digits of everything it is made from."""
        eps = float(np.finfo(np.dtype(dtype)).eps)
        values = {**self.params, **point}
        root, values = (
            _constants_named(self.root, values) if dtype == "float32" else (self.root, values)
        )
        try:
            return exact.movement(root, values, list(values)) * eps
        except (Beyond, *NO_VALUE):
            return None


def _key(v: Any) -> Any:
    return v if not np.ndim(v) else np.asarray(v).tobytes()


def _constants_named(root: Node, values: dict[str, Any]) -> tuple[Node, dict[str, Any]]:
    """Name the constants that float32 rounds, so that their last digits count as well."""
    made: dict[int, Node] = {}
    named = dict(values)
    for node in in_order(root):
        rounded = node.is_number and float(np.float32(node.value)) != node.value
        if rounded:
            name = f"constant {len(named)}"
            named[name] = float(node.value)
            made[id(node)] = Node("symbol", value=name)
        else:
            made[id(node)] = Node(
                node.op, tuple(made[id(a)] for a in node.args), node.attrs, node.value
            )
    return made[id(root)], named


def computed(expression: Expression, point: Mapping[str, Any], dtype: str) -> Any:
    """Return what a user gets from arrays of a dtype, as float64; None where it raises."""
    plain = is_elementwise(expression.tree)
    given = {n: _given(v, dtype, plain) for n, v in point.items()}
    try:
        with np.errstate(all="ignore"):
            found = np.asarray(expression.eval(**given), float)
    except (BadValue, *NO_VALUE):
        return None
    return found.reshape(()) if plain and found.size == 1 else found


def _given(v: Any, dtype: str, plain: bool) -> Any:
    with np.errstate(over="ignore"):
        array = np.asarray(v, dtype)
    if array.ndim:
        return array
    return array.reshape(1) if plain else array[()]


def fits(point: Mapping[str, Any], dtype: str) -> bool:
    """Say whether every number of a place is one of a dtype, and none a subnormal one."""
    if dtype == "float64":
        return True
    for v in point.values():
        wide = np.asarray(v, float)
        with np.errstate(over="ignore"):
            narrow = np.asarray(wide, dtype).astype(float)
        if not np.array_equal(wide, narrow) or np.any((wide != 0) & (np.abs(wide) < 1.2e-38)):
            return False
    return True


def judge(truth: Truth, expression: Expression, point: Mapping[str, Any], dtype: str) -> Seen:
    """Compare what is computed at a place with the truth there."""
    wanted = truth.at(point)
    if wanted is None:
        return Seen("skip")
    found = computed(expression, point, dtype)
    if found is None:
        return Seen("skip")
    wanted = np.broadcast_to(np.asarray(wanted, object), found.shape)
    nothing = _noise(point, dtype)
    pairs = zip(found.flat, wanted.flat, strict=True)
    seen = [_one(float(f), w, dtype, truth, nothing) for f, w in pairs]
    worst = max(range(len(seen)), key=lambda i: (_RANK[seen[i].kind], seen[i].lost))
    if seen[worst].kind != "digits":
        return seen[worst]
    moved = truth.moved(point, dtype)
    if moved is None:
        return Seen("skip")
    moved = np.broadcast_to(np.asarray(moved, object), found.shape)
    if _at_a_jump(truth, point, seen[worst], dtype):
        return Seen("skip")
    excused = [_excused(s, m, dtype, truth.free) for s, m in zip(seen, moved.flat, strict=True)]
    return max(excused, key=lambda s: (_RANK[s.kind], s.lost))


def _noise(point: Mapping[str, Any], dtype: str) -> float:
    """Return the size below which a result for an exact 0 is the rounding of its parts."""
    sizes = [float(np.max(np.abs(np.asarray(v, float)), initial=0.0)) for v in point.values()]
    return 1e3 * float(np.finfo(np.dtype(dtype)).eps) * max(1.0, *sizes, 0.0)


def _at_a_jump(truth: Truth, point: Mapping[str, Any], seen: Seen, dtype: str) -> bool:
    """Say whether the last digit of an input or parameter changes the value by half the error."""
    by = 2 * float(np.finfo(np.dtype(dtype)).eps)
    values = {**truth.params, **point}
    error = float(exact.apart(seen.found, seen.truth))
    try:
        still = exact.at_digits(truth.root, values, exact.DIGITS[1])
        for name, value in values.items():
            for shift in (1 - by, 1 + by):
                moved = {**values, name: np.asarray(value, float) * shift}
                after = exact.at_digits(truth.root, moved, exact.DIGITS[1])
                if np.any(np.abs(np.asarray(after - still, float)) > error / 2):
                    return True
    except (Beyond, *NO_VALUE):
        return False
    return False


_RANK = {"skip": 0, "good": 1, "digits": 2, "overflow": 3}


def _one(found: float, wanted: Any, dtype: str, truth: Truth, nothing: float) -> Seen:
    kind = np.finfo(np.dtype(dtype))
    largest, normal = float(kind.max), float(kind.smallest_normal)
    if not exact.is_finite(wanted):
        return Seen("skip")
    if np.isinf(found) and abs(wanted) > largest * NEARLY and (found > 0) == (wanted > 0):
        return Seen("skip")
    if np.isfinite(found) and abs(wanted) > largest * (1 - 1e-3):
        return Seen("skip")
    if not np.isfinite(found):
        return Seen("overflow", np.inf, np.inf, found, wanted)
    if abs(wanted) < normal and abs(found) <= 8 * normal:
        return Seen("skip")  # a number too small to be told from 0
    if wanted == 0 and abs(found) <= nothing:
        return Seen("skip")
    error = exact.apart(found, wanted)
    error = max(error - truth.floor * float(kind.eps), 0 * error)
    ulp = float(error / float(np.spacing(np.asarray(abs(float(wanted)), dtype))))
    if ulp <= allowed(wanted, truth.free):
        return Seen("good", ulp, 0.0, found, wanted)
    lost = float(error / abs(wanted)) if wanted != 0 else np.inf
    return Seen("digits", ulp, lost, found, wanted)


def allowed(wanted: Any, free: float = FREE) -> float:
    """Return how many units of the last digit a value may be off."""
    return free + PER_E * abs(exact.log_size(wanted)) if wanted != 0 else free


def _excused(seen: Seen, moved: Any, dtype: str, free: float) -> Seen:
    """Take off what the last digits of inputs, parameters and constants account for."""
    if seen.kind != "digits":
        return seen
    unit = float(np.spacing(np.asarray(abs(float(seen.truth)), dtype)))
    ulp = max(seen.ulp - 4 * float(moved / unit), 0.0)
    if ulp <= allowed(seen.truth, free):
        return Seen("good", ulp, 0.0, seen.found, seen.truth)
    return Seen("digits", ulp, seen.lost, seen.found, seen.truth)


def judged(
    truth: Truth, expression: Expression, places: Sequence[Mapping[str, Any]], dtype: str
) -> list[Seen]:
    """Compare at many places; the list ends early when time is up."""
    found: list[Seen] = []
    try:
        for point in places:
            fit = fits(point, dtype)
            found.append(judge(truth, expression, point, dtype) if fit else Seen("skip"))
    except TimeUp:
        pass
    return found
