"""A derivative as one would write it: fractions joined, like terms gathered, idle sums left out.

What is tidied here is shown; what runs is the derivative as it was made.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from fractions import Fraction
from operator import eq, ge, gt
from typing import Any, NamedTuple

from neurogebra.core.expression_forms import Forms
from neurogebra.core.expression_shapes import Shapes
from neurogebra.core.tree import NUMBER, Node, build, in_order, number
from neurogebra.ops import ALPHABET
from neurogebra.ops.record import ELEMENTWISE

Number = Any  # a Fraction or a float
ONE = Fraction(1)


class Term(NamedTuple):
    """A product: its number, and exponent by the form of each base."""

    number: Number
    powers: dict[int, Number]


def tidy(root: Node, scalars: Collection[str] = ()) -> Node:
    """Return a formula of the same values for inputs of one shape, and `scalars` of none."""
    forms = Forms()
    shapes = Shapes(scalars, forms)
    made: dict[int, Node] = {}
    for node in in_order(root):
        args = tuple(made[id(a)] for a in node.args)
        if node.op == "expand_like" or (
            node.op == "sum_to" and shapes.of(node.args[0]) <= shapes.of(node.args[1])
        ):
            made[id(node)] = args[0]
        else:
            args = tuple(_borne(shapes, node, i, made) for i in range(len(args)))
            spread = node.op == "sum_to" and args[0].op == "expand_like"
            made[id(node)] = (
                _counted(forms, shapes, *args) if spread else _joined(forms, node, args)
            )
    return made[id(root)]


def _borne(shapes: Shapes, node: Node, i: int, made: Mapping[int, Node]) -> Node:
    """Return a tidy argument, spread again where its shape was lost and is needed."""
    old, new = node.args[i], made[id(node.args[i])]
    op = ALPHABET.get(node.op)
    shape = shapes.of(old)
    if op is None or op.kind == ELEMENTWISE or i >= _SHAPED.get(node.op, 9):
        return new
    if shapes.of(new) == shape:
        return new
    bearers = (n for n in in_order(old) if shapes.of(made[id(n)]) == shape)
    return build("expand_like", (new, made[id(next(bearers, old))]), {})


# How many of its arguments are more than a shape to these operations.
_SHAPED = {"sum_to": 1, "reshape_like": 1, "matmul_left": 2, "matmul_right": 2}


def _joined(forms: Forms, node: Node, args: tuple[Node, ...]) -> Node:
    if node.op in ("mul", "div", "neg", "pow", "sqrt"):
        return _product(forms, _term(forms, Node(node.op, args)))
    if node.op in ("add", "sub"):
        return _sum(forms, node.op, args)
    if node.op == "where" and args[0].op == NUMBER:
        return args[1] if args[0].value else args[2]
    if node.op in _TESTS and args[0].op == args[1].op == NUMBER:
        return number(int(_TESTS[node.op](args[0].value, args[1].value)))
    same = all(a is b for a, b in zip(args, node.args, strict=True))
    return node if same else build(node.op, args, dict(node.attrs))


def _counted(forms: Forms, shapes: Shapes, spread: Node, like: Node) -> Node:
    """Write the sum of one number over all places, or over a kept axis, as a product."""
    value, bearer = spread.args
    shape = shapes.of(like)
    kept = (n for n in in_order(like) if dict(n.attrs).get("keepdims") and shapes.of(n) == shape)
    reduction = next(kept, None)
    if reduction is not None:
        axis = dict(reduction.attrs).get("axis", -1)
        count = build("size", (reduction.args[0],), {"axis": axis})
    elif not shape:
        count = build("size", (bearer,), {})
    else:
        return build("sum_to", (spread, like), {})
    return _product(forms, _times(_term(forms, value), _term(forms, count)))


_TESTS = {"greater": gt, "greater_equal": ge, "equal": eq}


def _term(forms: Forms, node: Node) -> Term:
    """Read a node as a product; its parts are tidy already."""
    if node.op == NUMBER:
        return Term(_exact(node.value), {})
    if node.op == "neg":
        inner = _term(forms, node.args[0])
        return Term(-inner.number, inner.powers)
    if node.op == "mul":
        return _times(_term(forms, node.args[0]), _term(forms, node.args[1]))
    if node.op == "div" and not _is_zero(node.args[1]):
        return _times(_term(forms, node.args[0]), _raised(_term(forms, node.args[1]), -1))
    if node.op == "pow" and node.args[1].op == NUMBER:
        exponent = _exact(node.args[1].value)
        inner = _term(forms, node.args[0])
        if _is_whole(exponent) and (inner.number != 0 or exponent > 0):
            return _raised(inner, int(exponent))
        return Term(ONE, {forms.number(node.args[0]): exponent})
    if node.op == "sqrt":
        return Term(ONE, {forms.number(node.args[0]): Fraction(1, 2)})
    return Term(ONE, {forms.number(node): 1})


def _times(a: Term, b: Term) -> Term:
    powers = dict(a.powers)
    for base, exponent in b.powers.items():
        powers[base] = powers.get(base, 0) + exponent
    return Term(_scaled(a.number, b.number), {b: e for b, e in powers.items() if e != 0})


def _raised(term: Term, exponent: int) -> Term:
    value = term.number**exponent
    return Term(value, {b: e * exponent for b, e in term.powers.items()})


def _scaled(a: Number, b: Number) -> Number:
    return a * b if not isinstance(a, float) and not isinstance(b, float) else float(a) * float(b)


def _product(forms: Forms, term: Term) -> Node:
    """Write a product: number first, what divides under one line."""
    term = _numbers_out(forms, term)
    if term.number == 0:
        return number(0)
    absorbed = _into_where(forms, term)
    if absorbed is not None:
        return absorbed
    size = abs(term.number)
    over, under = _parts(size)
    above = [_power(forms, b, e) for b, e in term.powers.items() if e > 0]
    below = [_power(forms, b, -e) for b, e in term.powers.items() if e < 0]
    top = _all(above) if over == 1 and above else _all([number(over), *above])
    found = top
    if below or under != 1:
        found = build("div", (top, _all([number(under), *below] if under != 1 else below)), {})
    return -found if term.number < 0 else found


def _numbers_out(forms: Forms, term: Term) -> Term:
    """Take numbers to whole powers into the product's own number: (√2)² is 2."""
    value, powers = term.number, {}
    for base, exponent in term.powers.items():
        node = forms.node(base)
        if node.op == NUMBER and _is_whole(exponent) and node.value != 0:
            value = _scaled(value, _exact(node.value) ** int(exponent))
        else:
            powers[base] = exponent
    return Term(value, powers)


