"""A proposed change is tried against a run that differs in nothing else."""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from neurogebra.builders import allowance, side_by_side, trials
from neurogebra.builders.alter import Beginning, altered
from neurogebra.builders.judge import is_plain, judge
from neurogebra.builders.prove import prove
from neurogebra.builders.short_run import ShortRun
from neurogebra.layers import LSTM, Dense
from neurogebra.observatory.diagnosis import Cause, Diagnosis
from neurogebra.observatory.remedy import (
    FLOOR,
    HELPED,
    NO_HELP,
    NOT_TRIED,
    SHARE,
    UNCERTAIN,
    WORSE,
    Change,
    Outcome,
)
from neurogebra.spec import Group, ModelSpec, RunSpec
from neurogebra.training.data import prepare
from neurogebra.training.session import Session

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
WANTED = 0.75


def begun(seed=0, layers=None, rows=200, classes=True, **run):
    rng = np.random.default_rng([seed, 7])
    x = rng.normal(size=(rows, 4))
    score = x[:, 0] + x[:, 1]
    y = (score > 0).astype(int) if classes else score
    layers = layers or (Dense(8, "tanh"), Dense(1, "sigmoid" if classes else "linear"))
    model = ModelSpec("m", (4,), tuple(layers))
    loss = "binary_crossentropy" if classes else "mse"
    described = RunSpec(**{"loss": loss, "epochs": 20, "seed": seed, **run})
    teach, checks = (prepare(model, described, x[s], y[s]) for s in (slice(50, None), slice(50)))
    return Beginning(model, described, teach, checks)


def found(*causes):
    named = tuple(
        Cause(name=n, text="", confidence=0.9, change="", evidence=(), rules=()) for n in causes
    )
    return Diagnosis(status="unhealthy", causes=named)


def change(field, value=None, factor=None):
    return Change(field=field, value=value, factor=factor)


def outcome(loss, **more):
    known = {"updates": 40, "rows": 400, "unseen": True, "first": 1.0, "skill": None,
             "accuracy": None, "alerts": (), "diverged": False, "seconds": 0.1}  # fmt: skip
    return Outcome(**{**known, **more}, loss=loss)


def test_most_faults_of_the_benchmark_are_helped():
    sys.path.insert(0, str(BENCHMARKS))
    try:
        import remedies
    finally:
        sys.path.remove(str(BENCHMARKS))
    tried = {}
    for name, fault, beginning in list(remedies.ours(0, rows=400))[::2]:
        session = Session(beginning.model, beginning.run, beginning.data, beginning.checks)
        tried[name] = remedies.attempt(name, fault, beginning, session)
    assert sum(t.helped for t in tried.values()) >= WANTED * len(tried), [
        name for name, t in tried.items() if not t.helped
    ]
    for name in ("rate too low (adam)", "inputs unscaled", "mae on classes"):
        assert tried[name].helped, name


def shortly(begun, updates):
    run = ShortRun(begun, listens=True)
    run.play(updates)
    run.mark()
    return run.outcome(updates, examined=True)


class Clock:
    """Tells what updates and beginnings would take: seconds that no machine disturbs."""

    def __init__(self, monkeypatch, each=1e-3, fixed=5e-3, noise=0.0, slow=lambda session: 1.0):
        self.now, self.fixed, self.steps = 0.0, fixed, 0
        noises = np.random.default_rng(0).uniform(1 - noise, 1 + noise, 1 << 16).tolist()
        step, start = Session.step, Session.__init__

        def stepped(session, *a, **kw):
            self.steps += 1
            self.now += each * slow(session) * noises[self.steps]
            return step(session, *a, **kw)

        def started(session, *a, **kw):
            self.now += fixed
            start(session, *a, **kw)

        monkeypatch.setattr(Session, "step", stepped)
        monkeypatch.setattr(Session, "__init__", started)

    def __call__(self):
        return self.now


def slow_learner(**run):
    return begun(epochs=400, learning_rate=1e-6, **run)


def test_the_run_without_a_change_is_the_beginning_of_the_run_itself():
    b = begun()
    session = Session(b.model, b.run, b.data)
    batches = [batch for epoch in range(3) for batch in b.data.epoch(epoch, b.run)]
    for batch in batches[:12]:
        session.step(batch)
    assert shortly(b, 12).loss == session.evaluate(b.checks)["loss"]
    assert shortly(b, 12).updates == 12


