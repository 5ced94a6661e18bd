"""The law of the health rules: each fires on its witness and is quiet on the other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from neurogebra.observatory.adaptive import LOSS_SPIKE
from neurogebra.observatory.events import SEVERITIES, EpochEnd, Event, TrainEnd, TrainStart
from neurogebra.observatory.health import FRONT_RULES
from neurogebra.observatory.rules import RULES, Context, Rule, Thresholds, examine
from neurogebra.observatory.witness import epochs, losses, seen, start, together

DOCUMENTED = {
    "dead_relu",
    "gradient_spike",
    "vanishing_gradient",
    "exploding_gradient",
    "overfitting",
    "loss_stagnation",
    "weight_stagnation",
    "nan_inf_loss",
    "loss_divergence",
    "activation_saturation",
}

every_rule = pytest.mark.parametrize("rule", [*RULES.values(), LOSS_SPIKE], ids=lambda r: r.name)


def fired(events: tuple[Event, ...], rules, thresholds: Thresholds | None = None) -> list[str]:
    context, t = Context(), thresholds or Thresholds()
    return [alert.rule for e in events for alert in examine(e, context, tuple(rules), t)]


def lawful(rule: Rule) -> bool:
    return rule.name in fired(rule.fires_on, [rule]) and not fired(rule.quiet_on, [rule])


@every_rule
def test_a_rule_fires_on_its_witness_and_is_quiet_on_the_other(rule):
    assert lawful(rule)


@every_rule
def test_the_law_has_a_tooth(rule):
    assert not lawful(replace(rule, fires_on=rule.quiet_on, quiet_on=rule.fires_on))
    assert not lawful(replace(rule, when=lambda *_: None))


@every_rule
def test_the_quiet_witness_is_quiet_for_all_rules(rule):
    alarms = [r for r in RULES.values() if r.severity != "info"]
    assert fired(rule.quiet_on, [*alarms, rule]) == []


@every_rule
def test_a_row_is_complete(rule):
    assert rule.severity in SEVERITIES
    assert rule.diagnosis.endswith(".")
    assert rule.advice
    assert set(rule.explains) <= set(RULES) - {rule.name}
    (alert, *_) = [
        a
        for context in [Context()]
        for e in rule.fires_on
        for a in examine(e, context, [rule], Thresholds())
    ]
    assert "{" not in alert.message
    assert all(isinstance(v, (int, float)) for v in alert.evidence.values())
    assert alert.evidence


def test_every_documented_rule_is_there():
    assert set(RULES) >= DOCUMENTED
    assert {r.name for r in FRONT_RULES} >= DOCUMENTED


def test_half_the_zeros_of_a_relu_are_no_death():
    assert fired(start() + seen("forward", zero_pct=75.0, dead_pct=20.0), RULES.values()) == []


def test_one_batch_alone_never_fires_a_layer_rule():
    once = start() + seen("forward", (8.0,), dead_pct=100.0, saturated_pct=100.0)
    spike = start() + together(losses(*[1.0] * 21), seen("gradient", (0.1,) * 20 + (50.0,)))
    assert fired(once + spike, RULES.values()) == []


def test_the_output_layer_may_be_sure_and_may_be_silent():
    sure = seen("forward", layer="dense_1", activation="sigmoid", saturated_pct=99.0)
    silent = seen("forward", layer="dense_1", activation="relu", dead_pct=99.0)
    assert fired(start() + sure + silent, RULES.values()) == []


def test_saturation_is_forgiven_where_the_loss_has_fallen():
    saturated = seen("forward", activation="tanh", saturated_pct=80.0)
    assert "activation_saturation" in fired(start() + saturated, RULES.values())
    learned = losses(*(1.0 * 0.8**i for i in range(20)))
    assert fired(start() + learned + saturated, RULES.values()) == []


def test_without_a_baseline_nobody_knows_the_trivial():
    flat = epochs(loss=[0.71, 0.70, 0.72, 0.7, 0.71])
    assert fired(start() + flat, RULES.values()) == []
    known = start(baseline={"trivial_loss": 1.0, "majority": 0.5})
    assert fired(known + flat, RULES.values()) == []
    assert "no_better_than_trivial" in fired(
        start(baseline={"trivial_loss": 0.71}) + flat, RULES.values()
    )


def test_a_good_accuracy_beats_a_bad_loss():
    known = start(baseline={"trivial_loss": 0.69, "majority": 0.5})
    flat = {"loss": [0.71, 0.70, 0.72]}
    assert fired(known + epochs(**flat, accuracy=[0.5, 0.7, 0.7]), RULES.values()) == []
    assert fired(known + epochs(**flat, accuracy=[0.5, 0.5, 0.55]), RULES.values()) != []


def test_a_run_that_stops_early_is_still_compared_with_the_trivial():
    known = start(epochs=100, baseline={"trivial_loss": 0.69})
    early = epochs(loss=[0.7, 0.7, 0.71])
    end = TrainEnd(reason="early_stopping", epochs=3, step=30, seconds=1.0)
    assert fired(known + early, RULES.values()) == []
    assert fired((*known, *early, end), RULES.values()) == ["no_better_than_trivial"]


def test_a_loss_that_came_back_up_has_diverged():
    falling, back = [1.0, 0.5, 0.2, 0.1], [0.8, 0.9]
    assert fired(start() + epochs(loss=falling + back), RULES.values()) == ["loss_divergence"]
    assert fired(start() + epochs(loss=[*falling, 0.8, 0.1]), RULES.values()) == []


def test_a_fast_divergence_is_named_before_the_nan():
    fast = losses(1.0, 50.0, 3e3, 2e5, 1e7, float("inf"))
    assert fired(start() + fast, RULES.values())[0] == "loss_divergence"
    assert fired(start() + losses(1.0, 50.0, 3e3, 2e3, 1.0), RULES.values()) == []


def test_a_bad_validation_loss_is_no_overfitting_while_it_falls():
    curves = {"loss": [0.5, 0.3, 0.2, 0.1, 0.05], "val_loss": [1.5, 1.3, 1.2, 1.1, 1.0]}
    assert fired(start() + epochs(**curves), RULES.values()) == []


def test_a_classifier_that_is_only_too_sure_does_not_overfit():
    rule = RULES["overfitting"]
    for val_accuracy, expected in ((0.97, []), (0.8, ["overfitting"])):
        known = {"accuracy": 1.0, "val_accuracy": val_accuracy}
        events = [
            replace(e, metrics={**e.metrics, **known}) if isinstance(e, EpochEnd) else e
            for e in rule.fires_on
        ]
        assert sorted(set(fired(tuple(events), [rule]))) == expected


def test_the_trivial_waits_for_a_slow_start_but_not_for_ever():
    known = start(epochs=10, baseline={"trivial_loss": 1.0})
    slow = epochs(loss=[1.3, 1.2, 1.1, 1.0, 0.97, 0.95, 0.93, 0.92, 0.91, 0.8])
    stuck = epochs(loss=[1.3, 1.2, 1.1, 1.0, 0.99, 0.98, 0.97, 0.96, 0.95, 0.94])
    assert fired(known + slow, RULES.values()) == []
    assert fired(known + stuck, RULES.values()) == ["no_better_than_trivial"]


def test_an_alert_can_be_recomputed_from_the_events_alone():
    events = start() + seen("forward", dead_pct=95.0)
    assert fired(events, RULES.values()) == fired(tuple(events), RULES.values()) != []


def test_epochs_without_validation_are_fine():
    assert isinstance(epochs(loss=[1.0])[0], EpochEnd)
    assert fired(start() + epochs(loss=[1.0, 0.9, 0.8, 0.7, 0.6]), RULES.values()) == []


def test_short_steps_are_no_fault_where_the_loss_is_low_or_no_guess_is_known():
    rule = RULES["short_reach"]
    (begun, *rest) = rule.fires_on
    assert isinstance(begun, TrainStart)
    assert set(fired((begun, *rest), [rule])) == {"short_reach"}
    assert fired((replace(begun, run={}), *rest), [rule]) == []
    both = (seen("weight", (5.0,) * 12, at=10), seen("update", (3e-2,) * 12, at=10))
    assert fired((begun, rest[0], *together(*both)), [rule]) == []
