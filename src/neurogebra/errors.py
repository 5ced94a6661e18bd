"""The words for failure: every error says where, what was expected, what came, what next.

NeurogebraError
├── UnknownName      (KeyError)      a name that no registry holds, with the near ones
├── BadValue         (ValueError)    a value that cannot be: where, expected, got
│   └── FormulaError (ValueError)    a formula text that is refused, with its position
├── DataError        (ValueError)    rows and columns that cannot be learned from
├── RunError         (OSError)       a run folder that cannot be written, read or continued
│   └── Corrupt      (OSError)       a file whose bytes are not what was saved
├── NotReady         (RuntimeError)  a verb called before the one it needs
└── MissingExtra     (ImportError)   an optional library that is not installed
"""

from __future__ import annotations

from collections.abc import Iterable


class NeurogebraError(Exception):
    """Whatever this library refuses; catch it to catch them all."""


class UnknownName(NeurogebraError, KeyError):
    """A name that nobody answers to: `kind` and `name`, with the near names as a hint."""

    def __init__(self, kind: str, name: str, close: Iterable[str] = ()) -> None:
        hint = " or ".join(repr(c) for c in close)
        called = f"no {kind} called {short(name)}"
        self.message = called + (f"; did you mean {hint}?" if hint else "")
        super().__init__(self.message)

    def __str__(self) -> str:  # KeyError would show the repr
        return self.message


class BadValue(NeurogebraError, ValueError):
    """A value in the wrong place: `layers[2].units: expected int ≥ 1, got 'ten'`."""

    def __init__(self, where: str, expected: str, got: object, hint: str = "") -> None:
        self.where, self.expected, self.got, self.hint = where, expected, got, hint
        text = f"{where}: expected {expected}, got {short(got)}"
        super().__init__(text + (f"; {hint}" if hint else ""))


class FormulaError(NeurogebraError, ValueError):
    """A formula text that is refused; `column` counts characters from 1 (0: the whole text)."""

    def __init__(self, problem: str, column: int = 0) -> None:
        self.problem, self.column = problem, column
        super().__init__(f"column {column}: {problem}" if column else problem)


class DataError(NeurogebraError, ValueError):
    """Rows or columns that cannot be learned from; the sentence names them."""


class RunError(NeurogebraError, OSError):
    """A run folder that cannot be written, read or continued."""


class Corrupt(RunError):
    """A file whose bytes are not the bytes that were saved."""


class NotReady(NeurogebraError, RuntimeError):
    """A verb called before the one it needs, such as `fit` before `compile`."""


class MissingExtra(NeurogebraError, ImportError):
    """An optional library that is absent, with the command that installs it."""

    def __init__(self, library: str, extra: str, purpose: str) -> None:
        self.library, self.extra = library, extra
        super().__init__(
            f"{purpose} needs {library}, which is not installed; "
            f"install it with: pip install 'neurogebra[{extra}]'"
        )


def short(value: object, limit: int = 80) -> str:
    """The repr of a value, cut to `limit` characters so that a message stays one sentence."""
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
