"""Looks taken as one: the same statistics, the same alerts, and nothing taken that nobody reads."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pytest

from neurogebra.engines import ENGINES
from neurogebra.errors import NotReady
from neurogebra.layers import LSTM, Dense, Flatten
from neurogebra.observatory import guard, looks, stats, sweep
from neurogebra.observatory.bus import Bus
from neurogebra.observatory.doctor import Doctor
from neurogebra.observatory.events import Alert, LayerSeen, Level, Stamped, Stats
from neurogebra.observatory.guard import PLENTY, Sieve
from neurogebra.observatory.looks import Look, Looker
from neurogebra.observatory.pace import CALM, SUSPICIOUS
from neurogebra.observatory.replay import replayed
from neurogebra.observatory.sinks.terminal import Terminal
from neurogebra.observatory.sweep import SHORT
from neurogebra.observatory.witness import start
from neurogebra.spec import ModelSpec, RunSpec
from neurogebra.training.data import prepare
from neurogebra.training.loop import train
from neurogebra.training.runner import run
from neurogebra.training.session import Session


@dataclass
class Row:
    layer: str
    site: str
    array: Any
    param: str = ""
    index: int = 0


def rows(dtype: str = "float32") -> list[Row]:
    rng = np.random.default_rng(1)

    def drawn(*shape: int) -> Any:
        return rng.normal(1.0, 3.0, shape).astype(dtype)

    odd = drawn(7, 5)
    odd[1, 2], odd[3, 3] = np.nan, np.inf
    relu = np.maximum(drawn(32, 9), 0)
    relu[:, 3] = 0
    return [
        Row("a", "forward", relu),
        Row("a", "backward", drawn(32, 9) * 1e-12),
        Row("a", "gradient", drawn(SHORT, 2), "W"),
        Row("a", "weight", drawn(20, 30).T, "W"),
        Row("a", "update", odd, "W"),
        Row("b", "forward", drawn(16, 4), index=1),
        Row("b", "gradient", np.zeros((3, 3), dtype), "W", 1),
        Row("b", "weight", np.full((4, 4), 1000.5, dtype), "W", 1),
        Row("b", "update", drawn(3) * (1e30 if dtype == "float32" else 1e200), "W", 1),
    ]


def same(found: Stats, wanted: Stats) -> None:
    for f in fields(Stats):
        a, b = getattr(found, f.name), getattr(wanted, f.name)
        if f.name not in ("row_std", "idle_pct"):
            assert a == pytest.approx(b, rel=2e-6, abs=1e-6 * wanted.norm, nan_ok=True), f.name


def compared(dtype: str) -> None:
    given = rows(dtype)
    look = Looker(["relu", "softmax"]).look(given, 0, 1, 2)
    assert [(e.layer, e.site, e.param, e.shape) for e in look.events] == [
        (r.layer, r.site, r.param, r.array.shape) for r in given
    ]
    with np.errstate(all="ignore"):
        for event, row in zip(look.events, given, strict=True):
            kind = ("relu", "softmax")[row.index] if row.site == "forward" else ""
            same(event.stats, stats.seen(np.ascontiguousarray(row.array), kind))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_together_they_have_the_statistics_that_each_has_alone(dtype):
    compared(dtype)


def test_a_sum_that_slips_into_the_next_array_is_seen(monkeypatch):
    """The tooth."""
    before = sweep.Sweep.__init__

    def slips(self: Any, flats: Any, kinds: Any) -> None:
        before(self, flats, kinds)
        self._starts[1:] -= 1

    monkeypatch.setattr(sweep.Sweep, "__init__", slips)
    with pytest.raises(AssertionError):
        compared("float64")


def test_a_look_is_read_while_its_arrays_are_there():
    given = rows()
    looker = Looker(["relu", "softmax"])
    look, read = looker.look(given, 0, 0, 1), looker.look(given, 0, 0, 2)
    told = read.events
    look.close()
    read.close()
    assert read.events is told
    with pytest.raises(NotReady, match="step 1"):
        look.events  # noqa: B018


@pytest.mark.parametrize("engine", ["numpy", pytest.param("torch", marks=pytest.mark.torch)])
def test_each_probed_step_shows_its_own_numbers(engine):
    """The arrays may be the same ones; what is said of them may not."""
    layers = {"even": (Flatten(), Dense(5, "relu"), Dense(2)), "gates": (LSTM(3), Dense(2))}
    for first in layers.values():
        model = ModelSpec("net", (4, 3), first)
        nets = [
            ENGINES[e]
            .load()
            .build(model, RunSpec(dtype="float64"), model.init(0), np.random.default_rng(0))
            for e in ("numpy", engine)
        ]
        looker = Looker(["relu"] * 3)
        for step in range(3):
            rng = np.random.default_rng(step)
            x, y = rng.normal(size=(6 - step, 4, 3)), {"output": rng.normal(size=(6 - step, 2))}
            before = nets[1].weights()
            ours, seen = (net.step(x, y, lr=0.1, probe=True).seen for net in nets)
            assert [s.array.shape for s in seen] == [s.array.shape for s in ours]
            for one, other in zip(looker.look(seen, 0, 0, 1).events, ours, strict=True):
                assert one.stats.norm == pytest.approx(np.linalg.norm(other.array), rel=1e-6)
            for s in seen:
                if s.site == "update":
                    moved = nets[1].weights()[f"{s.layer}.{s.param}"]
                    np.testing.assert_array_equal(s.array, moved - before[f"{s.layer}.{s.param}"])


class Kept:
    """Keeps what it hears of layers, one by one or as looks; asks for each update."""

    name, level, looks = "kept", Level.EXPERT, True

    def __init__(self) -> None:
        self.stamped: list[Stamped] = []

    def handle(self, stamped: Stamped) -> None:
        self.stamped.append(stamped)

    def close(self) -> None:
        pass


class Whole(Kept):
    def __init__(self) -> None:
        super().__init__()
        self.looks_heard: list[tuple[int, Look]] = []

    def handle_look(self, seq: int, time: float, look: Look) -> None:
        self.looks_heard.append((seq, look))


def session(epochs: int = 5, rate: float = 0.01, batches: int = 40) -> Session:
    rng = np.random.default_rng(0)
    model = ModelSpec("net", (6,), (Dense(8, "relu"), Dense(3, "softmax")))
    settled = RunSpec(
        loss="categorical_crossentropy", epochs=epochs, batch_size=8, seed=3, learning_rate=rate
    )
    x = rng.normal(size=(8 * batches, 6))
    return Session(model, settled, prepare(model, settled, x, (x[:, 0] > 0).astype(int)))


def test_the_bus_hands_over_looks_and_keeps_one_order():
    single, whole = Kept(), Whole()
    run(session(1), Bus([single, whole], strict=True))
    assert [s.seq for s in single.stamped] == list(range(len(single.stamped)))
    layers = [s for s in single.stamped if isinstance(s.event, LayerSeen)]
    assert not any(isinstance(s.event, LayerSeen) for s in whole.stamped)
    firsts = {s.event.step: s.seq for s in reversed(layers) if isinstance(s.event, LayerSeen)}
    assert {look.step: seq for seq, look in whole.looks_heard} == firsts
    assert len(firsts) == 40


def test_who_steps_the_loop_itself_gets_the_arrays_one_by_one():
    made = list(train(session(1), lambda level: True, lambda: True))
    assert len([e for e in made if isinstance(e, LayerSeen)]) > 400
    assert not any(isinstance(e, Look) for e in made)


def test_statistics_that_nobody_reads_are_not_taken(monkeypatch, capsys):
    taken: list[int] = []
    whole = looks.Plan.statistics
    monkeypatch.setattr(looks.Plan, "statistics", lambda *args: (taken.append(1), whole(*args))[1])
    bus = Bus([Terminal(Level.EXPERT), Whole()], strict=True)
    bus.add(Doctor(bus.publish))
    end = run(session(10), bus)
    assert end.observer["looks"] == 400
    assert len(taken) < 2 * PLENTY + 30 + 3 * SUSPICIOUS
    assert "dense_1" in capsys.readouterr().out


def alerts(found: Any) -> list[tuple[Any, ...]]:
    return [(a.rule, a.layer, a.step, a.message, tuple(a.evidence.items())) for a in found]


def watched(made: Session, at: int = 0, what: float = math.nan) -> tuple[Doctor, Kept]:
    """Run under a doctor that gets whole looks; after `at` updates a weight is spoilt."""
    kept, bus = Kept(), Bus(strict=True)
    doctor = Doctor(bus.publish)
    bus.add(kept)
    bus.add(doctor)
    for event in train(made, bus.wants, bus.looks, bus.quiet, whole=True):
        bus.publish(event)
        if at and made.progress.step == at:
            at, store = 0, made.network.store  # type: ignore[attr-defined]
            store.views["dense_0.W"][:, 2] *= what
    return doctor, kept


@pytest.mark.parametrize(
    ("made", "at", "what", "rule"),
    [
        ({}, 0, 1.0, ""),
        ({"rate": 300.0}, 0, 1.0, "update_too_large"),
        ({"epochs": 8}, 177, math.inf, "nan_inf_array"),
        ({"epochs": 8}, 177, 1e5, "exploding_gradient"),
    ],
    ids=["calm", "steps too long", "a weight is lost", "a weight grows"],
)
def test_alerts_of_whole_looks_are_recomputed_from_what_was_told(made, at, what, rule):
    doctor, kept = watched(session(**made), at, what)
    again = replayed(s for s in kept.stamped if not isinstance(s.event, Alert))
    assert alerts(doctor.alerts) == alerts(again.alerts)
    assert not rule or rule in {a.rule for a in doctor.alerts}
    if rule == "nan_inf_array":
        assert min(a.step for a in doctor.alerts if a.rule == rule) == at + 1


def test_a_guard_that_sees_nothing_is_seen(monkeypatch):
    """The tooth: between two looks that are examined an array goes wrong."""

    def blind(self: Any, look: Look) -> bool:
        return not self._sieve.takes(look.step, 320)

    monkeypatch.setattr(guard.Guard, "is_calm", blind)
    doctor, _ = watched(session(epochs=8), 177, math.inf)
    assert {a.rule for a in doctor.alerts} == {"nan_inf_loss"}


def test_a_log_that_left_out_what_was_not_examined_says_the_same():
    doctor, kept = watched(session(epochs=8, rate=300.0))
    sieve = Sieve()
    assert sum(sieve.takes(step, 320) for step in range(1, 321)) < 130
    assert len([s for s in kept.stamped if isinstance(s.event, LayerSeen)]) > 2000
    assert alerts(doctor.alerts) == alerts(replayed(kept.stamped).alerts)


def test_the_sieve_lets_the_first_looks_through_then_so_many_of_a_run():
    sieve = Sieve()
    taken = [step for step in range(1, 6001) if sieve.takes(step, 6000)]
    assert taken[:PLENTY] == list(range(1, PLENTY + 1))
    assert PLENTY - 2 <= len(taken) - PLENTY <= PLENTY
    sieve.alarm(7000)
    sieve.alarm(7001)
    assert [s for s in range(7001, 7020) if sieve.takes(s, 6000)][:SUSPICIOUS] == [7001, 7002, 7003]
    assert CALM > SUSPICIOUS
    every = Sieve(0)
    assert all(every.takes(step, 6000) for step in range(1, 2000))


def test_a_run_of_unknown_length_is_looked_at_ever_more_rarely():
    sieve = Sieve()
    taken = [step for step in range(1, 20_001) if sieve.takes(step, 0)]
    assert PLENTY < len(taken) < 8 * PLENTY


def test_events_one_by_one_are_judged_as_a_look_is():
    doctor = Doctor(lambda e: None, plenty=1)
    for event in start(epochs=1000):
        doctor.handle(Stamped(0, 0.0, event))
    for step in range(1, 30):
        norm = 1e4 if step in (20, 21, 22) else 1.0
        one = Stats(size=4, mean=0.0, std=1.0, min=-1.0, max=1.0, norm=norm)
        event = LayerSeen(
            epoch=0, batch=step, step=step, index=0, layer="dense_0", site="gradient",
            shape=(2, 2), stats=one, param="W",
        )  # fmt: skip
        doctor.handle(Stamped(step, 0.0, event))
    assert [(a.rule, a.step) for a in doctor.alerts] == [("exploding_gradient", 22)]
