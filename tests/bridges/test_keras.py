"""A Keras `fit` under watch, on whichever backend is set: the same events, and no bit changed."""

from __future__ import annotations

import itertools
import math
import os

import numpy as np
import pytest

pytest.importorskip(
    "keras", exc_type=ImportError, reason="Keras 3 or the backend that it is set to is absent"
)

import keras
from tests.bridges.kept import Kept, is_told_in_order

from neurogebra.bridges import KerasCallback
from neurogebra.errors import BadValue, NotReady
from neurogebra.observatory.events import (
    BatchEnd,
    EpochEnd,
    LayerSeen,
    Level,
    Note,
    TrainEnd,
    TrainStart,
)

# NumPy 2 says this of Keras's own Variable.numpy().
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
BACKEND = keras.backend.backend()
L = keras.layers


def rows(n=70, seed=0):
    made = np.random.default_rng(seed)
    return made.normal(size=(n, 6)).astype("float32"), made.integers(0, 3, n)


def net(*more, optimizer=None, act="relu", **compiled):
    keras.utils.set_random_seed(3)
    body = [L.Dense(8, activation=act, name="first"), *more, L.Dense(3, name="last")]
    model = keras.Sequential([L.Input((6,)), *body])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer or keras.optimizers.Adam(0.01), loss, **compiled)
    return model


def fit(model, *callbacks, epochs=2, **options):
    x, y = rows()
    keras.utils.set_random_seed(5)
    return model.fit(
        x, y, batch_size=20, epochs=epochs, verbose=0, callbacks=[*callbacks], **options
    )


def watched(model, epochs=2, fitted=None, **options):
    kept = Kept()
    given = {"log_level": Level.SILENT, "budget": None, "sinks": [kept], **options}
    with KerasCallback(**given) as callback:
        fit(model, callback, epochs=epochs, **(fitted or {}))
    return kept, callback.watcher


def weights(model):
    return [np.array(w) for w in model.get_weights()]


def test_a_fit_is_told_in_order():
    kept, watcher = watched(net(metrics=["accuracy"]), fitted={"validation_split": 0.1})
    assert is_told_in_order(kept, epochs=2, batches=4)
    start, end = kept.of(TrainStart)[0], kept.of(EpochEnd)[-1]
    assert [(row.name, row.activation) for row in start.layers] == [("first", "relu"), ("last", "")]
    assert [(row.in_shape, row.out_shape) for row in start.layers] == [((6,), (8,)), ((8,), (3,))]
    assert start.params == 6 * 8 + 8 + 8 * 3 + 3
    assert (start.epochs, start.batches, start.engine) == (2, 4, f"keras on {BACKEND}")
    assert set(end.metrics) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert end.learning_rate == pytest.approx(0.01)
    assert watcher.verdict.status


def test_each_batch_has_its_own_loss_and_rows():
    """Keras shows the mean so far; ours must be those that an unshuffled loop finds."""
    model = net()
    x, y = rows()
    kept, _ = watched(model, epochs=1, fitted={"shuffle": False})
    other, truth = net(), []
    for at in range(0, 70, 20):
        truth.append(float(other.evaluate(x[at : at + 20], y[at : at + 20], verbose=0)))
        other.train_on_batch(x[at : at + 20], y[at : at + 20])
    ends = kept.of(BatchEnd)
    assert [e.loss for e in ends] == pytest.approx(truth, rel=1e-5)
    assert [e.rows for e in ends] == [20, 20, 20, 10]


@pytest.mark.parametrize("probed", [False, True])
def test_watching_changes_no_bit(probed):
    """Dropout and running means too: the probe draws nothing and keeps nothing."""
    more = lambda: (L.Dropout(0.3, seed=1), L.BatchNormalization())  # noqa: E731
    bare = net(*more())
    fit(bare)
    seen = net(*more())
    kept, watcher = watched(seen, probe=rows(16, 1) if probed else None)
    assert watcher.looks == 8
    assert len(kept.of(LayerSeen)) > 80
    for a, b in zip(weights(bare), weights(seen), strict=True):
        assert np.array_equal(a, b)


