"""The transparent engine: formulas recorded once per shape, replayed into flat NumPy buffers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from neurogebra.core.differentiate import gradient
from neurogebra.core.program import Program, program
from neurogebra.core.tree import Node, symbol
from neurogebra.engines.beside import X_ONE, X, beside, both, joined_layer, room, slopes, whole
from neurogebra.engines.book import Options
from neurogebra.engines.early import early
from neurogebra.engines.forward import (
    check_input,
    check_shape,
    check_weights,
    forward,
    rows_at_once,
    term_shape,
    total_loss,
    watched,
)
from neurogebra.engines.fuse import fused
from neurogebra.engines.inner import inner
from neurogebra.engines.kernels import LOWERED
from neurogebra.engines.long import Unlike
from neurogebra.engines.pools import pooled
from neurogebra.engines.protocol import Arrays, Change, Seen, Standing, Step, looked_at
from neurogebra.engines.recorder import Recorder, Replay
from neurogebra.engines.share import shared
from neurogebra.engines.store import Store, model_parameters, put, quiet
from neurogebra.engines.symbol_ops import ShortOps
from neurogebra.engines.update import Update
from neurogebra.errors import BadValue
from neurogebra.spec import ModelSpec, RunSpec

# Recorded programs that a network keeps, one a (batch size, mode); the oldest goes first.
KEPT_PROGRAMS = 16
# Plans that are kept for the next network of the same model: they hold formulas, no numbers.
KEPT_PLANS = 32


class Recorded:
    """One recorded program: its input buffers, its calls and where its results lie."""

    def __init__(
        self,
        network: NumpyNetwork,
        rows: int,
        *,
        training: bool,
        probe: bool,
        with_loss: bool = True,
        weighted: tuple[str, ...] = (),
    ) -> None:
        model, store = network.model, network.store
        self.model = model
        self.y = {
            h.name: np.ones((rows, *model.out_shape(h.name)), store.dtype) for h in model.heads
        }
        self.weights = {
            h: np.ones(term_shape(model, network.run, h, rows), store.dtype) for h in weighted
        }
        found, registers = network.plan(
            training=training, probe=probe, with_loss=with_loss, weighted=weighted
        )
        targets = _targets(registers, store)
        given = {**self._inputs(found, store, rows), **store.views}
        given.update({f"y.{h}": a for h, a in self.y.items()})
        given.update({f"w.{h}": a for h, a in self.weights.items()})
        into = {registers[key]: array for key, array in targets.items()}
        kept = {key: a.copy() for key, a in targets.items() if key[0] == "kept"}
        self.replay = record(found, given, store.dtype, into, network.rng, network.update.free)
        for key, old in kept.items():
            targets[key][...] = old  # recording ran the layers' memory forward once
        self.results = {key: self.replay.arrays[r] for key, r in registers.items()}
        self.seen: tuple[Seen, ...] = ()
        # The arrays of a recording stay, so they are looked up once: the loss, each head's output.
        self.loss: Any = self.results.get(("loss", ""))
        self.outputs = {key[1]: a for key, a in self.results.items() if key[0] == "output"}
        self._plain = not hasattr(model.trunk[0].layer, "check_input")

    def _inputs(self, found: Program, store: Store, rows: int) -> dict[str, np.ndarray]:
        """Make room for a batch; return it by the names under which the program reads it."""
        shape = self.model.in_shape
        if X_ONE not in found.inputs.values():
            self.x = np.ones((rows, *shape), store.dtype)
            return {X: self.x}
        layer, wide = joined_layer(self.model), room(rows, shape[0], store.dtype)
        self.x = wide[:, : shape[0]]
        return {X: self.x, X_ONE: wide, both(layer): whole(store.views, layer)}

    def feed(self, x: np.ndarray, y: Arrays | None = None, weights: Arrays | None = None) -> None:
        """Copy a batch into the input buffers."""
        if not (self._plain and x.shape == self.x.shape):
            check_input(self.model, self.x.shape, x)
        put(self.x, x)
        if y is not None:
            for head, buffer in self.y.items():
                given = y.get(head)
                if given is None or given.shape != buffer.shape:
                    check_shape(f"y[{head!r}]", buffer.shape, given)
                put(buffer, y[head])
        if weights:
            for head, buffer in self.weights.items():
                check_shape(f"weights[{head!r}]", buffer.shape, weights[head])
                put(buffer, weights[head])

    def run(self) -> None:
        """Run the calls on the batch that was copied in."""
        with np.errstate(all="ignore"):
            self.replay.run()


def record(
    program: Program,
    given: Mapping[str, Any],
    dtype: np.dtype[Any],
    targets: Mapping[int, np.ndarray],
    rng: np.random.Generator,
    free: dict[int, list[np.ndarray]] | None = None,
) -> Replay:
    """Return a program's replay, its long sums made short where their terms are alike.

    free: spare arrays that all programs of a network share; only one runs at a time.
    """
    short, plain = _short(program, tuple((name, np.shape(a)) for name, a in given.items()))
    try:
        return Recorder(short, given, dtype, targets, rng, free).record()
    except Unlike:
        return Recorder(plain, given, dtype, targets, rng, free).record()


@lru_cache(maxsize=KEPT_PLANS)
def _short(
    program: Program, shapes: tuple[tuple[str, tuple[int, ...]], ...]
) -> tuple[Program, Program]:
    """Return the shortest program for inputs of these shapes, and one for sums of unlike terms."""
    given = {name: np.broadcast_to(0.0, shape) for name, shape in shapes}
    plain = inner(shared(program, dict(shapes)))
    return pooled(early(fused(plain), given)), pooled(plain)


Key = tuple[str, str]
Plan = tuple[Program, dict[Key, int]]


def _graph(
    model: ModelSpec, run: RunSpec, *, training: bool, with_loss: bool, weighted: tuple[str, ...]
) -> dict[Key, Node]:
    """Return the formulas of a pass by what they are: parameters, outputs, loss, gradients."""
    ops = ShortOps(training)
    names = [*model_parameters(model), *model.state_names()]
    p = {name: symbol(name) for name in names}
    outputs = forward(model, ops, p, symbol("x"))
    # The draws come first, so that every engine takes them from the stream in one order.
    nodes: dict[Key, Node] = {("draw", str(i)): node for i, node in enumerate(ops.draws)}
    nodes.update({("output", head): node for head, node in outputs.items()})
    if not with_loss:
        return nodes
    y = {h.name: symbol(f"y.{h.name}") for h in model.heads}
    weights = {head: symbol(f"w.{head}") for head in weighted}
    total = total_loss(model, run, ops, outputs, y, weights)
    nodes[("loss", "")] = total
    if not training:
        return nodes
    trained = list(model_parameters(model))
    seen = watched(model, ops, outputs)
    grads = gradient(total, [*(p[n] for n in trained), *seen.values()], ops.rules)
    nodes.update({("gradient", n): g for n, g in zip(trained, grads, strict=False)})
    nodes.update({("backward", n): g for n, g in zip(seen, grads[len(trained) :], strict=True)})
    nodes.update({("forward", n): a for n, a in ops.outputs.items()})
    nodes.update({("kept", n): a for n, a in ops.kept.items()})
    return nodes


@lru_cache(maxsize=KEPT_PLANS)
def _planned(
    model: ModelSpec,
    loss: str,
    loss_options: Options,
    *,
    training: bool,
    probe: bool,
    with_loss: bool,
    weighted: tuple[str, ...],
) -> Plan:
    """Return the program of a pass, for any number of rows, and where its results are."""
    run = RunSpec(loss=loss, loss_options=loss_options)
    nodes = _graph(model, run, training=training, with_loss=with_loss, weighted=weighted)
    asked = _asked(nodes, training, probe)
    found = program([node for _, node in asked], LOWERED.__contains__)
    registers = dict(zip((key for key, _ in asked), found.outputs, strict=True))
    registers = {key: r for key, r in registers.items() if key[0] != "draw"}
    return _beside(model, replace(found, outputs=tuple(registers.values())), registers)


def _beside(model: ModelSpec, found: Program, registers: dict[Key, int]) -> Plan:
    """Return a plan with the first layer's bias among its weights, where it may be there."""
    layer = joined_layer(model)
    if not layer:
        return found, registers
    keys = ("gradient", f"{layer}.W"), ("gradient", f"{layer}.b")
    asked = [registers[key] for key in keys if key in registers]
    found, joined = beside(found, layer, asked)
    if joined >= 0:
        registers = {key: r for key, r in registers.items() if key not in keys}
        registers["gradient", both(layer)] = joined
    return found, registers


