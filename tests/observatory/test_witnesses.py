"""Rules shown on real little trainings: each fires where its fault is, and not beside it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from neurogebra.datasets import Datasets
from neurogebra.layers import Dense
from neurogebra.observatory import stats
from neurogebra.observatory.bus import Bus
from neurogebra.observatory.doctor import Doctor
from neurogebra.observatory.events import LayerSeen, Stamped
from neurogebra.observatory.replay import examine_run, replayed
from neurogebra.observatory.rule import Thresholds
from neurogebra.observatory.sinks.ndjson import TieredStorage
from neurogebra.observatory.units import LOOKS, Units
from neurogebra.spec import ModelSpec, RunSpec
from neurogebra.training.data import Batch, Data, prepare
from neurogebra.training.runner import run as train
from neurogebra.training.session import Session


def rows(name: str = "digits", *, ordered: bool = False) -> tuple[np.ndarray, np.ndarray]:
    x, y = Datasets.load(name, split=None)  # type: ignore[misc]
    x, y = np.asarray(x, np.float64), np.asarray(y)
    order = (
        np.argsort(y, kind="stable") if ordered else np.random.default_rng(0).permutation(len(x))
    )
    return ((x - x.mean(0)) / (x.std(0) + 1e-9))[order], y[order]


def session(
    x: np.ndarray,
    y: np.ndarray,
    *,
    end: str = "softmax",
    bias: float = 0.0,
    data: type[Data] = Data,
    **run: Any,
) -> Session:
    units = len(np.unique(y))
    model = ModelSpec("net", x.shape[1:], (Dense(24, "relu"), Dense(units, end)))
    spec = RunSpec(**{"loss": "categorical_crossentropy", "epochs": 4, **run})
    first = dict(model.init(0))
    first["dense_0.b"] = np.full_like(first["dense_0.b"], bias)
    made = prepare(model, spec, x, y)
    return Session(model, spec, data(made.x, made.y), None, first)


def told(
    made: Session, thresholds: Thresholds | None = None, *sinks: Any
) -> tuple[Doctor, set[str]]:
    bus = Bus(sinks, strict=True)
    doctor = Doctor(bus.publish, thresholds)
    bus.add(doctor)
    with np.errstate(all="ignore"):
        train(made, bus)
    bus.close()
    return doctor, {alert.rule for alert in doctor.alerts}


def test_a_loss_that_falls_while_the_errors_stay():
    x, y = rows("iris")
    run: dict[str, Any] = {"epochs": 30, "learning_rate": 0.02, "batch_size": 8}
    doctor, found = told(session(x, y, end="sigmoid", **run))
    assert {"shares_apart", "loss_denies_errors"} <= found
    assert "wrong_output_activation" in [c.name for c in doctor.diagnosis().causes]
    doctor, found = told(session(x, y, end="softmax", **run))
    assert found == set()


def test_rows_in_the_order_of_their_classes():
    x, y = rows(ordered=True)
    assert "label_order" in told(session(x, y, shuffle=False))[1]
    assert told(session(x, y, shuffle=True))[1] == set()
    mixed = rows()
    assert told(session(*mixed, shuffle=False))[1] == set()


def test_a_limit_that_always_acts_is_advice_and_no_finding():
    run: dict[str, Any] = {"optimizer": "sgd", "learning_rate": 0.5}
    doctor, found = told(session(*rows(), clip_norm=0.2, **run))
    assert found == {"clipped_throughout"}
    assert doctor.verdict().status == doctor.diagnosis().status == "healthy"
    assert told(session(*rows(), clip_norm=50.0, **run))[1] == set()


class Slowing(Data):
    """Rows that take ever so long from the eighth epoch on."""

    pause = 0.02

    def epoch(self, epoch: int, run: RunSpec, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch, late."""
        time.sleep(self.pause * (6 if epoch >= 7 else 1))
        yield from super().epoch(epoch, run, start)


