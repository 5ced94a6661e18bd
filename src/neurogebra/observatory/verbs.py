"""The documented `on_*` verbs, and the `LogEvent` that each of them makes."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy.typing as npt

from neurogebra.errors import UnknownName
from neurogebra.observatory import stats
from neurogebra.observatory.events import SEVERITIES, LayerSeen, Level, Stamped
from neurogebra.registry import near

LEVELS = {
    "train_start": Level.BASIC,
    "train_end": Level.BASIC,
    "epoch_start": Level.BASIC,
    "epoch_end": Level.BASIC,
    "health_check": Level.BASIC,
    "batch_start": Level.DETAILED,
    "batch_end": Level.DETAILED,
    "layer_forward": Level.EXPERT,
    "layer_backward": Level.EXPERT,
    "gradient_computed": Level.EXPERT,
    "weight_updated": Level.EXPERT,
}
"""The event types of the verbs, each with the level it belongs to."""

_SITES = {"forward": "layer_forward", "backward": "layer_backward"}
_PARAMS = {"gradient": "gradient_computed", "weight": "weight_updated", "update": "weight_updated"}


@dataclass(frozen=True, kw_only=True)
class LogEvent:
    """One line of the log; what does not apply is None."""

    event_type: str
    level: Level
    timestamp: float
    epoch: int | None = None
    batch: int | None = None
    layer_name: str | None = None
    layer_index: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    severity: str = "info"
    message: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the fields that apply as plain values; the level by its name."""
        found = asdict(self) | {"level": self.level.name}
        return {key: value for key, value in found.items() if value is not None}

    @classmethod
    def of(cls, stamped: Stamped) -> LogEvent:
        """Return the line that says what an event of a run says."""
        event = stamped.event
        kind = event.kind
        if isinstance(event, LayerSeen):
            kind = (_SITES | _PARAMS).get(event.site, kind)
        return cls(
            event_type=kind,
            level=event.level,
            timestamp=stamped.time,
            epoch=getattr(event, "epoch", None),
            batch=getattr(event, "batch", None),
            layer_name=getattr(event, "layer", None) or None,
            layer_index=getattr(event, "index", None),
            data=event.data(),
            severity=getattr(event, "severity", "danger" if kind == "sink_failed" else "info"),
            message=getattr(event, "message", ""),
        )


