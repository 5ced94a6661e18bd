"""The first rows of a data set on the command line: as a table, as CSV, as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from neurogebra.cli_tables import as_csv
from neurogebra.cli_text import screen, tell_json
from neurogebra.datasets import Datasets, catalog
from neurogebra.datasets.bundled import read_columns
from neurogebra.datasets.record import Dataset
from neurogebra.datasets.tables import table_of
from neurogebra.errors import BadValue
from neurogebra.observatory.render.text import count, inert, many, number, sizes
from neurogebra.observatory.sinks.terminal_screen import BLUE, DIM, GREEN

MOST_ROWS = 1000
CELL = 24  # characters of a cell where there are many columns
TEXT = 200


@dataclass(frozen=True)
class Rows:
    """The first rows of a set: `columns` by name, the target last, and how many there are."""

    columns: Mapping[str, Sequence[Any]]
    total: int

    def lines(self) -> Iterable[tuple[Any, ...]]:
        """The rows, one after the other."""
        return zip(*self.columns.values(), strict=True)


def tell_head(name: str, n: int, *, csv: bool, as_json: bool) -> None:
    """Print the first rows of a set; raise UnknownName with the near names."""
    if not 1 <= n <= MOST_ROWS:
        raise BadValue("--rows", f"a whole number from 1 to {count(MOST_ROWS)}", n)
    if csv and as_json:
        raise BadValue("--csv", "no --json beside it", "both", "leave one of them out")
    record = catalog()[name]
    rows = first_rows(record, n)
    if as_json:
        kinds = {c.name: c.kind for c in record.columns}
        typed = {m: [_typed(v, kinds.get(m, "")) for v in vs] for m, vs in rows.columns.items()}
        found = [dict(zip(typed, line, strict=True)) for line in Rows(typed, 0).lines()]
        tell_json({"id": record.id, "total": rows.total, "rows": found})
        return
    if csv:
        typer.echo(as_csv(rows.columns, rows.lines()), nl=False)
        return
    to = screen()
    to.show(heading(record), Text())
    table, left_out = _table(record, rows, to.width)
    to.show(table, Text(), Text(_below(record, rows, n, left_out), DIM))


def heading(record: Dataset) -> Text:
    """The title of a set and where its numbers come from."""
    colour = GREEN if record.origin == "observed" else ""
    return Text.assemble((inert(record.title, 200), "bold"), (f"  {inert(record.origin)}", colour))


def first_rows(record: Dataset, n: int) -> Rows:
    """The first `n` rows: of a bundled table as in its file, else as arrays hold them."""
    if record.supply == "bundled" and record.form != "images":
        texts = read_columns(record)
        names = [c.name for c in record.columns]
        cells = {m: t[:n] for m, t in zip(names, texts, strict=True)}
        return Rows(cells, len(texts[0]))
    if record.supply == "fetched" and record.form == "table":
        table = table_of(record)
        cells = {m: c[:n].tolist() for m, c in zip(table.names, table.columns, strict=True)}
        return Rows(cells, table.n_rows)
    X, y = Datasets.load(record.id, split=None, random_state=record.seed)
    return Rows({**_inputs(record, X[:n]), record.target.name: _answers(record, y[:n])}, len(y))


def _inputs(record: Dataset, X: Any) -> dict[str, Sequence[Any]]:
    if X.dtype == object:
        return {record.features[0].name: [str(v) for v in X]}
    flat = X.reshape(len(X), -1)
    names = [c.name for c in record.features]
    if len(names) != flat.shape[1]:
        names = [f"{names[0] if len(names) == 1 else 'x'}{i}" for i in range(flat.shape[1])]
    return {m: column.tolist() for m, column in zip(names, flat.T, strict=True)}


def _answers(record: Dataset, y: Any) -> Sequence[Any]:
    """Classes under their names, numbers as they are."""
    names = record.target.categories
    if y.dtype.kind in "iu" and names:
        return [names[i] if i < len(names) else str(i) for i in y.tolist()]
    answers: list[Any] = y.tolist()
    return answers


def _table(record: Dataset, rows: Rows, width: int) -> tuple[Table, int]:
    """Lay out the columns that there is room for, the target always."""
    if record.form == "images" or (record.supply != "bundled" and len(rows.columns) > 400):
        return _pictures(record, rows), 0
    *names, target = rows.columns
    texts = {c.name for c in record.features if c.kind == "text" and record.form == "text"}
    limits = {m: CELL if len(names) > 1 else TEXT for m in rows.columns}
    if len(names) > 1:
        limits |= dict.fromkeys(texts, width // 2)
    cells = {m: [_shown(v, limits[m]) for v in values] for m, values in rows.columns.items()}
    wide = {m: max(len(inert(m, CELL)), *(len(c) for c in cells[m])) + 3 for m in cells}
    room = width - wide[target]
    kept: list[str] = []
    for name in names:
        if wide[name] > room and kept:
            break
        room -= wide[name]
        kept.append(name)
    table = Table(box=box.SIMPLE, show_edge=False, pad_edge=False)
    for name in (*kept, target):
        right = all(not isinstance(v, str) or _is_number(v) for v in rows.columns[name])
        style = BLUE if name == target else ""
        title = Text(inert(name, CELL), style)
        table.add_column(title, justify="right" if right else "left", overflow="fold", style=style)
    for line in zip(*(cells[m] for m in (*kept, target)), strict=True):
        table.add_row(*(Text(c) if c else Text("–", DIM) for c in line))
    return table, len(names) - len(kept)


def _pictures(record: Dataset, rows: Rows) -> Table:
    table = Table(box=box.SIMPLE, show_edge=False, pad_edge=False)
    heads = ("row", inert(record.target.name, CELL), "pixels", "lowest", "mean", "highest")
    for head in heads:
        table.add_column(head, justify="left" if head in heads[1:3] else "right")
    shape = sizes(record.features[0].shape)
    for i, (*pixels, label) in enumerate(rows.lines(), 1):
        mean = sum(pixels) / len(pixels)
        told = (count(i), inert(label, CELL), shape, *map(number, (min(pixels), mean, max(pixels))))
        table.add_row(*map(Text, told))
    return table


def _typed(value: Any, kind: str) -> Any:
    """A cell for JSON: a number where the column holds numbers, nothing where it is empty."""
    if not isinstance(value, str):
        return value
    return None if value == "" else float(value) if kind == "numeric" else value


def _shown(value: Any, limit: int) -> str:
    if isinstance(value, (float, int)):
        return number(value) if isinstance(value, float) else str(value)
    return inert(value, limit)


def _is_number(text: str) -> bool:
    try:
        float(text or "0")
    except ValueError:
        return False
    return True


def _below(record: Dataset, rows: Rows, n: int, left_out: int) -> str:
    told = f"{many(min(n, rows.total), 'row')} of {count(rows.total)}"
    if record.draw:
        told += f", drawn with random_state={record.seed}"
    if left_out:
        told += f"; {many(left_out, 'more column')} (--csv shows all)"
    return told