def _into_where(forms: Forms, term: Term) -> Node | None:
    """Take the other factors into a choice that has a branch 0."""
    for base, exponent in term.powers.items():
        node = forms.node(base)
        if node.op == "where" and exponent == 1 and any(map(_is_zero, node.args[1:])):
            rest = Term(term.number, {b: e for b, e in term.powers.items() if b != base})
            branches = (
                _product(forms, _times(rest, _term(forms, _given(forms, b, node.args[0], i))))
                for i, b in enumerate(node.args[1:])
            )
            return build("where", (node.args[0], *branches), {})
    return None


def _given(forms: Forms, branch: Node, condition: Node, side: int) -> Node:
    """Return a branch where its condition is known: the same choice inside is decided."""
    inner = branch.op == "where" and forms.number(branch.args[0]) == forms.number(condition)
    return branch.args[1 + side] if inner else branch


def _power(forms: Forms, base: int, exponent: Number) -> Node:
    node = forms.node(base)
    if exponent == 1:
        return node
    if exponent == Fraction(1, 2):
        return build("sqrt", (node,), {})
    plain = int(exponent) if _is_whole(exponent) else float(exponent)
    return build("pow", (node, number(plain)), {})


def _all(factors: list[Node]) -> Node:
    found = factors[0]
    for factor in factors[1:]:
        found = build("mul", (found, factor), {})
    return found


def _sum(forms: Forms, op: str, args: tuple[Node, ...]) -> Node:
    """Gather like terms, and choices with one condition; begin with a term that is not negative."""
    terms: dict[tuple[tuple[int, Number], ...], Number] = {}
    for term in (*_terms(forms, args[0], 1), *_terms(forms, args[1], 1 if op == "add" else -1)):
        key = tuple(sorted(term.powers.items()))
        terms[key] = _added(terms.get(key, 0), term.number)
    nodes = [_product(forms, Term(n, dict(key))) for key, n in terms.items() if n != 0]
    nodes = _choices_joined(forms, nodes)
    if not nodes:
        return number(0)
    nodes.sort(key=lambda n: n.op == "neg" or (n.op == NUMBER and n.value < 0))
    found = nodes[0]
    for node in nodes[1:]:
        found = build("add", (found, node), {})
    return found


def _terms(forms: Forms, node: Node, sign: int) -> list[Term]:
    if node.op in ("add", "sub"):
        second = sign if node.op == "add" else -sign
        return [*_terms(forms, node.args[0], sign), *_terms(forms, node.args[1], second)]
    found = _term(forms, node)
    return [Term(sign * found.number, found.powers)]


def _choices_joined(forms: Forms, nodes: list[Node]) -> list[Node]:
    found: dict[Any, Node] = {}
    for i, node in enumerate(nodes):
        key = ("where", forms.number(node.args[0])) if node.op == "where" else i
        old = found.get(key)
        if old is None:
            found[key] = node
        else:
            branches = (_sum(forms, "add", (old.args[j], node.args[j])) for j in (1, 2))
            found[key] = build("where", (node.args[0], *branches), {})
    return list(found.values())


def _added(a: Number, b: Number) -> Number:
    return a + b if not isinstance(a, float) and not isinstance(b, float) else float(a) + float(b)


def _exact(value: Any) -> Number:
    return Fraction(value) if isinstance(value, int) else value


def _parts(size: Number) -> tuple[Number, int]:
    if isinstance(size, float):
        return size, 1
    return Fraction(size).numerator, Fraction(size).denominator


def _is_whole(value: Number) -> bool:
    return bool(value == int(value)) and abs(value) <= 64


def _is_zero(node: Node) -> bool:
    return node.op == NUMBER and bool(node.value == 0)
