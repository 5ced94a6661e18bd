"""The scalar tape: numbers that remember how they came about, for learning how learning works."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from neurogebra.core.chain import explain_value
from neurogebra.core.tape import Functions
from neurogebra.errors import BadValue
from neurogebra.ops import ALPHABET, Op, carry

Slopes = tuple[Any, ...]


def _ieee(op: Op, y: float, *numbers: Any, **attrs: Any) -> Slopes:
    """Return d y / d number, with ±∞ and NaN where Python's numbers would raise."""
    with np.errstate(all="ignore"):
        parts = op.vjp(np.ones(()), np.asarray(y), *numbers, **attrs) if op.vjp else numbers
    return tuple(None if p is None else float(p) for p in parts)


ADD, SUB, MUL, DIV, POW = (ALPHABET[n] for n in ("add", "sub", "mul", "div", "pow"))
# The alphabet takes a plain number here for a constant, so what is on the tape goes as an array.
CONSTANTS_COUNT = ("pow", "maximum", "minimum")
FREE_POW = replace(POW, vjp=lambda g, y, a, b: _ieee(POW, y, np.asarray(a), np.asarray(b)))


def _operators(op: Op, constant: Op | None = None) -> tuple[Any, Any]:
    """Return the methods `self ∘ other` and `other ∘ self`; constant: for a plain right side."""
    value: Any = op.scalar
    vjp: Any = op.vjp

    # Written out, since each call inside would cost a tenth of it.
    def forward(self: Value, other: Any) -> Any:
        if type(other) is not Value:
            return _with_number(constant or op, self, other, on_left=True)
        out = _new(Value)
        out._a = self
        out._b = other
        out._op = op
        out.grad = 0.0
        x, z = self.data, other.data
        out.data = y = value(x, z)
        try:
            out._da, out._db = vjp(1.0, y, x, z)
        except ArithmeticError:
            out._da, out._db = _ieee(op, y, np.asarray(x), np.asarray(z))
        return out

    return forward, lambda self, other: _with_number(op, self, other, on_left=False)


def _with_number(op: Op, v: Value, other: Any, *, on_left: bool) -> Any:
    """Record an operation of `v` and a plain number."""
    value: Any = op.scalar
    vjp: Any = op.vjp
    number = other if type(other) is float else _number(other)
    if number is None:
        return NotImplemented
    out = _new(Value)
    if on_left:
        x, z, out._a, out._b = v.data, number, v, None
    else:
        x, z, out._a, out._b = number, v.data, None, v
    out._given = number
    out._op = op
    out.grad = 0.0
    out.data = y = value(x, z)
    try:
        out._da, out._db = vjp(1.0, y, x, z)
    except ArithmeticError:
        out._da, out._db = _ieee(op, y, np.asarray(x), np.asarray(z))
    return out


