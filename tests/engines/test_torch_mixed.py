"""Devices and narrow products of the torch engine, as far as a machine without a GPU shows them."""

from __future__ import annotations

import numpy as np
import pytest

from neurogebra.engines import ENGINES
from neurogebra.engines.reference import first_batch, first_weights
from neurogebra.errors import BadValue
from neurogebra.layers import BatchNorm, Conv2D, Dense, Flatten, MaxPooling2D
from neurogebra.spec import ModelSpec, RunSpec

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

from neurogebra.engines.torch_mixed import FIRST_SCALE, STREAK, Precision, device_of  # noqa: E402

NARROW = ("bfloat16", "float16")
IMAGES = ModelSpec(
    "images",
    (6, 6, 1),
    (Conv2D(4, activation="relu"), BatchNorm(), MaxPooling2D(), Flatten(), Dense(3, "softmax")),
)


def build(mixed: str = "", model: ModelSpec = IMAGES, loss: str = "categorical_crossentropy"):
    run = RunSpec(loss=loss, mixed=mixed)
    weights = first_weights(model, 0)
    net = ENGINES["torch"].load().build(model, run, weights, np.random.default_rng(0))
    x, y = first_batch(model, loss, 12, 0)
    return net, (x.astype("f4"), {h: a.astype("f4") for h, a in y.items()})


def test_a_gpu_that_is_not_there_is_one_clear_error(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device_of("auto") == device_of("cpu") == torch.device("cpu")
    with pytest.raises(BadValue, match=r"device: expected a GPU.*got 'cuda'.*auto"):
        device_of("cuda")
    run = RunSpec(device="cuda")
    with pytest.raises(BadValue, match="device"):
        ENGINES["torch"].load().build(IMAGES, run, IMAGES.init(0), np.random.default_rng(0))


def test_a_gpu_that_is_there_is_taken(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert device_of("auto") == device_of("cuda") == torch.device("cuda")
    assert device_of("cpu") == torch.device("cpu")


@pytest.mark.parametrize("field", [{"device": "cuda"}, {"mixed": "bfloat16"}], ids=str)
def test_the_numpy_engine_refuses_what_it_does_not_do(field):
    run = RunSpec(**field)
    with pytest.raises(BadValue, match=f"{next(iter(field))}: expected .*torch"):
        ENGINES["numpy"].load().build(IMAGES, run, IMAGES.init(0), np.random.default_rng(0))


def test_narrow_products_want_a_float32_run():
    run = RunSpec(mixed="bfloat16", dtype="float64")
    with pytest.raises(BadValue, match=r"mixed: expected a run in float32.*bfloat16 with float64"):
        ENGINES["torch"].load().build(IMAGES, run, IMAGES.init(0), np.random.default_rng(0))


@pytest.mark.parametrize("mixed", NARROW)
def test_products_are_narrow_and_nothing_else_is(mixed, monkeypatch):
    kinds = []
    real = torch.nn.functional.conv2d

    def seen(x, *args):
        found = real(x, *args)
        kinds.append(found.dtype)
        return found

    monkeypatch.setattr(torch.nn.functional, "conv2d", seen)
    net, batch = build(mixed)
    wide, _ = build()
    net.precision.scale = min(net.precision.scale, 256.0)
    step, right = (n.step(*batch, lr=0.0, probe=True) for n in (net, wide))
    assert kinds == [getattr(torch, mixed), torch.float32]
    arrays = {**net.weights(), **net.predict(batch[0]), **step.outputs}
    arrays |= {f"{s.layer} {s.site} {s.param}": s.array for s in step.seen}
    assert {a.dtype.name for a in arrays.values()} == {"float32"}
    assert 0 < abs(step.loss - right.loss) < 0.02
    _, slopes = net.gradients(*batch)
    _, exact = wide.gradients(*batch)
    for name, g in exact.items():
        assert np.abs(slopes[name] - g).max() < 0.05 * max(1.0, np.abs(g).max()), name


@pytest.mark.parametrize("mixed", NARROW)
def test_a_probed_step_shows_gradients_without_the_scale(mixed):
    net, batch = build(mixed)
    wide, _ = build()
    net.precision.scale = min(net.precision.scale, 256.0)
    for site in ("backward", "gradient"):
        looks = [
            {
                (s.layer, s.param): s.array
                for s in n.step(*batch, lr=0.0, probe=True).seen
                if s.site == site
            }
            for n in (net, wide)
        ]
        for key, array in looks[1].items():
            assert np.abs(looks[0][key] - array).max() < 0.05 * max(1.0, np.abs(array).max()), key


@pytest.mark.parametrize("mixed", NARROW)
def test_narrow_products_learn(mixed):
    model = ModelSpec("m", (2,), (Dense(16, "tanh"), Dense(1, "sigmoid")))
    net, _ = build(mixed, model, "binary_crossentropy")
    x = np.random.default_rng(0).uniform(-1, 1, (64, 2)).astype("f4")
    y = {"output": (x[:, :1] * x[:, 1:] > 0).astype("f4")}
    losses = [net.step(x, y, lr=0.02).loss for _ in range(150)]
    assert losses[-1] < 0.4 * losses[0]


def test_a_gradient_that_overflows_is_skipped_and_halves_the_scale():
    net, batch = build("float16")
    before = net.weights()
    net.precision.scale = 2.0**40  # beyond float16: every gradient is infinite
    net.step(*batch, lr=0.1)
    trained = [n for n in before if not n.startswith("batchnorm_0.mean") and ".var" not in n]
    for name in trained:
        np.testing.assert_array_equal(net.weights()[name], before[name])
    assert net.precision.scale == 2.0**39
    net.precision.scale = 2.0**10
    net.step(*batch, lr=0.1)
    assert net.precision.scale == 2.0**10
    assert any((net.weights()[n] != before[n]).any() for n in trained)


def test_the_scale_grows_after_a_streak_and_is_resumed():
    one = Precision("float16", torch.device("cpu"), torch.float32)
    good, bad = torch.ones(3), torch.tensor([1.0, float("inf")])
    assert all(one.accepts(good) for _ in range(STREAK - 1))
    assert one.scale == FIRST_SCALE
    other = Precision("float16", torch.device("cpu"), torch.float32)
    other.take(one.slots())
    assert other.accepts(good)
    assert (other.scale, other.streak) == (2 * FIRST_SCALE, 0)
    assert not other.accepts(bad)
    assert other.scale == FIRST_SCALE


@pytest.mark.parametrize("mixed", NARROW)
def test_a_run_with_narrow_products_goes_on_bit_for_bit(mixed):
    net, batch = build(mixed)
    later, _ = build(mixed)
    net.step(*batch, lr=0.1)
    if mixed == "float16":
        net.precision.scale, net.precision.streak = 2.0**9, 7
    later.step(*batch, lr=0.3)
    later.load(net.state())
    assert later.precision.slots().keys() == net.precision.slots().keys()
    for _ in range(3):
        assert later.step(*batch, lr=0.1).loss == net.step(*batch, lr=0.1).loss
    for name, array in net.state().items():
        np.testing.assert_array_equal(later.state()[name], array)
