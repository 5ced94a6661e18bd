"""A run as curves in TensorBoard; the files are written here, without TensorFlow."""

from __future__ import annotations

import os
from pathlib import Path

from neurogebra.errors import RunError
from neurogebra.observatory.events import Level
from neurogebra.observatory.render.text import inert
from neurogebra.observatory.sinks import tfevents
from neurogebra.observatory.sinks.markdown import escaped
from neurogebra.observatory.sinks.points import Point, PointSink, path
from neurogebra.observatory.verbs import LogEvent

_GATHERED = 1 << 16  # bytes that wait at most for a write
_AT_ONCE = ("epoch_end", "health_check", "train_end")


class TensorBoardBridge(PointSink):
    """Writes every metric and statistic into an event file below `log_dir`; step = updates.

    Tags are "epoch/loss", "batch/loss", "test/loss" and "dense_0/gradient/W/norm"; alerts are
    texts under "health/<rule>". Numbers are float32, as TensorBoard draws them; NaN and
    infinities stay what they are. Each run and each bridge has a file of its own. Raises
    RunError when it cannot be written.
    """

    name = "TensorBoard"
    available = True

    def __init__(self, log_dir: str | os.PathLike[str], level: Level = Level.DETAILED) -> None:
        super().__init__(level)
        self.log_dir = Path(log_dir)
        self.file: Path | None = None
        self._row: tuple[int, float, list[bytes]] | None = None
        self._waiting = bytearray()

    def flush(self) -> None:
        """Hand what is gathered to the operating system, in one piece."""
        self._end_row()
        data = bytes(self._waiting)
        self._waiting.clear()
        if data and self.file is not None:
            try:
                with self.file.open("ab") as file:
                    file.write(data)
            except OSError as error:
                raise RunError(f"{self.file}: cannot be written: {error.strerror}") from error

    def close(self) -> None:
        """Write what is gathered."""
        self.flush()

    def _take(self, record: LogEvent, points: list[Point]) -> None:
        kind = record.event_type
        if kind == "train_start" and self.file is not None:
            self.flush()
            self.file = None
        values = [tfevents.scalar(path(p.parts), p.value) for p in points]
        if kind == "health_check":
            values.append(_alert(record))
        if values:
            at = points[0].step if points else self._points.step
            self._gather(at, record.timestamp, values)
        if kind in _AT_ONCE or len(self._waiting) > _GATHERED:
            self.flush()

    def _gather(self, step: int, time: float, values: list[bytes]) -> None:
        if self.file is None:
            self.file = _begun(self.log_dir, time)
            self._waiting += tfevents.framed(tfevents.first(time))
        if self._row is not None and self._row[0] != step:
            self._end_row()
        if self._row is None:
            self._row = step, time, []
        self._row[2].extend(values)

    def _end_row(self) -> None:
        if self._row is not None:
            step, time, values = self._row
            self._row = None
            self._waiting += tfevents.framed(tfevents.event(time, step, values))


def _alert(record: LogEvent) -> bytes:
    rule = record.data.get("rule") or record.data.get("check_name") or "alert"
    words = f"{record.severity}: {record.message}"
    return tfevents.text(path(("health", str(rule))), escaped(inert(words, 1000)))


def _begun(folder: Path, time: float) -> Path:
    """Return a new file whose name TensorBoard knows as events."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for i in range(1000):
            file = folder / f"events.out.tfevents.{int(time):010d}.neurogebra.{os.getpid()}.{i}"
            if not file.exists():
                file.open("xb").close()
                return file
    except OSError as error:
        raise RunError(f"{folder}: no place for event files: {error.strerror}") from error
    raise RunError(f"{folder}: holds too many event files of this second")
