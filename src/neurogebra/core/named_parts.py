"""A long formula as a short one and what its letters stand for: where S = softmax(…)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from neurogebra.core.array_desk import LIKE
from neurogebra.core.array_sample import Sample
from neurogebra.core.expression_forms import Forms
from neurogebra.core.latex_unicode import lengths
from neurogebra.core.tree import Node, in_order, symbol, symbols

Named = tuple[str, Node]
# A part gets a letter where that saves so many signs; a longer formula is cut in two.
SAVED, LONG, MOST = 8, 84, 6
_LETTERS = {0: ("c", "a", "t", "p", "q"), 1: ("z", "u", "r", "h"), 2: ("Z", "M", "U", "R", "P")}
_OWN = {
    "softmax": "s",
    "log_softmax": "l",
    "tanh": "h",
    "relu": "h",
    "sigmoid": "p",
    "sub": "r",
    "inverse": "p",
    "exp": "e",
    "matmul": "z",
    "norm": "c",
}


def named_parts(root: Node, sample: Sample) -> tuple[Node, tuple[Named, ...]]:
    """Return the formula with letters for its repeated and long parts, and those parts.

    A part may use the letters that come after its own. The letters are defined in `sample`.
    """
    taken = {*symbols(root)}
    main, parts = _bare(root, sample), list[Named]()
    while len(parts) < MOST:
        chosen = _chosen([main, *(n for _, n in parts)], sample)
        if chosen is None:
            break
        name = _name(chosen, sample, taken)
        taken.add(name)
        sample.define(name, chosen)
        letter, forms = symbol(name), Forms()
        target = forms.number(chosen)
        main = _replaced(main, target, letter, forms)
        parts = [(n, _replaced(p, target, letter, forms)) for n, p in parts]
        parts.append((name, chosen))
    return main, _in_use_order(main, parts)


def _bare(root: Node, sample: Sample) -> Node:
    """Put a name in place of what gives nothing but a shape, which is not written."""
    made: dict[int, Node] = {}
    for node in in_order(root):
        args = [made[id(a)] for a in node.args]
        like = LIKE.get(node.op)
        if like is not None:
            name = f"shape {sample.shape(node.args[like])}"
            sample.define(name, node.args[like])
            args[like] = symbol(name)
        made[id(node)] = Node(node.op, tuple(args), node.attrs) if args else node
    return made[id(root)]


def _chosen(roots: Sequence[Node], sample: Sample) -> Node | None:
    """Return the part that most is saved by naming; None where little is."""
    forms = Forms()
    uses = _written(roots, forms)
    tops = {forms.number(r) for r in roots}
    found: list[tuple[int, int, Node]] = []
    for root in roots:
        length = lengths(root, sample)
        for node in in_order(root):
            form = forms.number(node)
            saved = (uses[form] - 1) * (length[id(node)] - 2)
            if saved >= SAVED and form not in tops and _is_nameable(node):
                found.append((saved, -form, node))
    if found:
        return max(found, key=lambda f: f[:2])[2]
    return next((part for r in roots if (part := _half(r, sample)) is not None), None)


def _written(roots: Sequence[Node], forms: Forms) -> Counter[int]:
    """Count how often each form stands on paper, when every formula is written out once."""
    first = {forms.number(n): n for n in reversed(in_order(*roots))}
    uses = Counter(forms.number(r) for r in roots)
    for form in sorted(first, reverse=True):  # a form has a higher number than its parts
        for part in first[form].args:
            uses[forms.number(part)] += uses[form]
    return uses


def _half(root: Node, sample: Sample) -> Node | None:
    """Return the part of a formula too long for a line that is nearest to half of it."""
    length = lengths(root, sample)
    whole = length[id(root)]
    if whole <= LONG:
        return None
    fits = [n for n in in_order(root) if _is_nameable(n) and n is not root]
    found = [(abs(length[id(n)] - whole // 2), i, n) for i, n in enumerate(fits)]
    return min(found, key=lambda f: f[:2])[2] if found else None


def _is_nameable(node: Node) -> bool:
    plain = ("transpose", "inverse", "size", "expand_like", "neg", "eye_like", "dot", "where")
    spread = ("columns", "expand_dims", "reshape_like")
    return bool(node.args) and node.op not in (*plain, *spread)


def _name(node: Node, sample: Sample, taken: set[str]) -> str:
    rank = min(len(sample.shape(node)), 2)
    first = _OWN.get(node.op)
    own = (first.upper() if rank == 2 else first,) if first and rank else ()
    letters = (*own, *_LETTERS[rank])
    named = next((x for x in letters if x not in taken and x not in sample.labels), None)
    return named or next(
        f"{letters[-1]}{i}" for i in range(1, 99) if f"{letters[-1]}{i}" not in taken
    )


def _replaced(root: Node, target: int, letter: Node, forms: Forms) -> Node:
    made: dict[int, Node] = {}
    for node in in_order(root):
        if forms.number(node) == target:
            made[id(node)] = letter
        elif any(made[id(a)] is not a for a in node.args):
            made[id(node)] = Node(node.op, tuple(made[id(a)] for a in node.args), node.attrs)
        else:
            made[id(node)] = node
    return made[id(root)]


def _in_use_order(main: Node, parts: Sequence[Named]) -> tuple[Named, ...]:
    """Put every part behind the formulas that use its letter."""
    waiting, found = list(parts), list[Named]()
    while waiting:
        used = {s for _, other in waiting for s in symbols(other)}
        ready = [p for p in waiting if p[0] not in used]
        found += ready
        waiting = [p for p in waiting if p not in ready]
    return tuple(found)
