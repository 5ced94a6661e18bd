"""A run in MLflow, in calls that stay within what its servers take."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeVar

from neurogebra.errors import MissingExtra
from neurogebra.observatory.events import Level
from neurogebra.observatory.fingerprint import plain
from neurogebra.observatory.render.text import inert
from neurogebra.observatory.sinks.points import Point, PointSink
from neurogebra.observatory.verbs import LogEvent

T = TypeVar("T")

# A call of log-batch [MLflow REST API, "Log Batch"]: so many of each, and so many bytes; some
# of these are left for what goes around.
METRICS, PARAMS, TAGS, BYTES = 1000, 100, 100, 1_000_000 - 10_000
_KEY, _VALUE = 250, 500
_EXTRA_SIGNS = "_-. "
_FLUSH = ("epoch_end", "train_end", "verdict")
_STATUS = {"interrupted": "KILLED", "diverged": "FAILED"}


class MLflowBridge(PointSink):
    """Logs every metric and statistic to MLflow; step = updates.

    `available` says whether mlflow is installed; without it the first event raises
    MissingExtra. tracking_uri: where MLflow keeps its runs (its own default when None);
    params: beside the settings of the run. A name keeps what MLflow allows in one, any other
    sign becomes its code ("-x2f-"); what is too long ends in a digest.
    """

    name = "MLflow"

    def __init__(
        self,
        experiment: str = "neurogebra",
        run_name: str | None = None,
        params: Mapping[str, Any] | None = None,
        *,
        tracking_uri: str | None = None,
        level: Level = Level.DETAILED,
    ) -> None:
        super().__init__(level)
        self.available = find_spec("mlflow") is not None
        self.experiment, self.run_name, self.tracking_uri = experiment, run_name, tracking_uri
        self.params = dict(params or {})
        self._client: Any = None
        self._run = ""
        self._waiting: list[Point] = []
        self._alerts: dict[str, int] = {}
        self._status = "FINISHED"

    def flush(self) -> None:
        """Send what is gathered."""
        waiting, self._waiting = self._waiting, []
        for part in batches(waiting, METRICS, BYTES, lambda p: _bytes(key(p.parts), "0" * 60)):
            self._client.log_batch(self._run, metrics=[self._metric(p) for p in part])

    def close(self) -> None:
        """Send what is gathered, and end the run there."""
        if self._run:
            try:
                self.flush()
            finally:
                run, self._run = self._run, ""
                self._client.set_terminated(run, self._status)

    def _take(self, record: LogEvent, points: list[Point]) -> None:
        kind = record.event_type
        if kind == "train_start":
            self.close()
        if not self._run:
            self._begin()
        if kind == "train_start":
            self._tell(record)
        elif kind == "train_end":
            self._status = _STATUS.get(str(record.data.get("reason")), "FINISHED")
        elif kind == "health_check":
            rule = str(record.data.get("rule") or record.data.get("check_name") or "alert")
            self._alerts[rule] = self._alerts.get(rule, 0) + 1
            self._client.set_tag(self._run, key(("health", rule)), str(self._alerts[rule]))
        elif kind == "verdict":
            self._client.set_tag(self._run, "verdict", inert(record.data.get("status"), 40))
        self._waiting += points
        if kind in _FLUSH or len(self._waiting) >= METRICS:
            self.flush()

    def _begin(self) -> None:
        if not self.available:
            raise MissingExtra("mlflow", "mlflow", "MLflowBridge")
        client = self._client = import_module("mlflow").MlflowClient(tracking_uri=self.tracking_uri)
        found = client.get_experiment_by_name(self.experiment)
        experiment = found.experiment_id if found else client.create_experiment(self.experiment)
        name = None if self.run_name is None else inert(self.run_name, _KEY)
        self._run = client.create_run(experiment, run_name=name).info.run_id
        self._alerts, self._status = {}, "FINISHED"

    def _tell(self, record: LogEvent) -> None:
        entity = import_module("mlflow.entities").Param
        params = settings(record.data.get("run") or {}) | settings(self.params)
        for part in batches(params.items(), PARAMS, BYTES, lambda p: _bytes(*p)):
            self._client.log_batch(self._run, params=[entity(k, v) for k, v in part])

    def _metric(self, point: Point) -> Any:
        entity = import_module("mlflow.entities").Metric
        return entity(key(point.parts), point.value, int(point.time * 1000), point.step)


def key(parts: Iterable[str]) -> str:
    """Return a name that MLflow takes: letters, digits, `_-. ` and slashes between parts."""
    whole = "/".join(_part(part) for part in parts)
    if len(whole) <= _KEY:
        return whole
    return f"{whole[: _KEY - 13]}-{hashlib.sha256(whole.encode()).hexdigest()[:12]}"


def settings(values: Mapping[str, Any]) -> dict[str, str]:
    """Return settings as the parameters of a run: texts of bounded length."""
    return {
        key((str(name),)): inert(value if isinstance(value, str) else json.dumps(value), _VALUE)
        for name, value in plain(values).items()
    }


def batches(
    items: Iterable[T], most: int, most_bytes: int, size: Callable[[T], int]
) -> Iterator[list[T]]:
    """Yield the items in lists of at most so many, and of at most so many bytes together."""
    part: list[T] = []
    total = 0
    for item in items:
        more = size(item)
        if part and (len(part) == most or total + more > most_bytes):
            yield part
            part, total = [], 0
        part.append(item)
        total += more
    if part:
        yield part


def _part(text: str) -> str:
    def spelt(sign: str) -> str:
        fine = sign in _EXTRA_SIGNS or (sign.isascii() and sign.isalnum())
        return sign if fine else f"-x{ord(sign):x}-"

    found = "".join(spelt(sign) for sign in text) or "_"
    return f"-x2e-{found[1:]}" if found[0] == "." else found  # "..": no way up


def _bytes(name: str, value: str) -> int:
    return len(json.dumps({"key": name, "value": value})) + 60
