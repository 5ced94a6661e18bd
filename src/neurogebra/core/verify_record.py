"""What was found out about a formula, as frozen records; how they are written on a page."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

OK, WARNING, ERROR = "ok", "warning", "error"
SEVERITIES = (OK, WARNING, ERROR)
_WIDTH, _LABEL = 80, 22


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about a formula.

    kind: names, domain, overflow, digits, slope, kinks, instead, book or limits. severity: ok,
    warning or error. where: values of the inputs at which it is seen, if at some. numbers: what
    the sentence rests on, such as how many points were looked at.
    """

    kind: str
    severity: str
    sentence: str
    where: Mapping[str, Any] = field(default_factory=dict)
    numbers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """All that was found about a formula; `ok` is true unless something is an error.

    points: check → at how many points it could look.
    """

    name: str
    formula: str
    inputs: tuple[str, ...]
    params: Mapping[str, Any]
    findings: tuple[Finding, ...]
    points: Mapping[str, int] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether nothing found is an error."""
        return not self.of(ERROR)

    def of(self, severity: str) -> tuple[Finding, ...]:
        """Return the findings of one severity."""
        return tuple(f for f in self.findings if f.severity == severity)

    def kind(self, kind: str) -> tuple[Finding, ...]:
        """Return the findings of one kind."""
        return tuple(f for f in self.findings if f.kind == kind)

    def summary(self) -> str:
        """Return how it ended in a few words."""
        errors, warnings = len(self.of(ERROR)), len(self.of(WARNING))
        if not errors and not warnings:
            return "ok"
        parts = [_many(n, w) for n, w in ((errors, "error"), (warnings, "warning")) if n]
        return ", ".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict as what JSON can hold; a number that is not finite is a text."""
        return {
            "name": self.name,
            "formula": self.formula,
            "inputs": list(self.inputs),
            "params": _plain(self.params),
            "ok": self.ok,
            "points": dict(self.points),
            "findings": [
                {
                    "kind": f.kind,
                    "severity": f.severity,
                    "sentence": f.sentence,
                    "where": _plain(f.where),
                    "numbers": _plain(f.numbers),
                }
                for f in self.findings
            ],
        }

    def __str__(self) -> str:
        head = textwrap.wrap(self.formula, _WIDTH) or [self.name]
        lines = [*head, f"  {self.summary()}", ""]
        for finding in self.findings:
            label = label_of(finding)
            lines += textwrap.wrap(
                finding.sentence,
                _WIDTH,
                initial_indent=f"  {label:<{_LABEL - 4}}  ",
                subsequent_indent=" " * _LABEL,
                break_on_hyphens=False,
            )
        return "\n".join(lines)


def label_of(finding: Finding) -> str:
    """Return the words that stand before a finding's sentence."""
    if finding.kind in ("instead", "book"):
        return {"instead": "use instead", "book": "in the book"}[finding.kind]
    return f"{finding.severity:<8} {finding.kind}"


def _many(n: int, word: str) -> str:
    return f"{n} {word}" + ("" if n == 1 else "s")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
