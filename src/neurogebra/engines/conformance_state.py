"""The checks of what a network keeps: nothing moves unasked, and a resumed run is the same run."""

from __future__ import annotations

import numpy as np

from neurogebra.engines.claims import NET, Arrays, build, claim, close, exact, network, refuses
from neurogebra.engines.protocol import Engine, Seen
from neurogebra.engines.reference import first_batch, first_weights, passed
from neurogebra.layers import Dense
from neurogebra.optim import OPTIMIZERS
from neurogebra.spec import ModelSpec, RunSpec


def looks(engine: Engine) -> None:
    """Evaluating, predicting and gradients change nothing, and infer in inference mode."""
    rng = np.random.default_rng(7)
    net = engine.build(NET, _run("adam"), first_weights(NET, 0), rng)
    x, y = first_batch(NET, "mse", 6, 0)
    net.step(x, y, lr=0.01)
    before, stream = net.state(), str(rng.bit_generator.state)
    still = passed(NET, "mse", net.weights(), (x, y), training=False)
    for _ in range(2):
        net.gradients(x, y)
        close(net.evaluate(x, y).loss, still.loss, "the loss at inference", 1e-10)
        close(net.predict(x)["output"], still.outputs["output"], "the prediction", 1e-10)
    _same_state(net.state(), before, "after looking only")
    exact(str(rng.bit_generator.state), stream, "the run's stream after looking only")


def own_memory(engine: Engine) -> None:
    """Predictions, gradients and states are the caller's own arrays."""
    net, (x, y) = network(engine, optimizer="adam")
    taken = {**net.predict(x), **net.gradients(x, y)[1], **net.state()}
    copies = {name: array.copy() for name, array in taken.items()}
    net.step(x, y, lr=0.1)
    net.predict(x + 1)
    _same_state(taken, copies, "after a later step")


def probes(engine: Engine) -> None:
    """A probed step is the same step, bit for bit."""
    quiet, (x, y) = network(engine, optimizer="adam")
    probed, _ = network(engine, optimizer="adam")
    for t in range(4):
        losses = [quiet.step(x, y, lr=0.05).loss, probed.step(x, y, lr=0.05, probe=t != 1).loss]
        exact(losses[0], losses[1], f"the loss of step {t + 1}")
    _same_state(probed.state(), quiet.state(), "after probed steps")


def sights(engine: Engine) -> None:
    """A probe sees every layer's output, gradients, weights and updates as they are."""
    net, (x, y) = network(engine)
    before, (_, grads) = net.weights(), net.gradients(x, y)
    truth = passed(NET, "mse", before, (x, y))
    seen = {(s.layer, s.site, s.param): s for s in net.step(x, y, lr=0.1, probe=True).seen}
    after = net.weights()
    for index, placed in enumerate(NET.placed()):
        forward = _sight(seen, placed.name, "forward")
        exact(forward.index, index, f"the index of {placed.name}")
        close(forward.array, truth.layers[placed.name], f"what {placed.name} gave", 1e-10)
        exact(_sight(seen, placed.name, "backward").array.shape, forward.array.shape, "dL/da")
        for key in placed.layer.shapes(placed.in_shape):
            name, at = f"{placed.name}.{key}", (placed.name, key)
            close(_sight(seen, at[0], "gradient", key).array, grads[name], f"dL/d{name}", 1e-12)
            exact(_sight(seen, at[0], "weight", key).array, after[name], f"{name} as seen")
            update = after[name] - before[name]
            close(_sight(seen, at[0], "update", key).array, update, f"the change of {name}", 1e-12)


def moves(engine: Engine) -> None:
    """Each probed step shows its own change, whatever was read of those before it."""
    net, (x, y) = network(engine, optimizer="adam")
    for step, (probe, read) in enumerate([(1, 1), (1, 0), (1, 1), (0, 0), (1, 1)]):
        before = net.weights()
        seen = net.step(x, y, lr=0.1, probe=bool(probe)).seen
        after = net.weights()
        for s in seen if read else ():
            if s.site == "update":
                name = f"{s.layer}.{s.param}"
                what = f"the change of {name} in step {step + 1}"
                close(s.array, after[name] - before[name], what, 1e-12)


