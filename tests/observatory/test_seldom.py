"""What is taken now and then: against plain computations, in real runs, and from the log again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from scipy.stats import kurtosis

from neurogebra.builders.parts import given_rows, sources
from neurogebra.layers import Dense
from neurogebra.observatory import seldom
from neurogebra.observatory.bus import Bus
from neurogebra.observatory.doctor import Doctor
from neurogebra.observatory.events import EpochEnd, LayerSeen, ModeSeen, Stamped
from neurogebra.observatory.replay import examine_run
from neurogebra.observatory.rule import Thresholds
from neurogebra.observatory.rules_rare import noise_scale
from neurogebra.observatory.seldom import Seldom, outputs, together
from neurogebra.observatory.sinks.ndjson import TieredStorage
from neurogebra.spec import ModelSpec, RunSpec
from neurogebra.training.data import prepare
from neurogebra.training.runner import run as train
from neurogebra.training.session import Session

RNG = np.random.default_rng(0)


def test_rank_is_the_participation_ratio_of_the_covariance():
    for shape in ((32, 64), (64, 20), (40, 40)):
        x = RNG.normal(size=shape) * np.linspace(0.1, 3, shape[1])
        values = np.linalg.eigvalsh(np.cov(x.T))
        assert outputs(x)["rank"] == pytest.approx(values.sum() ** 2 / (values**2).sum())
    line = RNG.normal(size=(32, 1)) * RNG.normal(size=16) + RNG.normal(size=16)
    assert outputs(line)["rank"] == pytest.approx(1.0)


def test_kurtosis_is_that_of_all_numbers():
    for x in (RNG.normal(size=(32, 64)), np.maximum(RNG.standard_t(3, (20, 8)), 0)):
        assert outputs(x)["kurtosis"] == pytest.approx(kurtosis(x, axis=None))
    assert outputs(x.astype("float32"))["kurtosis"] == pytest.approx(kurtosis(x, axis=None), 1e-4)


def test_of_large_outputs_a_part_is_read_and_of_images_each_place_is_a_row():
    images = RNG.normal(size=(8, 6, 6, 12))
    assert outputs(images) == outputs(images.reshape(-1, 12))
    assert outputs(RNG.normal(size=(4096, 2000)))["rank"] > 12
    start = time.perf_counter()
    outputs(np.ones((1 << 14, 64)) * RNG.normal(size=64))
    assert time.perf_counter() - start < 0.05


@pytest.mark.parametrize(
    "odd",
    [np.ones((32, 16)), np.zeros(64), RNG.normal(size=(8, 16)), RNG.normal(size=(32, 4)),
     np.full((32, 16), np.nan), np.full((32, 16), 1e200)],
    ids=["constant", "one axis", "few rows", "few units", "nan", "huge"],
)  # fmt: skip
def test_of_what_says_nothing_nothing_is_told(odd):
    with np.errstate(all="ignore"):
        assert outputs(odd) == {}


def test_two_gradients_give_their_mean_and_their_noise():
    mean, noise = RNG.normal(size=(50, 40)), 3.0
    pairs = [mean + noise * RNG.normal(size=(2, 50, 40)) for _ in range(400)]
    found = [together(a, b) for a, b in pairs]
    assert np.mean([f["overlap"] for f in found]) == pytest.approx((mean**2).sum(), rel=0.06)
    assert np.mean([f["spread"] for f in found]) == pytest.approx(noise**2 * 2000, rel=0.02)


def test_of_large_gradients_rows_are_kept_and_stand_for_all():
    kept, first = Seldom(memory=80_000), RNG.normal(size=(1000, 100))
    kept.keep(10, [("a", "W", first), ("a", "b", first[0])])
    assert sum(array.nbytes for array, _ in kept._kept.values()) < 1.1 * 80_000
    assert kept.due(11)
    found = kept.of("a", "gradient", "W", first, hidden=True)
    assert found["overlap"] == pytest.approx((first**2).sum(), rel=0.05)
    assert found["spread"] == 0
    assert kept.of("a", "gradient", "b", 2 * first[0], hidden=True)["overlap"] > 0


def test_gradients_are_paired_with_those_of_the_next_update_only():
    kept, g = Seldom(), np.ones((2, 2))
    kept.keep(3, [("a", "W", g)])
    kept.due(4)
    assert kept.of("a", "gradient", "W", g, hidden=True) == {}, "too early in a run"
    kept.keep(100, [("a", "W", g)])
    g[:] = 7  # the engine's own buffer
    kept.due(102)
    assert kept.of("a", "gradient", "W", g, hidden=True) == {}
    kept.keep(200, [("a", "W", g)])
    g[:] = 2
    kept.due(201)
    assert kept.of("a", "gradient", "W", g, hidden=True) == {"overlap": 56.0, "spread": 50.0}
    kept.keep(201, [("a", "W", g)])
    kept.due(202)
    assert kept.of("a", "gradient", "W", g, hidden=True) == {}, "there was a pair of late"


def test_the_dear_numbers_are_taken_ever_more_rarely():
    kept, x = Seldom(), RNG.normal(size=(32, 16))
    taken = []
    for step in range(1, 10_001):
        if kept.due(step) and kept.of("a", "forward", "", x, hidden=True):
            taken.append(step)
    assert taken[0] == 1
    assert len(taken) < 45
    kept = Seldom()
    assert kept.due(1)
    assert kept.of("a", "forward", "", x, hidden=False) == {}
    assert kept.of("a", "backward", "", x, hidden=True) == {}


class Keep:
    """A sink that keeps every event; with `every` it asks for the layers of each update."""

    name, hears = "keep", 4

    def __init__(self, *, every: bool = False) -> None:
        self.level, self.looks, self.heard = 3 if every else 0, every, []

    def handle(self, stamped: Stamped) -> None:
        self.heard.append(stamped)

    def close(self) -> None:
        pass


def session(x: np.ndarray, y: np.ndarray, layers: tuple[Any, ...], **run: Any) -> Session:
    model = ModelSpec("net", x.shape[1:], layers)
    spec = RunSpec(**{"loss": "mse", "optimizer": "sgd", "restore_best": False, **run})
    return Session(model, spec, prepare(model, spec, x, y), None)


def told(made: Session, *sinks: Any, thresholds: Thresholds | None = None) -> Doctor:
    bus = Bus(sinks, strict=True)
    doctor = Doctor(bus.publish, thresholds)
    bus.add(doctor)
    with np.errstate(all="ignore"):
        train(made, bus)
    bus.close()
    return doctor


def linear(noise: float, rows: int = 3000, columns: int = 6) -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(1).normal(size=(rows, columns))
    return x, x @ np.ones(columns) + noise * np.random.default_rng(2).normal(size=rows)


def test_the_noise_scale_of_a_run_is_that_of_its_rows():
    """Where the weights hardly move, each row's own gradient says what it has to be."""
    x, y = linear(5.0)
    made = session(x, y, (Dense(1),), batch_size=16, learning_rate=1e-9, epochs=4)
    first = {name: w.copy() for name, w in made.network.weights().items()}
    doctor = told(made, Keep(every=True))
    error = x @ first["dense_0.W"][:, 0] + first["dense_0.b"] - y
    each = 2 * error[:, None] * np.column_stack([x, np.ones(len(x))])
    expected = each.var(0).sum() / (each.mean(0) ** 2).sum()
    found = noise_scale(doctor._context, Thresholds())
    assert found is not None
    assert found.low < expected < found.high
    assert found.high / found.low < 3


