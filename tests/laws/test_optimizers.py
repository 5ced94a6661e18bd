"""Every update rule: that of others, the same on both engines, downhill; and what goes with it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from neurogebra.engines import ENGINES
from neurogebra.engines.reference import first_batch, first_weights
from neurogebra.errors import BadValue
from neurogebra.layers import BatchNorm, Dense
from neurogebra.optim import OPTIMIZERS, Optimizer
from neurogebra.spec import Group, ModelSpec, RunSpec

from .optimizer_references import TWINS, reference

every_rule = pytest.mark.parametrize("name", OPTIMIZERS)
every_engine = pytest.mark.parametrize("engine", ["numpy", "torch"])
MODEL = ModelSpec("m", (3,), (Dense(5, "tanh"), BatchNorm(), Dense(2)))
RATES = (0.05, 0.05, 0.02, 0.1)


@pytest.fixture(autouse=True)
def _wide():
    """torch keeps some of its counts in its default dtype; threads only cost time here."""
    before, threads = torch.get_default_dtype(), torch.get_num_threads()
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    yield
    torch.set_default_dtype(before)
    torch.set_num_threads(threads)


def distance(row: Optimizer, shape, steps=20):
    """Return how far a rule gets from its reference, relative to the weights."""
    rng = np.random.default_rng(0)
    w, A = rng.normal(size=shape), rng.normal(size=(shape[0],) * 2)
    twin, slots, worst = reference(row.name, w), {}, 0.0
    for t in range(1, steps + 1):
        lr = RATES[t % len(RATES)]
        g, theirs = A @ np.sin(w), A @ np.sin(twin.w)
        roles = {"w": w} if row.takes_weights else {}
        change, slots = row.rule(g, slots, t, lr=lr, **TWINS[row.name][1], **roles)
        w = w + change
        twin.step(theirs, lr)
        worst = max(worst, float(np.abs(w - twin.w).max() / np.abs(twin.w).max()))
    return worst


@every_rule
@pytest.mark.parametrize("shape", [(6,), (6, 4), (3, 7)], ids=str)
def test_steps_are_those_of_others(name, shape):
    assert distance(OPTIMIZERS[name], shape) <= 1e-12


def test_a_wrong_bias_correction_turns_the_law_red():
    def wrong(g, s, t, **options):
        return OPTIMIZERS["adam"].rule(g, s, t + 1, **options)

    assert distance(replace(OPTIMIZERS["adam"], rule=wrong), (6,)) > 1e-3


@every_rule
def test_a_rate_that_is_a_little_off_turns_the_law_red(name):
    rule = OPTIMIZERS[name].rule

    def wrong(g, s, t, *, lr, **options):
        return rule(g, s, t, lr=lr * (1 + 1e-9), **options)

    row = OPTIMIZERS[name]
    if row.takes_weights:  # the signature says who takes them

        def wrong(g, s, t, *, w, lr, **options):
            return rule(g, s, t, w=w, lr=lr * (1 + 1e-9), **options)

    assert distance(replace(row, rule=wrong), (6, 4)) > 1e-12


def built(engine, run, model=MODEL, seed=0):
    run = RunSpec(**{"dtype": "float64", "loss": "mse", **run})
    rng = np.random.default_rng(seed)
    return ENGINES[engine].load().build(model, run, first_weights(model, seed), rng)


def batches(count, model=MODEL):
    return [first_batch(model, "mse", 6, seed) for seed in range(count)]


def close(found, expected, tolerance=1e-9):
    assert found.keys() == expected.keys()
    for key, array in expected.items():
        np.testing.assert_allclose(found[key], array, tolerance, tolerance, err_msg=key)


WAYS = {
    "plain": {},
    "everything": {
        "clip_value": 0.2,
        "clip_norm": 0.5,
        "accumulate": 2,
        "weight_decay": 0.1,
        "groups": (
            Group("dense_0.b", trainable=False),
            Group("dense_0.*", rate=0.5, weight_decay=0.0),
        ),
    },
}


@every_rule
@pytest.mark.parametrize("way", WAYS)
def test_both_engines_make_the_same_twenty_steps(name, way):
    nets = [built(engine, {"optimizer": name, **WAYS[way]}) for engine in ("numpy", "torch")]
    for t, batch in enumerate(batches(20)):
        one, two = (net.step(*batch, lr=RATES[t % 4]).loss for net in nets)
        assert one == pytest.approx(two, rel=1e-9)
    close(nets[0].state(), nets[1].state())
    assert nets[0].acted == nets[1].acted


@every_rule
@every_engine
@pytest.mark.parametrize("way", WAYS)
def test_a_state_goes_on_elsewhere_bit_for_bit(name, engine, way):
    net, later = (built(engine, {"optimizer": name, **WAYS[way]}, seed=s) for s in (0, 1))
    later.step(*batches(1)[0], lr=0.3)
    for batch in batches(3):  # with two batches an update: one of them waits
        net.step(*batch, lr=0.05)
    later.load({key: array.copy() for key, array in net.state().items()})
    for batch in batches(6)[3:]:
        one, two = (n.step(*batch, lr=0.05).loss for n in (net, later))
        assert one == two
    found, expected = later.state(), net.state()
    assert found.keys() == expected.keys()
    assert all(found[key].tobytes() == expected[key].tobytes() for key in expected)


def descend(name, w, slope, steps, lr):
    """Return the weights after steps at a rate that falls to 0 along a line, without decay."""
    row, slots = OPTIMIZERS[name], {}
    options = {"decay": 0.0} if "decay" in row.options else {}
    for t in range(1, steps + 1):
        rate = lr * (1 - (t - 1) / steps)
        change, slots = row.rule(slope(w), slots, t, lr=rate, **options, **row.roles(w))
        w = w + change
    return w


BOWL = {"sgd": 0.3, "momentum": 0.1, "nesterov": 0.1, "adagrad": 3.0, "adadelta": 3.0}
BOWL |= {"rmsprop": 0.03, "adamax": 1.0, "lamb": 0.3, "lion": 0.03, "muon": 0.1}
VALLEY = {"sgd": 0.3, "momentum": 0.3, "nesterov": 0.1, "adagrad": 1.0, "adadelta": 1.0}
VALLEY |= {"rmsprop": 0.01, "adamax": 1.0, "nadam": 0.1, "lion": 0.03, "lamb": 0.03}


@every_rule
@pytest.mark.parametrize("shape", [(4,), (4, 3)], ids=str)
def test_rules_go_down_a_bowl(name, shape):
    """½ wᵀ A w, condition number 20: the distance to the bottom falls a hundredfold."""
    A, first = np.diag([1.0, 4.0, 10.0, 20.0]) / 2, np.random.default_rng(1).normal(size=shape)
    last = descend(name, first, lambda w: A @ w, 400, BOWL.get(name, 0.3))
    assert np.linalg.norm(last) < 0.01 * np.linalg.norm(first)


@every_rule
def test_rules_go_down_rosenbrocks_valley(name):
    def slope(w):
        bend = w[1] - w[0] ** 2
        return np.array([-2 * (1 - w[0]) - 400 * w[0] * bend, 200 * bend]) / 100

    def height(w):
        return (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2

    first = np.array([-1.2, 1.0])
    last = descend(name, first, slope, 2000, VALLEY.get(name, 0.3))
    assert height(last) < 0.1 < 24 < height(first)


@every_rule
def test_an_uphill_rule_would_turn_these_red(name):
    first = np.array([3.0, -2.0])
    last = descend(name, first, lambda w: -w, 50, BOWL.get(name, 0.3))
    assert np.linalg.norm(last) > np.linalg.norm(first)


def theirs(net, kind, options, groups=None, **clip):
    """Return a step of torch's own loop on the weights and gradients of a network."""
    names = [n for n in net.weights() if n not in MODEL.state_names()]
    tensors = {n: torch.tensor(net.weights()[n], requires_grad=True) for n in names}
    given = [{"params": [t], **(groups or {}).get(n, {})} for n, t in tensors.items()]
    optim = getattr(torch.optim, kind)(given, lr=0.05, **options)

    def step(grads):
        for name, tensor in tensors.items():
            frozen = (groups or {}).get(name, {}).get("lr") == 0.0
            tensor.grad = None if frozen else torch.tensor(grads[name])
        if "value" in clip:
            torch.nn.utils.clip_grad_value_(tensors.values(), clip["value"])
        if "norm" in clip:
            torch.nn.utils.clip_grad_norm_(tensors.values(), clip["norm"])
        optim.step()
        return {n: t.detach().numpy() for n, t in tensors.items()}

    return step


