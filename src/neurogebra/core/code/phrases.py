"""Operations as source: operators with as few brackets as they need, choices, calls."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from neurogebra.core.code.levels import ARITHMETIC, ARRAY, PARAMETER, is_whole
from neurogebra.core.code.scalar_tables import PYTHON
from neurogebra.core.code.target import (
    ATOM,
    CHOICE,
    POWER,
    PRODUCT,
    SIGN,
    SUM,
    TEST,
    Infix,
    Row,
)
from neurogebra.core.code.terms import Part, Terms
from neurogebra.core.program import Instruction

_SIGNS = {
    "add": ("{0} + {1}", SUM, SUM, PRODUCT),
    "sub": ("{0} - {1}", SUM, SUM, PRODUCT),
    "mul": ("{0} * {1}", PRODUCT, PRODUCT, SIGN),
    "div": ("{0} / {1}", PRODUCT, PRODUCT, SIGN),
    "pow": ("{0} ** {1}", POWER, ATOM, SIGN),
}
# Attributes that a formula may leave out.
_DEFAULTS: dict[str, Any] = {"axis": -1, "stop": None, "stride": 1, "dilation": 1, "last": 0}
_FIRST = frozenset({"take", "take_back"})  # whose axis is the first, where none is given


# What gives places along an axis, and what takes them, as its second argument.
_PLACES = frozenset({"argmax", "argsort"})
_INDEXED = frozenset({"take", "take_along", "take_back", "put_along"})


class Phrases(Terms):
    """The text of an operation whose arguments are written."""

    def _compose(self, line: Instruction) -> Part:
        if line.op == "where":
            return self._choice(line)
        if line.op == "neg":
            text = self._arg(line.args[0], PRODUCT)
            tight = self.made.get(line.args[0], ("", ATOM))[1]
            return f"-{text}", SIGN if tight >= POWER else PRODUCT
        if line.op in ARITHMETIC:
            return self._arithmetic(line)
        return self._call(line)

    def _arithmetic(self, line: Instruction) -> Part:
        left, right = line.args
        rows = self._rows(line)
        numbers = self.program.numbers
        if line.op == "div" and "fraction" in rows and {left, right} <= numbers.keys():
            return self._fill(rows["fraction"], line.args, {})
        if line.op == "pow" and "pow real" in rows and not is_whole(self.program, right):
            return self._fill(rows["pow real"], line.args, {})
        template, tight, first, second = _SIGNS[line.op]
        return template.format(self._arg(left, first), self._arg(right, second)), tight

    def _rows(self, line: Instruction) -> Mapping[str, Row]:
        plain = self.facts.level[line.out] < ARRAY and line.op != "size"
        return PYTHON.rows if plain else self.target.rows

    def _choice(self, line: Instruction) -> Part:
        test, *branches = line.args
        condition = self._condition(test)
        level = self.facts.level
        plain = self.target.arrays and level[line.out] < PARAMETER
        template = PYTHON.where if plain else self.target.where
        if " if " in template:
            yes, no = self._arg(branches[0], TEST), self._arg(branches[1], CHOICE)
            return template.format(condition, yes, no), CHOICE
        texts = [self._arg(b, CHOICE) for b in branches]
        bare = [level[b] < ARRAY for b in branches]
        if self.target.arrays:
            strict = "where" not in self.target.beside and not self.target.loose
            wrap = [b and (strict or (i == 0 and all(bare))) for i, b in enumerate(bare)]
            like = self._like_of(line.out)
            texts = [self._float(t, like) if w else t for t, w in zip(texts, wrap, strict=True)]
        return template.format(condition, *texts), ATOM

    def _call(self, line: Instruction) -> Part:
        attrs = dict(line.attrs)
        rows, args = self._rows(line), list(line.args)
        key = line.op
        if key in ("maximum", "minimum"):
            args.sort(key=self._is_number)
            if key == "maximum" and self.program.numbers.get(args[1]) == 0 and "relu" in rows:
                return self._fill(rows["relu"], args[:1], {})
            if self._is_number(args[1]) and f"{key} number" in rows:
                key = f"{key} number"
        if attrs.get("axis") is not None and f"{key} axis" in rows:
            key = key if key == "expand_like" and attrs.get("keepdims") else f"{key} axis"
        given = {**_DEFAULTS, **({"axis": 0} if line.op in _FIRST else {}), **attrs}
        given["at"] = self._at(attrs)
        found = self._fill(rows[key], args, given, wraps=self._wraps(line))
        if line.op in _PLACES and not self.target.mixes and self._is_counted(line.out):
            return self._float(found[0], self._like_of(line.out)), ATOM
        return found

    def _is_counted(self, register: int) -> bool:
        """Say whether places are more than an index: then they are numbers like others."""
        uses = [(line.op, i) for line in self.program.lines for i, a in enumerate(line.args)
                if a == register]  # fmt: skip
        return not uses or any(op not in _INDEXED or i != 1 for op, i in uses)

    def _wraps(self, line: Instruction) -> bool:
        """Say whether plain numbers among the arguments must be made arrays."""
        target = self.target
        if not target.arrays or self.facts.level[line.out] < ARRAY:
            return False
        return not target.loose and line.op not in target.beside

    def _at(self, attrs: Mapping[str, Any]) -> str:
        axis, keep = self.target.axes
        found = f", {axis}={attrs['axis']}" if attrs.get("axis") is not None else ""
        return found + (f", {keep}=True" if attrs.get("keepdims") else "")

    def _fill(
        self, row: Row, args: Sequence[int], attrs: Mapping[str, Any], *, wraps: bool = False
    ) -> Part:
        template = row.template if isinstance(row, Infix) else row
        template = template(attrs) if callable(template) else template
        for i, a in enumerate(args):
            if template.count(f"{{{i}}}") > 1 and self._may_name(a) and a not in self.facts.tests:
                self._name(a)
        texts = []
        for i, a in enumerate(args):
            least = row.least if isinstance(row, Infix) else _least(template, i)
            bare = wraps and a not in self.facts.tests and self.facts.level[a] < ARRAY
            text = self._arg(a, CHOICE if bare else least)
            texts.append(self._float(text, self._like_of(a)) if bare else text)
        return template.format(*texts, **attrs), row.tight if isinstance(row, Infix) else ATOM


def _least(template: str, i: int) -> int:
    """Return how tightly an argument must bind: anything does between brackets and commas."""
    hole = re.escape(f"{{{i}}}")
    enclosed = re.search(rf"(\(|[,=] ){hole}([,)]|{{at}})", template)
    loose = template.count(f"{{{i}}}") == 1 and enclosed
    return CHOICE if loose else ATOM