def test_a_short_run_that_stops_on_its_way_goes_on_to_the_same_bits():
    stopped = ShortRun(begun(), listens=True)
    stopped.looks = frozenset((2, 9))
    for n in (1, 5, 12):
        stopped.play(n)
        stopped.mark()
    assert sorted(stopped.marks) == [0, 1, 5, 12]
    assert stopped.outcome(12).loss == shortly(begun(), 12).loss
    assert stopped.outcome(11).updates == 5, "the latest checkpoint before"
    assert stopped.outcome(12, examined=True).looks == 2


def test_what_changes_nothing_is_not_said_to_help(monkeypatch):
    monkeypatch.setattr(trials, "altered", lambda b, c: (b, "nothing at all"))
    (trial,) = prove(begun(), found("learning_rate_too_low"), 100, 1.0).trials
    assert trial.verdict == NO_HELP
    assert trial.before.loss == trial.after.loss


def test_the_first_change_that_helps_ends_the_trials(monkeypatch):
    clock = Clock(monkeypatch)
    b = begun(learning_rate=1e-6)
    proof = prove(b, found("learning_rate_too_low"), 100, 1.0, clock=clock)
    assert [t.verdict for t in proof.trials] == [NO_HELP, HELPED]
    assert [t.made for t in proof.trials] == [
        f"learning rate 1e-06 → {rate}" for rate in ("1e-05", "0.0001")
    ]
    assert proof.runs == len(proof.trials) + 1, "that without a change is played once"
    harmful = prove(begun(learning_rate=0.02), found("learning_rate_too_high"), 100, 1.0)
    assert harmful.trials[0].verdict == WORSE
    assert harmful.verdict != HELPED


def test_several_changes_are_tried_together_where_none_helps_by_itself(monkeypatch):
    b = begun(learning_rate=0.02)
    monkeypatch.setattr(side_by_side, "judge", lambda *a, **kw: (NO_HELP, "said so"))
    causes = found("learning_rate_too_low", "vanishing_gradient")
    proof = prove(b, causes, 100, 9.0, clock=Clock(monkeypatch))
    last = proof.trials[-1]
    assert [c.field for c in last.changes] == ["learning_rate", "activation"]
    assert last.cause == "learning_rate_too_low, vanishing_gradient"
    assert len(proof.trials) == 4
    assert not proof.left


def test_causes_without_a_change_are_named_with_the_reason():
    proof = prove(begun(), found("overfitting", "learning_rate_schedule_bug"), 100, 1.0)
    assert not proof.trials
    assert proof.verdict == NOT_TRIED
    assert proof.untried[0].startswith("overfitting (it shows only late")
    assert "no change of this run" in proof.untried[1]


def test_from_broken_weights_nothing_is_tried():
    b = begun()
    bad = replace(b, weights={n: a * np.nan for n, a in b.model.init(0).items()})
    proof = prove(bad, found("learning_rate_too_high"), 100, 1.0)
    assert not proof.trials
    assert "make the model anew" in proof.lines[0]


def test_a_change_that_the_library_refuses_is_told_with_its_sentence(monkeypatch):
    def refuse(b, c):
        return replace(b, run=replace(b.run, learning_rate=-1.0)), ""

    monkeypatch.setattr(trials, "altered", refuse)
    refused = prove(begun(), found("learning_rate_too_low"), 100, 1.0).trials
    assert {t.verdict for t in refused} == {NOT_TRIED}
    assert "learning_rate" in refused[0].why
    assert refused[0].made == "shuffling: on", "the change in words, not the refusal"


@pytest.mark.parametrize("each", [1e-4, 1e-3, 4e-3])
@pytest.mark.parametrize("fixed", [1e-3, 2e-2])
def test_all_that_is_tried_takes_no_more_than_a_quarter(monkeypatch, each, fixed):
    clock, b = Clock(monkeypatch, each, fixed), slow_learner()
    seconds = b.updates * each
    proof = prove(b, found("learning_rate_too_low"), b.updates, seconds, clock=clock)
    assert proof.allowed == max(SHARE * seconds, FLOOR)
    assert proof.seconds == clock.now <= proof.allowed
    assert proof.runs * fixed + proof.played * each == pytest.approx(clock.now)
    assert proof.verdict == HELPED or proof.left


