"""A formula in the hand: looked at, evaluated, differentiated, joined with others, explained."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from neurogebra.core.book_slopes import definition
from neurogebra.core.evaluate import PLAIN, function
from neurogebra.core.explain import explain
from neurogebra.core.expression_arithmetic import operand
from neurogebra.core.expression_maths import (
    Maths,
    arguments,
    composed,
    derived,
    of_source,
    only_input,
    with_params,
)
from neurogebra.core.expression_symbolic import Symbolic
from neurogebra.core.expression_text import shown, text
from neurogebra.core.expression_values import evaluate
from neurogebra.core.latex import latex, unicode
from neurogebra.core.tree import Node
from neurogebra.errors import BadValue
from neurogebra.repository.record import Formula


class Expression(Symbolic):
    """A formula with a name: its inputs are asked for at `eval`, its parameters are stored.

    symbolic_expr: a text, a tree, a SymPy expression or a Formula of the book. params: names
    with values; trainable_params: those that a Trainer may change. Raises FormulaError for a
    text that is no formula (nothing of it ever runs), BadValue for parameters it does not have.
    """

    def __init__(
        self,
        name: str,
        symbolic_expr: Any,
        params: Mapping[str, Any] | None = None,
        trainable_params: Sequence[str] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        record = symbolic_expr if isinstance(symbolic_expr, Formula) else None
        maths = of_source(symbolic_expr, params, trainable_params)
        self._set(name, maths, metadata or {}, record)

    def _set(
        self, name: str, maths: Maths, metadata: Mapping[str, Any], record: Formula | None = None
    ) -> None:
        self.name, self.metadata, self._maths = name, dict(metadata), maths
        self.params: dict[str, Any] = dict(maths.params)
        self.trainable_params: list[str] = list(maths.trainable)
        self.record = record
        names = (*maths.inputs, *maths.params)
        self._count, self._pick = len(names), _picker(names)
        self._scalar: Callable[[Any], Any] | None = None

    def _new(self, name: str, maths: Maths) -> Expression:
        return _rebuilt(name, maths, {}, None)

    @property
    def maths(self) -> Maths:
        """The trees and names as they are now, with the parameters' present values."""
        return with_params(self._maths, self.params, self.trainable_params)

    @property
    def tree(self) -> Node:
        """The definition, as shown and differentiated."""
        return self._maths.tree

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names that `eval` asks for, in the order of positional values."""
        return self._maths.inputs

    @property
    def formula(self) -> str:
        """The definition in LaTeX."""
        return definition(self, latex)

    def eval(self, *args: Any, **given: Any) -> Any:
        """Return the value: numbers give a Python number, arrays an array of their dtype.

        Inputs and parameters go by name, or by position in the order of `inputs`; a parameter
        given here wins over the stored one. Raises BadValue for a missing or misspelt name.
        """
        if not args:
            merged = {**self.params, **given} if self.params else given
            if len(merged) == self._count:
                try:
                    values = self._pick(merged)
                    for v in values:
                        if type(v) not in PLAIN:
                            break
                    else:
                        return (self._scalar or self._compile())(values)
                except (KeyError, ValueError, TypeError, OverflowError):
                    pass  # answered below, with a sentence
        found = arguments(self.name, self._maths, args, given)
        return evaluate(self.name, self._maths, {**self.params, **found})

    __call__ = eval

    def _compile(self) -> Callable[[Any], Any]:
        names = (*self._maths.inputs, *self._maths.params)
        self._scalar = function(self._maths.runs, names, arrays=False)
        return self._scalar

    def gradient(self, var: str) -> Expression:
        """Return the derivative by an input or parameter, an array's in that array's shape.

        An elementwise formula has an elementwise derivative; of anything else that is not one
        number it is the derivative of the sum.
        """
        maths = derived(self.maths, str(var), f"{self.name}.gradient")
        return self._new(f"d({self.name})/d({var})", maths)

    def compose(self, other: Expression | float, var: str | None = None) -> Expression:
        """Return this formula with `other` in place of its only input, or of the one named."""
        inner, where = operand(other), f"{self.name}.compose"
        if inner is None:
            raise BadValue(where, "an expression or a number", other)
        label = other.name if isinstance(other, Expression) else str(other)
        maths = composed(self.maths, inner, only_input(self.maths, var, where))
        return self._new(f"{self.name}({label})", maths)

    def clone(self) -> Expression:
        """Return a copy that shares no parameter and no metadata with this one."""
        made = _rebuilt(self.name, self._maths, copy.deepcopy(self.metadata), self.record)
        made.params, made.trainable_params = copy.deepcopy(self.params), [*self.trainable_params]
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (self.name, self.maths, self.metadata, self.record)

    def explain(self, level: str = "beginner") -> str:
        """Return what the formula is for: beginner, intermediate or advanced."""
        return explain(self, level)

    def visualize(self, **options: Any) -> Any:
        """Draw the formula and its derivative; see `core.expression_plot.plot`."""
        from neurogebra.core.expression_plot import plot

        return plot(self, **options)

    def __str__(self) -> str:
        return f"{self.name}({', '.join(self.inputs)}) = {self._shown()}"

    def _shown(self) -> str:
        return shown(self.tree, lambda _: definition(self, unicode))

    def __repr__(self) -> str:
        params = f", params={self.params!r}" if self.params else ""
        return f"Expression({self.name!r}, {shown(self.tree, text)!r}{params})"


def _picker(names: tuple[str, ...]) -> Callable[[Mapping[str, Any]], Any]:
    """Return the function that reads the values of `names`, in order, from a mapping."""
    if len(names) > 1:
        return itemgetter(*names)
    if not names:
        return lambda given: ()
    (name,) = names
    return lambda given: (given[name],)


def _rebuilt(
    name: str, maths: Maths, metadata: dict[str, Any], record: Formula | None
) -> Expression:
    made = Expression.__new__(Expression)
    made._set(name, maths, metadata, record)
    return made
