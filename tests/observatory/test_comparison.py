"""Two runs side by side: every circumstance has its topic, every bit counts, times do not."""

from __future__ import annotations

import copy
import math
from dataclasses import replace

import numpy as np
import pytest

from neurogebra.observatory import machine, threads
from neurogebra.observatory.comparison import (
    TOPICS,
    Compared,
    compare_arrays,
    compare_circumstances,
    compare_events,
)
from neurogebra.observatory.events import BatchEnd, EpochEnd, Evaluated, Stamped, TrainEnd
from neurogebra.observatory.fingerprint import TrainingFingerprint

X = np.arange(12.0).reshape(4, 3)


@pytest.fixture(scope="module")
def facts():
    found = TrainingFingerprint.capture(
        model_info={"name": "m", "layers": [{"units": 3}, {"units": 1}]},
        hyperparameters={"learning_rate": 0.5, "seed": 4, "clip": math.nan},
        dataset=X,
        random_seed=4,
    ).to_dict()
    state = {"commit": "a" * 40, "branch": "main", "dirty": False}
    columns = {"x": "1234", "y": "5678"}
    return {**found, "git": state, "data": {"source": "d.csv", "digest": "d", "columns": columns}}


def changed(facts, place, value):
    """The same facts, but one."""
    other = copy.deepcopy(facts)
    *way, last = place
    inner = other
    for key in way:
        inner = inner[key]
    assert inner[last] != value
    inner[last] = value
    return other


def test_the_same_circumstances_have_no_difference(facts):
    again = {**copy.deepcopy(facts), "run_id": "other", "timestamp": "later", "applied": {}}
    assert compare_circumstances(facts, again) == ()


@pytest.mark.parametrize(
    ("place", "value", "topic", "name"),
    [
        (("random_seed",), 5, "seed", "random_seed"),
        (("dataset_hash",), "0", "data", "dataset_hash"),
        (("data", "columns", "x"), "0", "data", "data.columns.x"),
        (("git", "commit"), "b", "code", "git.commit"),
        (("git", "dirty"), True, "code", "git.dirty"),
        (("code_hash",), "0", "code", "code_hash"),
        (("versions", "neurogebra"), "0", "code", "versions.neurogebra"),
        (("versions", "numpy"), "0", "libraries", "versions.numpy"),
        (("versions", "python"), "0", "libraries", "versions.python"),
        (("blas", "version"), "0", "libraries", "blas.version"),
        (("blas", "threads", "OMP_NUM_THREADS"), "77", "threads", "blas.threads.OMP_NUM_THREADS"),
        (("hardware", "cpu"), "abacus", "hardware", "hardware.cpu"),
        (("os", "release"), "0", "hardware", "os.release"),
        (("blas", "core"), "abacus", "hardware", "blas.core"),
        (("model_info", "layers", 1, "units"), 2, "model", "model_info.layers[1].units"),
        (("hyperparameters", "learning_rate"), 0.1, "hyper-parameters", None),
    ],
)
def test_every_fact_has_its_topic(facts, place, value, topic, name):
    (found,) = compare_circumstances(facts, changed(facts, place, value))
    assert (found.topic, found.name) == (topic, name or "hyperparameters.learning_rate")
    assert found.second == value
    (back,) = compare_circumstances(changed(facts, place, value), facts)
    assert (back.first, back.second) == (found.second, found.first)
    assert topic in TOPICS


def test_what_only_follows_from_another_difference_is_not_told_twice(facts):
    other = {**facts, "random_seed": 5, "numpy_seed": 5, "dataset_hash": "dealt otherwise"}
    other["hyperparameters"] = {**facts["hyperparameters"], "seed": 5}
    assert [d.name for d in compare_circumstances(facts, other)] == ["random_seed"]
    bare = {key: value for key, value in facts.items() if key != "data"}
    told = compare_circumstances(bare, {k: v for k, v in other.items() if k != "data"})
    assert [d.topic for d in told] == ["seed", "data"], "nobody knows that the table is the same"
    told = compare_circumstances(facts, changed(other, ("data", "columns", "y"), "0"))
    assert [d.topic for d in told] == ["seed", "data", "data"]
    other = changed(facts, ("model_hash",), "0")
    assert [d.name for d in compare_circumstances(facts, other)] == ["model_hash"]


def test_a_library_that_one_run_never_loaded_is_no_change_of_threads(facts):
    one = changed(facts, ("blas", "in_use"), {"a": 2})
    two = changed(facts, ("blas", "in_use"), {"a": 1, "b": 8})
    assert [d.name for d in compare_circumstances(one, two)] == ["blas.in_use.a"]


