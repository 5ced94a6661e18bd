"""W&B and MLflow: what they are told, by stand-ins with their verbs and their servers' limits."""

from __future__ import annotations

import json
import math
import posixpath
import re
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType, SimpleNamespace
from typing import NamedTuple

import pytest
from tests.observatory.hostile import NAME, RUN, losing, records, tell

from neurogebra.errors import BadValue, MissingExtra
from neurogebra.observatory.events import SinkFailed
from neurogebra.observatory.recorder import TrainingLogger
from neurogebra.observatory.sinks.mlflow import MLflowBridge, batches, key, settings
from neurogebra.observatory.sinks.points import path, points
from neurogebra.observatory.sinks.wandb import WandBBridge
from neurogebra.observatory.witness import epochs, losses, seen, start


class Run:
    """A run of W&B: steps never fall, values of one step are one row."""

    def __init__(self, **given):
        self.given, self.rows, self.finished = given, {}, 0
        self.config, self.summary = Updated(given["config"]), Updated()

    def log(self, values, step):
        assert not self.finished
        assert step >= max(self.rows, default=0), "W&B drops what comes too late"
        json.dumps(values)
        self.rows.setdefault(step, {}).update(values)

    def finish(self):
        self.finished += 1


class Updated(dict):
    def update(self, values, allow_val_change=False):
        json.dumps(values)
        super().update(values)


def installed(monkeypatch, name, **members):
    module = ModuleType(name)
    module.__spec__ = ModuleSpec(name, None)
    vars(module).update(members)
    monkeypatch.setitem(sys.modules, name, module)


@pytest.fixture
def wandb(monkeypatch):
    runs = []

    def init(**given):
        runs.append(Run(**given))
        return runs[-1]

    installed(monkeypatch, "wandb", init=init)
    return runs


def test_wandb_is_told_every_number_at_its_step(wandb):
    bridge = WandBBridge("p", "r", {"lr": 0.01, "odd": math.nan, "of": object})
    assert (bridge.available, wandb) == (True, []), "nothing begins before the run does"
    tell(bridge)
    (run,) = wandb
    found = [(step, k, repr(v)) for step, row in run.rows.items() for k, v in row.items()]
    wanted = [(p.step, path(p.parts), repr(p.value)) for p in points(records())]
    scored = [w for w in wanted if w[1].startswith("test/")]
    assert sorted(found) == sorted(set(wanted) - set(scored))
    assert run.summary["test/loss"] == 0.45
    assert run.summary["train_end/reason"] == "completed"
    assert run.summary[path(("health", NAME))] == 1
    assert run.config["lr"] == 0.01
    assert run.config["epochs"] == 2
    assert run.finished == 1
    words = [k for row in run.rows.values() for k in row] + [run.summary["verdict/summary"]]
    assert all(word.isprintable() for word in words)


def test_wandb_stays_on_this_machine_unless_asked(wandb, tmp_path):
    tell(WandBBridge("p", folder=tmp_path), WandBBridge("p", mode="online"))
    modes = [(r.given["mode"], r.given["dir"], r.given["settings"]["console"]) for r in wandb]
    assert modes == [("offline", str(tmp_path), "off"), ("online", ".", "off")]
    with pytest.raises(BadValue, match="mode"):
        WandBBridge("p", mode="on")


def test_each_run_is_a_run_of_its_own(wandb):
    run = (*start(), *epochs(loss=[0.5]))
    tell(WandBBridge("p"), events=run + run)
    assert [(r.finished, list(r.rows)) for r in wandb] == [(1, [10]), (1, [10])]


def test_wandb_as_a_backend_of_a_logger(wandb):
    bridge = WandBBridge(project="p", run_name="r", config={})
    logger = TrainingLogger("expert", backends=[bridge], strict=True)
    logger.on_train_start(total_epochs=1)
    logger.on_epoch_start(0)
    for batch in range(2):
        logger.on_gradient_computed("dense_0", [3.0, 4.0])
        logger.on_batch_end(batch, loss=0.5)
    logger.on_epoch_end(0, metrics={"loss": 0.25})
    logger.on_train_end()
    bridge.close()
    (run,) = wandb
    assert {s: r["dense_0/gradient/norm"] for s, r in run.rows.items()} == {1: 5.0, 2: 5.0}
    assert run.rows[2]["epoch/loss"] == 0.25


class Metric(NamedTuple):
    key: str
    value: float
    timestamp: int
    step: int


class Param(NamedTuple):
    key: str
    value: str