def trained(net):
    return {n: a for n, a in net.weights().items() if n not in MODEL.state_names()}


def mean_gradients(net, group):
    """Return the mean of the gradients of batches at the weights and states as they are."""
    found = [net.gradients(*batch)[1] for batch in group]
    return {n: np.mean([g[n] for g in found], axis=0) for n in found[0]}


CLIPS = [
    ({}, {}),
    ({"clip_value": 0.05}, {"value": 0.05}),
    ({"clip_norm": 0.1}, {"norm": 0.1}),
    ({"clip_value": 0.2, "clip_norm": 0.3}, {"value": 0.2, "norm": 0.3}),
    ({"clip_value": 1e6, "clip_norm": 1e6}, {"value": 1e6, "norm": 1e6}),
]


@every_engine
@pytest.mark.parametrize(("ours", "clip"), CLIPS, ids=[str(c) for c, _ in CLIPS])
def test_clipping_and_decay_are_those_of_torch(engine, ours, clip):
    net = built(engine, {"optimizer": "adamw", "weight_decay": 0.3, **ours})
    step = theirs(net, "AdamW", {"weight_decay": 0.3}, **clip)
    for batch in batches(8):
        expected = step(net.gradients(*batch)[1])
        net.step(*batch, lr=0.05)
        close(trained(net), expected, 1e-10)
    limits = {k: (8 if v < 1e6 else 0) for k, v in ours.items()}
    assert all(bool(net.acted[k]) == bool(n) for k, n in limits.items()), net.acted


