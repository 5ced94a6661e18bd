"""MathForge: the book of formulas in the hand; get, search, compare, compose, register."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from keyword import iskeyword
from typing import TYPE_CHECKING, Any

from neurogebra.core.card import card, compare
from neurogebra.core.expression import Expression
from neurogebra.core.expression_maths import checked_number
from neurogebra.core.parse import NAME, parse
from neurogebra.core.tree import Node, in_order
from neurogebra.errors import BadValue, FormulaError, UnknownName
from neurogebra.registry import near
from neurogebra.repository import FORMULAS, Formula
from neurogebra.repository.search import search

if TYPE_CHECKING:
    from neurogebra.core.verify_record import Verdict


class MathForge:
    """Every formula of the book by name, and those registered here beside them."""

    def __init__(self) -> None:
        self._own: dict[str, Expression] = {}

    def get(
        self, name: str, params: Mapping[str, Any] | None = None, trainable: bool = False
    ) -> Expression:
        """Return a fresh copy of a formula, with some of its parameters given other values.

        trainable: let a Trainer change all its parameters. Raises UnknownName (a KeyError) with
        the near names, BadValue for a parameter that the formula does not have.
        """
        made = self._own[name].clone() if name in self._own else of_book(self._record(name)).clone()
        for key, value in (params or {}).items():
            if key not in made.params:
                expected = f"a parameter of {name}: {', '.join(made.params) or 'it has none'}"
                raise BadValue("params", expected, key, _hint(key, made.params))
            made.params[key] = checked_number(f"params[{key!r}]", value)
        if trainable:
            made.trainable_params = list(made.params)
        return made

    def _record(self, name: str) -> Formula:
        if name not in FORMULAS:
            raise UnknownName("formula", name, near(name, (*FORMULAS.near(name), *self._own)))
        return FORMULAS[name]

    def search(self, query: str) -> list[str]:
        """Return the names that answer a query, best first; "" returns all, no hit []."""
        if not isinstance(query, str):
            raise BadValue("search", "words as one text", query)
        own = [Formula(n, "0", e.inputs, *_words(e)) for n, e in self._own.items()]
        return [hit.name for hit in search([*FORMULAS.values(), *own], query)]

    def list_all(self, category: str | None = None) -> list[str]:
        """Return every name, or those of one category; an unknown category has none."""
        own = [n for n, e in self._own.items() if category in (None, e.metadata.get("category"))]
        return [n for n, f in FORMULAS.items() if category in (None, f.category)] + own

    def compose(self, text: str) -> Expression:
        """Return the arithmetic of formulas that a text describes: "mse + 0.1*mae".

        Names are formulas; numbers, + - * / ** and brackets join them. Raises FormulaError for
        anything else, UnknownName for a name nobody answers to.
        """
        made: dict[int, Any] = {}
        for node in in_order(parse(text)):
            made[id(node)] = self._composed(node, [made[id(a)] for a in node.args])
            last = made[id(node)]
        if not isinstance(last, Expression):
            return Expression(text, last)
        last.name = text
        return last

    def _composed(self, node: Node, args: Sequence[Any]) -> Any:
        if node.is_number:
            return node.value
        if node.is_symbol:
            return self.get(node.value)
        join = _ARITHMETIC.get(node.op)
        if join is None:
            raise FormulaError(f"{node.op} does not join formulas; use + - * / ** and brackets")
        try:
            return join(*args)
        except ArithmeticError as error:  # numbers alone, such as 1/0
            raise FormulaError(f"{node.op} of these numbers has no value: {error}") from error

    def register(self, name: str, expr: Expression | str) -> None:
        """Add a formula of your own under `name`; a name of the book stays the book's."""
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise BadValue("name", "a letter, then letters, digits or _", name)
        if iskeyword(name):
            raise BadValue("name", "a name that is no word of Python", name, f"say {name}_")
        if name in FORMULAS:
            raise BadValue("name", "a name that the book does not use", name)
        made = expr.clone() if isinstance(expr, Expression) else Expression(name, expr)
        made.name = name
        self._own[name] = made

    def explain(self, name: str, level: str = "beginner") -> str:
        """Return what a formula is for: beginner, intermediate or advanced."""
        return self.get(name).explain(level)

    def card(self, name: str) -> dict[str, Any]:
        """Return all there is to say of a formula, as words, numbers and lists."""
        return card(self.get(name))

    def compare(self, names: Sequence[str]) -> str:
        """Return a table of formulas side by side: formula, values, slopes, cost, use."""
        return compare([self.get(n) for n in names])

    def verify(self, formula: str | Expression, **options: Any) -> Verdict:
        """Return what can be found out about a formula: its domain, stability and derivative.

        formula: a name of the book, one registered here, a text, or an Expression. options:
        `domain`, `shapes`, `seconds`; see `core.verify.verify`.
        """
        from neurogebra.core.verify import verify

        if isinstance(formula, Expression):
            return verify(formula, **options)
        if not isinstance(formula, str):
            raise BadValue("verify", "a name, a text or an Expression", formula)
        known = formula in FORMULAS or formula in self._own
        is_name = known or NAME.fullmatch(formula) is not None
        made = self.get(formula) if is_name else Expression("formula", formula)
        return verify(made, **options)


@lru_cache(maxsize=2048)
def of_book(record: Formula) -> Expression:
    """Return the one expression of a record that copies are made of."""
    words = ("category", "subcategory", "usage", "source")
    metadata: dict[str, Any] = {w: getattr(record, w) for w in words if getattr(record, w)}
    lists = {"pros": record.pros, "cons": record.cons, "aliases": record.aliases}
    metadata |= {"description": record.summary, **{k: list(v) for k, v in lists.items() if v}}
    return Expression(record.name, record, metadata=metadata)


def _words(expression: Expression) -> tuple[str, str]:
    found = expression.metadata
    return str(found.get("description", "")), str(found.get("category", ""))


def _hint(name: str, names: Mapping[str, Any]) -> str:
    close = near(name, list(names))
    return f"did you mean {close[0]!r}?" if close else ""


_ARITHMETIC: dict[str, Any] = {
    "neg": lambda a: -a,
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "pow": lambda a, b: a**b,
    "sqrt": lambda a: a**0.5,
}
