"""What the command line shows of the book: a formula's card, and what a search found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from neurogebra.cli_text import screen, tell_json
from neurogebra.core.forge import MathForge
from neurogebra.errors import UnknownName
from neurogebra.observatory.render.text import count, inert, number
from neurogebra.observatory.sinks.terminal_screen import BLUE, DIM, MAGENTA
from neurogebra.registry import near
from neurogebra.repository import FORMULAS
from neurogebra.repository.search import search

MOST_HITS = 20


def tell_formula(name: str, *, as_json: bool) -> None:
    """Print a formula's card; raise UnknownName with the near names."""
    card = MathForge().card(name)
    if as_json:
        tell_json(card)
        return
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style=BLUE, no_wrap=True)
    table.add_column(overflow="fold")
    for label, value in _lines(card):
        if value.plain:
            table.add_row(label, value)
    kind = " / ".join(filter(None, (card["category"], card["subcategory"])))
    title = Text.assemble((card["name"], "bold"), (f"  {kind}", DIM))
    screen().show(title, Text(card["summary"]), Text(), table)


def _lines(card: Mapping[str, Any]) -> Iterator[tuple[str, Text]]:
    yield "formula", Text(card["formula"], f"bold {MAGENTA}")
    yield "LaTeX", Text(card["latex"], MAGENTA)
    if card["computed"] != card["formula"]:
        yield "computed as", Text(card["computed"], MAGENTA)
    yield "inputs", Text(", ".join(card["inputs"]))
    yield "parameters", Text(", ".join(f"{n} = {number(v)}" for n, v in card["params"].items()))
    for name, derivative in card["gradient"].items():
        yield f"∂/∂{name}", Text(derivative, MAGENTA)
    yield "used for", Text(card["usage"])
    yield "good", Text(" ".join(card["pros"]))
    yield "bad", Text(" ".join(card["cons"]))
    yield "also called", Text(", ".join(card["aliases"]))
    yield "source", Text(card["source"])


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
