"""Layers of tables and images beside torch.nn, with our weights copied into its modules."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from neurogebra.layers import (
    Activation,
    AveragePooling1D,
    AveragePooling2D,
    BatchNorm,
    Conv1D,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GroupNorm,
    LayerNorm,
    MaxPooling1D,
    MaxPooling2D,
    Permute,
    PReLU,
    Reshape,
    RMSNorm,
    SpatialDropout1D,
    SpatialDropout2D,
)

from .layer_cases import Case, as_module

ROWS = 3  # the batch of every case


def first(x):
    """Return (batch, …, c) as torch counts the axes: (batch, c, …)."""
    return x.movedim(-1, 1)


def last(x):
    return x.movedim(1, -1)


def dense(p, x, at):
    return torch.tanh(functional.linear(x, p["W"].T, p.get("b")))


def same(shape, size, stride, gap=(1, 1)):
    """Return torch's widths for padding "same": the last axis first, as pad wants them.

    Written from the rule that ⌈n / stride⌉ windows cover the axis, one by one.
    """
    widths = []
    for n, k, s, d in zip(shape, size, stride, gap, strict=False):
        windows = len(range(0, n, s))
        beyond = max(0, (windows - 1) * s + (k - 1) * d + 1 - n)
        widths = [beyond // 2, (beyond + 1) // 2, *widths]
    return widths


def conv(axes, size, stride=1, gap=1, groups=1, padding=(), act=lambda z: z):
    def definition(p, x, at):
        filters, channels = p["W"].shape[-1], x.shape[-1]
        module = (nn.Conv1d, nn.Conv2d)[axes - 1](
            channels, filters, size, stride, 0, gap, groups, bias="b" in p
        )
        kernels = p["W"].movedim(-1, 0).movedim(-1, 1)
        bias = {"bias": p["b"]} if "b" in p else {}
        inside = functional.pad(first(x), list(padding))
        return act(last(as_module(module, {"weight": kernels, **bias}, inside)))

    return definition


def pooled(module, padding=(), fill=float("-inf")):
    def definition(p, x, at):
        return last(module(functional.pad(first(x), list(padding), value=fill)))

    return definition


def average_same(size, stride, shape):
    """Each window by itself, cut to what is there."""

    def definition(p, x, at):
        left = same(shape, size, stride)
        top, side = (left[2], left[0]) if len(shape) == 2 else (0, left[0])
        image = first(x) if len(shape) == 2 else first(x).unsqueeze(2)
        (kh, kw), (sh, sw) = ((1, *size), (1, *stride)) if len(shape) == 1 else (size, stride)
        h, w = image.shape[2:]
        rows = []
        for i in range(-top, -top + len(range(0, h, sh)) * sh, sh):
            row = [
                image[:, :, max(i, 0) : i + kh, max(j, 0) : j + kw].mean((2, 3))
                for j in range(-side, -side + len(range(0, w, sw)) * sw, sw)
            ]
            rows.append(torch.stack(row, -1))
        out = last(torch.stack(rows, 2))
        return out if len(shape) == 2 else out.squeeze(1)

    return definition


def batch_norm(p, x, at):
    flat = x.reshape(-1, x.shape[-1])
    module = nn.BatchNorm1d(flat.shape[-1], eps=1e-5, momentum=0.2, dtype=torch.float64)
    module.running_mean.copy_(p["mean"].detach())
    module.running_var.copy_(p["var"].detach())
    module.train(at.training)
    out = as_module(module, {"weight": p["gamma"], "bias": p["beta"]}, flat)
    if at.training:
        at.kept.update(mean=module.running_mean, var=module.running_var)
    return out.reshape(x.shape)


def layer_norm(p, x, at):
    module = nn.LayerNorm(x.shape[-1], eps=1e-5)
    return as_module(module, {"weight": p["gamma"], "bias": p["beta"]}, x)


def rms_norm(p, x, at):
    return as_module(nn.RMSNorm(x.shape[-1], eps=1e-5), {"weight": p["gamma"]}, x)


def group_norm(groups):
    def definition(p, x, at):
        module = nn.GroupNorm(groups, x.shape[-1], eps=1e-5)
        return last(as_module(module, {"weight": p["gamma"], "bias": p["beta"]}, first(x)))

    return definition


def dropped(rate):
    def definition(p, x, at):
        return x * (at.draws[0] >= rate) / (1 - rate) if at.training else x

    return definition


def prelu(p, x, at):
    return last(as_module(nn.PReLU(x.shape[-1]), {"weight": p["alpha"]}, first(x)))


IMAGE, WIDE = (5, 6, 2), (7, 5, 4)
CASES = [
    Case(Dense(4, "tanh"), (3,), dense),
    Case(Dense(2, "tanh", use_bias=False), (2, 3), dense),
    Case(Activation("softmax"), (2, 4), lambda p, x, at: torch.softmax(x, -1)),
    Case(Dropout(0.3), (4,), dropped(0.3), ((ROWS, 4),)),
    Case(Flatten(), (2, 3, 2), lambda p, x, at: x.flatten(1)),
    Case(BatchNorm(momentum=0.8), (3,), batch_norm),
    Case(BatchNorm(momentum=0.8), (4, 5, 3), batch_norm),
    Case(BatchNorm(momentum=0.8), (6, 2), batch_norm),
    Case(LayerNorm(), (4,), layer_norm),
    Case(LayerNorm(), (3, 2, 4), layer_norm),
    Case(RMSNorm(), (5,), rms_norm),
    Case(RMSNorm(), (3, 4), rms_norm),
    Case(GroupNorm(2), (4,), group_norm(2)),
    Case(GroupNorm(3), (2, 3, 6), group_norm(3)),
    Case(GroupNorm(1), (3, 4), group_norm(1)),
    Case(PReLU(), (3,), prelu),
    Case(PReLU(0.1), (4, 3, 2), prelu),
    Case(Reshape((3, -1)), (2, 6), lambda p, x, at: x.reshape(len(x), 3, 4)),
    Case(Permute((2, 1)), (2, 3), lambda p, x, at: x.swapaxes(1, 2)),
    Case(Permute((3, 1, 2)), (2, 3, 4), lambda p, x, at: x.permute(0, 3, 1, 2)),
    Case(SpatialDropout1D(0.4), (5, 4), dropped(0.4), ((ROWS, 1, 4),)),
    Case(SpatialDropout2D(0.4), (3, 2, 4), dropped(0.4), ((ROWS, 1, 1, 4),)),
    Case(Conv2D(3), IMAGE, conv(2, 3)),
    Case(Conv2D(3, (2, 3), activation="tanh", use_bias=False), IMAGE,
         conv(2, (2, 3), act=torch.tanh)),
    Case(Conv2D(4, 3, strides=(2, 1), dilation=(1, 2)), WIDE, conv(2, 3, (2, 1), (1, 2))),
    Case(Conv2D(6, 2, groups=2, padding="same"), WIDE,
         conv(2, 2, groups=2, padding=(0, 1, 0, 1))),
    Case(Conv2D(4, 3, groups=4, strides=2), WIDE, conv(2, 3, 2, groups=4)),
    Case(Conv2D(2, 3, strides=2, padding="same"), (6, 5, 1),
         conv(2, 3, 2, padding=same((6, 5), (3, 3), (2, 2)))),
    Case(Conv2D(2, (4, 3), dilation=2, padding="same"), (5, 4, 9),
         conv(2, (4, 3), gap=2, padding=same((5, 4), (4, 3), (1, 1), (2, 2)))),
    Case(Conv2D(5, 1), (3, 3, 8), conv(2, 1)),
    Case(Conv1D(3), (6, 2), conv(1, 3)),
    Case(Conv1D(4, 2, strides=3, groups=2, activation="tanh"), (8, 4),
         conv(1, 2, 3, groups=2, act=torch.tanh)),
    Case(Conv1D(2, 4, padding="same", strides=2), (7, 3),
         conv(1, 4, 2, padding=same((7,), (4,), (2,)))),
    Case(Conv1D(2, 3, dilation=2), (9, 1), conv(1, 3, gap=2)),
    Case(MaxPooling2D(), (4, 6, 3), pooled(nn.MaxPool2d(2))),
    Case(MaxPooling2D(2), (5, 7, 2), pooled(nn.MaxPool2d(2))),
    Case(MaxPooling2D((3, 2), 1), (5, 4, 2), pooled(nn.MaxPool2d((3, 2), 1))),
    Case(MaxPooling2D(3, 2, "same"), (6, 5, 2),
         pooled(nn.MaxPool2d(3, 2), same((6, 5), (3, 3), (2, 2)))),
    Case(MaxPooling1D(), (7, 3), pooled(nn.MaxPool1d(2))),
    Case(MaxPooling1D(3, 2, "same"), (6, 2),
         pooled(nn.MaxPool1d(3, 2), same((6,), (3,), (2,)))),
    Case(AveragePooling2D(), (4, 5, 3), pooled(nn.AvgPool2d(2))),
    Case(AveragePooling2D((2, 3), 1), (4, 5, 2), pooled(nn.AvgPool2d((2, 3), 1))),
    Case(AveragePooling2D(3, 2, "same"), (6, 5, 2), average_same((3, 3), (2, 2), (6, 5))),
    Case(AveragePooling1D(3), (8, 2), pooled(nn.AvgPool1d(3))),
    Case(AveragePooling1D(3, 2, "same"), (6, 2), average_same((3,), (2,), (6,))),
    Case(GlobalAveragePooling2D(), IMAGE, lambda p, x, at: x.mean((1, 2))),
    Case(GlobalAveragePooling1D(), (5, 3), lambda p, x, at: x.mean(1)),
    Case(GlobalMaxPooling2D(), IMAGE, lambda p, x, at: x.flatten(1, 2).max(1).values),
    Case(GlobalMaxPooling1D(), (5, 3), lambda p, x, at: x.max(1).values),
]  # fmt: skip
