"""A run that was stopped after any update and resumed ends with the bytes of one that was not."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pytest

from neurogebra.errors import BadValue
from neurogebra.layers import BatchNorm, Dense, Dropout
from neurogebra.observatory.events import BatchEnd, EpochEnd, TrainEnd
from neurogebra.optim import OPTIMIZERS
from neurogebra.spec import ModelSpec, RunSpec
from neurogebra.training.arrays import load_arrays, save_arrays
from neurogebra.training.data import prepare
from neurogebra.training.loop import train
from neurogebra.training.session import Session

ROWS, EPOCHS, BATCH = 30, 2, 8
UPDATES = EPOCHS * -(-22 // BATCH)
BODIES = {
    "dropout": (Dense(6, "relu"), Dropout(0.4)),
    "batch norm": (Dense(6, "linear"), BatchNorm()),
    "shuffle": (Dense(6, "tanh"),),
}


def session(body="dropout", optimizer="adam", **options):
    rng = np.random.default_rng(5)
    x = rng.normal(size=(ROWS, 3))
    y = (x.sum(1) > 0).astype(int)
    model = ModelSpec("m", (3,), (*BODIES[body], Dense(1, "sigmoid")))
    given = {"loss": "binary_crossentropy", "epochs": EPOCHS, "batch_size": BATCH, "seed": 3}
    run = RunSpec(**{**given, "optimizer": optimizer, "learning_rate": 0.05, **options})
    return Session(
        model, run, prepare(model, run, x[:22], y[:22]), prepare(model, run, x[22:], y[22:])
    )


def go_on(s, updates=None):
    """Train on, at most `updates` more; return the epochs' metrics and how it ended."""
    rows, end = [], None
    for event in train(s, lambda level: False):
        if isinstance(event, EpochEnd):
            rows.append((event.epoch, event.step, dict(event.metrics), event.best))
        if isinstance(event, TrainEnd):
            end = (event.reason, event.epochs, event.step, event.best_epoch)
        if isinstance(event, BatchEnd) and event.step == updates:
            break
    return rows, end


def bytes_of(s):
    arrays, rest = s.state()
    return {n: (a.dtype.str, a.shape, a.tobytes()) for n, a in arrays.items()}, rest


@cache
def uninterrupted(body, optimizer, **options):
    s = session(body, optimizer, **options)
    return go_on(s), bytes_of(s)


def resumed(path, at, body, optimizer, harm=lambda arrays, rest: None, **options):
    first = session(body, optimizer, **options)
    before, _ = go_on(first, updates=at)
    save_arrays(path / "state.safetensors", *first.state())
    arrays, rest = load_arrays(path / "state.safetensors")
    harm(arrays, rest)
    second = session(body, optimizer, **options)
    second.restore(arrays, rest)
    after, end = go_on(second)
    return (before + after, end), bytes_of(second)


@pytest.mark.parametrize("at", range(1, UPDATES + 1))
@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_run_stopped_after_any_update_goes_on_bit_for_bit(tmp_path, optimizer, body, at):
    assert resumed(tmp_path, at, body, optimizer) == uninterrupted(body, optimizer)


@pytest.mark.parametrize("at", range(1, UPDATES + 1))
def test_so_does_one_in_float64_in_order_without_the_best_weights(tmp_path, at):
    options = {"dtype": "float64", "shuffle": False, "restore_best": False}
    assert resumed(tmp_path, at, "dropout", "adam", **options) == uninterrupted(
        "dropout", "adam", **options
    )


@pytest.mark.torch
@pytest.mark.parametrize("body", BODIES)
def test_so_does_one_on_the_torch_engine(tmp_path, body):
    pytest.importorskip("torch")
    for at in (1, UPDATES // 2, UPDATES - 1):
        expected = uninterrupted(body, "adam", engine="torch")
        assert resumed(tmp_path, at, body, "adam", engine="torch") == expected


def test_the_stops_lie_inside_epochs_and_at_their_ends():
    s = session()
    assert s.batches * EPOCHS == UPDATES == 6
    assert len(s.data) % BATCH, "the last batch of an epoch is a smaller one"
    (rows, end), _ = uninterrupted("dropout", "adam")
    assert [row[1] for row in rows] == [3, 6]
    assert end[0] == "completed"


def forget_the_draws(arrays, rest):
    rest["rng"] = np.random.default_rng([3, 0xD0]).bit_generator.state


def forget_the_place_in_the_epoch(arrays, rest):
    rest["progress"]["batch"] = 0


def forget_the_sums_of_the_epoch(arrays, rest):
    for name in [n for n in arrays if n.startswith("sums/")]:
        arrays[name] = np.zeros_like(arrays[name])


def forget_the_memory_of_the_optimizer(arrays, rest):
    for name in [n for n in arrays if n.startswith("slots/")]:
        arrays[name] = np.zeros_like(arrays[name])


def forget_the_running_statistics(arrays, rest):
    arrays["weights/batchnorm_0.mean"] = np.zeros_like(arrays["weights/batchnorm_0.mean"])


def forget_how_many_updates_there_were(arrays, rest):
    arrays["step"] = np.asarray(0)


@pytest.mark.parametrize(
    ("harm", "body"),
    [
        (forget_the_draws, "dropout"),
        (forget_the_place_in_the_epoch, "shuffle"),
        (forget_the_sums_of_the_epoch, "shuffle"),
        (forget_the_memory_of_the_optimizer, "shuffle"),
        (forget_the_running_statistics, "batch norm"),
        (forget_how_many_updates_there_were, "shuffle"),
    ],
)
def test_whatever_a_checkpoint_forgets_is_seen(tmp_path, harm, body):
    assert resumed(tmp_path, 2, body, "adam", harm) != uninterrupted(body, "adam")


@pytest.mark.parametrize("wrong", [{}, {"progress": {"epochs": 1}, "rng": {}}])
def test_a_state_that_is_none_is_refused(wrong):
    s = session()
    with pytest.raises(BadValue, match="progress and rng"):
        s.restore(s.state()[0], json.loads(json.dumps(wrong)))
