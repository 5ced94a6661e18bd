"""The book as Expressions by domain, and the search over them that answers with dicts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, overload

from neurogebra.core.expression import Expression
from neurogebra.core.forge import of_book
from neurogebra.core.latex import unicode
from neurogebra.errors import UnknownName
from neurogebra.registry import near
from neurogebra.repository import CATEGORIES, FORMULAS, Formula
from neurogebra.repository.search import search


def of_category(category: str) -> dict[str, Expression]:
    """Return a fresh copy of every formula of one category, by name.

    Raises UnknownName for a category that the book does not have.
    """
    if category not in CATEGORIES:
        raise UnknownName("category", category, near(category, CATEGORIES) or CATEGORIES)
    return {n: of_book(f).clone() for n, f in FORMULAS.items() if f.category == category}


def get_activations() -> dict[str, Expression]:
    """Return the activations."""
    return of_category("activation")


def get_losses() -> dict[str, Expression]:
    """Return the losses."""
    return of_category("loss")


def get_regularizers() -> dict[str, Expression]:
    """Return the regularizers."""
    return of_category("regularizer")


def get_algebra_expressions() -> dict[str, Expression]:
    """Return the formulas of algebra: polynomials, kernels, curves."""
    return of_category("algebra")


def get_calculus_expressions() -> dict[str, Expression]:
    """Return the formulas of calculus: functions, series, integrators."""
    return of_category("calculus")


def get_statistics_expressions() -> dict[str, Expression]:
    """Return the formulas of statistics: distributions, information, tests."""
    return of_category("statistics")


def get_linalg_expressions() -> dict[str, Expression]:
    """Return the formulas of linear algebra: norms, distances, matrices, attention."""
    return of_category("linalg")


def get_optimization_expressions() -> dict[str, Expression]:
    """Return the formulas of optimization: steps, schedules, landscapes."""
    return of_category("optimization")


def get_metrics_expressions() -> dict[str, Expression]:
    """Return the metrics."""
    return of_category("metric")


def get_transforms_expressions() -> dict[str, Expression]:
    """Return the transforms: normalization, encoding, initialization, layers."""
    return of_category("transform")


class ExpressionSearch:
    """Search over a mapping of name → Expression, such as `get_losses()` or one's own."""

    def __init__(self, repo: Mapping[str, Expression]) -> None:
        self._repo = dict(repo)
        self._records = tuple(_record(name, e) for name, e in self._repo.items())

    def search(
        self, query: str, category: str | None = None, max_results: int = 10
    ) -> list[dict[str, Any]]:
        """Return what answers a query, best first, the exact name before all.

        A dict a formula: name, score (0 to 1), category, description, formula (in Unicode). An
        empty query returns everything in order, as far as `max_results`.
        """
        hits = search(self._records, query, category, max_results)
        return [
            {
                "name": hit.name,
                "score": hit.score,
                "category": hit.formula.category,
                "description": hit.formula.summary,
                "formula": unicode(self._repo[hit.name].tree),
            }
            for hit in hits
        ]

    def get_categories(self) -> list[str]:
        """Return the categories that have a formula here, in order."""
        return list(dict.fromkeys(r.category for r in self._records if r.category))

    @overload
    def get_by_category(self) -> dict[str, list[str]]: ...
    @overload
    def get_by_category(self, category: str) -> list[str]: ...
    def get_by_category(self, category: str | None = None) -> dict[str, list[str]] | list[str]:
        """Return the names of one category, [] where it has none; without one, all by category."""
        if category is not None:
            return [r.name for r in self._records if r.category == category]
        return {c: self.get_by_category(c) for c in self.get_categories()}


def _record(name: str, expression: Expression) -> Formula:
    """Return the record of a formula of the book, or one of what an expression says of itself."""
    record = expression.record
    if record is not None and record.name == name:
        return record
    said = expression.metadata
    words = [str(said.get(key, "")) for key in ("description", "category", "usage")]
    aliases = tuple(map(str, said.get("aliases", ())))
    summary, category, usage = words
    return Formula(name, "0", expression.inputs, summary, category, usage=usage, aliases=aliases)
