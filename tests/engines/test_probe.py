"""What probed steps show: taken late, taken once, each step's own, in arrays that stay."""

from __future__ import annotations

import numpy as np
import pytest

from neurogebra.engines import ENGINES
from neurogebra.engines.claims import build
from neurogebra.engines.protocol import Change, Moved, Standing
from neurogebra.engines.reference import first_batch, first_weights
from neurogebra.errors import NotReady
from neurogebra.layers import LSTM, Dense
from neurogebra.spec import Head, ModelSpec

DENSE = ModelSpec("dense", (3,), (Dense(5, "tanh"), Dense(2)))
GATES = ModelSpec("gates", (4, 3), (LSTM(5), Dense(2)))  # torch deals these anew in each step
UNREAD = ModelSpec("unread", (3,), (Dense(5), Dense(4)), heads=(Head("h", at="dense_0"),))
CASES = [("numpy", DENSE), ("numpy", GATES), ("torch", DENSE), ("torch", GATES), ("torch", UNREAD)]
EVERY = pytest.mark.parametrize(
    ("engine", "model"),
    [
        pytest.param(e, m, id=f"{e}-{m.name}", marks=[pytest.mark.torch] * (e == "torch"))
        for e, m in CASES
    ],
)


def made(engine, model, **run):
    if engine == "torch":
        pytest.importorskip("torch")
    net = build(ENGINES[engine].load(), model, first_weights(model, 0), optimizer="adam", **run)
    return net, first_batch(model, "mse", 6, 0)


def updates(seen):
    return {f"{s.layer}.{s.param}": s for s in seen if s.site == "update"}


def held(net, found, before):
    """Hold what was seen to the weights before and after."""
    after, rows = net.weights(), updates(found.seen)
    assert set(rows) == set(before)
    for name, row in rows.items():
        assert isinstance(row, Moved)
        np.testing.assert_array_equal(row.array, after[name] - before[name], err_msg=name)


def each_its_own(net, x, y):
    """Each probed step shows its own change, with plain steps and reads left out between them."""
    for step, (probe, read) in enumerate(
        [(True, True), (True, True), (True, False), (True, True), (False, False), (True, True)]
    ):
        before = net.weights()
        found = net.step(x, y, lr=0.1, probe=probe)
        if read:
            held(net, found, before)
        elif probe:
            assert len(updates(found.seen)) == len(before), step


def taken_once(net, x, y):
    """A second read gives the same numbers and computes nothing."""
    before = net.weights()
    found = net.step(x, y, lr=0.1, probe=True)
    held(net, found, before)
    first = {name: row.array for name, row in updates(found.seen).items()}
    held(net, found, before)
    assert all(row.array is first[name] for name, row in updates(found.seen).items())


def too_late(net, x, y):
    """Nobody is told a change that the weights have left behind."""
    for leave in (lambda: net.step(x, y, lr=0.1), lambda: net.load(net.state())):
        found = net.step(x, y, lr=0.1, probe=True)
        leave()
        for row in updates(found.seen).values():
            with pytest.raises(NotReady):
                _ = row.array


def kept(net, x, y):
    """A row that was read says the same until the next probed step."""
    before = net.weights()
    found = net.step(x, y, lr=0.1, probe=True)
    after = net.weights()
    held(net, found, before)
    for _ in range(2):
        net.step(x, y, lr=0.1)
    for name, row in updates(found.seen).items():
        np.testing.assert_array_equal(row.array, after[name] - before[name])


LAWS = {law.__name__: law for law in (each_its_own, taken_once, too_late, kept)}


@EVERY
@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
def test_changes(engine, model, law):
    net, (x, y) = made(engine, model)
    law(net, x, y)


def _takes_again(change):
    change._subtract()


def _never_loses(change):
    change._subtract()
    change.waits = False


def _subtracts_at_first_only(change):
    if not getattr(change, "taken", False):
        change._subtract()
    change.taken, change.waits = True, False


def _remembers_at_first_only(change):
    if not getattr(change, "begun", False):
        change._remember()
    change.begun = change.waits = True


# Each fault: what is planted in place of a method, and the law that must break.
FAULTS = (
    ("take", _takes_again, "taken_once"),
    ("take", _takes_again, "kept"),
    ("take", _never_loses, "too_late"),
    ("take", _subtracts_at_first_only, "each_its_own"),
    ("begin", _remembers_at_first_only, "each_its_own"),
    ("_remember", lambda change: None, "each_its_own"),
)


