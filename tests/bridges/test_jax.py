"""A JAX loop under watch: one vector out of the jitted step, and the same events."""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest

jax = pytest.importorskip("jax", reason="JAX is not installed")

import jax.numpy as jnp  # noqa: E402
from tests.bridges.kept import Kept  # noqa: E402

from neurogebra.bridges import JaxWatch, jax_statistics  # noqa: E402
from neurogebra.errors import BadValue, NotReady  # noqa: E402
from neurogebra.observatory import stats  # noqa: E402
from neurogebra.observatory.events import (  # noqa: E402
    Alert,
    BatchEnd,
    EpochEnd,
    EpochStart,
    LayerSeen,
    Level,
    Note,
    TrainEnd,
    TrainStart,
    Verdict,
)


def first_params():
    made = np.random.default_rng(0)
    draw = lambda *shape: jnp.asarray(made.normal(0, 0.4, shape), jnp.float32)  # noqa: E731
    return {
        "hidden": {"kernel": draw(6, 8), "bias": jnp.zeros(8)},
        "last": {"kernel": draw(8, 3), "bias": jnp.zeros(3)},
    }


def loss_of(params, x, y):
    h = jax.nn.relu(x @ params["hidden"]["kernel"] + params["hidden"]["bias"])
    z = h @ params["last"]["kernel"] + params["last"]["bias"]
    loss = -jnp.take_along_axis(jax.nn.log_softmax(z), y[:, None], 1).mean()
    return loss, {"hidden": h, "last": z}


@functools.partial(jax.jit, static_argnames="look")
def step(params, x, y, look=True):
    (loss, outs), grads = jax.value_and_grad(loss_of, has_aux=True)(params, x, y)
    updates = jax.tree.map(lambda g: -0.1 * g, grads)
    after = jax.tree.map(jnp.add, params, updates)
    seen = None
    if look:
        seen = jax_statistics(after, grads, outs, updates, functions={"hidden": "relu"})
    return after, loss, seen


@jax.jit
def bare_step(params, x, y):
    (loss, _), grads = jax.value_and_grad(loss_of, has_aux=True)(params, x, y)
    return jax.tree.map(lambda p, g: p + -0.1 * g, params, grads), loss


def batches(n, broken=-1):
    made = np.random.default_rng(1)
    for i in range(n):
        x = made.normal(size=(20, 6)).astype("float32")
        yield (x * math.inf if i == broken else x), made.integers(0, 3, 20)


def watched(n=8, broken=-1, always=True, **options):
    params, kept = first_params(), Kept()
    given = {"log_level": Level.SILENT, "budget": None, **options}
    with JaxWatch(params, sinks=[kept], **given) as watcher:
        for x, y in batches(n, broken):
            params, loss, seen = step(params, x, y, look=always or watcher.due)
            watcher.step(loss, seen, rows=20)
    return params, kept, watcher.watcher


def test_a_loop_is_told_in_order():
    _, kept, watcher = watched()
    kinds = [type(e) for e in kept.events if not isinstance(e, (Alert, LayerSeen, Note))]
    assert kinds == [TrainStart, EpochStart, *[BatchEnd] * 8, TrainEnd, Verdict]
    start = kept.of(TrainStart)[0]
    assert [(r.name, r.activation, r.out_shape) for r in start.layers] == [
        ("hidden", "relu", (8,)), ("last", "", (3,))
    ]  # fmt: skip
    assert start.params == 6 * 8 + 8 + 8 * 3 + 3
    assert [e.step for e in kept.of(BatchEnd)] == list(range(1, 9))
    assert watcher.looks == 8
    sites = {(e.site, e.layer, e.param) for e in kept.of(LayerSeen) if e.step == 3}
    parts = [("hidden", "kernel"), ("hidden", "bias"), ("last", "kernel"), ("last", "bias")]
    assert sites == {(s, *p) for s in ("weight", "gradient", "update") for p in parts} | {
        ("forward", "hidden", ""), ("forward", "last", "")
    }  # fmt: skip


