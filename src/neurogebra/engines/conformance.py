"""The suite that any engine can be put through: it computes what the formulas say.

Use it in a test of your own engine:

    @pytest.mark.parametrize("check", suite(), ids=str)
    def test_conforms(check):
        check.run(ENGINE)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from neurogebra.engines import conformance_state as state
from neurogebra.engines.claims import NET, build, claim, close, exact, network, refuses
from neurogebra.engines.conformance_layers import around
from neurogebra.engines.forward import term_shape
from neurogebra.engines.protocol import Engine
from neurogebra.engines.reference import example, first_batch, first_weights, passed
from neurogebra.layers import LAYERS, BatchNorm, Dense, Dropout, Layer
from neurogebra.losses import LOSSES
from neurogebra.optim import OPTIMIZERS
from neurogebra.repository import FORMULAS
from neurogebra.spec import Head, ModelSpec, RunSpec

# Slopes below this are taken for 0: what differences leave of a flat loss.
FLAT = 1e-6


@dataclass(frozen=True, slots=True)
class Check:
    """One claim about engines; run(engine) raises AssertionError with a sentence."""

    name: str
    run: Callable[[Engine], None]

    def __str__(self) -> str:
        return self.name


def suite() -> tuple[Check, ...]:
    """Return every check: the families' members are those of the registries now."""
    families: tuple[tuple[str, Callable[..., None], tuple[Any, ...]], ...] = (
        ("activation", gradients, tuple(map(with_activation, activations()))),
        ("layer", gradients, tuple(map(with_layer, LAYERS.values()))),
        ("loss", gradients, tuple(map(with_loss, LOSSES))),
        ("heads", gradients, (two_heads(),)),
        ("values", values, tuple(map(with_layer, LAYERS.values()))),
        ("optimizer", steps, tuple(OPTIMIZERS)),
    )
    found = [
        Check(f"{word} {_label(member)}: {_words(function)}", partial(function, member))
        for word, function, members in families
        for member in members
    ]
    plain = (
        first,
        partial_batch,
        weighted,
        drops,
        running,
        unread,
        wrong_batches,
        no_rows,
        not_a_number,
    )
    found += [Check(_words(function), function) for function in plain]
    return (*found, *(Check(_words(f), f) for f in state.CHECKS))


def _label(member: Any) -> str:
    return member[0].name if isinstance(member, tuple) else str(member)


def _words(function: Callable[..., None]) -> str:
    return (function.__doc__ or "").split("\n")[0].rstrip(".").lower()


Case = tuple[ModelSpec, str]


def activations() -> list[str]:
    """Return the activations of the book, those of whole rows (softmax) with them."""
    return [name for name, f in FORMULAS.items() if f.category == "activation"]


def with_activation(name: str) -> Case:
    """Return a network whose first layer has an activation."""
    return ModelSpec(name, (3,), (Dense(4, name), Dense(2))), "mse"


def with_loss(name: str) -> Case:
    """Return a network that ends as a loss likes it."""
    row = LOSSES[name]
    return ModelSpec(name, (3,), (Dense(4, "tanh"), Dense(row.units or 3, row.end))), name


def with_layer(kind: type[Layer]) -> Case:
    """Return a small network around a layer."""
    return around(kind), "mse"


def two_heads() -> Case:
    """Return a trunk that two heads leave at different places, each with a loss and draws."""
    trunk = (Dense(4, "tanh", name="low"), Dropout(0.2), Dense(3, "tanh"), Dropout(0.3))
    low = Head("low_head", "low", (Dropout(0.4), Dense(2, "softmax")), "categorical_crossentropy")
    top = Head("top_head", layers=(Dense(1, "sigmoid"),), loss="binary_crossentropy", weight=0.5)
    return ModelSpec("two", (3,), trunk, (low, top)), "mse"


def gradients(case: Case, engine: Engine) -> None:
    """Loss and every gradient are those of the definition."""
    error, _ = gradient_error(engine, *case)
    claim(error < 1e-7, f"{case[0].name}: a gradient is off by {error:.1e} from differences")


def gradient_error(engine: Engine, model: ModelSpec, loss: str) -> tuple[float, int]:
    """Return the worst relative error of a gradient, and how many numbers were compared.

    The slopes are central differences of the plain definition, which shares no code with an
    engine. Relative to the larger of the two, where neither is below 1 % of the largest; a
    gradient that is no number is infinitely wrong.
    """
    truth = example(model, loss)
    net = build(engine, model, truth.weights, loss=loss)
    value, grads = net.gradients(*truth.batch)
    close(value, truth.loss, f"{model.name}: the loss", 1e-10)
    claim(set(grads) == set(truth.slopes), f"gradients of {sorted(grads)}, not of all parameters")
    largest = max((float(np.abs(s).max()) for s in truth.slopes.values()), default=0.0)
    floor = max(1e-2 * largest, FLAT)
    worst = 0.0
    for name, slope in truth.slopes.items():
        exact(grads[name].shape, slope.shape, f"the shape of the gradient of {name}")
        scale = np.maximum(np.maximum(np.abs(slope), np.abs(grads[name])), floor)
        off = float((np.abs(grads[name] - slope) / scale).max(initial=0.0))
        worst = max(worst, off if np.isfinite(off) else np.inf)
    return worst, sum(s.size for s in truth.slopes.values())


