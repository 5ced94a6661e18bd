"""Reports of a run as files: events as JSON, epochs as CSV, all of it as Markdown or HTML."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from neurogebra import files
from neurogebra.errors import RunError
from neurogebra.observatory.bus import Sink
from neurogebra.observatory.events import Level, Stamped
from neurogebra.observatory.fingerprint import plain
from neurogebra.observatory.render.text import inert
from neurogebra.observatory.sinks.dashboard import DashboardExporter
from neurogebra.observatory.sinks.figures import FigureExporter
from neurogebra.observatory.sinks.markdown import markdown
from neurogebra.observatory.sinks.parquet import ParquetExporter
from neurogebra.observatory.sinks.prometheus import PrometheusFile
from neurogebra.observatory.verbs import LogEvent

FORMAT = 1


class Exporter:
    """A sink of a run, and a backend of a TrainingLogger, that writes one file of its records.

    A file of an earlier run is replaced, whole or not at all. Raises RunError when the file
    cannot be written.
    """

    name = "exporter"

    def __init__(self, path: str | Path, level: Level = Level.BASIC) -> None:
        self.path, self.level = Path(path), level
        self.records: list[LogEvent] = []
        self._stale = False

    def handle(self, stamped: Stamped) -> None:
        """Take one event of a run."""
        self.handle_event(LogEvent.of(stamped))

    def handle_event(self, record: LogEvent) -> None:
        """Take one record of a logger."""
        self.records.append(record)
        self._stale = True

    def save(self) -> Path:
        """Write the file and return where."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"{self.path.parent}: cannot be made: {error.strerror}") from error
        self._write()
        self._stale = False
        return self.path

    def close(self) -> None:
        """Write what came since the last `save`."""
        if self._stale:
            self.save()

    def _write(self) -> None:
        raise NotImplementedError


class JSONExporter(Exporter):
    """The full log as one JSON object: `{"format", "events": […]}`, an event as a logger has it.

    Numbers that JSON lacks are the texts "nan", "inf", "-inf".
    """

    name = "JSON report"

    def _write(self) -> None:
        events = [plain(record.to_dict()) for record in self.records]
        files.write_json(self.path, {"format": FORMAT, "events": events})


class CSVExporter(Exporter):
    """The epochs as a table: epoch (from 1), each metric, learning_rate, seconds.

    What an epoch did not measure is an empty cell.
    """

    name = "CSV report"

    def _write(self) -> None:
        rows = [_row(r) for r in self.records if r.event_type == "epoch_end"]
        metrics = dict.fromkeys(name for row in rows for name in row if name not in _AROUND)
        text = io.StringIO()
        table = csv.DictWriter(
            text, ["epoch", *metrics, "learning_rate", "seconds"], lineterminator="\n"
        )
        table.writeheader()
        table.writerows(rows)
        files.write(self.path, text.getvalue())


class MarkdownExporter(Exporter):
    """The run as a page to read: what was trained, the epochs, the alerts, the verdict."""

    name = "Markdown report"

    def _write(self) -> None:
        files.write(self.path, markdown(self.records))


class HTMLExporter(DashboardExporter):
    """The dashboard as a report: one offline page with the charts of the run."""

    name = "HTML report"


class Row(NamedTuple):
    """An export format: the name of its file or folder, and what makes the sink.

    make: from a path and a level.
    """

    file: str
    make: Callable[[Path, Level], Sink]


EXPORTERS: Mapping[str, Row] = {
    "json": Row("training_log.json", JSONExporter),
    "csv": Row("metrics.csv", lambda path, level: CSVExporter(path)),
    "html": Row("report.html", lambda path, level: HTMLExporter(path)),
    "markdown": Row("report.md", lambda path, level: MarkdownExporter(path)),
    "prometheus": Row("metrics.prom", lambda path, level: PrometheusFile(path)),
    "parquet": Row("statistics.parquet", ParquetExporter),
    "figures": Row("figures", FigureExporter),
}

_AROUND = ("epoch", "learning_rate", "seconds")


def _row(record: LogEvent) -> dict[str, Any]:
    data = record.data
    around = {key: data[key] for key in _AROUND[1:] if key in data}
    metrics = {inert(name, 64): value for name, value in (data.get("metrics") or {}).items()}
    return {"epoch": 1 + (record.epoch or 0), **metrics, **around}
