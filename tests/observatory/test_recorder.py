"""The documented logger: verbs, levels, backends, callbacks, and NaN on its way to an alert."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from neurogebra.errors import BadValue, UnknownName
from neurogebra.observatory.bus import Bus
from neurogebra.observatory.events import Level
from neurogebra.observatory.recorder import BackendSink, LogEvent, TrainingLogger
from neurogebra.observatory.witness import epochs, losses, seen, start


class Backend:
    def __init__(self) -> None:
        self.got: list[LogEvent] = []
        self.ends: list[LogEvent] = []

    def handle_event(self, event: LogEvent) -> None:
        self.got.append(event)

    def handle_epoch_end(self, event: LogEvent) -> None:
        self.ends.append(event)


def every_verb(logger) -> None:
    x = np.maximum(np.arange(-4.0, 4.0).reshape(4, 2), 0)
    logger.on_train_start(total_epochs=1, model_info={"name": "m"})
    logger.on_epoch_start(0)
    logger.on_batch_start(0, epoch=0)
    logger.on_layer_forward(0, "dense_0", input_data=x, output_data=x, activation="relu")
    logger.on_layer_backward(0, "dense_0", grad_output=x)
    logger.on_gradient_computed("dense_0", x)
    logger.on_weight_updated("dense_0", x, x + 1)
    logger.on_batch_end(0, epoch=0, loss=0.5, metrics={"accuracy": 0.7})
    logger.on_health_check("dead_relu", "warning", "Possible", ["Use LeakyReLU"])
    logger.on_epoch_end(0, metrics={"loss": 0.5})
    logger.on_train_end()


ALWAYS = ["train_start", "epoch_start", "health_check", "epoch_end", "train_end"]
DEEP = ["layer_forward", "layer_backward", "gradient_computed", "weight_updated"]


@pytest.mark.parametrize("level", list(Level))
def test_a_level_keeps_what_belongs_to_it(level):
    logger = TrainingLogger(level=level)
    every_verb(logger)
    kinds = [e.event_type for e in logger.get_event_log()]
    assert [k for k in kinds if k in ALWAYS] == (ALWAYS if level > Level.SILENT else [])
    assert ("batch_end" in kinds) == (level >= Level.DETAILED)
    assert [k for k in kinds if k in DEEP] == (DEEP if level >= Level.EXPERT else [])


def test_records_say_where_they_belong_and_are_json():
    logger = TrainingLogger(level="expert")
    every_verb(logger)
    (forward,) = logger.get_events_by_type("layer_forward")
    assert (forward.epoch, forward.batch, forward.layer_name) == (0, 0, "dense_0")
    assert forward.data["output"]["shape"] == [4, 2]
    assert forward.data["output"]["zero_pct"] == 62.5
    (updated,) = logger.get_events_by_type("weight_updated")
    assert updated.data["update"]["norm"] == pytest.approx(8**0.5)
    for record in logger.get_event_log():
        line = json.loads(json.dumps(record.to_dict()))
        assert line["level"] in Level.__members__
        assert {"event_type", "timestamp", "severity", "message", "data"} <= set(line)
    (end,) = logger.get_events_by_type("epoch_end")
    assert end.to_dict()["data"] == {"metrics": {"loss": 0.5}}
    assert "batch" not in end.to_dict()


def test_nobody_computes_what_nobody_wants():
    class Untouchable:
        def __array__(self, *_args, **_kwargs):
            raise AssertionError("looked at")

    TrainingLogger(level=Level.DETAILED).on_layer_forward(0, "d", output_data=Untouchable())
    with pytest.raises(AssertionError, match="looked at"):
        TrainingLogger(level=Level.EXPERT).on_layer_forward(0, "d", output_data=Untouchable())


def test_a_backend_gets_its_own_verb_or_the_common_one():
    backend = Backend()
    logger = TrainingLogger(backends=[backend])
    every_verb(logger)
    assert [e.event_type for e in backend.ends] == ["epoch_end"]
    assert [e.event_type for e in backend.got] == [k for k in ALWAYS if k != "epoch_end"]
    with pytest.raises(BadValue, match="handle_event"):
        logger.add_backend(object())


def test_a_failing_backend_is_taken_off_and_the_others_are_told():
    class Full(Backend):
        def handle_event(self, event: LogEvent) -> None:
            raise OSError("disk full")

    backend = Backend()
    logger = TrainingLogger(backends=[Full(), backend])
    logger.on_train_start(total_epochs=1)
    logger.on_train_end()
    assert [e.event_type for e in backend.got] == ["train_start", "sink_failed", "train_end"]
    with pytest.raises(OSError, match="disk full"):
        TrainingLogger(backends=[Full()], strict=True).on_train_end()


def test_callbacks_are_called_and_unknown_types_refused():
    logger, seen_ends = TrainingLogger(), []
    logger.register_callback("epoch_end", seen_ends.append)
    every_verb(logger)
    assert [e.epoch for e in seen_ends] == [0]
    with pytest.raises(UnknownName, match="did you mean 'epoch_end'"):
        logger.register_callback("epoch_ned", print)


def test_summary_and_clear():
    logger = TrainingLogger()
    every_verb(logger)
    summary = logger.summary()
    assert summary["total_events"] == 5
    assert summary["by_type"]["epoch_end"] == 1
    assert summary["by_severity"] == {"info": 4, "warning": 1}
    logger.clear()
    assert logger.summary()["total_events"] == 0


def test_nan_is_recorded_and_does_not_crash():
    logger = TrainingLogger(level=Level.EXPERT)
    logger.on_layer_forward(0, "d", output_data=np.full((4, 2), np.nan))
    logger.on_batch_end(0, epoch=0, loss=math.nan)
    forward, batch = logger.get_event_log()
    assert forward.data["output"]["nonfinite"] == 8
    assert math.isnan(batch.data["metrics"]["loss"])


def test_bad_arguments_say_what_was_expected():
    logger = TrainingLogger(level=Level.EXPERT)
    with pytest.raises(UnknownName, match="did you mean 'warning'"):
        logger.on_health_check("x", "warnign", "m")
    with pytest.raises(BadValue, match=r"shape \(2,\)"):
        logger.on_weight_updated("W", np.zeros(2), np.zeros(3))


def test_logger_and_backend_also_listen_to_a_run():
    logger, backend = TrainingLogger(level=Level.EXPERT), Backend()
    bus = Bus([logger, BackendSink(backend)], strict=True)
    for event in start() + seen("gradient", (1.0,)) + losses(0.5) + epochs(loss=[0.5]):
        bus.publish(event)
    kinds = [e.event_type for e in logger.get_event_log()]
    assert kinds == ["train_start", "gradient_computed", "batch_end", "epoch_end"]
    assert len(backend.got) == 3
    assert len(backend.ends) == 1
    bus.close()
