"""A formula in words: what it is, when to use it, what goes wrong, how it is computed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from neurogebra.core.book_slopes import MOST, slopes
from neurogebra.core.expression_text import text
from neurogebra.core.latex import unicode
from neurogebra.errors import BadValue
from neurogebra.registry import near

if TYPE_CHECKING:
    from neurogebra.core.expression import Expression

LEVELS = ("beginner", "intermediate", "advanced")
# Where a worked number is taken: a yes with a fair chance, else a plain number an input.
_EXAMPLE = {"y": 1.0, "y_pred": 0.8}
_FIRST, _NEXT = 2.0, 0.5


def explain(expression: Expression, level: str = "beginner") -> str:
    """Return the explanation at one level; each level says more than the one before.

    beginner: what, when, a worked number. intermediate: what is good, what goes wrong, the
    slope. advanced: how it is computed without overflow, LaTeX, the source.
    """
    if level not in LEVELS:
        hint = next(iter(near(level, LEVELS)), "")
        raise BadValue("level", " or ".join(LEVELS), level, hint and f"did you mean {hint!r}?")
    parts = [_beginner, _intermediate, _advanced][: LEVELS.index(level) + 1]
    return "\n".join(line for part in parts for line in part(expression))


def _beginner(e: Expression) -> Iterator[str]:
    words = e.metadata
    yield f"{e.name}: {words.get('description') or 'a formula.'}"
    yield f"  {e}"
    if e.params:
        yield f"  with {', '.join(f'{k} = {v}' for k, v in e.params.items())}"
    if words.get("usage"):
        yield f"Use it for: {words['usage']}"
    yield from _worked(e)


def _intermediate(e: Expression) -> Iterator[str]:
    words = e.metadata
    yield from (f"Good: {p}" for p in words.get("pros", ()))
    yield from (f"Mind: {c}" for c in words.get("cons", ()))
    for sign, written in slopes(e).values():
        yield f"Slope {sign} = {written}"
    if len(e.inputs) > MOST:
        yield f"  and {len(e.inputs) - MOST} more"


def _advanced(e: Expression) -> Iterator[str]:
    maths = e.maths
    if text(maths.runs) != text(maths.tree):
        yield f"Computed as: {unicode(maths.runs)}"
        yield "  the same values; as defined, parts of it overflow or cancel for extreme inputs"
    if e.record is not None and e.record.kinks:
        yield f"Its slope jumps at: {', '.join(f'{k:g}' for k in e.record.kinks)}"
    yield f"LaTeX: {e.formula}"
    if e.metadata.get("source"):
        yield f"Source: {e.metadata['source']}"


def _worked(e: Expression) -> Iterator[str]:
    """Yield the formula at plain numbers, where plain numbers are what it takes."""
    numbers: dict[str, Any] = {}
    for i, name in enumerate(e.inputs):
        numbers[name] = _EXAMPLE.get(name, _FIRST if i == 0 else _NEXT)
    try:
        found = e.eval(**numbers)
    except BadValue:  # it takes vectors or matrices
        return
    if type(found) not in (int, float):  # numbers in, and yet an array out
        return
    given = ", ".join(f"{n} = {v:g}" for n, v in numbers.items())
    yield f"For example: {given or 'always'} gives {found:.6g}"
