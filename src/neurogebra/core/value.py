"""The scalar tape: numbers that remember how they came about, for learning how learning works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from neurogebra.core.chain import explain_value
from neurogebra.core.tape import Functions, count_uses
from neurogebra.errors import BadValue
from neurogebra.ops import ALPHABET, Op, carry

Slopes = tuple[Any, ...]


def _slopes(op: Op, y: float, numbers: tuple[float, ...], attrs: Mapping[str, Any]) -> Slopes:
    """Return d y / d number, with ±∞ and NaN where Python's numbers would raise."""
    if op.vjp is None:
        return (None,) * len(numbers)
    try:
        return op.vjp(1.0, y, *numbers, **attrs)
    except ArithmeticError:
        return _ieee(op, y, numbers)


def _ieee(op: Op, y: float, numbers: tuple[float, ...]) -> Slopes:
    with np.errstate(all="ignore"):
        parts = op.vjp(1.0, np.asarray(y), *map(np.asarray, numbers)) if op.vjp else ()
        return tuple(None if p is None else float(p) for p in parts)


ADD, SUB, MUL, DIV, POW = (ALPHABET[n] for n in ("add", "sub", "mul", "div", "pow"))
# The alphabet takes a plain exponent for a constant, so one on the tape goes as an array.
FREE_POW = replace(POW, vjp=lambda g, y, *ab: _ieee(POW, y, ab))


def _operators(op: Op, constant: Op | None = None) -> tuple[Any, Any]:
    """Return the methods `self ∘ other` and `other ∘ self`; constant: for a plain right side."""
    value: Any = op.scalar
    vjp: Any = op.vjp

    # Written out, since each call inside would cost a tenth of it.
    def forward(self: Value, other: Any) -> Any:
        if type(other) is not Value:
            return _with_number(constant or op, self, other, 0)
        out = _new(Value)
        x, z = self.data, other.data
        out.data = y = value(x, z)
        try:
            out._slopes = vjp(1.0, y, x, z)
        except ArithmeticError:
            out._slopes = _ieee(op, y, (x, z))
        out._sources = out._args = (self, other)
        out._op = op
        out.grad = 0.0
        return out

    return forward, lambda self, other: _with_number(op, self, other, 1)


def _with_number(op: Op, v: Value, other: Any, place: int) -> Any:
    """Record an operation of `v`, at its place 0 or 1, and a plain number."""
    value: Any = op.scalar
    vjp: Any = op.vjp
    number = other if type(other) is float else _number(other)
    if number is None:
        return NotImplemented
    out = _new(Value)
    out._sources = (v,)
    out._args = (number, v) if place else (v, number)
    x, z = (number, v.data) if place else (v.data, number)
    out.data = y = value(x, z)
    try:
        slopes = vjp(1.0, y, x, z)
    except ArithmeticError:
        slopes = _ieee(op, y, (x, z))
    out._slopes = (slopes[place],)
    out._op = op
    out.grad = 0.0
    return out


class Value(Functions):
    """A number on a tape: `backward()` fills `grad` with the derivative with respect to it.

    data: any real number, kept as a float; name: what `explain` calls it. Every number that
    a result was computed from gets its `grad`; calling `backward` again adds to it, as in
    PyTorch. Values compare by identity, so that they can be members of sets.
    """

    __slots__ = ("_args", "_flow", "_name", "_op", "_slopes", "_sources", "_uses", "data", "grad")

    # NumPy's numbers on the left would otherwise make an array of objects.
    __array_ufunc__ = None

    data: float
    grad: float
    _op: Op | None
    _args: tuple[Any, ...]  # the operands as written: Values and plain numbers
    _sources: tuple[Value, ...]  # the Values among them
    _slopes: Slopes  # d self / d source, one a source
    _flow: float
    _uses: int

    def __init__(self, data: Any, name: str = "") -> None:
        number = _number(data)
        if number is None:
            raise BadValue("Value(data)", "a real number", data)
        self.data, self.grad, self._name = number, 0.0, name
        self._op, self._args, self._sources, self._slopes = None, (), (), ()

    @property
    def name(self) -> str:
        """What `explain` calls this number; empty for results."""
        return getattr(self, "_name", "")

    def backward(self, grad: float = 1.0) -> None:
        """Add grad · d self / d value to the `grad` of every value that self came from."""
        count_uses(self)
        self._flow = float(grad)
        ready = [self]
        for node in ready:
            node.grad += (g := node._flow)
            slopes = node._slopes  # to zip them takes twice as long
            for i, source in enumerate(node._sources):
                source._flow += g * slopes[i]
                source._uses -= 1
                if not source._uses:
                    ready.append(source)

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


def _apply(name: str, args: tuple[Any, ...], attrs: Mapping[str, Any]) -> Value:
    """Record any operation of the alphabet that means something for single numbers."""
    op = FREE_POW if name == "pow" and type(args[1]) is Value else ALPHABET[name]
    numbers = tuple(a.data if type(a) is Value else _number(a) for a in args)
    if op.scalar is None or None in numbers:
        raise BadValue(f"{name}(…)", "an operation on single numbers", args)
    out = Value(op.scalar(*numbers, **attrs))
    out._op, out._args = op, args
    slopes = zip(args, _slopes(op, out.data, numbers, attrs), strict=True)  # type: ignore[arg-type]
    kept = [(a, slope) for a, slope in slopes if type(a) is Value and slope is not None]
    out._sources, out._slopes = tuple(a for a, _ in kept), tuple(float(s) for _, s in kept)
    return out


carry(Value, _apply)


def _number(x: Any) -> float | None:
    """Return x as a float, or None when it is not one real number."""
    if isinstance(x, (int, float, np.integer, np.floating)):
        return float(x)
    if isinstance(x, np.ndarray) and x.ndim == 0 and x.dtype.kind in "iuf":
        return float(x)
    return None
