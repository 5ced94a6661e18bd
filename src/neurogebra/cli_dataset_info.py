"""What the command line tells of one data set."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from neurogebra.cli_text import screen, tell_json
from neurogebra.datasets import catalog
from neurogebra.datasets.facts import ColumnRow, best, columns, distribution, facts, how_to_load
from neurogebra.datasets.index import Entry
from neurogebra.datasets.record import Dataset
from neurogebra.observatory.render.text import count, inert
from neurogebra.observatory.sinks.terminal_screen import BLUE, DIM, GREEN, YELLOW

MOST_COLUMNS = 20
LABEL = 10  # characters of the longest label, so that all blocks stand in one line


def tell_info(name: str, *, every_column: bool, as_json: bool) -> None:
    """Print all that is known of a set; raise UnknownName with the near names."""
    record = catalog()[name]
    if as_json:
        tell_json(as_facts(record))
        return
    to = screen()
    to.show(Text(inert(record.title, 200), "bold"), Text(inert(record.summary)), Text())
    if record.cautions:
        to.show(_warned(record.cautions), Text())
    to.show(_grid(facts(record), GREEN if record.origin == "observed" else ""), Text())
    rows = list(columns(record))
    few = rows if every_column or len(rows) <= MOST_COLUMNS else rows[: MOST_COLUMNS - 1]
    to.show(_columns([*few, rows[-1]] if len(few) < len(rows) else few))
    if len(few) < len(rows):
        left = f"the last is the target; {count(len(rows) - len(few) - 1)} more are between: "
        to.show(Text(left + "--columns lists them", DIM))
    to.show(Text(), _start(record))


def _warned(cautions: Iterable[str]) -> Table:
    table = _pairs(f"bold {YELLOW}")
    for caution in cautions:
        table.add_row("caution", Text(inert(caution, 4000), YELLOW))
    return table


def _grid(pairs: Iterable[tuple[str, str]], origin: str) -> Table:
    table = _pairs(BLUE)
    for label, text in pairs:
        table.add_row(label, Text(text, origin if label == "origin" else ""))
    return table


def _pairs(style: str) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style=style, no_wrap=True, min_width=LABEL)
    table.add_column(overflow="fold")
    return table


def _columns(rows: list[ColumnRow]) -> Table:
    table = Table(box=box.SIMPLE, show_edge=False, pad_edge=False)
    heads = ("column", "kind", "unit", "values", "missing")
    used = [i for i in range(len(heads)) if any(row[i] for row in rows)]
    for i in used:
        number = heads[i] == "missing"
        table.add_column(heads[i], justify="right" if number else "left", overflow="fold")
    for row in rows:
        style = "bold" if row.kind.endswith("target") else ""
        table.add_row(*(Text(row[i]) for i in used), style=style)
    return table


def _start(record: Dataset) -> Table:
    python, command = how_to_load(record)
    table = _pairs(BLUE)
    table.add_row("Python", Text("from neurogebra.datasets import Datasets", GREEN))
    table.add_row("", Text(python, GREEN))
    table.add_row("CLI", Text(command, GREEN))
    return table


def as_facts(record: Dataset) -> dict[str, Any]:
    """The record as JSON: what the index says of it, and all else."""
    entry = Entry.of(record)
    found = best(record)
    python, command = how_to_load(record)
    kept = {c.name for c in record.other_targets}
    return {
        **{name: getattr(entry, name) for name in Entry.__dataclass_fields__},
        "cautions": record.cautions,
        "facts": [{"label": label, "text": text} for label, text in facts(record)],
        "columns": [
            {
                "name": c.name,
                "kind": c.kind,
                "unit": c.unit,
                "role": "target"
                if c is record.target
                else "kept out"
                if c.name in kept
                else c.role,
                "range": c.range,
                "categories": c.categories,
                "labels": dict(c.labels),
                "missing": c.n_missing,
                "shape": c.shape,
            }
            for c in record.columns
        ],
        "distribution": distribution(record),
        "best_score": found and {"metric": found[0], "value": found[1]},
        "load": {"python": python, "cli": command},
    }
