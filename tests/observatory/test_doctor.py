"""The doctor on real little runs: quiet on healthy ones, and right about broken ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest

from neurogebra.observatory import stats
from neurogebra.observatory.adaptive import AdaptiveLogger
from neurogebra.observatory.bus import Bus
from neurogebra.observatory.doctor import Doctor, rank
from neurogebra.observatory.events import (
    Alert,
    BatchEnd,
    EpochEnd,
    Event,
    LayerInfo,
    LayerSeen,
    Level,
    Stamped,
    TrainStart,
)
from neurogebra.observatory.health import AutoHealthWarnings
from neurogebra.observatory.recorder import TrainingLogger
from neurogebra.observatory.rules import RULES, Thresholds
from neurogebra.observatory.witness import losses, seen, start

ACTS: dict[str, tuple[Callable, Callable]] = {
    "relu": (lambda z: np.maximum(z, 0), lambda z, a: z > 0),
    "tanh": (np.tanh, lambda z, a: 1 - a * a),
    "sigmoid": (lambda z: 1 / (1 + np.exp(-np.clip(z, -500, 500))), lambda z, a: a * (1 - a)),
    "linear": (lambda z: z, lambda z, a: np.ones_like(z)),
}


@dataclass(frozen=True)
class Run:
    """A small network on a small task; `head` is "sigmoid" (cross-entropy) or "linear" (mse)."""

    hidden: tuple[tuple[int, str], ...] = ((32, "relu"), (16, "tanh"))
    head: str = "sigmoid"
    adam: bool = True
    lr: float = 0.01
    epochs: int = 20
    batch: int = 32
    rows: int = 320
    scale: float = 1.0  # of the first weights
    shift: float = 0.0  # of the first biases of the hidden layers
    shuffle_targets: bool = False
    seed: int = 0


def data(run: Run, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    X = rng.normal(size=(run.rows, 6))
    signal = np.sin(X[:, 0]) + X[:, 1] * X[:, 2] + 0.1 * rng.normal(size=run.rows)
    y = (signal > 0).astype(float) if run.head == "sigmoid" else signal
    return X, (rng.permutation(y) if run.shuffle_targets else y)[:, None]


def loss_of(run: Run, y: np.ndarray, p: np.ndarray) -> float:
    if run.head == "linear":
        return float(np.mean((p - y) ** 2))
    p = np.clip(p, 1e-7, 1 - 1e-7)
    return float(-np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)))


class Net:
    """The network of a run, with its own gradients and updates."""

    def __init__(self, run: Run, inputs: int, rng: np.random.Generator) -> None:
        self.run, self.step = run, 0
        self.kinds = [a for _, a in run.hidden] + [run.head]
        sizes = list(pairwise([inputs, *(n for n, _ in run.hidden), 1]))
        self.W = [rng.normal(0, run.scale * (2 / a) ** 0.5, (a, b)) for a, b in sizes]
        self.b = [np.full(b, run.shift) for _, b in sizes[:-1]] + [np.zeros(1)]
        self.slots = [[np.zeros_like(w), np.zeros_like(w)] for w in (*self.W, *self.b)]

    def forward(self, x: np.ndarray) -> tuple[list, list]:
        zs, acts = [], [x]
        for w, c, kind in zip(self.W, self.b, self.kinds, strict=True):
            zs.append(acts[-1] @ w + c)
            acts.append(ACTS[kind][0](zs[-1]))
        return zs, acts

    def update(self, x: np.ndarray, y: np.ndarray) -> tuple[float, list]:
        """One step: the loss, and (layer, site, param, array, activation) of what was seen."""
        zs, acts = self.forward(x)
        delta = (acts[-1] - y) * (2 if self.run.head == "linear" else 1) / len(x)
        n, self.step = len(self.W), self.step + 1
        grads: list[np.ndarray] = [np.zeros(0)] * (2 * n)
        for i in reversed(range(n)):
            grads[i], grads[n + i] = acts[i].T @ delta, delta.sum(0)
            if i:
                delta = (delta @ self.W[i].T) * ACTS[self.kinds[i - 1]][1](zs[i - 1], acts[i])
        seen_now = [(i, "forward", "", a, self.kinds[i]) for i, a in enumerate(acts[1:])]
        for j, (value, g) in enumerate(zip((*self.W, *self.b), grads, strict=True)):
            arrays = {"gradient": g, "weight": value.copy(), "update": self.move(j, g)}
            seen_now += [(j % n, s, "W" if j < n else "b", x, "") for s, x in arrays.items()]
            value += arrays["update"]
        return loss_of(self.run, y, acts[-1]), seen_now

    def move(self, j: int, g: np.ndarray) -> np.ndarray:
        slot = self.slots[j]
        slot[0], slot[1] = 0.9 * slot[0] + 0.1 * g, 0.999 * slot[1] + 0.001 * g * g
        m, v = slot[0] / (1 - 0.9**self.step), slot[1] / (1 - 0.999**self.step)
        return -self.run.lr * (m / (np.sqrt(v) + 1e-8) if self.run.adam else g)


def trained(run: Run) -> Iterator[Event]:
    """What a loop would yield, with every layer looked at in every step."""
    rng = np.random.default_rng(run.seed)
    X, y = data(run, rng)
    part = run.rows * 3 // 4
    net, batches = Net(run, X.shape[1], rng), part // run.batch
    names = [f"dense_{i}" for i in range(len(net.W))]
    first = start(run.epochs, batches, names)[0]
    yield replace(first, run={"baseline": baseline(run, y[:part])})
    for epoch in range(run.epochs):
        order, total = rng.permutation(part), 0.0
        for batch in range(batches):
            rows = order[batch * run.batch : (batch + 1) * run.batch]
            at = {"epoch": epoch, "batch": batch, "step": net.step + 1}
            loss, seen_now = net.update(X[rows], y[rows])
            for i, site, param, array, kind in seen_now:
                yield LayerSeen(
                    **at,
                    index=i,
                    layer=names[i],
                    site=site,
                    shape=array.shape,
                    stats=stats.of(array, kind),
                    param=param,
                    activation=kind,
                )
            total += loss
            yield BatchEnd(**at, rows=len(rows), loss=loss)
        metrics = {"loss": total / batches, **scores(net, X, y, part)}
        yield EpochEnd(
            epoch=epoch, step=net.step, metrics=metrics, learning_rate=run.lr, seconds=0.0
        )


def baseline(run: Run, y: np.ndarray) -> dict[str, float]:
    share = float(y.mean())
    known = {"trivial_loss": loss_of(run, y, np.full(y.shape, share))}
    return known if run.head == "linear" else {**known, "majority": max(share, 1 - share)}


def scores(net: Net, X: np.ndarray, y: np.ndarray, part: int) -> dict[str, float]:
    p = net.forward(X)[1][-1]
    known = {"val_loss": loss_of(net.run, y[part:], p[part:])}
    if net.run.head == "sigmoid":
        right = (p > 0.5) == y
        known |= {"accuracy": right[:part].mean(), "val_accuracy": right[part:].mean()}
    return {name: float(value) for name, value in known.items()}


def examined(events: Iterator[Event] | tuple[Event, ...], **options) -> tuple[list[str], Doctor]:
    alerts: list[Event] = []
    doctor = Doctor(alerts.append, **options)
    with np.errstate(all="ignore"):
        for i, event in enumerate(events):
            doctor.handle(Stamped(i, 0.0, event))
    return [a.rule for a in alerts if isinstance(a, Alert)], doctor


HEALTHY = {
    "classifier": Run(epochs=10, rows=640),
    "relu only": Run(hidden=((64, "relu"), (32, "relu")), epochs=8, rows=960),
    "sigmoid hidden": Run(hidden=((16, "sigmoid"),), lr=0.02),
    "regression": Run(hidden=((32, "relu"), (16, "tanh")), head="linear"),
    "sgd": Run(hidden=((32, "tanh"),), head="linear", adam=False, lr=0.05, epochs=30),
    "small batches": Run(batch=8, rows=160, lr=0.003),
    "four layers": Run(hidden=((32, "relu"),) * 4, head="linear", lr=0.003),
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_run_raises_no_alarm(name, seed):
    fired, doctor = examined(trained(replace(HEALTHY[name], seed=seed)))
    assert fired == [], doctor.alerts
    assert doctor.verdict().status == "healthy"


@pytest.mark.parametrize("seed", range(2))
def test_a_large_network_on_few_rows_overfits(seed):
    run = Run(hidden=((64, "relu"), (64, "relu")), rows=160, epochs=40, seed=seed)
    fired, doctor = examined(trained(run))
    assert fired == ["overfitting"]
    assert doctor.verdict().status == "warning"


FAULTY = {
    "targets shuffled": (Run(shuffle_targets=True, lr=1e-4), {"no_better_than_trivial"}),
    "rate far too high": (
        Run(head="linear", hidden=((32, "relu"),), adam=False, lr=3.0),
        {"nan_inf_loss", "nan_inf_array", "exploding_gradient", "loss_divergence"},
    ),
    "rate far too low": (Run(lr=1e-7), {"update_too_small"}),
    "rate high": (Run(lr=1.0), {"update_too_large", "activation_saturation", "dead_relu"}),
    "dead units": (Run(hidden=((32, "relu"), (16, "relu")), shift=-30.0), {"dead_relu"}),
    "saturated": (
        Run(hidden=((32, "tanh"), (16, "tanh")), scale=50.0, lr=1e-4),
        {"activation_saturation"},
    ),
    "vanishing": (
        Run(hidden=((16, "sigmoid"),) * 7, adam=False, lr=0.01, scale=0.3),
        {"vanishing_gradient"},
    ),
    "all zero": (Run(scale=0.0), {"symmetric_weights", "no_gradient"}),
}


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", FAULTY)
def test_a_broken_run_is_named(name, seed):
    run, expected = FAULTY[name]
    fired, doctor = examined(trained(replace(run, seed=seed)))
    assert expected & set(fired), fired
    assert doctor.verdict().status in ("warning", "unhealthy")
    assert doctor.verdict().causes[0] in fired


@pytest.mark.parametrize("name", ["classifier", "relu only", "regression"])
def test_the_documented_fronts_stay_quiet_on_a_healthy_run(name):
    engine, base = AutoHealthWarnings(), TrainingLogger(level=Level.EXPERT)
    adaptive = AdaptiveLogger(base)
    adaptive.on_train_start(total_epochs=20)
    run, sent = HEALTHY[name], 0
    rng = np.random.default_rng(0)
    for event in trained(run):
        if isinstance(event, BatchEnd):
            engine.check_batch(loss=event.loss, epoch=event.epoch, batch=event.batch)
            adaptive.on_batch_end(event.batch, event.epoch, loss=event.loss)
            healthy = np.maximum(rng.normal(size=(32, 64)), 0)
            adaptive.on_layer_forward(0, "dense_0", output_data=healthy)
            sent += 2
        elif isinstance(event, EpochEnd):
            adaptive.on_epoch_end(event.epoch, metrics=event.metrics)
    assert engine.warnings == []
    assert adaptive.anomalies == []
    assert not adaptive.is_escalated
    assert len(base.get_event_log()) < 0.05 * (sent + 600)


def test_an_alert_is_told_once_and_again_only_after_many_updates():
    events = start() + losses(*[float("nan")] * 30)
    fired, _ = examined(events)
    assert fired == ["nan_inf_loss"]
    fired, _ = examined(events, thresholds=Thresholds(rearm=10))
    assert len(fired) == 3


def test_a_short_run_is_not_judged():
    _, doctor = examined(start() + losses(0.7, 0.6))
    assert doctor.verdict().status == "not enough evidence"
    _, doctor = examined(start() + losses(*[0.7] * 25))
    assert doctor.verdict().status == "healthy"


def test_what_explains_the_rest_comes_first():
    said = [Alert(rule=n, severity=RULES[n].severity, message="") for n in ("nan_inf_loss",)]
    cause = Alert(rule="update_too_large", severity="warning", message="")
    other = Alert(rule="overfitting", severity="warning", message="")
    assert rank([other, *said, cause], RULES.values()) == (
        "update_too_large",
        "nan_inf_loss",
        "overfitting",
    )
    assert rank([other, *said], RULES.values()) == ("nan_inf_loss", "overfitting")


def test_the_verdict_gives_the_first_cause_and_what_to_do():
    _, doctor = examined(start() + losses(0.7, float("nan")))
    verdict = doctor.verdict()
    assert (verdict.status, verdict.causes) == ("unhealthy", ("nan_inf_loss",))
    assert "NaN/Inf" in verdict.summary
    assert "learning rate" in verdict.summary


def test_layers_are_asked_for_only_when_sampled_and_heard_whenever_they_come():
    doctor = Doctor(lambda _: None, samples=0)
    assert doctor.level is Level.DETAILED
    sampling = Doctor(lambda _: None, sample_every=10, samples=0)
    asked = []
    for event in losses(*[0.5] * 30):
        asked.append(sampling.level)
        sampling.handle(Stamped(0, 0.0, event))
    assert [i for i, level in enumerate(asked) if level is Level.EXPERT] == [0, 10, 20]

    bus, heard = Bus(), []
    bus.add(Doctor(heard.append, samples=0))
    assert not bus.wants(Level.EXPERT)
    assert not bus.looks()
    for event in start() + seen("forward", dead_pct=100.0):
        bus.publish(event)
    assert [e.rule for e in heard] == ["dead_relu"]


def test_the_events_of_a_start_are_the_real_record():
    assert isinstance(start()[0], TrainStart)
    assert all(isinstance(layer, LayerInfo) for layer in start()[0].layers)


@pytest.mark.parametrize("steps", [50, 1000, 100_000])
def test_a_run_of_any_length_gets_few_looks_the_first_updates_among_them(steps):
    doctor, looked = Doctor(lambda _: None), []
    doctor.handle(Stamped(0, 0.0, start(10, steps // 10)[0]))
    for step in range(1, steps + 1):
        if doctor.looks:
            looked.append(step)
            for event in seen("gradient", (1.0,), at=step - 1):
                doctor.handle(Stamped(0, 0.0, event))
        doctor.handle(Stamped(0, 0.0, losses(0.5, first=step)[0]))
    assert looked[:5] == [1, 2, 3, 4, 5]
    assert 20 <= len(looked) <= 70
    late = [step for step in looked if step > steps // 5]
    pairs = sum(after - before == 1 for before, after in pairwise(late))
    assert pairs >= 8, "two gradients can be laid side by side"
    early = sum(step <= steps // 5 for step in looked)
    assert early >= min(steps // 5, len(looked) // 4)
    assert looked[-1] > 0.9 * steps


def test_a_run_that_goes_on_keeps_what_was_known_of_its_first_weights():
    known = {"layer": "a", "key": "W", "gain": 1.0, "alike": False, "units": 8}
    first = start(facts={"x_constant": 1.0, "kernels": (known,)})[0]
    assert isinstance(first, TrainStart)
    doctor = Doctor(lambda _: None)
    for event in (first, replace(first, resumed_step=2000, run={"facts": {"x_constant": 1.0}})):
        doctor.handle(Stamped(0, 0.0, event))
    assert [a.rule for a in doctor.alerts] == ["constant_features"]
    assert doctor._context.facts["kernels"]
    assert doctor._context.step == 2000
