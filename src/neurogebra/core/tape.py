"""What the scalar tape and the array tape share: the order of a graph and the named functions."""

from __future__ import annotations

from typing import Any, Protocol, Self, TypeVar

from neurogebra.ops import apply


class Recorded(Protocol):
    """A result that remembers the results that it came from."""

    _sources: tuple[Any, ...]
    _uses: int
    _flow: Any


R = TypeVar("R", bound=Recorded)


def count_uses(root: Recorded) -> None:
    """Count in `_uses` how often each node behind `root` is used there; empty every `_flow`."""
    root._uses = 0
    seen = {root}
    reached = [root]
    for node in reached:
        for source in node._sources:
            if source in seen:
                source._uses += 1
            else:
                seen.add(source)
                source._uses, source._flow = 1, 0.0
                if source._sources:
                    reached.append(source)


def users_first(root: R) -> list[R]:
    """Return the graph behind `root`, every node before its sources, without recursion."""
    count_uses(root)
    order = [root]
    for node in order:
        for source in node._sources:
            source._uses -= 1
            if not source._uses:
                order.append(source)
    return order


class Functions:
    """The elementwise functions of the alphabet as methods."""

    __slots__ = ()

    def exp(self) -> Self:
        """Return e^x."""
        return self._call("exp")

    def log(self) -> Self:
        """Return ln x: −∞ at 0, NaN below."""
        return self._call("log")

    def sqrt(self) -> Self:
        """Return √x, NaN below 0."""
        return self._call("sqrt")

    def sin(self) -> Self:
        """Return sin x."""
        return self._call("sin")

    def cos(self) -> Self:
        """Return cos x."""
        return self._call("cos")

    def tanh(self) -> Self:
        """Return tanh x."""
        return self._call("tanh")

    def sigmoid(self) -> Self:
        """Return 1 / (1 + e^−x)."""
        return self._call("sigmoid")

    def relu(self) -> Self:
        """Return max(x, 0); its derivative at 0 is 0."""
        return self._call("relu")

    def softplus(self) -> Self:
        """Return ln(1 + e^x)."""
        return self._call("softplus")

    def erf(self) -> Self:
        """Return the error function of x."""
        return self._call("erf")

    def abs(self) -> Self:
        """Return |x|; its derivative at 0 is 0."""
        return self._call("abs")

    def __abs__(self) -> Self:
        return self._call("abs")

    def draw(self, form: str = "unicode") -> str:
        """Return the graph behind this result as text ("unicode") or as a picture ("svg").

        Raises BadValue for another form and for graphs of more than 80 numbers.
        """
        from neurogebra.core.drawing import draw  # a picture is asked for rarely

        return draw(self, form)

    def _call(self, name: str, **attrs: Any) -> Self:
        found: Self = apply(name, (self,), attrs)
        return found
