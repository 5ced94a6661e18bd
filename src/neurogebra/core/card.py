"""A formula's card, and cards side by side: facts for whoever shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from neurogebra.core.latex import latex, unicode
from neurogebra.core.tree import SYMBOL, in_order
from neurogebra.errors import BadValue

if TYPE_CHECKING:
    from neurogebra.core.expression import Expression

POINTS = (-2.0, 0.0, 2.0)
_WIDTH = 44


def card(expression: Expression) -> dict[str, Any]:
    """Return name, category, formula, latex, inputs, params, words and gradient by input."""
    found = expression.metadata
    maths = expression.maths
    return {
        "name": expression.name,
        "category": found.get("category", ""),
        "subcategory": found.get("subcategory", ""),
        "formula": unicode(maths.tree),
        "latex": latex(maths.tree),
        "computed": unicode(maths.runs),
        "inputs": list(maths.inputs),
        "params": dict(expression.params),
        "summary": found.get("description", ""),
        "usage": found.get("usage", ""),
        "pros": list(found.get("pros", ())),
        "cons": list(found.get("cons", ())),
        "gradient": {n: unicode(expression.gradient(n).tree) for n in maths.inputs},
        "source": found.get("source", ""),
        "aliases": list(found.get("aliases", ())),
    }


def compare(expressions: Sequence[Expression]) -> str:
    """Return a text table: a row a formula; values and slopes where one input is enough."""
    if not expressions:
        raise BadValue("compare", "at least one name", "none")
    head = ["name", "formula", *(f"f({p:g})" for p in POINTS), *(f"f′({p:g})" for p in POINTS)]
    rows = [[*head, "operations", "what it is"]]
    for e in expressions:
        cost = sum(n.op != SYMBOL and bool(n.args) for n in in_order(e.maths.runs))
        facts = [*_at_points(e), str(cost), str(e.metadata.get("description", ""))]
        rows.append([e.name, _cut(unicode(e.tree)), *facts])
    kept = [i for i in range(len(rows[0])) if any(row[i] for row in rows[1:])]
    widths = {i: max(len(row[i]) for row in rows) for i in kept}
    lines = ["  ".join(row[i].ljust(widths[i]) for i in kept).rstrip() for row in rows]
    rule = "  ".join("─" * widths[i] for i in kept)
    return "\n".join([lines[0], rule, *lines[1:]])


def _at_points(expression: Expression) -> list[str]:
    """Return values and slopes at three points; blanks where there are several inputs."""
    if len(expression.inputs) != 1:
        return [""] * (2 * len(POINTS))
    (x,) = expression.inputs
    slope = expression.gradient(x)
    return [f"{f.eval(**{x: p}):.4g}" for f in (expression, slope) for p in POINTS]


def _cut(text: str) -> str:
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"
