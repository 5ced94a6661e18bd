"""Every loss on both engines is its reference: value, gradient, options, weights, smoothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neurogebra.engines import ENGINES, book, numpy_engine
from neurogebra.errors import BadValue
from neurogebra.layers import Dense
from neurogebra.losses import LOSSES
from neurogebra.losses.record import BINARY, BOXES, CLASSES, COUNTS, POSITIVE, ROWS, SIGNS, UNITS
from neurogebra.repository import FORMULAS
from neurogebra.spec import Head, ModelSpec, RunSpec

torch = pytest.importorskip("torch")
from .loss_references import REFERENCES as references  # noqa: E402, N811 - needs torch

pytestmark = pytest.mark.torch
every_engine = pytest.mark.parametrize("engine", ["numpy", "torch"])
every_loss = pytest.mark.parametrize("name", LOSSES)
MEANS = [name for name, row in LOSSES.items() if row.over]
ROWS_HERE, IN = 9, 3
ENDS = {
    "linear": lambda z: z,
    "sigmoid": torch.sigmoid,
    "softmax": lambda z: torch.softmax(z, -1),
    "softplus": torch.nn.functional.softplus,
}


def model_of(name: str) -> ModelSpec:
    row = LOSSES[name]
    return ModelSpec("m", (IN,), (Dense(4, "tanh"), Dense(row.units or 3, row.end)))


def batch_of(name: str, rows: int = ROWS_HERE) -> tuple[np.ndarray, np.ndarray]:
    row, rng = LOSSES[name], np.random.default_rng(5)
    shape = (rows, row.units or 3)
    x = rng.normal(size=(rows, IN))
    if row.target == CLASSES:
        return x, np.eye(shape[1])[np.arange(rows) % shape[1]]
    if row.target in (BINARY, SIGNS):
        yes = rng.integers(0, 2, shape).astype(float)
        return x, 2 * yes - 1 if row.target == SIGNS else yes
    if row.target in (COUNTS, POSITIVE, BOXES):
        return x, rng.uniform(0.3, 3, shape)
    return x, 2 * rng.normal(size=shape)


def other_options(name: str) -> dict[str, float]:
    """Options that are not the defaults: some of each share, else a fifth more."""
    found = {key: 1.2 * value for key, value in FORMULAS[name].params}
    limits = dict(LOSSES[name].limits)
    return {k: v if k not in limits or v < limits[k].high else 0.4 for k, v in found.items()}


def network(engine: str, name: str, options: dict[str, float] | None = None):
    model = model_of(name)
    run = RunSpec(loss=name, loss_options=options or {}, dtype="float64", optimizer="sgd")
    weights = {k: 1.5 * v + 0.1 for k, v in model.init(3).items()}
    return ENGINES[engine].load().build(model, run, weights, np.random.default_rng(0)), weights


def expected(name, weights, batch, options=None, w=None, smooth=None):
    """The loss and its gradients by torch alone."""
    x, y = (torch.from_numpy(a) for a in batch)
    y = smooth(y) if smooth else y
    p = {k: torch.tensor(v, requires_grad=True) for k, v in weights.items()}
    hidden = torch.tanh(x @ p["dense_0.W"] + p["dense_0.b"])
    z = hidden @ p["dense_1.W"] + p["dense_1.b"]
    terms = references[name](y, ENDS[LOSSES[name].end](z), **(options or {}))
    loss = terms.mean() if w is None else (torch.from_numpy(w) * terms).sum() / terms.numel()
    loss.backward()
    return loss.item(), {k: v.grad.numpy() for k, v in p.items()}


def hold(engine, name, options=None, w=None):
    """Claim that an engine's loss and gradients are the reference's."""
    net, weights = network(engine, name, options)
    x, y = batch_of(name)
    given = None if w is None else {"output": w}
    loss, grads = net.gradients(x, {"output": y}, given)
    value, slopes = expected(name, weights, (x, y), options, w)
    assert loss == pytest.approx(value, rel=1e-12)
    assert net.evaluate(x, {"output": y}, given).loss == pytest.approx(value, rel=1e-12)
    assert max(np.abs(s).max() for s in slopes.values()) > 1e-4, "a flat place proves nothing"
    for key, slope in slopes.items():
        np.testing.assert_allclose(grads[key], slope, rtol=1e-8, atol=1e-12, err_msg=key)


def weights_for(name: str, rows: int = ROWS_HERE) -> np.ndarray:
    shape = (rows, LOSSES[name].units or 3)
    shape = shape[:1] if LOSSES[name].over == ROWS else shape
    return np.random.default_rng(8).uniform(0, 2, shape)


def test_every_loss_of_the_book_has_a_row_and_a_reference():
    assert set(references) == set(LOSSES)
    fitting = {
        name
        for name, f in FORMULAS.items()
        if f.category == "loss" and set(f.inputs) == {"y", "y_pred"}
    }
    assert fitting - set(LOSSES) == {"sparse_categorical_crossentropy", "style_loss"}


@every_engine
@every_loss
def test_value_and_gradient(engine, name):
    hold(engine, name)


@every_engine
@pytest.mark.parametrize("name", [n for n in LOSSES if FORMULAS[n].params])
def test_options_act(engine, name):
    options = other_options(name)
    assert all(options[k] != v for k, v in FORMULAS[name].params)
    hold(engine, name, options)


@every_engine
@pytest.mark.parametrize("name", MEANS)
def test_weights_are_factors_of_the_terms(engine, name):
    hold(engine, name, w=weights_for(name))


@pytest.mark.parametrize("name", MEANS)
def test_a_weight_of_two_is_the_row_twice(name):
    """And the divisor is how many rows there are, whatever they weigh."""
    net, _ = network("numpy", name)
    x, y = batch_of(name)
    twice = np.arange(ROWS_HERE).repeat([2, 2, *[1] * (ROWS_HERE - 2)])
    w = np.ones_like(weights_for(name))
    w[:2] = 2
    loss, grads = net.gradients(x, {"output": y}, {"output": w})
    whole, slopes = net.gradients(x[twice], {"output": y[twice]})
    assert loss * ROWS_HERE == pytest.approx(whole * len(twice), rel=1e-12)
    for key, slope in slopes.items():
        np.testing.assert_allclose(grads[key] * ROWS_HERE, slope * len(twice), atol=1e-12)


@every_engine
@pytest.mark.parametrize("name", [n for n, row in LOSSES.items() if not row.over])
def test_what_is_no_mean_takes_no_weights(engine, name):
    net, _ = network(engine, name)
    x, y = batch_of(name)
    with pytest.raises(BadValue, match=f"weights: expected a loss that is a mean.*{name}"):
        net.step(x, {"output": y}, lr=0.1, weights={"output": np.ones_like(y)})


@every_engine
def test_weights_of_the_wrong_shape_or_head_are_refused(engine):
    for name, shape in (("mse", (ROWS_HERE,)), ("categorical_crossentropy", (ROWS_HERE, 3))):
        net, _ = network(engine, name)
        x, y = batch_of(name)
        with pytest.raises(BadValue, match="weights"):
            net.evaluate(x, {"output": y}, {"output": np.ones(shape)})
    with pytest.raises(BadValue, match="weights: expected heads among output, got 'out'"):
        net.evaluate(x, {"output": y}, {"out": np.ones(ROWS_HERE)})


@every_engine
@pytest.mark.parametrize("name", [n for n, row in LOSSES.items() if row.smooths])
def test_label_smoothing_is_that_of_keras(engine, name):
    s = 0.2
    net, _ = network(engine, name, {"label_smoothing": s})
    x, y = batch_of(name)
    even = 2 if LOSSES[name].target == BINARY else y.shape[-1]
    p = net.predict(x)["output"]
    p = p if not LOSSES[name].logits else ENDS[LOSSES[name].logits](torch.from_numpy(p)).numpy()
    smooth = y * (1 - s) + s / even
    if LOSSES[name].target == BINARY:
        want = -(smooth * np.log(p) + (1 - smooth) * np.log(1 - p)).mean()
    else:
        want = -(smooth * np.log(p)).sum(-1).mean()
    assert net.evaluate(x, {"output": y}).loss == pytest.approx(want, rel=1e-12)
    plain, _ = network(engine, name)
    assert plain.evaluate(x, {"output": y}).loss != pytest.approx(want, rel=1e-3)


@every_engine
def test_options_and_weights_are_each_heads_own(engine):
    heads = (
        Head("a", layers=(Dense(2),), loss="huber", loss_options={"delta": 0.3}, weight=2.0),
        Head("b", layers=(Dense(3, "softmax"),), loss="categorical_crossentropy"),
        Head("c", layers=(Dense(1),)),
    )
    model = ModelSpec("three", (IN,), (Dense(4, "tanh"),), heads)
    run = RunSpec(loss="quantile", loss_options={"q": 0.9}, dtype="float64")
    net = ENGINES[engine].load().build(model, run, model.init(0), np.random.default_rng(0))
    rng = np.random.default_rng(1)
    x = rng.normal(size=(6, IN))
    y = {
        "a": rng.normal(size=(6, 2)),
        "b": np.eye(3)[[0, 1, 2, 2, 1, 0]],
        "c": rng.normal(size=(6, 1)),
    }
    w = rng.uniform(size=6)
    p = net.predict(x)
    e, d = np.abs(y["a"] - p["a"]), y["c"] - p["c"]
    huber = np.where(e <= 0.3, e**2 / 2, 0.3 * (e - 0.15)).mean()
    cross = -(w * np.log(p["b"][y["b"] == 1])).mean()
    pinball = np.maximum(0.9 * d, -0.1 * d).mean()
    found = net.evaluate(x, y, {"b": w}).loss
    assert found == pytest.approx(2 * huber + cross + pinball, rel=1e-12)


@every_engine
@pytest.mark.parametrize("name", ["categorical_crossentropy", "mse", "focal_loss"])
def test_every_step_of_a_sequence_is_a_term(engine, name):
    row = LOSSES[name]
    model = ModelSpec("steps", (5, IN), (Dense(4, "tanh"), Dense(3, row.end)))
    flat = ModelSpec("flat", (IN,), (Dense(4, "tanh"), Dense(3, row.end)))
    run = RunSpec(loss=name, dtype="float64")
    make = ENGINES[engine].load().build
    nets = [make(m, run, flat.init(0), np.random.default_rng(0)) for m in (model, flat)]
    x, y = batch_of(name, 20)
    w = weights_for(name, 20)
    steps = [a.reshape(4, 5, *a.shape[1:]) for a in (x, y, w)]
    loss, grads = nets[0].gradients(steps[0], {"output": steps[1]}, {"output": steps[2]})
    want, slopes = nets[1].gradients(x, {"output": y}, {"output": w})
    assert loss == pytest.approx(want, rel=1e-12)
    for key, slope in slopes.items():
        np.testing.assert_allclose(grads[key], slope, atol=1e-12)


FUSED = [(name, *pair) for name, row in LOSSES.items() for pair in row.fused]


@every_engine
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "activation", "fused"), FUSED)
def test_fused_heads_are_their_unfused_form_and_survive_extremes(
    engine, dtype, name, activation, fused
):
    assert LOSSES[fused].logits == activation
    weights = {"dense_0.W": np.eye(2)}
    x, y = np.array([[-3.0, 2.0], [1.0, -1.5]]), {"output": np.array([[1.0, 0.0], [0.0, 1.0]])}
    found = {}
    for end, loss in ((activation, name), ("linear", fused)):
        model = ModelSpec("m", (2,), (Dense(2, end, use_bias=False),))
        run = RunSpec(loss=loss, dtype="float64")
        net = ENGINES[engine].load().build(model, run, weights, np.random.default_rng(0))
        found[loss] = net.gradients(x, y)
    value = references[name](
        torch.from_numpy(y["output"]), ENDS[activation](torch.from_numpy(x))
    ).mean()
    assert found[name][0] == found[fused][0] == pytest.approx(value.item(), rel=1e-12)
    one, two = (found[loss][1]["dense_0.W"] for loss in (name, fused))
    np.testing.assert_allclose(one, two, rtol=4e-15)  # what is shared may round otherwise
    model = ModelSpec("m", (2,), (Dense(2, activation, use_bias=False),))
    run = RunSpec(loss=name, dtype=dtype)
    net = ENGINES[engine].load().build(model, run, weights, np.random.default_rng(0))
    far = (1e4 * x).astype(dtype)
    loss, grads = net.gradients(far, {h: a.astype(dtype) for h, a in y.items()})
    assert np.isfinite(loss)
    assert np.isfinite(grads["dense_0.W"]).all()


WRONG = [
    ({"loss": "huber", "loss_options": {"delt": 2.0}}, "loss_options.delt: expected an option of "
     "huber, got 'delt'; did you mean 'delta'?"),
    ({"loss": "mse", "loss_options": {"q": 2.0}}, "an option of mse, got 'q'; it has none"),
    ({"loss": "huber", "loss_options": {"delta": 0}}, "delta: expected a number above 0, got 0"),
    ({"loss": "quantile", "loss_options": {"q": 1.0}}, "above 0 and below 1, got 1.0"),
    ({"loss": "barron_loss", "loss_options": {"alpha": 2}}, "above 0 and below 2, got 2"),
    ({"loss": "bce", "loss_options": {"label_smoothing": 1.0}}, "≥ 0 and below 1, got 1.0"),
    ({"loss": "mae", "loss_options": {"label_smoothing": 0.1}}, "an option of mae"),
    ({"loss": "focal_loss", "loss_options": {"alpha": "x"}}, "≥ 0 and at most 1, got 'x'"),
    ({"loss": "triplet_loss"}, "it takes anchor, positive, negative, a loss of one output takes"),
    ({"loss": "gaussian_nll"}, "it takes y, y_pred, variance"),
    ({"loss": "style_loss"}, "Gram matrices"),
    ({"loss": "categorical_focl"}, "did you mean 'categorical_focal'"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "sentence"), WRONG, ids=[s for _, s in WRONG])
def test_errors_say_where_and_what(fields, sentence):
    with pytest.raises(BadValue) as caught:
        RunSpec(**fields)
    assert sentence in str(caught.value)
    if "loss_options" in fields:
        with pytest.raises(BadValue, match=r"heads\[0\]\.loss_options"):
            ModelSpec("m", (2,), (Dense(1),), (Head(**fields),))
    else:
        with pytest.raises(BadValue, match=r"heads\[0\]\.loss"):
            ModelSpec("m", (2,), (Dense(1),), (Head(**fields),))


def test_a_head_with_options_has_a_loss_of_its_own():
    with pytest.raises(BadValue, match=r"heads\[0\]\.loss_options: expected a loss of the head's"):
        ModelSpec("m", (2,), (Dense(1),), (Head(loss_options={"delta": 1.0}),))


@every_engine
def test_a_class_that_a_batch_lacks_leaves_dice_finite(engine):
    net, _ = network(engine, "generalized_dice_loss")
    x, y = batch_of("generalized_dice_loss")
    y = np.eye(3)[np.arange(len(y)) % 2]
    loss, grads = net.gradients(x, {"output": y}, None)
    assert 0 < loss < 1
    assert all(np.isfinite(g).all() and g.any() for g in grads.values())


def plant(monkeypatch, name, change):
    row = replace(LOSSES[name], **change)
    monkeypatch.setitem(LOSSES._members, name, row)


FAULTS = {
    "another formula": (lambda m: m.setitem(references, "mse", references["huber"]), {}),
    "options that are ignored": (
        lambda m: m.setattr(book, "substitute", lambda root, values: substitute(root, DEFAULTS)),
        {"options": {"delta": 3.0}},
    ),
    "weights that are ignored": (
        lambda m: m.setattr(book, "_with_weights", lambda root, row: root),
        {"w": weights_for("mse")},
    ),
}
substitute, DEFAULTS = book.substitute, {"delta": 1.0, "x": book.symbol("x")}


def forget():
    """Let every formula be read and every plan be made anew."""
    for known in (book._loss_tree, book.tree, numpy_engine._planned):
        known.cache_clear()


@every_engine
@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_turns_the_law_red(monkeypatch, engine, fault):
    act, given = FAULTS[fault]
    name = "huber" if "options" in given else "mse"
    forget()
    hold(engine, name, **given)
    act(monkeypatch)
    forget()
    try:
        with pytest.raises(AssertionError):
            hold(engine, name, **given)
    finally:
        monkeypatch.undo()
        forget()


def test_a_wrong_kind_of_terms_turns_the_law_red(monkeypatch):
    w = weights_for("consistency_loss")
    hold("numpy", "consistency_loss", w=w)
    plant(monkeypatch, "consistency_loss", {"over": UNITS})
    with pytest.raises(BadValue):
        hold("numpy", "consistency_loss", w=w)
