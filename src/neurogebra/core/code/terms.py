"""The words of printed source: names, numbers, and conditions as tests or as numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from neurogebra.core.code.levels import ARRAY, COMPARISONS, PARAMETER, Facts
from neurogebra.core.code.scalar_tables import PYTHON
from neurogebra.core.code.target import ATOM, CHOICE, PRODUCT, SIGN, SUM, Target
from neurogebra.core.code.words import telling
from neurogebra.core.program import Program

Part = tuple[str, int]  # a text and how tightly it binds
# Constants that are better read as what they are.
_CONSTANTS: dict[float, Part] = {
    math.pi: ("{pi}", ATOM),
    2 * math.pi: ("2 * {pi}", PRODUCT),
    math.e: ("{m}.exp(1)", ATOM),
    math.sqrt(math.pi): ("{m}.sqrt({pi})", ATOM),
    math.sqrt(math.pi) / 2: ("{m}.sqrt({pi}) / 2", PRODUCT),
    math.sqrt(2 * math.pi): ("{m}.sqrt(2 * {pi})", ATOM),
    2 / math.sqrt(math.pi): ("2 / {m}.sqrt({pi})", PRODUCT),
    -2 / math.sqrt(math.pi): ("-2 / {m}.sqrt({pi})", PRODUCT),
    math.sqrt(2 / math.pi): ("{m}.sqrt(2 / {pi})", ATOM),
}


class Terms:
    """What stands in a line of source, by register; a part with a line of its own is a name.

    names: formula name → name in the source; like: the inputs that give numbers their dtype.
    """

    def __init__(
        self,
        target: Target,
        program: Program,
        facts: Facts,
        names: Mapping[str, str],
        like: Sequence[str],
    ) -> None:
        self.target, self.program, self.facts = target, program, facts
        self.names, self.like = names, like
        self.taken = {*names.values(), *target.modules}
        self.lines: list[str] = []
        self.made: dict[int, Part] = {r: (names[n], ATOM) for r, n in program.inputs.items()}
        self.made.update({r: self._number(v) for r, v in program.numbers.items()})
        self.by_out = {line.out: line for line in program.lines}

    def _may_name(self, register: int) -> bool:
        return register in self.by_out and register not in self.facts.late

    def _name(self, register: int) -> None:
        """Give a value a line and a name of its own."""
        text, _ = self.made[register]
        if text.isidentifier():
            return
        line = self.by_out[register]
        args = [t if (t := self.made.get(a, ("", 0))[0]).isalnum() or t.isidentifier() else ""
                for a in line.args]  # fmt: skip
        name = telling(line.op, args, self.taken)
        self.taken.add(name)
        self.lines.append(f"{name} = {text}")
        self.made[register] = (name, ATOM)

    def _number(self, value: Any) -> Part:
        module = "sp" if self.target.exact else "math"
        if isinstance(value, float) and not math.isfinite(value):
            text = "nan" if value != value else "oo" if module == "sp" else "inf"
            return (f"-{module}.{text}", SIGN) if value < 0 else (f"{module}.{text}", ATOM)
        known = _CONSTANTS.get(value) if isinstance(value, float) else None
        if known is not None:
            return known[0].format(pi=self.target.pi, m=module), known[1]
        return repr(value), ATOM if math.copysign(1, value) > 0 else SIGN

    def _arg(self, register: int, least: int) -> str:
        """Return an argument's text, in brackets where it binds less than `least`."""
        text, tight = self._truth(register) if register in self.facts.tests else self.made[register]
        return text if tight >= least else f"({text})"

    def _truth(self, register: int) -> Part:
        """Return a condition as the number 1 or 0."""
        plain = self.target.arrays and self.facts.level[register] < PARAMETER
        template = PYTHON.truth if plain else self.target.truth
        like = self._like_of(register)
        return template.format(self._condition(register), self._all_like(like), like[0]), ATOM

    def _like_of(self, register: int) -> Sequence[str]:
        own = self.facts.names[register]
        return [i for i in self.like if i in own] or self.like or ["0.0"]

    def _all_like(self, like: Sequence[str]) -> str:
        names = [self.names.get(i, i) for i in like]
        return names[0] if self.target.truth.count("{2}") and names else ", ".join(names)

    def _float(self, text: str, like: Sequence[str]) -> str:
        return f"_float({text}, {self._all_like(like)})"

    def _is_number(self, register: int) -> bool:
        if self.target.arrays:
            return self.facts.level[register] < ARRAY
        return register in self.program.numbers

    def _condition(self, register: int) -> str:
        """Return what a choice asks for."""
        if register not in self.facts.tests:
            template = "sp.Ne({0}, 0)" if self.target.exact else "{0} != 0"
            return template.format(self._arg(register, CHOICE if self.target.exact else SUM))
        pieces = self._pieces(register)
        if len(pieces) == 1:
            return pieces[0]
        both = self.target.both
        if both == "sp.And":
            return f"sp.And({', '.join(pieces)})"
        return both.join(pieces if both == " and " else [f"({p})" for p in pieces])

    def _pieces(self, register: int) -> list[str]:
        line = self.by_out[register]
        if line.op not in COMPARISONS:
            return [p for a in line.args for p in self._pieces(a)]
        template = self.target.same if line.op == "equal" else COMPARISONS[line.op]
        least = CHOICE if template.startswith("sp.") else SUM
        texts = [self._arg(a, least) for a in line.args]
        if self._is_number(line.args[0]) and not self._is_number(line.args[1]):
            turned = template.replace(">", "<")  # the number comes second, as one reads
            return [turned.format(*reversed(texts))]
        return [template.format(*texts)]
