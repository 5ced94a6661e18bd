"""The table of operations, and the one way to apply them to whatever carries mathematics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from neurogebra.ops.record import Op
from neurogebra.registry import Registry

ALPHABET: Registry[Op] = Registry("operation")  # filled by ops.alphabet

_CARRIERS: dict[type, Callable[..., Any]] = {}


def carry(kind: type, apply_op: Callable[..., Any]) -> None:
    """Let operations on values of `kind` be answered by apply_op(name, args, attrs)."""
    _CARRIERS[kind] = apply_op


def apply(name: str, args: tuple[Any, ...], attrs: Mapping[str, Any]) -> Any:
    """Apply an operation: symbols give a formula, tapes record, numbers and arrays their like."""
    plain = True
    for a in args:
        kind = type(a)
        answer = _CARRIERS.get(kind)
        if answer is not None:
            return answer(name, args, attrs)
        plain = plain and (kind is float or kind is int)
    op = ALPHABET[name]
    return (op.scalar if plain and op.scalar else op.value)(*args, **attrs)


def call(name: str) -> Callable[..., Any]:
    """Return an operation as a function: the words in which derivatives are written."""

    def applied(*args: Any, **attrs: Any) -> Any:
        return apply(name, args, attrs)

    applied.__name__ = name
    return applied


def is_number(a: Any) -> bool:
    """Say whether an operand is a plain number, or a formula that is one."""
    return isinstance(a, (int, float)) or bool(getattr(a, "is_number", False))