def values(case: Case, engine: Engine) -> None:
    """Outputs while training and at inference are those of the definition."""
    model, loss = case
    weights, batch = first_weights(model, 0), first_batch(model, loss, 6, 0)
    net = build(engine, model, weights, loss=loss)
    still = passed(model, loss, weights, batch, training=False)
    found = net.evaluate(*batch)
    close(found.loss, still.loss, "the loss at inference", 1e-10)
    for head, output in net.predict(batch[0]).items():
        close(output, still.outputs[head], f"the prediction of {head}", 1e-10)
        close(found.outputs[head], still.outputs[head], f"the evaluated {head}", 1e-10)
    moving = passed(model, loss, weights, batch)
    step = net.step(*batch, lr=0.1)
    close(step.loss, moving.loss, "the loss before a step", 1e-10)
    for head, output in step.outputs.items():
        close(output, moving.outputs[head], f"the output of {head} while training", 1e-10)


def steps(optimizer: str, engine: Engine) -> None:
    """Steps are those of the pure rule on arrays."""
    row = OPTIMIZERS[optimizer]
    changed = {name: 0.8 * value for name, value in row.options.items()}
    for options in ({}, changed):
        net, batch = network(engine, optimizer=optimizer, options=tuple(options.items()))
        slots: dict[str, dict[str, Any]] = {}
        for t, lr in enumerate((0.05, 0.05, 0.02, 0.1), 1):
            before, (_, grads) = net.weights(), net.gradients(*batch)
            net.step(*batch, lr=lr)
            after = net.weights()
            for name, g in grads.items():
                more = {"w": before[name]} if row.takes_weights else {}
                old = slots.get(name, {})
                change, slots[name] = row.rule(g, old, t, lr=lr, **options, **more)
                close(after[name], before[name] + change, f"{name} after step {t}", 1e-10)


def first(engine: Engine) -> None:
    """First weights are taken as they are, and given out as copies."""
    net, _ = network(engine)
    given = first_weights(NET, 0)
    found = net.weights()
    exact(sorted(found), sorted(given), "the names of the weights")
    for name, array in given.items():
        exact(found[name], array, name)
        found[name] += 1
        exact(net.weights()[name], array, f"{name} after a copy of it was changed")
    missing = {n: a for n, a in given.items() if not n.endswith("b")}
    name = next(iter(given))
    for wrong in (missing, {**given, "other": np.ones(2)}, {**given, name: np.ones((7, 7))}):
        refuses("a set of wrong first weights", build, engine, NET, wrong)


def partial_batch(engine: Engine) -> None:
    """A last batch of another size counts its own rows."""
    model, loss = with_loss("mse")
    weights = first_weights(model, 3)
    net = build(engine, model, weights, loss=loss)
    for rows in (8, 8, 3, 1, 8):
        batch = first_batch(model, loss, rows, rows)
        weights = net.weights()
        truth = passed(model, loss, weights, batch)
        close(net.step(*batch, lr=0.05).loss, truth.loss, f"the loss of {rows} rows", 1e-10)


def weighted(engine: Engine) -> None:
    """Each row counts as much as its weight says, in the loss and in every gradient."""
    shares = np.array([0.0, 1.0, 2.5, 0.6])
    for loss in ("mse", "categorical_crossentropy"):
        model, _ = with_loss(loss)
        net = build(engine, model, first_weights(model, 0), loss=loss)
        x, y = first_batch(model, loss, len(shares), 0)
        alone = [net.gradients(x[i : i + 1], {"output": y["output"][i : i + 1]}) for i in range(4)]
        shape = term_shape(model, RunSpec(loss=loss), "output", len(shares))
        weights = {"output": np.broadcast_to(shares.reshape(-1, *(1,) * (len(shape) - 1)), shape)}
        value = sum(s * part for s, (part, _) in zip(shares, alone, strict=True)) / len(shares)
        found, grads = net.gradients(x, y, weights)
        close(found, value, f"the weighted {loss}", 1e-10)
        for name, g in grads.items():
            sums = sum(s * part[name] for s, (_, part) in zip(shares, alone, strict=True))
            close(g, sums / len(shares), f"the weighted gradient of {name}", 1e-10)
        evaluated = net.evaluate(x, y, weights).loss
        close(evaluated, value, f"the weighted {loss} at inference", 1e-10)
        close(net.step(x, y, lr=0.1, weights=weights).loss, value, "the loss of a step", 1e-10)
        refuses(
            "weights of the wrong shape", net.step, x, y, lr=0.1, weights={"output": shares[1:]}
        )


