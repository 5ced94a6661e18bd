"""What the command line shows of the book: cards, values, curves, code, tables, searches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import typer
from rich import box
from rich.table import Table
from rich.text import Text

from neurogebra.cli_curve import curves
from neurogebra.cli_text import screen, tell_json
from neurogebra.core.card import beside, range_words
from neurogebra.core.expression import Expression
from neurogebra.core.forge import MathForge
from neurogebra.core.latex import unicode
from neurogebra.errors import BadValue, UnknownName
from neurogebra.observatory.render.text import count, inert, number
from neurogebra.observatory.sinks.terminal_screen import BLUE, DIM, MAGENTA
from neurogebra.registry import near
from neurogebra.repository import CATEGORIES, FORMULAS
from neurogebra.repository.search import search

MOST_HITS = 20
CURVE = 12  # rows
LOW, HIGH, POINTS = -5.0, 5.0, 400


def tell_formula(
    name: str,
    *,
    at: Sequence[str] = (),
    grad: str | None = None,
    code: str | None = None,
    plot: bool = False,
    as_json: bool = False,
) -> None:
    """Print a formula's card, or what was asked of it; raise UnknownName with the near names.

    name: a name of the book, or the text of a formula. at: "x=2" each; grad: the derivative by
    a name in its place; code: the library to write it for.
    """
    if code is not None and (at or plot):
        raise BadValue("--code", "neither --at nor --plot beside it", "at" if at else "plot")
    if as_json and plot:
        raise BadValue("--plot", "a terminal to draw in", "--json", "leave one of them out")
    expression = named(name)
    if grad is not None:
        expression = expression.gradient(grad)
    values = _values(at)
    if code is not None:
        source = named(name).to_code(code, gradient=grad)
        if as_json:
            tell_json({"name": name, "target": code, "source": source})
        else:
            typer.echo(source.rstrip())
        return
    answer = expression.eval(**values) if values else None
    if as_json:
        told: dict[str, Any] = MathForge().card(name) if name in FORMULAS else {"name": name}
        told["asked"] = {"formula": unicode(expression.tree), "at": values, "value": answer}
        tell_json(told)
        return
    if values or grad is not None:
        _tell_value(expression, values, answer)
    else:
        _tell_card(expression)
    if plot:
        _tell_curve(expression, values)


def named(name: str) -> Expression:
    """Return a formula of the book, or the one that a text spells."""
    if name in FORMULAS or name.isidentifier():
        return MathForge().get(name)
    return Expression("f", name)


def _values(given: Sequence[str]) -> dict[str, Any]:
    """Read "x=2" and "x=1,2,3", the latter a vector."""
    found: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        try:
            numbers = [float(v) for v in value.split(",")]
        except ValueError:
            raise BadValue("--at", "a name and its value, as in x=2 or x=1,2,3", text) from None
        if not equals or not name.strip():
            raise BadValue("--at", "a name and its value, as in x=2 or x=1,2,3", text)
        plain = numbers[0] if len(numbers) == 1 else np.array(numbers)
        found[name.strip()] = plain
    return found


def _tell_value(expression: Expression, values: Mapping[str, Any], answer: Any) -> None:
    shown = Text.assemble((expression.name, "bold"), " = ", (unicode(expression.tree), MAGENTA))
    screen().show(shown)
    if not values:
        return
    given = ", ".join(f"{n} = {_plain(v)}" for n, v in values.items())
    screen().show(Text.assemble((f"  at {given}:  ", DIM), (_plain(answer), "bold")))


def _plain(value: Any) -> str:
    if np.ndim(value):
        return np.array2string(np.asarray(value), precision=6, separator=", ", threshold=20)
    return f"{float(value):.10g}"


def _tell_curve(expression: Expression, values: Mapping[str, Any]) -> None:
    free = [n for n in expression.inputs if n not in values]
    if len(free) != 1:
        expected = "one input without a value to draw over"
        raise BadValue("--plot", expected, f"{len(free)}: {', '.join(free)}", "use --at NAME=VALUE")
    x = np.linspace(LOW, HIGH, POINTS)
    slope = expression.gradient(free[0])
    lines = []
    for formula, colour in ((slope, BLUE), (expression, MAGENTA)):
        try:
            y = [float(formula.eval(**{**values, free[0]: float(v)})) for v in x]
        except TypeError:
            raise BadValue("--plot", "a formula of numbers", "one of arrays") from None
        lines.append((np.array(y), colour))
    width = min(screen().console.width, 80) - 2
    legend = Text.assemble(("━ ", MAGENTA), expression.name, "   ", ("━ ", BLUE), f"d/d{free[0]}")
    screen().show(Text(), *curves(x, lines, width=width, height=CURVE), legend)


def _tell_card(expression: Expression) -> None:
    from neurogebra.core.card import card

    facts = card(expression)
    kind = " · ".join(filter(None, (facts["category"], facts["subcategory"])))
    title = Text.assemble((facts["name"], "bold"), (f"  {kind}", DIM))
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style=BLUE, no_wrap=True)
    table.add_column(overflow="fold")
    for label, value in _lines(facts):
        if value.plain:
            table.add_row(label, value)
    summary = [Text(facts["summary"])] if facts["summary"] else []
    screen().show(title, *summary, Text(), table)


def _lines(card: Mapping[str, Any]) -> Iterator[tuple[str, Text]]:
    yield "formula", Text(card["formula"], f"bold {MAGENTA}")
    if card["computed"] not in ("", card["formula"]):
        yield "computed as", Text(card["computed"], MAGENTA)
    for name, derivative in card["gradient"].items():
        yield card["signs"][name], Text(derivative, MAGENTA)
    for i, (name, words) in enumerate(card["domain"].items()):
        yield "" if i else "inputs", Text.assemble((name, "bold"), f"  {words}")
    yield "parameters", Text(", ".join(f"{n} = {number(v)}" for n, v in card["params"].items()))
    yield "range", Text(range_words(card["range"]))
    yield "kinks at", Text(", ".join(f"{k:g}" for k in card["kinks"]))
    yield "used for", Text(card["usage"])
    yield "good", Text(" ".join(card["pros"]))
    yield "mind", Text(" ".join(card["cons"]))
    yield "also called", Text(", ".join(card["aliases"]))
    yield "source", Text(card["source"])
    yield "LaTeX", Text(card["latex"], DIM)


def tell_compared(names: Sequence[str], *, as_json: bool) -> None:
    """Print formulas side by side: a block of facts a formula where there is little room."""
    facts = beside([named(n) for n in names])
    if as_json:
        tell_json({"formulas": facts})
        return
    table = Table(box=box.SIMPLE, show_edge=False, pad_edge=False)
    table.add_column("", style=BLUE, no_wrap=True)
    for fact in facts:
        table.add_column(fact["name"], overflow="fold")
    for label, values in _compared(facts):
        if any(v.plain for v in values):
            table.add_row(label, *values)
    screen().show(table)


def _compared(facts: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, list[Text]]]:
    yield "formula", [Text(f["formula"], MAGENTA) for f in facts]
    yield "range", [Text(range_words(f["range"])) for f in facts]
    for i, p in enumerate((-2, 0, 2)):
        pairs = [f["at"][i] if f["at"] else None for f in facts]
        yield f"f({p})", [Text("" if v is None else _plain4(v[0])) for v in pairs]
        yield f"f′({p})", [Text("" if v is None else _plain4(v[1])) for v in pairs]
    yield "operations", [Text(str(f["operations"])) for f in facts]
    yield "what it is", [Text(f["summary"]) for f in facts]
    yield "use it for", [Text(f["usage"]) for f in facts]


def _plain4(value: float) -> str:
    return f"{value:.4g}"


def tell_formulas(category: str | None, *, as_json: bool) -> None:
    """Print the names of the book by category; raise UnknownName for a category it lacks."""
    if category is not None and category not in CATEGORIES:
        raise UnknownName("category", category, near(category, CATEGORIES) or CATEGORIES)
    chosen = [f for f in FORMULAS.values() if category in (None, f.category)]
    if as_json:
        keys = ("name", "category", "subcategory", "summary")
        tell_json({"formulas": [{k: getattr(f, k) for k in keys} for f in chosen]})
        return
    kinds: dict[tuple[str, str], list[str]] = {}
    for f in chosen:
        kinds.setdefault((f.category, f.subcategory), []).append(f.name)
    for (kind, sub), names in sorted(kinds.items()):
        head = Text.assemble((kind, "bold"), (f"  {sub} · {count(len(names))}", DIM))
        table = Table.grid(padding=(0, 0, 0, 2))
        table.add_column(overflow="fold")
        table.add_row(Text("  ".join(names)))
        screen().show(head, table)
    total = Text.assemble(count(len(chosen)), (" formulas; ", DIM))
    screen().show(Text(), total + Text("neurogebra formula NAME shows one of them", DIM))


def tell_found(words: str, *, as_json: bool) -> None:
    """Print the formulas that answer `words`, best first; raise UnknownName for none."""
    hits = search(FORMULAS, words)
    if not hits:
        raise UnknownName("formula", words, near(words, FORMULAS))
    if as_json:
        found = [{"name": h.name, "score": h.score, "summary": h.formula.summary} for h in hits]
        tell_json({"query": words, "found": found})
        return
    table = Table(box=box.SIMPLE, show_edge=False, pad_edge=False)
    table.add_column("Name", style="bold", no_wrap=True)
    table.add_column("category", style=DIM, no_wrap=True)
    table.add_column("what it is")
    for hit in hits[:MOST_HITS]:
        table.add_row(hit.name, hit.formula.category, Text(inert(hit.formula.summary)))
    more = [Text(f"… and {count(len(hits) - MOST_HITS)} more", DIM)] if hits[MOST_HITS:] else []
    command = "neurogebra formula NAME shows one of them"
    screen().show(table, *more, Text(), Text(command, DIM))
