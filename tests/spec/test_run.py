"""Run descriptions: frozen, equal, to JSON and back, with errors that say where."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, asdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurogebra.errors import BadValue
from neurogebra.losses import LOSSES, METRICS
from neurogebra.optim import OPTIMIZERS, SCHEDULES
from neurogebra.spec import Group, RunSpec


@st.composite
def schedules(draw):
    """A schedule with options that it takes, or none."""
    name = draw(st.sampled_from(["", *SCHEDULES]))
    if not name:
        return {}
    row = SCHEDULES[name]
    given = {"milestones": draw(MILESTONES)} if name == "multi_step_lr" else {}
    usual = {k: v for k, v in row.options.items() if v is not None and v > 0}
    for key in draw(st.lists(st.sampled_from(sorted(usual)), unique=True)) if usual else []:
        given[key] = usual[key] if isinstance(usual[key], int) else usual[key] * draw(HALVES)
    per = draw(st.sampled_from(["epoch", "step"])) if row.clock else "epoch"
    return {"schedule": name, "schedule_options": given, "schedule_per": per}


HALVES = st.floats(0.5, 1.0)
MILESTONES = st.lists(st.integers(0, 500), unique=True, min_size=1, max_size=5).map(sorted)
GROUPS = st.builds(
    Group,
    match=st.sampled_from(["*", "dense_0.*", "*.b"]),
    rate=st.floats(0.01, 10),
    weight_decay=st.none() | st.floats(0, 2),
    trainable=st.booleans(),
)


@st.composite
def runs(draw):
    optimizer = draw(st.sampled_from(list(OPTIMIZERS)))
    options = OPTIMIZERS[optimizer].options
    chosen = draw(st.lists(st.sampled_from(list(options)), unique=True)) if options else []
    return RunSpec(
        loss=draw(st.sampled_from(list(LOSSES))),
        optimizer=optimizer,
        learning_rate=draw(st.none() | st.floats(1e-3, 10)),
        options={name: draw(st.floats(0, 0.99)) for name in chosen},
        metrics=draw(st.lists(st.sampled_from(list(METRICS)), unique=True)),
        epochs=draw(st.integers(1, 10**6)),
        batch_size=draw(st.integers(1, 10**9)),
        shuffle=draw(st.booleans()),
        seed=draw(st.integers(0, 2**63 - 1)),
        patience=draw(st.integers(0, 100)),
        min_delta=draw(st.floats(0, 1)),
        dtype=draw(st.sampled_from(["float32", "float64"])),
        clip_value=draw(st.floats(0, 10)),
        clip_norm=draw(st.floats(0, 10)),
        accumulate=draw(st.integers(1, 100)),
        weight_decay=None if "decay" in chosen else draw(st.none() | st.floats(0, 2)),
        groups=draw(st.lists(GROUPS | GROUPS.map(asdict), max_size=3)),
        **draw(schedules()),
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
    ({"optimizer": "adagard"}, "optimizer: expected an optimizer by name, got 'adagard'; did you"),
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
    ({"clip_value": -1}, "clip_value: expected a number ≥ 0, got -1"),
    ({"clip_norm": "1"}, "clip_norm: expected a number ≥ 0, got '1'"),
    ({"clip_norm": float("nan")}, "clip_norm: expected a number ≥ 0, got nan"),
    ({"accumulate": 0}, "accumulate: expected int ≥ 1, got 0"),
    ({"weight_decay": -0.1}, "weight_decay: expected a number ≥ 0, got -0.1"),
    ({"groups": "dense"}, "groups: expected a list, got 'dense'"),
    ({"groups": ["dense"]}, "groups[0]: expected a Group, got 'dense'"),
    ({"groups": [{"math": "*"}]}, "groups[0].math: expected a known key, got 'math'; did you mean"),
    ({"groups": [{}]}, "groups[0].match: expected a value, got None; Group needs match"),
    ({"groups": [Group("")]}, "groups[0].match: expected a pattern of names"),
    ({"groups": [Group("*"), Group("*", rate=-1)]}, "groups[1].rate: expected a number ≥ 0"),
    ({"groups": [Group("*", rate=0)]}, "groups[0].rate: expected a number above 0, got 0; train"),
    ({"groups": [Group("*", weight_decay="x")]}, "groups[0].weight_decay: expected a number ≥ 0"),
    ({"groups": [Group("*", trainable=1)]}, "groups[0].trainable: expected True or False, got 1"),
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
