"""The budget of watching: kept, said truly, and never paid for with a bit of the weights."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from neurogebra.builders.last_fit import LastFit
from neurogebra.builders.watch import Watch, train_watched
from neurogebra.errors import BadValue
from neurogebra.layers import Dense, Dropout
from neurogebra.observatory.bus import PATIENCE, Bus
from neurogebra.observatory.doctor import EPOCHS, Doctor
from neurogebra.observatory.events import (
    Alert,
    BatchEnd,
    EpochEnd,
    Event,
    LayerSeen,
    Level,
    Stamped,
    TrainEnd,
)
from neurogebra.observatory.governor import GRACE, Governor
from neurogebra.observatory.pace import FIRST, HEARD, KEPT, SUSPICIOUS, Pace
from neurogebra.observatory.presets import LogConfig
from neurogebra.observatory.replay import replayed
from neurogebra.observatory.rules import RULES
from neurogebra.observatory.sinks.history import History
from neurogebra.observatory.witness import start
from neurogebra.spec import ModelSpec, RunSpec
from neurogebra.training.data import prepare
from neurogebra.training.loop import PASSED, train
from neurogebra.training.runner import run
from neurogebra.training.session import Session


class Clock:
    """Says what it is told: each reading takes `tick` seconds, work between them is added."""

    def __init__(self, tick: float) -> None:
        self.now, self.tick = 0.0, tick

    def __call__(self) -> float:
        self.now += self.tick
        return self.now


class Kept:
    """A sink that keeps what it hears and asks for nothing; each event takes it `takes` seconds."""

    name, level, hears = "kept", Level.SILENT, Level.DEBUG

    def __init__(self, clock: Clock | None = None, takes: float = 0.0) -> None:
        self.stamped: list[Stamped] = []
        self._clock, self._takes = clock, takes

    def handle(self, stamped: Stamped) -> None:
        self.stamped.append(stamped)
        if self._clock is not None:
            self._clock.now += self._takes

    def close(self) -> None:
        pass

    def of(self, kind: type[Any]) -> list[Any]:
        return [s.event for s in self.stamped if isinstance(s.event, kind)]


def session(
    engine: str = "numpy", epochs: int = 4, batches: int = 50, rate: float = 0.01
) -> Session:
    rng = np.random.default_rng(0)
    model = ModelSpec("net", (6,), (Dense(8, "relu"), Dropout(0.2), Dense(3, "softmax")))
    settled = RunSpec(
        loss="categorical_crossentropy", engine=engine, epochs=epochs, batch_size=8, seed=3,
        optimizer="adam", learning_rate=rate,
    )  # fmt: skip
    x = rng.normal(size=(8 * batches, 6))
    y = (x[:, 0] > 0).astype(int) + (x[:, 1] > 0)
    return Session(model, settled, prepare(model, settled, x, y))


class Slow(Session):
    """A session whose updates take so many seconds by a clock of ours."""

    clock: Clock
    takes = 0.001

    def step(self, *args: Any, **options: Any) -> Any:
        self.clock.now += self.takes
        return super().step(*args, **options)


def governed(budget: float | None, takes: float, clock: Clock | None = None, **more: Any) -> Any:
    """Run under a doctor and a sink that takes its time; return what was heard, and the end."""
    clock = clock or Clock(1e-6)
    made = session(**more)
    made.__class__, made.clock = Slow, clock  # type: ignore[assignment,attr-defined]
    governor = Governor(budget, clock)
    kept, bus = Kept(clock, takes), Bus(strict=True)
    doctor = Doctor(bus.publish, governor=governor)
    bus.add(kept)
    bus.add(doctor)
    end = run(made, bus, governor=governor)
    return kept, end, doctor


def test_the_share_stays_within_the_budget_where_there_is_time_for_it():
    kept, end, _ = governed(0.03, 2e-4, epochs=10, batches=500)  # 5 s; a look takes 2 ms
    told = end.observer
    assert 0.015 < told["share"] <= 0.03
    assert told["budget"] == 0.03
    assert told["looks"] == len({e.step for e in kept.of(LayerSeen)})
    assert told["told"] == len(kept.of(BatchEnd)) < 2000
    assert 10 < told["looks"] < 60
    assert kept.of(TrainEnd)[0].observer == told


def test_what_the_run_says_of_its_observer_is_true():
    """The tooth: events that take longer must show."""
    clock = Clock(1e-6)
    kept, end, _ = governed(None, 1e-3, clock, epochs=1)
    during = [s for s in kept.stamped if isinstance(s.event, (LayerSeen, BatchEnd, EpochEnd))]
    assert end.observer["seconds"] == pytest.approx(1e-3 * len(during), rel=0.05)
    assert "budget" not in end.observer
    _, cheap, _ = governed(None, 1e-4, epochs=1)
    assert cheap.observer["seconds"] < 0.2 * end.observer["seconds"]


def test_without_a_budget_every_update_is_told_and_all_planned_looks_are_taken():
    kept, end, doctor = governed(None, 1.0)
    assert [e.step for e in kept.of(BatchEnd)] == list(range(1, 201))
    assert doctor.level in (Level.DETAILED, Level.EXPERT)
    assert end.observer["looks"] > 40


def test_the_same_clock_gives_the_same_events():
    first, _, _ = governed(0.03, 2e-4)
    second, _, _ = governed(0.03, 2e-4)
    steps = [[e.step for e in k.of(BatchEnd)] for k in (first, second)]
    assert steps[0] == steps[1]
    assert len(steps[0]) < 200


def test_a_few_looks_are_taken_whatever_they_cost():
    kept, end, _ = governed(0.01, 10.0)
    looked = sorted({e.step for e in kept.of(LayerSeen)})
    assert looked[:FIRST] == list(range(1, FIRST + 1))
    assert len(looked) >= FIRST + 50 // KEPT - 2
    assert looked[-1] > 150
    assert end.observer["share"] > 1


def test_alerts_of_a_governed_run_are_recomputed_from_what_was_told():
    kept, _, doctor = governed(0.03, 2e-4, rate=5.0, epochs=60, batches=20)
    assert doctor.alerts
    assert len(kept.of(BatchEnd)) < 1200
    assert replayed(kept.stamped).alerts == doctor.alerts == kept.of(Alert)
    assert replayed(s for s in kept.stamped if not isinstance(s.event, EpochEnd)).alerts != (
        doctor.alerts
    )


@pytest.mark.parametrize("engine", ["numpy", pytest.param("torch", marks=pytest.mark.torch)])
@pytest.mark.parametrize("how", ["default", "expert", "every update"])
def test_no_way_of_watching_changes_a_bit(engine, how, capsys):
    bare, seen = (session(engine, epochs=2, batches=30) for _ in range(2))
    for batch in (b for e in range(2) for b in bare.data.epoch(e, bare.run)):
        bare.step(batch, told=False)
    config = {
        "default": LogConfig(),
        "expert": LogConfig(level=Level.EXPERT),
        "every update": LogConfig(level=Level.EXPERT, budget=None),
    }[how]
    history, kept = History(), Kept()
    train_watched(seen, Watch(None, config, True, (kept,)), history, LastFit())
    for name, w in bare.network.weights().items():
        assert w.tobytes() == seen.network.weights()[name].tobytes(), name
    looks = history.observer["looks"]
    assert looks == 60 if how == "every update" else FIRST < looks <= 60
    assert math.isfinite(history.observer["share"])


def test_nobody_is_asked_while_nobody_listens():
    made, asked = session(), []
    events = list(train(made, lambda level: False, quiet=lambda: asked.append(1) or PATIENCE))
    assert sum(e is PASSED for e in events) > 190
    assert len(asked) < 12
    assert len([e for e in events if isinstance(e, (BatchEnd,)) or e is PASSED]) == 200


def test_a_loss_that_is_no_number_is_told_in_the_midst_of_silence():
    made = session()
    made.data.x[123] = np.nan
    events = list(train(made, lambda level: False, quiet=lambda: 10_000))
    last = [e for e in events if isinstance(e, BatchEnd)][-1]
    assert math.isnan(last.loss)
    assert isinstance(events[-1], TrainEnd)
    assert events[-1].reason == "diverged"


def test_who_asks_for_batches_gets_each_of_them():
    class Detailed(Kept):
        level = Level.DETAILED

    kept, clock = Detailed(), Clock(1e-6)
    governor = Governor(0.01, clock)
    bus = Bus([kept, Doctor(lambda e: None, governor=governor)], strict=True)
    assert bus.quiet() == 0
    run(session(), bus, governor=governor)
    assert len(kept.of(BatchEnd)) == 200
    assert all(e.metrics for e in kept.of(BatchEnd))
    assert Bus([Kept()]).quiet() == PATIENCE


def test_an_alert_asks_for_looks_whatever_they_cost_and_not_again_at_once():
    clock = Clock(1e-6)
    governor = Governor(0.01, clock)
    pace = Pace(60, governor)
    governor.start()
    governor.spent, clock.now = 100.0, 200.0
    governor.begin()
    for step in range(1, 40):
        pace.looked(step, 10_000)
        pace.heard(step, 10_000)
    quiet = 40 + pace.quiet(40)
    assert not pace.looks(40)
    pace.suspect(40)
    looked = []
    for step in range(40, 60):
        if pace.looks(step):
            looked.append(step + 1)
            pace.looked(step + 1, 10_000)
        pace.heard(step + 1, 10_000)
        pace.suspect(step + 1)
    assert looked == list(range(41, 41 + SUSPICIOUS))
    assert quiet > 40


def test_the_first_updates_are_all_heard():
    kept, _, _ = governed(0.01, 0.05, epochs=1)
    steps = [e.step for e in kept.of(BatchEnd)]
    assert steps[:HEARD] == list(range(1, HEARD + 1))
    assert len(steps) < 100


def test_a_short_run_may_take_its_grace():
    clock = Clock(0.0)
    governor = Governor(0.03, clock)
    governor.start()
    governor.learn("look", GRACE / 2)
    assert governor.affords("look")
    governor.spent = 0.6 * GRACE
    assert not governor.affords("look")
    wait = governor.wait("look")
    clock.now = governor.spent + wait + 1e-6
    governor.begin()
    assert governor.affords("look")


def test_what_a_probed_update_takes_more_is_counted_once_others_are_known():
    governor = Governor(0.03, Clock(0.0))
    governor.start()
    governor.probed(5.0)
    assert governor.spent == 0
    for _ in range(3):
        governor.stepped(1.0)
    assert governor.spent == pytest.approx(4.0)
    governor.probed(1.5)
    assert governor.spent == pytest.approx(4.5)


@pytest.mark.parametrize("bad", [0, -0.1, 1.5, "3 %", True, math.nan])
def test_a_budget_that_is_none_is_refused(bad):
    with pytest.raises(BadValue, match="budget"):
        LogConfig(budget=bad).check()
    with pytest.raises(BadValue, match="budget"):
        Governor(bad)


@pytest.mark.parametrize("budget", [0.01, 1, None])
def test_a_budget_survives_its_file(budget, tmp_path):
    config = LogConfig(budget=budget)
    assert LogConfig.load(config.save(tmp_path / "log.json")).budget == budget
    assert LogConfig.from_dict({}).budget == 0.03


def test_of_very_many_epochs_not_each_is_examined_but_the_last_is():
    asked: list[tuple[int, int]] = []
    rule = replace(
        RULES["overfitting"], when=lambda e, c, t: asked.append((e.epoch, len(c.epochs)))
    )
    doctor = Doctor(lambda e: None, rules=(rule,))
    planned = start(400, 1)[0]
    events: list[Event] = [planned]
    ended = [
        EpochEnd(epoch=i, step=i + 1, metrics={"loss": 1.0}, learning_rate=0.1, seconds=0.0)
        for i in range(300)
    ]
    end = TrainEnd(reason="early_stopping", epochs=300, step=300, seconds=1.0)
    for event in [*events, *ended, end]:
        doctor.handle(Stamped(0, 0.0, event))
    assert [e for e, _ in asked[:10]] == list(range(10))
    assert len(asked) <= EPOCHS + 2
    assert asked[-1] == (299, 300)
