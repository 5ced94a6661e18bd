"""A formula's value at as many digits as it takes to be sure of fifty, by mpmath."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from mpmath import mp, mpf, workdps

from neurogebra.core.exact_ops import HUGE, INF, OPS, STRICT, Beyond, mapped, number
from neurogebra.core.tree import SYMBOL, Node, in_order

DIGITS = (60, 120, 420)
PLAIN_POWERS, FAR_POWERS = 30, 620  # sizes that the first digits cover; as far as any are added
ENOUGH = 100  # digits for differences by STEP
SMALLEST, MOST_DIGITS = mpf(10) ** -400, 900  # where a second derivative may be astronomic
STEP = mpf(10) ** -30
_STRICTLY = {**OPS, **STRICT}
# Operations that never take one number from another that is as large.
_ALONE = frozenset(
    [
        "neg",
        "mul",
        "div",
        "pow",
        "maximum",
        "minimum",
        "relu",
        "abs",
        "sign",
        "step",
        "floor",
        "ceil",
        "round",
        "exp",
        "log",
        "sqrt",
        "sin",
        "cos",
        "tanh",
        "arctan",
        "arcsin",
        "erf",
        "erfc",
        "sigmoid",
        "softplus",
        "log1p",
        "expm1",
        "sinh",
        "cosh",
        "where",
        "greater",
        "greater_equal",
        "equal",
        "prod",
        "amax",
        "amin",
        "transpose",
        "flatten",
        "gammaln",
        "digamma",
        "polygamma",
        "erfinv",
        "ndtri",
    ]
)
# A node as it is worked out: its id, operation, ids of arguments, attributes, name or number.
_Step: TypeAlias = tuple[int, str, tuple[int, ...], dict[str, Any], Any]
_NOTHING = 1 / HUGE  # below, a value is what too few digits leave of 0


def exact(root: Node, values: Mapping[str, Any]) -> Any:
    """Return the value of a tree, with digits added until they no longer matter.

    values: names → arrays or numbers, taken as they are. A result of exactly 0 is asked for once
    more with the most digits, since 1 + erf(−20) is 0 with few.
    """
    found = [at_digits(root, values, d) for d in DIGITS[:2]]
    if not np.any(_doubtful(*found)):
        return found[1]
    return at_digits(root, values, DIGITS[2])


def settled(root: Node, values: Mapping[str, Any]) -> Any:
    """Return the value once two numbers of digits agree; raise Beyond where none do.

    How many digits are tried follows the sizes that are added: 1 + 1e-100 − 1 needs a hundred
    more. An exponential of more than ±1e400 is Beyond as well, not ∞ or 0.
    """
    made: dict[int, Any] = {}
    before = at_digits(root, values, DIGITS[0], _STRICTLY, made)
    spread = _spread(root, made)
    if spread:
        before = at_digits(root, values, DIGITS[0] + spread, _STRICTLY)
    for digits in DIGITS[1:]:
        found = at_digits(root, values, digits + spread, _STRICTLY)
        if not np.any(_doubtful(before, found)):
            return found
        open_, before = _disagree(before, found), found
    if np.any(open_):
        raise Beyond(f"{digits} digits do not settle the value")
    return mapped(lambda v: mpf(0) if abs(v) < _NOTHING else v)(before)


def _spread(root: Node, made: Mapping[int, Any]) -> int:
    """Return how many powers of ten the parts of a formula are away from 1, where any are added."""
    if not _adds(root):
        return 0
    most = 0.0
    for part in made.values():
        for v in np.asarray(part, object).flat:
            if v != 0 and mp.isfinite(v):
                most = max(most, abs(float(mp.mag(v))))
    powers = math.ceil(min(most, 1e6) * math.log10(2))
    return 0 if not PLAIN_POWERS <= powers <= 4 * FAR_POWERS else min(powers, FAR_POWERS)


@lru_cache(maxsize=512)
def _adds(root: Node) -> bool:
    return any(n.op not in _ALONE for n in _order(root) if n.args)


def limit(root: Node, values: Mapping[str, Any], nudges: Mapping[str, Any]) -> Any:
    """Return `exact`, and where the definition is 0·∞ or 0/0 its value just inside the domain.

    nudges: name → the direction into the domain, 1, -1 or 0 for an input that stays.
    """
    found = exact(root, values)
    if not np.any(mapped(mp.isnan)(found)):
        return found
    with workdps(DIGITS[2]):
        near, nearer = (_moved(root, values, nudges, mpf(10) ** -d) for d in (80, 160))
        return mapped(_limit)(found, near, nearer)


def _moved(root: Node, values: Mapping[str, Any], nudges: Mapping[str, Any], by: Any) -> Any:
    inside = {n: as_exact(v) + nudges.get(n, 0) * by for n, v in values.items()}
    return at_digits(root, inside, DIGITS[2])


def _limit(at_edge: Any, near: Any, nearer: Any) -> Any:
    """What two steps towards an edge tend to: 0, a number, or ±∞ where they grow."""
    if not mp.isnan(at_edge):
        return at_edge
    if abs(nearer) < mpf(10) ** -70:
        return mpf(0)
    return INF * mp.sign(nearer) if abs(nearer) > 1.1 * abs(near) else nearer


def at_digits(
    root: Node,
    values: Mapping[str, Any],
    digits: int,
    ops: Mapping[str, Callable[..., Any]] = OPS,
    made: dict[int, Any] | None = None,
) -> Any:
    """Return the value of a tree, worked out with so many digits, as an array of objects.

    made: takes the values of all parts, by the id of their node.
    """
    made = {} if made is None else made
    with workdps(digits):
        _make(_steps(root), values, ops, made)
        return np.asarray(made[id(root)], object)


def again(
    root: Node, values: Mapping[str, Any], name: str, digits: int, parts: Mapping[int, Any]
) -> Any:
    """Return the value of a tree of which one name has another value than it had in `parts`.

    parts: what `at_digits` made with so many digits; what does not hang on the name stays.
    """
    made = dict(parts)
    with workdps(digits):
        _make(_steps_after(root, name), values, OPS, made)
        return np.asarray(made[id(root)], object)


def _make(
    steps: list[_Step],
    values: Mapping[str, Any],
    ops: Mapping[str, Callable[..., Any]],
    made: dict[int, Any],
) -> None:
    for key, op, args, attrs, leaf in steps:
        if args:
            made[key] = ops[op](*[made[a] for a in args], **attrs)
        else:
            made[key] = as_exact(values[leaf] if op == SYMBOL else leaf)


def movement(
    root: Node, values: Mapping[str, Any], names: list[str], digits: int = DIGITS[2]
) -> Any:
    """Return Σ |x ∂f/∂x| over every element of the inputs named: how far their last digits move f.

    Worked out by differences; a step to where there is no value counts as none.
    """
    parts: dict[int, Any] = {}
    still = at_digits(root, values, digits, made=parts)
    total = mapped(lambda v: mpf(0))(still)
    for name in names:
        x = np.asarray(as_exact(values[name]), object)
        for place in np.ndindex(x.shape):
            with workdps(digits):
                moved = x.copy()
                moved[place] = moved[place] * (1 + STEP)
                given = {**values, name: moved if x.ndim else moved[()]}
                after = again(root, given, name, digits, parts)
                total = total + mapped(_gap)(after, still)
    return total


def _gap(a: Any, b: Any) -> Any:
    found = abs(a - b) / STEP
    return found if mp.isfinite(found) else mpf(0)


def slopes(
    root: Node,
    values: Mapping[str, Any],
    name: str,
    place: tuple[int, ...] = (),
    *,
    step: Any = STEP,
    digits: int = ENOUGH,
    parts: dict[int, Any] | None = None,
) -> Any:
    """Return the slopes to the left and to the right by one element of an input.

    parts: an empty table to share between the elements of one place, filled by the first.
    """
    parts = {} if parts is None else parts
    if not parts:
        at_digits(root, values, digits, made=parts)
    still, x = np.asarray(parts[id(root)], object), np.asarray(as_exact(values[name]), object)
    sides = []
    with workdps(digits):
        for by in (-step, step):
            moved = x.copy()
            moved[place] = moved[place] + by
            given = {**values, name: moved if x.ndim else moved[()]}
            after = again(root, given, name, digits, parts)
            sides.append((after - still) / by)
    return sides


def is_finite(value: Any) -> bool:
    """Say whether an exact number is one: neither infinite nor undefined."""
    return bool(mp.isfinite(value))


def is_nan(value: Any) -> bool:
    """Say whether there is no value."""
    return bool(mp.isnan(value))


def log_size(value: Any) -> float:
    """Return ln |value|, a plain number whatever its exponent; −∞ for 0."""
    return float("-inf") if value == 0 else float(mp.log(abs(value)))


def apart(found: float, value: Any) -> Any:
    """Return |found − value| exactly."""
    with workdps(DIGITS[0]):
        return abs(mpf(found) - value)


def words(value: Any, digits: int = 4) -> str:
    """Return an exact number with a few digits, whatever its exponent."""
    return (
        str(mp.nstr(value, digits, min_fixed=-4, max_fixed=7))
        .replace(".0e", "e")
        .removesuffix(".0")
    )


def as_exact(value: Any) -> Any:
    """Return numbers, or an array of them, as exact ones."""
    if isinstance(value, mpf):
        return value
    array = np.asarray(value)
    return np.frompyfunc(number, 1, 1)(array if array.ndim else array[()])


@lru_cache(maxsize=512)
def _order(root: Node) -> list[Node]:
    return in_order(root)


@lru_cache(maxsize=512)
def _steps(root: Node) -> list[_Step]:
    return [
        (id(n), n.op, tuple(id(a) for a in n.args), dict(n.attrs), n.value) for n in _order(root)
    ]


@lru_cache(maxsize=1024)
def _steps_after(root: Node, name: str) -> list[_Step]:
    """Return the steps that hang on a name."""
    anew: set[int] = set()
    for key, op, args, _, leaf in _steps(root):
        if (op == SYMBOL and leaf == name) or not anew.isdisjoint(args):
            anew.add(key)
    return [step for step in _steps(root) if step[0] in anew]


def _differs(a: Any, b: Any) -> bool:
    if mp.isnan(a) or mp.isnan(b) or mp.isinf(a) or mp.isinf(b):
        return False
    return bool(b == 0 or abs(a - b) > mpf(10) ** -50 * abs(b))


def _doubtful(a: Any, b: Any) -> Any:
    return np.asarray(mapped(_differs)(a, b), bool)


def _disagree(a: Any, b: Any) -> Any:
    """Say where two numbers of digits differ by more than any float could show."""

    def unlike(p: Any, q: Any) -> bool:
        if not (mp.isfinite(p) and mp.isfinite(q)):
            return bool(mp.isfinite(p) != mp.isfinite(q))
        return bool(p != q and abs(p - q) > mpf(10) ** -25 * abs(q) and abs(q) > _NOTHING)

    return np.asarray(mapped(unlike)(a, b), bool)
