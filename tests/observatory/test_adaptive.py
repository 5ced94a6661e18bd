"""Adaptive logging: brief while all is well, with the cause at hand when it is not."""

from __future__ import annotations

import math

import numpy as np
import pytest

from neurogebra.errors import BadValue
from neurogebra.observatory.adaptive import AdaptiveLogger, AnomalyConfig
from neurogebra.observatory.recorder import LogLevel, TrainingLogger

RNG = np.random.default_rng(0)
ALIVE = np.maximum(RNG.normal(size=(32, 16)), 0)
DEAD = np.zeros((32, 16))


def pair(**config) -> tuple[AdaptiveLogger, TrainingLogger]:
    base = TrainingLogger(level=LogLevel.EXPERT)
    return AdaptiveLogger(base, config=AnomalyConfig(**config)), base


def test_the_documented_block():
    adaptive, base = pair(
        zeros_pct_threshold=50.0, gradient_spike_factor=5.0, escalation_cooldown=10
    )
    adaptive.on_train_start(total_epochs=20)
    adaptive.on_epoch_start(0)
    adaptive.on_layer_forward(0, "dense_0", output_data=ALIVE)
    assert base.get_events_by_type("layer_forward") == []
    adaptive.on_layer_forward(0, "dense_0", output_data=DEAD)
    assert adaptive.is_escalated
    assert base.get_events_by_type("layer_forward")
    summary = adaptive.get_anomaly_summary()
    assert summary["total_anomalies"] == 1
    assert summary["by_type"] == {"dead_neurons": 1}
    kinds = [e.event_type for e in base.get_event_log()]
    assert kinds.index("health_check") == len(kinds) - 1  # the cause comes before the alert


def gradient(adaptive: AdaptiveLogger, *norms: float) -> None:
    for norm in norms:
        adaptive.on_gradient_computed("dense_0", np.array([norm]))


def weights(adaptive: AdaptiveLogger, delta: float, times: int) -> None:
    for i in range(times):
        adaptive.on_weight_updated("dense_0", np.array([i * delta]), np.array([(i + 1) * delta]))


def batches(adaptive: AdaptiveLogger, *losses: float) -> None:
    for i, loss in enumerate(losses):
        adaptive.on_batch_end(i, epoch=0, loss=loss)


def forward(adaptive: AdaptiveLogger, output: np.ndarray, activation: str = "") -> None:
    adaptive.on_layer_forward(0, "dense_0", output_data=output, activation=activation)


TANH = np.tanh(6 * RNG.normal(size=(32, 16)))
CASES = {
    "dead_neurons": (lambda a: forward(a, DEAD), lambda a: forward(a, ALIVE)),
    "nan_inf_activation": (
        lambda a: forward(a, np.array([[1.0, math.nan]])),
        lambda a: forward(a, np.array([[1.0, 1e9]])),
    ),
    "nan_inf_gradient": (lambda a: gradient(a, math.nan), lambda a: gradient(a, 1.0)),
    "nan_inf_loss": (lambda a: batches(a, math.nan), lambda a: batches(a, 1.0)),
    "gradient_spike": (
        lambda a: gradient(a, *[0.1] * 10, 5.0),
        lambda a: gradient(a, *[0.1] * 10, 0.15),
    ),
    "vanishing_gradient": (lambda a: gradient(a, 1e-9), lambda a: gradient(a, 1e-5)),
    "exploding_gradient": (lambda a: gradient(a, 150.0), lambda a: gradient(a, 50.0)),
    "loss_spike": (lambda a: batches(a, 1.0, 1.6), lambda a: batches(a, 1.0, 0.4, 0.9)),
    "weight_stagnation": (lambda a: weights(a, 1e-9, 5), lambda a: weights(a, 1e-3, 20)),
    "activation_saturation": (
        lambda a: forward(a, TANH, "tanh"),
        lambda a: forward(a, TANH / 8, "tanh"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_each_suspicion_acts_on_the_right_thing_and_only_on_it(name):
    suspicious, harmless = CASES[name]
    adaptive, base = pair()
    harmless(adaptive)
    assert adaptive.anomalies == []
    assert base.get_event_log() == []
    adaptive, base = pair()
    suspicious(adaptive)
    assert name in {a.type for a in adaptive.anomalies}
    assert adaptive.is_escalated
    (said, *_) = base.get_events_by_type("health_check")
    assert said.data["recommendations"]


def test_without_its_name_tanh_is_known_by_its_range():
    adaptive, _ = pair()
    forward(adaptive, TANH)
    assert [a.type for a in adaptive.anomalies] == ["activation_saturation"]


def test_detail_ends_after_the_cooldown():
    adaptive, base = pair(escalation_cooldown=3, flight_recorder=0)
    forward(adaptive, DEAD)
    for _ in range(10):
        forward(adaptive, ALIVE)
    assert not adaptive.is_escalated
    assert len(base.get_events_by_type("layer_forward")) == 1 + 3


def test_the_flight_recorder_keeps_what_came_before():
    adaptive, base = pair(flight_recorder=2)
    for _ in range(5):
        forward(adaptive, ALIVE)
    assert base.get_event_log() == []
    forward(adaptive, DEAD)
    assert len(base.get_events_by_type("layer_forward")) == 2 + 1


def test_a_lasting_anomaly_is_told_once_and_counted_always():
    adaptive, base = pair()
    for _ in range(20):
        forward(adaptive, DEAD)
    assert len(adaptive.anomalies) == 20
    assert len(base.get_events_by_type("health_check")) == 1


def test_a_healthy_relu_network_costs_next_to_nothing():
    adaptive, base = pair()
    every = TrainingLogger(level=LogLevel.EXPERT)
    for logger in (adaptive, every):
        for epoch in range(10):
            logger.on_epoch_start(epoch)
            for batch in range(20):
                out = np.maximum(RNG.normal(size=(32, 16)), 0)
                logger.on_layer_forward(0, "dense_0", output_data=out)
                logger.on_gradient_computed("dense_0", RNG.normal(size=(8, 16)))
                logger.on_batch_end(batch, epoch, loss=1 / (1 + epoch))
            logger.on_epoch_end(epoch, metrics={"loss": 1 / (1 + epoch)})
    assert adaptive.anomalies == []
    assert len(base.get_event_log()) <= 0.05 * len(every.get_event_log())


def test_reset_forgets():
    adaptive, _ = pair()
    forward(adaptive, DEAD)
    adaptive.reset()
    assert adaptive.anomalies == []
    assert not adaptive.is_escalated
    assert adaptive.get_anomaly_summary()["total_anomalies"] == 0


def test_bad_numbers_say_where():
    with pytest.raises(BadValue, match=r"AnomalyConfig.escalation_cooldown"):
        AnomalyConfig(escalation_cooldown=0)
    with pytest.raises(BadValue, match="zeros_pct_threshold"):
        AnomalyConfig(zeros_pct_threshold=-1.0)