def test_without_the_plan_the_time_would_be_exceeded(monkeypatch):
    clock = Clock(monkeypatch)
    monkeypatch.setattr(allowance, "PLANNED", 8.0)
    monkeypatch.setattr(allowance.Watch, "fits", lambda watch, seconds: True)
    proof = prove(slow_learner(), found("learning_rate_too_low"), 600, 0.6, clock=clock)
    assert proof.seconds > proof.allowed, "a planted fault: the test above can fail"


def test_a_change_that_makes_updates_slow_is_left_at_a_checkpoint(monkeypatch):
    clock = Clock(monkeypatch, slow=lambda s: 10.0 if s.model.layers[0].units > 8 else 1.0)
    proof = prove(slow_learner(), found("underfitting"), 2000, 2.0, clock=clock)
    (trial,) = proof.trials
    assert 0 < trial.before.updates < proof.updates
    assert proof.seconds <= proof.allowed


def test_clock_noise_changes_nothing_and_a_faster_machine_plays_more(monkeypatch):
    def proven(**clock):
        with monkeypatch.context() as patch:
            patch_clock = Clock(patch, **clock)
            return prove(slow_learner(), found("learning_rate_too_low"), 700, 0.7,
                         clock=patch_clock)  # fmt: skip

    still = proven()
    for noise in (0.02, 0.05):
        noisy = proven(noise=noise)
        assert (noisy.updates, noisy.runs, noisy.played) == (
            still.updates, still.runs, still.played)  # fmt: skip
        assert [t.verdict for t in noisy.trials] == [t.verdict for t in still.trials]
        assert [t.after.loss for t in noisy.trials] == [t.after.loss for t in still.trials]
    assert proven(each=2.5e-4).updates > still.updates


def test_a_tiny_run_is_given_the_floor_and_says_so(monkeypatch):
    b = slow_learner()
    proof = prove(b, found("learning_rate_too_low"), b.updates, 0.04, clock=Clock(monkeypatch))
    assert proof.allowed == FLOOR
    assert SHARE * 0.04 < proof.seconds <= FLOOR
    assert "so short a run is given 0.05 s" in proof.took
    died = prove(b, found("learning_rate_too_high"), 3, 0.04, clock=Clock(monkeypatch))
    assert died.allowed == allowance.BROKEN_OFF, "its length tells nothing"


def test_a_run_whose_fewest_updates_take_too_long_is_not_tried(monkeypatch):
    b = begun(epochs=8)
    proof = prove(b, found("learning_rate_too_low"), b.updates, 20.0,
                  clock=Clock(monkeypatch, each=0.5))  # fmt: skip
    (trial,) = proof.trials
    assert trial.verdict == NOT_TRIED
    said = "too short: 16 updates with and without it would take 14 s, and 5 s are allowed"
    assert trial.why == said
    assert proof.played == allowance.FIRST
    assert proof.lines[0] == f"{NOT_TRIED}: the time does not allow even the shortest runs"


def test_the_fewest_updates_are_played_where_they_take_little(monkeypatch):
    b = begun(epochs=8, learning_rate=1e-9)
    proof = prove(b, found("learning_rate_too_low"), b.updates, 1.0,
                  clock=Clock(monkeypatch, each=0.04))  # fmt: skip
    assert [t.after.updates for t in proof.trials] == [allowance.LEAST]
    assert "more than the 0.25 s allowed" in proof.took
    assert proof.left == ("learning rate 1e-09 → 1e-07",)
    assert proof.lines[-1].startswith("not tried, the time is spent: learning rate")


def test_what_helps_is_tried_with_another_seed(monkeypatch):
    b = begun(learning_rate=1e-5, epochs=400)
    proof = prove(b, found("learning_rate_too_low"), 2000, 2.0, clock=Clock(monkeypatch))
    trial = proof.trials[-1]
    (again,) = trial.again
    assert (again.seed, again.verdict) == (1, HELPED)
    assert again.before != trial.before.loss
    assert again.updates == trial.after.updates, "as long"
    assert trial.tries == (2, 2)
    other = replace(b, run=replace(b.run, seed=1, learning_rate=1e-5))
    assert again.before == shortly(other, again.updates).loss
    assert proof.runs == 2 + len(proof.trials) + 1


