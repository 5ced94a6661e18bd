"""Run descriptions: frozen, equal, to JSON and back, with errors that say where."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurogebra.errors import BadValue
from neurogebra.losses import LOSSES, METRICS
from neurogebra.optim import OPTIMIZERS
from neurogebra.spec import RunSpec


@st.composite
def runs(draw):
    optimizer = draw(st.sampled_from(list(OPTIMIZERS)))
    options = OPTIMIZERS[optimizer].options
    chosen = draw(st.lists(st.sampled_from(list(options)), unique=True)) if options else []
    return RunSpec(
        loss=draw(st.sampled_from(list(LOSSES))),
        optimizer=optimizer,
        learning_rate=draw(st.none() | st.floats(1e-9, 10)),
        options={name: draw(st.floats(0, 0.99)) for name in chosen},
        metrics=draw(st.lists(st.sampled_from(list(METRICS)), unique=True)),
        epochs=draw(st.integers(1, 10**6)),
        batch_size=draw(st.integers(1, 10**9)),
        shuffle=draw(st.booleans()),
        seed=draw(st.integers(0, 2**63 - 1)),
        patience=draw(st.integers(0, 100)),
        min_delta=draw(st.floats(0, 1)),
        dtype=draw(st.sampled_from(["float32", "float64"])),
    )


@settings(max_examples=60, deadline=None)
@given(runs())
def test_json_and_back_is_the_same_run(run):
    text = json.dumps(run.to_dict(), allow_nan=False)
    again = RunSpec.from_dict(json.loads(text))
    assert again == run
    assert hash(again) == hash(run)


def test_runs_are_frozen_values():
    assert RunSpec() == RunSpec()
    assert len({RunSpec(), RunSpec(epochs=10), RunSpec(epochs=11)}) == 2
    with pytest.raises(FrozenInstanceError):
        RunSpec().epochs = 3


def test_aliases_and_defaults_are_settled():
    run = RunSpec(loss="bce", optimizer="nag", metrics=("acc",))
    assert (run.loss, run.optimizer) == ("binary_crossentropy", "nesterov")
    assert run.metrics == ("accuracy",)
    assert run.learning_rate == run.rate == 0.01
    assert run == RunSpec("binary_crossentropy", "nesterov", 0.01, metrics=["accuracy"])
    two = {"b2": 0.9, "b1": 0.5}
    assert RunSpec(options=two) == RunSpec(options=(("b1", 0.5), ("b2", 0.9)))


WRONG = [
    ({"loss": "mes"}, "loss: expected a loss by name, got 'mes'; did you mean 'mse'"),
    ({"optimizer": "Adam"}, "optimizer: expected an optimizer by name, got 'Adam'; did you mean"),
    ({"optimizer": "adagrad"}, "optimizer: expected an optimizer by name, got 'adagrad'"),
    ({"optimizer": None}, "optimizer: expected an optimizer by name, got None"),
    ({"learning_rate": 0}, "learning_rate: expected a number above 0, got 0"),
    ({"learning_rate": -1.0}, "learning_rate: expected a number above 0, got -1.0"),
    ({"learning_rate": float("inf")}, "learning_rate: expected a number above 0, got inf"),
    ({"learning_rate": "0.1"}, "learning_rate: expected a number above 0, got '0.1'"),
    ({"options": {"beta1": 0.9}}, "options.beta1: expected an option of adam, got 'beta1'"),
    ({"options": {"b1": 1.0}}, "options.b1: expected a number from 0 to below 1, got 1.0"),
    ({"options": {"eps": -1e-8}}, "options.eps: expected a number ≥ 0, got -1e-08"),
    ({"options": {"eps": "x"}}, "options.eps: expected a number ≥ 0, got 'x'"),
    ({"options": 3}, "options: expected a list, got 3"),
    ({"options": "mu"}, "options: expected a list, got 'mu'"),
    ({"options": [("b1", 0.9, 3)]}, "options: expected pairs of a name and a number"),
    ({"optimizer": "sgd", "options": {"mu": 0.9}}, "options.mu: expected an option of sgd"),
    ({"metrics": "accuracy"}, "metrics: expected a list, got 'accuracy'"),
    ({"metrics": ["acuracy"]}, "metrics[0]: expected a metric by name, got 'acuracy'; did you"),
    ({"epochs": 0}, "epochs: expected int ≥ 1, got 0"),
    ({"epochs": 1.5}, "epochs: expected int ≥ 1, got 1.5"),
    ({"batch_size": -1}, "batch_size: expected int ≥ 1"),
    ({"seed": -1}, "seed: expected int ≥ 0"),
    ({"shuffle": "no"}, "shuffle: expected True or False, got 'no'"),
    ({"patience": None}, "patience: expected int ≥ 0"),
    ({"monitor": "valloss"}, "monitor: expected a monitored metric by name, got 'valloss'; did"),
    ({"dtype": "float16"}, "dtype: expected a dtype by name, got 'float16'; did you mean"),
]


@pytest.mark.parametrize(("fields", "sentence"), WRONG, ids=[s for _, s in WRONG])
def test_errors_say_where_and_what(fields, sentence):
    with pytest.raises(BadValue) as caught:
        RunSpec(**fields)
    assert sentence in str(caught.value)


def test_unknown_keys_in_json_are_refused():
    with pytest.raises(BadValue, match=r"run.epoch: .* did you mean 'epochs'"):
        RunSpec.from_dict({**RunSpec().to_dict(), "epoch": 3})
    with pytest.raises(BadValue, match="run: expected an object"):
        RunSpec.from_dict("adam")
