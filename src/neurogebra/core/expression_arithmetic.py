"""The arithmetic of expressions: + - * / ** and negation, with expressions and numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from neurogebra.core.expression_maths import Maths, joined
from neurogebra.core.tree import build

if TYPE_CHECKING:
    from neurogebra.core.expression import Expression


def operand(value: object) -> Maths | float | None:
    """Return what takes part in arithmetic, maths or a plain number; None for anything else."""
    if isinstance(value, Arithmetic):
        return value.maths
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        value = value.item()
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _verb(op: str, sign: str, swapped: bool = False) -> Callable[[Any, Any], Expression]:
    def join(self: Arithmetic, other: Any) -> Any:
        mine, theirs = self.maths, operand(other)
        if theirs is None:
            return NotImplemented
        if other is self:
            theirs = mine
        label = other.name if isinstance(other, Arithmetic) else str(other)
        names = (label, self.name) if swapped else (self.name, label)
        maths = joined(op, theirs, mine) if swapped else joined(op, mine, theirs)
        return self._new(f"({names[0]} {sign} {names[1]})", maths)

    return join


class Arithmetic:
    """Whatever has maths and a name can be added, multiplied and so on.

    Parameters of one name in both operands are kept apart: the second becomes alpha_2.
    """

    # Otherwise `np.float64(2) * expression` would become an array of expressions.
    __array_ufunc__ = None
    name: str

    @property
    def maths(self) -> Maths:
        """The trees and names as they are now."""
        raise NotImplementedError

    def _new(self, name: str, maths: Maths) -> Expression:
        raise NotImplementedError

    __add__, __radd__ = _verb("add", "+"), _verb("add", "+", swapped=True)
    __sub__, __rsub__ = _verb("sub", "-"), _verb("sub", "-", swapped=True)
    __mul__, __rmul__ = _verb("mul", "*"), _verb("mul", "*", swapped=True)
    __truediv__, __rtruediv__ = _verb("div", "/"), _verb("div", "/", swapped=True)
    __pow__, __rpow__ = _verb("pow", "**"), _verb("pow", "**", swapped=True)

    def __neg__(self) -> Expression:
        maths = self.maths
        tree = build("neg", (maths.tree,), {})
        runs = tree if maths.runs is maths.tree else build("neg", (maths.runs,), {})
        return self._new(f"-{self.name}", replace(maths, tree=tree, runs=runs))
