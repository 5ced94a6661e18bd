"""What an expression can do beyond its value: SymPy's view, simplification, second derivatives."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from neurogebra.core.expression_arithmetic import Arithmetic
from neurogebra.core.expression_maths import only_input
from neurogebra.core.latex import latex, unicode

if TYPE_CHECKING:
    from neurogebra.core.expression import Expression


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
        return sorted(self.symbolic_expr.free_symbols, key=str)

    def to_code(self, target: str = "numpy", gradient: str | None = None) -> str:
        """Return the source of a function for numpy, torch, jax, tensorflow, sympy or python.

        gradient: a name, for the derivative by it. See `core.code.source`.
        """
        from neurogebra.core.code import source

        return source(cast("Expression", self), target, gradient)

    def to_latex(self) -> str:
        """Return the definition in LaTeX."""
        return latex(self.maths.tree)

    def to_unicode(self) -> str:
        """Return the definition as one line of Unicode."""
        return unicode(self.maths.tree)

    def simplify(self) -> Expression:
        """Return the formula as SymPy simplifies it; it is evaluated as before."""
        from neurogebra.core.sympy_view import simplify

        return self._new(self.name, replace(self.maths, tree=simplify(self.maths.tree)))

    def expand(self) -> Expression:
        """Return the formula with products multiplied out; it is evaluated as before."""
        from neurogebra.core.sympy_view import expand

        return self._new(self.name, replace(self.maths, tree=expand(self.maths.tree)))

    def hessian_vector(self, var: str, v: str = "v") -> Expression:
        """Return the Hessian by `var` times a direction, a new input named `v`."""
        from neurogebra.core.second import hessian_vector

        maths = hessian_vector(self.maths, str(var), v, f"{self.name}.hessian_vector")
        return self._new(f"d²({self.name})/d({var})² {v}", maths)

    def integrate(self, var: str) -> Expression:
        """Return an antiderivative by `var`; FormulaError where SymPy finds none."""
        from neurogebra.core.sympy_view import integrate

        var = only_input(self.maths, str(var), f"{self.name}.integrate")
        tree = integrate(self.maths.tree, var)
        maths = replace(self.maths, tree=tree, runs=tree, like=None)
        return self._new(f"∫ {self.name} d{var}", maths)
