"""A step in words: every array in order, the slopes back, and the chain rule of one weight."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from neurogebra.builders.tape import Tape
from neurogebra.core.latex_unicode import unicode
from neurogebra.core.tree import Node, symbol
from neurogebra.errors import BadValue

if TYPE_CHECKING:
    from neurogebra.builders.trace import Moment, Trace

Index = tuple[int, ...]

FEW = 4  # numbers that are still written out
TERMS = 4  # terms of a sum that are written out, the largest first
DEPTH = 60  # links of a chain


def written(trace: Trace) -> str:
    """Return the whole step: forward in order, then backward, then what the update adds."""
    lines = [f"{trace.model.name}: one step, loss {_number(trace.loss)}", "", "forward"]
    owner = ""
    for m in trace:
        title = m.layer or ("data" if m.kind == "data" else "loss")
        if title != owner:
            owner = title
            lines.append(f"  {title}")
        made = f" = {m.formula}" if m.formula else ""
        lines.append(f"    {_shown(m.name)}{made}  {_content(m.value)}")
    lines += ["", "backward: δa stands for dL/da"]
    for m in reversed(trace.moments):
        if m.slope is not None and m.kind != "data":
            lines.append(f"    δ{_shown(m.name)} = {m.slope_formula}  {_content(m.slope)}")
    if trace.updates:
        lines += ["", "update"]
        lines += [f"    {name} += {_content(a)}" for name, a in trace.updates.items()]
    return "\n".join(lines)


class Term(NamedTuple):
    """One way in which an element acts on the loss: through the element of `user` at `at`.

    local: ∂ user[at] / ∂ element; slope: dL / d user[at].
    """

    user: Node
    at: Index
    local: float
    slope: float

    @property
    def part(self) -> float:
        """What this way adds to the element's slope."""
        return self.local * self.slope


def chained(graph: Tape, names: Mapping[int, str], node: Node, moment: Moment, index: Index) -> str:
    """Return the chain rule for element `index` of a part, link by link, down to the loss.

    Every link is a whole sum; the chain goes on along its largest term. Raises BadValue for an
    index that the part does not have.
    """
    index = _checked(moment, index)
    what = f"dL/d({moment.full_name or moment.name}[{_places(index)}])"
    loss = _number(float(graph.values[id(graph.root)]))
    value = _number(float(moment.value[index]))
    lines = [f"{what}, where {_at(moment.name, index)} = {value} and L = {loss}", ""]
    if moment.slope is None:
        return "\n".join([*lines, f"{what} = 0: the loss does not depend on it"])
    link, found = 0, index
    while node is not graph.root and link < DEPTH:
        link += 1
        terms = list(ways(graph, node, found))
        lines += _link(graph, names, (node, found), terms, link)
        if not any(t.part for t in terms):
            break
        node, found, *_ = max(terms, key=lambda t: abs(t.part))
    if node is graph.root:
        lines.append("    dL/dL = 1: the chain ends in the loss")
    slope = _number(float(moment.slope[index]))
    return "\n".join([*lines, "", f"{what} = {slope}, which is what autograd gives"])


def ways(graph: Tape, node: Node, index: Index) -> list[Term]:
    """Return every way in which one element acts on what is computed next, the idle left out."""
    found = []
    for user, place in graph.users[id(node)]:
        back = graph.slopes.get(id(user))
        if back is None:
            continue
        local = graph.local(user, place, index)
        for at in np.argwhere(local != 0):
            where = tuple(int(i) for i in at)
            found.append(Term(user, where, float(local[where]), float(back[where])))
    return found


def _link(
    graph: Tape,
    names: Mapping[int, str],
    element: tuple[Node, Index],
    terms: list[Term],
    number: int,
) -> list[str]:
    node, index = element
    name = _at(names[id(node)], index)
    users = {id(t.user): t.user for t in terms}
    lines = [f"{number}. {name} goes into " + _goes(graph, names, users)]
    slope = float(graph.slopes[id(node)][index])
    if not terms:
        return [*lines, f"    dL/d{name} = 0: nothing moves with it"]
    if len(terms) > 1:
        made = names[id(terms[0].user)] if len(users) == 1 else "t"
        each = "" if len(users) == 1 else " over every t that reads it"
        lines.append(f"    dL/d{name} = Σ dL/d{made} · ∂{made}/∂{name}{each}: {len(terms)} terms")
    ordered = sorted(terms, key=lambda t: -abs(t.part))
    for t in ordered[:TERMS]:
        at = _at(names[id(t.user)], t.at)
        lines.append(
            f"    dL/d{at} · ∂{at}/∂{name} = {_factor(t.slope)} · {_factor(t.local)}"
            f" = {_number(t.part)}"
        )
    rest = ordered[TERMS:]
    if rest:
        lines.append(f"    {len(rest)} smaller terms together {_number(sum(t.part for t in rest))}")
    if len(terms) > 1:
        lines.append(f"    together {_number(sum(t.part for t in terms))}")
    if not np.isclose(sum(t.part for t in terms), slope, rtol=1e-4, atol=1e-12):
        lines.append(f"    autograd has {_number(slope)} here")
    return lines


def _goes(graph: Tape, names: Mapping[int, str], users: Mapping[int, Node]) -> str:
    made = [f"{names[i]} = {graph.formula(u, names)}" for i, u in users.items()]
    return "; ".join(made) or "nothing that the loss reads"


def _checked(moment: Moment, index: Any) -> Index:
    given = tuple(index) if isinstance(index, (tuple, list)) else (index,)
    shape = np.shape(moment.value)
    whole = all(isinstance(i, (int, np.integer)) for i in given)
    if (
        not whole
        or len(given) != len(shape)
        or any(not -n <= i < n for i, n in zip(given, shape, strict=True))
    ):
        raise BadValue("index", f"one whole number for each axis of {moment.name} {shape}", index)
    return tuple(int(i) % n for i, n in zip(given, shape, strict=True))


def _at(name: str, index: Index) -> str:
    return f"{_shown(name)}[{_places(index)}]" if index else _shown(name)


def _shown(name: str) -> str:
    """Write a name as formulas do: gamma2 as γ2."""
    return unicode(symbol(name))


def _places(index: Index) -> str:
    return ", ".join(map(str, index))


def _factor(value: float) -> str:
    text = _number(value)
    return f"({text})" if text.startswith("−") else text


def _number(value: float) -> str:
    return f"{value:.6g}".replace("-", "−")


def _content(value: Any) -> str:
    """Return a few numbers themselves, of more the shape, the reach and the usual size."""
    array = np.asarray(value, float)
    if array.size <= FEW:
        return "  ".join(_number(float(v)) for v in array.ravel())
    low, high = _number(float(array.min())), _number(float(array.max()))
    usual = _number(float(np.sqrt(np.mean(array * array))))
    return f"{array.shape} from {low} to {high}, rms {usual}"
