"""What an expression can do beyond its value: SymPy's view, simplification, second derivatives."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from neurogebra.core.book_slopes import definition
from neurogebra.core.expression_arithmetic import Arithmetic
from neurogebra.core.expression_maths import only_input
from neurogebra.core.latex import latex, unicode
from neurogebra.core.tree import Node, symbol, symbols

if TYPE_CHECKING:
    from neurogebra.core.expression import Expression

DEADLINE = 10.0  # seconds that SymPy is given


class Symbolic(Arithmetic):
    """Verbs of mathematics; those that need SymPy raise MissingExtra where it is absent."""

    @property
    def symbolic_expr(self) -> Any:
        """The definition as a SymPy expression, whose symbols print as typed."""
        from neurogebra.core.sympy_view import to_sympy

        return to_sympy(self.maths.tree)

    @property
    def variables(self) -> list[Any]:
        """The SymPy symbols of the definition, sorted by name."""
        from neurogebra.core.sympy_view import to_sympy

        return [to_sympy(symbol(n)) for n in symbols(self.maths.tree)]

    def to_code(self, target: str = "numpy", gradient: str | None = None) -> str:
        """Return the source of a function for numpy, torch, jax, tensorflow, sympy or python.

        gradient: a name, for the derivative by it. See `core.code.source`.
        """
        from neurogebra.core.code import source

        return source(cast("Expression", self), target, gradient)

    def to_latex(self) -> str:
        """Return the definition in LaTeX."""
        return definition(cast("Expression", self), latex)

    def to_unicode(self) -> str:
        """Return the definition as one line of Unicode."""
        return definition(cast("Expression", self), unicode)

    def simplify(self, deadline: float = DEADLINE) -> Expression:
        """Return the formula as SymPy simplifies it; it is evaluated as before.

        deadline: seconds; SymPy works in a process of its own. Raises FormulaError where that
        is not enough.
        """
        tree = self._worked("simplify", deadline)
        return self._new(self.name, replace(self.maths, tree=tree))

    def expand(self, deadline: float = DEADLINE) -> Expression:
        """Return the formula with products multiplied out; see `simplify` for the rest."""
        tree = self._worked("expand", deadline)
        return self._new(self.name, replace(self.maths, tree=tree))

    def _worked(self, verb: str, deadline: float, var: str = "") -> Node:
        from neurogebra.core.sympy_worker import ask

        return ask(verb, self.maths.tree, var, deadline)

    def hessian_vector(self, var: str, v: str = "v") -> Expression:
        """Return the Hessian by `var` times a direction, a new input named `v`."""
        from neurogebra.core.second import hessian_vector

        maths = hessian_vector(self.maths, str(var), v, f"{self.name}.hessian_vector")
        return self._new(f"d²({self.name})/d({var})² {v}", maths)

    def integrate(self, var: str, deadline: float = DEADLINE) -> Expression:
        """Return an antiderivative by `var`; FormulaError where SymPy finds none in time."""
        var = only_input(self.maths, str(var), f"{self.name}.integrate")
        tree = self._worked("integrate", deadline, var)
        maths = replace(self.maths, tree=tree, runs=tree, like=None)
        return self._new(f"∫ {self.name} d{var}", maths)
