"""The documented fronts: their names, their thresholds, the one table behind them."""

from __future__ import annotations

import math

import pytest

from neurogebra.observatory.health import (
    AutoHealthWarnings,
    HealthAlert,
    HealthWarning,
    SmartHealthChecker,
    WarningConfig,
)
from neurogebra.observatory.rules import RULES


def test_the_documented_block():
    engine = AutoHealthWarnings(
        config=WarningConfig(dead_relu_zeros_pct=50.0, overfit_patience=3, overfit_ratio=1.3)
    )
    alerts = engine.check_batch(
        epoch=5,
        batch=10,
        loss=0.5,
        gradient_norms={"dense_0": 0.05, "dense_1": 0.03},
        activation_stats={"dense_0": {"zeros_pct": 62.0, "activation_type": "relu"}},
    )
    assert alerts == [
        HealthWarning(
            rule_name="dead_relu",
            severity="warning",
            message="Possible dying ReLU in 'dense_0' (62.0% zeros)",
            diagnosis=RULES["dead_relu"].diagnosis,
            recommendations=[
                "Use LeakyReLU(negative_slope=0.01) instead of ReLU",
                "Lower the learning rate",
                "Use He initialisation",
            ],
            layer_name="dense_0",
            epoch=5,
            batch=10,
        )
    ]
    assert engine.warnings == alerts
    summary = engine.get_summary()
    assert summary["total_warnings"] == 1
    assert summary["by_rule"] == {"dead_relu": 1}
    engine.reset()
    assert engine.get_summary()["total_warnings"] == 0


def batches(**series):
    count = max(len(values) for values in series.values())
    return [{name: values[i] for name, values in series.items()} for i in range(count)]


BATCH_CASES = {
    "nan_inf_loss": (batches(loss=[math.inf]), batches(loss=[1e30])),
    "loss_divergence": (
        batches(loss=[1.0, 2.0, 4.0, 8.0, 16.0]),
        batches(loss=[1.0, 0.7, 0.5, 1.6, 0.4, 0.3, 0.9, 0.2]),
    ),
    "vanishing_gradient": (
        batches(gradient_norms=[{"d": 1e-9}]),
        batches(gradient_norms=[{"d": 1e-5}]),
    ),
    "exploding_gradient": (
        batches(gradient_norms=[{"d": 150.0}]),
        batches(gradient_norms=[{"d": 99.0}]),
    ),
    "gradient_spike": (
        batches(gradient_norms=[{"d": n} for n in [0.1] * 10 + [5.0]]),
        batches(gradient_norms=[{"d": n} for n in [0.1, 0.3, 0.2, 0.1] * 5]),
    ),
    "nan_inf_array": (
        batches(gradient_norms=[{"d": math.nan}]),
        batches(gradient_norms=[{"d": 1.0}]),
    ),
    "weight_stagnation": (
        batches(weight_deltas=[{"d": 1e-8}] * 5),
        batches(weight_deltas=[{"d": 1e-8}, {"d": 1e-3}] * 5),
    ),
    "activation_saturation": (
        batches(activation_stats=[{"d": {"saturation_pct": 60.0, "activation_type": "tanh"}}]),
        batches(activation_stats=[{"d": {"saturation_pct": 60.0, "activation_type": "relu"}}]),
    ),
    "dead_relu": (
        batches(activation_stats=[{"d": {"zeros_pct": 51.0, "activation_type": "ReLU"}}]),
        batches(activation_stats=[{"d": {"zeros_pct": 90.0, "activation_type": "leaky_relu"}}]),
    ),
}


@pytest.mark.parametrize("name", BATCH_CASES)
def test_each_batch_rule_fires_and_stays_quiet(name):
    bad, good = BATCH_CASES[name]
    engine = AutoHealthWarnings()
    for i, numbers in enumerate(bad):
        engine.check_batch(epoch=0, batch=i, **numbers)
    assert [w.rule_name for w in engine.warnings] == [name]
    assert engine.warnings[0].severity == RULES[name].severity
    engine = AutoHealthWarnings()
    for i, numbers in enumerate(good):
        engine.check_batch(epoch=0, batch=i, **numbers)
    assert engine.warnings == []


EPOCH_CASES = {
    "overfitting": (
        [(0.5, 0.5), (0.4, 0.5), (0.3, 0.55), (0.2, 0.6), (0.1, 0.7)],
        [(0.5, 0.9), (0.4, 0.8), (0.3, 0.7), (0.2, 0.6), (0.1, 0.5)],
    ),
    "loss_stagnation": ([(0.5, None)] * 5, [(0.5 - 0.01 * i, None) for i in range(10)]),
}


@pytest.mark.parametrize("name", EPOCH_CASES)
def test_each_epoch_rule_fires_and_stays_quiet(name):
    bad, good = EPOCH_CASES[name]
    for curve, expected in ((bad, [name]), (good, [])):
        engine = AutoHealthWarnings()
        for epoch, (train, val) in enumerate(curve):
            engine.check_epoch(epoch=epoch, train_loss=train, val_loss=val)
        assert [w.rule_name for w in engine.warnings] == expected


def test_a_constant_gap_is_overfitting_when_the_caller_says_so():
    engine = AutoHealthWarnings()
    said = [engine.check_epoch(epoch=e, train_loss=0.1, val_loss=0.5) for e in range(3)]
    assert [w.rule_name for w in said[-1]] == ["overfitting"]


def test_the_thresholds_are_the_callers():
    stats = {"d": {"zeros_pct": 62.0, "activation_type": "relu"}}
    loose = AutoHealthWarnings(WarningConfig(dead_relu_zeros_pct=70.0))
    assert loose.check_batch(activation_stats=stats) == []
    strict = AutoHealthWarnings(WarningConfig(gradient_explode_threshold=1.0))
    assert [w.rule_name for w in strict.check_batch(gradient_norms={"d": 2.0})] == [
        "exploding_gradient"
    ]


def test_a_lasting_problem_is_told_again_only_after_many_batches():
    engine = AutoHealthWarnings(WarningConfig(rearm_batches=10))
    said = [len(engine.check_batch(batch=i, loss=math.nan)) for i in range(25)]
    assert [i for i, n in enumerate(said) if n] == [0, 10, 20]


def test_the_checker_judges_the_curves_and_the_latest_look():
    alerts = SmartHealthChecker().run_all(
        epoch=4,
        train_losses=[0.5, 0.4, 0.3, 0.2, 0.1],
        val_losses=[0.5, 0.5, 0.55, 0.6, 0.7],
        train_accs=[0.95] * 5,
        val_accs=[0.8] * 5,
        gradient_norms={"dense_3": 2.1e-9},
        weight_stats={"dense_3": {"mean": 0.0, "std": 1.0, "norm": 3.0}},
        activation_stats={"dense_0": {"zeros_pct": 20.0, "activation_type": "relu"}},
        current_lr=0.01,
    )
    assert [a.check_name for a in alerts] == ["overfitting", "vanishing_gradient"]
    assert all(isinstance(a, HealthAlert) and a.recommendations for a in alerts)
    assert alerts[0].data["val_loss"] == 0.7
    assert alerts[1].data["layer"] == "dense_3"
    assert alerts[1].data["learning_rate"] == 0.01


def test_the_checker_says_what_is_wrong_now_and_not_what_was():
    checker = SmartHealthChecker()
    assert checker.run_all(2, [0.5, 0.4, math.nan])[0].check_name == "nan_inf_loss"
    assert checker.run_all(9, [0.5] * 5 + [0.4, 0.3, 0.2]) == []
    assert checker.run_all(0) == []
