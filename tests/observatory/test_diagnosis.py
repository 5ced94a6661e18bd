"""The diagnosis on real data: silent on healthy runs, and planted faults named as causes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from neurogebra.datasets import Datasets
from neurogebra.layers import Dense
from neurogebra.observatory.bus import Bus
from neurogebra.observatory.diagnosis import KINDS, VOTES, Diagnosis, diagnose
from neurogebra.observatory.doctor import Doctor
from neurogebra.observatory.events import Alert, LayerSeen, TrainStart
from neurogebra.observatory.looks import Look
from neurogebra.observatory.replay import examine_run, replayed
from neurogebra.observatory.rules import RULES
from neurogebra.observatory.sarif import sarif
from neurogebra.observatory.sinks.ndjson import TieredStorage
from neurogebra.spec import ModelSpec, RunSpec
from neurogebra.training.data import prepare
from neurogebra.training.runner import run as train
from neurogebra.training.session import Session

CLASSES = {"iris": 3, "wine": 3, "breast_cancer": 2, "digits": 10, "vowel": 11}


@dataclass(frozen=True)
class Net:
    """A small network on a bundled data set, with at most one thing that is wrong."""

    data: str = "digits"
    hidden: tuple[tuple[int, str], ...] = ((32, "relu"), (32, "relu"))
    end: str = ""  # "": what fits the task
    run: dict[str, Any] = field(default_factory=dict)
    epochs: int = 8
    scale: float = 1.0  # of the standardised inputs
    shuffled: bool = False  # targets
    noise: float = 0.0  # share of wrong training labels
    weights: float = 1.0  # factor on the first weights
    bias: float = 0.0  # of the first hidden layer
    seed: int = 0


@cache
def rows(name: str, seed: int) -> tuple[np.ndarray, ...]:
    x, y = Datasets.load(name, split=None)  # type: ignore[misc]
    order = np.random.default_rng(seed).permutation(len(x))
    x, y = np.asarray(x, np.float64)[order], np.asarray(y)[order]
    x = (x - x.mean(0)) / (x.std(0) + 1e-9)
    y = y if name in CLASSES else (y - y.mean()) / y.std()
    cut = len(x) * 4 // 5
    return x[:cut], y[:cut], x[cut:], y[cut:]


def session(net: Net) -> Session:
    x, y, vx, vy = rows(net.data, net.seed)
    rng = np.random.default_rng(net.seed)
    if net.shuffled:
        y, vy = rng.permutation(y), rng.permutation(vy)
    if net.noise:
        wrong = rng.random(len(y)) < net.noise
        y = np.where(wrong, rng.integers(0, CLASSES[net.data], len(y)), y)
    k = CLASSES.get(net.data, 0)
    if net.run.get("loss") in ("mae", "hinge"):
        y, vy = np.eye(k)[y], np.eye(k)[vy]
    loss = "categorical_crossentropy" if k else "mse"
    last = Dense(k or 1, net.end or ("softmax" if k else "linear"), initializer="glorot_uniform")
    layers = (*(Dense(n, a) for n, a in net.hidden), last)
    model = ModelSpec("net", x.shape[1:], layers)
    run = RunSpec(
        **{"loss": loss, "epochs": net.epochs, "seed": net.seed, "restore_best": False, **net.run}
    )
    weights = {n: w * net.weights for n, w in model.init(net.seed).items()}
    if net.bias:
        weights["dense_0.b"] = np.full_like(weights["dense_0.b"], net.bias)
    data = prepare(model, run, x * net.scale, y)
    return Session(model, run, data, prepare(model, run, vx * net.scale, vy), weights)


def watched(net: Net, *sinks: Any) -> Doctor:
    bus = Bus(sinks, strict=True)
    doctor = Doctor(bus.publish)
    bus.add(doctor)
    train(session(net), bus)
    bus.close()
    return doctor


HEALTHY = {
    "digits": Net(),
    "digits sgd": Net(run={"optimizer": "sgd", "learning_rate": 0.1}),
    "digits tanh": Net(hidden=((32, "tanh"),), run={"learning_rate": 0.003}),
    "iris": Net("iris", hidden=((16, "relu"),), epochs=40, run={"learning_rate": 0.01}),
    "wine": Net("wine", epochs=20, run={"learning_rate": 0.003}),
    "breast cancer": Net("breast_cancer", epochs=8),
    "vowel": Net("vowel", epochs=15, run={"learning_rate": 0.005}),
    "diabetes": Net("diabetes", hidden=((16, "relu"),), epochs=40),
    "concrete": Net("concrete", hidden=((32, "tanh"), (16, "tanh")), epochs=12,
                    run={"learning_rate": 0.005}),
    "small batches": Net("concrete", epochs=5, run={"batch_size": 4}),
    "momentum": Net("concrete", epochs=15, run={"optimizer": "momentum", "learning_rate": 0.003}),
    "cosine": Net(epochs=10, run={"schedule": "cosine_annealing_lr", "learning_rate": 0.005}),
    "weight decay": Net(run={"optimizer": "adamw", "weight_decay": 0.01}),
    "clipped": Net(run={"clip_norm": 1.0}),
}  # fmt: skip


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_run_has_no_finding(name, seed):
    doctor = watched(replace(HEALTHY[name], seed=seed))
    found = doctor.diagnosis()
    assert found.findings == (), found.text
    assert found.status == "healthy"
    assert doctor.verdict().status == "healthy"


FAULTY = {
    "learning_rate_too_high": Net(run={"learning_rate": 3.0}),
    "learning_rate_too_low": Net(run={"optimizer": "sgd", "learning_rate": 1e-6}),
    "wrong_labels": Net("wine", shuffled=True, epochs=12, hidden=((8, "relu"),)),
    "missing_normalization": Net(scale=1e4),
    "corrupt_data": Net(scale=0.0),
    "wrong_output_activation": Net("diabetes", end="sigmoid", epochs=15),
    "missing_activation": Net(end="linear"),
    "wrong_loss": Net(run={"loss": "hinge"}),
    "bad_initialization": Net(weights=0.0),
    "saturated_activation": Net(hidden=((32, "tanh"),) * 4, weights=30.0),
    "dying_relu": Net(bias=-100.0),
    "vanishing_gradient": Net(
        hidden=((16, "sigmoid"),) * 8, run={"optimizer": "sgd", "learning_rate": 0.1}
    ),
    "learning_rate_schedule_bug": Net(
        run={"schedule": "exponential_decay_lr", "schedule_options": {"k_decay": 0.1},
             "schedule_per": "step", "learning_rate": 0.003},
    ),
    "gradient_clipping_bug": Net(
        run={"clip_norm": 1e-5, "optimizer": "sgd", "learning_rate": 0.1}
    ),
    "excessive_regularization": Net(run={"optimizer": "adamw", "weight_decay": 20.0}, epochs=15),
    "label_noise": Net(noise=0.4, hidden=((64, "relu"),), epochs=12),
    "underfitting": Net(hidden=((1, "relu"),), epochs=10),
    "too_few_epochs": Net("wine", epochs=2, run={"learning_rate": 1e-4}),
    "wrong_batch_size": Net(run={"batch_size": 1, "learning_rate": 0.03}, epochs=1),
    "overfitting": Net("diabetes", hidden=((64, "relu"),) * 2, epochs=120,
                       run={"learning_rate": 0.003}),
}  # fmt: skip


@pytest.mark.parametrize("cause", FAULTY)
def test_a_planted_fault_is_named(cause):
    with np.errstate(all="ignore"):
        found = watched(FAULTY[cause]).diagnosis()
    assert cause in [c.name for c in found.causes], found.text
    first = found.causes[0]
    assert first.evidence
    assert first.change
    assert first.change in found.text
    assert json.loads(json.dumps(found.to_dict()))["causes"][0]["name"] == first.name


def test_a_teeth_of_the_law_a_healthy_twin_names_nothing():
    for cause in ("learning_rate_too_high", "bad_initialization", "missing_normalization"):
        twin = replace(FAULTY[cause], run={}, scale=1.0, weights=1.0)
        assert watched(twin).diagnosis().causes == ()


def test_every_alert_is_recomputed_from_the_stored_log(tmp_path):
    net = FAULTY["dying_relu"]
    doctor = watched(net, TieredStorage(tmp_path))
    again = examine_run(tmp_path)
    assert again.alerts == doctor.alerts != []
    assert again.diagnosis() == doctor.diagnosis()
    assert again.verdict() == doctor.verdict()


def test_a_log_without_layers_recomputes_other_alerts_so_the_law_can_fail(tmp_path):
    kept: list[Any] = []

    class Keep:
        name, level, hears = "keep", 0, 4

        def handle(self, stamped):
            kept.append(stamped)

        def close(self):
            pass

    doctor = watched(FAULTY["dying_relu"], Keep())
    assert replayed(kept).alerts == doctor.alerts
    bare = [s for s in kept if not isinstance(s.event, LayerSeen)]
    assert replayed(bare).alerts != doctor.alerts


def test_facts_are_in_the_start_of_a_run_and_survive_json():
    kept: list[Any] = []
    doctor = Doctor(kept.append)
    bus = Bus([doctor], strict=True)
    heard: list[TrainStart] = []
    publish = bus.publish
    bus.publish = lambda e: (heard.append(e), publish(e))[1]  # type: ignore[method-assign]
    train(session(Net("wine", epochs=1)), bus)
    facts = heard[0].run["facts"]
    assert json.loads(json.dumps(facts)) == {**facts, "kernels": list(facts["kernels"])}
    x = rows("wine", 0)[0]
    assert facts["x_size"] == pytest.approx(np.abs(x).max())
    assert facts["classes"] == 3
    assert facts["output"] == "softmax"
    assert [k["alike"] for k in facts["kernels"]] == [False] * 3


ALERT = Alert(rule="dead_relu", severity="warning", message="m", layer="a", evidence={"x": 1.0})


def test_advice_alone_is_no_finding_and_counts_beside_one():
    advice = replace(ALERT, rule="input_scale", severity="info")
    assert diagnose([advice], RULES.values()).status == "healthy"
    both = diagnose([advice, ALERT], RULES.values())
    assert {c.name for c in both.causes} == {"dying_relu", "missing_normalization"}


def test_nothing_clear_is_not_enough_evidence():
    vague = replace(ALERT, rule="near_chance")
    found = diagnose([vague], RULES.values())
    assert (found.status, found.causes) == ("not enough evidence", ())
    assert "near_chance" in found.why
    assert diagnose([], RULES.values(), judged=False).status == "not enough evidence"


def test_what_another_alert_explains_speaks_little():
    alone = diagnose([replace(ALERT, rule="no_better_than_trivial")], RULES.values())
    assert alone.causes[0].name == "wrong_labels"
    explained = diagnose(
        [replace(ALERT, rule=r) for r in ("no_better_than_trivial", "equal_units")], RULES.values()
    )
    assert [c.name for c in explained.causes] == ["bad_initialization"]


def test_votes_are_for_known_causes_by_known_findings():
    also = {"no_gradient_at_all", "too_large_batches", "short_run"}
    assert set(VOTES) <= set(RULES) | also
    assert {cause for votes in VOTES.values() for cause in votes} <= set(KINDS)
    silent = set(RULES) - set(VOTES)
    assert {RULES[name].severity for name in silent} == {"info"}, "advice is no cause by itself"
    assert silent & {c.name for c in KINDS.values()} == set()


def test_sarif_names_rules_levels_and_places():
    found: Diagnosis = diagnose([ALERT], RULES.values())
    log = sarif(found, RULES.values(), "1", "runs/a")
    (run,) = log["runs"]
    assert log["version"] == "2.1.0"
    assert {r["ruleId"] for r in run["results"]} <= {
        r["id"] for r in run["tool"]["driver"]["rules"]
    }
    assert run["results"][0]["level"] == "warning"
    place = run["results"][0]["locations"][0]
    assert place["logicalLocations"][0]["name"] == "a"
    json.dumps(log, allow_nan=False)


def test_the_doctors_looks_change_no_bit_of_the_weights():
    alone, examined = session(Net(epochs=2)), session(Net(epochs=2))
    train(alone, Bus())
    bus, looked = Bus(strict=True), []
    bus.add(Doctor(lambda e: None))
    publish = bus.publish
    bus.publish = lambda e: (looked.append(isinstance(e, Look)), publish(e))[1]  # type: ignore[method-assign]
    train(examined, bus)
    assert sum(looked) > 20
    for name, w in alone.network.weights().items():
        assert w.tobytes() == examined.network.weights()[name].tobytes()