@pytest.mark.parametrize(
    ("columns", "noise", "batch", "expected"),
    [(400, 15.0, 16, {"batch_small_for_noise"}), (6, 0.1, 256, {"batch_large_for_noise"}),
     (6, 2.0, 16, set())],
    ids=["small", "large", "fitting"],
)  # fmt: skip
def test_batches_are_held_against_the_noise(columns, noise, batch, expected, tmp_path):
    x, y = linear(noise, columns=columns)
    run = {"batch_size": batch, "learning_rate": 1e-7, "epochs": 3 if batch < 100 else 20}
    kept = Keep(every=True)
    doctor = told(session(x, y, (Dense(1),), **run), TieredStorage(tmp_path), kept)
    advised = {a.rule for a in doctor.alerts if a.severity == "info"}
    assert advised & {"batch_small_for_noise", "batch_large_for_noise"} == expected
    assert {a.rule for a in doctor.diagnosis().advice} >= expected
    assert examine_run(tmp_path).alerts == doctor.alerts


def test_the_plan_of_looks_has_the_pairs_that_the_rule_takes():
    x, y = linear(1.0)
    kept = Keep()
    doctor = told(session(x, y, (Dense(1),), batch_size=16, epochs=4, learning_rate=1e-7), kept)
    late = [p for p in doctor._context.noise if p.step > 200]
    assert len(late) >= Thresholds().noise_pairs
    assert noise_scale(doctor._context, Thresholds()) is not None
    looks = {s.event.step for s in kept.heard if isinstance(s.event, LayerSeen)}
    assert len(looks) < 75