class Client:
    """MLflow's client with the limits of its REST interface."""

    def __init__(self, tracking_uri=None):
        self.uri, self.metrics, self.params, self.tags, self.ended = tracking_uri, [], {}, {}, []
        self.calls = 0

    def get_experiment_by_name(self, name):
        return None

    def create_experiment(self, name):
        return f"experiment {name}"

    def create_run(self, experiment, run_name):
        assert experiment.startswith("experiment ")
        self.name = run_name
        return SimpleNamespace(info=SimpleNamespace(run_id="r1"))

    def log_batch(self, run, metrics=(), params=()):
        assert run == "r1"
        assert not self.ended
        assert 0 < len(metrics) + len(params) <= 1000
        assert len(params) <= 100
        body = [x._asdict() for x in (*metrics, *params)]
        assert len(json.dumps({"run_id": run, "metrics": body}).encode()) <= 1_000_000
        for each in (*metrics, *params):
            self.checked(each.key)
        for metric in metrics:
            assert isinstance(metric.timestamp, int)
            assert isinstance(metric.value, float)
        assert all(len(p.value) <= 500 for p in params)
        self.metrics += metrics
        self.params.update(dict(params))
        self.calls += 1

    def set_tag(self, run, name, value):
        self.checked(name)
        self.tags[name] = value

    def set_terminated(self, run, status):
        self.ended.append(status)

    @staticmethod
    def checked(name):
        assert re.fullmatch(r"[\w\-. /]{1,250}", name, re.ASCII), name
        assert posixpath.normpath(name) == name
        assert not name.startswith(("/", ".."))


@pytest.fixture
def mlflow(monkeypatch):
    clients = []

    def client(tracking_uri=None):
        clients.append(Client(tracking_uri))
        return clients[-1]

    installed(monkeypatch, "mlflow", MlflowClient=client)
    installed(monkeypatch, "mlflow.entities", Metric=Metric, Param=Param)
    return clients


def test_mlflow_is_told_every_number_within_its_limits(mlflow):
    bridge = MLflowBridge("e", "name", {NAME: NAME, "k": [1, math.inf]}, tracking_uri="file:x")
    assert bridge.available
    tell(bridge)
    (client,) = mlflow
    found = [(m.step, m.key, repr(m.value)) for m in client.metrics]
    assert sorted(found) == sorted((p.step, key(p.parts), repr(p.value)) for p in points(records()))
    assert (client.uri, client.name, client.ended) == ("file:x", "name", ["FINISHED"])
    assert client.params["k"] == '[1, "inf"]'
    assert client.tags == {key(("health", NAME)): "1", "verdict": "healthy"}


def test_mlflow_takes_many_layers_in_several_calls(mlflow):
    layers = ["é" * 60 + str(i) for i in range(150)]
    run = [*start(layers=layers), *(e for name in layers for e in seen("gradient", [1.0], name))]
    params = {f"p{i}": "é" * 600 for i in range(250)}
    tell(MLflowBridge("e", params=params), events=[*run, *losses(0.5), *epochs(loss=[0.5])])
    (client,) = mlflow
    assert len(client.metrics) == 150 * 7 + 2 + 3
    assert len({m.key for m in client.metrics}) == 7 * 150 + 5, "no two names became one"
    assert len(client.params) == 250
    assert 5 <= client.calls <= 8


def test_mlflow_has_an_epoch_when_it_is_over(mlflow):
    bridge = MLflowBridge("e")
    for record in records(start() + epochs(loss=[0.5])):
        bridge.handle_event(record)
    assert [m.key for m in mlflow[0].metrics] == [
        "epoch/loss",
        "epoch/learning_rate",
        "epoch/seconds",
    ]


def test_a_run_that_breaks_off_is_sent_when_the_bridge_is_closed(mlflow):
    tell(MLflowBridge("e"), events=(*start(), *losses(0.5)))
    assert [m.key for m in mlflow[0].metrics] == ["batch/loss", "batch/seconds"]


def test_batches_keep_both_limits():
    assert list(batches([3, 3, 3, 9, 1], 2, 7, int)) == [[3, 3], [3], [9], [1]]
    assert list(batches([], 2, 7, int)) == []


@pytest.mark.parametrize("name", ["..", ".", "", "/etc/passwd", "a//b", "../x", NAME, "x" * 999])
def test_names_are_what_mlflow_takes(name):
    Client.checked(key((name, "norm")))
    Client.checked(*settings({name: name}))


@pytest.mark.parametrize(("make", "name"), [(WandBBridge, "wandb"), (MLflowBridge, "mlflow")])
def test_an_absent_library_costs_the_bridge_only(monkeypatch, make, name):
    monkeypatch.setitem(sys.modules, name, None)
    bridge = make("p")
    assert not bridge.available
    bridge.close()
    heard = losing(lambda: bridge)
    (lost,) = [e for e in heard if isinstance(e, SinkFailed)]
    assert (lost.sink, len(heard)) == (bridge.name, len(RUN) + 1)
    assert "pip install" in lost.error
    with pytest.raises(MissingExtra, match=name):
        bridge.handle_event(records()[0])


def test_a_tracker_that_fails_in_the_middle_is_named_once(wandb, monkeypatch):
    def full(self, values, step):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Run, "log", full)
    heard = losing(lambda: WandBBridge("p"))
    (lost,) = [e for e in heard if isinstance(e, SinkFailed)]
    assert "No space left" in lost.error
    assert wandb[0].finished == 1
