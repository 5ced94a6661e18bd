"""Faster ways to what layers say on PyTorch: kernels by the layer's class.

A kernel is kernel(layer, ops, p, x) → what layer.forward(ops, p, x) gives; it is held to that
by tests/engines/test_torch_kernels.py. A kernel that a layer's settings are beyond hands it back
to its own forward.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from neurogebra.engines.torch_order import BLOCKS, at_once
from neurogebra.layers import (
    GRU,
    LSTM,
    Array,
    BatchNorm,
    Conv2D,
    Dense,
    Embedding,
    LayerNorm,
    MaxPooling2D,
    MultiHeadAttention,
    Shape,
    SimpleRNN,
)
from neurogebra.layers import Ops as LayerOps
from neurogebra.layers.sliding import padding, sizes

Parameters = Mapping[str, Tensor]
Pair = tuple[int, ...]


class Ops(LayerOps, Protocol):
    """The engine's own; turned: the layers whose weights lie as torch's kernels read them."""

    turned: frozenset[str]
    layer: str


def dense(layer: Dense, ops: Ops, p: Parameters, x: Tensor) -> Array:
    """Product and bias in one call."""
    if ops.layer in ops.turned:
        return ops.activate(layer.activation, functional.linear(x, p["W"], p.get("b")))
    if not layer.use_bias or x.ndim != 2:
        return layer.forward(ops, p, x)
    return ops.activate(layer.activation, torch.addmm(p["b"], x, p["W"]))


def conv2d(layer: Conv2D, ops: Ops, p: Parameters, x: Tensor) -> Array:
    """Padding, convolution and bias in one call where the padding is even."""
    strides, pads, gaps = _slides(layer, ops.shape)
    turned = ops.layer in ops.turned
    W = p["W"]
    if pads is None:
        return layer.forward(ops, {**p, "W": W.permute(2, 3, 1, 0)} if turned else p, x)
    kernels = W if turned else W.permute(3, 2, 0, 1)
    found = functional.conv2d(
        x.permute(0, 3, 1, 2), kernels, p.get("b"), strides, pads, gaps, layer.groups
    )
    z: Tensor = ops.activate(layer.activation, found.permute(0, 2, 3, 1))
    return z


@lru_cache(maxsize=512)
def _slides(layer: Conv2D, shape: Shape) -> tuple[Pair, Pair | None, Pair]:
    """Return strides, zeros on either side (None where the sides differ) and dilation."""
    kernel, strides, gaps = (
        sizes("Conv2D", size, 2) for size in (layer.kernel_size, layer.strides, layer.dilation)
    )
    every = zip(shape, kernel, strides, gaps, strict=False)
    pads = [padding(*one, layer.padding) for one in every]
    even = all(before == after for before, after in pads)
    return strides, tuple(before for before, _ in pads) if even else None, gaps


def max_pool(layer: MaxPooling2D, ops: Ops, p: Parameters, x: Tensor) -> Array:
    """The largest under each window where nothing is padded."""
    found = _windows(layer, ops.shape)
    if found is None:
        return layer.forward(ops, p, x)
    return torch.max_pool2d(x.permute(0, 3, 1, 2), *found).permute(0, 2, 3, 1)


@lru_cache(maxsize=512)
def _windows(layer: MaxPooling2D, shape: Shape) -> tuple[Pair, Pair] | None:
    """Return size and strides of a window, None where zeros lie around the image."""
    size = sizes("MaxPooling2D", layer.pool_size, 2)
    strides = size if layer.strides is None else sizes("MaxPooling2D", layer.strides, 2)
    every = zip(shape, size, strides, strict=False)
    pads = [padding(*one, 1, layer.padding) for one in every]
    return None if any(map(any, pads)) else (size, strides)


def embedding(layer: Embedding, ops: Ops, p: Parameters, x: Tensor) -> Array:
    """A look-up; the tokens were looked at when the batch came."""
    return functional.embedding(x.long(), p["W"])


def lstm(layer: LSTM, ops: Ops, p: Parameters, x: Tensor) -> Array:
    """All steps in one call."""
    if not at_once(layer):
        return layer.forward(ops, p, x)
    first = _zeros(layer, x)
    flat = _flat(layer, ops, p)
    more = (True, 1, 0.0, ops.training, layer.bidirectional, True)
    outputs, last, _ = torch.lstm(x, (first, first), flat, *more)
    return _wanted(layer, outputs, last)


def gru(layer: GRU, ops: Ops, p: Parameters, x: Tensor) -> Array:
    """All steps in one call."""
    if not at_once(layer):
        return layer.forward(ops, p, x)
    flat = _flat(layer, ops, p)
    more = (True, 1, 0.0, ops.training, layer.bidirectional, True)
    outputs, last = torch.gru(x, _zeros(layer, x), flat, *more)
    return _wanted(layer, outputs, last)


def simple_rnn(layer: SimpleRNN, ops: Ops, p: Parameters, x: Tensor) -> Array:
    """All steps in one call."""
    if not at_once(layer):
        return layer.forward(ops, p, x)
    kernel = torch.rnn_tanh if layer.activation == "tanh" else torch.rnn_relu
    flat = _flat(layer, ops, p)
    more = (True, 1, 0.0, ops.training, layer.bidirectional, True)
    outputs, last = kernel(x, _zeros(layer, x), flat, *more)
    return _wanted(layer, outputs, last)


def _flat(layer: Any, ops: Ops, p: Parameters) -> list[Tensor]:
    """Return W, U, b and the second bias of every reader as torch lists them: gates in rows."""
    found, order, turned = [], BLOCKS[type(layer)], ops.layer in ops.turned
    for way in _ways(layer):
        for letter in "WUbc":
            weights = p.get(f"{letter}{way}")
            if weights is None:
                found.append(torch.zeros_like(p[f"b{way}"]))
                continue
            if turned:
                found.append(weights)
                continue
            if len(order) > 1:
                gates = weights.chunk(len(order), -1)
                weights = torch.cat([gates[i] for i in order], -1)
            found.append(weights.T if weights.ndim == 2 else weights)
    return found


def _ways(layer: Any) -> tuple[str, ...]:
    return ("", "_back") if layer.bidirectional else ("",)


def _zeros(layer: Any, x: Tensor) -> Tensor:
    return x.new_zeros((len(_ways(layer)), len(x), layer.units))


def _wanted(layer: Any, outputs: Tensor, last: Tensor) -> Array:
    if layer.return_sequences:
        return outputs
    return last[0] if len(last) == 1 else torch.cat((last[0], last[1]), -1)


def attention(layer: MultiHeadAttention, ops: Ops, p: Parameters, x: Tensor) -> Array:
    """Scores, softmax and mixture in one call that keeps no score."""
    if layer.mask_value is not None or (ops.training and layer.rate):
        return layer.forward(ops, p, x)
    rows, steps, _ = x.shape

    def linear(z: Tensor, letter: str) -> Array:
        return functional.linear(z, p[f"W{letter}"].T, p.get(f"b{letter}"))

    q, k, v = (
        linear(x, letter).view(rows, steps, layer.num_heads, layer.key_dim).transpose(1, 2)
        for letter in "qkv"
    )
    mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=layer.causal)
    return linear(mixed.transpose(1, 2).reshape(rows, steps, -1), "o")


def batch_norm(layer: BatchNorm, ops: Ops, p: Parameters, x: Tensor) -> Array:
    """Statistics and scaling in one call, which moves copies of the running ones."""
    if ops.training and x.numel() == x.shape[-1]:  # torch refuses the variance of one number
        return layer.forward(ops, p, x)
    mean, var = p["mean"], p["var"]
    if ops.training:
        mean, var = mean.clone(), var.clone()
    first = x.movedim(-1, 1)
    found = functional.batch_norm(
        first, mean, var, p["gamma"], p["beta"], ops.training, 1.0 - layer.momentum, layer.eps
    )
    if ops.training:
        ops.remember("mean", mean)
        ops.remember("var", var)
    return found.movedim(1, -1)


def layer_norm(layer: LayerNorm, ops: Ops, p: Parameters, x: Tensor) -> Array:
    """Statistics and scaling in one call."""
    return functional.layer_norm(x, x.shape[-1:], p["gamma"], p["beta"], layer.eps)


LAYERS: dict[type[Any], Callable[..., Array]] = {
    Dense: dense,
    BatchNorm: batch_norm,
    LayerNorm: layer_norm,
    Conv2D: conv2d,
    MaxPooling2D: max_pool,
    Embedding: embedding,
    LSTM: lstm,
    GRU: gru,
    SimpleRNN: simple_rnn,
    MultiHeadAttention: attention,
}
