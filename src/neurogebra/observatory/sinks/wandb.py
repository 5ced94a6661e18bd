"""A run in Weights & Biases, on this machine unless somebody asks for more."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from neurogebra.errors import BadValue, MissingExtra
from neurogebra.observatory.events import Level
from neurogebra.observatory.fingerprint import plain
from neurogebra.observatory.render.text import inert
from neurogebra.observatory.sinks.points import Point, PointSink, path
from neurogebra.observatory.verbs import LogEvent

MODES = ("offline", "online", "disabled")


class WandBBridge(PointSink):
    """Logs every metric and statistic to Weights & Biases; step = updates.

    `available` says whether wandb is installed; without it the first event raises MissingExtra.
    mode: "offline" keeps all of it in `folder`/wandb, for `wandb sync` to send when somebody
    wants that; "online" sends it as it comes. Scores, the verdict and how often each rule
    fired are in the run's summary, its settings in its config.
    """

    name = "W&B"

    def __init__(
        self,
        project: str = "neurogebra",
        run_name: str | None = None,
        config: Mapping[str, Any] | None = None,
        *,
        mode: str = "offline",
        folder: str | Path = ".",
        level: Level = Level.DETAILED,
    ) -> None:
        if mode not in MODES:
            raise BadValue("WandBBridge.mode", f"one of {list(MODES)}", mode)
        super().__init__(level)
        self.available = find_spec("wandb") is not None
        self.project, self.run_name, self.mode, self.folder = project, run_name, mode, folder
        self.config = plain(dict(config or {}))
        self._run: Any = None
        self._row: tuple[int, dict[str, float]] | None = None
        self._alerts: dict[str, int] = {}

    def close(self) -> None:
        """Send or store what is gathered, and end the run there."""
        run, self._run = self._run, None
        if run is not None:
            try:
                self._log(run)
            finally:
                run.finish()

    def _take(self, record: LogEvent, points: list[Point]) -> None:
        kind = record.event_type
        if kind == "train_start":
            self.close()
        run = self._run = self._run or self._begun()
        if kind == "train_start":
            run.config.update(_settings(record), allow_val_change=True)
        elif kind == "evaluated":
            run.summary.update({path(p.parts): p.value for p in points})
        elif kind == "health_check":
            self._count(run, record)
        elif kind in ("verdict", "train_end"):
            words = ("status", "summary", "reason")
            found = {k: inert(record.data[k]) for k in words if k in record.data}
            run.summary.update({f"{kind}/{k}": v for k, v in found.items()})
        if points and kind != "evaluated":
            self._gather(run, points)

    def _begun(self) -> Any:
        if not self.available:
            raise MissingExtra("wandb", "logging", "WandBBridge")
        self._alerts, self._row = {}, None
        return import_module("wandb").init(
            project=self.project,
            name=None if self.run_name is None else inert(self.run_name, 128),
            config=dict(self.config),
            mode=self.mode,
            dir=str(self.folder),
            settings={"console": "off", "silent": True},
        )

    def _gather(self, run: Any, points: list[Point]) -> None:
        step = points[0].step
        if self._row is not None and self._row[0] != step:
            self._log(run)
        if self._row is None:
            self._row = step, {}
        self._row[1].update({path(p.parts): p.value for p in points})

    def _log(self, run: Any) -> None:
        if self._row is not None:
            step, values = self._row
            self._row = None
            run.log(values, step=step)

    def _count(self, run: Any, record: LogEvent) -> None:
        rule = str(record.data.get("rule") or record.data.get("check_name") or "alert")
        self._alerts[rule] = self._alerts.get(rule, 0) + 1
        run.summary.update({path(("health", rule)): self._alerts[rule]})


def _settings(record: LogEvent) -> dict[str, Any]:
    """Return what a run says of itself when it begins, without its architecture."""
    known = {k: v for k, v in record.data.items() if k not in ("layers", "model_info")}
    return dict(plain(known))
