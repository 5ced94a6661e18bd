"""Sums and products read as terms, and written with what is alike in one place."""

from __future__ import annotations

from fractions import Fraction
from operator import eq, ge, gt
from typing import Any, NamedTuple

from neurogebra.core.expression_forms import Forms
from neurogebra.core.tree import NUMBER, Node, build, number

Number = Any  # a Fraction or a float
ONE = Fraction(1)


class Term(NamedTuple):
    """A product: its number, and exponent by the form of each base."""

    number: Number
    powers: dict[int, Number]


def term_of(forms: Forms, node: Node) -> Term:
    """Read a node as a product, once; its parts are tidy already."""
    known = forms.read.get(id(node))
    if known is None:
        known = forms.read[id(node)] = node, _read(forms, node)
    term: Term = known[1]
    return term


def _read(forms: Forms, node: Node) -> Term:
    if node.op == NUMBER:
        return Term(_exact(node.value), {})
    if node.op == "neg":
        inner = term_of(forms, node.args[0])
        return Term(-inner.number, inner.powers)
    if node.op == "mul":
        return times(term_of(forms, node.args[0]), term_of(forms, node.args[1]))
    if node.op == "div" and not is_zero(node.args[1]):
        return times(term_of(forms, node.args[0]), raised(term_of(forms, node.args[1]), -1))
    if node.op == "pow" and node.args[1].op == NUMBER:
        exponent = _exact(node.args[1].value)
        inner = term_of(forms, node.args[0])
        if _is_whole(exponent) and (inner.number != 0 or exponent > 0):
            return raised(inner, int(exponent))
        return Term(ONE, {forms.number(node.args[0]): exponent})
    if node.op == "sqrt":
        return Term(ONE, {forms.number(node.args[0]): Fraction(1, 2)})
    return Term(ONE, {forms.number(node): 1})


def times(a: Term, b: Term) -> Term:
    """Return the product of two terms."""
    powers = dict(a.powers)
    for base, exponent in b.powers.items():
        powers[base] = powers.get(base, 0) + exponent
    return Term(scaled(a.number, b.number), {b: e for b, e in powers.items() if e != 0})


def raised(term: Term, exponent: int) -> Term:
    """Return a term to a power."""
    value = term.number**exponent
    return Term(value, {b: e * exponent for b, e in term.powers.items()})


def scaled(a: Number, b: Number) -> Number:
    """Return the product of two numbers, exact where both are."""
    return a * b if not isinstance(a, float) and not isinstance(b, float) else float(a) * float(b)


def product(forms: Forms, term: Term) -> Node:
    """Write a product, once: number first, what divides under one line."""
    key = type(term.number), term.number, *term.powers.items()
    if key not in forms.written:
        forms.written[key] = _written(forms, term)
    return forms.written[key]


def _written(forms: Forms, term: Term) -> Node:
    term = numbers_out(forms, term)
    if term.number == 0:
        return number(0)
    absorbed = into_where(forms, term)
    if absorbed is not None:
        return absorbed
    size = abs(term.number)
    over, under = parts_of(size)
    above = [power_of(forms, b, e) for b, e in term.powers.items() if e > 0]
    below = [power_of(forms, b, -e) for b, e in term.powers.items() if e < 0]
    top = all_of(forms, above if over == 1 and above else [number(over), *above])
    found = top
    if below or under != 1:
        bottom = all_of(forms, [number(under), *below] if under != 1 else below)
        found = build("div", (top, bottom), {})
    return -found if term.number < 0 else found


_TESTS = {"greater": gt, "greater_equal": ge, "equal": eq}


def decided(op: str, args: tuple[Node, ...]) -> Node | None:
    """Return what a choice or a comparison of numbers is known to be."""
    if op == "where" and args[0].op == NUMBER:
        return args[1] if args[0].value else args[2]
    if op in _TESTS and args[0].op == args[1].op == NUMBER:
        return number(int(_TESTS[op](args[0].value, args[1].value)))
    return None


def numbers_out(forms: Forms, term: Term) -> Term:
    """Take numbers to whole powers into the product's own number: (√2)² is 2."""
    value, powers = term.number, {}
    for base, exponent in term.powers.items():
        node = forms.node(base)
        if node.op == NUMBER and _is_whole(exponent) and node.value != 0:
            value = scaled(value, _exact(node.value) ** int(exponent))
        else:
            powers[base] = exponent
    return Term(value, powers)


