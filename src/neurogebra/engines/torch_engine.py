"""The engine that computes with PyTorch: the same formulas, its autograd, our update rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from neurogebra.engines import torch_ops
from neurogebra.engines.forward import EngineOps, check_batch, forward, total_loss, watched
from neurogebra.engines.protocol import Arrays, Seen, Step
from neurogebra.engines.store import Store, model_parameters
from neurogebra.engines.update import symbolic
from neurogebra.layers import Array
from neurogebra.optim import OPTIMIZERS
from neurogebra.spec import ModelSpec, RunSpec

# Rows that `predict` takes at once.
PREDICT_ROWS = 4096


class TorchOps(EngineOps):
    """Layers fed with tensors; draws come from the run's NumPy stream, as on every engine."""

    def __init__(self, training: bool, rng: np.random.Generator) -> None:
        super().__init__(training)
        self.rng = rng

    def apply(self, op: str, *args: Array, **attrs: Any) -> Array:
        """Apply an operation of the alphabet to tensors and numbers."""
        return torch_ops.apply(op, *args, **attrs)

    def uniform(self, like: Tensor) -> Tensor:
        """Return fresh uniform numbers, drawn in float64 and then cast."""
        return torch.from_numpy(self.rng.random(like.shape)).to(like)


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
        device: str = "cpu",
    ) -> None:
        self.model, self.run, self.rng, self.steps = model, run, rng, 0
        self.store = Store(model_parameters(model), model.state_names(), weights, run.dtype)
        self.dtype, self.device = getattr(torch, run.dtype), torch.device(device)
        self.w, self.g = self._tensor(self.store.w), self._tensor(self.store.g)
        self.slots = {name: torch.zeros_like(self.w) for name in symbolic(run)[0]}
        self.p = {n: v.requires_grad_() for n, v in self._split(self.w).items()}
        for name, grad in self._split(self.g).items():
            self.p[name].grad = grad
        self._take_states()

    def step(self, x: np.ndarray, y: Arrays, *, lr: float, probe: bool = False) -> Step:
        """Make one update and return the loss before it."""
        ops, outputs, loss, looked = self._learn(x, y, probe=probe)
        self.steps += 1
        before = self.w.clone() if probe else None
        with torch.no_grad():
            self._update(lr)
        self.p.update({name: value.detach() for name, value in ops.kept.items()})
        seen = tuple(self._seen(ops, looked, before)) if before is not None else ()
        return Step(float(loss.detach()), _arrays(outputs), seen)

    def evaluate(self, x: np.ndarray, y: Arrays) -> Step:
        """Return the loss and outputs in inference mode; nothing changes."""
        check_batch(self.model, x, y)
        ops = TorchOps(False, self.rng)
        with torch.no_grad():
            outputs = forward(self.model, ops, self.p, self._tensor(x))
            loss = total_loss(self.model, self.run.loss, ops, outputs, self._targets(y))
        return Step(float(loss), _arrays(outputs))

    def gradients(self, x: np.ndarray, y: Arrays) -> tuple[float, dict[str, np.ndarray]]:
        """Return the loss and dL/d parameter in training mode; nothing is updated."""
        stream = self.rng.bit_generator.state
        _, _, loss, _ = self._learn(x, y)
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
        found.update({f"slots/{n}": a.cpu().numpy().copy() for n, a in self.slots.items()})
        return {**found, "step": np.asarray(self.steps, np.int64)}

    def load(self, state: Arrays) -> None:
        """Go on from a `state()`; BadValue names an array that is missing or misshapen."""
        slots = {name: np.zeros_like(self.store.w) for name in self.slots}
        self.store.restore(state, slots)
        with torch.no_grad():
            self.w.copy_(self._tensor(self.store.w))
        self.slots = {name: self._tensor(a) for name, a in slots.items()}
        self._take_states()
        self.steps = int(state["step"])

    def _learn(
        self, x: np.ndarray, y: Arrays, *, probe: bool = False
    ) -> tuple[TorchOps, dict[str, Tensor], Tensor, dict[str, Tensor]]:
        """Run one pass in training mode and leave the gradient in `g`."""
        check_batch(self.model, x, y)
        ops = TorchOps(True, self.rng)
        batch = self._tensor(x).requires_grad_(probe)
        outputs = forward(self.model, ops, self.p, batch)
        loss = total_loss(self.model, self.run.loss, ops, outputs, self._targets(y))
        looked = watched(self.model, self.run.loss, ops, outputs) if probe else {}
        for value in looked.values():
            if value.requires_grad:
                value.retain_grad()
        self.g.zero_()
        if loss.requires_grad:
            loss.backward()
        return ops, outputs, loss, looked

    def _infer(self, x: np.ndarray) -> dict[str, Tensor]:
        with torch.no_grad():
            return forward(self.model, TorchOps(False, self.rng), self.p, self._tensor(x))

    def _update(self, lr: float) -> None:
        row = OPTIMIZERS[self.run.optimizer]
        options: dict[str, Any] = dict(self.run.options)
        if row.takes_weights:
            options["w"] = self.w
        change, self.slots = row.rule(self.g, self.slots, self.steps, lr=lr, **options)
        self.w += change

    def _seen(self, ops: TorchOps, looked: Mapping[str, Tensor], before: Tensor) -> Iterator[Seen]:
        changes = self._split(self.w - before)
        for index, placed in enumerate(self.model.placed()):
            sites = {"forward": ops.outputs[placed.name], "backward": looked[placed.name].grad}
            for site, value in sites.items():
                if value is not None:
                    yield Seen(index, placed.name, site, "", _array(value))
            for key in placed.layer.shapes(placed.in_shape):
                p = self.p[f"{placed.name}.{key}"]
                yield Seen(index, placed.name, "gradient", key, _array(p.grad))
                yield Seen(index, placed.name, "weight", key, _array(p))
                yield Seen(
                    index, placed.name, "update", key, _array(changes[f"{placed.name}.{key}"])
                )

    def _split(self, flat: Tensor) -> dict[str, Tensor]:
        """Return the parameters' views of a flat tensor, cut from its graph."""
        found, start = {}, 0
        for name, shape in model_parameters(self.model).items():
            size = int(np.prod(shape))
            found[name] = flat[start : start + size].view(shape).detach()
            start += size
        return found

    def _take_states(self) -> None:
        for name in self.model.state_names():
            self.p[name] = self._tensor(self.store.views[name])

    def _targets(self, y: Arrays) -> dict[str, Tensor]:
        return {h.name: self._tensor(y[h.name]) for h in self.model.heads}

    def _tensor(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(np.array(array, self.run.dtype)).to(self.device)


def _array(tensor: Tensor | None) -> np.ndarray:
    assert tensor is not None  # noqa: S101 - for the type checker: leaves own a gradient
    found: np.ndarray = tensor.detach().cpu().numpy()
    return found


def _arrays(tensors: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    return {name: _array(tensor) for name, tensor in tensors.items()}


def _starts(rows: int) -> range:
    """Return where each piece of rows begins; no rows are one empty piece."""
    return range(0, max(rows, 1), PREDICT_ROWS)


class TorchEngine:
    """The engine that computes with PyTorch."""

    name = "torch"

    def __init__(self, device: str = "cpu") -> None:
        self.device = device

    def build(
        self, model: ModelSpec, run: RunSpec, weights: Arrays, rng: np.random.Generator
    ) -> TorchNetwork:
        """Return the network with these first weights; rng feeds dropout."""
        return TorchNetwork(model, run, weights, rng, self.device)


ENGINE = TorchEngine()