def flows(engine: Engine) -> None:
    """What flows back through a layer is dL/d output, before the activation where they join."""
    for end, loss in (("sigmoid", "binary_crossentropy"), ("sigmoid", "mse"), ("linear", "mse")):
        model = ModelSpec("flow", (3,), (Dense(4), Dense(2, end)))
        x, y = first_batch(model, loss, 5, 0)
        net = build(engine, model, first_weights(model, 0), loss=loss)
        w, (_, grads) = net.weights(), net.gradients(x, y)
        step = net.step(x, y, lr=0.1, probe=True)
        seen = {(s.layer, s.site, s.param): s for s in step.seen}
        p, t = step.outputs["output"], y["output"]
        back = (p - t if loss != "mse" else 2 * (p - t)) / t.size
        what = f"dL/d output with {end} and {loss}"
        close(_sight(seen, "dense_1", "backward").array, back, what, 1e-10)
        into = _sight(seen, "dense_0", "backward").array
        close(x.T @ into, grads["dense_0.W"], f"{what}, a layer below", 1e-10)
        claim(set(w) == set(net.weights()), "a probe changed the names of the weights")


def resumes(engine: Engine) -> None:
    """A state loaded into another network goes on bit for bit, for every optimiser."""
    for optimizer in OPTIMIZERS:
        x, y = first_batch(NET, "mse", 6, 0)
        rng, other = np.random.default_rng(1), np.random.default_rng(2)
        net = engine.build(NET, _run(optimizer), first_weights(NET, 0), rng)
        later = engine.build(NET, _run(optimizer), first_weights(NET, 5), other)
        later.step(x, y, lr=0.3)
        for _ in range(3):
            net.step(x, y, lr=0.05)
        later.load(net.state())
        other.bit_generator.state = rng.bit_generator.state
        _same_state(later.state(), net.state(), f"of {optimizer} after loading")
        for t in range(3):
            losses = [n.step(x, y, lr=0.05).loss for n in (net, later)]
            exact(losses[1], losses[0], f"the loss of {optimizer} {t + 1} steps after loading")
        _same_state(later.state(), net.state(), f"of {optimizer} after going on")


def wrong_states(engine: Engine) -> None:
    """A state with a missing or misshapen array is refused and changes nothing."""
    net, (x, y) = network(engine, optimizer="adam")
    net.step(x, y, lr=0.1)
    good = net.state()
    moved = {n: a + 1 for n, a in good.items()}
    for name in good:
        lacking = {n: a for n, a in moved.items() if n != name}
        refuses(f"a state without {name}", net.load, lacking)
        refuses(f"a misshapen {name}", net.load, {**moved, name: np.ones((2, 9))})
    _same_state(net.state(), good, "after refused states")


def single(engine: Engine) -> None:
    """A float32 run is float32 everywhere, and near the float64 one."""
    wide, (x, y) = network(engine, optimizer="adam")
    net, _ = network(engine, optimizer="adam", dtype="float32")
    x32, y32 = x.astype(np.float32), {"output": y["output"].astype(np.float32)}
    for _ in range(3):
        close(net.step(x32, y32, lr=0.01).loss, wide.step(x, y, lr=0.01).loss, "the loss", 1e-4)
    step = net.step(x32, y32, lr=0.01, probe=True)
    arrays = {**net.state(), **net.predict(x32), **net.gradients(x32, y32)[1], **step.outputs}
    arrays |= {f"{s.layer} {s.site} {s.param}": s.array for s in step.seen}
    for name, array in arrays.items():
        if name != "step":
            exact(str(array.dtype), "float32", f"the dtype of {name}")


def _run(optimizer: str) -> RunSpec:
    return RunSpec(optimizer=optimizer, dtype="float64")


def _sight(seen: dict[tuple[str, str, str], Seen], layer: str, site: str, param: str = "") -> Seen:
    claim((layer, site, param) in seen, f"a probe did not see {site} {param} of {layer}")
    return seen[layer, site, param]


def _same_state(found: Arrays, expected: Arrays, when: str) -> None:
    exact(sorted(found), sorted(expected), f"the names of the state {when}")
    for name, array in expected.items():
        exact(found[name], array, f"{name} {when}")


CHECKS = (looks, own_memory, probes, sights, moves, flows, resumes, wrong_states, single)