def batch(step, loss=0.5, **more):
    given = {"epoch": (step - 1) // 2, "batch": (step - 1) % 2, "rows": 4, "seconds": 0.1}
    return BatchEnd(step=step, loss=loss, **{**given, **more})


def log(*events):
    return [Stamped(i, 100.0 + i, event) for i, event in enumerate(events)]


LOG = (
    batch(1),
    batch(2, math.nan),
    EpochEnd(epoch=0, step=2, metrics={"val_loss": 1.0}, learning_rate=0.1, seconds=1.0),
    batch(3, metrics={"accuracy": 0.25}),
    TrainEnd(reason="completed", epochs=2, step=3, seconds=9.0),
    Evaluated(split="test", rows=4, metrics={"loss": 0.75}),
)


def test_equal_logs_are_equal_whatever_the_times():
    slower = [replace(e, seconds=7.0) if hasattr(e, "seconds") else e for e in LOG]
    found = compare_events(log(*LOG), log(*slower))
    assert (found.unequal, found.first) == (0, None)
    assert found.counts == {
        "batch numbers": 7,
        "epoch numbers": 2,
        "end numbers": 2,
        "score numbers": 1,
    }


@pytest.mark.parametrize(
    ("at", "change", "told"),
    [
        (0, {"loss": math.nextafter(0.5, 1)}, ("batch", "loss", 0, 1)),
        (1, {"loss": math.inf}, ("batch", "loss", 0, 2)),
        (3, {"metrics": {"accuracy": 0.5}}, ("batch", "accuracy", 1, 3)),
        (2, {"metrics": {"val_loss": 2.0}}, ("epoch", "val_loss", 0, 2)),
        (2, {"learning_rate": 0.2}, ("epoch", "learning_rate", 0, 2)),
        (4, {"reason": "diverged"}, ("end", "reason", None, 3)),
        (5, {"metrics": {"loss": -0.75}}, ("score", "test loss", None, 3)),
    ],
)
def test_the_first_number_that_differs_is_named(at, change, told):
    other = [replace(e, **change) if i == at else e for i, e in enumerate(LOG)]
    found = compare_events(log(*LOG), log(*other))
    first = found.first
    assert (first.topic, first.name, first.epoch, first.step) == told
    assert found.unequal == 1
    assert first.first != first.second


def test_zero_is_not_minus_zero():
    assert compare_events(log(batch(1, 0.0)), log(batch(1, -0.0))).unequal == 1


def test_a_run_that_ended_earlier_lacks_the_rest():
    found = compare_events(log(batch(1), batch(2)), log(batch(1)))
    assert found.unequal == 2
    assert (found.first.step, found.first.first, found.first.second) == (2, 0.5, None)
    stop = TrainEnd(reason="interrupted", epochs=0, step=1, seconds=1.0)
    assert compare_events(log(batch(1), stop, batch(2)), log(batch(1), batch(2))).unequal == 0


def test_one_flipped_bit_of_an_array_is_found():
    weights = {"d.W": np.arange(6, dtype=np.float32).reshape(2, 3), "d.b": np.array([np.nan])}
    other = copy.deepcopy(weights)
    assert compare_arrays("weights", weights, other).unequal == 0
    other["d.W"].view(np.uint32)[1, 2] ^= 1
    found = compare_arrays("weights", weights, other, step=7)
    assert (found.counts, found.unequal) == ({"weights": 7}, 1)
    first = found.first
    assert (first.topic, first.name, first.step) == ("weights", "d.W[1, 2]", 7)
    assert first.first == 5.0 != first.second


@pytest.mark.parametrize(
    "other",
    [{}, {"w": np.zeros((4, 1))}, {"w": np.zeros(4, np.float32)}, {"w": np.full(4, -0.0)}],
    ids=["gone", "shape", "dtype", "sign"],
)
def test_arrays_of_another_kind_are_different(other):
    found = compare_arrays("w", {"w": np.zeros(4)}, other)
    assert (found.counts["w"], found.unequal) == (4, 4)


def test_a_number_by_itself_is_an_array_too():
    found = compare_arrays("w", {"n": np.array(1)}, {"n": np.array(2)})
    assert (found.first.name, found.first.first, found.first.second) == ("n", 1, 2)


def test_comparisons_add_up_and_the_earlier_difference_stays():
    one = compare_arrays("a", {"n": np.array(1)}, {"n": np.array(2)})
    two = compare_arrays("b", {"n": np.array(3)}, {"n": np.array(4)})
    both = Compared().and_then(one).and_then(two)
    assert (both.counts, both.unequal, both.first) == ({"a": 1, "b": 1}, 2, one.first)


def test_threads_are_set_for_a_while():
    before = threads.in_use()
    if "openblas" not in before:
        pytest.skip("NumPy comes with another library here")
    assert before["openblas"] >= 1
    wanted = 2 if before["openblas"] == 1 else 1
    with threads.applied({"openblas": wanted, "never loaded": 3}) as used:
        assert used == {"openblas": wanted}
        assert machine.blas()["in_use"]["openblas"] == wanted
    assert threads.in_use() == before
    with pytest.raises(KeyError), threads.applied({"openblas": wanted}):
        raise KeyError
    assert threads.in_use() == before
    assert threads.core()


def test_the_fingerprint_says_what_was_applied(tmp_path):
    found = TrainingFingerprint.capture(random_seed=3, applied={"seed": 3, "threads": {"a": 2}})
    path = found.save(tmp_path / "f.json")
    assert TrainingFingerprint.load(path).applied == {"seed": 3, "threads": {"a": 2}}
    assert "Applied:      seed, threads" in found.format_text()
    assert "Applied" not in replace(found, applied={}).format_text()
    assert len(found.code_hash) == 64
