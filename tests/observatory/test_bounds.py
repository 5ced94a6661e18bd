"""The calm check in few sums: it misses nothing that the single arrays would show."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from neurogebra.layers import BatchNorm, Dense
from neurogebra.observatory import guard, looks, stats
from neurogebra.observatory.bus import PATIENCE, Bus
from neurogebra.observatory.doctor import Doctor
from neurogebra.observatory.events import BatchEnd, EpochStart, Level, Stamped
from neurogebra.observatory.governor import Governor
from neurogebra.observatory.guard import Guard
from neurogebra.observatory.looks import Look, Looker, whole
from neurogebra.observatory.pace import CALM, SUSPICIOUS
from neurogebra.observatory.rule import Context, Thresholds
from neurogebra.observatory.sinks.terminal import Terminal
from neurogebra.observatory.witness import start
from neurogebra.spec import ModelSpec, RunSpec
from neurogebra.training.data import prepare
from neurogebra.training.loop import PASSED, train
from neurogebra.training.session import Session

ENGINES = ["numpy", pytest.param("torch", marks=pytest.mark.torch)]


def session(engine: str = "numpy", epochs: int = 6, rate: float = 0.05) -> Session:
    rng = np.random.default_rng(0)
    layers = (Dense(8, "relu"), BatchNorm(), Dense(5, "tanh"), Dense(3, "softmax"))
    model = ModelSpec("net", (6,), layers)
    run = RunSpec(
        loss="categorical_crossentropy", engine=engine, epochs=epochs, batch_size=8, seed=3,
        learning_rate=rate,
    )  # fmt: skip
    x = rng.normal(size=(8 * 30, 6))
    return Session(model, run, prepare(model, run, x, (x[:, 0] > 0).astype(int)))


def probed(engine: str, steps: int = 3) -> tuple[Looker, Any]:
    """Return a looker that has seen an update before, and what the next one showed."""
    made = session(engine)
    looker = Looker([getattr(p.layer, "activation", "") for p in made.model.placed()])
    for batch, _ in zip(made.data.epoch(0, made.run), range(steps), strict=False):
        seen = made.network.step(batch.x, batch.y, lr=0.01, probe=True).seen
        looker.look(seen, 0, 0, 1).bounds()
    return looker, seen


def covered(engine: str) -> None:
    """Each array but the changes is in one group, and what is planted in any of them shows."""
    looker, seen = probed(engine)
    look = looker.look(seen, 0, 0, 2)
    places = [i for group in look.groups for i in group]
    assert sorted(places) == [i for i, p in enumerate(look.places) if p.site != "update"]
    assert max(len(group) for group in look.groups) > 4
    for group, bound in zip(look.groups, look.bounds(), strict=True):
        squares = look.squares()
        assert bound == pytest.approx(sum(squares[i] for i in group), rel=1e-5)
    for i in places:
        for at in (0, -1):
            for odd in (np.nan, np.inf, 1e30):
                flat = seen[i].array.reshape(-1)
                if not np.shares_memory(flat, seen[i].array) or not flat.flags.writeable:
                    continue
                before, flat[at] = flat[at], odd
                assert not sum(looker.look(seen, 0, 0, 3).bounds()) < 1e38, look.places[i]
                flat[at] = before
    assert math.isfinite(sum(looker.look(seen, 0, 0, 3).bounds()))


@pytest.mark.parametrize("engine", ENGINES)
def test_no_array_is_left_out_of_the_sums(engine):
    covered(engine)


def test_a_sum_that_leaves_the_last_number_out_is_seen(monkeypatch):
    """The tooth."""
    monkeypatch.setattr(looks, "whole", _short)
    with pytest.raises(AssertionError):
        covered("numpy")


def _short(parts: Any) -> Any:
    found = whole(parts)
    return found if found is None else found[:-1]


def test_arrays_are_taken_together_only_where_they_are_the_whole():
    flat = np.arange(12, dtype=np.float32)
    a, b, c = flat[:4].reshape(2, 2), flat[4:7], flat[7:]
    assert whole([b, c, a]) is flat
    assert whole([a, b]) is None
    assert whole([a, a, b, c[1:]]) is None
    assert whole([a, b[::1], flat[7:].view(np.int32)]) is None
    assert whole([a[:, ::2], flat[2:]]) is None
    assert whole([np.ones(3), np.ones(3)]) is None
    assert whole([flat.reshape(3, 4)[:2], flat[8:]]) is flat


@pytest.mark.parametrize("rate", [0.05, 1.0])
def test_who_is_calm_by_few_sums_is_calm_by_all_of_them(rate, monkeypatch):
    """Of every look of a run, with thresholds that gradients do reach."""
    said: list[tuple[bool, bool]] = []
    by_bounds = guard._within

    def both(self: Guard, look: Look) -> bool:
        limits = self._limited(look)
        few = by_bounds(look.bounds(), limits.bounds)
        said.append((few, by_bounds(look.squares(), limits.squares)))
        return False

    monkeypatch.setattr(Guard, "is_calm", both)
    made, bus = session(rate=rate), Bus(strict=True)
    near = Thresholds(explode_norm=0.3, explode_weights=0.01, explode_growth=0.5)
    bus.add(Every())
    bus.add(Doctor(bus.publish, near))
    for event in train(made, bus.wants, bus.looks, bus.quiet, whole=True):
        bus.publish(event)
    assert len(said) > 50
    assert not any(few and not each for few, each in said)
    assert {each for _, each in said} == {True, False}


class Every:
    name, level, looks, quiet, scores = "every", Level.SILENT, True, 0, False

    def handle(self, stamped: Stamped) -> None:
        pass

    def close(self) -> None:
        pass


def test_several_large_gradients_that_alarm_nobody_alone_are_told_apart():
    flat = np.full(200, 0.9, np.float32)
    rows = [Row("dense_0", flat[:100]), Row("dense_1", flat[100:])]
    context = Context()
    context.see(start(epochs=10_000)[0])
    limit = 9.5 / guard.NEARLY
    calm = Guard(context, Thresholds(explode_norm=limit), plenty=1)
    looker = Looker(["relu"])
    assert not calm.is_calm(looker.look(rows, 0, 0, 1))  # the first look is examined
    assert looker.look(rows, 0, 0, 2).groups == ((0, 1),)
    assert calm.is_calm(looker.look(rows, 0, 0, 2))
    flat[150] = 4.0
    assert not calm.is_calm(looker.look(rows, 0, 0, 3))


class Row:
    site, param, index = "gradient", "W", 0

    def __init__(self, layer: str, array: Any) -> None:
        self.layer, self.array = layer, array


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [stats.PIECE, stats.PIECE + 1, 3 * stats.PIECE + 700])
def test_sums_by_pieces_are_those_of_the_whole(dtype, size):
    pieces_hold(dtype, size)


def pieces_hold(dtype: Any, size: int) -> None:
    x = np.random.default_rng(0).normal(0.3, 1.0, size).astype(dtype)
    x[::7] = 0
    x[size - 2], x[size - 1] = -50, 60
    found, wide = stats.sums(x), x.astype(np.float64)
    assert (found.least, found.most, found.zeros) == (-50, 60, np.count_nonzero(x == 0))
    assert found.square == pytest.approx(float(wide.dot(wide)), rel=1e-5)
    assert found.total == pytest.approx(float(wide.sum()), rel=1e-5)
    x[size - 1] = np.nan
    assert not math.isfinite(stats.sums(x).square)
    assert stats.of(x).nonfinite == 1


def test_a_piece_that_is_lost_is_seen(monkeypatch):
    """The tooth."""
    taken = stats._sums
    monkeypatch.setattr(stats, "_sums", lambda x: taken(x if len(x) == stats.PIECE else x[:-3]))
    with pytest.raises(AssertionError):
        pieces_hold(np.float64, stats.PIECE + 100)


def test_measures_of_an_update_are_taken_when_they_are_shown(capsys):
    """At quarters of an epoch; in between nobody needs them."""
    terminal = Terminal(Level.DETAILED)
    bus, told = Bus([terminal], strict=True), []
    for event in train(session(epochs=1), bus.wants, bus.looks, bus.quiet, scores=bus.scores):
        bus.publish(event)
        if isinstance(event, BatchEnd):
            told.append(bool(event.metrics))
    assert [i + 1 for i, measured in enumerate(told) if measured] == [7, 14, 21]
    shown = [line for line in capsys.readouterr().out.splitlines() if "/30" in line]
    assert len(shown) == 3
    assert all("acc" in line for line in shown)


def test_a_terminal_that_redraws_asks_only_for_what_it_draws(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("neurogebra.observatory.sinks.terminal_bar.monotonic", lambda: now[0])
    console = Console(file=io.StringIO(), force_terminal=True, force_interactive=True, width=80)
    terminal = Terminal(Level.DETAILED, console)
    terminal.handle(Stamped(0, 0.0, EpochStart(epoch=0, epochs=3, batches=50)))
    asked = []
    for i in range(50):
        asked.append(terminal.scores)
        metrics = {"accuracy": 0.5} if asked[-1] else {}
        at = {"epoch": 0, "batch": i, "step": i + 1, "rows": 1}
        now[0] += 0.03
        terminal.handle(Stamped(i, 0.0, BatchEnd(**at, loss=1.0, metrics=metrics, seconds=0.03)))
    terminal.close()
    assert asked[0]
    assert 9 < sum(asked) < 20


def test_sinks_that_ask_for_batches_get_their_measures_unless_they_say_otherwise():
    ear = Every()
    bus = Bus([ear])
    assert not bus.scores()
    assert bus.quiet() == 0
    assert bus.looks()
    del bus.sinks[:]
    bus.add(Terminal(Level.BASIC))
    assert not bus.scores()
    assert bus.quiet() == PATIENCE

    class Plain:
        name, level = "plain", Level.DETAILED
        handle = Every.handle
        close = Every.close

    bus.add(Plain())
    assert bus.scores()


def test_a_stretch_of_silence_is_asked_for_again_and_none_is_told_between():
    made = list(train(session(epochs=4), lambda level: False, quiet=lambda: 7))
    assert sum(e is PASSED for e in made) == 120
    assert not any(isinstance(e, BatchEnd) for e in made)


def late_alarm(monkeypatch, alarm=None):
    """Return after how many looks the next is examined once a late update has alarmed."""
    if alarm is not None:
        monkeypatch.setattr(guard.Sieve, "alarm", alarm)
    sieve = guard.Sieve(plenty=1)
    opened = [sieve.takes(step, 10_000) for step in range(1, 21)]
    sieve.alarm(6)  # told after the look at update 20
    return opened[1:], [sieve.takes(step, 10_000) for step in range(21, 26)]


def test_an_alarm_that_is_told_late_opens_the_looks_that_follow(monkeypatch):
    before, after = late_alarm(monkeypatch)
    assert not any(before)
    assert after == [True] * SUSPICIOUS + [False] * (5 - SUSPICIOUS)


def test_an_alarm_that_opened_looks_of_the_past_is_seen(monkeypatch):
    """The tooth."""

    def past(sieve: Any, step: int) -> None:
        sieve._close, sieve._calm = step + SUSPICIOUS, step + CALM

    assert not any(late_alarm(monkeypatch, past)[1])


def test_the_doctor_may_hear_late_where_it_knows_of_updates_in_time():
    assert Doctor(lambda e: None, governor=Governor(None)).late
    assert not Doctor(lambda e: None, governor=Governor(0.03)).late
    assert not Doctor(lambda e: None).late, "only the events tell it how far the run is"


def test_the_terminal_hears_at_once_of_the_epochs_whose_steps_it_tells():
    made, late = session(epochs=9), {}
    terminal = Terminal(Level.DETAILED, Console(file=io.StringIO()))
    bus = Bus([terminal], strict=True)
    for event in train(made, bus.wants, bus.looks, bus.quiet, scores=bus.scores):
        bus.publish(event)
        if isinstance(event, BatchEnd):
            late.setdefault(event.epoch, set()).add(terminal.late)
    assert late[0] == late[8] == {False}
    assert late[1] == {True}


def test_a_view_passes_over_no_look_with_a_number_that_is_not_finite():
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    terminal = Terminal(Level.EXPERT, console)
    try:
        looker, seen = probed("numpy")
        terminal._formulas._whole, terminal._formulas._seen = True, math.inf
        assert terminal.passes_over(looker.look(seen, 0, 0, 2))
        seen[0].array[...] = np.nan
        assert not terminal.passes_over(looker.look(seen, 0, 0, 3))
    finally:
        terminal.close()