class Verbs:
    """The documented `on_*` verbs: each makes one record and hands it to `log`.

    Arrays are looked at only when `wants` says that somebody will read the result.
    """

    _epoch: int | None = None
    _batch: int | None = None

    def wants(self, level: Level) -> bool:
        """Return whether records of this level are read."""
        raise NotImplementedError

    def log(self, record: LogEvent) -> None:
        """Take one record."""
        raise NotImplementedError

    def now(self) -> float:
        """Return the time that records carry."""
        return time.time()

    def on_train_start(
        self, total_epochs: int, model_info: Mapping[str, Any] | None = None
    ) -> None:
        """A run of so many epochs begins."""
        data = {"total_epochs": total_epochs, "model_info": dict(model_info or {})}
        self._say("train_start", data, message=f"Training started: {total_epochs} epochs")

    def on_train_end(self, metrics: Mapping[str, float] | None = None) -> None:
        """The run is over."""
        self._say("train_end", {"metrics": dict(metrics or {})}, message="Training complete")

    def on_epoch_start(self, epoch: int) -> None:
        """Epoch `epoch`, counted from 0, begins."""
        self._say("epoch_start", {}, epoch=epoch, message=f"Epoch {epoch + 1} started")

    def on_epoch_end(self, epoch: int, metrics: Mapping[str, float] | None = None) -> None:
        """An epoch is over, with what was measured in it."""
        data = {"metrics": dict(metrics or {})}
        self._say("epoch_end", data, epoch=epoch, message=f"Epoch {epoch + 1} done")

    def on_batch_start(self, batch: int, epoch: int | None = None) -> None:
        """Batch `batch` of its epoch, counted from 0, begins."""
        self._say("batch_start", {}, epoch=epoch, batch=batch)

    def on_batch_end(
        self,
        batch: int,
        epoch: int | None = None,
        loss: float | None = None,
        metrics: Mapping[str, float] | None = None,
    ) -> None:
        """A batch is over; a loss that is NaN is a loss like any other here."""
        measured = dict(metrics or {}) | ({} if loss is None else {"loss": float(loss)})
        self._say("batch_end", {"metrics": measured}, epoch=epoch, batch=batch)

    def on_layer_forward(
        self,
        layer_index: int,
        layer_name: str,
        input_data: npt.ArrayLike | None = None,
        output_data: npt.ArrayLike | None = None,
        *,
        activation: str = "",
        formula: str = "",
    ) -> None:
        """A layer was computed; its output (rows, …, units) is looked at."""
        arrays = {"input": input_data, "output": output_data}
        self._look("layer_forward", layer_index, layer_name, arrays, activation, formula)

    def on_layer_backward(
        self,
        layer_index: int,
        layer_name: str,
        grad_input: npt.ArrayLike | None = None,
        grad_output: npt.ArrayLike | None = None,
        *,
        formula: str = "",
    ) -> None:
        """The gradient went through a layer, from `grad_output` to `grad_input`."""
        arrays = {"input": grad_input, "output": grad_output}
        self._look("layer_backward", layer_index, layer_name, arrays, "", formula)

    def on_gradient_computed(
        self, name: str, gradient: npt.ArrayLike, *, layer_index: int | None = None
    ) -> None:
        """The gradient of a parameter, or of a layer's parameters, is known."""
        self._look("gradient_computed", layer_index, name, {"gradient": gradient})

    def on_weight_updated(
        self,
        name: str,
        before: npt.ArrayLike,
        after: npt.ArrayLike,
        *,
        layer_index: int | None = None,
    ) -> None:
        """A parameter went from one value to the next."""
        if self.wants(Level.EXPERT):
            arrays = {"weight": after, "update": stats.difference(after, before)}
            self._look("weight_updated", layer_index, name, arrays)

    def on_health_check(
        self,
        check_name: str,
        severity: str,
        message: str,
        recommendations: Iterable[str] = (),
        *,
        epoch: int | None = None,
        layer_name: str | None = None,
    ) -> None:
        """A check found something; severity: info, warning, danger or critical."""
        if severity not in SEVERITIES:
            raise UnknownName("severity", severity, near(severity, SEVERITIES) or SEVERITIES)
        data = {"check_name": check_name, "recommendations": list(recommendations)}
        where = {"epoch": epoch, "layer_name": layer_name}
        self._say("health_check", data, severity=severity, message=message, **where)

    def _look(
        self,
        kind: str,
        index: int | None,
        name: str,
        arrays: Mapping[str, npt.ArrayLike | None],
        activation: str = "",
        formula: str = "",
    ) -> None:
        if not self.wants(LEVELS[kind]):
            return
        data: dict[str, Any] = {"activation": activation, "formula": formula}
        for what, array in arrays.items():
            if array is not None:
                of = stats.of(array, activation if what == "output" else "")
                data[what] = {"shape": list(stats.shape(array)), **asdict(of)}
        self._say(kind, data, layer_index=index, layer_name=name)

    def _say(self, kind: str, data: Mapping[str, Any], **where: Any) -> None:
        level = LEVELS[kind]
        if where.get("epoch") is not None:
            self._epoch = where["epoch"]
        self._batch = where.get("batch", None if kind.startswith("epoch") else self._batch)
        where = {**where, "epoch": self._epoch, "batch": self._batch}
        if self.wants(level):
            self.log(
                LogEvent(event_type=kind, level=level, timestamp=self.now(), data=data, **where)
            )
