"""The NumPy engine's own promises: a step allocates no array, and programs are kept."""

from __future__ import annotations

import gc
import tracemalloc

import numpy as np
import pytest

from neurogebra.engines import numpy_engine
from neurogebra.engines.kernels import copy
from neurogebra.engines.numpy_engine import ENGINE, KEPT_PROGRAMS
from neurogebra.engines.reference import first_batch, first_weights
from neurogebra.layers import (
    LSTM,
    Activation,
    AveragePooling2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GroupNorm,
    LayerNorm,
    MaxPooling2D,
    PReLU,
    SpatialDropout2D,
)
from neurogebra.optim import OPTIMIZERS
from neurogebra.spec import ModelSpec, RunSpec

SMALL = ModelSpec("small", (2,), (Dense(64, "relu"), Dense(32, "tanh"), Dense(1, "sigmoid")))
WIDE = ModelSpec("wide", (784,), (Dense(1024, "relu"), Dense(1024, "relu"), Dense(10, "softmax")))
FULL = ModelSpec(
    "full",
    (16, 64),
    (
        Flatten(),
        Dense(1024, "relu"),
        BatchNorm(),
        Dropout(0.3),
        Dense(1024, "swish"),
        Activation("softplus"),
        Dense(1, "linear"),
    ),
)
IMAGES = ModelSpec(
    "images",
    (12, 12, 1),
    (
        Conv2D(16, 3, activation="relu"),
        BatchNorm(),
        MaxPooling2D(),
        Conv2D(8, 3, padding="same", groups=2),
        PReLU(),
        MaxPooling2D(3, 2, "same"),
        GroupNorm(4),
        Conv2D(8, 2, strides=2),
        AveragePooling2D(1),
        SpatialDropout2D(),
        LayerNorm(),
        Flatten(),
        Dense(3, "softmax"),
    ),
)
READER = ModelSpec("reader", (9, 4), (LSTM(16, return_sequences=True), LSTM(8), Dense(1)))
# What a step may leave for a moment: its Step, floats, and NumPy's iterators; no array.
BYTES = 4096


@pytest.fixture
def _small_iterators():
    """NumPy's own iterators take buffers of up to bufsize elements: make them small."""
    old = np.setbufsize(16)
    yield
    np.setbufsize(old)


def warm(model: ModelSpec, loss: str, rows: int, optimizer: str = "adam"):
    run = RunSpec(loss=loss, optimizer=optimizer)
    net = ENGINE.build(model, run, model.init(0), np.random.default_rng(0))
    x, y = first_batch(model, loss, rows, 0)
    batch = x.astype("f4"), {head: array.astype("f4") for head, array in y.items()}
    for _ in range(3):
        net.step(*batch, lr=0.01)
    return net, batch


def held(net, batch) -> tuple[int, int]:
    """Return the most bytes that were held during a step, and those of arrays after it."""
    gc.collect()
    tracemalloc.start()
    try:
        net.step(*batch, lr=0.01)
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        net.step(*batch, lr=0.01)
        peak = tracemalloc.get_traced_memory()[1] - before
        numpys = tracemalloc.DomainFilter(True, np.lib.tracemalloc_domain)
        left = tracemalloc.take_snapshot().filter_traces([numpys])
    finally:
        tracemalloc.stop()
    return peak, sum(trace.size for trace in left.traces)


@pytest.mark.usefixtures("_small_iterators")
@pytest.mark.parametrize(
    ("model", "loss", "rows"),
    [
        (SMALL, "binary_crossentropy", 32),
        (SMALL, "binary_crossentropy", 2048),
        (WIDE, "categorical_crossentropy", 8),
        (FULL, "mse", 8),
        (FULL, "huber", 8),
        (IMAGES, "categorical_crossentropy", 32),
        (READER, "mse", 32),
    ],
    ids=["small", "small, many rows", "wide", "dropout and batch norm", "huber", "images", "LSTMs"],
)
def test_a_step_allocates_no_array(model, loss, rows):
    peak, left = held(*warm(model, loss, rows))
    assert left == 0
    assert peak < BYTES, f"{peak} bytes were held during a step"


