"""What SymPy adds to an expression, when it is asked for: a view, simplification, integrals."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from neurogebra.core.expression_arithmetic import Arithmetic
from neurogebra.core.expression_maths import only_input

if TYPE_CHECKING:
    from neurogebra.core.expression import Expression


class Symbolic(Arithmetic):
    """The verbs that need SymPy; each raises MissingExtra where it is absent."""

    @property
    def symbolic_expr(self) -> Any:
        """The definition as a SymPy expression, whose symbols print as typed."""
        from neurogebra.core.sympy_view import to_sympy

        return to_sympy(self.maths.tree)

    @property
    def variables(self) -> list[Any]:
        """The SymPy symbols of the definition, sorted by name."""
        return sorted(self.symbolic_expr.free_symbols, key=str)

    def simplify(self) -> Expression:
        """Return the formula as SymPy simplifies it; it is evaluated as before."""
        from neurogebra.core.sympy_view import simplify

        return self._new(self.name, replace(self.maths, tree=simplify(self.maths.tree)))

    def expand(self) -> Expression:
        """Return the formula with products multiplied out; it is evaluated as before."""
        from neurogebra.core.sympy_view import expand

        return self._new(self.name, replace(self.maths, tree=expand(self.maths.tree)))

    def integrate(self, var: str) -> Expression:
        """Return an antiderivative by `var`; FormulaError where SymPy finds none."""
        from neurogebra.core.sympy_view import integrate

        var = only_input(self.maths, str(var), f"{self.name}.integrate")
        tree = integrate(self.maths.tree, var)
        maths = replace(self.maths, tree=tree, runs=tree, like=None)
        return self._new(f"∫ {self.name} d{var}", maths)
