"""What the command line shows as tables: predictions, CSV where nobody reads along."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from neurogebra import files
from neurogebra.cli_text import screen, tell_json
from neurogebra.errors import RunError
from neurogebra.observatory.render.text import count, inert, many, number
from neurogebra.observatory.sinks.terminal_screen import DIM, GREEN, RED

if TYPE_CHECKING:  # rooms with NumPy in them
    from neurogebra.builders.predictions import Predictions

MOST_ROWS = 50
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def tell_predictions(found: Predictions, out: Path | None, *, as_json: bool) -> None:
    """Print predictions as a table, as CSV where nobody reads along, or write them to `out`."""
    to = screen()
    if out is not None:
        write_new(out, as_csv(found.columns, found.rows()))
    if as_json:
        rows = [dict(zip(found.columns, row, strict=True)) for row in found.rows()]
        target = found.preparation.target
        tell_json({"target": target.name, "predictions": rows, "scores": found.scores})
        return
    if out is not None:
        told = f"{many(len(found.answers), 'prediction')} written to "
        to.show(Text.assemble(told, (inert(out, 2000), GREEN)))
    elif to.live:
        to.show(prediction_table(found))
        if (left := len(found.answers) - MOST_ROWS) > 0:
            to.show(Text(f"… and {many(left, 'more row')}; --out FILE writes them all", DIM))
    else:
        typer.echo(as_csv(found.columns, found.rows()), nl=False)
    if found.scores:
        (to if to.live or out is not None else screen(stderr=True)).show(_score(found))


def write_new(path: Path, data: bytes) -> None:
    """Write a file that was not there."""
    if path.exists():
        raise RunError(f"{path}: exists already and is never overwritten; choose another --out")
    files.write(path, data)


def as_csv(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> bytes:
    """Return rows as CSV in UTF-8; a text that a spreadsheet would run gets a ' in front."""
    lines = _Lines()
    writer = csv.writer(lines)
    writer.writerow(columns)
    writer.writerows([_safe(cell) for cell in row] for row in rows)
    return "".join(f"{line.removesuffix(_END)}\n" for line in lines).encode("utf-8")


# With this ending the writer quotes both characters where they stand in a cell.
_END = "\r\n"


class _Lines(list[str]):
    write = list.append


def _safe(cell: Any) -> str:
    if isinstance(cell, float):
        return f"{cell:.9g}"
    text = "" if cell is None else str(cell)
    acts = text.startswith(("=", "+", "-", "@", "\t", "\r")) and not _NUMBER.fullmatch(text)
    return f"'{text}" if acts else text


def prediction_table(found: Predictions) -> Table:
    """Return the first predictions as a table."""
    table = Table(box=box.SIMPLE, show_edge=False, pad_edge=False)
    words = {"prediction": found.preparation.target.name}
    for name in found.columns:
        numbers = name in ("row", "probability") or not found.preparation.classes
        title = Text(inert(words.get(name, name), 40))
        table.add_column(title, justify="right" if numbers else "left", overflow="fold")
    for row in islice(found.rows(), MOST_ROWS):
        cells = (_shown(n, cell) for n, cell in zip(found.columns, row, strict=True))
        table.add_row(*cells, style=_colour(row, found))
    return table


def _shown(name: str, cell: Any) -> Text:
    if cell is None:
        return Text("–", DIM)
    if name == "probability":
        return Text(f"{cell:.4f}")
    return Text(number(cell) if isinstance(cell, (int, float)) else inert(cell, 60))


def _colour(row: tuple[Any, ...], found: Predictions) -> str:
    """Class answers that the file contradicts stand out."""
    wrong = found.preparation.classes and found.truth and row[-1] not in (None, row[1])
    return RED if wrong else ""


def _score(found: Predictions) -> Text:
    names = {"accuracy": "accuracy", "mae": "mean absolute error", "r2": "R²"}
    pairs = "  ".join(f"{names[k]} {number(v)}" for k, v in found.scores.items())
    n = len(found.truth)
    of = f" of {count(len(found.answers))}" if n < len(found.answers) else ""
    target = inert(found.preparation.target.name, 60)
    rows = "row that holds" if n == 1 else "rows that hold"
    return Text.assemble((pairs, GREEN), (f"  over {count(n)}{of} {rows} {target}", DIM))
