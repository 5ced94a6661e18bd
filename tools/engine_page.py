"""Write docs/engine.md: every layer, loss, metric, optimiser and schedule, from the registries.

Run: python tools/engine_page.py [--check] from the root of the checkout. With --check nothing is
written; the exit code is 1 where the page is not what would be written.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from neurogebra.engines.conformance import with_layer
from neurogebra.layers import INITIALIZERS, LAYERS
from neurogebra.losses import LOSSES, METRICS
from neurogebra.optim import OPTIMIZERS, SCHEDULES
from neurogebra.repository import FORMULAS
from neurogebra.spec.describe import describe

PAGE = Path(__file__).parents[1] / "docs" / "engine.md"


def page() -> str:
    """Return the page."""
    parts = ["# The engine's families", "", _HEAD, "", "## Layers", ""]
    for kind in LAYERS.values():
        parts += [*_layer(kind), ""]
    parts += ["## Losses", "", *_table(("Loss", "Formula", "Targets", "Options"), _losses()), ""]
    parts += ["## Metrics", "", *_table(("Metric", "Better", "Also called"), _metrics()), ""]
    head = ("Optimiser", "Rate", "Options", "Source")
    parts += ["## Optimisers", "", *_table(head, _rules()), ""]
    parts += ["## Schedules", "", *_table(("Schedule", "Formula", "Options"), _schedules()), ""]
    parts += ["## First weights", "", *_table(("Initializer", "Source"), _initializers()), ""]
    return "\n".join(parts)


_HEAD = (
    "Generated from the registries by `tools/engine_page.py`. A layer's formula is its own "
    "forward pass fed with symbols; both engines run it. Shapes leave the batch out; channels "
    "come last."
)


def _layer(kind: Any) -> Iterator[str]:
    first, *rest = (inspect.getdoc(kind) or "").split("\n\n", 1)
    aliases = getattr(kind, "aliases", ())
    model, _ = with_layer(kind)
    shown = next(d for d in describe(model) if type(d.placed.layer) is kind)
    yield f"### {kind.__name__}"
    yield ""
    yield first.replace("\n", " ")
    yield ""
    for text in rest:
        yield from ("    " + line for line in text.splitlines())
        yield ""
    given = [_field(f) for f in fields(kind) if f.name != "name"]
    yield f"`{kind.__name__}({', '.join(given)})`" + _called(aliases)
    yield ""
    yield f"    {shown.forward}"


def _field(field: Any) -> str:
    return field.name if field.default is MISSING else f"{field.name}={field.default!r}"


def _called(aliases: Iterable[str]) -> str:
    names = ", ".join(f"`{a}`" for a in aliases)
    return f", also called {names}" if names else ""


def _losses() -> Iterator[tuple[str, ...]]:
    for row in LOSSES.values():
        formula = FORMULAS[row.formula]
        options = ", ".join(f"{k}={v:g}" for k, v in dict(formula.params).items())
        yield _named(row), f"`{formula.expr}`", row.target, options


def _metrics() -> Iterator[tuple[str, ...]]:
    for row in METRICS.values():
        yield f"`{row.name}`", row.better, ", ".join(f"`{a}`" for a in row.aliases)


def _rules() -> Iterator[tuple[str, ...]]:
    for row in OPTIMIZERS.values():
        options = ", ".join(f"{k}={v:g}" for k, v in row.options.items())
        yield _named(row), f"{row.learning_rate:g}", options, row.source


def _schedules() -> Iterator[tuple[str, ...]]:
    for row in SCHEDULES.values():
        formula = FORMULAS.get(getattr(row, "formula", row.name))
        options = dict(formula.params) if formula else {}
        text = f"`{formula.expr}`" if formula else "lower the rate when the monitor stands still"
        yield _named(row), text, ", ".join(f"{k}={v:g}" for k, v in options.items())


def _initializers() -> Iterator[tuple[str, ...]]:
    for row in INITIALIZERS.values():
        yield _named(row), row.source


def _named(row: Any) -> str:
    return ", ".join(f"`{n}`" for n in (row.name, *row.aliases))


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{':--|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '∣') for cell in row)} |"


def main() -> int:
    text = page()
    if "--check" in sys.argv[1:]:
        return int(not PAGE.is_file() or PAGE.read_text("utf-8") != text)
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
