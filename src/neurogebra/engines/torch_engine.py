"""The engine that computes with PyTorch: the same formulas, its autograd, our update rules."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np
import torch
from torch import Tensor

from neurogebra.engines.forward import (
    check_batch,
    check_weights,
    forward,
    total_loss,
    watched,
)
from neurogebra.engines.protocol import Arrays, Seen, Step
from neurogebra.engines.store import Store, model_parameters
from neurogebra.engines.torch_mixed import Precision, device_of
from neurogebra.engines.torch_pass import TorchOps
from neurogebra.engines.torch_update import TorchUpdate
from neurogebra.layers import Array
from neurogebra.spec import ModelSpec, RunSpec

# Rows that `predict` takes at once.
PREDICT_ROWS = 4096


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
        self.store = Store(model_parameters(model), model.state_names(), weights, run.dtype)
        self.dtype, self.device = getattr(torch, run.dtype), device
        self.precision = Precision(run.mixed, self.device, self.dtype)
        self.w, self.g = self._tensor(self.store.w), self._tensor(self.store.g)
        self.update = TorchUpdate(run, self.w, self.g, model_parameters(model))
        self.p = {n: v.requires_grad_() for n, v in self._views(self.w).items()}
        for name, grad in self._views(self.g).items():
            self.p[name].grad = grad
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
        ops, outputs, loss, looked = self._learn(x, y, weights, probe=probe)
        before = self.w.clone() if probe else None
        if self.precision.accepts(self.g) and self.update.take():
            self.steps += 1
            self.update.run(self.steps, lr)
        self.p.update({name: value.detach() for name, value in ops.kept.items()})
        changes = self._views(self.w - before) if before is not None else {}
        seen = tuple(_seen(self, ops, looked, changes)) if probe else ()
        return Step(loss.item(), _arrays(outputs), seen)

    def evaluate(self, x: np.ndarray, y: Arrays, weights: Arrays | None = None) -> Step:
        """Return the loss and outputs in inference mode; nothing changes."""
        check_batch(self.model, x, y)
        ops = TorchOps(False, self.rng, self._owned)
        with torch.no_grad():
            outputs = self._forward(ops, self._tensor(x))
            loss = self._loss(ops, outputs, y, weights)
        return Step(float(loss), _arrays(outputs))

    def gradients(
        self, x: np.ndarray, y: Arrays, weights: Arrays | None = None
    ) -> tuple[float, dict[str, np.ndarray]]:
        """Return the loss and dL/d parameter in training mode; nothing is updated."""
        stream = self.rng.bit_generator.state
        _, _, loss, _ = self._learn(x, y, weights)
        self.rng.bit_generator.state = stream
        flat = self.g.cpu().numpy()
        grads = {name: g.copy() for name, g in self.store.split(flat).items()}
        return float(loss.detach()), grads

    def predict(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """Return each head's output in inference mode, as new arrays."""
        check_batch(self.model, x)
        parts = [_arrays(self._infer(x[i : i + PREDICT_ROWS])) for i in _starts(len(x))]
        return {h.name: np.concatenate([p[h.name] for p in parts]) for h in self.model.heads}

    def weights(self) -> dict[str, np.ndarray]:
        """Return copies of all parameters and states by name."""
        return {n: self.p[n].detach().cpu().numpy().copy() for n in self.store.views}

    def state(self) -> dict[str, np.ndarray]:
        """Return copies of everything an exact resume needs: weights/…, slots/…, step."""
        found = {f"weights/{n}": a for n, a in self.weights().items()}
        found.update({f"slots/{n}": _copied(a) for n, a in self.update.slots.items()})
        found.update({f"slots/{n}": a for n, a in self.precision.slots().items()})
        return {**found, "step": np.asarray(self.steps, np.int64)}

    def load(self, state: Arrays) -> None:
        """Go on from a `state()`; BadValue names an array that is missing or misshapen."""
        slots = {name: np.zeros_like(_copied(a)) for name, a in self.update.slots.items()}
        scales = self.precision.slots()
        self.store.restore(state, {**slots, **scales})
        self.precision.take(scales)
        with torch.no_grad():
            self.w.copy_(self._tensor(self.store.w))
        self.update.load(slots)
        self._take_states()
        self.steps = int(state["step"])

    def _learn(
        self, x: np.ndarray, y: Arrays, weights: Arrays | None, *, probe: bool = False
    ) -> tuple[TorchOps, dict[str, Tensor], Tensor, dict[str, Tensor]]:
        """Run one pass in training mode and leave the gradient in `g`."""
        check_batch(self.model, x, y)
        ops = TorchOps(True, self.rng, self._owned)
        batch = self._tensor(x).requires_grad_(probe)
        outputs = self._forward(ops, batch)
        loss = self._loss(ops, outputs, y, weights)
        looked = watched(self.model, self.run, ops, outputs) if probe else {}
        for value in looked.values():
            if value.requires_grad:
                value.retain_grad()
        self.g.zero_()
        if loss.requires_grad:
            self.precision.backward(loss, self.g, looked.values())
        return ops, outputs, loss, looked

    def _forward(self, ops: TorchOps, x: Tensor) -> dict[str, Tensor]:
        with self.precision.products():
            outputs = forward(self.model, ops, self.p, x)
        return self.precision.widen(ops, outputs)

    def _infer(self, x: np.ndarray) -> dict[str, Tensor]:
        with torch.no_grad():
            return self._forward(TorchOps(False, self.rng, self._owned), self._tensor(x))

    @property
    def acted(self) -> dict[str, int]:
        """How many updates each limit on gradients changed, and how many batches waited."""
        return dict(self.update.gathering.acted)

    def _views(self, flat: Tensor) -> dict[str, Tensor]:
        return split(flat, model_parameters(self.model))

    def _take_states(self) -> None:
        for name in self.model.state_names():
            self.p[name] = self._own(self.store.views[name])

    def _loss(
        self,
        ops: TorchOps,
        outputs: Mapping[str, Tensor],
        y: Arrays,
        weights: Arrays | None,
    ) -> Tensor:
        targets, factors = self._targets(y), None
        if weights:
            check_weights(self.model, self.run, len(next(iter(y.values()))), weights)
            factors = {head: self._tensor(array) for head, array in weights.items()}
        found: Tensor = total_loss(self.model, self.run, ops, outputs, targets, factors)
        return found

    def _targets(self, y: Arrays) -> dict[str, Tensor]:
        return {h.name: self._tensor(y[h.name]) for h in self.model.heads}

    def _tensor(self, array: np.ndarray) -> Tensor:
        """Return a batch as a tensor that looks into the array itself where torch can."""
        if array.dtype == self.store.dtype and array.flags.writeable and array.flags.c_contiguous:
            return torch.from_numpy(array).to(self.device)
        return self._own(array)

    def _own(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(np.array(array, self.run.dtype)).to(self.device)


def split(flat: Tensor, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """Return the parameters' views of a flat tensor, cut from its graph."""
    found, start = {}, 0
    for name, shape in shapes.items():
        stop = start + math.prod(shape)
        found[name] = flat[start:stop].view(shape).detach()
        start = stop
    return found


def _seen(
    net: TorchNetwork,
    ops: TorchOps,
    looked: Mapping[str, Tensor],
    changes: Mapping[str, Tensor],
) -> Iterator[Seen]:
    for index, placed in enumerate(net.model.placed()):
        sites = {"forward": ops.outputs[placed.name], "backward": looked[placed.name].grad}
        for site, value in sites.items():
            if value is not None:
                yield Seen(index, placed.name, site, "", _array(value))
        for key in placed.layer.shapes(placed.in_shape):
            name = f"{placed.name}.{key}"
            p = net.p[name]
            for site, value in (("gradient", p.grad), ("weight", p), ("update", changes[name])):
                yield Seen(index, placed.name, site, key, _array(value))


def _array(tensor: Tensor | None) -> np.ndarray:
    assert tensor is not None  # noqa: S101 - for the type checker: leaves own a gradient
    wide = tensor.float() if tensor.dtype in (torch.bfloat16, torch.float16) else tensor
    found: np.ndarray = wide.detach().cpu().numpy()
    return found


def _copied(slot: Tensor | np.ndarray) -> np.ndarray:
    found: np.ndarray = slot.cpu().numpy() if isinstance(slot, Tensor) else slot
    return found.copy()


def _arrays(tensors: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    return {name: _array(tensor) for name, tensor in tensors.items()}


def _starts(rows: int) -> range:
    """Return where each piece of rows begins; no rows are one empty piece."""
    return range(0, max(rows, 1), PREDICT_ROWS)


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