def test_outputs_that_fall_into_one_direction_are_told_from_real_arrays(tmp_path):
    """A first layer whose weights a penalty on all but one unit pulls away, and a tame twin."""
    x = np.random.default_rng(3).normal(size=(320, 12))
    y = np.random.default_rng(4).normal(size=320)
    for pull, expected in ((0.8, {"rank_collapse"}), (1.0, set())):
        made = session(x, y, (Dense(16, "tanh"), Dense(1)), learning_rate=1e-4, epochs=20)
        step, w = made.network.step, made.network.store.views["dense_0.W"]  # type: ignore[attr-defined]

        def pulled(*given: Any, pull=pull, step=step, w=w, **more: Any) -> Any:
            done = step(*given, **more)
            w[:, 1:] *= pull
            return done

        made.network.step = pulled  # type: ignore[method-assign]
        folder = tmp_path / str(pull)
        doctor = told(made, TieredStorage(folder))
        rare = {a.rule for a in doctor.alerts if a.severity == "info"}
        assert rare & {"rank_collapse"} == expected
        assert examine_run(folder).alerts == doctor.alerts


def test_outputs_of_few_units_that_outgrow_the_others_are_told():
    x = np.random.default_rng(3).normal(size=(320, 12))
    for grows, expected in ((1.6, {"kurtosis_rise"}), (1.0, set())):
        made = session(x, x[:, 0], (Dense(256), Dense(1)), learning_rate=1e-9, epochs=6)
        step, w = made.network.step, made.network.store.views["dense_0.W"]  # type: ignore[attr-defined]

        def grown(*given: Any, grows=grows, step=step, w=w, **more: Any) -> Any:
            done = step(*given, **more)
            w[:, 3] = np.clip(w[:, 3] * grows, -1e4, 1e4)
            return done

        made.network.step = grown  # type: ignore[method-assign]
        found = {a.rule for a in told(made).alerts}
        assert found & {"kurtosis_rise"} == expected


@pytest.mark.parametrize("late", ["rows", "updates"])
def test_training_that_waits_for_its_rows_is_told(late, tmp_path):
    x, y = linear(1.0, 160)

    def batches() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for i in range(0, 160, 32):
            time.sleep(0.01 if late == "rows" else 0)
            yield x[i : i + 32], y[i : i + 32]

    model = ModelSpec("net", (6,), (Dense(1),))
    run = RunSpec(loss="mse", epochs=4, learning_rate=0.01)
    made = Session(model, run, *sources(model, run, given_rows(batches, None, None), None))
    step = made.network.step

    def slow(*given: Any, **more: Any) -> Any:
        time.sleep(0.01 if late == "updates" else 0)
        return step(*given, **more)

    made.network.step = slow  # type: ignore[method-assign]
    strict, kept = Thresholds(waiting_seconds=1e-9), Keep()
    doctor = told(made, kept, TieredStorage(tmp_path), thresholds=strict)
    fired = [a.rule for a in doctor.alerts]
    assert ("data_bound" in fired) is (late == "rows")
    assert examine_run(tmp_path, strict).alerts == doctor.alerts
    ended = [s.event for s in kept.heard if isinstance(s.event, EpochEnd)]
    assert all(0.05 * (late == "rows") <= e.waited <= e.seconds for e in ended)
    causes = [c.name for c in doctor.diagnosis().causes]
    assert ("slow_data" in causes) is (late == "rows")


def test_a_second_pass_in_the_mode_for_training_is_a_cause():
    doctor = Doctor(lambda _: None)
    for passes in (1, 2, 3):
        event = ModeSeen(epoch=0, step=50 * passes, layer="drop", passes=passes)
        doctor.handle(Stamped(passes, 0.0, event))
        assert len(doctor.alerts) == min(passes - 1, 1)
    assert [c.name for c in doctor.diagnosis().causes] == ["wrong_mode"]
    assert "eval()" in doctor.diagnosis().causes[0].change


def test_tooth_without_pairs_the_rule_is_silent(monkeypatch):
    monkeypatch.setattr(seldom, "PAIRS_FROM", 10**9)
    x, y = linear(0.1)
    doctor = told(session(x, y, (Dense(1),), batch_size=256, learning_rate=1e-7, epochs=9))
    assert not doctor._context.noise
