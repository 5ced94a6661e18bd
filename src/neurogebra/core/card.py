"""A formula's card, and cards side by side: facts for whoever shows them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from neurogebra.core.book_slopes import definition, slopes
from neurogebra.core.facts import given_names, measured_range, operations, values_at
from neurogebra.core.latex import latex, unicode
from neurogebra.errors import BadValue

if TYPE_CHECKING:
    from neurogebra.core.expression import Expression

POINTS = (-2.0, 0.0, 2.0)
_WIDTH = 44


def card(expression: Expression) -> dict[str, Any]:
    """Return name, category, formula, latex, inputs, params, words and gradient by input."""
    found = expression.metadata
    maths, found_slopes = expression.maths, slopes(expression)
    return {
        "name": expression.name,
        "category": found.get("category", ""),
        "subcategory": found.get("subcategory", ""),
        "formula": definition(expression, unicode),
        "latex": definition(expression, latex),
        "computed": "" if maths.runs is maths.tree else unicode(maths.runs),
        "inputs": list(maths.inputs),
        "domain": given_names(expression),
        "range": measured_range(expression),
        "params": dict(expression.params),
        "summary": found.get("description", ""),
        "usage": found.get("usage", ""),
        "pros": list(found.get("pros", ())),
        "cons": list(found.get("cons", ())),
        "gradient": {n: text for n, (_, text) in found_slopes.items()},
        "signs": {n: sign for n, (sign, _) in found_slopes.items()},
        "kinks": list(expression.record.kinks) if expression.record else [],
        "source": found.get("source", ""),
        "aliases": list(found.get("aliases", ())),
    }


def beside(expressions: Sequence[Expression]) -> list[dict[str, Any]]:
    """Return a record a formula: formula, range, values and slopes at points, cost, use."""
    if not expressions:
        raise BadValue("compare", "at least one name", "none")
    return [
        {
            "name": e.name,
            "formula": definition(e, unicode),
            "range": measured_range(e),
            "at": values_at(e, POINTS),
            "operations": operations(e),
            "summary": e.metadata.get("description", ""),
            "usage": e.metadata.get("usage", ""),
        }
        for e in expressions
    ]


def compare(expressions: Sequence[Expression]) -> str:
    """Return a text table: a row a formula; range, values and slopes where one number goes in."""
    head = ["name", "formula", "range", *(f"f({p:g})" for p in POINTS)]
    rows = [[*head, *(f"f′({p:g})" for p in POINTS), "operations", "when to use it"]]
    for fact in beside(expressions):
        at = fact["at"] or [("", "")] * len(POINTS)
        numbers = [*(_short(value) for value, _ in at), *(_short(slope) for _, slope in at)]
        use = fact["usage"] or fact["summary"]
        first = [fact["name"], _cut(fact["formula"]), range_words(fact["range"])]
        rows.append([*first, *numbers, str(fact["operations"]), use])
    kept = [i for i in range(len(rows[0])) if any(row[i] for row in rows[1:])]
    widths = {i: max(len(row[i]) for row in rows) for i in kept}
    lines = ["  ".join(row[i].ljust(widths[i]) for i in kept).rstrip() for row in rows]
    rule = "  ".join("─" * widths[i] for i in kept)
    return "\n".join([lines[0], rule, *lines[1:]])


def range_words(found: tuple[float, float] | None) -> str:
    """Return a measured range as "[-0.17, ∞)"; "" for none."""
    if found is None:
        return ""
    low = "(−∞" if math.isinf(found[0]) else f"[{_short(found[0])}"
    high = "∞)" if math.isinf(found[1]) else f"{_short(found[1])}]"
    return f"{low}, {high}"


def _short(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return f"{value:.4g}".replace("inf", "∞").replace("nan", "none")


def _cut(text: str) -> str:
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"