@pytest.mark.parametrize("activation", ["", "relu", "tanh"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_the_numbers_are_those_of_numpy(activation, dtype):
    made = np.random.default_rng(2)
    x = np.maximum(made.normal(0, 2, (40, 7)), 0)
    x[:, 3] = 0
    lost = x.copy()
    lost[3, 1], lost[4, 5], lost[5, 6] = math.nan, math.inf, -math.inf
    for array in (x, lost, x + 1e4 if dtype == "float32" else x, np.full((3, 2), math.nan)):
        given = jnp.asarray(array, dtype)
        functions = {"a": activation} if activation else None
        there = jax.jit(lambda a, f=functions: jax_statistics({}, None, {"a": a}, functions=f))
        found = there(given).stats()[0]
        truth = stats.of(np.asarray(given.astype("float32")), activation)
        for name in ("size", "mean", "std", "min", "max", "norm", "zero_pct", "nonfinite",
                     "dead_pct", "saturated_pct"):  # fmt: skip
            a, b = getattr(found, name), getattr(truth, name)
            assert a == pytest.approx(b, rel=1e-4, abs=1e-5, nan_ok=True), name


def test_large_numbers_do_not_overflow():
    found = jax_statistics({"w": jnp.full((10,), 1e30)}).stats()[0]
    assert found.norm == pytest.approx(math.sqrt(10) * 1e30, rel=1e-5)


def test_watching_changes_no_bit():
    seen, kept, _ = watched(30)
    bare = first_params()
    for x, y in batches(30):
        bare, _ = bare_step(bare, x, y)
    for a, b in zip(jax.tree.leaves(seen), jax.tree.leaves(bare), strict=True):
        assert np.array_equal(a, b)
    assert len(kept.of(LayerSeen)) == 30 * 14


def test_it_goes_through_scan_and_cond():
    def body(params, batch):
        after, loss, seen = step(params, *batch)
        none = jax.tree.map(jnp.zeros_like, seen)
        return after, (loss, jax.lax.cond(loss > -1, lambda: seen, lambda: none))

    xs, ys = zip(*batches(4), strict=True)
    _, (losses, seen) = jax.lax.scan(body, first_params(), (np.stack(xs), np.stack(ys)))
    assert losses.shape == (4,)
    assert seen.vector.shape == (4, 14 * 8)
    kept = Kept()
    with JaxWatch(first_params(), log_level=0, budget=None, sinks=[kept]) as watcher:
        for i in range(4):
            watcher.step(losses[i], jax.tree.map(lambda a, i=i: a[i], seen))
    _, direct, _ = watched(4)
    for a, b in zip(kept.of(LayerSeen), direct.of(LayerSeen), strict=True):
        assert (a.site, a.layer) == (b.site, b.layer)
        assert a.stats.norm == pytest.approx(b.stats.norm, rel=1e-5)


def test_nothing_is_waited_for():
    """An array that is not there yet stays in the queue, and the order is kept."""

    class Late:
        size, ready = 1, False

        def is_ready(self):
            return self.ready

        def __float__(self):
            assert self.ready, "the host waited"
            return 1.5

    late, kept = Late(), Kept()
    watcher = JaxWatch(first_params(), log_level=0, sinks=[kept])
    watcher.step(late)
    watcher.step(2.5)
    assert not kept.events
    late.ready = True
    watcher.step(3.5)
    assert [e.loss for e in kept.of(BatchEnd)] == [1.5, 2.5, 3.5]
    watcher.close()


def test_due_follows_every():
    _, kept, watcher = watched(9, always=False, every=4)
    assert {e.step for e in kept.of(LayerSeen)} == {1, 5, 9}
    assert watcher.looks == 3


def test_a_nan_is_found_with_its_layer():
    _, kept, watcher = watched(6, broken=3)
    assert math.isnan(kept.of(BatchEnd)[3].loss)
    found = [a for a in watcher.alerts if a.rule == "nan_inf_array"]
    assert found
    assert (found[0].step, found[0].layer) == (4, "hidden")


def test_epochs():
    params, kept = first_params(), Kept(Level.BASIC)
    watcher = JaxWatch(params, log_level=0, sinks=[kept], learning_rate=0.1, epochs=2)
    with pytest.raises(NotReady):
        watcher.epoch({})
    for x, y in batches(3):
        params, loss, _ = step(params, x, y, look=False)
        watcher.step(loss, rows=20)
    watcher.epoch({"val_loss": jnp.float32(0.5)}, learning_rate=0.05)
    assert watcher.close() is watcher.close()
    end = kept.of(EpochEnd)[0]
    assert set(end.metrics) == {"loss", "val_loss"}
    assert end.learning_rate == 0.05


def test_flax_and_optax():
    flax = pytest.importorskip("flax.linen", reason="Flax is not installed")
    optax = pytest.importorskip("optax", reason="Optax is not installed")

    class Net(flax.Module):
        @flax.compact
        def __call__(self, x):
            x = flax.relu(flax.Dense(8)(x))
            return flax.Dense(3)(x)

    net, tx = Net(), optax.adam(0.01)
    params = net.init(jax.random.key(0), np.zeros((1, 6), "float32"))
    state = tx.init(params)

    @jax.jit
    def train(params, state, x, y):
        def loss_fn(p):
            z, kept = net.apply(p, x, capture_intermediates=True, mutable=["intermediates"])
            loss = optax.softmax_cross_entropy_with_integer_labels(z, y).mean()
            return loss, kept["intermediates"]

        (loss, outs), grads = jax.value_and_grad(loss_fn, has_aux=True)(params)
        updates, state = tx.update(grads, state, params)
        outs = {k: v["__call__"][0] for k, v in outs.items() if k != "__call__"}
        return (
            optax.apply_updates(params, updates),
            state,
            loss,
            jax_statistics(params, grads, outs, updates),
        )

    kept = Kept()
    with JaxWatch(params, log_level=0, budget=None, sinks=[kept], optimizer="adam") as watcher:
        for x, y in batches(3):
            params, state, loss, seen = train(params, state, x, y)
            watcher.step(loss, seen, rows=20)
    assert [r.name for r in kept.of(TrainStart)[0].layers] == ["Dense_0", "Dense_1"]
    assert {(e.layer, e.site) for e in kept.of(LayerSeen)} == {
        (f"Dense_{i}", s) for i in (0, 1) for s in ("forward", "weight", "gradient", "update")
    }


def test_what_cannot_be_is_refused():
    params = first_params()
    for wrong in ({"every": 0}, {"budget": 2.0}, {"epochs": -1}, {"log_level": 9}):
        with pytest.raises(BadValue):
            JaxWatch(params, **wrong)
    with pytest.raises(BadValue, match="params"):
        JaxWatch({"n": 3})
    with pytest.raises(BadValue, match="functions"):
        jax_statistics(params, functions={"nobody": "relu"})
    watcher = JaxWatch(params, log_level=0)
    with pytest.raises(BadValue, match="loss"):
        watcher.step(jnp.zeros(2))
    with pytest.raises(BadValue, match="seen"):
        watcher.step(1.0, jnp.zeros(2))
    watcher.close()