def into_where(forms: Forms, term: Term) -> Node | None:
    """Take the other factors into a choice that has a branch 0."""
    for base, exponent in term.powers.items():
        node = forms.node(base)
        if node.op == "where" and exponent == 1 and any(map(is_zero, node.args[1:])):
            rest = Term(term.number, {b: e for b, e in term.powers.items() if b != base})
            branches = (
                product(forms, times(rest, term_of(forms, _given(forms, b, node.args[0], i))))
                for i, b in enumerate(node.args[1:])
            )
            return build("where", (node.args[0], *branches), {})
    return None


def _given(forms: Forms, branch: Node, condition: Node, side: int) -> Node:
    """Return a branch where its condition is known: the same choice inside is decided."""
    inner = branch.op == "where" and forms.number(branch.args[0]) == forms.number(condition)
    return branch.args[1 + side] if inner else branch


def power_of(forms: Forms, base: int, exponent: Number) -> Node:
    """Return a base to a power, a root as a root."""
    node = forms.node(base)
    if exponent == 1:
        return node
    if exponent == Fraction(1, 2):
        return build("sqrt", (node,), {})
    plain = int(exponent) if _is_whole(exponent) else float(exponent)
    return build("pow", (node, number(plain)), {})


def all_of(forms: Forms, factors: list[Node]) -> Node:
    """Return the product of factors; products that begin alike share their beginning."""
    found = factors[0]
    for factor in factors[1:]:
        key = id(found), id(factor)
        if key not in forms.joined:
            forms.joined[key] = found, factor, build("mul", (found, factor), {})
        found = forms.joined[key][2]
    return found


def gathered(forms: Forms, op: str, args: tuple[Node, ...]) -> Node:
    """Gather like terms, and choices with one condition; begin with a term that is not negative."""
    terms: dict[tuple[tuple[int, Number], ...], Number] = {}
    for term in (*terms_of(forms, args[0], 1), *terms_of(forms, args[1], 1 if op == "add" else -1)):
        key = tuple(sorted(term.powers.items()))
        terms[key] = added(terms.get(key, 0), term.number)
    nodes = [product(forms, Term(n, dict(key))) for key, n in terms.items() if n != 0]
    nodes = choices_joined(forms, nodes)
    if not nodes:
        return number(0)
    nodes.sort(key=lambda n: n.op == "neg" or (n.op == NUMBER and n.value < 0))
    found = nodes[0]
    for node in nodes[1:]:
        found = build("add", (found, node), {})
    return found


def terms_of(forms: Forms, node: Node, sign: int) -> list[Term]:
    """Read a node as a sum, times a sign."""
    if node.op in ("add", "sub"):
        second = sign if node.op == "add" else -sign
        return [*terms_of(forms, node.args[0], sign), *terms_of(forms, node.args[1], second)]
    found = term_of(forms, node)
    return [Term(sign * found.number, found.powers)]


def choices_joined(forms: Forms, nodes: list[Node]) -> list[Node]:
    """Join choices that have one condition."""
    found: dict[Any, Node] = {}
    for i, node in enumerate(nodes):
        key = ("where", forms.number(node.args[0])) if node.op == "where" else i
        old = found.get(key)
        if old is None:
            found[key] = node
        else:
            branches = (gathered(forms, "add", (old.args[j], node.args[j])) for j in (1, 2))
            found[key] = build("where", (node.args[0], *branches), {})
    return list(found.values())


def added(a: Number, b: Number) -> Number:
    """Return the sum of two numbers, exact where both are."""
    return a + b if not isinstance(a, float) and not isinstance(b, float) else float(a) + float(b)


def _exact(value: Any) -> Number:
    return Fraction(value) if isinstance(value, int) else value


def parts_of(size: Number) -> tuple[Number, int]:
    """Return what stands over and under the line of a number."""
    if isinstance(size, float):
        return size, 1
    return Fraction(size).numerator, Fraction(size).denominator


def _is_whole(value: Number) -> bool:
    return bool(value == int(value)) and abs(value) <= 64


def is_zero(node: Node) -> bool:
    """Say whether a node is the number 0."""
    return node.op == NUMBER and bool(node.value == 0)
