"""The engine that computes with PyTorch: the same formulas, its autograd, our update rules."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from neurogebra.engines.forward import (
    check_batch,
    check_weights,
    forward,
    rows_at_once,
    total_loss,
    watched,
)
from neurogebra.engines.protocol import Arrays, Step
from neurogebra.engines.store import Store, model_parameters
from neurogebra.engines.torch_mixed import Precision, device_of
from neurogebra.engines.torch_order import Order
from neurogebra.engines.torch_pass import TorchOps
from neurogebra.engines.torch_sight import Sight, numbers
from neurogebra.engines.torch_update import TorchUpdate, split
from neurogebra.layers import Array
from neurogebra.spec import ModelSpec, RunSpec


class TorchNetwork:
    """A model on the torch engine; see `Network` for the verbs.

    w, g: (n,) all trained numbers and their gradients; p: the parameters as leaves that look
    into w, their .grad into g, and the states as tensors of their own.
    """

    def __init__(
        self,
        model: ModelSpec,
        run: RunSpec,
        weights: Arrays,
        rng: np.random.Generator,
        device: torch.device,
    ) -> None:
        self.model, self.run, self.rng, self.steps = model, run, rng, 0
        self.order = Order(model, run)
        shapes = self.order.shapes
        self.store = Store(model_parameters(model), model.state_names(), weights, run.dtype)
        self.dtype, self.device = getattr(torch, run.dtype), device
        self.precision = Precision(run.mixed, self.device, self.dtype)
        self.w = self.tensor(self.order.inward(self.store.w)).clone()
        self.g = torch.zeros_like(self.w)
        self.update = TorchUpdate(run, self.w, self.g, shapes)
        self.p = {n: v.requires_grad_() for n, v in split(self.w, shapes).items()}
        self._leaves = list(self.p.values())
        self._grads = split(self.g, shapes)
        self._loose = self.update.by_parameter and not self.precision.scales
        self._sight = Sight(model, self.order, self.w, self.g, self._grads)
        self._owned: dict[str, Mapping[str, Array]] = {}
        self._take_states()

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
        ops, outputs, loss, looked = self._learn(x, y, weights, probe=probe, loose=self._loose)
        self._sight.begin(probe)
        grads = [leaf.grad for leaf in self._leaves if self._loose]
        if self._loose:
            self.steps += 1
            self.update.run_on(grads, self.steps, lr)
        elif self.precision.accepts(self.g) and self.update.take():
            self.steps += 1
            self.update.run(self.steps, lr)
        self.p.update({name: value.detach() for name, value in ops.kept.items()})
        seen = self._sight.end(len(x), ops.outputs, looked, grads) if probe else ()
        return Step(loss.item(), _arrays(outputs), seen)

    def evaluate(self, x: np.ndarray, y: Arrays, weights: Arrays | None = None) -> Step:
        """Return the loss and outputs in inference mode; nothing changes."""
        check_batch(self.model, x, y)
        ops = TorchOps(False, self.rng, self._owned, self.order.turned)
        with torch.no_grad():
            outputs = self._forward(ops, self.tensor(x))
            loss = _loss(self, ops, outputs, y, weights)
        return Step(float(loss), _arrays(outputs))

    def gradients(
        self, x: np.ndarray, y: Arrays, weights: Arrays | None = None
    ) -> tuple[float, dict[str, np.ndarray]]:
        """Return the loss and dL/d parameter in training mode; nothing is updated."""
        stream = self.rng.bit_generator.state
        _, _, loss, _ = self._learn(x, y, weights)
        self.rng.bit_generator.state = stream
        grads = {name: g.copy() for name, g in self.arrays(self.g).items()}
        return float(loss.detach()), grads

    def predict(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """Return each head's output in inference mode, as new arrays."""
        check_batch(self.model, x)
        parts, step = [], rows_at_once(self.model)
        for i in range(0, max(len(x), 1), step):  # no rows are one empty piece
            ops = TorchOps(False, self.rng, self._owned, self.order.turned)
            with torch.no_grad():
                found = self._forward(ops, self.tensor(x[i : i + step]))
            parts.append(_arrays(found))
        return {h.name: np.concatenate([p[h.name] for p in parts]) for h in self.model.heads}

    def weights(self) -> dict[str, np.ndarray]:
        """Return copies of all parameters and states by name."""
        trained = self.arrays(self.w)
        every = self.store.views
        return {n: _copied(trained[n] if n in trained else self.p[n]) for n in every}

    def state(self) -> dict[str, np.ndarray]:
        """Return copies of everything an exact resume needs: weights/…, slots/…, step."""
        found = {f"weights/{n}": a for n, a in self.weights().items()}
        slots = {**_slots(self), **self.precision.slots()}
        found.update({f"slots/{n}": a for n, a in slots.items()})
        return {**found, "step": np.asarray(self.steps, np.int64)}

    def load(self, state: Arrays) -> None:
        """Go on from a `state()`; BadValue names an array that is missing or misshapen."""
        slots, scales = _slots(self), self.precision.slots()
        self.store.restore(state, {**slots, **scales})
        self.precision.take(scales)
        self.w.copy_(self.tensor(self.order.inward(self.store.w)))
        self.update.load({n: self.order.inward(a) if a.ndim else a for n, a in slots.items()})
        self._take_states()
        self._sight.begin(probe=False)
        self.steps = int(state["step"])

    def _learn(
        self,
        x: np.ndarray,
        y: Arrays,
        weights: Arrays | None,
        *,
        probe: bool = False,
        loose: bool = False,
    ) -> tuple[TorchOps, dict[str, Tensor], Tensor, dict[str, Tensor]]:
        """Run one pass in training mode and leave the gradient in `g`, or loose in the leaves."""
        check_batch(self.model, x, y)
        ops = TorchOps(True, self.rng, self._owned, self.order.turned)
        batch = self.tensor(x).requires_grad_(probe and self._sight.asks_input)
        outputs = self._forward(ops, batch)
        loss = _loss(self, ops, outputs, y, weights)
        looked = watched(self.model, ops, outputs) if probe else {}
        for value in looked.values():
            if value.requires_grad:
                value.retain_grad()
        for leaf, grad in zip(self._leaves, self._grads.values(), strict=True):
            leaf.grad = None if loose else grad.zero_()
        if loss.requires_grad:
            self.precision.backward(loss, self.g, looked.values())
        return ops, outputs, loss, looked

    def _forward(self, ops: TorchOps, x: Tensor) -> dict[str, Tensor]:
        with self.precision.products():
            outputs = forward(self.model, ops, self.p, x)
        return self.precision.widen(ops, outputs)

    @property
    def acted(self) -> dict[str, int]:
        """How many updates each limit on gradients changed, and how many batches waited."""
        return dict(self.update.gathering.acted)

    def arrays(self, flat: Tensor) -> dict[str, np.ndarray]:
        """Return the parameters' parts of a flat tensor of this network, as the spec has them."""
        return self.store.split(self.order.outward(flat.detach().cpu().numpy()))

    def _take_states(self) -> None:
        for name in self.model.state_names():
            self.p[name] = self.tensor(self.store.views[name]).clone()

    def tensor(self, array: np.ndarray) -> Tensor:
        """Return a batch as a tensor that looks into the array itself where torch can."""
        if array.dtype == self.store.dtype and array.flags.writeable and array.flags.c_contiguous:
            return torch.from_numpy(array).to(self.device)
        return torch.from_numpy(np.array(array, self.run.dtype)).to(self.device)