@pytest.mark.parametrize(("method", "fault", "law"), FAULTS)
def test_a_fault_breaks_a_law(method, fault, law, monkeypatch):
    net, (x, y) = made("numpy", DENSE)
    monkeypatch.setattr(Change, method, fault)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        LAWS[law](net, x, y)


@EVERY
def test_nothing_is_subtracted_unasked(engine, model, monkeypatch):
    taken = []
    take = Change.take
    monkeypatch.setattr(Change, "take", lambda change: (taken.append(1), take(change)))
    net, (x, y) = made(engine, model)
    found = net.step(x, y, lr=0.1, probe=True)
    for row in found.seen:
        if row.site != "update":
            assert np.isfinite(row.array).all()
    assert not taken
    for row in [*updates(found.seen).values()] * 2:
        assert row.array.any() or model is UNREAD
    assert len(taken) == 1


@pytest.mark.parametrize("engine", ["numpy", pytest.param("torch", marks=pytest.mark.torch)])
def test_arrays_stay_and_their_numbers_move(engine):
    arrays_stay(engine)


@pytest.mark.torch
def test_numbers_that_do_not_move_are_noticed(monkeypatch):
    sight = pytest.importorskip("neurogebra.engines.torch_sight")
    monkeypatch.setattr(sight, "_copy", lambda into, given: None)
    with pytest.raises(AssertionError):
        arrays_stay("torch")


def arrays_stay(engine):
    """Steps with batches of one size are seen in the same arrays, with their own numbers."""
    net, _ = made(engine, DENSE, dtype="float32")
    seen = {}
    for rows, seed in ((6, 0), (6, 1), (4, 2), (6, 3), (4, 4)):
        x, y = first_batch(DENSE, "mse", rows, seed)
        weights = net.weights()
        step = net.step(x.astype("f4"), {"output": y["output"].astype("f4")}, lr=0.1, probe=True)
        assert isinstance(step.seen, Standing)
        assert seen.setdefault(rows, step.seen) is step.seen
        z = np.tanh(x @ weights["dense_0.W"] + weights["dense_0.b"])
        found = {(s.layer, s.site): s.array for s in step.seen if not s.param}
        np.testing.assert_allclose(found["dense_0", "forward"], z, rtol=1e-5, atol=1e-6)
        out = found["dense_1", "forward"]
        slope = 2 * (out - y["output"]) / out.size
        np.testing.assert_allclose(found["dense_1", "backward"], slope, rtol=1e-4, atol=1e-6)


@pytest.mark.torch
@pytest.mark.parametrize("short", [0, 14, 1 << 13])
@pytest.mark.parametrize("model", [DENSE, GATES, UNREAD], ids=lambda model: model.name)
def test_long_and_short_arrays_hold_the_same(short, model, monkeypatch):
    sight = pytest.importorskip("neurogebra.engines.torch_sight")
    for options in ({}, {"clip_norm": 0.5}):
        monkeypatch.setattr(sight, "SHORT", short)
        net, (x, y) = made("torch", model, **options)
        other, _ = made("numpy", model, **options)
        for _ in range(2):
            found = net.step(x, y, lr=0.1, probe=True).seen
            truth = {s[:4]: s for s in map(_told, other.step(x, y, lr=0.1, probe=True).seen)}
            stands = model is not GATES and short > 100
            assert isinstance(found, Standing) == stands
            shown = {s[:4]: s for s in map(_told, found)}
            assert set(shown) <= set(truth)
            assert len(shown) >= len(truth) - 1  # a layer that no head reads gets no gradient
            for key, row in shown.items():
                np.testing.assert_allclose(row[4], truth[key][4], atol=1e-9, err_msg=str(key))


def _told(row):
    return row.index, row.layer, row.site, row.param, row.array


@pytest.mark.torch
def test_sizes_of_batches_come_and_go(monkeypatch):
    sight = pytest.importorskip("neurogebra.engines.torch_sight")
    monkeypatch.setattr(sight, "KEPT_SEATS", 2)
    net, _ = made("torch", DENSE)
    for rows in (2, 3, 4, 5, 2):
        x, y = first_batch(DENSE, "mse", rows, rows)
        seen = net.step(x, y, lr=0.1, probe=True).seen
        assert {len(s.array) for s in seen if s.site in ("forward", "backward")} == {rows}
        assert len(net._sight._seats) <= 2
