"""The loop yields what happens in order; stopping, divergence and the best weights are real."""

from __future__ import annotations

import numpy as np
import pytest

from neurogebra.layers import Dense
from neurogebra.observatory.bus import Bus
from neurogebra.observatory.events import (
    BatchEnd,
    EpochEnd,
    EpochStart,
    LayerSeen,
    Level,
    TrainEnd,
    TrainStart,
)
from neurogebra.spec import ModelSpec, RunSpec
from neurogebra.training.data import prepare
from neurogebra.training.loop import train
from neurogebra.training.runner import Stop, run
from neurogebra.training.session import Session


def problem(rows=100, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 4))
    return x, (x[:, 0] + x[:, 1] > 0).astype(int)


def session(**options):
    x, y = problem()
    model = ModelSpec("m", (4,), (Dense(8, "tanh"), Dense(1, "sigmoid")))
    given = {"loss": "binary_crossentropy", "epochs": 3, "learning_rate": 0.05, **options}
    described = RunSpec(**given)
    return Session(
        model,
        described,
        prepare(model, described, x[:70], y[:70]),
        prepare(model, described, x[70:], y[70:]),
    )


def events(s, level=Level.BASIC):
    return list(train(s, lambda asked: asked <= level))


def test_events_come_in_order_and_every_batch_is_one_update():
    kinds = [type(e) for e in events(session())]
    epoch = [EpochStart, *[BatchEnd] * 3, EpochEnd]
    assert kinds == [TrainStart, *epoch * 3, TrainEnd]
    steps = [e.step for e in events(session()) if isinstance(e, BatchEnd)]
    assert steps == list(range(1, 10))


def test_the_start_tells_the_exact_size_and_what_a_constant_would_reach():
    start = events(session())[0]
    assert start.params == 4 * 8 + 8 + 8 + 1
    assert [layer.params for layer in start.layers] == [40, 9]
    assert 0.6 < start.run["baseline"]["trivial_loss"] < 0.7


def test_layers_are_looked_at_only_when_somebody_asks_and_change_nothing():
    silent, seen = session(), session()
    assert not any(isinstance(e, LayerSeen) for e in events(silent))
    looks = [e for e in events(seen, Level.EXPERT) if isinstance(e, LayerSeen)]
    assert {e.site for e in looks} == {"forward", "backward", "gradient", "weight", "update"}
    assert {e.epoch for e in looks} == {0, 1, 2}
    for name, array in silent.network.weights().items():
        assert array.tobytes() == seen.network.weights()[name].tobytes()


def test_an_epochs_loss_is_the_mean_over_its_rows():
    found = events(session(epochs=1, batch_size=32))
    batches = [e for e in found if isinstance(e, BatchEnd)]
    assert [b.rows for b in batches] == [32, 32, 6]
    mean = sum(b.loss * b.rows for b in batches) / 70
    end = next(e for e in found if isinstance(e, EpochEnd))
    assert end.metrics["loss"] == pytest.approx(mean, rel=1e-12)
    assert set(end.metrics) == {"loss", "accuracy", "val_loss", "val_accuracy"}


def test_training_without_validation_reports_none():
    s = session(epochs=1)
    s.validation = None
    end = next(e for e in events(s) if isinstance(e, EpochEnd))
    assert set(end.metrics) == {"loss", "accuracy"}


def test_early_stopping_stops_and_the_best_weights_are_put_back():
    s = session(epochs=200, patience=3, learning_rate=0.5)
    found = events(s)
    end = found[-1]
    assert end.reason == "early_stopping"
    assert end.epochs < 200
    losses = [e.metrics["val_loss"] for e in found if isinstance(e, EpochEnd)]
    assert end.best_epoch == int(np.argmin(losses)) == end.epochs - 4
    assert s.evaluate(s.validation)["loss"] == min(losses)
    kept = session(epochs=200, patience=3, learning_rate=0.5, restore_best=False)
    events(kept)
    assert kept.evaluate(kept.validation)["loss"] == losses[-1]


def test_min_delta_says_what_counts_as_progress():
    assert events(session(epochs=50, patience=2, min_delta=10.0))[-1].epochs == 3


def test_a_loss_that_is_no_number_ends_the_run_at_once():
    x, y = problem()
    model = ModelSpec("m", (4,), (Dense(8, "relu"), Dense(1)))
    described = RunSpec(loss="mse", optimizer="sgd", learning_rate=1e6, epochs=50)
    s = Session(model, described, prepare(model, described, x, y))
    found = events(s)
    assert found[-1].reason == "diverged"
    assert not np.isfinite(next(e for e in reversed(found) if isinstance(e, BatchEnd)).loss)


def test_to_close_is_to_cancel_and_to_pause_is_to_stop_asking():
    s = session(epochs=50)
    loop = train(s, lambda level: False)
    for _ in range(6):
        next(loop)
    loop.close()
    assert s.progress.step == 3
    assert len([e for e in events(s) if isinstance(e, EpochEnd)]) == 49  # it goes on from there


def test_a_stop_is_granted_after_the_update_and_leaves_a_checkpoint(tmp_path):
    s, stop = session(epochs=50), Stop()

    class Asking:
        name, level = "asking", Level.DETAILED

        def handle(self, stamped):
            if isinstance(stamped.event, BatchEnd) and stamped.event.step == 5:
                stop.ask()

        def close(self):
            pass

    end = run(s, Bus([Asking()], strict=True), tmp_path, stop)
    assert end.reason == "interrupted"
    assert end.step == s.progress.step == 5
    assert [p.name for p in tmp_path.iterdir()] == ["step-000000005.safetensors"]


def test_it_learns_what_can_be_learned_and_random_labels_it_cannot():
    s = session(epochs=60)
    events(s)
    assert s.evaluate(s.validation)["accuracy"] >= 0.9
    x, _ = problem()
    y = np.random.default_rng(9).integers(0, 2, 100)
    model, described = s.model, s.run
    noise = Session(
        model,
        described,
        prepare(model, described, x[:70], y[:70]),
        prepare(model, described, x[70:], y[70:]),
    )
    events(noise)
    assert noise.evaluate(noise.validation)["accuracy"] < 0.8