class Value(Functions):
    """A number on a tape: `backward()` fills `grad` with the derivative with respect to it.

    data: any real number, kept as a float; name: what `explain` calls it. Every number that
    a result was computed from gets its `grad`; calling `backward` again adds to it, as in
    PyTorch. Values compare by identity, so that they can be members of sets.
    """

    __slots__ = ("_a", "_b", "_da", "_db", "_flow", "_given", "_name", "_op", "_uses", "data",
                 "grad")  # fmt: skip

    # NumPy's numbers on the left would otherwise make an array of objects.
    __array_ufunc__ = None

    data: float
    grad: float
    # No operation on numbers has more than two operands with a derivative: slots, since a tuple
    # of them would be one more thing for the garbage collector to visit.
    _op: Op | None
    _a: Value | None
    _b: Value | None
    _da: float  # d self / d _a
    _db: float
    _given: Any  # the plain number beside one Value, or all operands as they were written
    _flow: float
    _uses: int

    def __init__(self, data: Any, name: str = "") -> None:
        number = _number(data)
        if number is None:
            raise BadValue("Value(data)", "a real number", data)
        self.data, self.grad, self._name = number, 0.0, name
        self._op = self._a = self._b = None

    @property
    def name(self) -> str:
        """What `explain` calls this number; empty for results."""
        return getattr(self, "_name", "")

    @property
    def _args(self) -> tuple[Any, ...]:
        """The operands as they were written: Values and plain numbers."""
        given = getattr(self, "_given", None)
        if isinstance(given, tuple) or self._op is None:
            return given or ()
        return tuple(given if v is None else v for v in (self._a, self._b))

    @property
    def _sources(self) -> tuple[Value, ...]:
        return tuple(v for v in (self._a, self._b) if v is not None)

    @property
    def _slopes(self) -> tuple[float, ...]:
        pairs = ((self._a, self._da), (self._b, self._db)) if self._op else ()
        return tuple(slope for v, slope in pairs if v is not None)

    def backward(self, grad: float = 1.0) -> None:
        """Add grad · d self / d value to the `grad` of every value that self came from."""
        _count_uses(self)
        self._flow = float(grad)
        ready = [self]
        for node in ready:
            node.grad += (g := node._flow)
            if (a := node._a) is not None:  # the same for _b: a loop would take twice as long
                a._flow += g * node._da
                a._uses -= 1
                if not a._uses:
                    ready.append(a)
            if (b := node._b) is not None:
                b._flow += g * node._db
                b._uses -= 1
                if not b._uses:
                    ready.append(b)

    def zero_grad(self) -> None:
        """Forget the gradient of this value."""
        self.grad = 0.0

    def explain(self) -> str:
        """Return the operations behind this number, their local derivatives, and the chain."""
        return explain_value(self)

    def item(self) -> float:
        """Return the plain number."""
        return self.data

    def detach(self) -> Value:
        """Return the same number without its history."""
        return Value(self.data, self.name)

    def __repr__(self) -> str:
        return f"Value(data={self.data}, grad={self.grad})"

    def __float__(self) -> float:
        return self.data

    def __neg__(self) -> Value:
        return self._call("neg")

    __add__, __radd__ = _operators(ADD)
    __sub__, __rsub__ = _operators(SUB)
    __mul__, __rmul__ = _operators(MUL)
    __truediv__, __rtruediv__ = _operators(DIV)
    __pow__, __rpow__ = _operators(FREE_POW, POW)


_new = Value.__new__


def _count_uses(root: Value) -> None:
    """Count in `_uses` how often each value behind `root` is used there, and empty its `_flow`."""
    root._uses = 0
    seen = {root}
    reached = [root]
    for node in reached:
        for source in (node._a, node._b):
            if source in seen:
                source._uses += 1
            elif source is not None:
                seen.add(source)
                source._uses, source._flow = 1, 0.0
                if source._op is not None:
                    reached.append(source)


def _apply(name: str, args: tuple[Any, ...], attrs: Mapping[str, Any]) -> Value:
    """Record any operation of the alphabet that means something for single numbers."""
    op = ALPHABET[name]
    numbers = tuple(a.data if type(a) is Value else _number(a) for a in args)
    if op.scalar is None or None in numbers:
        raise BadValue(f"{name}(…)", "an operation on single numbers", args)
    out = Value(op.scalar(*numbers, **attrs))
    out._op, out._given, out._da, out._db = op, args, 0.0, 0.0
    if op.vjp is not None:
        slopes = zip(args, _slopes(op, out.data, args, numbers, attrs), strict=True)
        pairs = [(a, float(slope)) for a, slope in slopes if type(a) is Value and slope is not None]
        (out._a, out._da), (out._b, out._db) = (*pairs, (None, 0.0), (None, 0.0))[:2]
    return out


def _slopes(
    op: Op, y: float, args: Sequence[Any], numbers: Sequence[Any], attrs: Mapping[str, Any]
) -> Slopes:
    if op.vjp is not None and op.name not in CONSTANTS_COUNT:
        try:
            return op.vjp(1.0, y, *numbers, **attrs)
        except ArithmeticError:
            pass
    on_tape = (np.asarray(n) if type(a) is Value else n for a, n in zip(args, numbers, strict=True))
    return _ieee(op, y, *on_tape, **attrs)


carry(Value, _apply)


def _number(x: Any) -> float | None:
    """Return x as a float, or None when it is not one real number."""
    if isinstance(x, (int, float, np.integer, np.floating)):
        return float(x)
    if isinstance(x, np.ndarray) and x.ndim == 0 and x.dtype.kind in "iuf":
        return float(x)
    return None
