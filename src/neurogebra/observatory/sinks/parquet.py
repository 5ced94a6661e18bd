"""Every number of a run as a Parquet table, by PyArrow."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from neurogebra.errors import MissingExtra, RunError
from neurogebra.files import sync_folder
from neurogebra.observatory.events import Level
from neurogebra.observatory.render.text import inert
from neurogebra.observatory.sinks.ndjson_events import stored_events
from neurogebra.observatory.sinks.points import Point, PointSink, points
from neurogebra.observatory.verbs import LogEvent

_GROUP = 50_000  # rows that are kept as Python objects at most
_WORDS = ("run", "group", "layer", "param", "statistic")


class ParquetExporter(PointSink):
    """Writes one row per (run, step, layer, statistic) when the run is over.

    Columns: run, step (updates), epoch, time (UTC), group ("batch", "epoch", a part of the
    data, or the site of an array), layer, param, statistic, value (float64; NaN and infinities
    stay). What does not apply is null. Raises MissingExtra without PyArrow.
    """

    name = "Parquet"

    def __init__(
        self, path: str | Path, level: Level = Level.DETAILED, *, run: str | None = None
    ) -> None:
        if find_spec("pyarrow") is None:
            raise MissingExtra("PyArrow", "parquet", "a Parquet table")
        super().__init__(level)
        self.path = Path(path)
        self._run, self._named = run or "", run is not None
        self._rows: list[Point] = []
        self._parts: list[Any] = []
        self._stale = False

    def save(self) -> Path:
        """Write the table and return where; it is replaced whole or not at all."""
        self._stale = False  # what cannot be written is not tried again on the way out
        self._pack()
        return _write(self.path, self._parts or [_batch("", [])])

    def close(self) -> None:
        """Write what came since the last `save`."""
        if self._stale:
            self.save()

    def _take(self, record: LogEvent, points: list[Point]) -> None:
        if record.event_type == "train_start" and not self._named:
            self._pack()
            told = record.data.get("name") or record.data.get("model_info", {}).get("name")
            self._run = str(told or "")
        self._rows += points
        self._stale = self._stale or bool(points)
        if len(self._rows) >= _GROUP:
            self._pack()

    def _pack(self) -> None:
        if self._rows:
            self._parts.append(_batch(self._run, self._rows))
            self._rows = []


def export(folder: str | Path, path: str | Path, run: str | None = None) -> Path:
    """Write the stored events of a run folder as a Parquet table and return where."""
    exporter = ParquetExporter(path, run=run)
    for stamped in stored_events(folder):
        exporter.handle(stamped)
    return exporter.save()


def table(records: Iterable[LogEvent], run: str = "") -> Any:
    """Return the `pyarrow.Table` of some records."""
    if find_spec("pyarrow") is None:
        raise MissingExtra("PyArrow", "parquet", "a Parquet table")
    return import_module("pyarrow").Table.from_batches([_batch(run, list(points(records)))])


def _batch(run: str, rows: list[Point]) -> Any:
    pa = import_module("pyarrow")
    words = pa.dictionary(pa.int32(), pa.string())
    kinds = {
        "run": words,
        "step": pa.int64(),
        "epoch": pa.int32(),
        "time": pa.timestamp("us", tz="UTC"),
        "group": words,
        "layer": words,
        "param": words,
        "statistic": words,
        "value": pa.float64(),
    }
    columns: dict[str, list[Any]] = {
        name: [run] * len(rows) if name == "run" else [getattr(p, name) for p in rows]
        for name in kinds
    }
    columns["time"] = [round(t * 1e6) for t in columns["time"]]
    for name in _WORDS:
        known = {word: inert(word, 200) or None for word in set(columns[name])}
        columns[name] = [known[word] for word in columns[name]]
    arrays = [pa.array(columns[name], kind) for name, kind in kinds.items()]
    return pa.RecordBatch.from_arrays(arrays, list(kinds))


def _write(path: Path, parts: list[Any]) -> Path:
    pa, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            parquet.write_table(pa.Table.from_batches(parts).unify_dictionaries(), file)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)  # mkstemp made it private
        os.replace(temporary, path)
        sync_folder(path.parent)
    except OSError as error:
        raise RunError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        if temporary and os.path.exists(temporary):
            os.unlink(temporary)
    return path
