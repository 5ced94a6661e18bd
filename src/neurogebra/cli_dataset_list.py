"""What the command line lists of the data sets, from the index alone: no NumPy, no records."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

from rich import box
from rich.table import Table
from rich.text import Text

from neurogebra.cli_text import screen, tell_json
from neurogebra.datasets.facts import size
from neurogebra.datasets.index import Entry, entries, search
from neurogebra.errors import UnknownName
from neurogebra.observatory.render.text import count, inert, many
from neurogebra.observatory.sinks.terminal_screen import BLUE, DIM, GREEN, YELLOW
from neurogebra.registry import near

WIDE = 108  # columns of a screen that has room for whole licences and titles
NARROW = 9  # characters of a licence elsewhere
MOST_HITS = 20
SUPPLIES = {"bundled": "bundled", "generated": "generated", "fetched": "to fetch"}
# What a narrow screen says of a licence, by how its text begins.
LICENCES = {
    "public domain": "public",
    "US Government": "US Gov.",
    "no rights": "none",
    "no licence": "unstated",
    "unstated": "unstated",
    "facts": "unstated",
    "non-commercial": "research",
}


def tell_list(wanted: Mapping[str, str | None], *, as_json: bool) -> None:
    """Print the sets that are all of what is wanted; raise UnknownName for a kind there is not."""
    chosen = [e for e in entries().values() if _is(e, wanted)]
    if as_json:
        tell_json({"count": len(chosen), "datasets": [asdict(e) for e in chosen]})
        return
    to = screen()
    if not chosen:
        asked = ", ".join(f"{k} {inert(v)}" for k, v in wanted.items() if v is not None)
        to.show(Text(f"no dataset is all of: {asked}"))
        return
    to.show(_table(chosen, to.width), Text(), *_total(chosen))


def tell_found(words: str, *, as_json: bool) -> None:
    """Print the sets that answer `words`, best first; raise UnknownName for none."""
    hits = [entries()[name] for name in search(words)]
    if not hits:
        raise UnknownName("dataset", words, _near(words))
    if as_json:
        tell_json({"query": words, "found": [asdict(e) for e in hits]})
        return
    table = Table(box=box.SIMPLE, show_edge=False, pad_edge=False)
    table.add_column("Name", style="bold", no_wrap=True)
    table.add_column("origin", no_wrap=True)
    table.add_column("what it is")
    for e in hits[:MOST_HITS]:
        table.add_row(Text(inert(e.id)), _origin(e), Text(inert(e.summary)))
    more = [Text(f"… and {count(len(hits) - MOST_HITS)} more", DIM)] if hits[MOST_HITS:] else []
    to = screen()
    to.show(table, *more, Text(), Text("neurogebra datasets info NAME tells all of one", DIM))


def _is(entry: Entry, wanted: Mapping[str, str | None]) -> bool:
    return all(v is None or v in _kinds(entry, k) for k, v in _known(wanted).items())


def _kinds(entry: Entry, facet: str) -> tuple[str, ...]:
    value = str(getattr(entry, facet))
    return value, value.removeprefix("text_")


def _known(wanted: Mapping[str, str | None]) -> Mapping[str, str | None]:
    for facet, value in wanted.items():
        there = dict.fromkeys(k for e in entries().values() for k in _kinds(e, facet))
        if value is not None and value not in there:
            raise UnknownName(facet, value, near(value, there) or there)
    return wanted


def _near(words: str) -> list[str]:
    """Names like the words, else names like one of them."""
    tries = [words.replace(" ", "_"), *words.split()]
    return next((found for word in tries if (found := entries().near(word))), [])


def _table(chosen: Sequence[Entry], width: int) -> Table:
    wide = width >= WIDE
    table = Table(box=None, pad_edge=False, padding=(0, 2 if wide else 1, 0, 0), header_style=DIM)
    table.add_column("Name", no_wrap=True)
    table.add_column("rows", justify="right", no_wrap=True)
    table.add_column("features", justify="right", no_wrap=True)
    table.add_column("task", no_wrap=True)
    table.add_column("origin", no_wrap=True)
    table.add_column("licence", no_wrap=True, max_width=None if wide else NARROW)
    table.add_column("size", justify="right", no_wrap=True)
    rows = {e.id: list(_row(e, wide)) for e in chosen}
    if wide:
        table.add_column("what it is", no_wrap=True)
        room = width - _taken(table, rows.values())
        for e in chosen:
            rows[e.id].append(Text(inert(e.title, max(1, room)), DIM))
    for i, category in enumerate(dict.fromkeys(e.category for e in chosen)):
        group = [e for e in chosen if e.category == category]
        if i:
            table.add_row()
        table.add_row(Text.assemble((inert(category), f"bold {BLUE}"), (f" · {len(group)}", DIM)))
        for entry in group:
            table.add_row(*rows[entry.id])
    return table


def _row(e: Entry, wide: bool) -> Iterable[Text]:
    yield Text(inert(e.id), "bold")
    yield Text(count(e.n_samples) if e.n_samples < 1_000_000 else f"{e.n_samples / 1e6:.3g} M")
    yield Text(count(e.n_features))
    yield Text(inert(e.task.removeprefix("text_")), DIM)
    yield _origin(e)
    yield Text(_whole(e.licence) if wide else _short(e.licence), DIM)
    yield _size(e)


def _taken(table: Table, rows: Iterable[Sequence[Text]]) -> int:
    """The characters that the columns take, with what stands between them."""
    heads = [len(str(column.header)) for column in table.columns[:-1]]
    columns = zip(*rows, strict=True)
    widest = [max(text.cell_len for text in cells) for cells in columns]
    return sum(max(pair) + 2 for pair in zip(heads, widest, strict=True))


def _origin(e: Entry) -> Text:
    return Text(inert(e.origin), GREEN if e.origin == "observed" else "")


def _size(e: Entry) -> Text:
    if e.supply == "generated":
        return Text("drawn", DIM)
    if e.supply == "fetched":
        return Text("↓ " + (size(e.bytes) if e.bytes else "?"), YELLOW)
    return Text(size(e.bytes))


def _whole(licence: str) -> str:
    """A licence without what is said beside it."""
    return inert(re.split(r" \(|[;:]", licence)[0], 22)


def _short(licence: str) -> str:
    known = next((short for start, short in LICENCES.items() if licence.startswith(start)), "")
    word = inert(licence.split(" ")[0].rstrip(";,"))
    return known or (
        word if len(word) <= NARROW else inert(word.rpartition("-")[0] or word, NARROW)
    )


def _total(chosen: Sequence[Entry]) -> tuple[Text, Text]:
    told = Text.assemble((many(len(chosen), "data set"), "bold"))
    parts = []
    for supply, words in SUPPLIES.items():
        group = [e for e in chosen if e.supply == supply]
        held = sum(e.bytes for e in group)
        unknown = sum(not e.bytes for e in group) if supply == "fetched" else 0
        sizes = [size(held)] if held else []
        sizes += [f"{unknown} of unknown size"] if unknown else []
        if group:
            inside = f" ({', '.join(sizes)})" if sizes else ""
            parts.append(f"{count(len(group))} {words}{inside}")
    told += Text("; neurogebra datasets info NAME tells all of one", DIM)
    return told, Text(", ".join(parts), DIM)
