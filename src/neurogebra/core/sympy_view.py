"""Formulas as SymPy expressions and back, node by node; no text is ever handed to SymPy."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from neurogebra.core.parse import MAX_BITS, NAME
from neurogebra.core.sympy_bounds import is_wild
from neurogebra.core.tree import (
    NUMBER,
    SYMBOL,
    Node,
    build,
    in_order,
    number,
    require_writable,
    symbol,
)
from neurogebra.errors import FormulaError, MissingExtra
from neurogebra.ops import ALPHABET

if TYPE_CHECKING:
    from sympy import Expr

_LEFT_OUT = "None"
MAX_PARTS = 5_000  # of a SymPy expression that is read


def _sympy() -> Any:
    try:
        import sympy
    except ImportError as error:
        raise MissingExtra("SymPy", "symbolic", "a symbolic view") from error
    return sympy


def to_sympy(root: Node, real: bool = False) -> Expr:
    """Return a formula as a SymPy expression; its symbols print as typed.

    Reductions and matrix operations become functions of their names. real: symbols assumed
    real, so that |x| and its kin simplify. Constants that SymPy would work on for hours stay as
    they are written. Raises MissingExtra without SymPy, FormulaError for a division by 0.
    """
    sp = _sympy()
    require_writable(root)
    made: dict[int, Any] = {}
    with sp.evaluate(not is_wild(root)):
        for node in in_order(root):
            try:
                made[id(node)] = _forth(sp, node, [made[id(a)] for a in node.args], real)
            except ZeroDivisionError:  # 1.0 / 0.0, which SymPy's own numbers refuse
                raise FormulaError("SymPy has no value for a number divided by 0") from None
        found = made[id(root)]
        return found if isinstance(found, sp.Expr) else _as_value(sp, found)


def _forth(sp: Any, node: Node, args: list[Any], real: bool) -> Any:
    if node.op == SYMBOL:
        return sp.Symbol(node.value, real=True) if real else sp.Symbol(node.value)
    if node.op == NUMBER and node.value == math.pi:
        return sp.pi
    if node.op == NUMBER:
        return sp.Integer(node.value) if isinstance(node.value, int) else sp.Float(node.value)
    if node.op == "where":
        c, a, b = args
        test = (
            c
            if isinstance(c, (sp.Rel, sp.And, sp.Or, sp.Not)) or c in (sp.true, sp.false)
            else sp.Ne(c, 0)
        )
        return sp.Piecewise((_as_value(sp, a), test), (_as_value(sp, b), True))
    if node.op == "mul" and all(isinstance(a, (sp.Rel, sp.And)) for a in args):
        return sp.And(*args)
    values = [_as_value(sp, a) for a in args]
    rule = _FORTH.get(node.op)
    if rule is not None:
        return rule(sp, *values, **dict(node.attrs))
    return sp.Function(node.op)(*values, *_numbers(sp, node))


def _numbers(sp: Any, node: Node) -> list[Any]:
    """Return the attributes of an operation as trailing numbers; None for one left out."""
    op, given = ALPHABET[node.op], dict(node.attrs)
    found = list(given[op.attrs[-1]]) if op.variadic else [given.get(key) for key in op.attrs]
    while found and found[-1] is None:
        found.pop()
    return [sp.Symbol(_LEFT_OUT) if v is None else sp.Integer(int(v)) for v in found]


def _as_value(sp: Any, found: Any) -> Any:
    """Return a condition as the number it is: 1 where it holds, 0 elsewhere."""
    if isinstance(found, sp.Expr):
        return found
    return sp.Piecewise((sp.Integer(1), found), (sp.Integer(0), True))


_FORTH: dict[str, Callable[..., Any]] = {
    "neg": lambda sp, a: -a,
    "add": lambda sp, a, b: a + b,
    "sub": lambda sp, a, b: a - b,
    "mul": lambda sp, a, b: a * b,
    "div": lambda sp, a, b: a / b,
    "pow": lambda sp, a, b: a**b,
    "maximum": lambda sp, a, b: sp.Max(a, b),
    "minimum": lambda sp, a, b: sp.Min(a, b),
    "xlogy": lambda sp, a, b: a * sp.log(b),
    "logaddexp": lambda sp, a, b: sp.log(sp.exp(a) + sp.exp(b)),
    "abs": lambda sp, a: sp.Abs(a),
    "sign": lambda sp, a: sp.sign(a),
    "step": lambda sp, a: sp.Heaviside(a, 0),
    "floor": lambda sp, a: sp.floor(a),
    "exp": lambda sp, a: sp.exp(a),
    "expm1": lambda sp, a: sp.exp(a) - 1,
    "log": lambda sp, a: sp.log(a),
    "log1p": lambda sp, a: sp.log(1 + a),
    "sqrt": lambda sp, a: sp.sqrt(a),
    "sin": lambda sp, a: sp.sin(a),
    "cos": lambda sp, a: sp.cos(a),
    "sinh": lambda sp, a: sp.sinh(a),
    "cosh": lambda sp, a: sp.cosh(a),
    "tanh": lambda sp, a: sp.tanh(a),
    "arctan": lambda sp, a: sp.atan(a),
    "sigmoid": lambda sp, a: 1 / (1 + sp.exp(-a)),
    "softplus": lambda sp, a: sp.log(1 + sp.exp(a)),
    "relu": lambda sp, a: sp.Max(0, a),
    "ceil": lambda sp, a: sp.ceiling(a),
    "arcsin": lambda sp, a: sp.asin(a),
    "gammaln": lambda sp, a: sp.loggamma(a),
    "digamma": lambda sp, a: sp.digamma(a),
    "polygamma": lambda sp, a, n: sp.polygamma(n, a),
    "erfinv": lambda sp, a: sp.erfinv(a),
    "ndtri": lambda sp, a: sp.sqrt(2) * sp.erfinv(2 * a - 1),
    "erf": lambda sp, a: sp.erf(a),
    "erfc": lambda sp, a: sp.erfc(a),
    "greater": lambda sp, a, b: sp.Gt(a, b),
    "greater_equal": lambda sp, a, b: sp.Ge(a, b),
    "equal": lambda sp, a, b: sp.Eq(a, b),
}


def from_sympy(expression: Any) -> Node:
    """Return a SymPy expression as a formula.

    Raises FormulaError for what the alphabet does not have, such as ∞, i or an unsolved
    integral, and for symbols whose names are no names.
    """
    sp = _sympy()
    if not isinstance(expression, sp.Basic):
        raise FormulaError(f"SymPy's {type(expression).__name__} is no formula")
    made: dict[Any, Node] = {}
    for part in _parts_in_order(expression):
        made[part] = _back(sp, part, made)
    return made[expression]


def _parts_in_order(root: Any) -> Iterator[Any]:
    """Yield every part once, arguments first, without recursion."""
    seen: set[Any] = set()
    stack: list[tuple[Any, bool]] = [(root, False)]
    while stack:
        part, ready = stack.pop()
        if ready:
            yield part
        elif part not in seen:
            seen.add(part)
            if len(seen) > MAX_PARTS:
                raise FormulaError(f"a SymPy expression of more than {MAX_PARTS} parts")
            stack.append((part, True))
            stack.extend((a, False) for a in reversed(part.args))


def _back(sp: Any, part: Any, made: dict[Any, Node]) -> Node:
    args = [made[a] for a in part.args]
    if isinstance(part, sp.Symbol):
        if not NAME.fullmatch(part.name):
            raise FormulaError(f"a symbol called {part.name!r:.70}, which is no name")
        return symbol(part.name)
    if isinstance(part, (sp.Number, sp.NumberSymbol)):
        return _number(sp, part)
    if part in (sp.true, sp.false):
        return number(int(bool(part)))
    if isinstance(part, sp.Piecewise):
        return _piecewise(sp, part, made)
    if isinstance(part, sp.functions.elementary.piecewise.ExprCondPair):
        return args[0]
    if isinstance(part, sp.Mul):
        return _product(sp, part, made)
    if isinstance(part, sp.Pow):
        return _power(sp, args[0], part.exp, made)
    name = type(part).__name__
    rule = _BACK.get(name)
    if rule is not None:
        return rule(args)
    if name in ALPHABET and ALPHABET[name].arity <= len(args):
        return _operation(name, args)
    raise FormulaError(f"SymPy's {name} is no operation of the alphabet")


def _number(sp: Any, part: Any) -> Node:
    if isinstance(part, sp.Integer):
        if int(part).bit_length() > MAX_BITS:
            raise FormulaError(f"an integer of more than {MAX_BITS} bits")
        return number(int(part))
    if isinstance(part, sp.Rational):
        return number(int(part.p)) / number(int(part.q))
    if not part.is_number or not part.is_finite or not part.is_real:
        raise FormulaError(f"{part} is no finite number")
    return number(float(part))


def _piecewise(sp: Any, part: Any, made: dict[Any, Node]) -> Node:
    *first, last = part.args
    if last.args[1] != sp.true:
        raise FormulaError("the last condition of Piecewise must be True")
    found = made[last.args[0]]
    for pair in reversed(first):
        found = build("where", (made[pair.args[1]], made[pair.args[0]], found), {})
    return found


def _operation(name: str, args: list[Node]) -> Node:
    op = ALPHABET[name]
    given, extra = args[: op.arity], args[op.arity :]
    if op.variadic:
        return build(op.name, tuple(given), {op.attrs[-1]: tuple(v.value for v in extra)})
    pairs = zip(op.attrs, (v.value for v in extra), strict=False)
    values = {key: value for key, value in pairs if value != _LEFT_OUT}
    if "keepdims" in values:
        values["keepdims"] = bool(values["keepdims"])
    return build(op.name, tuple(given), values)


def _polygamma(args: list[Node]) -> Node:
    """Read SymPy's polygamma(n, x), whose order comes first."""
    order, x = args
    if not (order.is_number and isinstance(order.value, int) and order.value >= 0):
        raise FormulaError("polygamma of an order that is no whole number")
    return (
        build("polygamma", (x,), {"n": order.value}) if order.value else build("digamma", (x,), {})
    )


