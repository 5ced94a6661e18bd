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
    UNCERTAIN,
    UNTRIED,
    WORSE,
    Again,
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


def again(verdict):
    return Again(seed=1, updates=40, before=2.0, after=0.7, verdict=verdict, why="so")


def test_a_second_try_is_told_with_how_often_it_helped():
    sure = trial(HELPED, again=(again(HELPED),))
    assert sure.lines[-2:] == (
        "again    with seed 1: helped, so  (loss 2 → 0.7)",
        "verdict  helped: so; it helped in 2 of 2 tries",
    )
    unsure = trial(UNCERTAIN, again=(again(NO_HELP),))
    assert unsure.lines[-1] == "verdict  not certain: so; it helped in 1 of 2 tries"
    assert proof(trial(NO_HELP), unsure).verdict == UNCERTAIN
    assert proof(unsure, trial(HELPED)).verdict == HELPED
    told = json.loads(json.dumps(unsure.to_dict()))
    assert (told["helped"], told["tries"]) == (1, 2)
    assert told["again"][0]["seed"] == 1
    assert trial(NO_HELP).tries == (0, 1)


def test_the_proof_tells_what_was_played_and_what_was_left():
    known = {"trials": (trial(HELPED),), "untried": (), "updates": 64, "run_updates": 400}
    long = Proof(**known, seconds=0.4, run_seconds=2.0, allowed=0.5, runs=2, played=80,
                 left=("weight decay",))  # fmt: skip
    assert "short runs of up to 64 updates" in long.method
    assert long.took == "took 0.4 s, 20% of the run's 2 s"
    assert long.untried_lines == ("not tried, the time is spent: weight decay",)
    told = json.loads(json.dumps(long.to_dict()))
    wanted = {"runs": 2, "played": 80, "allowed": 0.5, "left": ["weight decay"], "updates": 64}
    assert wanted.items() <= told.items()
    short = Proof(**known, seconds=0.04, run_seconds=0.1, allowed=0.05)
    assert short.took == "took 0.04 s, 40% of the run's 0.1 s: so short a run is given 0.05 s"
    slow = Proof(**known, seconds=0.9, run_seconds=2.0, allowed=0.5)
    assert slow.took.endswith("more than the 0.5 s allowed: less would say nothing")


def test_alerts_say_where_nobody_looked_at_the_layers():
    assert "layers were not looked at" in trial(HELPED).lines[2]
    seen = outcome(2.0, looks=4)
    assert "not looked at" not in trial(HELPED, before=seen).lines[2]


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
