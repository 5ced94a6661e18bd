"""`model.diagnose()`: of the last fit, of data before one, and with its proposals tried."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from neurogebra.builders import diagnosing, last_fit
from neurogebra.builders.model_builder import ModelBuilder
from neurogebra.errors import DataError, NotReady
from neurogebra.observatory.presets import LogConfig

builder = ModelBuilder()
rng = np.random.default_rng(5)
X = rng.normal(size=(240, 6))
y = (X[:, 0] - X[:, 1] > 0).astype(int)


def model(rate=0.01, **watched):
    made = builder.Sequential([builder.Dense(8, "tanh"), builder.Dense(1, "sigmoid")], name="d")
    made.compile(loss="binary_crossentropy", learning_rate=rate, **watched)
    return made


def fitted(rate=0.01, *, data=(X, y), **fit):
    made = model(rate)
    made.fit(*data, **{"epochs": 30, "verbose": False, "seed": 0, **fit})
    return made


@pytest.fixture(scope="module")
def slow():
    return fitted(1e-6)


def test_a_sound_fit_is_healthy():
    assert fitted().diagnose().status == "healthy"


def test_a_fit_that_nobody_watched_is_judged_like_one_that_was(slow, capsys):
    seen = fitted(1e-6, verbose=True)
    assert capsys.readouterr().out
    silent = slow.diagnose()
    assert [c.name for c in silent.causes] == ["learning_rate_too_low"]
    assert [c.name for c in seen.diagnose().causes] == ["learning_rate_too_low"]
    assert "update" in silent.causes[0].evidence[0].lower()
    assert "change" in str(silent)


def test_diagnosing_changes_nothing_and_can_be_repeated(slow):
    before, seed = slow.predict(X), slow.seed
    first = slow.diagnose(prove_fix=True)
    assert np.array_equal(slow.predict(X), before)
    assert slow.seed == seed
    assert first.proof.verdict == "helped"
    again = slow.diagnose(prove_fix=True).proof
    assert again.verdict == "helped"
    for one, other in zip(first.proof.trials, again.trials, strict=False):
        assert one.made == other.made
        assert one.before.first == other.before.first
        if one.after.updates == other.after.updates:  # the clock says how many there are
            assert one.after.loss == other.after.loss
    go_on, other = fitted(1e-6), fitted(1e-6)
    other.diagnose(prove_fix=True)
    go_on.fit(X, y, epochs=2, verbose=False, seed=3)
    other.fit(X, y, epochs=2, verbose=False, seed=3)
    assert np.array_equal(go_on.predict(X), other.predict(X)), "nor what is trained afterwards"


def test_of_a_long_fit_that_nobody_watched_the_epochs_are_known(monkeypatch):
    monkeypatch.setattr(last_fit, "PATIENCE", 0.0)
    found = fitted(1e-6).diagnose()
    assert found.findings
    assert "nobody watched" in found.why


def test_a_silent_fit_is_looked_at_once_it_has_become_long(monkeypatch):
    monkeypatch.setattr(last_fit, "PATIENCE", -1.0)
    found = fitted(1e-6, epochs=60).diagnose()
    assert [c.name for c in found.causes] == ["learning_rate_too_low"]
    assert any(a.layer for a in found.findings), "a layer was seen"


def test_data_are_judged_before_any_fit():
    found = model().diagnose(X * 1e5, y)
    assert [c.name for c in found.causes] == ["missing_normalization"]
    sound = model().diagnose(X, y)
    assert sound.status == "not enough evidence"
    assert "look sound" in sound.why
    with pytest.raises(DataError):
        model().diagnose(np.full((9, 6), np.nan), np.zeros(9))


def test_judging_data_settles_nothing_of_the_model():
    made = model()
    made.diagnose(X, y)
    assert made.seed is None
    made.fit(X[:, :3], y, epochs=1, verbose=False)


def test_what_is_not_there_is_said():
    made = builder.Sequential([builder.Dense(1)], name="d")
    with pytest.raises(NotReady, match="diagnose\\(X, y\\)"):
        made.diagnose()
    with pytest.raises(NotReady, match="compile"):
        made.diagnose(X, y)
    off = model(log_config=LogConfig(health_checks=False))
    off.fit(X.astype("f"), y, epochs=1, verbose=False, callbacks=[lambda event: None])
    off._last.begun = None
    with pytest.raises(NotReady, match="health_checks"):
        off.diagnose()


def test_rows_that_were_not_kept_can_be_given(monkeypatch):
    monkeypatch.setattr(diagnosing, "KEPT", 100)
    made = fitted(1e-6, callbacks=[lambda event: None])
    with pytest.raises(NotReady, match="were not kept"):
        made.diagnose(prove_fix=True)
    assert made.diagnose(X, y, prove_fix=True).proof.verdict == "helped"


def test_batches_are_diagnosed_and_not_kept():
    made = model(1e-6)
    made.fit(lambda: ((X[i::5], y[i::5]) for i in range(5)), epochs=20, verbose=False,
             validation_split=0)  # fmt: skip
    assert made.diagnose().status != "healthy" or made.diagnose().why
    with pytest.raises(NotReady, match="batches"):
        made.diagnose(prove_fix=True)


def test_a_second_fit_is_tried_from_where_it_began():
    made = fitted(0.05)
    made.compile(loss="binary_crossentropy", learning_rate=30.0)
    made.fit(X, y, epochs=10, verbose=False)
    found = made.diagnose(prove_fix=True)
    first = {t.before.first for t in found.proof.trials}
    assert first
    assert max(first) < 0.3, "the loss of a model that was trained already"


def test_a_fit_that_went_on_is_made_again_to_the_same_bits():
    made = fitted(0.05)
    made.fit(X, y, epochs=4, verbose=False, seed=9)
    heard = []
    real = last_fit.Doctor.handle
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(last_fit.Doctor, "handle", lambda d, s: (heard.append(s.event), real(d, s)))
        made.diagnose()
    losses = [e.metrics["loss"] for e in heard if e.kind == "epoch_end"]
    assert losses == made.history["loss"]


def test_copies_and_pickles_leave_the_rows_behind(slow):
    for other in (copy.deepcopy(slow), pickle.loads(pickle.dumps(slow))):
        assert other._last.begun is None
        with pytest.raises(NotReady):
            other.diagnose()
    big = fitted(data=(np.tile(X, (40, 1)), np.tile(y, 40)), epochs=1)
    assert len(pickle.dumps(big)) < 100_000


def test_a_run_that_diverged_is_diagnosed_and_tried():
    made = model()
    made.compile(loss="binary_crossentropy", optimizer="sgd", learning_rate=1e38)
    with pytest.warns(RuntimeWarning, match="diverged"):
        made.fit(X * 1e3, y, epochs=5, verbose=False, seed=0)
    found = made.diagnose(prove_fix=True)
    assert found.proof.verdict == "helped"
