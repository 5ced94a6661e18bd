"""What the command line shows of the book: a formula's card, and what a search found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from neurogebra.cli_text import screen, tell_json
from neurogebra.core.differentiate import gradient, leaves
from neurogebra.core.latex import latex, unicode
from neurogebra.core.parse import parse
from neurogebra.core.tree import Node
from neurogebra.errors import UnknownName
from neurogebra.observatory.render.text import count, inert, number
from neurogebra.observatory.sinks.terminal_screen import BLUE, DIM, MAGENTA
from neurogebra.registry import near
from neurogebra.repository import FORMULAS, Formula
from neurogebra.repository.search import search

MOST_HITS = 20


def tell_formula(name: str, *, as_json: bool) -> None:
    """Print a formula's card; raise UnknownName with the near names."""
    record = FORMULAS[name]
    root = parse(record.expr)
    derivatives = dict(_derivatives(record, root))
    if as_json:
        tell_json(_facts(record, root, derivatives))
        return
    card = Table.grid(padding=(0, 2, 0, 0))
    card.add_column(style=BLUE, no_wrap=True)
    card.add_column(overflow="fold")
    for label, value in _lines(record, root, derivatives):
        card.add_row(label, value)
    kind = " / ".join(filter(None, (record.category, record.subcategory)))
    title = Text.assemble((record.name, "bold"), (f"  {kind}", DIM))
    screen().show(title, Text(record.summary), Text(), card)


def _derivatives(record: Formula, root: Node) -> Iterator[tuple[str, Node]]:
    for name in (*record.inputs, *(p for p, _ in record.params)):
        if found := leaves(root, name):
            yield name, gradient(root, found)[0]


def _facts(record: Formula, root: Node, derivatives: dict[str, Node]) -> dict[str, Any]:
    words = ("name", "category", "subcategory", "summary", "expr", "stable", "usage", "source")
    lists = ("inputs", "aliases", "pros", "cons")
    return {
        **{word: getattr(record, word) for word in words},
        **{word: list(getattr(record, word)) for word in lists},
        "params": dict(record.params),
        "unicode": unicode(root),
        "latex": latex(root),
        "gradient": {n: {"unicode": unicode(g), "latex": latex(g)} for n, g in derivatives.items()},
    }


def _lines(record: Formula, root: Node, derivatives: dict[str, Node]) -> Iterator[tuple[str, Text]]:
    yield "formula", Text(unicode(root), f"bold {MAGENTA}")
    yield "LaTeX", Text(latex(root), MAGENTA)
    if record.stable is not None:
        yield "computed as", Text(unicode(parse(record.stable)), MAGENTA)
    yield "inputs", Text(", ".join(record.inputs))
    if record.params:
        yield "parameters", Text(", ".join(f"{n} = {number(v)}" for n, v in record.params))
    for name, found in derivatives.items():
        yield f"∂/∂{name}", Text(unicode(found), MAGENTA)
    words = {
        "used for": record.usage,
        "good": "; ".join(record.pros),
        "bad": "; ".join(record.cons),
        "also called": ", ".join(record.aliases),
        "source": record.source,
    }
    yield from ((label, Text(text)) for label, text in words.items() if text)


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
