"""The log that stays small: what it asks for, what it keeps, and what can be read out of it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from tests.observatory.test_ndjson import alert, batch, epoch_end, seen, start

from neurogebra.builders import project
from neurogebra.observatory.events import (
    Alert,
    BatchEnd,
    EpochEnd,
    EpochStart,
    LayerSeen,
    Level,
    Note,
    Stamped,
)
from neurogebra.observatory.replay import examine_run
from neurogebra.observatory.sinks.ndjson import TieredStorage
from neurogebra.observatory.sinks.ndjson_events import stored_events
from neurogebra.observatory.sinks.ndjson_plan import AFTER, CALM, EPOCHS, Plan

LAYERS = [(16, "relu"), (8, "relu")]


def tell(plan, *events):
    for event in events:
        plan.hear(event)


def begin(epoch):
    return EpochStart(epoch=epoch, epochs=1000, batches=2)


def test_layers_are_asked_for_in_the_first_update_of_few_epochs():
    plan = Plan()
    tell(plan, start(epochs=1000))
    asked = []
    for epoch in range(1000):
        tell(plan, begin(epoch))
        asked += [epoch] if plan.level == Level.DEBUG else []
        tell(plan, batch(2 * epoch + 1))
        assert plan.level == Level.BASIC, "an epoch's other updates are nobody's wish"
    assert len(asked) == EPOCHS
    assert (asked[0], asked[-1]) == (0, 999)


def test_after_an_alert_the_next_updates_are_looked_at():
    plan = Plan()
    tell(plan, start(), begin(0))
    looked = []
    for step in range(1, 2 * CALM):
        looked += [step] if plan.looks else []
        tell(plan, batch(step))
        if step >= 10:  # alerts without end
            tell(plan, alert(step=step))
    assert looked[:AFTER] == list(range(11, 11 + AFTER))
    assert len(looked) == 2 * AFTER, "and not every update of a run that is ill"
    quiet = Plan()
    tell(quiet, start(), batch(1), alert(step=1, severity="info"))
    assert not quiet.looks


def test_what_is_saved_is_counted(tmp_path):
    storage = TieredStorage(tmp_path, adaptive=True)
    events = [start(), begin(0), seen(1), replace(seen(1), site="backward")]
    events += [batch(step) for step in range(1, 101)] + [epoch_end(49)]
    for i, event in enumerate(events):
        storage.handle(Stamped(i, 0.0, event))
    kept = storage.kept()
    assert (kept.events, kept.of_events) == (105, 3 + 100 * 3)
    size = sum((tmp_path / f"{name}.log").stat().st_size for name in ("basic", "debug"))
    lines = (tmp_path / "debug.log").read_bytes().splitlines(keepends=True)
    whole = size + 99 * sum(map(len, lines[:2]))
    assert kept.size == size
    assert kept.of_size == pytest.approx(whole, abs=2)
    assert f"{kept}" == f"Logs: 105 of 303 events, {size / 1e3:.3g} kB: {kept.saved:.0f} % less" + (
        " than every layer at every step"
    )
    storage.close()


def test_a_log_of_everything_says_so_and_one_of_nothing_says_nothing(tmp_path):
    storage = TieredStorage(tmp_path / "a", adaptive=True)
    for i, event in enumerate([start(), begin(0), seen(1), batch(1)]):
        storage.handle(Stamped(i, 0.0, event))
    assert "4 events" in str(storage.kept())
    assert str(storage.kept()).endswith(": every layer at every step")
    assert TieredStorage(tmp_path / "b", adaptive=True).kept() is None
    assert TieredStorage(tmp_path / "c").kept() is None


def ear(level):
    heard = []
    sink = {"name": "ear", "level": level, "hears": Level.DEBUG, "close": lambda: None}
    return SimpleNamespace(**sink, handle=heard.append), heard


def trained(folder, level=Level.BASIC, **run):
    sink, heard = ear(level)
    described = {"epochs": 40, "batch_size": 32, **run}
    made = project.plan(project.DataSpec("breast_cancer"), LAYERS, described)
    project.start(made, folder, sinks=[sink])
    return [stamped.event for stamped in heard]


@pytest.mark.parametrize("rate", [0.01, 30.0])
def test_a_run_is_small_and_every_alert_of_it_is_recomputed(tmp_path, rate):
    heard = trained(tmp_path / "r", learning_rate=rate, optimizer="sgd")
    alerts = [event for event in heard if isinstance(event, Alert)]
    assert examine_run(tmp_path / "r").alerts == alerts
    assert bool(alerts) is (rate == 30.0)
    stored = [stamped.event for stamped in stored_events(tmp_path / "r")]
    assert stored == heard, "what anybody heard can be read again"
    (note,) = [e.message for e in stored if isinstance(e, Note) and e.message.startswith("Logs")]
    steps = sum(isinstance(event, BatchEnd) for event in stored)
    looks = sum(isinstance(event, LayerSeen) for event in stored)
    assert steps == 480 if rate == 0.01 else steps >= 5
    if rate == 0.01:
        each = sum(isinstance(e, LayerSeen) and e.step == 1 for e in stored)
        assert 0 < looks < 0.16 * each * steps
        assert float(note.split(": ")[-1].split(" %")[0]) > 80


def test_the_curves_of_a_small_log_are_whole(tmp_path):
    heard = trained(tmp_path / "r")
    ends = [event for event in heard if isinstance(event, EpochEnd)]
    steps = [event for event in heard if isinstance(event, BatchEnd)]
    for end in ends:
        own = [s for s in steps if s.epoch == end.epoch]
        mean = np.average([s.loss for s in own], weights=[s.rows for s in own])
        assert mean == pytest.approx(end.metrics["loss"], rel=0.01)


def test_with_a_listener_for_layers_everything_is_kept(tmp_path):
    heard = trained(tmp_path / "r", Level.EXPERT)
    stored = [stamped.event for stamped in stored_events(tmp_path / "r")]
    firsts = {e.epoch for e in stored if isinstance(e, LayerSeen) and e.batch == 0}
    assert firsts == set(range(40))
    assert not [e for e in heard if isinstance(e, Note) and e.message.startswith("Logs")]


def test_a_resumed_run_asks_for_what_the_whole_one_would(tmp_path):
    events = [start(), begin(0), *(batch(s) for s in range(1, 6)), alert(step=5), batch(6)]
    storage = TieredStorage(tmp_path, adaptive=True)
    for i, event in enumerate(events):
        storage.handle(Stamped(i, 0.0, event))
    assert storage.looks
    storage.close()
    again = TieredStorage(tmp_path, adaptive=True)
    again.truncate_after(6)
    again.handle(Stamped(0, 0.0, start(resumed_step=6)))
    assert again.looks, "two of its three looks are still to come"
    for step in (7, 8):
        again.handle(Stamped(step, 0.0, batch(step)))
    assert not again.looks
    again.close()