def _sum(args: list[Node]) -> Node:
    """Join terms in an order that reads well: what is negative after what is not."""
    terms = sorted(args, key=_is_negative)
    found = terms[0]
    for term in terms[1:]:
        found = found + term
    return found


def _is_negative(node: Node) -> bool:
    return node.op == "neg" or (node.is_number and bool(node.value < 0))


def _product(sp: Any, part: Any, made: dict[Any, Node]) -> Node:
    """Join factors, those with negative exponents and the number's denominator under one line."""
    coefficient, rest = part.as_coeff_Mul()
    factors = [f for f in sp.Mul.make_args(rest) if f != 1]
    below = [f for f in factors if _divides(sp, f)]
    above = [made[f] for f in factors if f not in below]
    over, under = abs(coefficient), sp.Integer(1)
    if isinstance(coefficient, sp.Rational):
        over, under = sp.Integer(over.p), sp.Integer(over.q)
    top, bottom = _number(sp, over), _number(sp, under)
    for factor in above:
        top = top * factor
    for factor in below:
        bottom = bottom * _power(sp, made[factor.base], -factor.exp, made)
    found = top / bottom
    return -found if coefficient.is_negative else found


def _divides(sp: Any, factor: Any) -> bool:
    return isinstance(factor, sp.Pow) and bool(factor.exp.is_number and factor.exp.is_negative)


