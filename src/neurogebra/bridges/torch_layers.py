"""The layers of somebody's PyTorch module, and the ear that is put to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from neurogebra.observatory.events import LayerInfo
from neurogebra.observatory.governor import Governor

# Rows of an output that are looked at.
ROWS = 32

ACTIVATIONS = {
    "ELU": "elu",
    "GELU": "gelu",
    "Hardsigmoid": "hard_sigmoid",
    "LeakyReLU": "leaky_relu",
    "LogSoftmax": "log_softmax",
    "Mish": "mish",
    "ReLU": "relu",
    "ReLU6": "relu6",
    "SELU": "selu",
    "SiLU": "swish",
    "Sigmoid": "sigmoid",
    "Softmax": "softmax",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "Tanh": "tanh",
}
"""Modules that are one of our activations; a Hardtanh has ends of its own."""

FORMULAS = {"Linear": "x·Wᵀ + b", "Bilinear": "x₁·W·x₂ + b", "Identity": "x", "Embedding": "W[x]"}
# What says where units lie in an output; other modules leave them where they are.
UNITS_FIRST = ("Conv", "BatchNorm", "InstanceNorm", "GroupNorm")
UNITS_LAST = ("Linear", "LayerNorm", "Embedding", "LSTM", "GRU", "RNN", "Flatten")


@dataclass(frozen=True, eq=False)
class Layer:
    """A module with parameters of its own, or without parts: where numbers change."""

    name: str
    module: nn.Module
    params: tuple[tuple[str, nn.Parameter], ...]

    @property
    def type(self) -> str:
        """Its class by name."""
        return type(self.module).__name__

    @property
    def activation(self) -> str:
        """Our name of the activation that it is; empty for what is none."""
        return ACTIVATIONS.get(self.type, "")


@dataclass
class Heard:
    """One output: its shape without the rows, its first rows, and the axis of its units."""

    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    rows: int
    array: Tensor
    axis: int


@dataclass
class Ear:
    """Keeps the first rows of each layer's newest output, in the order of the calls.

    The rows are copied, so that no whole output is held and none that is overwritten is lost.
    """

    governor: Governor
    heard: dict[Layer, Heard] = field(default_factory=dict)

    def hook(self, layer: Layer) -> Callable[..., None]:
        """Return what PyTorch calls after the layer's forward."""
        return Hook(self, layer)

    def take(self, layer: Layer, args: tuple[Any, ...], output: Any) -> None:
        """Keep what is looked at of one output; outputs that are not real arrays are none."""
        found = next(_floats(output), None)
        if found is None:
            return
        x = found.detach()
        given = next((a for a in args if isinstance(a, Tensor)), None)
        self.heard.pop(layer, None)  # a module used twice stands where it was called last
        self.heard[layer] = Heard(
            inputs=() if given is None else tuple(given.shape[1:]),
            outputs=tuple(x.shape[1:]),
            rows=len(x) if x.ndim else 0,
            array=(x[:ROWS] if x.ndim else x.reshape(1)).clone(),
            axis=self._axis(layer, x.ndim),
        )

    def _axis(self, layer: Layer, ndim: int) -> int:
        first = bool(self.heard) and next(reversed(self.heard.values())).axis == 1
        first = (first or layer.type.startswith(UNITS_FIRST)) and layer.type not in UNITS_LAST
        return 1 if first and ndim > 1 else ndim - 1 if ndim > 2 else -1


class Hook:
    """What hangs on a layer while it is looked at; a copy of the module gets a deaf one."""

    def __init__(self, ear: Ear, layer: Layer) -> None:
        self._ear, self._layer = ear, layer

    def __call__(self, module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
        if not torch.is_grad_enabled():
            return  # no update comes of it
        self._ear.governor.begin()
        self._ear.take(self._layer, args, output)
        self._ear.governor.end()

    def __reduce__(self) -> tuple[type[Deaf], tuple[()]]:
        return Deaf, ()


class Deaf:
    """A hook that does nothing."""

    def __call__(self, module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
        return None


def layers_of(root: nn.Module) -> list[Layer]:
    """Return the layers in the order of registration; what they share belongs to the first."""
    found, owned = [], set()
    for name, module in root.named_modules():
        own = [(n, p) for n, p in module.named_parameters(recurse=False) if id(p) not in owned]
        owned |= {id(p) for _, p in own}
        if own or next(module.children(), None) is None:
            said = name.replace("_orig_mod.", "").replace("_orig_mod", "")
            found.append(Layer(said or type(module).__name__.lower(), module, tuple(own)))
    return found


def is_compiled(root: nn.Module) -> bool:
    """Return whether parts of a module run compiled, where a hook would break the graph."""
    return any(
        hasattr(m, "_orig_mod") or getattr(m, "_compiled_call_impl", None) is not None
        for m in root.modules()
    )


def in_order(layers: Iterable[Layer], heard: Mapping[Layer, Heard]) -> list[Layer]:
    """Return layers in the order of their calls, after those that nobody heard."""
    return [layer for layer in layers if layer not in heard] + list(heard)


def info(layer: Layer, heard: Heard | None) -> LayerInfo:
    """Return a layer's row of the architecture; shapes are known of what was heard."""
    what = FORMULAS.get(layer.type) or f"{layer.activation or layer.type}(x)"
    return LayerInfo(
        name=layer.name,
        type=layer.type,
        formula=f"y = {what}",
        gradient=(),
        in_shape=heard.inputs if heard else (),
        out_shape=heard.outputs if heard else (),
        params=sum(p.numel() for _, p in layer.params if p.requires_grad),
        activation=layer.activation,
    )


def _floats(output: Any) -> Iterator[Tensor]:
    """Yield the real arrays of an output that is one, or a tuple or dictionary of them."""
    if isinstance(output, Tensor):
        if output.is_floating_point() and output.numel():
            yield output
    elif isinstance(output, (tuple, list)):
        for part in output:
            yield from _floats(part)
    elif isinstance(output, Mapping):
        for part in output.values():
            yield from _floats(part)
