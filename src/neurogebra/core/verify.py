"""A user's own formula held to the laws of the book: names, domain, stability, slopes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from neurogebra.core.expression import Expression
from neurogebra.core.latex import unicode
from neurogebra.core.tree import MAX_WRITTEN, written_size
from neurogebra.core.verify_record import Finding as Finding
from neurogebra.core.verify_record import Verdict as Verdict
from neurogebra.errors import BadValue, MissingExtra
from neurogebra.registry import near
from neurogebra.repository.record import Interval, Rows

if TYPE_CHECKING:
    from neurogebra.core.verify_checks import Domains

SECONDS = 2.0


def verify(
    expression: Expression,
    *,
    domain: Mapping[str, Any] | None = None,
    shapes: Mapping[str, Any] | None = None,
    seconds: float = SECONDS,
) -> Verdict:
    """Return what can be found out about a formula within some seconds.

    Values are compared with the definition at 60 digits or more, derivatives with exact
    differences. domain: input → (low, high), the edges included; a formula of the book has its
    own. shapes: input → sizes, for a formula of arrays. Raises MissingExtra without mpmath,
    BadValue for a name that is no input and for shapes that do not fit.
    """
    if not seconds > 0:
        raise BadValue("seconds", "a time above 0", seconds)
    try:
        from neurogebra.core.verify_checks import checked
    except ImportError as error:
        if error.name is None or error.name.split(".")[0] != "mpmath":
            raise
        raise MissingExtra("mpmath", "symbolic", "verifying a formula") from error
    domains = _domains(expression, domain or {})
    for name in shapes or {}:
        _known(expression, name, "shapes")
    findings, points = checked(expression, domains, shapes, seconds)
    tree = expression.tree
    shown = unicode(tree) if written_size(tree) <= MAX_WRITTEN else expression.name
    return Verdict(
        expression.name, shown, expression.inputs, dict(expression.params), tuple(findings), points
    )


def _domains(expression: Expression, given: Mapping[str, Any]) -> Domains:
    """Return the domains that are known: those of the record, and over them those given."""
    recorded: dict[str, Interval | Rows] = {}
    if expression.record is not None:
        recorded |= dict.fromkeys(expression.record.inputs, Interval())
        recorded |= dict(expression.record.domain)
    found = {n: d for n, d in recorded.items() if n in expression.inputs}
    for name, value in given.items():
        _known(expression, name, "domain")
        found[name] = _interval(name, value)
    return found


def _known(expression: Expression, name: str, where: str) -> None:
    if name not in expression.inputs:
        close = near(name, expression.inputs)
        hint = f"did you mean {close[0]!r}?" if close else ""
        inputs = ", ".join(expression.inputs) or "none: it has no inputs"
        raise BadValue(where, f"one of the inputs, {inputs}", name, hint)


def _interval(name: str, value: Any) -> Interval | Rows:
    if isinstance(value, (Interval, Rows)):
        return value
    try:
        low, high = (float(v) for v in value)
    except (TypeError, ValueError):
        raise BadValue(f"domain[{name!r}]", "two numbers, low and high", value) from None
    if not low < high or math.isnan(low) or math.isnan(high):
        raise BadValue(f"domain[{name!r}]", "low below high", value)
    return Interval(low, high)