def test_what_helps_on_one_seed_only_is_not_certain(monkeypatch):
    said = iter([HELPED, *[NO_HELP] * 9])
    real = trials.compared

    def compared(*runs, **more):
        return real(*runs, **more)._replace(verdict=next(said), why="so")

    monkeypatch.setattr(trials, "compared", compared)
    proof = prove(slow_learner(), found("learning_rate_too_low"), 2000, 9.0,
                  clock=Clock(monkeypatch))  # fmt: skip
    first, *others = proof.trials
    assert first.verdict == UNCERTAIN == proof.verdict
    assert first.tries == (1, 2)
    assert others, "and the next change is tried"
    assert "not certain: so; it helped in 1 of 2 tries" in first.lines[-1]


def test_no_second_try_where_another_seed_would_change_nothing(monkeypatch):
    b = begun(learning_rate=1e-5, epochs=400, shuffle=False)
    given = replace(b, weights=b.model.init(0))
    causes, clock = found("learning_rate_too_low"), Clock(monkeypatch)
    last = prove(given, causes, 2000, 2.0, clock=clock).trials[-1]
    assert last.verdict == HELPED
    assert last.again == ()


def test_a_trial_ends_where_two_checkpoints_in_a_row_say_it_plainly(monkeypatch):
    b = begun(learning_rate=1e-5, epochs=2000, optimizer="sgd")
    monkeypatch.setattr(trials, "altered", lambda b, c: (
        replace(b, run=replace(b.run, learning_rate=1.0)), "faster"))  # fmt: skip
    proof = prove(b, found("learning_rate_too_low"), 9000, 9.0, clock=Clock(monkeypatch))
    assert proof.verdict == HELPED
    assert proof.trials[-1].before.updates <= proof.updates // 4
    assert "up to" in proof.method
    assert is_plain(outcome(1.0), outcome(0.5), same_unit=True)
    assert not is_plain(outcome(1.0), outcome(0.9), same_unit=True)
    assert not is_plain(outcome(math.nan, diverged=True), outcome(2.0), same_unit=True)


def test_another_batch_size_is_compared_on_the_same_rows(monkeypatch):
    b = begun(batch_size=1, learning_rate=0.3, optimizer="adam")
    (trial,) = prove(b, found("wrong_batch_size"), 400, 1.0, clock=Clock(monkeypatch)).trials
    assert trial.before.updates == 32 * trial.after.updates
    assert any("updates" in line for line in trial.lines)


def test_patience_and_schedules_of_the_run_do_not_disturb_a_trial():
    b = begun(patience=1, restore_best=True, monitor="val_accuracy",
              schedule="cosine_annealing", epochs=4)  # fmt: skip
    assert shortly(b, 15).updates == 15


def test_accumulated_batches_are_played_whole(monkeypatch):
    b = begun(accumulate=4, epochs=400, learning_rate=1e-6)
    proof = prove(b, found("learning_rate_too_low"), 2000, 2.0, clock=Clock(monkeypatch))
    assert {t.before.updates % 4 for t in proof.trials} == {0}


@pytest.mark.parametrize(
    ("before", "after", "same", "verdict"),
    [
        (outcome(1.0), outcome(0.5), True, HELPED),
        (outcome(0.5), outcome(1.0), True, WORSE),
        (outcome(2.0, first=2.01), outcome(2.4, first=3.0), True, NO_HELP),  # it fell faster
        (outcome(0.5), outcome(0.49), True, NO_HELP),
        (outcome(0.999), outcome(0.99), True, HELPED),  # it fell ten times as far
        (outcome(1e30), outcome(1e10), True, NO_HELP),  # both are worse than at first
        (outcome(math.nan, diverged=True), outcome(0.5), True, HELPED),
        (outcome(math.nan, diverged=True), outcome(5.0), True, NO_HELP),
        (outcome(math.nan, diverged=True), outcome(math.nan, diverged=True), True, NO_HELP),
        (outcome(0.5), outcome(math.nan, diverged=True), True, WORSE),
        (outcome(1.0, accuracy=0.9), outcome(0.5, accuracy=0.6), True, NO_HELP),
        (outcome(0.3, accuracy=0.5), outcome(0.6, accuracy=0.9), False, HELPED),
        (outcome(0.3, accuracy=0.9), outcome(0.6, accuracy=0.5), False, WORSE),
        (outcome(9.0, skill=0.0), outcome(0.5, skill=0.5), False, HELPED),
        (outcome(9.0, skill=-1e9), outcome(0.9, skill=-1e3), False, NO_HELP),
        (outcome(9.0), outcome(0.5), False, NO_HELP),
    ],
)
def test_the_verdict(before, after, same, verdict):
    assert judge(before, after, same_unit=same)[0] == verdict