def _loss(
    net: TorchNetwork,
    ops: TorchOps,
    outputs: Mapping[str, Tensor],
    y: Arrays,
    weights: Arrays | None,
) -> Tensor:
    targets = {h.name: net.tensor(y[h.name]) for h in net.model.heads}
    factors = None
    if weights:
        check_weights(net.model, net.run, len(next(iter(y.values()))), weights)
        factors = {head: net.tensor(array) for head, array in weights.items()}
    found: Tensor = total_loss(net.model, net.run, ops, outputs, targets, factors)
    return found


def _slots(net: TorchNetwork) -> dict[str, np.ndarray]:
    """Return copies of the optimiser's memory, as the spec has the parameters."""
    copies = {name: _copied(slot) for name, slot in net.update.slots.items()}
    return {n: net.order.outward(a) if a.ndim else a for n, a in copies.items()}


def _copied(slot: Tensor | np.ndarray) -> np.ndarray:
    found: np.ndarray = slot.detach().cpu().numpy() if isinstance(slot, Tensor) else slot
    return found.copy()


def _arrays(tensors: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    return {name: numbers(tensor) for name, tensor in tensors.items()}


class TorchEngine:
    """The engine that computes with PyTorch."""

    name = "torch"

    def __init__(self, device: str = "") -> None:
        self.device = device  # instead of the run's

    def build(
        self, model: ModelSpec, run: RunSpec, weights: Arrays, rng: np.random.Generator
    ) -> TorchNetwork:
        """Return the network with these first weights; rng feeds dropout."""
        device = torch.device(self.device) if self.device else device_of(run.device)
        return TorchNetwork(model, run, weights, rng, device)


ENGINE = TorchEngine()