@every_engine
def test_groups_are_those_of_torch(engine):
    groups = (
        Group("dense_0.b", trainable=False),
        Group("dense_0.*", rate=0.5, weight_decay=0.0),
        Group("*.b", rate=2.0),
    )
    run = {"optimizer": "adamw", "weight_decay": 0.2, "groups": groups, "clip_norm": 0.5}
    net = built(engine, run)
    own = {
        "dense_0.b": {"lr": 0.0, "weight_decay": 0.0},
        "dense_0.W": {"lr": 0.025, "weight_decay": 0.0},
        "dense_1.b": {"lr": 0.1},
    }
    step = theirs(net, "AdamW", {"weight_decay": 0.2}, own, norm=0.5)
    first = net.weights()["dense_0.b"]
    for batch in batches(8):
        expected = step(net.gradients(*batch)[1])
        net.step(*batch, lr=0.05)
        close(trained(net), expected, 1e-10)
    assert net.weights()["dense_0.b"].tobytes() == first.tobytes()
    at = first_place("dense_0.b")
    for name in ("m", "v"):
        assert not net.state()[f"slots/{name}"][at].any(), "the memory of a frozen one moved"


def first_place(name):
    start = 0
    for placed in MODEL.placed():
        for key, shape in placed.layer.shapes(placed.in_shape).items():
            stop = start + int(np.prod(shape))
            if f"{placed.name}.{key}" == name:
                return slice(start, stop)
            start = stop
    raise AssertionError(name)


@every_engine
@pytest.mark.parametrize("kind", [("sgd", "SGD"), ("adam", "Adam")], ids=str)
def test_accumulated_batches_make_one_update_of_their_mean(engine, kind):
    net = built(engine, {"optimizer": kind[0], "accumulate": 3})
    step = theirs(net, kind[1], {})
    given = batches(12)
    for start in range(0, 12, 3):
        group = given[start : start + 3]
        before, expected = trained(net), step(mean_gradients(net, group))
        for k, batch in enumerate(group):
            close(trained(net), before, 0)
            net.step(*batch, lr=0.05)
            waiting = start // 3 * 2 + min(k + 1, 2)
            assert net.acted == {"accumulate": waiting}
        close(trained(net), expected, 1e-10)
    assert net.state()["step"] == 4


@every_rule
@every_engine
def test_decay_takes_the_same_share_whatever_the_rule(name, engine):
    """Without a gradient, the sum of weights falls by rate × decay (LAMB makes it its length)."""
    if name == "lamb":
        pytest.skip("its decay is part of a step as long as the weights")
    model = ModelSpec("still", (3,), (Dense(4), Dense(2, name="out")))
    net = built(engine, {"optimizer": name, "weight_decay": 0.25}, model)
    x, y = np.zeros((5, 3)), {"output": np.zeros((5, 2))}
    state = net.state()
    zero = {k: a * 0 if k.endswith(".b") or "out" in k else a for k, a in state.items()}
    net.load(zero)
    before = net.weights()["dense_0.W"]
    net.step(x, y, lr=0.1)
    expected = before * (1 - 0.1 * 0.25)
    np.testing.assert_allclose(net.weights()["dense_0.W"], expected, rtol=1e-12)


def test_decay_is_one_number_however_it_is_given():
    ways = ({"weight_decay": 0.2}, {"options": {"decay": 0.2}})
    one, two = (RunSpec(optimizer="adamw", **way) for way in ways)
    assert one == two
    assert (one.decay, one.options) == (0.2, ())
    assert RunSpec(optimizer="adamw").decay == 0.01
    assert RunSpec(optimizer="adamw", weight_decay=0.0).decay == 0.0
    assert RunSpec(optimizer="adam").decay == 0.0
    with pytest.raises(BadValue, match=r"weight_decay: expected the same as options\.decay"):
        RunSpec(optimizer="adamw", weight_decay=0.1, options={"decay": 0.2})


@every_engine
def test_groups_that_fit_nothing_are_refused(engine):
    with pytest.raises(BadValue, match=r"groups\[0\]\.match: .*did you mean 'dense_0\.W'"):
        built(engine, {"groups": [Group("dens_0.W", rate=0.5)]})
    with pytest.raises(BadValue, match="groups: expected at least one parameter to be trained"):
        built(engine, {"groups": [Group("*", trainable=False)]})


@every_engine
def test_large_and_broken_gradients_are_clipped_or_seen(engine):
    """A norm beyond the dtype's squares is still a norm; a NaN stays one."""
    run = {"optimizer": "sgd", "clip_norm": 1.0, "dtype": "float32"}
    model = ModelSpec("line", (1,), (Dense(1, use_bias=False),))
    net = built(engine, run, model)
    x, y = np.full((1, 1), 1.0, np.float32), {"output": np.full((1, 1), -1e25, np.float32)}
    before = net.weights()["dense_0.W"].item()
    net.step(x, y, lr=0.5)
    assert net.weights()["dense_0.W"].item() == pytest.approx(before - 0.5, rel=1e-5)
    net.step(x * np.nan, y, lr=0.5)
    assert np.isnan(net.weights()["dense_0.W"]).all()