PLAIN = begun()
WIDE = replace(PLAIN, data=replace(PLAIN.data, x=PLAIN.data.x * 1e3 + 5), checks=PLAIN.data)


@pytest.mark.parametrize(
    ("start", "wanted", "made"),
    [
        (begun(learning_rate=0.5), change("learning_rate", factor=0.1), "0.5 → 0.05"),
        (begun(learning_rate=0.5), change("learning_rate", "own"), "0.5 → 0.001"),
        (begun(learning_rate=1e-5), change("learning_rate", "at most own"), None),
        (begun(learning_rate=1e308), change("learning_rate", factor=10.0), None),
        (begun(), change("shuffle", value=True), None),
        (begun(shuffle=False), change("shuffle", value=True), "off → on"),
        (begun(), change("clip_norm", 1.0), "0 → 1"),
        (begun(clip_norm=0.5), change("clip_norm", 1.0), None),
        (begun(clip_norm=0.5, clip_value=0.1), change("clip_norm", 0.0), "no limit"),
        (begun(batch_size=1), change("batch_size", 32.0), "1 → 32"),
        (begun(), change("weight_decay", factor=0.01), None),
        (begun(), change("schedule", "none"), None),
        (begun(schedule="cosine_annealing"), change("schedule", "none"), "no cosine_annealing"),
        (begun(groups=(Group("*", trainable=False),)), change("groups", "trained"), "are trained"),
        (begun(), change("inputs", "standardised"), None),
        (WIDE, change("inputs", "standardised"), "inputs standardised"),
        (begun(classes=False, rows=60), change("output", "fitting"), None),
        (begun(), change("output", "fitting"), None),
        (begun(layers=(Dense(1, "sigmoid"),), loss="mae"), change("output", "fitting"), "loss mae"),
        (begun(layers=(Dense(1, "sigmoid"),), loss="hinge"), change("output", "fitting"), "hinge"),
        (begun(), change("initializer", "fitting"), None),
        (begun(layers=(Dense(4, "tanh", initializer="ones"), Dense(1, "sigmoid"))),
         change("initializer", "fitting"), "glorot_normal"),
        (begun(), change("activation", "relu"), "→ relu"),
        (begun(), change("activation", "leaky_relu"), None),
        (begun(), change("units", factor=4.0), "4 times"),
    ],
)  # fmt: skip
def test_a_change_is_made_or_passed_over(start, wanted, made):
    result = altered(start, wanted)
    assert (result is None) == (made is None)
    if result is not None and made is not None:
        assert made in result[1]
        assert altered(result[0], wanted) is None or wanted.factor, "made once, it is made"


def test_scaled_rows_have_the_moments_of_those_that_teach_and_the_run_keeps_its_own():
    before = WIDE.data.x.copy()
    made = altered(WIDE, change("inputs", "standardised"))
    assert np.abs(made[0].data.x.mean(0)).max() < 1e-3
    assert np.allclose(made[0].data.x.std(0), 1, atol=1e-3)
    assert np.abs(made[0].checks.x).max() < 0.2, "scaled like the others, not by itself"
    assert made[0].data.x.dtype == before.dtype
    assert np.array_equal(WIDE.data.x, before)


def test_targets_are_standardised_behind_a_linear_output_only():
    b = begun(classes=False)
    far = replace(b, data=replace(b.data, y={"output": b.data.y["output"] * 500 + 9}))
    made = altered(far, change("targets", "standardised"))
    assert abs(float(made[0].data.y["output"].std()) - 1) < 1e-3
    assert altered(begun(), change("targets", "standardised")) is None


def test_gates_of_recurrent_layers_keep_their_activation():
    model = ModelSpec("m", (5, 4), (LSTM(3), Dense(1, "sigmoid")))
    x = np.zeros((9, 5, 4))
    b = Beginning(model, begun().run, prepare(model, begun().run, x, np.zeros(9)))
    assert altered(b, change("activation", "relu")) is None


def test_first_weights_that_were_given_are_drawn_anew():
    b = begun()
    given = replace(b, weights={n: a * 50 for n, a in b.model.init(0).items()})
    made = altered(given, change("initializer", "fitting"))
    assert made[0].weights is None
    assert altered(given, change("learning_rate", factor=0.1))[0].weights is given.weights