def _targets(registers: Mapping[Key, int], store: Store) -> dict[Key, np.ndarray]:
    """Return the arrays into which a program must write, by what they hold."""
    # A gradient that is a plain number is that of a layer no head reads: 0, as it began.
    targets = {k: slopes(store.grads, k[1]) for k in registers if k[0] == "gradient"}
    return {**targets, **{k: store.views[k[1]] for k in registers if k[0] == "kept"}}


def _asked(nodes: dict[Key, Node], training: bool, probe: bool) -> list[tuple[Key, Node]]:
    """Return what a program must compute."""
    wanted = {"output", "loss"}
    if training:
        wanted |= {"draw", "gradient", "kept"}
    if probe:
        wanted |= {"forward", "backward"}
    return [
        (key, node)
        for key, node in nodes.items()
        if key[0] in wanted and not (key[0] in ("gradient", "backward") and node.is_number)
    ]


class NumpyNetwork:
    """A model on the NumPy engine; see `Network` for the verbs."""

    def __init__(
        self, model: ModelSpec, run: RunSpec, weights: Arrays, rng: np.random.Generator
    ) -> None:
        self.model, self.run, self.rng = model, run, rng
        self.store = Store(model_parameters(model), model.state_names(), weights, run.dtype)
        self.update = Update(run, self.store.w, self.store.g, model_parameters(model))
        self.steps = 0
        self._change: Change | None = None  # of probed steps, made with the first
        self._quiet = quiet()  # entering errstate costs as much as four calls
        self._programs: dict[tuple[int, str, tuple[str, ...]], Recorded] = {}
        self._plans: dict[tuple[bool, bool, bool, tuple[str, ...]], Plan] = {}

    def plan(
        self, *, training: bool, probe: bool, with_loss: bool, weighted: tuple[str, ...]
    ) -> Plan:
        """Return the program of a pass and where its results are, worked out once."""
        key = (training, probe, with_loss, weighted)
        if key not in self._plans:
            self._plans[key] = _planned(
                self.model, self.run.loss, self.run.loss_options,
                training=training, probe=probe, with_loss=with_loss, weighted=weighted,
            )  # fmt: skip
        return self._plans[key]

    def step(
        self,
        x: np.ndarray,
        y: Arrays,
        *,
        lr: float,
        probe: bool = False,
        weights: Arrays | None = None,
    ) -> Step:
        """Take in one batch, update when it is its turn, and return the loss before that."""
        program = self._program(len(x), "probe" if probe else "train", weights)
        program.feed(x, y, weights)
        change, store = self._change, self.store
        if not probe:
            if change is not None:
                change.lost = True
            self._quiet.run(self._learn, program, lr)
            return Step(float(program.loss), program.outputs)
        if change is None:
            change = self._change = Change(store.w, store.split)
        change.begin()
        self._quiet.run(self._learn, program, lr)
        if not program.seen:
            flat = {"gradient": store.grads, "weight": store.views}
            program.seen = Standing(looked_at(self.model, program.results, flat, change))
        return Step(float(program.loss), program.outputs, program.seen)

    def _learn(self, program: Recorded, lr: float) -> None:
        """Run the pass of the batch that was copied in, and the update when it is its turn."""
        program.replay.run()
        if self.update.take():
            self.steps += 1
            self.update.run(self.steps, lr)

    def evaluate(self, x: np.ndarray, y: Arrays, weights: Arrays | None = None) -> Step:
        """Return the loss and outputs in inference mode; nothing changes."""
        program = self._program(len(x), "evaluate", weights)
        program.feed(x, y, weights)
        program.run()
        return Step(float(program.loss), program.outputs)

    def gradients(
        self, x: np.ndarray, y: Arrays, weights: Arrays | None = None
    ) -> tuple[float, dict[str, np.ndarray]]:
        """Return the loss and dL/d parameter in training mode; nothing is updated."""
        stream, kept = self.rng.bit_generator.state, self.store.copies(self.model.state_names())
        program = self._program(len(x), "train", weights)
        program.feed(x, y, weights)
        program.run()
        self.rng.bit_generator.state = stream
        self.store.fill(kept)
        return float(program.loss), {n: g.copy() for n, g in self.store.grads.items()}

    def predict(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """Return each head's output in inference mode, as new arrays."""
        parts = {
            h.name: [np.empty((0, *self.model.out_shape(h.name)), self.store.dtype)]
            for h in self.model.heads
        }
        step = rows_at_once(self.model)
        for start in range(0, len(x), step):
            rows = x[start : start + step]
            program = self._program(len(rows), "predict")
            program.feed(rows)
            program.run()
            for head, out in program.outputs.items():
                parts[head].append(out.copy())
        return {head: np.concatenate(found) for head, found in parts.items()}

    def weights(self) -> dict[str, np.ndarray]:
        """Return copies of all parameters and states by name."""
        return self.store.copies(self.store.views)

    def state(self) -> dict[str, np.ndarray]:
        """Return copies of everything an exact resume needs: weights/…, slots/…, step."""
        found = {f"weights/{n}": a for n, a in self.weights().items()}
        found.update({f"slots/{n}": a.copy() for n, a in self.update.slots.items()})
        return {**found, "step": np.asarray(self.steps, np.int64)}

    def load(self, state: Arrays) -> None:
        """Go on from a `state()`; BadValue names an array that is missing or misshapen."""
        self.store.restore(state, self.update.slots)
        if self._change is not None:
            self._change.lost = True
        self.steps = int(state["step"])

    @property
    def acted(self) -> dict[str, int]:
        """How many updates each limit on gradients changed, and how many batches waited."""
        return dict(self.update.gathering.acted)

    def _program(self, rows: int, mode: str, weights: Arrays | None = None) -> Recorded:
        weighted = tuple(sorted(weights)) if weights else ()
        known = self._programs.pop((rows, mode, weighted), None)
        if known is None:
            check_weights(self.model, self.run, rows, weights or {})
            known = Recorded(
                self,
                rows,
                training=mode in ("train", "probe"),
                probe=mode == "probe",
                with_loss=mode != "predict",
                weighted=weighted,
            )
            while len(self._programs) >= KEPT_PROGRAMS:
                del self._programs[next(iter(self._programs))]
        self._programs[(rows, mode, weighted)] = known
        return known


class NumpyEngine:
    """The engine that computes with NumPy only."""

    name = "numpy"

    def build(
        self,
        model: ModelSpec,
        run: RunSpec,
        weights: Mapping[str, np.ndarray],
        rng: np.random.Generator,
    ) -> NumpyNetwork:
        """Return the network with these first weights; rng feeds dropout.

        Raises BadValue for a GPU or narrow products, which this engine does not have.
        """
        other = 'or engine="torch"'
        if run.device == "cuda":
            raise BadValue("device", f'"cpu" or "auto" {other}', run.device)
        if run.mixed:
            raise BadValue("mixed", f'"" {other}', run.mixed, "NumPy multiplies in the run's dtype")
        return NumpyNetwork(model, run, weights, rng)


ENGINE = NumpyEngine()