class Steady(Slowing):
    """The same, as slow from the beginning."""

    def epoch(self, epoch: int, run: RunSpec, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch, as late as any."""
        return super().epoch(0, run, start)


def test_epochs_that_become_slower_are_advice_and_no_finding():
    x, y = rows("iris")
    often = Thresholds(slower_seconds=0.005)
    for data, expected in ((Slowing, {"slower_epochs"}), (Steady, set())):
        doctor, found = told(session(x, y, data=data, epochs=10, learning_rate=0.02), often)
        assert found == expected
        assert doctor.verdict().status == "healthy"
    assert told(session(x, y, data=Slowing, epochs=10, learning_rate=0.02))[1] == set()


def test_an_output_of_many_units_that_does_not_see_its_inputs():
    assert "constant_output" in told(session(*rows(), bias=-1e3))[1]
    assert told(session(*rows()))[1] == set()


def test_steps_that_cannot_get_anywhere_are_seen_early():
    made = session(*rows(), learning_rate=1e-6)
    doctor, found = told(made)
    assert "short_reach" in found
    first = next(a for a in doctor.alerts if a.rule == "short_reach")
    assert first.step <= 0.12 * made.progress.step
    assert doctor.diagnosis().causes[0].name == "learning_rate_too_low"
    assert told(session(*rows(), learning_rate=1e-3))[1] == set()


class Unmatched(Data):
    """Inputs that do not belong to their targets, anew in every batch."""

    def epoch(self, epoch: int, run: RunSpec, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch, each with the inputs of other rows."""
        rng = np.random.default_rng(epoch)
        for batch in super().epoch(epoch, run, start):
            yield Batch(batch.index, self.x[rng.integers(0, len(self), len(batch.x))], batch.y)


def test_wrong_labels_are_seen_in_the_first_fifth():
    run: dict[str, Any] = {"epochs": 12, "learning_rate": 0.01}
    made = session(*rows(), data=Unmatched, **run)
    doctor, found = told(made)
    assert found == {"no_better_than_trivial"}
    assert doctor.alerts[0].step <= 0.2 * made.progress.step
    assert [c.name for c in doctor.diagnosis().causes] == ["wrong_labels"]
    assert told(session(*rows(), **run))[1] == set()


def sparse(looks: int, *, same: bool) -> list[np.ndarray]:
    """Outputs of 40 units on 8 rows, of which two fire in a batch: others each time, or not."""
    made = []
    for i in range(looks):
        a = np.zeros((8, 40))
        fires = 0 if same else 2 * i
        a[:, fires : fires + 2] = 1.0
        made.append(a)
    return made


@pytest.mark.parametrize("same", [True, False])
def test_a_unit_is_idle_that_fires_in_none_of_several_looks(same):
    units = Units()
    seen = [units.add(stats.of(a, "relu"), a, "a", "relu") for a in sparse(2 * LOOKS, same=same)]
    assert {s.dead_pct for s in seen} == {95.0}
    assert [s.idle_pct for s in seen[: LOOKS - 1]] == [None] * (LOOKS - 1)
    known = {s.idle_pct for s in seen[LOOKS - 1 :]}
    assert known == {95.0 if same else 100.0 * (40 - 2 * LOOKS) / 40}


def test_units_that_mostly_fire_are_not_remembered():
    units, busy = Units(), np.ones((8, 40))
    for a in (*sparse(LOOKS - 1, same=True), busy, *sparse(1, same=True)):
        found = units.add(stats.of(a, "relu"), a, "a", "relu")
    assert found.idle_pct is None


def test_an_output_is_compared_row_by_row():
    shares = np.tile([[0.7, 0.2, 0.1]], (8, 1))
    of = Units().add
    assert of(stats.of(shares), shares, "out", last=True).row_std == pytest.approx(0.0, abs=1e-12)
    other = shares.copy()
    other[::2] = [0.1, 0.2, 0.7]
    expected = np.sqrt(((other - other.mean(0)) ** 2).mean())
    assert of(stats.of(other), other, "out", last=True).row_std == pytest.approx(expected)
    single = shares[:, :1]
    assert of(stats.of(single), single, "out", last=True).row_std is None


def test_sparse_units_of_small_batches_are_no_death():
    """The tooth: without the memory of units the same run is called dead."""
    heard: list[Stamped] = []

    class Keep:
        name, level, hears = "keep", 0, 4

        def handle(self, stamped: Stamped) -> None:
            heard.append(stamped)

        def close(self) -> None:
            pass

    run: dict[str, Any] = {"batch_size": 4, "epochs": 3, "learning_rate": 1e-3}
    _, found = told(session(*rows(), bias=-2.4, **run), None, Keep())
    assert "dead_relu" not in found
    assert {"dead_relu"} == {a.rule for a in replayed(map(_unremembered, heard)).alerts} - found


def _unremembered(stamped: Stamped) -> Stamped:
    event = stamped.event
    if not isinstance(event, LayerSeen):
        return stamped
    return stamped._replace(event=replace(event, stats=replace(event.stats, idle_pct=None)))


def test_what_was_told_of_single_units_is_recomputed_from_the_log(tmp_path):
    doctor, found = told(session(*rows(), bias=-1e3), None, TieredStorage(tmp_path))
    assert {"dead_relu", "constant_output"} <= found
    assert examine_run(tmp_path).alerts == doctor.alerts


@pytest.mark.parametrize("training", [True, False])
def test_dropout_that_is_off_while_training(training):
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    from neurogebra.bridges import watch

    torch.manual_seed(0)
    net = torch.nn.Sequential(
        torch.nn.Linear(8, 32), torch.nn.ReLU(), torch.nn.Dropout(0.3), torch.nn.Linear(32, 1)
    )
    net.train(training)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    x, y = torch.randn(64, 8), torch.randn(64, 1)
    with watch(net, optimizer, log_level="silent", every=1, budget=None) as watcher:
        for _ in range(12):
            loss = ((net(x) - y) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            watcher.loss(loss)
            optimizer.step()
    fired = {alert.rule for alert in watcher.alerts}
    assert ("dropout_off" in fired) is not training
    causes = [c.name for c in watcher.diagnosis().causes]
    assert causes == ([] if training else ["wrong_mode"])