@pytest.mark.usefixtures("_small_iterators")
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_no_optimizer_allocates(optimizer):
    peak, left = held(*warm(FULL, "mse", 4, optimizer))
    assert (left, peak < BYTES) == (0, True), f"{peak} bytes were held during a step"


@pytest.mark.usefixtures("_small_iterators")
def test_one_array_more_turns_the_law_red():
    net, batch = warm(SMALL, "binary_crossentropy", 32)
    calls = net._programs[(32, "train", ())].replay.calls
    calls.append((lambda: np.empty(SMALL.count()).sum(), ()))
    assert held(net, batch)[0] > BYTES


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_gradients_and_slots_are_written_where_they_stay(optimizer):
    """No number is computed in one place and then copied to another."""
    net, (x, _) = warm(SMALL, "binary_crossentropy", 8, optimizer)
    calls = [*net._programs[(len(x), "train", ())].replay.calls, *net.update.calls]
    assert copy not in [function for function, _ in calls]


def test_only_the_latest_programs_are_kept():
    model = ModelSpec("m", (2,), (Dense(2, "tanh"), BatchNorm(), Dense(1)))
    net = ENGINE.build(model, RunSpec(), model.init(0), np.random.default_rng(0))
    for rows in range(1, KEPT_PROGRAMS + 5):
        net.predict(np.ones((rows, 2)))
    net.predict(np.ones((6, 2)))
    net.predict(np.ones((99, 2)))
    assert len(net._programs) == KEPT_PROGRAMS
    assert (6, "predict", ()) in net._programs
    assert (5, "predict", ()) not in net._programs


def test_a_shape_is_recorded_once(monkeypatch):
    made = []
    real = numpy_engine.Recorded

    def counted(*args, **kwargs):
        made.append(args[1])
        return real(*args, **kwargs)

    monkeypatch.setattr(numpy_engine, "Recorded", counted)
    net, (x, y) = warm(SMALL, "binary_crossentropy", 8)
    for _ in range(3):
        net.step(x, y, lr=0.1)
        net.step(x[:5], {"output": y["output"][:5]}, lr=0.1)
    assert made == [8, 5]


@pytest.mark.parametrize("rows", [3, 4, 7])
def test_recording_in_the_middle_of_a_run_changes_nothing(rows):
    """A new shape is recorded between steps: weights, statistics, slots and stream stay."""
    layers = (Dense(4, "tanh"), BatchNorm(), Dropout(0.4), Dense(2))
    model = ModelSpec("m", (3,), layers)
    run = RunSpec(optimizer="adam", dtype="float64")
    streams = [np.random.default_rng(2) for _ in range(2)]
    one, other = (ENGINE.build(model, run, first_weights(model, 0), rng) for rng in streams)
    x, y = first_batch(model, "mse", 4, 0)
    for t in range(4):
        if t == 2:
            other._program(rows, "train")
            other._program(rows, "probe")
            other._program(rows, "evaluate")
        assert one.step(x, y, lr=0.1).loss == other.step(x, y, lr=0.1).loss
    for name, array in one.state().items():
        np.testing.assert_array_equal(array, other.state()[name])


def test_a_long_run_stays_finite_and_learns():
    x = np.random.default_rng(0).normal(size=(64, 2)).astype("f4")
    y = {"output": (x[:, :1] * x[:, 1:] > 0).astype("f4")}
    run = RunSpec(loss="binary_crossentropy")
    net = ENGINE.build(SMALL, run, SMALL.init(0), np.random.default_rng(0))
    losses = [net.step(x, y, lr=0.01).loss for _ in range(300)]
    assert losses[0] > 0.5
    assert losses[-1] < 0.05
