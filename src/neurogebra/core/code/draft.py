"""A program written line by line in the words of one target."""

from __future__ import annotations

from neurogebra.core.code.phrases import Phrases
from neurogebra.core.code.target import CHOICE, TEST
from neurogebra.core.program import Instruction
from neurogebra.core.tree import MAX_WRITTEN
from neurogebra.errors import FormulaError

# Longer lines are cut up; parts shorter than the second are not worth a name for that.
_WIDE, _SHORT = 76, 14


class Draft(Phrases):
    """The body of one function, as it grows."""

    def write(self) -> str:
        """Write the lines before the last one and return what the function returns."""
        lifted = [self.names[p] for p in self.facts.lifted]
        self.lines += [f"{p} = _float({p}, {self._all_like(self.like)})" for p in lifted]
        for line in self.program.lines:
            if line.out in self.facts.tests:
                continue
            self._settle(line)
            if self._is_shared(line):
                self._name(line.out)
        return self._last(self.program.outputs[0])

    def _last(self, root: int) -> str:
        """Return what is returned; a long choice of Python's on lines of its own."""
        text = self._arg(root, CHOICE)
        line = self.by_out.get(root)
        if len(text) <= _WIDE or line is None or line.op != "where" or " if " not in text:
            return text
        test, yes, no = line.args
        parts = (
            self._arg(yes, TEST),
            f"if {self._condition(test)}",
            f"else {self._arg(no, CHOICE)}",
        )
        return "\n".join(["(", *(f"        {part}" for part in parts), "    )"])

    def _settle(self, line: Instruction) -> None:
        """Write an operation; where that is too long a line, name parts of it first."""
        found = self._compose(line)
        for a in sorted(self._behind(line), key=lambda a: -len(self.made[a][0])):
            if len(found[0]) <= _WIDE:
                break
            if len(self.made[a][0]) >= _SHORT and self._may_name(a):
                self._name(a)
                found = self._compose(line)
        if len(found[0]) > MAX_WRITTEN:
            raise FormulaError(f"too long to write for {self.target.name}; other targets name more")
        self.made[line.out] = found

    def _behind(self, line: Instruction) -> list[int]:
        """Return the registers in the text of a line, those within conditions too."""
        found: dict[int, None] = {}
        stack = list(line.args)
        while stack:
            a = stack.pop()
            if a in self.facts.tests:
                stack.extend(self.by_out[a].args)
            else:
                found[a] = None
        return list(found)

    def _is_shared(self, line: Instruction) -> bool:
        simple = line.op == "neg" and line.args[0] not in self.by_out
        return self.facts.uses[line.out] > 1 and not simple and self._may_name(line.out)