OPTIMIZERS = {
    "adam": lambda: keras.optimizers.Adam(0.01),
    "adamw": lambda: keras.optimizers.AdamW(0.01, weight_decay=0.1),
    "momentum": lambda: keras.optimizers.SGD(0.1, momentum=0.9),
    "nesterov": lambda: keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True),
    "sgd": lambda: keras.optimizers.SGD(0.1),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_gradients_and_changes_are_those_of_the_update(name):
    """Against the gradients that a loop of our own finds on the same batches."""
    x, y = rows(60)
    truth, before, after = [], [], []

    class Mirror(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            before.append(weights(self.model))

        def on_train_batch_end(self, batch, logs=None):
            after.append(weights(self.model))

    model, kept = net(optimizer=OPTIMIZERS[name]()), Kept()
    probe = (x[:20], y[:20]) if name == "sgd" and BACKEND != "torch" else None
    callback = KerasCallback(log_level=0, budget=None, sinks=[kept], probe=probe)
    model.fit(x, y, batch_size=20, shuffle=False, verbose=0, callbacks=[Mirror(), callback])
    for i, known in enumerate(before):
        at = 20 * i if probe is None else 0
        truth.append(softmax_gradients(known, x[at : at + 20], y[at : at + 20]))
    seen = {(e.step, e.site, e.layer, e.param): e.stats for e in kept.of(LayerSeen)}
    names = [("first", "kernel"), ("first", "bias"), ("last", "kernel"), ("last", "bias")]
    for i in range(3):
        for k, which in enumerate(names):
            gradient = seen[(i + 1, "gradient", *which)]
            assert gradient.norm == pytest.approx(np.linalg.norm(truth[i][k]), rel=2e-4)
            assert gradient.max == pytest.approx(truth[i][k].max(), rel=1e-3, abs=1e-5)
            moved = seen[(i + 1, "update", *which)]
            assert moved.norm == pytest.approx(np.linalg.norm(after[i][k] - before[i][k]), rel=1e-6)
            held = seen[(i + 1, "weight", *which)]
            assert held.norm == pytest.approx(np.linalg.norm(after[i][k]), rel=1e-6)


def softmax_gradients(w, x, y):
    """Return dL/d(W1, b1, W2, b2) of relu → softmax cross-entropy, by hand."""
    w1, b1, w2, b2 = (a.astype("float64") for a in w)
    hidden = np.maximum(x @ w1 + b1, 0)
    z = hidden @ w2 + b2
    p = np.exp(z - z.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    p[np.arange(len(y)), y] -= 1
    d2 = p / len(y)
    d1 = (d2 @ w2.T) * (hidden > 0)
    return x.T @ d1, d1.sum(0), hidden.T @ d2, d2.sum(0)


def test_a_probe_shows_outputs():
    model = net()
    x, y = rows(16, 1)
    w1, b1, *_ = weights(model)
    b1[:] = [-99, *[0] * 7]
    model.layers[0].set_weights([w1, b1])
    kept, _ = watched(model, probe=(x, y))
    first = next(e for e in kept.of(LayerSeen) if e.site == "forward")
    assert (first.layer, first.step, first.shape, first.activation) == ("first", 1, (16, 8), "relu")
    assert first.stats.dead_pct == pytest.approx(12.5)
    truth = np.maximum(x @ w1 + b1, 0)
    assert first.stats.norm == pytest.approx(np.linalg.norm(truth), rel=1e-5)


def test_a_graph_with_two_inputs_and_a_layer_used_elsewhere():
    keras.utils.set_random_seed(3)
    a, b, c = L.Input((6,), name="a"), L.Input((2,), name="b"), L.Input((6,))
    shared = L.Dense(4, activation="tanh", name="shared")
    joined = L.Concatenate(name="joined")([shared(a), b])
    model = keras.Model([a, b], L.Dense(3, name="last")(joined))
    keras.Model(c, shared(c))  # its call here is no part of the model
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    x, y = rows(40)
    both, kept = [x, x[:, :2].copy()], Kept()
    callback = KerasCallback(log_level=0, budget=None, sinks=[kept], probe=(both, y))
    model.fit(both, y, batch_size=20, verbose=0, callbacks=[callback])
    outs = {e.layer: e.shape for e in kept.of(LayerSeen) if e.site == "forward"}
    assert outs == {"shared": (32, 4), "joined": (32, 6), "last": (32, 3)}


def test_what_is_not_seen_is_said():
    kept, _ = watched(net(optimizer=keras.optimizers.SGD(0.1)), epochs=1)
    said = " ".join(e.message for e in kept.of(Note))
    assert "outputs of layers are not seen" in said
    sites = {e.site for e in kept.of(LayerSeen)}
    if BACKEND == "torch":
        assert sites == {"weight", "gradient", "update"}
    else:
        assert "gradients are not seen" in said
        assert sites == {"weight", "update"}


def test_several_updates_a_call():
    if BACKEND == "torch":
        pytest.skip("Keras has no steps_per_execution on PyTorch")
    kept, _ = watched(net(steps_per_execution=2), epochs=1)
    ends = kept.of(BatchEnd)
    assert [(e.step, e.rows) for e in ends] == [(2, 40), (4, 30)]
    assert {e.site for e in kept.of(LayerSeen)} == {"weight"}


def test_a_lost_loss_is_found():
    model, (x, y) = net(act="tanh"), rows()  # TensorFlow's relu of NaN is 0
    x[45] = math.nan
    kept = Kept()
    callback = KerasCallback(log_level=0, sinks=[kept], budget=None)
    model.fit(x, y, batch_size=20, shuffle=False, epochs=2, verbose=0, callbacks=[callback])
    assert [math.isnan(e.loss) for e in kept.of(BatchEnd)][:3] == [False, False, True]
    assert any(a.severity == "critical" and a.step == 3 for a in callback.watcher.alerts)
    assert any(e.stats.nonfinite for e in kept.of(LayerSeen))


def test_an_early_end_and_an_error_are_said():
    class Stopping(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = epoch == 1

    kept = Kept()
    fit(net(), KerasCallback(log_level=0, sinks=[kept]), Stopping(), epochs=5)
    assert kept.of(TrainEnd)[0].reason == "early_stopping"

    class Failing(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise KeyError("in the loop")

    kept = Kept()
    with (
        pytest.raises(KeyError, match="in the loop"),
        KerasCallback(log_level=0, sinks=[kept]) as callback,
    ):
        fit(net(), callback, Failing())
    assert kept.of(TrainEnd)[0].reason == "interrupted"
    assert kept.closed


def test_a_model_of_ones_own_is_watched():
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.a, self.b = L.Dense(4, activation="tanh"), L.Dense(3)

        def call(self, x):
            return self.b(self.a(x))

    model = Own()
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    kept, _ = watched(model, epochs=1, probe=rows(8))
    assert any("no graph of layers" in e.message for e in kept.of(Note))
    assert {e.site for e in kept.of(LayerSeen)} == {"weight", "gradient", "update"}
    assert len(kept.of(BatchEnd)) == 4


def test_values_are_counted_in_the_first_look_of_an_epoch_for_who_asks():
    kept = Kept(Level.DEBUG)
    watched(net(), sinks=[kept], probe=rows(16, 1))
    counted = [e for e in kept.of(LayerSeen) if e.histogram]
    assert {e.step for e in counted} == {1, 5}
    assert {e.site for e in counted} == {"forward", "weight", "gradient"}
    assert all(sum(e.histogram) == e.stats.size for e in counted)
    expert, _ = watched(net())
    assert not any(e.histogram for e in expert.of(LayerSeen))


def test_the_budget_is_kept():
    turns = itertools.count()
    clock = lambda: 0.05 * next(turns)  # noqa: E731  each reading takes that long: all is work
    kept, watcher = watched(net(), epochs=3, every=1, budget=0.01, clock=clock)
    assert watcher.looks == 1
    assert len(kept.of(BatchEnd)) == 1
    assert any("updates looked at" in e.message for e in kept.of(Note))


def test_what_cannot_be_is_refused():
    for wrong in ({"every": 0}, {"budget": 2.0}, {"log_level": 9}, {"probe": 3}):
        with pytest.raises(BadValue):
            KerasCallback(**wrong)
    with pytest.raises(NotReady):
        _ = KerasCallback().watcher
    callback = KerasCallback(log_level=0)
    fit(net(), callback, epochs=1)
    with pytest.raises(NotReady, match="another"):
        fit(net(), callback, epochs=1)


def test_the_backend_is_the_one_asked_for():
    assert os.environ.get("KERAS_BACKEND", BACKEND) == BACKEND
