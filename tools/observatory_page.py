"""Write docs/observatory.md: events, health rules, causes, thresholds and presets, as they are.

Run: python tools/observatory_page.py [--check] from the root of the checkout. With --check
nothing is written; the exit code is 1 where the page is not what would be written, apart from
the printed diagnosis, whose numbers may differ from machine to machine.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path

from neurogebra.observatory import events
from neurogebra.observatory.diagnosis import KINDS, VOTES
from neurogebra.observatory.presets import LogConfig
from neurogebra.observatory.remedy import proposed
from neurogebra.observatory.rules import RULES, Rule, Thresholds

PAGE = Path(__file__).parents[1] / "docs" / "observatory.md"
PRESETS = ("minimal", "standard", "verbose", "research", "production")

_HEAD = (
    "Generated from the code by `tools/observatory_page.py`. How to use it stands in the README; "
    "what it costs, and how often it is right, in `benchmarks/results` (`overhead.txt`, "
    "`watch.txt`, `diagnosis.txt`, `remedies.txt`, `logs.txt`)."
)

EXAMPLE = """\
import numpy as np
from neurogebra.builders.model_builder import ModelBuilder

rng = np.random.default_rng(0)
X = rng.normal(size=(800, 12)) * np.logspace(0, 4, 12)
y = (X[:, 0] > 0).astype(int)

builder = ModelBuilder()
model = builder.Sequential(
    [
        builder.Dense(32, activation="relu", input_shape=(12,)),
        builder.Dense(1, activation="sigmoid"),
    ]
)
model.compile(loss="binary_crossentropy", optimizer="adam")
model.fit(X, y, epochs=200, seed=0, verbose=False)
print(model.diagnose(prove_fix=True))
"""


def page(example: str | None = None) -> str:
    """Return the page; example: what the example prints, where that is known."""
    shown = printed() if example is None else example
    parts = ["# The Observatory", "", _HEAD, "", "## A diagnosis", ""]
    parts += ["```python", EXAMPLE.rstrip(), "```", "", _START, "```text", shown, "```", _END, ""]
    parts += ["## Presets", "", *_table(("Preset", "What it is", "Config"), _presets()), ""]
    parts += ["## Events", "", _EVENTS, ""]
    parts += [*_table(("Kind", "Level", "What it says", "Fields"), _events()), ""]
    parts += ["## Health rules", "", _RULES, ""]
    for rule in RULES.values():
        parts += [*_rule(rule), ""]
    parts += ["## Causes", "", _CAUSES, ""]
    head = ("Cause", "What to change", "Tried by `--prove-fix`", "Rules")
    parts += [*_table(head, _causes()), ""]
    parts += ["## Thresholds", "", _THRESHOLDS, "", *_table(("Field", "Value"), _numbers()), ""]
    return "\n".join(parts)


_START, _END = "<!-- printed -->", "<!-- end -->"
_EVENTS = (
    "A run says what happens as a sequence of records. A listener states the level that it asks "
    "for, and what nobody asks for is not computed. NDJSON logs hold one event a line."
)
_RULES = (
    "A rule reads events and answers with the numbers that it saw, or with nothing. It compares "
    "with the run's own beginning and the loss of a constant guess; `info` is advice and makes no "
    "run unhealthy. What it explains is a consequence, and counts less in the diagnosis."
)
_CAUSES = (
    "The alerts of a run are weighed against one another: each speaks for causes with a weight, "
    "what another alert explains counts for less, and a cause is named from a confidence of "
    "50 % on; else the answer is that there is not enough evidence."
)
_THRESHOLDS = "Every number that a rule compares with: the fields of `Thresholds`."


def printed() -> str:
    """Return what the example prints."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(EXAMPLE, "example", "exec"), {})  # noqa: S102 - the text above
    return said.getvalue().rstrip()


def _first(record: type) -> str:
    return (inspect.getdoc(record) or "").split("\n\n")[0].replace("\n", " ")


def _presets() -> Iterator[tuple[str, ...]]:
    for name in PRESETS:
        made = getattr(LogConfig, name)
        config = made()
        usual = LogConfig()
        own = {
            f.name: getattr(config, f.name)
            for f in fields(config)
            if getattr(config, f.name) != getattr(usual, f.name)
        }
        said = ", ".join(f"{k}={getattr(v, 'name', v)}" for k, v in own.items())
        yield f"`{name}`", _first(made), said or "as it is"


def _events() -> Iterator[tuple[str, ...]]:
    found = {e.kind: e for e in vars(events).values() if _is_event(e)}
    for kind, event in found.items():
        names = ", ".join(f"`{f.name}`" for f in fields(event))
        yield f"`{kind}`", event.level.name, _first(event), names


def _is_event(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, events.Event) and value != events.Event


def _rule(rule: Rule) -> Iterator[str]:
    read = ", ".join(event.kind for event in rule.on) + (f" ({rule.site})" if rule.site else "")
    yield f"### {rule.name}"
    yield ""
    yield f"{rule.severity}; reads {read}. {rule.diagnosis}"
    yield ""
    yield f"> {rule.message}"
    yield ""
    yield from (f"- {each}." for each in rule.advice)
    if rule.explains:
        yield ""
        yield "Explains: " + ", ".join(f"`{name}`" for name in rule.explains) + "."


def _causes() -> Iterator[tuple[str, ...]]:
    for kind in KINDS.values():
        rules = [name for name, votes in VOTES.items() if kind.name in votes]
        tried = "; ".join(change.text for change in proposed(kind.name, (), {}))
        yield (
            f"`{kind.name}` {kind.text}",
            kind.change,
            tried or "nothing",
            ", ".join(f"`{name}`" for name in rules),
        )


def _numbers() -> Iterator[tuple[str, ...]]:
    for f in fields(Thresholds):
        yield f"`{f.name}`", f"{f.default}"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{':--|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '∣') for cell in row)} |"


def shown_on(text: str) -> str:
    """Return the printed diagnosis of a page; "" where it has none."""
    found = re.search(rf"{_START}\n```text\n(.*?)\n```\n{_END}", text, re.DOTALL)
    return found[1] if found else ""


def is_fresh() -> bool:
    """Return whether the page is what would be written, apart from what its example prints."""
    text = PAGE.read_text("utf-8") if PAGE.is_file() else ""
    return text == page(shown_on(text))


def main() -> int:
    if "--check" in sys.argv[1:]:
        return int(not is_fresh())
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
