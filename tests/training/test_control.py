"""What a callback asks for is granted after the update, told to everybody, and resumed exactly."""

from __future__ import annotations

import json

import numpy as np
import pytest

from neurogebra.builders.model_builder import ModelBuilder
from neurogebra.errors import BadValue
from neurogebra.layers import Dense
from neurogebra.observatory.bus import Bus
from neurogebra.observatory.events import Asked, BatchEnd, EpochEnd, Level, TrainEnd
from neurogebra.observatory.sinks.ndjson import TieredStorage
from neurogebra.observatory.sinks.ndjson_events import stored_events
from neurogebra.spec import ModelSpec, RunSpec
from neurogebra.training.arrays import load_arrays
from neurogebra.training.control import Control, Wish
from neurogebra.training.data import prepare
from neurogebra.training.runner import run
from neurogebra.training.session import Session

builder = ModelBuilder()
X = np.random.default_rng(0).normal(size=(40, 3))
y = (X[:, 0] > 0).astype(int)


def model(optimizer="sgd"):
    made = builder.Sequential([builder.Dense(4, "tanh"), builder.Dense(1, "sigmoid")])
    made.compile(loss="binary_crossentropy", optimizer=optimizer, learning_rate=0.1)
    return made


def fit(callbacks, epochs=10, **options):
    made, seen = model(), []
    given = {"epochs": epochs, "batch_size": 8, "validation_split": 0, "seed": 0, **options}
    made.fit(X, y, verbose=False, callbacks=[*callbacks, seen.append], **given)
    return made, seen


def test_a_wish_to_stop_ends_the_run_after_that_update():
    def enough(event):
        if isinstance(event, BatchEnd) and event.step == 7:
            return Wish(stop=True, why="seen enough")
        return None

    made, seen = fit([enough])
    steps = [e.step for e in seen if isinstance(e, BatchEnd)]
    asked = next(e for e in seen if isinstance(e, Asked))
    end = next(e for e in seen if isinstance(e, TrainEnd))
    assert steps[-1] == asked.step == end.step == 7
    assert (end.reason, asked.who, asked.stop) == ("stopped", "enough", True)
    assert asked.message == "enough asked for the end of the run: seen enough"
    assert len(made.history["loss"]) == 1, "one whole epoch of five updates"


def test_a_stop_at_an_epochs_last_update_lets_it_end():
    _, seen = fit([lambda e: Wish(stop=isinstance(e, BatchEnd) and e.step == 5)])
    assert [e.epoch for e in seen if isinstance(e, EpochEnd)] == [0]
    assert next(e for e in seen if isinstance(e, TrainEnd)).reason == "stopped"


def test_a_new_learning_rate_counts_from_the_next_update_on():
    def lower(event):
        if isinstance(event, EpochEnd) and event.epoch == 1:
            return Wish(learning_rate=1e-30, why="a plateau")
        return None

    weights = []
    made, seen = fit([lower, lambda e: weights.append(None)], epochs=2)
    frozen, seen = fit([lower], epochs=6)
    assert np.array_equal(made.predict(X), frozen.predict(X)), "no update moved anything"
    rates = [e.learning_rate for e in seen if isinstance(e, EpochEnd)]
    assert rates == [0.1, 0.1, 1e-30, 1e-30, 1e-30, 1e-30]
    moved, _ = fit([], epochs=6)
    assert not np.array_equal(moved.predict(X), frozen.predict(X))


class Halver:
    """A sink that takes the run's control and halves the rate at the end of every epoch."""

    name, level = "halver", Level.BASIC

    def __init__(self):
        self.control, self.rates = None, []

    def attach(self, control):
        self.control = control

    def handle(self, stamped):
        if isinstance(stamped.event, EpochEnd):
            self.rates.append(self.control.learning_rate)
            self.control.learning_rate /= 2

    def close(self):
        pass


def test_a_sink_is_handed_the_control_and_its_name_is_recorded(tmp_path, capsys):
    halver, storage = Halver(), TieredStorage(tmp_path)
    _, seen = fit([halver, storage], epochs=3)
    assert halver.rates == [0.1, 0.05, 0.025]
    told = [e for e in seen if isinstance(e, Asked)]
    assert [e.who for e in told] == ["halver"] * 2, "the last one came when the run was over"
    assert [s.event for s in stored_events(tmp_path) if isinstance(s.event, Asked)] == told
    line = next(r for r in storage.read_basic() if r["event_type"] == "asked")
    assert line["message"] == "halver asked for the learning rate 0.05"


def test_a_wish_is_shown_on_the_terminal(capsys):
    model().fit(X, y, epochs=3, seed=0, callbacks=[lambda e: Wish(stop=True, why="lunch")])
    text = capsys.readouterr().out
    assert "asked for the end of the run: lunch" in text
    assert "Stopped by a callback" in text


@pytest.mark.parametrize("rate", [0, -1.0, float("nan"), "fast"])
def test_a_rate_that_cannot_be_is_refused(rate):
    with pytest.raises(BadValue, match="learning_rate"):
        Wish(learning_rate=rate)


SPEC = ModelSpec("m", (3,), (Dense(4, "tanh"), Dense(1, "sigmoid")))
RUN = RunSpec(loss="binary_crossentropy", epochs=4, batch_size=8, seed=1)


class AskOnce:
    """Asks for a lower rate after update 7, as long as it hears of that update."""

    name, level = "once", Level.DETAILED

    def attach(self, control):
        self.control = control

    def handle(self, stamped):
        if isinstance(stamped.event, BatchEnd) and stamped.event.step == 7:
            self.control.learning_rate = 0.003

    def close(self):
        pass


def go(session, tmp_path, until=10**9):
    sink = AskOnce()
    control = Control(session)
    sink.attach(control.of(sink.name))
    bus = Bus([sink])
    run(session, bus, tmp_path, lambda: session.progress.step >= until, control)
    return session.network.weights()


@pytest.mark.parametrize("at", [7, 8, 11])
@pytest.mark.parametrize("forget", [False, True])
def test_a_resumed_run_keeps_the_rate_that_was_asked_for(tmp_path, at, forget):
    data = prepare(SPEC, RUN, X, y)
    whole = go(Session(SPEC, RUN, data), tmp_path / "whole")
    go(Session(SPEC, RUN, data), tmp_path / "cut", until=at)
    (path,) = (tmp_path / "cut").glob("step-*")
    arrays, rest = load_arrays(path)
    rest = json.loads(json.dumps(rest))
    if forget:
        rest["progress"]["rate"] = None
    second = Session(SPEC, RUN, data)
    second.restore(arrays, rest)
    found = go(second, tmp_path / "resumed")
    same = all(np.array_equal(found[n], whole[n]) for n in whole)
    assert same is not forget