def _power(sp: Any, base: Node, exponent: Any, made: dict[Any, Node]) -> Node:
    if exponent == sp.Rational(1, 2):
        return build("sqrt", (base,), {})
    if exponent.is_number and exponent.is_negative:
        return number(1) / _power(sp, base, -exponent, made)
    known = made.get(exponent)
    return base ** (known if known is not None else _number(sp, exponent))


def _chain(op: str) -> Callable[[list[Node]], Node]:
    def join(args: list[Node]) -> Node:
        found = args[0]
        for a in args[1:]:
            found = build(op, (found, a), {})
        return found

    return join


def _as(op: str) -> Callable[[list[Node]], Node]:
    return lambda args: build(op, (args[0],), {})


_BACK: dict[str, Callable[[list[Node]], Node]] = {
    "Add": _sum,
    "Max": _chain("maximum"),
    "Min": _chain("minimum"),
    "And": _chain("mul"),
    "Abs": _as("abs"),
    "Heaviside": _as("step"),
    "atan": _as("arctan"),
    "asin": _as("arcsin"),
    "ceiling": _as("ceil"),
    "loggamma": _as("gammaln"),
    "polygamma": _polygamma,
    "ITE": lambda args: build("where", tuple(args), {}),
    **{n: _as(n) for n in ("exp", "log", "sign", "floor", "erf", "erfc", "erfinv", "digamma")},
    **{n: _as(n) for n in ("sin", "cos", "sinh", "cosh", "tanh")},
    "StrictGreaterThan": _chain("greater"),
    "GreaterThan": _chain("greater_equal"),
    "StrictLessThan": lambda args: build("greater", (args[1], args[0]), {}),
    "LessThan": lambda args: build("greater_equal", (args[1], args[0]), {}),
    "Equality": _chain("equal"),
}


def simplify(root: Node) -> Node:
    """Return the formula as SymPy simplifies it."""
    return from_sympy(_sympy().simplify(to_sympy(root, real=True)))


def expand(root: Node) -> Node:
    """Return the formula with its products multiplied out."""
    return from_sympy(_sympy().expand(to_sympy(root, real=True)))


def integrate(root: Node, var: str) -> Node:
    """Return an antiderivative by `var`; FormulaError where SymPy finds none."""
    sp = _sympy()
    found = sp.integrate(to_sympy(root, real=True), sp.Symbol(var, real=True))
    if found.has(sp.Integral):
        raise FormulaError(f"SymPy finds no antiderivative by {var}")
    return from_sympy(found)
