"""A record of the book and its derivatives, written for the shapes that the record declares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from neurogebra.core.array_domain import Domains
from neurogebra.core.array_sample import TooLarge, of_shapes
from neurogebra.core.derivation import Derivation, derive, sized
from neurogebra.core.expression_text import shown
from neurogebra.core.latex import unicode
from neurogebra.core.tree import MAX_WRITTEN, written_size
from neurogebra.errors import BadValue, FormulaError
from neurogebra.repository.record import Formula, Rows

if TYPE_CHECKING:
    from neurogebra.core.expression import Expression

_SIZES = "nmkdprstuh"
MOST = 12  # derivatives that are written out


def definition(expression: Expression, write: Callable[..., str]) -> str:
    """Return the definition by `write` (latex, unicode), with the record's names of sizes."""
    maths = expression.maths
    shapes = shapes_of((*maths.inputs, *maths.params), maths.domain)
    if not any(shapes.values()) or written_size(maths.tree) > MAX_WRITTEN:
        return write(maths.tree)
    try:
        sample = of_shapes(shapes)
        sample.value(maths.tree)
        whole = sized(maths.tree, sample)
    except (TooLarge, ValueError, TypeError, IndexError):  # sizes or indices that matter
        return write(maths.tree)
    return write(whole, sample)


def slopes(expression: Expression) -> dict[str, tuple[str, str]]:
    """Return input → (its sign, the derivative) as Unicode: ("∂/∂x", "1 − tanh(x)²").

    Where f is an array that joins elements, it is what flows backwards: "∇x ⟨g, f⟩". Of very
    many inputs the first ones stand for the others.
    """
    found = {}
    names = expression.inputs[:MOST]
    for name, derived in derivations(expression, names).items():
        if derived is None:
            found[name] = f"∂/∂{name}", shown(expression.gradient(name).tree, unicode)
        else:
            found[name] = derived.sign(), derived.right()
    return found


def derivations(
    expression: Expression, names: Sequence[str] | None = None
) -> dict[str, Derivation | None]:
    """Return the derivative by each input as matrix calculus writes it; None for plain numbers."""
    found: dict[str, Derivation | None]
    found = dict.fromkeys(expression.inputs if names is None else names)
    record = expression.record
    shapes = shapes_of(_names(record), record.domain) if record is not None else {}
    if record is None or not any(shapes.values()):
        return found
    for name in found:
        try:
            found[name] = derive(record, name, shapes, carried=True)
        except (BadValue, FormulaError):
            continue  # the record's sizes do not tell all that is asked; written without them
    return found


def shapes_of(names: Sequence[str], domain: Domains) -> dict[str, tuple[str | int, ...]]:
    """Return the shape of every name; sizes get letters that no name of the formula has."""
    letters = [c for c in _SIZES if c not in names]
    places = dict(domain)
    found: dict[str, tuple[str | int, ...]] = {}
    given: dict[str, str | int] = {"one": 1}
    for name in names:
        place = places.get(name)
        sizes = place.shape if isinstance(place, Rows) else ()
        for size in sizes:
            if size not in given:
                free = [c for c in letters if c not in given.values()]
                given[size] = size if size in free else free[0]
        found[name] = tuple(given[size] for size in sizes)
    return found


def _names(record: Formula) -> tuple[str, ...]:
    return (*record.inputs, *(p for p, _ in record.params))