def drops(engine: Engine) -> None:
    """Dropout takes its draws from the run's stream, drops its share and scales the rest."""
    rate, model = 0.25, ModelSpec("drop", (40,), (Dropout(0.25),))
    x = np.ones((60, 40))
    net = build(engine, model, {}, seed=4)
    stream = np.random.default_rng(4)
    for t in range(3):
        net.gradients(x, {"output": x})  # must not move the stream
        kept = stream.random(x.shape) >= rate
        found = np.array(net.step(x, {"output": x}, lr=0.1).outputs["output"])
        close(found, kept / (1 - rate), f"the kept units of step {t + 1}", 1e-12)
        share = float((found == 0).mean())
        claim(abs(share - rate) < 0.05, f"dropout of {rate} dropped {share:.2f}")
    exact(net.predict(x)["output"], x, "dropout at inference")


def running(engine: Engine) -> None:
    """Batch normalisation keeps running statistics, the variance unbiased."""
    model = ModelSpec("norm", (3,), (BatchNorm(momentum=0.8), Dense(1)))
    net = build(engine, model, model.init(0))
    mean, var = np.zeros(3), np.ones(3)
    for rows in (6, 6, 4, 1):
        x, y = first_batch(model, "mse", rows, rows)
        net.gradients(x, y)  # must not count
        net.step(x, y, lr=0.01)
        unbiased = x.var(0, ddof=1) if rows > 1 else np.zeros(3)
        mean, var = 0.8 * mean + 0.2 * x.mean(0), 0.8 * var + 0.2 * unbiased
        found = net.weights()
        close(found["batchnorm_0.mean"], mean, f"the running mean after {rows} rows", 1e-10)
        close(found["batchnorm_0.var"], var, f"the running variance after {rows} rows", 1e-10)
    x, _ = first_batch(model, "mse", 5, 9)
    w = net.weights()
    centred = (x - mean) / np.sqrt(var + 1e-5) * w["batchnorm_0.gamma"] + w["batchnorm_0.beta"]
    truth = centred @ w["dense_0.W"] + w["dense_0.b"]
    close(net.predict(x)["output"], truth, "the prediction with running statistics", 1e-9)


def unread(engine: Engine) -> None:
    """Layers that no head reads get the gradient 0 and stay as they are."""
    layers = (Dense(3, "tanh", name="read"), Dense(2, name="unread"))
    model = ModelSpec("unread", (3,), layers, (Head(at="read"),))
    weights, batch = first_weights(model, 0), first_batch(model, "mse", 4, 0)
    net = build(engine, model, weights)
    _, grads = net.gradients(*batch)
    net.step(*batch, lr=0.1)
    for name in ("unread.W", "unread.b"):
        exact(grads[name], np.zeros_like(weights[name]), f"the gradient of {name}")
        exact(net.weights()[name], weights[name], name)


def wrong_batches(engine: Engine) -> None:
    """A batch of the wrong shape is refused instead of broadcast."""
    net, (x, y) = network(engine)
    t = y["output"]
    targets: tuple[dict[str, np.ndarray], ...] = ({"output": t[:, :1]}, {"output": t[:1]}, {})
    for bad in ((x[:, :1], y), *((x, wrong) for wrong in targets)):
        refuses("a batch of the wrong shape", net.step, *bad, lr=0.1)
        refuses("a batch of the wrong shape", net.evaluate, *bad)
    refuses("a set of rows of the wrong shape", net.predict, x[:, :1])


def no_rows(engine: Engine) -> None:
    """No rows give no predictions, and many give one each."""
    model, loss = two_heads()
    net = build(engine, model, first_weights(model, 0), loss=loss)
    for rows in (0, 1, 5000):
        x = np.random.default_rng(rows).normal(size=(rows, 3))
        found = net.predict(x)
        exact(found["low_head"].shape, (rows, 2), "the shape of the predictions")
        exact(found["top_head"].shape, (rows, 1), "the shape of the predictions")
    close(found["top_head"][4990:], net.predict(x[4990:])["top_head"], "the last rows", 1e-12)


def not_a_number(engine: Engine) -> None:
    """A NaN in a batch comes out as a NaN loss, without an error."""
    net, (x, y) = network(engine)
    x = x.copy()
    x[0, 0] = np.nan
    claim(bool(np.isnan(net.evaluate(x, y).loss)), "NaN went in, and a number came out")
    claim(bool(np.isnan(net.step(x, y, lr=0.1).loss)), "NaN went in, and a number came out")


REFUSALS = (wrong_batches, no_rows, not_a_number)
