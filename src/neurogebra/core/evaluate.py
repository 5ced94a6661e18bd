"""A formula as a function, compiled once a form: numbers stay Python's, arrays stay NumPy's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

import numpy as np

from neurogebra.core.tree import NUMBER, SYMBOL, Node, in_order
from neurogebra.ops import ALPHABET
from neurogebra.ops.bounds import room
from neurogebra.ops.kernels import expand_like, float_type, sum_to, where
from neurogebra.ops.record import ELEMENTWISE

PLAIN = frozenset({int, float})
# Calls nested deeper than this are cut into steps, so that no tree meets Python's own limit.
MAX_NESTED = 24

# Operations that add axes: what comes after them may broadcast far beyond the inputs.
RISING = frozenset({"expand_dims", "outer", "windows", "reshape", "diag", "take", "transpose"})

Run = Callable[[Sequence[Any]], Any]  # one value a name → the formula's value
Row = tuple[str, tuple[int, ...], tuple[tuple[str, Any], ...], Any, str]
Form = tuple[Row, ...]


@lru_cache(maxsize=2048)
def function(root: Node, names: tuple[str, ...], *, arrays: bool) -> Run:
    """Return the function of the values of `names` that computes a formula.

    arrays=False: Python numbers → a Python number, by the alphabet's scalar kernels.
    arrays=True: any mix of numbers and arrays, by NumPy; float32 stays float32.
    Equal formulas share one function (the last 2,048 are kept); a tree that was seen before is
    not even looked at.
    """
    form, outputs = _form((root,))
    return _single(form, outputs[0], names, arrays)


def functions(roots: Sequence[Node], names: tuple[str, ...]) -> Callable[..., list[Any]]:
    """Return the function of arrays that computes several formulas, shared parts once."""
    form, outputs = _form(roots)
    return _several(form, outputs, names)


@lru_cache(maxsize=2048)
def _single(form: Form, output: int, names: tuple[str, ...], arrays: bool) -> Run:
    steps, (last,) = _readers(form, (output,), names, arrays)
    if not steps:
        return last

    def run(values: Sequence[Any]) -> Any:
        v = list(values)
        for step in steps:
            v.append(step(v))
        return last(v)

    return run


@lru_cache(maxsize=256)
def _several(
    form: Form, outputs: tuple[int, ...], names: tuple[str, ...]
) -> Callable[[Sequence[Any]], list[Any]]:
    steps, lasts = _readers(form, outputs, names, arrays=True)

    def run(values: Sequence[Any]) -> list[Any]:
        v = list(values)
        for step in steps:
            v.append(step(v))
        return [last(v) for last in lasts]

    return run


def _form(roots: Sequence[Node]) -> tuple[Form, tuple[int, ...]]:
    """Write a formula as rows that compare and hash: equal formulas, equal rows.

    The repr stands beside a value because 1 and 1.0, 0.0 and -0.0 are equal.
    """
    number: dict[int, int] = {}
    rows: dict[Row, int] = {}
    for node in in_order(*roots):
        args = tuple(number[id(a)] for a in node.args)
        row = (node.op, args, node.attrs, node.value, repr(node.value))
        number[id(node)] = rows.setdefault(row, len(rows))
    return tuple(rows), tuple(number[id(r)] for r in roots)


def _readers(
    form: Form, outputs: tuple[int, ...], names: tuple[str, ...], arrays: bool
) -> tuple[list[Run], list[Run]]:
    """Nest the rows into closures; a part that is used twice becomes a step of its own."""
    uses = [0] * len(form)
    for row in form:
        for a in row[1]:
            uses[a] += 1
    rising = any(row[0] in RISING for row in form)
    readers: list[Run] = []
    depth: list[int] = []
    steps: list[Run] = []
    for i, (op, args, attrs, value, _) in enumerate(form):
        nested = 1 + max((depth[a] for a in args), default=-1)
        if op == SYMBOL:
            reader: Run = itemgetter(names.index(value))
        elif op == NUMBER:
            reader = _constant(value)
        else:
            join = (_bounded_call if rising else _array_call) if arrays else _scalar_call
            reader = join(op, [readers[a] for a in args], dict(attrs))
            if uses[i] > 1 or nested > MAX_NESTED:
                steps.append(reader)
                reader, nested = itemgetter(len(names) + len(steps) - 1), 0
        readers.append(reader)
        depth.append(nested)
    return steps, [readers[o] for o in outputs]


def _constant(value: Any) -> Run:
    return lambda v: value


def _scalar_call(name: str, args: list[Run], attrs: dict[str, Any]) -> Run:
    """Return the call of an operation's scalar kernel."""
    op = ALPHABET[name]
    f: Any = op.scalar or op.value
    if attrs:
        return lambda v: f(*[a(v) for a in args], **attrs)
    if len(args) == 1:
        (a,) = args
        return lambda v: f(a(v))
    if len(args) == 2:
        a, b = args
        inline = _INLINE.get(name)
        return inline(a, b) if inline else lambda v: f(a(v), b(v))
    return lambda v: f(*[a(v) for a in args])


# The commonest operations without the call of a kernel.
_INLINE: dict[str, Callable[[Run, Run], Run]] = {
    "add": lambda a, b: lambda v: a(v) + b(v),
    "sub": lambda a, b: lambda v: a(v) - b(v),
    "mul": lambda a, b: lambda v: a(v) * b(v),
}


def _array_call(
    name: str,
    args: list[Run],
    attrs: dict[str, Any],
    check: Callable[..., None] | None = None,
) -> Run:
    """Return the call of NumPy's kernel; numbers alone stay Python's, or they would widen."""
    op = ALPHABET[name]
    value = _KEEPING.get(name, op.value)
    scalar = op.scalar or value

    def call(v: Sequence[Any]) -> Any:
        given = [a(v) for a in args]
        if check is not None:
            check(*given)
        f = scalar if all(type(g) in PLAIN for g in given) else value
        return f(*given, **attrs)

    return call


def _bounded_call(name: str, args: list[Run], attrs: dict[str, Any]) -> Run:
    """Return the call of NumPy's kernel, refused where broadcasting would make too much of it."""
    if len(args) < 2 or ALPHABET[name].kind != ELEMENTWISE:
        return _array_call(name, args, attrs)

    def check(*given: Any) -> None:
        room(name, np.broadcast_shapes(*map(np.shape, given)))

    return _array_call(name, args, attrs, check)


def _power(a: Any, b: Any) -> Any:
    """NumPy refuses integers to negative powers; a reader expects 2 ** -1 to be a half."""
    if np.asarray(a).dtype.kind in "iu" and np.any(np.less(b, 0)):
        a = float(a) if type(a) is int else np.asarray(a, np.float64)
    return np.power(a, b)


def _spread(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """A plain number takes the dtype of the array whose shape it is given."""

    def value(g: Any, like: Any, **attrs: Any) -> Any:
        g = np.asarray(g, float_type(like)) if type(g) in PLAIN else g
        return kernel(g, like, **attrs)

    return value


def _where(c: Any, a: Any, b: Any) -> Any:
    """Two plain numbers take the dtype of the condition."""
    if type(a) in PLAIN and type(b) in PLAIN:
        a = np.asarray(a, float_type(c))
    return where(c, a, b)


_KEEPING: dict[str, Callable[..., Any]] = {
    "pow": _power,
    "where": _where,
    "expand_like": _spread(expand_like),
    "sum_to": _spread(sum_to),
}
