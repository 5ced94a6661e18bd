"""Layers of sequences beside torch.nn: see layer_cases."""

from __future__ import annotations

from functools import partial

import torch
from tests.layers.sequence_references import REFERENCES
from torch.nn import functional

from neurogebra.layers import (
    GRU,
    LSTM,
    BatchNorm,
    Dense,
    Dropout,
    Embedding,
    MultiHeadAttention,
    PositionalEmbedding,
    PositionalEncoding,
    Residual,
    SimpleRNN,
    TransformerBlock,
)

from .layer_cases import Case

ROWS, T, C = 3, 5, 6


def of(layer, shape=(T, C), **more):
    """Return the case of a layer that one of torch's modules is."""

    def definition(p, x, at):
        return REFERENCES[type(layer)](layer, p, x)

    return Case(layer, shape, definition, **more)


def tokens(n, rng, shape):
    return rng.integers(0, n, shape).astype(float)


def padded(rng, shape):
    """Draw sequences whose ends are 0."""
    x = rng.normal(size=shape)
    x[0, 3:], x[1, 1:] = 0.0, 0.0
    return x


def mixed(heads, wide, p, x, kept, start=""):
    """Attention head by head, with the weights that are kept while training."""
    q, k, v = (x @ p[f"{start}W{n}"] + p[f"{start}b{n}"] for n in "qkv")
    found = []
    for h in range(heads):
        at = slice(h * wide, (h + 1) * wide)
        scores = q[..., at] @ k[..., at].mT / wide**0.5
        found.append((torch.softmax(scores, -1) * kept[:, h]) @ v[..., at])
    return torch.cat(found, -1) @ p[f"{start}Wo"] + p[f"{start}bo"]


def kept_of(draw, rate):
    return (draw >= rate).double() / (1 - rate)


def dropping_attention(p, x, at):
    shape = (len(x), 2, T, T)
    kept = kept_of(at.draws[0], 0.4) if at.training else torch.ones(shape, dtype=x.dtype)
    return mixed(2, 3, p, x, kept)


def dropping_block(p, x, at):
    """A block after the first paper: drop, add, norm; twice."""
    masks = [kept_of(d, 0.3) for d in at.draws] if at.training else [1.0, 1.0]
    whole = torch.ones(len(x), 2, T, T, dtype=x.dtype)

    def norm(z, i):
        return functional.layer_norm(z, (C,), p[f"norm_{i}.gamma"], p[f"norm_{i}.beta"])

    y = norm(x + masks[0] * mixed(2, 3, p, x, whole, "attention."), 0)
    inner = torch.relu(y @ p["dense_0.W"] + p["dense_0.b"]) @ p["dense_1.W"] + p["dense_1.b"]
    return norm(y + masks[1] * inner, 1)


def normed_residual(p, x, at):
    """x + Dense(drop(norm(x Dense))), with running statistics."""
    z = x @ p["dense_0.W"] + p["dense_0.b"]
    mean, var = p["batchnorm_0.mean"], p["batchnorm_0.var"]
    if at.training:
        at.kept["batchnorm_0.mean"] = (0.9 * mean + 0.1 * z.mean(0)).detach()
        at.kept["batchnorm_0.var"] = (0.9 * var + 0.1 * z.var(0)).detach()
        mean, var = z.mean(0), z.var(0, correction=0)
    scale = p["batchnorm_0.gamma"] / torch.sqrt(var + 1e-5)
    y = (z - mean) * scale + p["batchnorm_0.beta"]
    y = y * kept_of(at.draws[0], 0.25) if at.training else y
    return x + torch.tanh(y @ p["last.W"] + p["last.b"])


CASES: list[Case] = [
    of(SimpleRNN(4)),
    of(SimpleRNN(4, "relu", return_sequences=True, bidirectional=True)),
    of(LSTM(4)),
    of(LSTM(4, return_sequences=True)),
    of(LSTM(4, return_sequences=True, bidirectional=True)),
    of(LSTM(4, bidirectional=True), (2, C)),
    of(GRU(4)),
    of(GRU(4, return_sequences=True)),
    of(GRU(4, bidirectional=True)),
    of(MultiHeadAttention(2, 3)),
    of(MultiHeadAttention(3, 2, causal=True)),
    of(MultiHeadAttention(2, 3, mask_value=0.0), inputs=padded),
    of(MultiHeadAttention(2, 3, causal=True, mask_value=0.0), inputs=padded),
    Case(MultiHeadAttention(2, 3, rate=0.4), (T, C), dropping_attention, draws=((ROWS, 2, T, T),)),
    of(TransformerBlock(2, 3, 7, rate=0.0)),
    of(TransformerBlock(3, 2, 7, "relu", rate=0.0, causal=True, norm_first=False, eps=1e-3)),
    Case(
        TransformerBlock(2, 3, 7, "relu", rate=0.3, norm_first=False),
        (T, C),
        dropping_block,
        draws=((ROWS, T, C),) * 2,
    ),
    of(Embedding(7, 4), (T,), inputs=partial(tokens, 7), smooth=False),
    of(PositionalEncoding()),
    of(PositionalEncoding(), (4, 5)),
    of(PositionalEmbedding(9)),
    of(Residual((Dense(4, "tanh"), Dense(C))), (C,)),
    of(Residual((Dense(4, "tanh"), Dense(C)))),
    Case(
        Residual((Dense(8), BatchNorm(), Dropout(0.25), Dense(C, "tanh", name="last"))),
        (C,),
        normed_residual,
        draws=((ROWS, 8),),
    ),
]
