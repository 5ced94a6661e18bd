"""What is known of a data set, as text for people."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterator
from typing import Final

from neurogebra.datasets.facts import ColumnRow, columns, facts, how_to_load
from neurogebra.datasets.record import Dataset
from neurogebra.observatory.render.text import count, inert

LABEL: Final = 12
MOST_COLUMNS: Final = 20
LINE: Final = 100  # characters beyond which no line is pleasant to read


def describe(record: Dataset, width: int | None = None) -> str:
    """The record in lines of text: its cautions, its origin, its columns, how to load it.

    width: characters of a line; None leaves the lines as long as they are.
    """
    title = [inert(record.title, 200), inert(record.summary)]
    cautions = [("caution", inert(caution, 2000)) for caution in record.cautions]
    python, command = how_to_load(record)
    start = {"Python": "from neurogebra.datasets import Datasets", " ": python, "CLI": command}
    blocks = [
        [line for text in title for line in _wrapped("", text, width)],
        [line for label, text in cautions for line in _wrapped(label, text, width)],
        [line for label, text in facts(record) for line in _wrapped(label, text, width)],
        [_cut(line, width) for line in _table(list(columns(record)))],
        [line for label, text in start.items() for line in _wrapped(label, text, None)],
    ]
    if not python:
        blocks.pop()
    return "\n\n".join("\n".join(block) for block in blocks if block)


def terminal_width() -> int | None:
    """The characters of a line where somebody reads along, else None."""
    if not sys.stdout.isatty():
        return None
    return max(40, min(LINE, shutil.get_terminal_size().columns))


def _wrapped(label: str, text: str, width: int | None) -> list[str]:
    head = f"{label:<{LABEL}}" if label else ""
    if width is None:
        return [head + text]
    return textwrap.wrap(text, width, initial_indent=head, subsequent_indent=" " * len(head))


def _cut(line: str, width: int | None) -> str:
    return line if width is None or len(line) <= width else line[: width - 1] + "…"


def _table(rows: list[ColumnRow]) -> Iterator[str]:
    """Lay out the columns: the first ones, and always the last, which is the target."""
    shown = rows if len(rows) <= MOST_COLUMNS else [*rows[: MOST_COLUMNS - 1], rows[-1]]
    head = ColumnRow("column", "kind", "unit", "values", "missing")
    used = [i for i in range(len(head)) if any(row[i] for row in shown)]
    used.sort(key=lambda i: head[i] == "values")  # the longest comes last
    wide = {i: max(len(row[i]) for row in (head, *shown)) for i in used}
    for n, row in enumerate((head, *shown)):
        if n == len(shown) and len(shown) < len(rows):
            yield f"… and {count(len(rows) - len(shown))} more columns"
        yield "  ".join(f"{row[i]:<{wide[i]}}" for i in used).rstrip()
