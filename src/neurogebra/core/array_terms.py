"""Sums and elementwise products of arrays: scalars in front, common factors once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from neurogebra.core.array_sample import Sample, Shape
from neurogebra.core.expression_forms import Forms
from neurogebra.core.expression_terms import (
    ONE,
    Number,
    Term,
    added,
    all_of,
    decided,
    numbers_out,
    power_of,
    product,
    scaled,
    term_of,
    terms_of,
    times,
)
from neurogebra.core.tree import SYMBOL, Node, build, in_order, number

Powers = tuple[tuple[int, Number], ...]


class Terms:
    """Writes products and sums, at the shapes of an example."""

    def __init__(self, sample: Sample) -> None:
        self.forms = Forms()
        self._sample = sample

    def joined(self, node: Node, args: tuple[Node, ...]) -> Node:
        """Return an elementwise operation of tidy arguments."""
        if node.op in ("mul", "div", "neg", "pow", "sqrt"):
            return self.product(term_of(self.forms, Node(node.op, args)))
        if node.op in ("add", "sub"):
            sign = 1 if node.op == "add" else -1
            terms = (*terms_of(self.forms, args[0], 1), *terms_of(self.forms, args[1], sign))
            return self.total(list(terms))
        found = decided(node.op, args)
        return build(node.op, args, dict(node.attrs)) if found is None else found

    def product(self, term: Term) -> Node:
        """Write a product: sign, scalars under one line, then the arrays."""
        term = numbers_out(self.forms, term)
        if term.number == 0:
            return number(0)
        scalars, arrays = self._by_shape(term, lambda s: s == ())
        if not arrays.powers:
            return product(self.forms, term)
        if any(e < 0 for e in arrays.powers.values()):
            return self._quotient(term)
        if self._is_quotient(scalars, arrays):
            return product(self.forms, term)
        size = Term(abs(scalars.number), scalars.powers)
        found = all_of(self.forms, [power_of(self.forms, b, e) for b, e in arrays.powers.items()])
        if size != Term(ONE, {}):
            found = Node("mul", (product(self.forms, size), found))
        return -found if scalars.number < 0 else found

    def _quotient(self, term: Term) -> Node:
        """Write a quotient; a sum that has quotients itself stands beside it, not in it."""
        tall = {
            base: e
            for base, e in term.powers.items()
            if e == 1 and self.forms.node(base).op in ("add", "sub") and self._is_tall(base)
        }
        if not tall:
            return product(self.forms, term)
        rest = Term(abs(term.number), {b: e for b, e in term.powers.items() if b not in tall})
        found = Node("mul", (product(self.forms, rest), product(self.forms, Term(ONE, tall))))
        return -found if term.number < 0 else found

    def _is_tall(self, base: int) -> bool:
        return any(n.op == "div" for n in in_order(self.forms.node(base)))

    def _is_quotient(self, scalars: Term, arrays: Term) -> bool:
        """Say whether a product is a name over a length, as in x / ‖x‖."""
        if list(arrays.powers.values()) != [1] or abs(scalars.number) != 1 or not scalars.powers:
            return False
        below = all(e < 0 for e in scalars.powers.values())
        return below and self.forms.node(next(iter(arrays.powers))).op == SYMBOL

    def split(self, node: Node) -> tuple[Term, Node]:
        """Return the scalars of a product, and the rest of it (1 where there is none)."""
        scalars, arrays = self.parted(node, lambda s: s == ())
        return scalars, self.product(arrays) if arrays.powers else number(1)

    def parted(self, node: Node, test: Callable[[Shape], bool]) -> tuple[Term, Term]:
        """Return the factors whose shape passes a test, with the number, and the others."""
        return self._by_shape(numbers_out(self.forms, term_of(self.forms, node)), test)

    def _by_shape(self, term: Term, test: Callable[[Shape], bool]) -> tuple[Term, Term]:
        chosen = {b: test(self._shape(b)) for b in term.powers}
        yes = {b: e for b, e in term.powers.items() if chosen[b]}
        no = {b: e for b, e in term.powers.items() if not chosen[b]}
        return Term(term.number, yes), Term(ONE, no)

    def _shape(self, base: int) -> Shape:
        return self._sample.shape(self.forms.node(base))

    def total(self, terms: list[Term]) -> Node:
        """Write a sum: like terms gathered, what all have in common once, positive terms first."""
        terms = _gathered(terms)
        if not terms:
            return number(0)
        common = _common(terms)
        rest = self._shared_factors(_flat(self.forms, [_divided(t, common) for t in terms]))
        if not rest:
            return number(0)
        if len(rest) == 1:
            return self.product(times(common, rest[0]))
        rest.sort(key=lambda t: t.number < 0)
        found = self.product(rest[0])
        for term in rest[1:]:
            found = build("add", (found, self.product(term)), {})
        if common == Term(ONE, {}):
            return found
        return self.product(times(common, Term(ONE, {self.forms.number(found): 1})))

    def without(self, node: Node, test: Callable[[Node], bool]) -> tuple[Node, Node] | None:
        """Return a sum without the one part that it subtracts and that passes, and that part."""
        terms = terms_of(self.forms, node, 1)
        for i, term in enumerate(terms):
            if term.number == -1 and list(term.powers.values()) == [1]:
                (base,) = term.powers
                if test(self.forms.node(base)) and len(terms) > 1:
                    return self.total([*terms[:i], *terms[i + 1 :]]), self.forms.node(base)
        return None

    def _shared_factors(self, terms: list[Term]) -> list[Term]:
        """Join what is linear in one place: A x + B x is (A + B) x, Σ a + Σ b is Σ (a + b)."""
        for side in (1, 0):
            groups: dict[Any, list[Term]] = {}
            for i, term in enumerate(terms):
                groups.setdefault(self._key(term, side) or i, []).append(term)
            terms = [self._merged(group, side) for group in groups.values()]
        return [t for t in terms if t.number != 0]

    def _key(self, term: Term, side: int) -> Any:
        if list(term.powers.values()) != [1]:
            return None
        node = self.forms.node(next(iter(term.powers)))
        if node.op in ("sum", "trace"):
            return (node.op, node.attrs, self._sample.shape(node.args[0]))
        if node.op != "matmul":
            return None
        other, kept = node.args[1 - side], node.args[side]
        return (node.op, self.forms.number(kept), self._sample.shape(other))

    def _merged(self, group: list[Term], side: int) -> Term:
        if len(group) == 1:
            return group[0]
        nodes = [self.forms.node(next(iter(t.powers))) for t in group]
        at = 1 - side if nodes[0].op == "matmul" else 0
        parts = [
            Term(scaled(term.number, t.number), t.powers)
            for term, node in zip(group, nodes, strict=True)
            for t in terms_of(self.forms, node.args[at], 1)
        ]
        scalars, inner = self.split(self.total(parts))
        if self._sample.shape(inner) != self._sample.shape(nodes[0].args[at]):
            return self._apart(group)
        args = list(nodes[0].args)
        args[at] = inner
        made = build(nodes[0].op, tuple(args), dict(nodes[0].attrs))
        return times(scalars, Term(ONE, {self.forms.number(made): 1}))

    def _apart(self, group: list[Term]) -> Term:
        """Leave terms beside each other whose sum is constant along some axis."""
        found = self.product(group[0])
        for term in group[1:]:
            found = build("add", (found, self.product(term)), {})
        return Term(ONE, {self.forms.number(found): 1})


def _flat(forms: Forms, terms: list[Term]) -> list[Term]:
    """Open the sums that stand in brackets by themselves, and gather again."""
    found: list[Term] = []
    for term in terms:
        inner = [term]
        if list(term.powers.values()) == [1] and abs(term.number) == 1:
            node = forms.node(next(iter(term.powers)))
            if node.op in ("add", "sub"):
                inner = terms_of(forms, node, int(term.number))
        found += inner
    return _gathered(found)


def _gathered(terms: list[Term]) -> list[Term]:
    found: dict[Powers, Term] = {}
    for term in terms:
        key = tuple(sorted(term.powers.items()))
        old = found.get(key)
        value = term.number if old is None else added(old.number, term.number)
        found[key] = Term(value, term.powers if old is None else old.powers)
    return [t for t in found.values() if t.number != 0]


def _common(terms: list[Term]) -> Term:
    """Return what every term is a multiple of: equal powers, and the least division."""
    first = terms[0]
    powers: dict[int, Number] = {}
    for base, exponent in first.powers.items():
        found = [t.powers.get(base, 0) for t in terms]
        if all(e == exponent for e in found):
            powers[base] = exponent
        elif all(e < 0 for e in found):
            powers[base] = max(found)
    same = all(abs(t.number) == abs(first.number) for t in terms)
    value = abs(first.number) if same else ONE
    return Term(-value if all(t.number < 0 for t in terms) else value, powers)


def _divided(term: Term, common: Term) -> Term:
    powers = {b: e - common.powers.get(b, 0) for b, e in term.powers.items()}
    return Term(term.number / common.number, {b: e for b, e in powers.items() if e != 0})
