"""What a tensor can do, in the names of the alphabet: operators, comparisons, reductions."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from neurogebra.ops import apply

Axis = int | tuple[int, ...] | None
# What may stand beside a tensor; everything else is asked for its own operator.
OPERANDS = (int, float, list, tuple, np.ndarray, np.generic)


class Arithmetic:
    """Operators, with tensors, numbers, arrays and lists on either side."""

    __slots__ = ()

    data: Any

    def __neg__(self) -> Self:
        return self._operator("neg", self)

    def __add__(self, other: Any) -> Self:
        return self._operator("add", self, other)

    def __radd__(self, other: Any) -> Self:
        return self._operator("add", other, self)

    def __sub__(self, other: Any) -> Self:
        return self._operator("sub", self, other)

    def __rsub__(self, other: Any) -> Self:
        return self._operator("sub", other, self)

    def __mul__(self, other: Any) -> Self:
        return self._operator("mul", self, other)

    def __rmul__(self, other: Any) -> Self:
        return self._operator("mul", other, self)

    def __truediv__(self, other: Any) -> Self:
        return self._operator("div", self, other)

    def __rtruediv__(self, other: Any) -> Self:
        return self._operator("div", other, self)

    def __pow__(self, other: Any) -> Self:
        return self._operator("pow", self, other)

    def __rpow__(self, other: Any) -> Self:
        return self._operator("pow", other, self)

    def __matmul__(self, other: Any) -> Self:
        return self._operator("matmul", self, other)

    def __rmatmul__(self, other: Any) -> Self:
        return self._operator("matmul", other, self)

    def __lt__(self, other: Any) -> Self:
        return self._compare(np.less, other)

    def __le__(self, other: Any) -> Self:
        return self._compare(np.less_equal, other)

    def __gt__(self, other: Any) -> Self:
        return self._compare(np.greater, other)

    def __ge__(self, other: Any) -> Self:
        return self._compare(np.greater_equal, other)

    def __eq__(self, other: object) -> Self:  # type: ignore[override]
        return self._compare(np.equal, other)

    def __ne__(self, other: object) -> Self:  # type: ignore[override]
        return self._compare(np.not_equal, other)

    # Comparing gives an array of truths, so members of sets and keys are told apart by identity.
    __hash__ = object.__hash__

    def _operator(self, name: str, *args: Any) -> Self:
        if not all(isinstance(a, (type(self), *OPERANDS)) for a in args):
            return NotImplemented  # type: ignore[no-any-return]
        found: Self = apply(name, args, {})
        return found

    def _compare(self, test: Any, other: Any) -> Self:
        if not isinstance(other, (type(self), *OPERANDS)):
            return NotImplemented  # type: ignore[no-any-return]
        make: Any = type(self)
        found: Self = make(test(self.data, other.data if isinstance(other, make) else other))
        return found


class Reductions:
    """Reductions over `axis` (all by default) and what is normalised along one axis."""

    __slots__ = ()

    def sum(self, axis: Axis = None, keepdims: bool = False) -> Self:
        """Return the sum."""
        return self._over("sum", axis, keepdims)

    def mean(self, axis: Axis = None, keepdims: bool = False) -> Self:
        """Return the arithmetic mean."""
        return self._over("mean", axis, keepdims)

    def var(self, axis: Axis = None, keepdims: bool = False) -> Self:
        """Return the population variance, as NumPy does (PyTorch divides by n − 1)."""
        return self._over("var", axis, keepdims)

    def std(self, axis: Axis = None, keepdims: bool = False) -> Self:
        """Return the population standard deviation."""
        found: Self = apply("sqrt", (self.var(axis, keepdims),), {})
        return found

    def max(self, axis: Axis = None, keepdims: bool = False) -> Self:
        """Return the largest element; equal ones share its gradient."""
        return self._over("amax", axis, keepdims)

    def min(self, axis: Axis = None, keepdims: bool = False) -> Self:
        """Return the smallest element; equal ones share its gradient."""
        return self._over("amin", axis, keepdims)

    def logsumexp(self, axis: Axis = None, keepdims: bool = False) -> Self:
        """Return ln Σ e^x."""
        return self._over("logsumexp", axis, keepdims)

    def argmax(self, axis: int | None = None) -> Self:
        """Return the place of the largest element, which has no gradient."""
        found: Self = apply("argmax", (self,), {"axis": axis})
        return found

    def softmax(self, axis: int = -1) -> Self:
        """Return e^x / Σ e^x along `axis`."""
        found: Self = apply("softmax", (self,), {"axis": axis})
        return found

    def log_softmax(self, axis: int = -1) -> Self:
        """Return ln softmax(x) along `axis`."""
        found: Self = apply("log_softmax", (self,), {"axis": axis})
        return found

    def _over(self, name: str, axis: Axis, keepdims: bool) -> Self:
        found: Self = apply(name, (self,), {"axis": axis, "keepdims": keepdims})
        return found
