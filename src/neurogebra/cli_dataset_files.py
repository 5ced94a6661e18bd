"""The files of data sets on the command line: fetched into the cache, described for others."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.text import Text

from neurogebra.cli_tables import write_new
from neurogebra.cli_text import screen
from neurogebra.datasets import catalog
from neurogebra.datasets.bundled import read_file
from neurogebra.datasets.croissant import croissant, drawn_csv
from neurogebra.datasets.facts import size
from neurogebra.datasets.fetched.cache import OFFLINE
from neurogebra.datasets.fetched.fetch import NotFetched
from neurogebra.datasets.fetched.load import files as stored
from neurogebra.datasets.record import Dataset
from neurogebra.errors import BadValue, NeurogebraError, RunError
from neurogebra.observatory.render.text import inert, many
from neurogebra.observatory.sinks.terminal_screen import DIM, GREEN


def tell_download(names: Sequence[str], *, every: bool, offline: bool) -> None:
    """Fetch sets and print where they lie; every file is held against its hash.

    Raises BadValue for no name or a set that needs no fetching, UnknownName, NotFetched. Of
    several sets each is tried, and what failed is told at the end as one error.
    """
    if every == bool(names):
        raise BadValue("download", "names of data sets, or --all", " ".join(names) or "nothing")
    sets = catalog()
    records = [r for r in sets.values() if r.remote] if every else [sets[n] for n in names]
    for record in records:
        if record.remote is None:
            how = (
                "is in the package"
                if record.supply == "bundled"
                else "is drawn when it is asked for"
            )
            raise BadValue("download", "a set that must be fetched", record.id, f"it {how}")
    failed: list[NeurogebraError] = []
    with _offline(offline):
        for record in records:
            try:
                _tell_stored(record)
            except (NotFetched, RunError) as error:
                if len(records) == 1:
                    raise
                failed.append(error)
    if failed:
        told = "; ".join(str(error) for error in failed)
        raise NotFetched(f"{len(failed)} of {many(len(records), 'set')} not fetched: {told}")


def _tell_stored(record: Dataset) -> None:
    files = stored(record)
    held = sum(path.stat().st_size for path in files.values())
    head = Text.assemble((record.id, "bold"), (f"  {size(held)}  {inert(record.licence)}", DIM))
    screen().show(head, *(Text(inert(path, 2000), GREEN) for path in files.values()))
    screen().show(*(Text(f"caution: {inert(c)}", "yellow") for c in record.cautions))


@contextmanager
def _offline(wanted: bool) -> Iterator[None]:
    """Forbid fetching, as the environment variable does, while the block runs."""
    before = os.environ.get(OFFLINE)
    if wanted:
        os.environ[OFFLINE] = "1"
    try:
        yield
    finally:
        if wanted and before is None:
            del os.environ[OFFLINE]
        elif wanted:
            os.environ[OFFLINE] = before or ""


def tell_export(name: str, out: Path | None, *, with_data: bool) -> None:
    """Print or write the Croissant description of a set, with its data files beside it if asked.

    Raises UnknownName, BadValue where the data have no place, RunError for files that exist.
    """
    record = catalog()[name]
    if with_data and out is None:
        raise BadValue("--data", "--croissant FILE beside it, which says where", "no file")
    if with_data and record.remote:
        hint = f"neurogebra datasets download {record.id} fetches them"
        raise BadValue("--data", "a bundled or generated set", record.id, hint)
    drawn = drawn_csv(record) if record.draw else None
    told = json.dumps(croissant(record, drawn), indent=2, ensure_ascii=False, allow_nan=False)
    if out is None:
        typer.echo(json.dumps(json.loads(told), indent=2))  # in ASCII, whatever the terminal
        return
    beside = {f.name: read_file(f) for f in record.files} if with_data else {}
    if with_data and drawn is not None:
        beside = {f"{record.id}.csv": drawn}
    written = {out: told.encode("utf-8") + b"\n"}
    written |= {out.parent / file: data for file, data in beside.items()}
    for path in written:
        if path.exists():
            raise RunError(f"{path}: exists already and is never overwritten; choose another place")
    for path, data in written.items():
        write_new(path, data)
    screen().show(*(Text(inert(path, 2000), GREEN) for path in written))
