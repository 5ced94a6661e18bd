"""The table of remedies: every name is known, every cause has an answer, numbers are used."""

from __future__ import annotations

import json

import pytest

from neurogebra.builders.alter import _MAKERS
from neurogebra.observatory.diagnosis import KINDS, Cause, Diagnosis
from neurogebra.observatory.remedy import (
    _FIELDS,
    HELPED,
    NO_HELP,
    NOT_TRIED,
    NOTHING,
    REMEDIES,
    UNTRIED,
    WORSE,
    Change,
    Outcome,
    Proof,
    Trial,
    proposed,
)
from neurogebra.observatory.rules import RULES


def outcome(loss, alerts=(), **more):
    known = {"updates": 40, "rows": 30, "unseen": True, "first": 1.0, "skill": None}
    given = {"accuracy": None, "diverged": False, "seconds": 0.1, **more}
    return Outcome(**known, **given, loss=loss, alerts=alerts)


def trial(verdict, **more):
    change = Change(field="learning_rate", factor=0.1)
    before = outcome(2.0, ("a", "b"), accuracy=0.25)
    after = outcome(0.5, ("b", "c"), accuracy=0.75)
    given = {"before": before, "after": after, **more}
    return Trial(cause="x", changes=(change,), made="rate", verdict=verdict, why="so", **given)


def proof(*trials, untried=()):
    return Proof(trials=trials, untried=untried, updates=40, seconds=0.5,
                 run_updates=400, run_seconds=2.0)  # fmt: skip


def rates(seen, name="learning_rate_too_low", rule=""):
    return [c for c in proposed(name, (rule,), seen) if c.field == "learning_rate"]


def test_the_table_speaks_of_causes_and_rules_that_exist():
    assert {*REMEDIES, *UNTRIED} <= {*KINDS, *RULES}


def test_each_cause_has_a_change_or_a_reason_why_none_is_tried():
    assert set(KINDS) <= {*REMEDIES, *UNTRIED}


def test_each_change_can_be_made_and_named():
    changes = {c for row in REMEDIES.values() for c in row}
    assert {c.field for c in changes} <= _MAKERS.keys() & _FIELDS.keys()
    assert all((c.value is None) != (c.factor is None) and c.text for c in changes)
    assert json.loads(json.dumps([c.to_dict() for c in changes]))


@pytest.mark.parametrize(
    ("name", "rule", "ratio", "factor"),
    [
        ("learning_rate_too_low", "update_too_small", 3e-6, 1e3),
        ("learning_rate_too_low", "update_too_small", 2e-3, 10.0),
        ("learning_rate_too_low", "update_too_small", 1e-20, 1e4),
        ("learning_rate_too_high", "update_too_large", 0.3, 0.01),
        ("learning_rate_too_high", "update_too_large", 1e9, 1e-4),
    ],
)
def test_the_factor_on_the_rate_follows_from_what_was_measured(name, rule, ratio, factor):
    found = rates({f"{rule}.ratio": ratio}, name, rule)
    assert found[0].factor == pytest.approx(factor)


def test_without_a_measured_ratio_the_table_speaks():
    assert rates({})[0].factor == 10.0
    assert rates({"update_too_small.ratio": 0.0})[0].factor == 10.0
    assert proposed("never heard of", (), {}) == ()


def test_rules_add_their_changes_after_those_of_the_cause_and_none_comes_twice():
    found = proposed("dying_relu", ("bad_first_loss",), {})
    assert found[: len(REMEDIES["dying_relu"])] == REMEDIES["dying_relu"]
    assert len(set(found)) == len(found)
    assert found[-1].field == "targets"


def test_a_proof_is_as_good_as_its_best_trial():
    assert proof(trial(WORSE), trial(HELPED)).verdict == HELPED
    assert proof(trial(WORSE), trial(NO_HELP)).verdict == NO_HELP
    assert proof(trial(WORSE)).verdict == WORSE
    assert proof(untried=("x (y)",)).verdict == NOT_TRIED
    assert proof().verdict == NOTHING
    assert proof(trial(HELPED)).time_share == 0.25


def test_the_lines_tell_scores_alerts_verdict_and_time():
    text = "\n".join(proof(trial(HELPED), untried=("y (why)",)).lines)
    for said in (
        "helped: short runs of 40 updates",
        "loss 2 → 0.5, accuracy 0.250 → 0.750",
        "2 → 2; gone: a; new: c",
        "verdict  helped: so",
        "took 0.5 s, 25% of the run's 2 s",
        "cannot be tried automatically: y (why)",
    ):
        assert said in text
    assert proof().lines == ("there is nothing to try",)


def test_a_change_that_cannot_be_made_has_no_scores():
    assert trial(NOT_TRIED, after=None).lines == ("tried    rate  (for x)", "verdict  "
                                                  "cannot be tried: so")  # fmt: skip


def test_a_diagnosis_carries_its_changes_and_its_proof():
    cause = Cause(
        name="learning_rate_too_low", text="t", confidence=0.9, change="c", evidence=(), rules=()
    )
    plain = Diagnosis(status="unhealthy", causes=(cause,))
    assert plain.to_dict()["causes"][0]["changes"][1] == {"field": "learning_rate", "factor": 10.0}
    assert "proof" not in plain.to_dict()
    proven = Diagnosis(status="unhealthy", causes=(cause,), proof=proof(trial(HELPED)))
    assert json.loads(json.dumps(proven.to_dict()))["proof"]["verdict"] == HELPED
    assert str(proven) == proven.text
    assert "verdict  helped" in str(proven)
